// RUN: tilewright-opt %s --codegen-bufferize-model --split-input-file | FileCheck %s

// An input is read in place and never written: what overwrites it gets a buffer of its own. Results were made arguments before.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?xf32>, %[[Y:[^:]*]]: memref<?xf32>) {
// CHECK:         %[[OWN:.*]] = memref.alloc
// CHECK:         linalg.exp ins(%[[X]] : memref<?xf32>) outs(%[[OWN]] : memref<?xf32>)
// CHECK:         memref.copy %[[OWN]], %[[Y]]
// CHECK-NOT:     tensor
func.func @main(%x: tensor<?xf32>, %y: memref<?xf32>) {
  %e = linalg.exp ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) -> tensor<?xf32>
  bufferization.materialize_in_destination %e in restrict writable %y : (tensor<?xf32>, memref<?xf32>) -> ()
  return
}

// -----

// Functions that only the compiler calls (sizes, initialisers) stay as they are.
// CHECK-LABEL: func.func private @helper(
// CHECK-SAME:    tensor<?xf32>) -> index
func.func private @helper(%x: tensor<?xf32>) -> index {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?xf32>
  return %n : index
}
