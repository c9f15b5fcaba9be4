// RUN: tilewright-opt %s --xf-unfold-convolutions --xf-fold-weights --canonicalize --cse --split-input-file | FileCheck %s

// Two convolutions as in front of an audio encoder: the transposes between them and behind them are gone, GELU follows the sum.
xf.weight_data @w0 : tensor<8x4x3xf32> from #xf.source<"m", 0, 384, raw>
xf.weight_data @w1 : tensor<6x8x3xf32> from #xf.source<"m", 384, 576, raw>
// CHECK: #[[WINDOW:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 * 4 + d2)>
// CHECK: #[[STRIDED:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 * 16 + d2)>
// CHECK: xf.weight_data @[[K0:.*]] : tensor<12x8xf32> init
// CHECK: xf.weight_data @[[K1:.*]] : tensor<24x6xf32> init
// CHECK-LABEL: func @audio
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?xf32> {{.*}}, %[[B0:.*]]: tensor<8xf32>, %[[B1:.*]]: tensor<6xf32>)
func.func @audio(%x: tensor<?x4x?xf32> {xf.dims = ["batch", "", "frames"]}, %b0: tensor<8xf32>, %b1: tensor<6xf32>) -> tensor<?x?x6xf32> {
  // CHECK: %[[T:.*]] = xf.transpose %[[X]] perm [0, 2, 1]
  // CHECK: %[[P:.*]] = tensor.pad %[[T]] low[0, 1, 0] high[0, 1, 0]
  // CHECK: %[[L:.*]] = xf.reshape %[[P]] to [%{{.*}}, %{{.*}}]
  // CHECK: %[[R:.*]] = linalg.generic {indexing_maps = [#[[WINDOW]], #{{.*}}]{{.*}}} ins(%[[L]] : {{.*}}) outs(%{{.*}} : tensor<?x?x12xf32>)
  // CHECK: %[[W0:.*]] = xf.weight @[[K0]]
  // CHECK: %[[M:.*]] = xf.matmul %[[R]], %[[W0]] :
  // CHECK: %[[S:.*]] = xf.binary{{ +}}add %[[M]], %[[B0]]
  // CHECK: %[[G:.*]] = xf.unary{{ +}}gelu_erf %[[S]]
  // CHECK: tensor.pad %[[G]] low[0, 1, 0] high[0, 1, 0]
  // CHECK: %[[R1:.*]] = linalg.generic {indexing_maps = [#[[STRIDED]], #{{.*}}]
  // CHECK: %[[W1:.*]] = xf.weight @[[K1]]
  // CHECK: %[[M1:.*]] = xf.matmul %[[R1]], %[[W1]]
  // CHECK: %[[S1:.*]] = xf.binary{{ +}}add %[[M1]], %[[B1]]
  // CHECK: return %[[S1]]
  %w0 = xf.weight @w0 : tensor<8x4x3xf32>
  %w1 = xf.weight @w1 : tensor<6x8x3xf32>
  %0 = xf.conv %x filter(%w0) bias(%b0) strides [1] pads [1, 1] dilations [1] group 1 : (tensor<?x4x?xf32>, tensor<8x4x3xf32>, tensor<8xf32>) -> tensor<?x8x?xf32>
  %1 = xf.unary gelu_erf %0 : (tensor<?x8x?xf32>) -> tensor<?x8x?xf32>
  %2 = xf.conv %1 filter(%w1) bias(%b1) strides [2] pads [1, 1] dilations [1] group 1 : (tensor<?x8x?xf32>, tensor<6x8x3xf32>, tensor<6xf32>) -> tensor<?x6x?xf32>
  %3 = xf.transpose %2 perm [0, 2, 1] : (tensor<?x6x?xf32>) -> tensor<?x?x6xf32>
  return %3 : tensor<?x?x6xf32>
}

// -----

// Patches of an image: rows and channels of a patch row are one run. The reshape that joins the positions is crossed.
// CHECK: #[[PATCH:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 * 4 + d3, d2 * 12 + d4)>
// CHECK-LABEL: func @patches
// CHECK: linalg.generic {indexing_maps = [#[[PATCH]], {{.*}}outs(%{{.*}} : tensor<2x2x3x4x12xf32>)
// CHECK: %[[M:.*]] = xf.matmul {{.*}} -> tensor<2x2x3x5xf32>
// CHECK: %[[J:.*]] = xf.reshape %[[M]] to [2, 6, 5]
// CHECK: return %[[J]]
func.func @patches(%x: tensor<2x3x8x12xf32>, %w: tensor<5x3x4x4xf32>) -> tensor<2x6x5xf32> {
  %0 = xf.conv %x filter(%w) strides [4, 4] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<2x3x8x12xf32>, tensor<5x3x4x4xf32>) -> tensor<2x5x2x3xf32>
  %1 = xf.reshape %0 to [2, 5, 6] : tensor<2x5x2x3xf32> -> tensor<2x5x6xf32>
  %2 = xf.transpose %1 perm [0, 2, 1] : (tensor<2x5x6xf32>) -> tensor<2x6x5xf32>
  return %2 : tensor<2x6x5xf32>
}

// -----

// A residual block: the scale per channel and the sum of two results are taken in rows. A pointwise convolution copies nothing.
// CHECK-LABEL: func @residual
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x5x6xf32>, %[[W:.*]]: tensor<4x4x1x1xf32>)
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<{{.*}}> : tensor<4xf32>
// CHECK: %[[T:.*]] = xf.transpose %[[X]] perm [0, 2, 3, 1]
// CHECK: %[[M:.*]] = xf.matmul %[[T]]
// CHECK: %[[A:.*]] = xf.unary{{ +}}relu %[[M]]
// CHECK-NOT: linalg.generic
// CHECK: %[[N:.*]] = xf.matmul %[[A]]
// CHECK: %[[S:.*]] = xf.binary{{ +}}mul %[[N]], %[[SCALE]]
// CHECK: %[[R:.*]] = xf.binary{{ +}}add %[[S]], %[[A]]
// CHECK: %[[Y:.*]] = xf.transpose %[[R]] perm [0, 3, 1, 2]
// CHECK: return %[[Y]]
func.func @residual(%x: tensor<1x4x5x6xf32>, %w: tensor<4x4x1x1xf32>) -> tensor<1x4x5x6xf32> {
  %scale = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %0 = xf.conv %x filter(%w) strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x4x5x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x5x6xf32>
  %1 = xf.unary relu %0 : (tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32>
  %2 = xf.conv %1 filter(%w) strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x4x5x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x5x6xf32>
  %3 = xf.binary mul %2, %scale : (tensor<1x4x5x6xf32>, tensor<4x1x1xf32>) -> tensor<1x4x5x6xf32>
  %4 = xf.binary add %3, %1 : (tensor<1x4x5x6xf32>, tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32>
  return %4 : tensor<1x4x5x6xf32>
}

// -----

// Dilated taps of the last dimension lie apart. An operand that is no weight is not transposed for the sum's sake.
// CHECK: #[[DILATED:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 * 2 + d2 * 3, d3)>
// CHECK-LABEL: func @dilated
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x11xf32>, %[[W:.*]]: tensor<2x4x3xf32>, %[[Z:.*]]: tensor<1x2x3xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[DILATED]], {{.*}}outs(%{{.*}} : tensor<1x3x3x4xf32>)
// CHECK: %[[M:.*]] = xf.matmul
// CHECK: %[[T:.*]] = xf.transpose %[[M]] perm [0, 2, 1]
// CHECK: xf.binary{{ +}}add %[[T]], %[[Z]]
func.func @dilated(%x: tensor<1x4x11xf32>, %w: tensor<2x4x3xf32>, %z: tensor<1x2x3xf32>) -> tensor<1x2x3xf32> {
  %0 = xf.conv %x filter(%w) strides [2] pads [0, 0] dilations [3] group 1 : (tensor<1x4x11xf32>, tensor<2x4x3xf32>) -> tensor<1x2x3xf32>
  %1 = xf.binary add %0, %z : (tensor<1x2x3xf32>, tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  return %1 : tensor<1x2x3xf32>
}

// -----

// Groups and f16 stay.
// CHECK-LABEL: func @stays
// CHECK: xf.conv
// CHECK: xf.conv
func.func @stays(%x: tensor<1x4x8xf32>, %w: tensor<4x1x3xf32>, %y: tensor<1x4x8xf16>, %v: tensor<4x4x3xf16>) -> (tensor<1x4x6xf32>, tensor<1x4x6xf16>) {
  %0 = xf.conv %x filter(%w) strides [1] pads [0, 0] dilations [1] group 4 : (tensor<1x4x8xf32>, tensor<4x1x3xf32>) -> tensor<1x4x6xf32>
  %1 = xf.conv %y filter(%v) strides [1] pads [0, 0] dilations [1] group 1 : (tensor<1x4x8xf16>, tensor<4x4x3xf16>) -> tensor<1x4x6xf16>
  return %0, %1 : tensor<1x4x6xf32>, tensor<1x4x6xf16>
}
