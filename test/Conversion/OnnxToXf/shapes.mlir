// Shape arithmetic is evaluated completely: what is left is index arithmetic on xf.dim.
// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @split_heads
// CHECK-SAME: -> (tensor<?x4x?x16xf32> {xf.dims = ["batch", "", "seq", ""], xf.name = "y"})
// CHECK-NOT: onnx
// CHECK-NOT: tensor.from_elements
// CHECK-DAG: %[[B:.*]] = xf.dim "batch"
// CHECK-DAG: %[[S:.*]] = xf.dim "seq"
// CHECK: xf.reshape %{{.*}} to [%[[B]], %[[S]], 4, 16]
// CHECK: xf.transpose
func.func @split_heads(%x: tensor<?x?x64xf32> {xf.name = "x", xf.dims = ["batch", "seq", ""]})
    -> (!onnx.value {xf.name = "y", xf.dims = ["batch", "heads", "seq", "d"]}) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %axes = arith.constant dense<0> : tensor<1xi64>
  %heads = arith.constant dense<[4, -1]> : tensor<2xi64>
  %shape = onnx.node "Shape" domain "" since 13 (%x) {} : (tensor<?x?x64xf32>) -> !onnx.value
  %b = onnx.node "Gather" domain "" since 13 (%shape, %zero) {axis = 0 : i64} : (!onnx.value, tensor<i64>) -> !onnx.value
  %s = onnx.node "Gather" domain "" since 13 (%shape, %one) {axis = 0 : i64} : (!onnx.value, tensor<i64>) -> !onnx.value
  %b1 = onnx.node "Unsqueeze" domain "" since 13 (%b, %axes) {} : (!onnx.value, tensor<1xi64>) -> !onnx.value
  %s1 = onnx.node "Unsqueeze" domain "" since 13 (%s, %axes) {} : (!onnx.value, tensor<1xi64>) -> !onnx.value
  %to = onnx.node "Concat" domain "" since 13 (%b1, %s1, %heads) {axis = 0 : i64}
    : (!onnx.value, !onnx.value, tensor<2xi64>) -> !onnx.value
  %r = onnx.node "Reshape" domain "" since 13 (%x, %to) {} : (tensor<?x?x64xf32>, !onnx.value) -> !onnx.value
  %y = onnx.node "Transpose" domain "" since 13 (%r) {perm = array<i64: 0, 2, 1, 3>} : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}

// -----

// The mask's columns [past + seq - seq, past + seq) are [past, past + seq) without any clamping.
// CHECK-LABEL: func.func @causal_slice
// CHECK-DAG: %[[P:.*]] = xf.dim "past"
// CHECK-DAG: %[[S:.*]] = xf.dim "seq"
// CHECK-NOT: arith.min
// CHECK-NOT: arith.max
// CHECK: tensor.extract_slice %{{.*}}[0, %[[P]]] [1, %[[S]]] [1, 1]
func.func @causal_slice(%k: tensor<2x?xf32> {xf.name = "k", xf.dims = ["", "past"]},
                        %q: tensor<2x?xf32> {xf.name = "q", xf.dims = ["", "seq"]}) -> !onnx.value {
  %one = arith.constant dense<1> : tensor<1xi64>
  %kq = onnx.node "Concat" domain "" since 13 (%k, %q) {axis = 1 : i64} : (tensor<2x?xf32>, tensor<2x?xf32>) -> !onnx.value
  %ts = onnx.node "Shape" domain "" since 15 (%kq) {start = -1 : i64} : (!onnx.value) -> !onnx.value
  %ss = onnx.node "Shape" domain "" since 15 (%q) {start = 1 : i64, end = 9223372036854775807 : i64} : (tensor<2x?xf32>) -> !onnx.value
  %start = onnx.node "Sub" domain "" since 15 (%ts, %ss) {} : (!onnx.value, !onnx.value) -> !onnx.value
  %row = onnx.node "Slice" domain "" since 15 (%kq, %start, %ts, %one) {}
    : (!onnx.value, !onnx.value, !onnx.value, tensor<1xi64>) -> !onnx.value
  %zero1 = arith.constant dense<0> : tensor<1xi64>
  %y = onnx.node "Slice" domain "" since 15 (%row, %zero1, %one, %zero1) {} : (!onnx.value, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// A -1 in Reshape is solved by cancelling; Equal(dimension, -1) is false, so Expand's shape is known.
// CHECK-LABEL: func.func @expand_where
// CHECK-DAG: %[[B:.*]] = xf.dim "batch"
// CHECK-DAG: %[[S:.*]] = xf.dim "seq"
// CHECK-NOT: arith.divsi
// CHECK: xf.reshape %{{.*}} to [%[[S]], %[[B]], 64]
// CHECK: xf.broadcast %{{.*}} to [%[[B]], %[[S]]] : tensor<f32> -> tensor<?x?xf32>
func.func @expand_where(%x: tensor<?x?x64xf32> {xf.name = "x", xf.dims = ["batch", "seq", ""]}) -> (!onnx.value, !onnx.value) {
  %shape = onnx.node "Shape" domain "" since 17 (%x) {start = 0 : i64, end = 2 : i64} : (tensor<?x?x64xf32>) -> !onnx.value
  %b = onnx.node "Shape" domain "" since 17 (%x) {start = 1 : i64, end = 2 : i64} : (tensor<?x?x64xf32>) -> !onnx.value
  %rest = arith.constant dense<[-1, 64]> : tensor<2xi64>
  %to = onnx.node "Concat" domain "" since 17 (%b, %rest) {axis = 0 : i64} : (!onnx.value, tensor<2xi64>) -> !onnx.value
  %r = onnx.node "Reshape" domain "" since 17 (%x, %to) {} : (tensor<?x?x64xf32>, !onnx.value) -> !onnx.value
  %two = arith.constant dense<2> : tensor<1xi64>
  %ones = onnx.node "ConstantOfShape" domain "" since 17 (%two) {value = dense<1> : tensor<1xi64>} : (tensor<1xi64>) -> !onnx.value
  %minus = onnx.node "Neg" domain "" since 17 (%ones) {} : (!onnx.value) -> !onnx.value
  %any = onnx.node "Equal" domain "" since 17 (%shape, %minus) {} : (!onnx.value, !onnx.value) -> !onnx.value
  %target = onnx.node "Where" domain "" since 17 (%any, %ones, %shape) {} : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
  %zero = onnx.node "Constant" domain "" since 17 () {value_float = 0.0 : f32} : () -> !onnx.value
  %e = onnx.node "Expand" domain "" since 17 (%zero, %target) {} : (!onnx.value, !onnx.value) -> !onnx.value
  return %r, %e : !onnx.value, !onnx.value
}

// -----

// Scales become constants: 1 / sqrt(64).
// CHECK-LABEL: func.func @scale
// CHECK: %[[C:.*]] = arith.constant dense<1.250000e-01> : tensor<f32>
// CHECK: xf.binary mul %{{.*}}, %[[C]]
func.func @scale(%x: tensor<2x64xf32>) -> !onnx.value {
  %s = onnx.node "Shape" domain "" since 17 (%x) {start = -1 : i64} : (tensor<2x64xf32>) -> !onnx.value
  %f = onnx.node "Cast" domain "" since 17 (%s) {to = 1 : i64} : (!onnx.value) -> !onnx.value
  %r = onnx.node "Sqrt" domain "" since 17 (%f) {} : (!onnx.value) -> !onnx.value
  %i = onnx.node "Reciprocal" domain "" since 17 (%r) {} : (!onnx.value) -> !onnx.value
  %axes = arith.constant dense<0> : tensor<1xi64>
  %q = onnx.node "Squeeze" domain "" since 17 (%i, %axes) {} : (!onnx.value, tensor<1xi64>) -> !onnx.value
  %y = onnx.node "Mul" domain "" since 17 (%x, %q) {} : (tensor<2x64xf32>, !onnx.value) -> !onnx.value
  return %y : !onnx.value
}

// -----

// Range over a dimension: float arithmetic on sizes (Ceil of a quotient by 1) folds to the size itself.
// CHECK-LABEL: func.func @ranges
// CHECK-DAG: %[[S:.*]] = xf.dim "seq"
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK: xf.iota from %[[C0]] size %[[S]] : tensor<?xi64>
// CHECK-NOT: math.ceil
// CHECK: xf.cast
func.func @ranges(%x: tensor<?xf32> {xf.name = "x", xf.dims = ["seq"]}) -> (!onnx.value, !onnx.value) {
  %n = onnx.node "Size" domain "" since 17 (%x) {} : (tensor<?xf32>) -> !onnx.value
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %r = onnx.node "Range" domain "" since 17 (%zero, %n, %one) {} : (tensor<i64>, !onnx.value, tensor<i64>) -> !onnx.value
  %f = onnx.node "Cast" domain "" since 17 (%n) {to = 1 : i64} : (!onnx.value) -> !onnx.value
  %zerof = arith.constant dense<0.0> : tensor<f32>
  %onef = arith.constant dense<1.0> : tensor<f32>
  %g = onnx.node "Range" domain "" since 17 (%zerof, %f, %onef) {} : (tensor<f32>, !onnx.value, tensor<f32>) -> !onnx.value
  return %r, %g : !onnx.value, !onnx.value
}

// -----

// The last element needs a sequence that is not empty: the module says so.
// CHECK: module attributes {xf.bounds = {seq = array<i64: 1, 9223372036854775807>}}
// CHECK-LABEL: func.func @last
// CHECK: %[[AT:.*]] = arith.subi
// CHECK: tensor.extract_slice %{{.*}}[0, %[[AT]], 0] [%{{.*}}, 1, 64] [1, 1, 1]
func.func @last(%x: tensor<?x?x64xf32> {xf.name = "x", xf.dims = ["batch", "seq", ""]}) -> !onnx.value {
  %at = arith.constant dense<-1> : tensor<i64>
  %y = onnx.node "Gather" domain "" since 17 (%x, %at) {axis = 1 : i64} : (tensor<?x?x64xf32>, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
