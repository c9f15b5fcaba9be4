// RUN: tilewright-opt %s --codegen-results-to-outs --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>, %[[Y:.*]]: memref<?xf32> {xf.name = "y"}) {
// CHECK:         bufferization.materialize_in_destination %[[X]] in restrict writable %[[Y]]
// CHECK:         return
func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32> {xf.name = "y"}) {
  return %x : tensor<?xf32>
}

// -----

// The operand of a reshape is written, into the collapsed argument.
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, {{.*}}, %[[Y:.*]]: memref<?x?x4x2xf32>) {
// CHECK:         %[[OUTER:.*]] = memref.collapse_shape %[[Y]] {{\[}}[0, 1], [2], [3]] : memref<?x?x4x2xf32> into memref<?x4x2xf32>
// CHECK:         %[[INNER:.*]] = memref.collapse_shape %[[OUTER]] {{\[}}[0], [1, 2]] : memref<?x4x2xf32> into memref<?x8xf32>
// CHECK:         bufferization.materialize_in_destination %[[X]] in restrict writable %[[INNER]]
func.func @main(%x: tensor<?x8xf32>, %b: index, %s: index, %n: index) -> tensor<?x?x4x2xf32> {
  %0 = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 4, 2] : tensor<?x8xf32> into tensor<?x4x2xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2], [3]] output_shape [%b, %s, 4, 2] : tensor<?x4x2xf32> into tensor<?x?x4x2xf32>
  return %1 : tensor<?x?x4x2xf32>
}

// -----

func.func @main(%x: index) -> index {
  // expected-error @below {{expects results of ranked tensor type, got 'index'}}
  return %x : index
}
