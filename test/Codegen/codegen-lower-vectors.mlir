// RUN: tilewright-opt %s --codegen-lower-vectors | FileCheck %s

// Transfers of one dimension are loads, masks compare 32-bit lanes, sums of two dimensions are sums of rows.
// CHECK-LABEL: func.func @transfer
// CHECK-NOT: vector.transfer_read
// CHECK: vector.load
func.func @transfer(%x: memref<32xf32>, %i: index) -> vector<16xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = vector.transfer_read %x[%i], %zero {in_bounds = [true]} : memref<32xf32>, vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @mask
// CHECK-NOT: vector.create_mask
// CHECK: arith.cmpi {{.*}} : vector<16xi32>
func.func @mask(%n: index) -> vector<16xi1> {
  %0 = vector.create_mask %n : vector<16xi1>
  return %0 : vector<16xi1>
}

// CHECK-LABEL: func.func @sum
// CHECK-NOT: vector.multi_reduction
// CHECK-COUNT-2: vector.reduction <add>
func.func @sum(%x: vector<2x16xf32>, %init: vector<2xf32>) -> vector<2xf32> {
  %0 = vector.multi_reduction <add>, %x, %init [1] : vector<2x16xf32> to vector<2xf32>
  return %0 : vector<2xf32>
}
