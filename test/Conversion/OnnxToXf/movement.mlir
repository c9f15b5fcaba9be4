// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// Squeeze, Unsqueeze, Flatten and Reshape are one op; axes were attributes before opset 13.
// CHECK-LABEL: func.func @reshapes
// CHECK: xf.reshape %arg0 to [%{{.*}}, 12] : tensor<?x3x4xf32> -> tensor<?x12xf32>
// CHECK: xf.reshape %{{.*}} to [1, %{{.*}}, 1, 12]
// CHECK: xf.reshape %{{.*}} to [%{{.*}}, 1, 12]
// CHECK: xf.reshape %{{.*}} to [%{{.*}}, 12]
func.func @reshapes(%x: tensor<?x3x4xf32> {xf.name = "x", xf.dims = ["n", "", ""]}) -> !onnx.value {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %f = onnx.node "Flatten" domain "" since 12 (%x) {axis = -2 : i64} : (tensor<?x3x4xf32>) -> !onnx.value
  %u = onnx.node "Unsqueeze" domain "" since 12 (%f) {axes = array<i64: -2, 0>} : (!onnx.value) -> !onnx.value
  %s = onnx.node "Squeeze" domain "" since 13 (%u, %zero) {} : (!onnx.value, tensor<1xi64>) -> !onnx.value
  %t = onnx.node "Squeeze" domain "" since 12 (%s) {} : (!onnx.value) -> !onnx.value
  return %t : !onnx.value
}

// -----

// Dropout is its input; its mask, where asked for, keeps everything.
// CHECK-LABEL: func.func @dropout
// CHECK: %[[M:.*]] = xf.broadcast %{{.*}} to [2, 1000] : tensor<i1> -> tensor<2x1000xi1>
// CHECK: return %arg0, %[[M]]
func.func @dropout(%x: tensor<2x1000xf32>) -> (!onnx.value, !onnx.value) {
  %none = onnx.absent
  %off = arith.constant dense<false> : tensor<i1>
  %y:2 = onnx.node "Dropout" domain "" since 13 (%x, %none, %off) {seed = 1 : i64}
    : (tensor<2x1000xf32>, none, tensor<i1>) -> (!onnx.value, !onnx.value)
  return %y#0, %y#1 : !onnx.value, !onnx.value
}

// -----

// CHECK-LABEL: func.func @tile
// CHECK: xf.reshape %arg0 to [1, 2, 1, 3]
// CHECK: xf.broadcast %{{.*}} to [4, 2, 5, 3]
// CHECK: xf.reshape %{{.*}} to [8, 15]
func.func @tile(%x: tensor<2x3xf32>) -> !onnx.value {
  %r = arith.constant dense<[4, 5]> : tensor<2xi64>
  %y = onnx.node "Tile" domain "" since 13 (%x, %r) {} : (tensor<2x3xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @depth_to_space
// CHECK: xf.reshape %arg0 to [1, 2, 2, 3, 4, 5]
// CHECK: xf.transpose %{{.*}} perm [0, 3, 4, 1, 5, 2]
// CHECK: xf.reshape %{{.*}} to [1, 3, 8, 10]
func.func @depth_to_space(%x: tensor<1x12x4x5xf32>) -> !onnx.value {
  %y = onnx.node "DepthToSpace" domain "" since 13 (%x) {blocksize = 2 : i64} : (tensor<1x12x4x5xf32>) -> !onnx.value
  return %y : !onnx.value
}
