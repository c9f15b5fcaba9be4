// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// An empty scale is 1 (exporters write it); SimplifiedLayerNormalization occurs without a domain.
// CHECK-LABEL: func.func @norms
// CHECK: %[[L:.*]] = xf.layer_norm %arg0 axis 2 epsilon
// CHECK: %[[R:.*]] = xf.rms_norm %[[L]] scale(%arg1) axis 2 epsilon
// CHECK: xf.rms_norm %[[R]] scale(%arg1)
func.func @norms(%x: tensor<?x?x8xf32> {xf.name = "x", xf.dims = ["b", "s", ""]}, %w: tensor<8xf32>) -> !onnx.value {
  %none = onnx.absent
  %0 = onnx.node "LayerNormalization" domain "" since 17 (%x, %none) {axis = -1 : i64} : (tensor<?x?x8xf32>, none) -> !onnx.value
  %1 = onnx.node "SimplifiedLayerNormalization" domain "" since 17 (%0, %w) {epsilon = 1.0e-6 : f32, stash_type = 1 : i64}
    : (!onnx.value, tensor<8xf32>) -> !onnx.value
  %2 = onnx.node "RMSNormalization" domain "" since 23 (%1, %w) {} : (!onnx.value, tensor<8xf32>) -> !onnx.value
  return %2 : !onnx.value
}

// -----

// CHECK-LABEL: func.func @skip
// CHECK: %[[S:.*]] = xf.binary {{ ?}}add %arg0, %arg1
// CHECK: %[[T:.*]] = xf.binary {{ ?}}add %[[S]], %arg2
// CHECK: %[[Y:.*]] = xf.rms_norm %[[T]] scale(%arg2)
// CHECK: return %[[Y]], %[[T]]
func.func @skip(%x: tensor<2x3x8xf32>, %y: tensor<2x3x8xf32>, %w: tensor<8xf32>) -> (!onnx.value, !onnx.value) {
  %0:4 = onnx.node "SkipSimplifiedLayerNormalization" domain "com.microsoft" since 1 (%x, %y, %w, %w) {epsilon = 1.0e-5 : f32}
    : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (!onnx.value, !onnx.value, !onnx.value, !onnx.value)
  return %0#0, %0#3 : !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @groups
// CHECK: xf.reshape %arg0 to [2, 2, 12]
// CHECK: xf.layer_norm %{{.*}} axis 2
// CHECK: xf.reshape %{{.*}} to [2, 4, 6]
func.func @groups(%x: tensor<2x4x6xf32>, %w: tensor<4xf32>) -> !onnx.value {
  %0 = onnx.node "GroupNormalization" domain "" since 21 (%x, %w, %w) {num_groups = 2 : i64}
    : (tensor<2x4x6xf32>, tensor<4xf32>, tensor<4xf32>) -> !onnx.value
  return %0 : !onnx.value
}

// -----

// CHECK: module attributes {xf.bounds = {s = array<i64: 0, 32>}}
// CHECK-LABEL: func.func @embed
// CHECK-DAG: xf.gather %arg1[%arg0] axis 0
// CHECK-DAG: tensor.extract_slice %arg2[0, 0] [%{{.*}}, 8] [1, 1]
// CHECK: xf.layer_norm %{{.*}} scale(%{{.*}}) bias(%{{.*}}) axis 2
func.func @embed(%ids: tensor<?x?xi32> {xf.name = "ids", xf.dims = ["b", "s"]}, %words: tensor<100x8xf32>, %places: tensor<32x8xf32>,
                 %w: tensor<8xf32>) -> !onnx.value {
  %none = onnx.absent
  %0:2 = onnx.node "EmbedLayerNormalization" domain "com.microsoft" since 1 (%ids, %none, %words, %places, %none, %w, %w) {}
    : (tensor<?x?xi32>, none, tensor<100x8xf32>, tensor<32x8xf32>, none, tensor<8xf32>, tensor<8xf32>) -> (!onnx.value, !onnx.value)
  return %0#0 : !onnx.value
}

// -----

// Axes count from the end, too.
// CHECK-LABEL: func.func @mean_variance
// CHECK: %[[M:.*]] = xf.reduce {{ ?}}mean %arg0 axes [1, 3]
// CHECK: %[[C:.*]] = xf.binary {{ ?}}sub %arg0, %[[M]]
// CHECK: %[[S:.*]] = xf.binary {{ ?}}mul %[[C]], %[[C]]
// CHECK: %[[V:.*]] = xf.reduce {{ ?}}mean %[[S]] axes [1, 3]
// CHECK: %[[D:.*]] = xf.unary {{ ?}}sqrt %[[V]]
// CHECK: %[[E:.*]] = xf.binary {{ ?}}add %[[D]]
// CHECK: xf.binary {{ ?}}div %[[C]], %[[E]]
func.func @mean_variance(%x: tensor<?x3x4x5xf32> {xf.name = "x", xf.dims = ["b", "", "", ""]}) -> !onnx.value {
  %0 = onnx.node "MeanVarianceNormalization" domain "" since 13 (%x) {axes = array<i64: 1, -1>} : (tensor<?x3x4x5xf32>) -> !onnx.value
  return %0 : !onnx.value
}
