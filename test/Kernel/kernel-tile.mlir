// RUN: tilewright-opt %s -kernel-tile -canonicalize -cse -split-input-file -verify-diagnostics | FileCheck %s

// Rows are balanced over ⌈m / 14⌉ tiles, panels go one by one, the last panel has 8 columns.
// CHECK-LABEL: func @contract
// CHECK: %[[TILES:.*]] = arith.ceildivui %[[M:.*]], %c14
// CHECK: scf.forall (%[[BLOCK:.*]], %[[PANEL:.*]], %[[TILE:.*]]) in (%{{.*}}, 2, %{{.*}}) shared_outs(%[[OUT:.*]] = %{{.*}})
// CHECK:   tensor.extract_slice %{{.*}}[%[[PANEL]], 0, 0] [1, 48, 32]
// CHECK:   %[[TILE:.*]] = kernel.contract {{.*}} ahead(%{{.*}})
// CHECK:   tensor.parallel_insert_slice %[[TILE]] into %[[OUT]]
func.func @contract(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) -> tensor<?x40xf32> {
  %r = kernel.region -> tensor<?x40xf32> {
    %0 = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>)
         schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112, prefetch = 16>) epilogue {
      ^bb0(%s: f32):
        kernel.yield %s : f32
    } -> tensor<?x40xf32>
    kernel.yield %0 : tensor<?x40xf32>
  }
  return %r : tensor<?x40xf32>
}

// -----

// In AMX tiles a row block is one tile, 300 rows are 144 + 156: blocks begin at multiples of 16.
// CHECK-LABEL: func @tiles
// CHECK: scf.forall (%[[BLOCK:.*]], %{{.*}}) in (2, 2)
// CHECK: %[[UNITS:.*]] = arith.muli %[[BLOCK]], %c19
// CHECK: %[[UNIT:.*]] = arith.divui %[[UNITS]], %c2
// CHECK: arith.muli %[[UNIT]], %c16
func.func @tiles(%a: tensor<300x48xbf16>, %w: tensor<2x24x64xbf16>, %init: tensor<300x40xf32>) -> tensor<300x40xf32> {
  %r = kernel.region -> tensor<300x40xf32> {
    %0 = kernel.contract ins(%a, %w : tensor<300x48xbf16>, tensor<2x24x64xbf16>) outs(%init : tensor<300x40xf32>)
         schedule(<mr = 32, lanes = 16, unroll = 2, row_block = 256, prefetch = 16, tiles = true>) epilogue {
      ^bb0(%s: f32):
        kernel.yield %s : f32
    } -> tensor<300x40xf32>
    kernel.yield %0 : tensor<300x40xf32>
  }
  return %r : tensor<300x40xf32>
}

// -----

func.func @unscheduled(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) -> tensor<?x40xf32> {
  // expected-error @below {{expects a schedule, got none: run tw-select-schedule before}}
  %0 = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return %0 : tensor<?x40xf32>
}
