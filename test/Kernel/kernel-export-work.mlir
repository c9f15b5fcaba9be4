// RUN: tilewright-opt %s --allow-unregistered-dialect --kernel-export-work --canonicalize --cse | FileCheck %s

// A region of one iteration that became part of another adds its work; what depends on a loop around regions is not known.
// CHECK-LABEL: func.func private @main_work
// CHECK-SAME: (%[[N:.*]]: index, %[[WORK:.*]]: memref<?xindex>)
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[SQUARE:.*]] = arith.muli %[[N]], %[[N]]
// CHECK: memref.store %[[SQUARE]], %[[WORK]][%c0]
// CHECK: memref.store %[[C3]], %[[WORK]][%[[C1]]]
// CHECK: memref.store %[[N]], %[[WORK]][%c2]
// CHECK: %[[SUM:.*]] = arith.addi %[[N]], %[[C3]]
// CHECK: memref.store %c0, %[[WORK]][%[[C3]]]
// CHECK: memref.store %[[SUM]], %[[WORK]][%[[C4]]]
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.work
// CHECK-NOT: arith.muli
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %square = arith.muli %n, %n : index
  scf.forall (%i) in (%n) {
    kernel.work %square flop, %c3 weight_bytes, %n activation_bytes
    "test.use"(%i) : (index) -> ()
  }
  scf.for %layer = %c0 to %c3 step %c1 {
    scf.forall (%i) in (1) {
      kernel.work %layer flop, %n weight_bytes, %c0 activation_bytes
      "test.use"(%i) : (index) -> ()
      kernel.work %c0 flop, %c3 weight_bytes, %c0 activation_bytes
    }
  }
  return
}
