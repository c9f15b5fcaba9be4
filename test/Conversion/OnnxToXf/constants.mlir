// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @constants
// CHECK-DAG: arith.constant dense<[1, 2]> : tensor<2xi64>
// CHECK-DAG: arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: arith.constant dense<true> : tensor<2xi1>
func.func @constants() -> (!onnx.value, !onnx.value, !onnx.value) {
  %0 = onnx.node "Constant" domain "" since 13 () {value_ints = array<i64: 1, 2>} : () -> !onnx.value
  %1 = onnx.node "Constant" domain "" since 13 () {value_float = 0.5 : f32} : () -> !onnx.value
  %2 = onnx.node "Constant" domain "" since 13 () {value = dense<true> : tensor<2xi1>} : () -> !onnx.value
  return %0, %1, %2 : !onnx.value, !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @trilu
// CHECK-DAG: %[[R:.*]] = xf.reshape %{{.*}} to [%{{.*}}, 1]
// CHECK: %[[D:.*]] = xf.binary {{ ?}}add %[[R]]
// CHECK: %[[K:.*]] = xf.compare {{ ?}}ge %{{.*}}, %[[D]]
// CHECK: xf.select %[[K]], %arg0
func.func @trilu(%x: tensor<2x?x?xf32> {xf.name = "x", xf.dims = ["", "s", "s"]}) -> !onnx.value {
  %k = arith.constant dense<1> : tensor<1xi64>
  %y = onnx.node "Trilu" domain "" since 14 (%x, %k) {upper = 1 : i64} : (tensor<2x?x?xf32>, tensor<1xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @one_hot
// CHECK: xf.compare {{ ?}}eq %{{.*}} : (tensor<5x1xi64>, tensor<3xi64>) -> tensor<5x3xi1>
// CHECK: xf.select
func.func @one_hot(%i: tensor<5xi64>) -> !onnx.value {
  %depth = arith.constant dense<3> : tensor<i64>
  %values = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %y = onnx.node "OneHot" domain "" since 11 (%i, %depth, %values) {} : (tensor<5xi64>, tensor<i64>, tensor<2xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// The taken branch of an If with a known condition stands in its place.
// CHECK-LABEL: func.func @branches
// CHECK-NOT: onnx.node
// CHECK: %[[Y:.*]] = xf.unary {{ ?}}neg %arg0
// CHECK-NOT: xf.unary
// CHECK: return %[[Y]]
func.func @branches(%x: tensor<2x3xf32>) -> !onnx.value {
  %two = arith.constant dense<2> : tensor<i64>
  %n = onnx.node "Size" domain "" since 13 (%x) {} : (tensor<2x3xf32>) -> !onnx.value
  %c = onnx.node "Equal" domain "" since 13 (%n, %two) {} : (!onnx.value, tensor<i64>) -> !onnx.value
  %y = "onnx.node"(%c) ({
    %0 = onnx.node "Exp" domain "" since 13 (%x) {} : (tensor<2x3xf32>) -> !onnx.value
    onnx.yield %0 : !onnx.value
  }, {
    %0 = onnx.node "Neg" domain "" since 13 (%x) {} : (tensor<2x3xf32>) -> !onnx.value
    onnx.yield %0 : !onnx.value
  }) {op_type = "If", domain = "", version = 13 : i64, attrs = {}, graph_names = ["then_branch", "else_branch"]} : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
