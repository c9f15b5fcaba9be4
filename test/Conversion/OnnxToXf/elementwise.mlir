// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @one_to_one
// CHECK: xf.unary {{ ?}}erf %arg0
// CHECK: xf.unary {{ ?}}round_even
// CHECK: xf.binary {{ ?}}pow
// CHECK: xf.compare {{ ?}}le
// CHECK: xf.select
func.func @one_to_one(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> !onnx.value {
  %0 = onnx.node "Erf" domain "" since 17 (%x) {} : (tensor<2x3xf32>) -> !onnx.value
  %1 = onnx.node "Round" domain "" since 17 (%0) {} : (!onnx.value) -> !onnx.value
  %2 = onnx.node "Pow" domain "" since 17 (%1, %y) {} : (!onnx.value, tensor<3xf32>) -> !onnx.value
  %3 = onnx.node "LessOrEqual" domain "" since 17 (%2, %y) {} : (!onnx.value, tensor<3xf32>) -> !onnx.value
  %4 = onnx.node "Where" domain "" since 17 (%3, %x, %2) {} : (!onnx.value, tensor<2x3xf32>, !onnx.value) -> !onnx.value
  return %4 : !onnx.value
}

// -----

// Named activations map to one op each; Swish with another alpha is spelled out.
// CHECK-LABEL: func.func @activations
// CHECK: xf.unary {{ ?}}gelu_tanh
// CHECK: xf.unary {{ ?}}gelu_erf
// CHECK: xf.unary {{ ?}}silu
// CHECK: %[[A:.*]] = arith.constant dense<1.702000e+00>
// CHECK: xf.binary {{ ?}}mul %[[X:.*]], %[[A]]
// CHECK: xf.unary {{ ?}}sigmoid
// CHECK: xf.binary {{ ?}}mul %[[X]]
func.func @activations(%x: tensor<2x3xf32>) -> !onnx.value {
  %0 = onnx.node "Gelu" domain "" since 20 (%x) {approximate = "tanh"} : (tensor<2x3xf32>) -> !onnx.value
  %1 = onnx.node "Gelu" domain "com.microsoft" since 1 (%0) {} : (!onnx.value) -> !onnx.value
  %2 = onnx.node "Swish" domain "" since 24 (%1) {} : (!onnx.value) -> !onnx.value
  %3 = onnx.node "QuickGelu" domain "com.microsoft" since 1 (%2) {alpha = 1.702 : f32} : (!onnx.value) -> !onnx.value
  return %3 : !onnx.value
}

// -----

// Clip's limits were attributes before opset 11, then optional inputs.
// CHECK-LABEL: func.func @clip
// CHECK: %[[SIX:.*]] = arith.constant dense<6.000000e+00> : tensor<f32>
// CHECK: xf.binary {{ ?}}min %arg0, %[[SIX]]
// CHECK-NOT: xf.binary
// CHECK: xf.binary {{ ?}}max %arg0, %arg1
// CHECK-NOT: xf.binary
func.func @clip(%x: tensor<2x3xf32>, %low: tensor<f32>) -> (!onnx.value, !onnx.value) {
  %none = onnx.absent
  %0 = onnx.node "Clip" domain "" since 10 (%x) {max = 6.0 : f32} : (tensor<2x3xf32>) -> !onnx.value
  %1 = onnx.node "Clip" domain "" since 11 (%x, %low, %none) {} : (tensor<2x3xf32>, tensor<f32>, none) -> !onnx.value
  return %0, %1 : !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @casts
// CHECK: xf.cast %arg0 : (tensor<4xi64>) -> tensor<4xf32>
// CHECK: xf.cast %{{.*}} : (tensor<4xf32>) -> tensor<4xi1>
func.func @casts(%x: tensor<4xi64>, %b: tensor<2xi1>) -> !onnx.value {
  %0 = onnx.node "Cast" domain "" since 19 (%x) {to = 1 : i64, saturate = 1 : i64} : (tensor<4xi64>) -> !onnx.value
  %1 = onnx.node "CastLike" domain "" since 19 (%0, %b) {} : (!onnx.value, tensor<2xi1>) -> !onnx.value
  return %1 : !onnx.value
}

// -----

// Sizes that must agree under different names, and tables that must be long enough, become requirements on the dimensions.
// CHECK: module attributes {xf.bounds = {seq = array<i64: 0, 512>}, xf.requires = [{dims = ["past", "seq", "total"], factors = array<i64: {{-?1, -?1, -?1}}>, range = array<i64: 0, 0>}]}
// CHECK-LABEL: func.func @requirements
// CHECK-NOT: arith.minsi
func.func @requirements(%k: tensor<?xf32> {xf.name = "k", xf.dims = ["past"]}, %q: tensor<?xf32> {xf.name = "q", xf.dims = ["seq"]},
                        %m: tensor<?xf32> {xf.name = "m", xf.dims = ["total"]}, %table: tensor<512xf32>) -> (!onnx.value, !onnx.value) {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %kq = onnx.node "Concat" domain "" since 17 (%k, %q) {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> !onnx.value
  %0 = onnx.node "Add" domain "" since 17 (%kq, %m) {} : (!onnx.value, tensor<?xf32>) -> !onnx.value
  %n = onnx.node "Shape" domain "" since 17 (%q) {} : (tensor<?xf32>) -> !onnx.value
  %rows = onnx.node "Slice" domain "" since 17 (%table, %zero, %n) {} : (tensor<512xf32>, tensor<1xi64>, !onnx.value) -> !onnx.value
  %1 = onnx.node "Add" domain "" since 17 (%q, %rows) {} : (tensor<?xf32>, !onnx.value) -> !onnx.value
  return %0, %1 : !onnx.value, !onnx.value
}
