// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @patches
// CHECK: xf.conv %arg0 filter(%arg1) bias(%arg2) strides [4, 4] pads [0, 0, 0, 0] dilations [1, 1] group 1
// CHECK-SAME: -> tensor<?x8x4x4xf32>
func.func @patches(%x: tensor<?x3x16x16xf32> {xf.name = "x", xf.dims = ["b", "", "", ""]}, %w: tensor<8x3x4x4xf32>, %b: tensor<8xf32>)
    -> !onnx.value {
  %y = onnx.node "Conv" domain "" since 17 (%x, %w, %b) {kernel_shape = array<i64: 4, 4>, strides = array<i64: 4, 4>}
    : (tensor<?x3x16x16xf32>, tensor<8x3x4x4xf32>, tensor<8xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// SAME_UPPER puts the odd pad at the end.
// CHECK-LABEL: func.func @same
// CHECK: xf.conv {{.*}} strides [2] pads [1, 2] dilations [1] group 2
// CHECK: xf.reduce {{ ?}}mean %{{.*}} axes [2] keep_dims
func.func @same(%x: tensor<1x4x16xf32>, %w: tensor<8x2x5xf32>) -> !onnx.value {
  %y = onnx.node "Conv" domain "" since 17 (%x, %w) {auto_pad = "SAME_UPPER", strides = array<i64: 2>, group = 2 : i64}
    : (tensor<1x4x16xf32>, tensor<8x2x5xf32>) -> !onnx.value
  %z = onnx.node "GlobalAveragePool" domain "" since 17 (%y) {} : (!onnx.value) -> !onnx.value
  return %z : !onnx.value
}
