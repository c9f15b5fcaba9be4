// RUN: tilewright-opt %s --xf-fold-weights --split-input-file | FileCheck %s

// What is not read any more is removed; the original stays as the source of the new weights.
// CHECK: xf.weight_data @w : tensor<8x16xf32> from
xf.weight_data @w : tensor<8x16xf32> from #xf.source<"m", 0, 512, raw>
xf.weight_data @unused : tensor<8x16xf32> from #xf.source<"m", 512, 512, raw>
// CHECK-NOT: @unused
// CHECK: xf.weight_data @w.binary : tensor<16x8xf32> init {
// CHECK-NEXT: %[[W:.*]] = xf.weight @w
// CHECK-NEXT: %[[T:.*]] = xf.transpose %[[W]]
// CHECK-NEXT: %[[S:.*]] = arith.constant dense<2.0{{.*}}> : tensor<f32>
// CHECK-NEXT: %[[M:.*]] = xf.binary mul %[[T]], %[[S]]
// CHECK-NEXT: xf.yield %[[M]]
// CHECK: xf.weight_data @w.transpose : tensor<16x8xf32> init
// CHECK-LABEL: func @chain
// CHECK-SAME: (%[[X:.*]]: tensor<4x16xf32>
func.func @chain(%x: tensor<4x16xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK-NEXT: %[[A:.*]] = xf.weight @w.binary
  // CHECK-NEXT: %[[Y:.*]] = xf.matmul %[[X]], %[[A]] :
  // CHECK-NEXT: %[[B:.*]] = xf.weight @w.transpose
  // CHECK-NEXT: %[[Z:.*]] = xf.matmul %[[X]], %[[B]] :
  // CHECK-NEXT: return %[[Y]], %[[Z]]
  %c = arith.constant dense<2.0> : tensor<f32>
  %w = xf.weight @w : tensor<8x16xf32>
  %t = xf.transpose %w perm [1, 0] : (tensor<8x16xf32>) -> tensor<16x8xf32>
  %m = xf.binary mul %t, %c : (tensor<16x8xf32>, tensor<f32>) -> tensor<16x8xf32>
  %y = xf.matmul %x, %m : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
  %z = xf.matmul %x, %w transpose_rhs : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
  return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// Nothing here is known before the run, or worth storing: an input, a broadcast, one layer of a stack.
// CHECK-NOT: init
// CHECK-LABEL: func @stays
xf.weight_data @b : tensor<2x8xf32> from #xf.source<"m", 0, 64, raw>
func.func @stays(%x: tensor<8xf32>, %l: index) -> (tensor<2x8xf32>, tensor<64x2x8xf32>, tensor<8x1xf32>) {
  // CHECK: xf.binary add
  // CHECK: xf.broadcast
  // CHECK: xf.reshape
  %b = xf.weight @b : tensor<2x8xf32>
  %0 = xf.binary add %b, %x : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %1 = xf.broadcast %b to [64, 2, 8] : tensor<2x8xf32> -> tensor<64x2x8xf32>
  %layer = xf.weight @b[%l] : tensor<8xf32>
  %3 = xf.reshape %layer to [8, 1] : tensor<8xf32> -> tensor<8x1xf32>
  return %0, %1, %3 : tensor<2x8xf32>, tensor<64x2x8xf32>, tensor<8x1xf32>
}

// -----

// Constants below 4 KB may make a tensor above it.
// CHECK: xf.weight_data @constant.concat : tensor<2x4xf32> init
// CHECK-LABEL: func @constants
func.func @constants(%x: tensor<3x2xf32>) -> tensor<3x4xf32> {
  // CHECK: %[[W:.*]] = xf.weight @constant.concat
  // CHECK: xf.matmul %{{.*}}, %[[W]]
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf32>
  %w = tensor.concat dim(1) %a, %b : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  %y = xf.matmul %x, %w : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
