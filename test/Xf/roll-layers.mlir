// RUN: tilewright-opt %s --xf-roll-layers --split-input-file | FileCheck %s

// Three layers of attention and projection with a residual; the mask is computed where the first layer needs it, the last
// norm stands behind the stack.
xf.weight_data @w0 : tensor<8x8xf32> from #xf.source<"m", 0, 256, raw>
xf.weight_data @w1 : tensor<8x8xf32> from #xf.source<"m", 256, 256, raw>
xf.weight_data @w2 : tensor<8x8xf32> from #xf.source<"m", 512, 256, raw>
// CHECK: xf.weight_data @w0.stacked : tensor<3x8x8xf32> init {
// CHECK: %[[W0:.*]] = xf.weight @w0
// CHECK-NEXT: %[[R0:.*]] = xf.reshape %[[W0]] to [1, 8, 8]
// CHECK: %[[W2:.*]] = xf.weight @w2
// CHECK-NEXT: %[[R2:.*]] = xf.reshape %[[W2]] to [1, 8, 8]
// CHECK: tensor.concat dim(0) %[[R0]], %{{.*}}, %[[R2]]
// CHECK: xf.weight_data @constant.stacked : tensor<3x8xf32> init
// CHECK-LABEL: func @stack
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x5x8xf32>, %[[M:.*]]: tensor<5x5xf32>)
func.func @stack(%x: tensor<2x4x5x8xf32>, %m: tensor<5x5xf32>) -> tensor<2x4x5x8xf32> {
  // CHECK: %[[MASK:.*]] = xf.unary neg %[[M]]
  // CHECK: %[[Y:.*]] = scf.for %[[L:.*]] = %c0{{.*}} to %c3{{.*}} step %c1{{.*}} iter_args(%[[C:.*]] = %[[X]])
  // CHECK: %[[A:.*]] = xf.attention %[[C]], %[[C]], %[[C]] mask(%[[MASK]])
  // CHECK: %[[W:.*]] = xf.weight @w0.stacked[%[[L]]] : tensor<8x8xf32>
  // CHECK: %[[P:.*]] = xf.matmul %[[A]], %[[W]]
  // CHECK: %[[S:.*]] = xf.binary{{ +}}add %[[C]], %[[P]]
  // CHECK: %[[G:.*]] = xf.weight @constant.stacked[%[[L]]] : tensor<8xf32>
  // CHECK: %[[N:.*]] = xf.rms_norm %[[S]] scale(%[[G]])
  // CHECK: scf.yield %[[N]]
  // CHECK: xf.unary{{ +}}exp %[[Y]]
  // CHECK-NOT: xf.attention
  %g0 = arith.constant dense<1.0> : tensor<8xf32>
  %g1 = arith.constant dense<2.0> : tensor<8xf32>
  %g2 = arith.constant dense<3.0> : tensor<8xf32>
  %mask = xf.unary neg %m : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %a0 = xf.attention %x, %x, %x mask(%mask) scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<5x5xf32>) -> tensor<2x4x5x8xf32>
  %w0 = xf.weight @w0 : tensor<8x8xf32>
  %p0 = xf.matmul %a0, %w0 : (tensor<2x4x5x8xf32>, tensor<8x8xf32>) -> tensor<2x4x5x8xf32>
  %s0 = xf.binary add %x, %p0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %n0 = xf.rms_norm %s0 scale(%g0) axis 3 epsilon 1.0e-05 : (tensor<2x4x5x8xf32>, tensor<8xf32>) -> tensor<2x4x5x8xf32>
  %a1 = xf.attention %n0, %n0, %n0 mask(%mask) scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<5x5xf32>) -> tensor<2x4x5x8xf32>
  %w1 = xf.weight @w1 : tensor<8x8xf32>
  %p1 = xf.matmul %a1, %w1 : (tensor<2x4x5x8xf32>, tensor<8x8xf32>) -> tensor<2x4x5x8xf32>
  %s1 = xf.binary add %n0, %p1 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %n1 = xf.rms_norm %s1 scale(%g1) axis 3 epsilon 1.0e-05 : (tensor<2x4x5x8xf32>, tensor<8xf32>) -> tensor<2x4x5x8xf32>
  %a2 = xf.attention %n1, %n1, %n1 mask(%mask) scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<5x5xf32>) -> tensor<2x4x5x8xf32>
  %w2 = xf.weight @w2 : tensor<8x8xf32>
  %p2 = xf.matmul %a2, %w2 : (tensor<2x4x5x8xf32>, tensor<8x8xf32>) -> tensor<2x4x5x8xf32>
  %s2 = xf.binary add %n1, %p2 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %n2 = xf.rms_norm %s2 scale(%g2) axis 3 epsilon 1.0e-05 : (tensor<2x4x5x8xf32>, tensor<8xf32>) -> tensor<2x4x5x8xf32>
  %y = xf.unary exp %n2 : (tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %y : tensor<2x4x5x8xf32>
}

// -----

// What a layer computes inside is a result of the model: no stack.
// CHECK-LABEL: func @inner_result
// CHECK-NOT: scf.for
func.func @inner_result(%x: tensor<2x4x5x8xf32>) -> (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) {
  %a0 = xf.attention %x, %x, %x scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %s0 = xf.binary add %x, %a0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %a1 = xf.attention %s0, %s0, %s0 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %s1 = xf.binary add %s0, %a1 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %a0, %s1 : tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>
}

// -----

// A layer of another scale, and an operand that is an input per layer: neither repeats.
// CHECK-LABEL: func @different
// CHECK-NOT: scf.for
func.func @different(%x: tensor<2x4x5x8xf32>, %k0: tensor<2x4x5x8xf32>, %k1: tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %a0 = xf.attention %x, %k0, %x scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %a1 = xf.attention %a0, %k1, %a0 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %a2 = xf.attention %a1, %k0, %a1 scale 2.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %a2 : tensor<2x4x5x8xf32>
}
