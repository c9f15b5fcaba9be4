// RUN: tilewright-opt %s --codegen-copies-to-linalg | FileCheck %s

// Strides stay what they are: the op that replaces the copy knows no layout.
// CHECK-LABEL: func.func @strided
// CHECK-SAME: (%[[X:.*]]: memref<?x4xf32, strided<[8, 1]>>, %[[Y:.*]]: memref<?x4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[Y]] :
// CHECK-NOT: memref.copy
func.func @strided(%x: memref<?x4xf32, strided<[8, 1]>>, %y: memref<?x4xf32>) {
  memref.copy %x, %y : memref<?x4xf32, strided<[8, 1]>> to memref<?x4xf32>
  return
}

// CHECK-LABEL: func.func @scalar
// CHECK: linalg.generic
func.func @scalar(%x: memref<f32>, %y: memref<f32>) {
  memref.copy %x, %y : memref<f32> to memref<f32>
  return
}
