// RUN: tilewright-opt %s --codegen-carry-in-place --split-input-file | FileCheck %s
// RUN: tilewright-opt %s --codegen-results-to-outs --codegen-carry-in-place --split-input-file --eliminate-empty-tensors \
// RUN:   --codegen-bufferize-model --canonicalize | FileCheck %s --check-prefix=BUFFER

// The last op of a layer computes straight into the carried buffer, which here is the result's.
// CHECK-LABEL: func.func @layers(
// CHECK:         scf.for {{.*}} iter_args(%[[H:.*]] = %{{.*}}) -> (tensor<?x8xf32>)
// CHECK:           %[[LAST:.*]] = linalg.exp
// CHECK:           %[[Y:.*]] = bufferization.materialize_in_destination %[[LAST]] in %[[H]]
// CHECK:           scf.yield %[[Y]]
// BUFFER-LABEL: func.func @layers(
// BUFFER-SAME:    %[[X:[^:]*]]: memref<?x8xf32>, %{{[^:]*}}: index, %[[OUT:[^:]*]]: memref<?x8xf32>
// BUFFER:         linalg.exp ins(%[[X]] {{.*}} outs(%[[OUT]]
// BUFFER:         scf.for
// BUFFER:           linalg.abs ins(%[[OUT]] {{.*}} outs(%[[MID:.*]] :
// BUFFER:           linalg.exp ins(%[[MID]] {{.*}} outs(%[[OUT]]
// BUFFER-NOT:     memref.copy
func.func @layers(%x: tensor<?x8xf32>, %n: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %first = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = scf.for %l = %c0 to %c4 step %c1 iter_args(%h = %first) -> tensor<?x8xf32> {
    %e0 = tensor.empty(%n) : tensor<?x8xf32>
    %mid = linalg.abs ins(%h : tensor<?x8xf32>) outs(%e0 : tensor<?x8xf32>) -> tensor<?x8xf32>
    %e1 = tensor.empty(%n) : tensor<?x8xf32>
    %last = linalg.exp ins(%mid : tensor<?x8xf32>) outs(%e1 : tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %last : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

// What the body expands is carried collapsed, with its two dynamic dimensions in one.
// CHECK-LABEL: func.func @expanded(
// CHECK-SAME:    %{{[^:]*}}: tensor<?x?x8xf32>, %[[B:[^:]*]]: index, %[[S:[^:]*]]: index
// CHECK:         %[[INIT:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]]
// CHECK:         %[[LOOP:.*]] = scf.for {{.*}} iter_args(%[[H:.*]] = %[[INIT]]) -> (tensor<?x8xf32>)
// CHECK:           %[[LAST:.*]] = linalg.exp
// CHECK:           %[[Y:.*]] = bufferization.materialize_in_destination %[[LAST]] in %[[H]]
// CHECK:           scf.yield %[[Y]]
// CHECK:         tensor.expand_shape %[[LOOP]] {{.*}} output_shape [%[[B]], %[[S]], 8]
// BUFFER-LABEL: func.func @expanded(
// BUFFER:         linalg.abs {{.*}} outs(%[[H:.*]] : memref<?x?x8xf32>)
// BUFFER:         %[[FLAT:.*]] = memref.collapse_shape %[[H]]
// BUFFER:         scf.for
// BUFFER:           linalg.abs ins(%[[FLAT]] {{.*}} outs(%[[MID:.*]] :
// BUFFER:           linalg.exp ins(%[[MID]] {{.*}} outs(%[[FLAT]]
// BUFFER-NOT:     memref.copy
// BUFFER:         return
func.func @expanded(%x: tensor<?x?x8xf32>, %batch: index, %seq: index) -> tensor<?x?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %rows = arith.muli %batch, %seq : index
  %e = tensor.empty(%batch, %seq) : tensor<?x?x8xf32>
  %first = linalg.abs ins(%x : tensor<?x?x8xf32>) outs(%e : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %y = scf.for %l = %c0 to %c4 step %c1 iter_args(%h = %first) -> tensor<?x?x8xf32> {
    %flat = tensor.collapse_shape %h [[0, 1], [2]] : tensor<?x?x8xf32> into tensor<?x8xf32>
    %e0 = tensor.empty(%rows) : tensor<?x8xf32>
    %mid = linalg.abs ins(%flat : tensor<?x8xf32>) outs(%e0 : tensor<?x8xf32>) -> tensor<?x8xf32>
    %e1 = tensor.empty(%rows) : tensor<?x8xf32>
    %last = linalg.exp ins(%mid : tensor<?x8xf32>) outs(%e1 : tensor<?x8xf32>) -> tensor<?x8xf32>
    %up = tensor.expand_shape %last [[0, 1], [2]] output_shape [%batch, %seq, 8] : tensor<?x8xf32> into tensor<?x?x8xf32>
    scf.yield %up : tensor<?x?x8xf32>
  }
  %e2 = tensor.empty(%batch, %seq) : tensor<?x?x8xf32>
  %z = linalg.exp ins(%y : tensor<?x?x8xf32>) outs(%e2 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %z : tensor<?x?x8xf32>
}

// -----

// A slice of what is carried is in place, and a size that the body computes cannot be carried.
// CHECK-LABEL: func.func @as_it_is(
// CHECK:         scf.for {{.*}} -> (tensor<4x8xf32>, tensor<?x?x8xf32>)
// CHECK:           %[[STACK:.*]] = tensor.insert_slice
// CHECK:           %[[UP:.*]] = tensor.expand_shape
// CHECK:           %[[Y:.*]] = bufferization.materialize_in_destination %[[UP]]
// CHECK:           scf.yield %[[STACK]], %[[Y]]
func.func @as_it_is(%x: tensor<4x8xf32>, %row: tensor<1x8xf32>, %h: tensor<?x?x8xf32>, %flat: tensor<?x8xf32>,
                    %n: index) -> (tensor<4x8xf32>, tensor<?x?x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %y:2 = scf.for %l = %c0 to %c4 step %c1 iter_args(%stack = %x, %s = %h) -> (tensor<4x8xf32>, tensor<?x?x8xf32>) {
    %in = tensor.insert_slice %row into %stack[%l, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<4x8xf32>
    %half = arith.divui %n, %l : index
    %up = tensor.expand_shape %flat [[0, 1], [2]] output_shape [%half, %l, 8] : tensor<?x8xf32> into tensor<?x?x8xf32>
    scf.yield %in, %up : tensor<4x8xf32>, tensor<?x?x8xf32>
  }
  return %y#0, %y#1 : tensor<4x8xf32>, tensor<?x?x8xf32>
}
