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

// Vectors are loaded along the last dimension: where it has a stride, the operand is copied, once for all its readers.
// CHECK-LABEL: func @strided
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<?x128xf32>, %[[B:[a-z0-9]*]]: tensor<64x40x3xf32>
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.extract_slice %[[A]]
// CHECK-DAG: %[[LHS:.*]] = bufferization.alloc_tensor() copy(%[[COLUMNS]])
// CHECK-DAG: %[[CHANNEL:.*]] = tensor.extract_slice %[[B]]
// CHECK-DAG: %[[RHS:.*]] = bufferization.alloc_tensor() copy(%[[CHANNEL]])
// CHECK: kernel.contract ins(%[[LHS]], %[[RHS]] :
// CHECK: kernel.contract ins(%[[LHS]], %{{.*}} :
// CHECK-NOT: alloc_tensor
func.func @strided(%a: tensor<?x128xf32>, %b: tensor<64x40x3xf32>, %c: tensor<64x80xf32>, %m: index, %init: tensor<?x40xf32>) -> (tensor<?x40xf32>, tensor<?x40xf32>) {
  %columns = tensor.extract_slice %a[0, 1] [%m, 64] [1, 2] : tensor<?x128xf32> to tensor<?x64xf32>
  %channel = tensor.extract_slice %b[0, 0, 1] [64, 40, 1] [1, 1, 1] : tensor<64x40x3xf32> to tensor<64x40xf32>
  %half = tensor.extract_slice %c[0, 40] [64, 40] [1, 1] : tensor<64x80xf32> to tensor<64x40xf32>
  %0 = kernel.contract ins(%columns, %channel : tensor<?x64xf32>, tensor<64x40xf32>) outs(%init : tensor<?x40xf32>) {panel_width = 32 : i64} epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x40xf32>
  %1 = kernel.contract ins(%columns, %half : tensor<?x64xf32>, tensor<64x40xf32>) outs(%init : tensor<?x40xf32>) {panel_width = 32 : i64} epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x40xf32>
  return %0, %1 : tensor<?x40xf32>, tensor<?x40xf32>
}
