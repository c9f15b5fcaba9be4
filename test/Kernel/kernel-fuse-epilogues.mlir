// RUN: tilewright-opt %s -kernel-fuse-epilogues -split-input-file | FileCheck %s

// Bias, scale by row and residual of [b, s, n] become one epilogue on [m, n].
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[BOTH:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func @chain
// CHECK-SAME: %[[BIAS:[a-z0-9]*]]: tensor<32xf32>, %[[SCALE:[a-z0-9]*]]: tensor<?x?x1xf32>, %[[RESIDUAL:[a-z0-9]*]]: tensor<?x?x32xf32>
// CHECK: %[[S:.*]] = tensor.collapse_shape %[[SCALE]] {{\[}}[0, 1], [2]]
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[RESIDUAL]] {{\[}}[0, 1], [2]]
// CHECK: %[[C:.*]] = kernel.contract {{.*}} extras(%[[BIAS]], %[[S]], %[[R]] :
// CHECK-SAME: extra_maps = [#[[COLUMN]], #[[ROW]], #[[BOTH]]]
// CHECK: ^bb0(%[[SUM:.*]]: f32, %[[B:.*]]: f32, %[[F:.*]]: f32, %[[X:.*]]: f32):
// CHECK:   %[[T:.*]] = arith.addf %[[SUM]], %[[B]]
// CHECK:   %[[U:.*]] = arith.mulf %[[T]], %[[F]]
// CHECK:   %[[V:.*]] = arith.addf %[[U]], %[[X]]
// CHECK:   kernel.yield %[[V]]
// CHECK: %[[E:.*]] = tensor.expand_shape %[[C]]
// CHECK-NOT: linalg.generic
// CHECK: return %[[E]]
#full = affine_map<(b, s, n) -> (b, s, n)>
#column = affine_map<(b, s, n) -> (n)>
#row = affine_map<(b, s, n) -> (b, s, 0)>
func.func @chain(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %bias: tensor<32xf32>, %scale: tensor<?x?x1xf32>, %x: tensor<?x?x32xf32>,
                 %init: tensor<?x32xf32>, %out: tensor<?x?x32xf32>, %b: index, %s: index) -> tensor<?x?x32xf32> {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2]] output_shape [%b, %s, 32] : tensor<?x32xf32> into tensor<?x?x32xf32>
  %2 = linalg.generic {indexing_maps = [#full, #column, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
       ins(%1, %bias, %scale : tensor<?x?x32xf32>, tensor<32xf32>, tensor<?x?x1xf32>) outs(%out : tensor<?x?x32xf32>) {
    ^bb0(%p: f32, %q: f32, %r: f32, %o: f32):
      %t = arith.addf %p, %q : f32
      %u = arith.mulf %t, %r : f32
      linalg.yield %u : f32
  } -> tensor<?x?x32xf32>
  %3 = linalg.generic {indexing_maps = [#full, #full, #full], iterator_types = ["parallel", "parallel", "parallel"]}
       ins(%2, %x : tensor<?x?x32xf32>, tensor<?x?x32xf32>) outs(%out : tensor<?x?x32xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %t = arith.addf %p, %q : f32
      linalg.yield %t : f32
  } -> tensor<?x?x32xf32>
  return %3 : tensor<?x?x32xf32>
}

// -----

// The sum has a second reader: nothing moves.
// CHECK-LABEL: func @two_readers
// CHECK: linalg.generic
#full = affine_map<(m, n) -> (m, n)>
func.func @two_readers(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %init: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %1 = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<?x32xf32>) outs(%init : tensor<?x32xf32>) {
    ^bb0(%p: f32, %o: f32):
      %t = arith.negf %p : f32
      linalg.yield %t : f32
  } -> tensor<?x32xf32>
  return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// An operand whose columns do not lie side by side stays outside: an epilogue reads vectors of them.
// CHECK-LABEL: func @transposed_operand
// CHECK: kernel.contract {{.*}} outs
// CHECK: linalg.generic
#full = affine_map<(m, n) -> (m, n)>
#turned = affine_map<(m, n) -> (n, m)>
func.func @transposed_operand(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %x: tensor<32x?xf32>, %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %1 = linalg.generic {indexing_maps = [#full, #turned, #full], iterator_types = ["parallel", "parallel"]}
       ins(%0, %x : tensor<?x32xf32>, tensor<32x?xf32>) outs(%init : tensor<?x32xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %t = arith.addf %p, %q : f32
      linalg.yield %t : f32
  } -> tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}
