// RUN: tilewright-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @neutral
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @neutral(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %0 = xf.binary add %zero, %x : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = xf.binary mul %0, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %2 = xf.binary div %1, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}

// CHECK-LABEL: func @proved_requirement
// CHECK-NOT: xf.require
func.func @proved_requirement() {
  %n = xf.dim "n"
  %m = xf.dim "n"
  xf.require %n equals %m
  return
}

// A neutral constant that brings sizes is no identity.
// CHECK-LABEL: func @broadcasting_zero
// CHECK: xf.binary add
func.func @broadcasting_zero(%x: tensor<1xf32>) -> tensor<4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %0 = xf.binary add %x, %zero : (tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func @constants
// CHECK-DAG: dense<[2.500000e+00, 3.500000e+00]> : tensor<2xf32>
// CHECK-DAG: dense<-3> : tensor<i64>
// CHECK-NOT: xf.
func.func @constants() -> (tensor<2xf32>, tensor<i64>) {
  %a = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<1.5> : tensor<f32>
  %0 = xf.binary add %a, %b : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %c = arith.constant dense<7> : tensor<i64>
  %d = arith.constant dense<-2> : tensor<i64>
  %1 = xf.binary div %c, %d : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %0, %1 : tensor<2xf32>, tensor<i64>
}

// CHECK-LABEL: func @power_of_two
// CHECK: dense<1.250000e-01>
// CHECK: xf.binary mul
func.func @power_of_two(%x: tensor<4xf32>) -> tensor<4xf32> {
  %eight = arith.constant dense<8.0> : tensor<f32>
  %0 = xf.binary div %x, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func @casts
// CHECK-SAME: (%[[X:.*]]: tensor<4xf16>, %[[Y:.*]]: tensor<4xi64>)
func.func @casts(%x: tensor<4xf16>, %y: tensor<4xi64>) -> (tensor<4xf16>, tensor<4xi8>) {
  // CHECK: %[[NARROW:.*]] = xf.cast %[[Y]] : (tensor<4xi64>) -> tensor<4xf32>
  // CHECK: %[[BYTE:.*]] = xf.cast %[[NARROW]]
  // CHECK: return %[[X]], %[[BYTE]]
  %0 = xf.cast %x : (tensor<4xf16>) -> tensor<4xf32>
  %1 = xf.cast %0 : (tensor<4xf32>) -> tensor<4xf16>
  %2 = xf.cast %y : (tensor<4xi64>) -> tensor<4xf32>
  %3 = xf.cast %2 : (tensor<4xf32>) -> tensor<4xi8>
  return %1, %3 : tensor<4xf16>, tensor<4xi8>
}

// CHECK-LABEL: func @transposes
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = xf.transpose %x perm [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = xf.transpose %0 perm [1, 2, 0] : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// Sizes are compared as arithmetic on the model's dimensions.
// CHECK-LABEL: func @reshapes
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>
// CHECK: return %[[X]]
func.func @reshapes(%x: tensor<?x8xf32> {xf.dims = ["s", ""]}) -> tensor<?x8xf32> {
  %s = xf.dim "s"
  %0 = xf.reshape %x to [%s, 2, 4] : tensor<?x8xf32> -> tensor<?x2x4xf32>
  %t = xf.dim "s"
  %1 = xf.reshape %0 to [%t, 8] : tensor<?x2x4xf32> -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func @static_sizes
// CHECK: xf.reshape %{{.*}} to [2, 4] : tensor<?xf32> -> tensor<2x4xf32>
func.func @static_sizes(%x: tensor<?xf32>) -> tensor<?x4xf32> {
  %two = arith.constant 2 : index
  %0 = xf.reshape %x to [%two, 4] : tensor<?xf32> -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func @broadcast_operand
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>, %[[Y:.*]]: tensor<4xf32>, %{{.*}}: index)
// CHECK: xf.binary add %[[X]], %[[Y]]
func.func @broadcast_operand(%x: tensor<?x4xf32>, %y: tensor<4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = xf.broadcast %y to [%n, 4] : tensor<4xf32> -> tensor<?x4xf32>
  %1 = xf.binary add %x, %0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: func @transposed_rhs
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x8xf32>, %[[Y:.*]]: tensor<2x16x8xf32>)
// CHECK: xf.matmul %[[X]], %[[Y]] transpose_rhs
func.func @transposed_rhs(%x: tensor<2x4x8xf32>, %y: tensor<2x16x8xf32>) -> tensor<2x4x16xf32> {
  %0 = xf.transpose %y perm [0, 2, 1] : (tensor<2x16x8xf32>) -> tensor<2x8x16xf32>
  %1 = xf.matmul %x, %0 : (tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> tensor<2x4x16xf32>
  return %1 : tensor<2x4x16xf32>
}

// CHECK-LABEL: func @attention
// CHECK: xf.attention %{{[^,]*}}, %{{[^,]*}}, %{{[^ ]*}} scale 5.000000e-01 causal :
func.func @attention(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  %zero = arith.constant 0 : index
  %keep = arith.constant dense<true> : tensor<4x4xi1>
  %0 = xf.attention %x, %x, %x mask(%keep) offset(%zero) scale 0.5 causal : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<4x4xi1>, index) -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}

// On integers the logical kinds are bitwise: 6 & 3 is 2, and x & 1 is not x, but x & -1 is.
// CHECK-LABEL: func @bits
// CHECK-SAME: (%[[X:.*]]: tensor<4xi32>)
func.func @bits(%x: tensor<4xi32>) -> (tensor<i32>, tensor<4xi32>, tensor<4xi32>) {
  // CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2> : tensor<i32>
  // CHECK-DAG: %[[LAST:.*]] = xf.binary logical_and %[[X]]
  // CHECK: return %[[TWO]], %[[LAST]], %[[X]]
  %a = arith.constant dense<6> : tensor<i32>
  %b = arith.constant dense<3> : tensor<i32>
  %one = arith.constant dense<1> : tensor<i32>
  %all = arith.constant dense<-1> : tensor<i32>
  %0 = xf.binary logical_and %a, %b : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %1 = xf.binary logical_and %x, %one : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  %2 = xf.binary logical_and %x, %all : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  return %0, %1, %2 : tensor<i32>, tensor<4xi32>, tensor<4xi32>
}

// CHECK-LABEL: func @no_elements
// CHECK: xf.binary add
func.func @no_elements() -> tensor<0xf32> {
  %a = arith.constant dense<> : tensor<0xf32>
  %b = arith.constant dense<3.0> : tensor<f32>
  %0 = xf.binary add %a, %b : (tensor<0xf32>, tensor<f32>) -> tensor<0xf32>
  return %0 : tensor<0xf32>
}

// A float is clamped to the integers of its own type: 1e10 in f32 becomes 2147483520, in f64 2147483647.
// CHECK-LABEL: func @clamped
// CHECK: xf.cast %{{.*}} -> tensor<4xf64>
// CHECK: xf.cast %{{.*}} -> tensor<4xi32>
func.func @clamped(%x: tensor<4xf32>) -> tensor<4xi32> {
  %0 = xf.cast %x : (tensor<4xf32>) -> tensor<4xf64>
  %1 = xf.cast %0 : (tensor<4xf64>) -> tensor<4xi32>
  return %1 : tensor<4xi32>
}
