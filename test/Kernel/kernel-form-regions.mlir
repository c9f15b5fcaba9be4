// RUN: tilewright-opt %s -kernel-form-regions | tilewright-opt -kernel-form-regions | FileCheck %s

// One region, however often the pass runs.
// CHECK: %[[R:.*]] = kernel.region -> tensor<?x32xf32> {
// CHECK-NEXT: %[[C:.*]] = kernel.contract
// CHECK: kernel.yield %[[C]]
// CHECK-NOT: kernel.region
// CHECK: return %[[R]]
func.func @contract(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
