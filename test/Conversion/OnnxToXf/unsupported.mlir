// All nodes that cannot be converted are reported in one run, at the node, each with its reason; nodes that only read a rejected
// result are not.
// RUN: not tilewright-opt --convert-onnx-to-xf --mlir-print-debuginfo %s 2>&1 | FileCheck %s --implicit-check-not=error:

// CHECK-DAG: error: loc("strange"): com.acme.Frobnicate (opset 3) is not supported
// CHECK-DAG: error: loc("early"): Trilu (opset 13) is supported from opset 14 on, the model has 13
// CHECK-DAG: error: loc("sharp"): Softplus (opset 13) does not know attribute 'beta'
// CHECK-DAG: error: loc("lost"): Add (opset 13) expects input 1, which is absent
// CHECK-DAG: error: loc("kind"): LeakyRelu (opset 13) expects attribute 'alpha' to be a float
// CHECK-DAG: error: loc("needed"): Cast (opset 13) expects attribute 'to'
// CHECK-DAG: error: loc("values"): Reshape (opset 13) expects integers in input 1 that follow from constants and dimensions
// CHECK-DAG: error: loc("wide"): Add (opset 13) expects shapes that broadcast
func.func @main(%x: tensor<2x3xf32>, %n: tensor<2xi64>) -> !onnx.value {
  %none = onnx.absent
  %four = arith.constant dense<1.0> : tensor<4xf32>
  %0 = onnx.node "Frobnicate" domain "com.acme" since 3 (%x) {} : (tensor<2x3xf32>) -> !onnx.value loc("strange")
  %1 = onnx.node "Relu" domain "" since 13 (%0) {} : (!onnx.value) -> !onnx.value loc("follows")
  %2 = onnx.node "Trilu" domain "" since 13 (%x) {} : (tensor<2x3xf32>) -> !onnx.value loc("early")
  %3 = onnx.node "Softplus" domain "" since 13 (%x) {beta = 2.0 : f32} : (tensor<2x3xf32>) -> !onnx.value loc("sharp")
  %4 = onnx.node "Add" domain "" since 13 (%x, %none) {} : (tensor<2x3xf32>, none) -> !onnx.value loc("lost")
  %5 = onnx.node "LeakyRelu" domain "" since 13 (%x) {alpha = 1 : i64} : (tensor<2x3xf32>) -> !onnx.value loc("kind")
  %6 = onnx.node "Cast" domain "" since 13 (%x) {} : (tensor<2x3xf32>) -> !onnx.value loc("needed")
  %7 = onnx.node "Reshape" domain "" since 13 (%x, %n) {} : (tensor<2x3xf32>, tensor<2xi64>) -> !onnx.value loc("values")
  %8 = onnx.node "Add" domain "" since 13 (%x, %four) {} : (tensor<2x3xf32>, tensor<4xf32>) -> !onnx.value loc("wide")
  return %1 : !onnx.value
}
