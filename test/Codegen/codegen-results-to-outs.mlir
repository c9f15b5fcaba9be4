// RUN: tilewright-opt %s --codegen-results-to-outs --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>, %[[Y:.*]]: memref<?xf32> {xf.name = "y"}) {
// CHECK:         bufferization.materialize_in_destination %[[X]] in restrict writable %[[Y]]
// CHECK:         return
func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32> {xf.name = "y"}) {
  return %x : tensor<?xf32>
}

// -----

func.func @main(%x: index) -> index {
  // expected-error @below {{expects results of ranked tensor type, got 'index'}}
  return %x : index
}
