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

// What a layer computes inside leaves a function that is no model: no stack.
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

// -----

// Three layers, each of which takes a cache in and gives a longer one out: one stacked argument and one stacked result, which say what
// they stand for. What else reads a cache gets its layer of the stack.
// CHECK-LABEL: func @cache
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x4x?x8xf32>
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: tensor<3x2x4x?x8xf32> {xf.buffers = array<i64: 1, 2, 3>, xf.dims = ["", "", "", "past", ""]})
// CHECK-SAME: -> (tensor<3x2x4x?x8xf32> {xf.buffers = array<i64: 5, 4, 7>, xf.dims = ["", "", "", "total", ""]},
// CHECK-SAME: tensor<2x4x?x8xf32> {xf.buffers = array<i64: 6>}, tensor<2x4x?x8xf32> {xf.buffers = array<i64: 8>})
func.func @cache(%x: tensor<2x4x?x8xf32> {xf.dims = ["", "", "seq", ""], xf.buffers = array<i64: 0>},
                 %k0: tensor<2x4x?x8xf32> {xf.dims = ["", "", "past", ""], xf.buffers = array<i64: 1>},
                 %k1: tensor<2x4x?x8xf32> {xf.dims = ["", "", "past", ""], xf.buffers = array<i64: 2>},
                 %k2: tensor<2x4x?x8xf32> {xf.dims = ["", "", "past", ""], xf.buffers = array<i64: 3>})
    -> (tensor<2x4x?x8xf32> {xf.dims = ["", "", "total", ""], xf.buffers = array<i64: 4>},
        tensor<2x4x?x8xf32> {xf.dims = ["", "", "total", ""], xf.buffers = array<i64: 5>},
        tensor<2x4x?x8xf32> {xf.buffers = array<i64: 6>}, tensor<2x4x?x8xf32> {xf.buffers = array<i64: 7>},
        tensor<2x4x?x8xf32> {xf.buffers = array<i64: 8>}) {
  // CHECK-DAG: %[[SECOND:.*]] = tensor.extract_slice %[[PAST]][1, 0, 0, 0, 0] [1, 2, 4, %{{.*}}, 8] [1, 1, 1, 1, 1]
  // CHECK-DAG: %[[TOTAL:.*]] = arith.addi
  // CHECK-DAG: %[[EMPTY:.*]] = tensor.empty(%[[TOTAL]]) : tensor<3x2x4x?x8xf32>
  // CHECK: %[[Y:.*]]:2 = scf.for %[[L:.*]] = %c0{{.*}} to %c3{{.*}} step %c1{{.*}} iter_args(%[[C:.*]] = %[[X]], %[[ALL:.*]] = %[[EMPTY]])
  // CHECK: %[[K:.*]] = tensor.extract_slice %[[PAST]][%[[L]], 0, 0, 0, 0] [1, 2, 4, %{{.*}}, 8]
  // CHECK: %[[GROWN:.*]] = tensor.concat dim(2) %[[K]], %[[C]]
  // CHECK: %[[A:.*]] = xf.attention %[[C]], %[[GROWN]], %[[GROWN]]
  // CHECK: %[[S:.*]] = xf.binary{{ +}}add %[[C]], %[[A]]
  // CHECK: %[[IN:.*]] = tensor.insert_slice %[[GROWN]] into %[[ALL]][%[[L]], 0, 0, 0, 0] [1, 2, 4, %{{.*}}, 8]
  // CHECK: scf.yield %[[S]], %[[IN]]
  // CHECK: %[[OTHER:.*]] = xf.unary{{ +}}exp %[[SECOND]]
  // CHECK: return %[[Y]]#1, %[[Y]]#0, %[[OTHER]]
  %c0 = tensor.concat dim(2) %k0, %x : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %a0 = xf.attention %x, %c0, %c0 scale 1.0 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %s0 = xf.binary add %x, %a0 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %c1 = tensor.concat dim(2) %k1, %s0 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %a1 = xf.attention %s0, %c1, %c1 scale 1.0 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %s1 = xf.binary add %s0, %a1 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %c2 = tensor.concat dim(2) %k2, %s1 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %a2 = xf.attention %s1, %c2, %c2 scale 1.0 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %s2 = xf.binary add %s1, %a2 : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %other = xf.unary exp %k1 : (tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  return %c1, %c0, %s2, %c2, %other : tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>
}

// -----

// The layers of a stack without elements are empty, not slices of it.
// CHECK-LABEL: func @empty
// CHECK: scf.for
// CHECK-NOT: tensor.extract_slice
// CHECK: %[[PAST:.*]] = tensor.empty() : tensor<0x8xf32>
// CHECK: tensor.concat dim(0) %[[PAST]],
func.func @empty(%x: tensor<4x8xf32> {xf.buffers = array<i64: 0>}, %k0: tensor<0x8xf32> {xf.buffers = array<i64: 1>},
                 %k1: tensor<0x8xf32> {xf.buffers = array<i64: 2>}, %k2: tensor<0x8xf32> {xf.buffers = array<i64: 3>})
    -> (tensor<4x8xf32> {xf.buffers = array<i64: 4>}) {
  %c0 = tensor.concat dim(0) %k0, %x : (tensor<0x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %e0 = tensor.expand_shape %c0 [[0, 1, 2], [3]] output_shape [1, 1, 4, 8] : tensor<4x8xf32> into tensor<1x1x4x8xf32>
  %a0 = xf.attention %e0, %e0, %e0 scale 1.0 : (tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
  %s0 = tensor.collapse_shape %a0 [[0, 1, 2], [3]] : tensor<1x1x4x8xf32> into tensor<4x8xf32>
  %c1 = tensor.concat dim(0) %k1, %s0 : (tensor<0x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %e1 = tensor.expand_shape %c1 [[0, 1, 2], [3]] output_shape [1, 1, 4, 8] : tensor<4x8xf32> into tensor<1x1x4x8xf32>
  %a1 = xf.attention %e1, %e1, %e1 scale 1.0 : (tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
  %s1 = tensor.collapse_shape %a1 [[0, 1, 2], [3]] : tensor<1x1x4x8xf32> into tensor<4x8xf32>
  %c2 = tensor.concat dim(0) %k2, %s1 : (tensor<0x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %e2 = tensor.expand_shape %c2 [[0, 1, 2], [3]] output_shape [1, 1, 4, 8] : tensor<4x8xf32> into tensor<1x1x4x8xf32>
  %a2 = xf.attention %e2, %e2, %e2 scale 1.0 : (tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
  %s2 = tensor.collapse_shape %a2 [[0, 1, 2], [3]] : tensor<1x1x4x8xf32> into tensor<4x8xf32>
  return %s2 : tensor<4x8xf32>
}

// -----

// Caches of different lengths are no stack.
// CHECK-LABEL: func @lengths
// CHECK-NOT: scf.for
func.func @lengths(%x: tensor<2x4x5x8xf32> {xf.buffers = array<i64: 0>},
                   %k0: tensor<2x4x?x8xf32> {xf.dims = ["", "", "past0", ""], xf.buffers = array<i64: 1>},
                   %k1: tensor<2x4x?x8xf32> {xf.dims = ["", "", "past1", ""], xf.buffers = array<i64: 2>}) -> (tensor<2x4x5x8xf32> {xf.buffers = array<i64: 3>}) {
  %a0 = xf.attention %x, %k0, %k0 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x5x8xf32>
  %a1 = xf.attention %a0, %k1, %k1 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x5x8xf32>
  return %a1 : tensor<2x4x5x8xf32>
}

// -----

// Nor is one cache in the other's place.
// CHECK-LABEL: func @crossed
// CHECK-NOT: scf.for
func.func @crossed(%x: tensor<2x4x5x8xf32> {xf.buffers = array<i64: 0>}, %k0: tensor<2x4x5x8xf32> {xf.buffers = array<i64: 1>},
                   %k1: tensor<2x4x5x8xf32> {xf.buffers = array<i64: 2>}) -> (tensor<2x4x5x8xf32> {xf.buffers = array<i64: 3>}) {
  %a0 = xf.attention %x, %k0, %k1 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %a1 = xf.attention %a0, %k1, %k0 scale 1.0 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %a1 : tensor<2x4x5x8xf32>
}
