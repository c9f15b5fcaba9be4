// RUN: tilewright-opt %s -convert-xf-to-kernel -split-input-file | FileCheck %s

// The weight is packed for the target (AVX2: panels of 16) by a derived weight; rows are collapsed.
// CHECK: xf.weight_data @w.panels16 : tensor<3x64x16xf32> init {
// CHECK:   %[[W:.*]] = xf.weight @w : tensor<64x40xf32>
// CHECK:   linalg.pack %[[W]] padding_value(%{{.*}} : f32) outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16]
// CHECK-LABEL: func @projection
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x?x64xf32>
// CHECK: %[[B:.*]] = xf.dim "b"
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]]
// CHECK: %[[R:.*]] = kernel.contract ins(%[[ROWS]], %{{.*}} : tensor<?x64xf32>, tensor<3x64x16xf32>)
// CHECK: tensor.expand_shape %[[R]] {{\[}}[0, 1], [2]] output_shape [%[[B]], %{{.*}}, 40]
module attributes {target.cpu = #target.cpu<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", lanes = 8, registers = 16, l1 = 32768, l2 = 524288>} {
  xf.weight_data @w : tensor<64x40xf32> from #xf.source<"m.onnx", 0, 10240, raw>
  func.func @projection(%x: tensor<?x?x64xf32> {xf.name = "x", xf.dims = ["b", "s", ""]}) -> (tensor<?x?x40xf32> {xf.name = "y", xf.dims = ["b", "s", ""]}) {
    %w = xf.weight @w : tensor<64x40xf32>
    %r = xf.matmul %x, %w : (tensor<?x?x64xf32>, tensor<64x40xf32>) -> tensor<?x?x40xf32>
    return %r : tensor<?x?x40xf32>
  }
}

// -----

// A stacked weight keeps its layers in front; a transposed one is packed as it stands.
// CHECK: xf.weight_data @stack.panels32 : tensor<12x2x64x32xf32> init
// CHECK:   linalg.pack {{.*}} outer_dims_perm = [0, 2, 1] inner_dims_pos = [2] inner_tiles = [32]
// CHECK: xf.weight_data @t.rows32 : tensor<2x64x32xf32> init
// CHECK:   linalg.pack {{.*}} inner_dims_pos = [0] inner_tiles = [32]
// CHECK-LABEL: func @layers
// CHECK-SAME: %[[L:[a-z0-9]*]]: index
// CHECK: xf.weight @stack.panels32[%[[L]]] : tensor<2x64x32xf32>
xf.weight_data @stack : tensor<12x64x64xf32> from #xf.source<"m.onnx", 0, 196608, raw>
xf.weight_data @t : tensor<40x64xf32> from #xf.source<"m.onnx", 0, 10240, raw>
func.func @layers(%x: tensor<7x64xf32>, %l: index) -> (tensor<7x64xf32>, tensor<7x40xf32>) {
  %w = xf.weight @stack[%l] : tensor<64x64xf32>
  %r = xf.matmul %x, %w : (tensor<7x64xf32>, tensor<64x64xf32>) -> tensor<7x64xf32>
  %t = xf.weight @t : tensor<40x64xf32>
  %s = xf.matmul %x, %t transpose_rhs : (tensor<7x64xf32>, tensor<40x64xf32>) -> tensor<7x40xf32>
  return %r, %s : tensor<7x64xf32>, tensor<7x40xf32>
}

// -----

// Transposes on both sides become maps, a boolean mask is added as 0 or -inf.
// CHECK: #[[BSHD:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
// CHECK-LABEL: func @attention
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<1x?x8x64xf32> {{{.*}}}, %[[K:[a-z0-9]*]]: tensor<1x2x?x64xf32>
// CHECK: %[[MASK:.*]] = linalg.generic
// CHECK: %[[R:.*]] = kernel.attention ins(%[[Q]], %[[K]], %[[K]] : {{.*}}) mask(%[[MASK]] : tensor<1x1x?x?xf32>) outs(%{{.*}} : tensor<1x?x8x64xf32>)
// CHECK-SAME: maps = [#[[BSHD]], #{{.*}}, #{{.*}}, #[[BSHD]]]
// CHECK: return %[[R]]
func.func @attention(%q: tensor<1x?x8x64xf32> {xf.name = "q", xf.dims = ["", "s", "", ""]}, %k: tensor<1x2x?x64xf32> {xf.name = "k", xf.dims = ["", "", "t", ""]},
                     %m: tensor<1x1x?x?xi1> {xf.name = "m", xf.dims = ["", "", "s", "t"]}) -> tensor<1x?x8x64xf32> {
  %qt = xf.transpose %q perm [0, 2, 1, 3] : (tensor<1x?x8x64xf32>) -> tensor<1x8x?x64xf32>
  %a = xf.attention %qt, %k, %k mask(%m) scale 0.125 : (tensor<1x8x?x64xf32>, tensor<1x2x?x64xf32>, tensor<1x2x?x64xf32>, tensor<1x1x?x?xi1>) -> tensor<1x8x?x64xf32>
  %r = xf.transpose %a perm [0, 2, 1, 3] : (tensor<1x8x?x64xf32>) -> tensor<1x?x8x64xf32>
  return %r : tensor<1x?x8x64xf32>
}

// -----

// A product of activations is packed when it is read; without a batch of its own rhs serves all rows of lhs.
// CHECK-LABEL: func @activations
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<2x7x64xf32>, %[[Y:[a-z0-9]*]]: tensor<64x7xf32>
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]]
// CHECK: kernel.contract ins(%[[ROWS]], %[[Y]] : tensor<14x64xf32>, tensor<64x7xf32>) outs(%{{.*}} : tensor<14x7xf32>) {panel_width = 16 : i64}
func.func @activations(%x: tensor<2x7x64xf32>, %y: tensor<64x7xf32>) -> tensor<2x7x7xf32> {
  %r = xf.matmul %x, %y : (tensor<2x7x64xf32>, tensor<64x7xf32>) -> tensor<2x7x7xf32>
  return %r : tensor<2x7x7xf32>
}

// -----

// Batch dimensions broadcast.
// CHECK-LABEL: func @batches
// CHECK: kernel.contract ins(%{{.*}}, %{{.*}} : tensor<3x1x7x64xf32>, tensor<12x40x64xf32>) outs(%{{.*}} : tensor<3x12x7x40xf32>)
// CHECK-SAME: {panel_width = 32 : i64, transpose_rhs}
func.func @batches(%x: tensor<3x1x7x64xf32>, %y: tensor<12x40x64xf32>) -> tensor<3x12x7x40xf32> {
  %r = xf.matmul %x, %y transpose_rhs : (tensor<3x1x7x64xf32>, tensor<12x40x64xf32>) -> tensor<3x12x7x40xf32>
  return %r : tensor<3x12x7x40xf32>
}

// -----

// Gate and up of a gated layer stand side by side in panels; the product is the epilogue.
// CHECK: xf.weight_data @gu.pairs32 : tensor<4x64x32xf32> init {
// CHECK:   %[[SPLIT:.*]] = tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]] output_shape [64, 2, 50]
// CHECK:   %[[P:.*]] = linalg.pack %[[SPLIT]] padding_value(%{{.*}} : f32) outer_dims_perm = [2, 0, 1] inner_dims_pos = [2] inner_tiles = [16]
// CHECK:   tensor.collapse_shape %[[P]] {{\[}}[0], [1], [2, 3]]
// CHECK-LABEL: func @gated
// CHECK: kernel.contract ins(%{{.*}}, %{{.*}} : tensor<7x64xf32>, tensor<4x64x32xf32>) outs(%{{.*}} : tensor<7x50xf32>) {sums = 2 : i64} epilogue {
// CHECK: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32):
// CHECK: %[[Y:.*]] = arith.mulf %{{.*}}, %[[U]]
// CHECK: kernel.yield %[[Y]]
// CHECK-NOT: xf.binary
xf.weight_data @gu : tensor<64x100xf32> from #xf.source<"m.onnx", 0, 25600, raw>
func.func @gated(%x: tensor<7x64xf32>) -> tensor<7x50xf32> {
  %w = xf.weight @gu : tensor<64x100xf32>
  %r = xf.matmul %x, %w : (tensor<7x64xf32>, tensor<64x100xf32>) -> tensor<7x100xf32>
  %g = tensor.extract_slice %r[0, 0] [7, 50] [1, 1] : tensor<7x100xf32> to tensor<7x50xf32>
  %u = tensor.extract_slice %r[0, 50] [7, 50] [1, 1] : tensor<7x100xf32> to tensor<7x50xf32>
  %s = xf.unary silu %g : (tensor<7x50xf32>) -> tensor<7x50xf32>
  %y = xf.binary mul %s, %u : (tensor<7x50xf32>, tensor<7x50xf32>) -> tensor<7x50xf32>
  return %y : tensor<7x50xf32>
}
