// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// Axes were attributes before opset 18 (13 for ReduceSum); none means all, unless noop_with_empty_axes.
// CHECK-LABEL: func.func @axes
// CHECK: xf.reduce {{ ?}}mean %arg0 axes [1] keep_dims
// CHECK: xf.reduce {{ ?}}max %arg0 axes [0, 1] :
// CHECK: return %{{.*}}, %{{.*}}, %arg0
func.func @axes(%x: tensor<2x3xf32>) -> (!onnx.value, !onnx.value, !onnx.value) {
  %0 = onnx.node "ReduceMean" domain "" since 17 (%x) {axes = array<i64: -1>} : (tensor<2x3xf32>) -> !onnx.value
  %1 = onnx.node "ReduceMax" domain "" since 18 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> !onnx.value
  %2 = onnx.node "ReduceSum" domain "" since 13 (%x) {noop_with_empty_axes = 1 : i64} : (tensor<2x3xf32>) -> !onnx.value
  return %0, %1, %2 : !onnx.value, !onnx.value, !onnx.value
}

// -----

// Softmax flattened everything from axis 1 on before opset 13, and works along the last axis since.
// CHECK-LABEL: func.func @softmax
// CHECK: %[[F:.*]] = xf.reshape %arg0 to [2, 12]
// CHECK: %[[S:.*]] = xf.softmax %[[F]] axis 1
// CHECK: xf.reshape %[[S]] to [2, 3, 4]
// CHECK: xf.softmax %arg0 axis 2
func.func @softmax(%x: tensor<2x3x4xf32>) -> (!onnx.value, !onnx.value) {
  %0 = onnx.node "Softmax" domain "" since 12 (%x) {} : (tensor<2x3x4xf32>) -> !onnx.value
  %1 = onnx.node "Softmax" domain "" since 13 (%x) {} : (tensor<2x3x4xf32>) -> !onnx.value
  return %0, %1 : !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @arg
// CHECK: xf.reduce {{ ?}}argmax %arg0 axes [1] : (tensor<2x3xf32>) -> tensor<2xi64>
func.func @arg(%x: tensor<2x3xf32>) -> !onnx.value {
  %0 = onnx.node "ArgMax" domain "" since 13 (%x) {axis = -1 : i64, keepdims = 0 : i64} : (tensor<2x3xf32>) -> !onnx.value
  return %0 : !onnx.value
}

// -----

// A running sum is a product with a triangle; of floats the terms are selected, since infinity times zero is no zero.
// CHECK-LABEL: func.func @cumsum
// CHECK: %[[M:.*]] = xf.compare {{ ?}}le %{{.*}} : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
// CHECK: %[[T:.*]] = xf.cast %[[M]]
// CHECK: xf.matmul %arg0, %[[T]] transpose_rhs : (tensor<2x?xi64>, tensor<?x?xi64>) -> tensor<2x?xi64>
// CHECK: %[[S:.*]] = xf.select %[[M]], %{{.*}} -> tensor<2x?x?xf32>
// CHECK: xf.reduce {{ ?}}sum %[[S]] axes [2]
func.func @cumsum(%x: tensor<2x?xi64> {xf.name = "x", xf.dims = ["", "s"]}, %y: tensor<2x?xf32> {xf.name = "y", xf.dims = ["", "s"]})
    -> (!onnx.value, !onnx.value) {
  %axis = arith.constant dense<1> : tensor<i64>
  %0 = onnx.node "CumSum" domain "" since 14 (%x, %axis) {} : (tensor<2x?xi64>, tensor<i64>) -> !onnx.value
  %1 = onnx.node "CumSum" domain "" since 14 (%y, %axis) {} : (tensor<2x?xf32>, tensor<i64>) -> !onnx.value
  return %0, %1 : !onnx.value, !onnx.value
}
