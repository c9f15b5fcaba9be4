// RUN: tilewright-opt %s --xf-merge-projections --canonicalize --cse --split-input-file | FileCheck %s

xf.weight_data @q : tensor<8x8xf32> from #xf.source<"m", 0, 256, raw>
xf.weight_data @k : tensor<4x8xf32> from #xf.source<"m", 256, 128, raw>
xf.weight_data @v : tensor<8x4xf32> from #xf.source<"m", 512, 128, raw>

// Q with a bias, K transposed and without one, V with a bias on the left.
// CHECK-LABEL: func @qkv
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32> {{.*}}
func.func @qkv(%x: tensor<?x8xf32> {xf.dims = ["seq", ""]}, %unrelated: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<f32>
  // CHECK-DAG: %[[BQ:.*]] = arith.constant dense<1.0{{.*}}> : tensor<8xf32>
  // CHECK-DAG: %[[BV:.*]] = arith.constant dense<2.0{{.*}}> : tensor<4xf32>
  // CHECK-DAG: %[[Q:.*]] = xf.weight @q
  // CHECK-DAG: %[[K:.*]] = xf.weight @k
  // CHECK-DAG: %[[V:.*]] = xf.weight @v
  // CHECK-DAG: %[[KT:.*]] = xf.transpose %[[K]] perm [1, 0]
  // CHECK-DAG: %[[W:.*]] = tensor.concat dim(1) %[[Q]], %[[KT]], %[[V]] : {{.*}} -> tensor<8x16xf32>
  // CHECK-DAG: %[[BK:.*]] = xf.broadcast %[[ZERO]] to [4]
  // CHECK-DAG: %[[B:.*]] = tensor.concat dim(0) %[[BQ]], %[[BK]], %[[BV]]
  // CHECK-DAG: %[[Y:.*]] = xf.matmul %[[X]], %[[W]] :
  // CHECK: %[[S:.*]] = xf.binary add %[[Y]], %[[B]]
  // CHECK-DAG: tensor.extract_slice %[[S]][0, 0] [%{{.*}}, 8] [1, 1]
  // CHECK-DAG: tensor.extract_slice %[[S]][0, 8] [%{{.*}}, 4] [1, 1]
  // CHECK-DAG: tensor.extract_slice %[[S]][0, 12] [%{{.*}}, 4] [1, 1]
  %bq = arith.constant dense<1.0> : tensor<8xf32>
  %bv = arith.constant dense<2.0> : tensor<4xf32>
  %wq = xf.weight @q : tensor<8x8xf32>
  %q = xf.matmul %x, %wq : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %qb = xf.binary add %q, %bq : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %wk = xf.weight @k : tensor<4x8xf32>
  %k = xf.matmul %x, %wk transpose_rhs : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %wv = xf.weight @v : tensor<8x4xf32>
  %v = xf.matmul %x, %wv : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %vb = xf.binary add %bv, %v : (tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %qb, %k, %vb : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

xf.weight_data @a : tensor<8x8xf32> from #xf.source<"m", 0, 256, raw>
xf.weight_data @b : tensor<8x8xf32> from #xf.source<"m", 256, 256, raw>

// Different inputs; a right side that is no weight; an attention in between.
// CHECK-LABEL: func @apart
// CHECK-NOT: tensor.concat
func.func @apart(%x: tensor<2x2x4x8xf32>, %y: tensor<2x2x4x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) {
  %a = xf.weight @a : tensor<8x8xf32>
  %b = xf.weight @b : tensor<8x8xf32>
  %0 = xf.matmul %x, %a : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  %1 = xf.matmul %y, %b : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  %2 = xf.matmul %x, %w : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  %3 = xf.attention %0, %1, %2 scale 1.0 : (tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) -> tensor<2x2x4x8xf32>
  %4 = xf.matmul %x, %b : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  return %1, %2, %3, %4 : tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>
}

// -----

xf.weight_data @a : tensor<8x8xf32> from #xf.source<"m", 0, 256, raw>
xf.weight_data @b : tensor<8x8xf32> from #xf.source<"m", 256, 256, raw>
// A bias may be added behind the attention that ends the group.
// CHECK-LABEL: func @bias_behind_attention
// CHECK: %[[S:.*]] = xf.binary add
// CHECK: tensor.extract_slice %[[S]]
// CHECK: tensor.extract_slice %[[S]]
// CHECK: xf.attention
func.func @bias_behind_attention(%x: tensor<2x2x4x8xf32>) -> (tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) {
  %bias = arith.constant dense<1.0> : tensor<8xf32>
  %a = xf.weight @a : tensor<8x8xf32>
  %b = xf.weight @b : tensor<8x8xf32>
  %0 = xf.matmul %x, %a : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  %1 = xf.matmul %x, %b : (tensor<2x2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x2x4x8xf32>
  %3 = xf.attention %x, %x, %x scale 1.0 : (tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) -> tensor<2x2x4x8xf32>
  %2 = xf.binary add %1, %bias : (tensor<2x2x4x8xf32>, tensor<8xf32>) -> tensor<2x2x4x8xf32>
  return %0, %2, %3 : tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>
}
