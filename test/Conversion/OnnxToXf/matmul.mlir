// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// A linear layer is a product with a rank-2 right side; transB is transpose_rhs.
// CHECK-LABEL: func.func @gemm
// CHECK: %[[P:.*]] = xf.matmul %arg0, %arg1 transpose_rhs : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
// CHECK: %[[Q:.*]] = xf.binary {{ ?}}mul %[[P]]
// CHECK: xf.binary {{ ?}}add %[[Q]], %arg2
func.func @gemm(%x: tensor<?x8xf32> {xf.name = "x", xf.dims = ["n", ""]}, %w: tensor<4x8xf32>, %b: tensor<4xf32>) -> !onnx.value {
  %y = onnx.node "Gemm" domain "" since 13 (%x, %w, %b) {alpha = 0.5 : f32, transB = 1 : i64}
    : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @vectors
// CHECK: xf.matmul %{{.*}} : (tensor<1x8xf32>, tensor<8x1xf32>) -> tensor<1x1xf32>
// CHECK: -> tensor<f32>
func.func @vectors(%x: tensor<8xf32>, %y: tensor<8xf32>) -> !onnx.value {
  %z = onnx.node "MatMul" domain "" since 13 (%x, %y) {} : (tensor<8xf32>, tensor<8xf32>) -> !onnx.value
  return %z : !onnx.value
}

// -----

// CHECK-LABEL: func.func @fused
// CHECK: xf.transpose %arg0 perm [0, 2, 1]
// CHECK: xf.matmul %{{.*}} : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
// CHECK: xf.binary {{ ?}}mul
func.func @fused(%x: tensor<2x4x3xf32>, %y: tensor<2x4x5xf32>) -> !onnx.value {
  %z = onnx.node "FusedMatMul" domain "com.microsoft" since 1 (%x, %y) {alpha = 2.0 : f32, transA = 1 : i64}
    : (tensor<2x4x3xf32>, tensor<2x4x5xf32>) -> !onnx.value
  return %z : !onnx.value
}

// -----

// CHECK-LABEL: func.func @einsum
// CHECK: xf.matmul %{{.*}} transpose_rhs : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x?xf32>
// CHECK-NOT: xf.transpose
func.func @einsum(%q: tensor<?x4x?x8xf32> {xf.name = "q", xf.dims = ["b", "", "s", ""]},
                  %k: tensor<?x4x?x8xf32> {xf.name = "k", xf.dims = ["b", "", "t", ""]}) -> !onnx.value {
  %z = onnx.node "Einsum" domain "" since 12 (%q, %k) {equation = "bhid, bhjd -> bhij"}
    : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> !onnx.value
  return %z : !onnx.value
}
