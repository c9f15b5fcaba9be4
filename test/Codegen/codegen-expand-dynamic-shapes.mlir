// RUN: tilewright-opt %s --codegen-expand-dynamic-shapes | FileCheck %s
// RUN: tilewright-opt %s --codegen-expand-dynamic-shapes --expand-strided-metadata | FileCheck %s --check-prefix=NONE

// NONE-NOT: memref.expand_shape

// CHECK-LABEL: func @several
// CHECK-SAME: (%[[X:.*]]: memref<?x8xf32>, %[[A:.*]]: index, %[[B:.*]]: index)
func.func @several(%x: memref<?x8xf32>, %a: index, %b: index) -> memref<?x?x2x4xf32> {
  // CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %{{.*}}:2 = memref.extract_strided_metadata %[[X]]
  // CHECK: %[[STRIDE:.*]] = arith.muli %[[B]], %{{.*}} : index
  // CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[A]], %[[B]], 2, 4], strides: [%[[STRIDE]], 8, 4, 1]
  %0 = memref.expand_shape %x [[0, 1], [2, 3]] output_shape [%a, %b, 2, 4] : memref<?x8xf32> into memref<?x?x2x4xf32>
  return %0 : memref<?x?x2x4xf32>
}

// CHECK-LABEL: func @one
func.func @one(%x: memref<?xf32>, %a: index) -> memref<?x4xf32> {
  // CHECK: memref.expand_shape
  %0 = memref.expand_shape %x [[0, 1]] output_shape [%a, 4] : memref<?xf32> into memref<?x4xf32>
  return %0 : memref<?x4xf32>
}
