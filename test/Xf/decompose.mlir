// RUN: tilewright-opt %s --xf-decompose --canonicalize --cse | FileCheck %s
// What later stages rely on. What the definitions compute is tested by execute.test.

// CHECK-DAG: #[[REPEATED:.*]] = affine_map<(d0, d1, d2) -> (d0, 0, d2)>
// CHECK-DAG: #[[WHOLE:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NOT: xf.{{[^d]}}

// Sizes come from the model's dimensions; splitting a head is one expansion, merging batch and sequence one collapse.
// CHECK-LABEL: func @reshape
func.func @reshape(%x: tensor<?x?x768xf32> {xf.dims = ["b", "s", ""]}) -> (tensor<?x?x12x64xf32>, tensor<?x768xf32>) {
  // CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1], [2, 3]] output_shape [%{{.*}}, %{{.*}}, 12, 64]
  // CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]]
  %b = xf.dim "b"
  %s = xf.dim "s"
  %bs = arith.muli %b, %s : index
  %0 = xf.reshape %x to [%b, %s, 12, 64] : tensor<?x?x768xf32> -> tensor<?x?x12x64xf32>
  %1 = xf.reshape %x to [%bs, 768] : tensor<?x?x768xf32> -> tensor<?x768xf32>
  return %0, %1 : tensor<?x?x12x64xf32>, tensor<?x768xf32>
}

// The divisions of a softmax fall on rows, the maximum starts from -inf, 16-bit floats are computed in f32.
// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<?x8xf16> {xf.dims = ["s", ""]}) -> tensor<?x8xf16> {
  // CHECK-DAG: %[[LEAST:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[S:.*]] = xf.dim "s"
  // CHECK: tensor.empty(%[[S]]) : tensor<?xf32>
  // CHECK: linalg.fill ins(%[[LEAST]]
  // CHECK: iterator_types = ["parallel", "reduction"]
  // CHECK: arith.maxnumf {{.*}} : f32
  // CHECK: math.exp {{.*}} : f32
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]
  // CHECK: arith.divf
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
  // CHECK: arith.mulf
  // CHECK: arith.truncf %{{.*}} : f32 to f16
  %0 = xf.softmax %x axis 1 : (tensor<?x8xf16>) -> tensor<?x8xf16>
  return %0 : tensor<?x8xf16>
}

// Loops (batch, m, k, n); (batch, m, n, k) where the contracted dimension of rhs is contiguous.
// CHECK-LABEL: func @matmul
func.func @matmul(%x: tensor<2x4x8xf32>, %y: tensor<8x16xf32>, %z: tensor<16x8xf32>) -> (tensor<2x4x16xf32>, tensor<2x4x16xf32>) {
  // CHECK: iterator_types = ["parallel", "parallel", "reduction", "parallel"]
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
  %0 = xf.matmul %x, %y : (tensor<2x4x8xf32>, tensor<8x16xf32>) -> tensor<2x4x16xf32>
  %1 = xf.matmul %x, %z transpose_rhs : (tensor<2x4x8xf32>, tensor<16x8xf32>) -> tensor<2x4x16xf32>
  return %0, %1 : tensor<2x4x16xf32>, tensor<2x4x16xf32>
}

// Powers of constants are products.
// CHECK-LABEL: func @square
func.func @square(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NOT: math.powf
  // CHECK: arith.mulf %[[X:.*]], %[[X]]
  %two = arith.constant dense<2.0> : tensor<f32>
  %0 = xf.binary pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// The size of a sum of sums is the model's dimension.
// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<?x8xf32> {xf.dims = ["s", ""]}) -> tensor<?x8xf32> {
  // CHECK-NOT: tensor.dim
  %0 = xf.binary add %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = xf.binary add %0, %0 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = xf.unary exp %1 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// A dimension of one that is one everywhere is read as any other: rows and epilogues see an elementwise op. A repeated one is read at 0.
// CHECK-LABEL: func @one_batch
func.func @one_batch(%x: tensor<1x4x8xf32>, %y: tensor<1x1x8xf32>) -> tensor<1x4x8xf32> {
  // CHECK: indexing_maps = [#[[WHOLE]], #[[REPEATED]], #[[WHOLE]]]
  %0 = xf.binary add %x, %y : (tensor<1x4x8xf32>, tensor<1x1x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
