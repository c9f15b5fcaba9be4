// RUN: tilewright-opt %s -kernel-fuse-epilogues -split-input-file | FileCheck %s

// A rounded result is a result of another type, of a contraction as of an attention.
// CHECK-LABEL: func @rounded
// CHECK: %[[H:.*]] = kernel.attention {{.*}} -> tensor<1x?x4x16xbf16>
// CHECK: %[[X:.*]] = tensor.collapse_shape %[[H]] {{.*}} into tensor<1x?x64xbf16>
// CHECK: %[[Y:.*]] = kernel.contract
// CHECK:   %[[R:.*]] = arith.truncf %{{.*}} : f32 to bf16
// CHECK:   kernel.yield %[[R]] : bf16
// CHECK: -> tensor<?x32xbf16>
// CHECK-NOT: linalg.generic
// CHECK: return %[[X]], %[[Y]]
#stored = affine_map<(b, h, s, d) -> (b, s, h, d)>
#id3 = affine_map<(b, s, n) -> (b, s, n)>
#id2 = affine_map<(m, n) -> (m, n)>
func.func @rounded(%q: tensor<1x?x4x16xf32>, %a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %init: tensor<1x?x4x16xf32>,
                   %x: tensor<1x?x64xbf16>, %sums: tensor<?x32xf32>, %y: tensor<?x32xbf16>) -> (tensor<1x?x64xbf16>, tensor<?x32xbf16>) {
  %0 = kernel.attention ins(%q, %q, %q : tensor<1x?x4x16xf32>, tensor<1x?x4x16xf32>, tensor<1x?x4x16xf32>)
       outs(%init : tensor<1x?x4x16xf32>) {maps = [#stored, #stored, #stored, #stored], scale = 1.0 : f64} -> tensor<1x?x4x16xf32>
  %1 = tensor.collapse_shape %0 [[0], [1], [2, 3]] : tensor<1x?x4x16xf32> into tensor<1x?x64xf32>
  %2 = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
       ins(%1 : tensor<1x?x64xf32>) outs(%x : tensor<1x?x64xbf16>) {
    ^bb0(%p: f32, %o: bf16):
      %t = arith.truncf %p : f32 to bf16
      linalg.yield %t : bf16
  } -> tensor<1x?x64xbf16>
  %3 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%sums : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %4 = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
       ins(%3 : tensor<?x32xf32>) outs(%y : tensor<?x32xbf16>) {
    ^bb0(%p: f32, %o: bf16):
      %t = arith.truncf %p : f32 to bf16
      linalg.yield %t : bf16
  } -> tensor<?x32xbf16>
  return %2, %4 : tensor<1x?x64xbf16>, tensor<?x32xbf16>
}

// -----

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

// -----

// A batch of one: its dimension is read or left out, with all rows or with none.
// CHECK-DAG: #[[ZEROS:.*]] = affine_map<(d0, d1) -> (0, 0, d1)>
// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func @one_batch
// CHECK-SAME: %[[BIAS:[a-z0-9]*]]: tensor<1x1x32xf32>, %[[RESIDUAL:[a-z0-9]*]]: tensor<1x?x32xf32>, %[[PLACES:[a-z0-9]*]]: tensor<?x32xf32>
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[RESIDUAL]]
// CHECK: kernel.contract {{.*}} extras(%[[BIAS]], %[[R]], %[[PLACES]] :
// CHECK-SAME: extra_maps = [#[[ZEROS]], #[[ALL]], #[[ALL]]]
// CHECK-NOT: linalg.generic
#full = affine_map<(b, s, n) -> (b, s, n)>
#bias = affine_map<(b, s, n) -> (b, 0, n)>
#places = affine_map<(b, s, n) -> (s, n)>
func.func @one_batch(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %bias: tensor<1x1x32xf32>, %x: tensor<1x?x32xf32>, %places: tensor<?x32xf32>,
                     %init: tensor<?x32xf32>, %out: tensor<1x?x32xf32>, %s: index) -> tensor<1x?x32xf32> {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2]] output_shape [1, %s, 32] : tensor<?x32xf32> into tensor<1x?x32xf32>
  %2 = linalg.generic {indexing_maps = [#full, #bias, #full, #places, #full], iterator_types = ["parallel", "parallel", "parallel"]}
       ins(%1, %bias, %x, %places : tensor<1x?x32xf32>, tensor<1x1x32xf32>, tensor<1x?x32xf32>, tensor<?x32xf32>) outs(%out : tensor<1x?x32xf32>) {
    ^bb0(%p: f32, %q: f32, %r: f32, %t: f32, %o: f32):
      %u = arith.addf %p, %q : f32
      %v = arith.addf %u, %r : f32
      %y = arith.addf %v, %t : f32
      linalg.yield %y : f32
  } -> tensor<1x?x32xf32>
  return %2 : tensor<1x?x32xf32>
}
