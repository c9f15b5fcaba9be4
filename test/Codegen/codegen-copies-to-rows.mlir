// RUN: tilewright-opt %s --codegen-copies-to-rows --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @copy
// CHECK:         scf.forall (%[[I:.*]], %[[J:.*]]) in
// CHECK:           %[[S:.*]] = memref.subview %arg0[%[[I]], %[[J]], 0] [1, 1, %{{.*}}]
// CHECK:           linalg.copy ins(%[[S]]
// CHECK-NOT:     memref.copy
func.func @copy(%x: memref<?x?x?xf32>, %y: memref<?x?x?xf32>) {
  memref.copy %x, %y : memref<?x?x?xf32> to memref<?x?x?xf32>
  return
}

// What writes memory outside a region gets one of a single iteration, which canonicalization keeps.
// CHECK-LABEL: func.func @strays
// CHECK:         scf.forall (%{{.*}}) in (1) {
// CHECK:           memref.store
// CHECK:           linalg.fill
// CHECK:         } {mapping =
func.func @strays(%x: memref<f32>, %y: memref<?xf32>, %v: f32) {
  memref.store %v, %x[] : memref<f32>
  linalg.fill ins(%v : f32) outs(%y : memref<?xf32>)
  return
}
