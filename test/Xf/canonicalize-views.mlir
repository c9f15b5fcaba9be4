// RUN: tilewright-opt %s --canonicalize | FileCheck %s

// Heads split, exchanged, merged and split again.
// CHECK-LABEL: func @there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?x8xf32>
func.func @there_and_back(%x: tensor<?x4x?x8xf32> {xf.dims = ["batch", "", "seq", ""]}) -> tensor<?x4x?x8xf32> {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  %0 = xf.transpose %x perm [0, 2, 1, 3] : (tensor<?x4x?x8xf32>) -> tensor<?x?x4x8xf32>
  %1 = xf.reshape %0 to [%b, %s, 32] : tensor<?x?x4x8xf32> -> tensor<?x?x32xf32>
  %2 = xf.reshape %1 to [%b, %s, 4, 8] : tensor<?x?x32xf32> -> tensor<?x?x4x8xf32>
  %3 = xf.transpose %2 perm [0, 2, 1, 3] : (tensor<?x?x4x8xf32>) -> tensor<?x4x?x8xf32>
  // CHECK-NEXT: return %[[X]]
  return %3 : tensor<?x4x?x8xf32>
}

// CHECK-LABEL: func @composed
func.func @composed(%x: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<24xf32>) {
  // CHECK-DAG: xf.transpose %{{.*}} perm [1, 2, 0]
  %0 = xf.transpose %x perm [1, 0, 2] : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %1 = xf.transpose %0 perm [0, 2, 1] : (tensor<3x2x4xf32>) -> tensor<3x4x2xf32>
  // CHECK-DAG: xf.reshape %{{.*}} to [24] : tensor<2x3x4xf32>
  %2 = xf.reshape %x to [6, 4] : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %3 = xf.reshape %2 to [24] : tensor<6x4xf32> -> tensor<24xf32>
  return %1, %3 : tensor<3x4x2xf32>, tensor<24xf32>
}

// Two dynamic sizes of the same type may be exchanged by a reshape.
// CHECK-LABEL: func @exchanged
func.func @exchanged(%x: tensor<?x?xf32> {xf.dims = ["batch", "seq"]}) -> tensor<?x?xf32> {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  // CHECK: xf.reshape
  %0 = xf.reshape %x to [%s, %b] : tensor<?x?xf32> -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// Without elements their number does not decide the dynamic size.
// CHECK-LABEL: func @empty
func.func @empty(%x: tensor<0x?xf32> {xf.dims = ["", "n"]}) -> tensor<0x?xf32> {
  // CHECK: xf.reshape
  %m = xf.dim "m"
  %0 = xf.reshape %x to [0, %m] : tensor<0x?xf32> -> tensor<0x?xf32>
  return %0 : tensor<0x?xf32>
}
