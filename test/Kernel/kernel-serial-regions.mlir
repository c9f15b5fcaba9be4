// RUN: tilewright-opt %s --kernel-serial-regions | FileCheck %s

// CHECK-LABEL: func.func @main
func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  // CHECK: %[[N:.*]] = kernel.buffer
  %n = kernel.buffer %call[%zero]() : memref<index>
  %one = arith.constant 1 : index
  %f = arith.constant 2.0 : f32
  // An input's value may steer loops.
  // CHECK: %[[COUNT:.*]] = memref.load %[[N]][]
  %count = memref.load %n[] : memref<index>
  // CHECK: %[[A:.*]] = memref.alloc
  %a = memref.alloc() : memref<4xf32>
  // Neighbours become one region, and the values between them move along.
  // CHECK: scf.forall (%{{.*}}) in (1) {
  // CHECK-NEXT: %[[V:.*]] = memref.load %[[A]]
  // CHECK-NEXT: %[[W:.*]] = arith.addf %[[V]], %[[V]]
  // CHECK-NEXT: memref.store %[[W]], %[[A]]
  // CHECK-NEXT: }
  %v = memref.load %a[%zero] : memref<4xf32>
  %w = arith.addf %v, %v : f32
  memref.store %w, %a[%one] : memref<4xf32>
  // A loop around a parallel loop stays outside; what else is in it becomes a region.
  // CHECK: scf.for
  scf.for %i = %zero to %count step %one {
    // CHECK-NEXT: scf.forall (%{{.*}}) in (1)
    // CHECK-NEXT: memref.store
    memref.store %f, %a[%zero] : memref<4xf32>
    // CHECK: scf.forall (%{{.*}}) in (4)
    scf.forall (%j) in (4) {
      memref.store %f, %a[%j] : memref<4xf32>
    }
  }
  return
}

// Scratch memory in front of a region is the region's own.
// CHECK-LABEL: func.func @scratch
// CHECK: scf.forall (%{{.*}}) in (1) {
// CHECK-NEXT: %[[S:.*]] = memref.alloca
// CHECK-NEXT: memref.store %{{.*}}, %[[S]]
func.func @scratch(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %f = arith.constant 2.0 : f32
  %s = memref.alloca() : memref<4xf32>
  memref.store %f, %s[%zero] : memref<4xf32>
  return
}
