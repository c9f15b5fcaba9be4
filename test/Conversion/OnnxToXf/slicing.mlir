// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// Bounds clamp as ONNX says; 2^63 - 1 is the dimension itself; several axes are one slice; backwards is a gather.
// CHECK-LABEL: func.func @slices
// CHECK: tensor.extract_slice %arg0[1, 0] [3, 2] [1, 3] : tensor<4x6xf32> to tensor<3x2xf32>
// CHECK: %[[R:.*]] = arith.constant dense<[3, 2, 1, 0]> : tensor<4xi64>
// CHECK: xf.gather %arg0[%[[R]]] axis 0
func.func @slices(%x: tensor<4x6xf32>) -> (!onnx.value, !onnx.value) {
  %starts = arith.constant dense<[1, -100]> : tensor<2xi64>
  %ends = arith.constant dense<[9223372036854775807, -1]> : tensor<2xi64>
  %axes = arith.constant dense<[-2, 1]> : tensor<2xi64>
  %steps = arith.constant dense<[1, 3]> : tensor<2xi64>
  %y = onnx.node "Slice" domain "" since 13 (%x, %starts, %ends, %axes, %steps) {}
    : (tensor<4x6xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> !onnx.value
  %from = arith.constant dense<-1> : tensor<1xi64>
  %to = arith.constant dense<-9223372036854775807> : tensor<1xi64>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %z = onnx.node "Slice" domain "" since 13 (%x, %from, %to, %zero, %from) {}
    : (tensor<4x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.value
  return %y, %z : !onnx.value, !onnx.value
}

// -----

// Where a constant end may lie beyond a symbolic dimension, the smaller one is computed.
// CHECK-LABEL: func.func @truncate
// CHECK: %[[N:.*]] = arith.minsi
// CHECK: tensor.extract_slice %arg0[0] [%[[N]]] [1]
func.func @truncate(%x: tensor<?xf32> {xf.name = "x", xf.dims = ["n"]}) -> !onnx.value {
  %y = onnx.node "Slice" domain "" since 9 (%x) {starts = array<i64: 0>, ends = array<i64: 7>} : (tensor<?xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// Opset 18 allows an uneven last part; sizes were an attribute before opset 13.
// CHECK-LABEL: func.func @splits
// CHECK-DAG: tensor.extract_slice %arg0[0] [3] [1]
// CHECK-DAG: tensor.extract_slice %arg0[6] [1] [1]
// CHECK-DAG: tensor.extract_slice %arg0[2] [5] [1]
func.func @splits(%x: tensor<7xf32>) -> (!onnx.value, !onnx.value, !onnx.value) {
  %y:3 = onnx.node "Split" domain "" since 18 (%x) {axis = 0 : i64, num_outputs = 3 : i64}
    : (tensor<7xf32>) -> (!onnx.value, !onnx.value, !onnx.value)
  %z:2 = onnx.node "Split" domain "" since 11 (%x) {split = array<i64: 2, 5>} : (tensor<7xf32>) -> (!onnx.value, !onnx.value)
  return %y#0, %y#2, %z#1 : !onnx.value, !onnx.value, !onnx.value
}

// -----

// One constant index is a slice; others gather, element-wise ones by their position in the data read as a vector.
// CHECK-LABEL: func.func @gathers
// CHECK: tensor.extract_slice %arg0[0, 2] [4, 1] [1, 1]
// CHECK: xf.gather %arg0[%arg1] axis 1
// CHECK: %[[V:.*]] = xf.reshape %arg0 to [24]
// CHECK: xf.gather %[[V]][%{{.*}}] axis 0 : (tensor<24xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
func.func @gathers(%x: tensor<4x6xf32>, %i: tensor<4x2xi64>) -> (!onnx.value, !onnx.value, !onnx.value) {
  %two = arith.constant dense<2> : tensor<i64>
  %0 = onnx.node "Gather" domain "" since 13 (%x, %two) {axis = -1 : i64} : (tensor<4x6xf32>, tensor<i64>) -> !onnx.value
  %1 = onnx.node "Gather" domain "" since 13 (%x, %i) {axis = 1 : i64} : (tensor<4x6xf32>, tensor<4x2xi64>) -> !onnx.value
  %2 = onnx.node "GatherElements" domain "" since 13 (%x, %i) {axis = 1 : i64} : (tensor<4x6xf32>, tensor<4x2xi64>) -> !onnx.value
  return %0, %1, %2 : !onnx.value, !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @pads
// CHECK: tensor.pad %arg0 low[0, 1] high[0, 2]
// CHECK: tensor.yield %{{.*}} : f32
func.func @pads(%x: tensor<2x3xf32>) -> !onnx.value {
  %none = onnx.absent
  %p = arith.constant dense<[1, 2]> : tensor<2xi64>
  %a = arith.constant dense<-1> : tensor<1xi64>
  %y = onnx.node "Pad" domain "" since 18 (%x, %p, %none, %a) {} : (tensor<2x3xf32>, tensor<2xi64>, none, tensor<1xi64>) -> !onnx.value
  return %y : !onnx.value
}
