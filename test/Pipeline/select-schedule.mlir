// RUN: tilewright-opt %s -tw-select-schedule -split-input-file -verify-diagnostics | FileCheck %s

// A schedule that is there stays, others follow from the target.
// CHECK-LABEL: func @keep
// CHECK: schedule(<mr = 3, lanes = 16, unroll = 1, row_block = 3
// CHECK: schedule(<mr = 14, lanes = 16, unroll = 2, row_block =
func.func @keep(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %init: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>)
       schedule(<mr = 3, lanes = 16, unroll = 1, row_block = 3>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  %1 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      %n = arith.negf %sum : f32
      kernel.yield %n : f32
  } -> tensor<?x32xf32>
  return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

func.func @width(%a: tensor<?x64xf32>, %w: tensor<4x64x8xf32>, %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // expected-error @below {{expects panels of whole vectors of 16 lanes for target x86-64-v4, got 8 columns}}
  %1 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<4x64x8xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}
