// RUN: tilewright-opt %s --kernel-pad-rows | FileCheck %s

#schedule = #kernel.contract_schedule<mr = 14, lanes = 16, unroll = 2, row_block = 112>

// 16 heads of 64 are rows of 4 KB: they are a line further apart, for writers and readers, through every view.
// CHECK-LABEL: @heads
// CHECK: %[[PADDED:.*]] = memref.alloc(%{{.*}}, %{{.*}}) {alignment = 64 : i64} : memref<?x?x1040xf32>
// CHECK: %[[ROWS:.*]] = memref.subview %[[PADDED]]{{.*}} to memref<?x?x1024xf32, strided<[?, 1040, 1]>>
// CHECK: %[[HEADS:.*]] = memref.expand_shape %[[ROWS]]
// CHECK: linalg.fill {{.*}} outs(%[[HEADS]] : memref<?x?x16x64xf32, strided<[?, 1040, 64, 1]>>)
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[HEADS]]
// CHECK: %[[KNOWN:.*]] = memref.cast %[[FLAT]] : {{.*}} to memref<?x1024xf32, strided<[1040, 1]>>
// CHECK: %[[TILE:.*]] = memref.subview %[[KNOWN]]{{.*}} to memref<?x1024xf32, strided<[1040, 1]>>
// CHECK: kernel.contract ins(%[[TILE]]
func.func @heads(%b: index, %s: index, %m: index, %w: memref<1x1024x32xf32>, %out: memref<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %x = memref.alloc(%b, %s) {alignment = 64 : i64} : memref<?x?x16x64xf32>
  linalg.fill ins(%zero : f32) outs(%x : memref<?x?x16x64xf32>)
  %flat = memref.collapse_shape %x [[0, 1], [2, 3]] : memref<?x?x16x64xf32> into memref<?x1024xf32>
  %tile = memref.subview %flat[0, 0] [%m, 1024] [1, 1] : memref<?x1024xf32> to memref<?x1024xf32, strided<[1024, 1]>>
  kernel.contract ins(%tile, %w : memref<?x1024xf32, strided<[1024, 1]>>, memref<1x1024x32xf32>) outs(%out : memref<?x32xf32>)
    schedule(#schedule) epilogue {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Rows of 3 KB fall on four sets and more, inputs belong to the caller, and what a loop carries keeps its type.
// CHECK-LABEL: @left
// CHECK: memref.alloc(%{{.*}}) : memref<?x768xf32>
// CHECK: memref.alloc(%{{.*}}) : memref<?x1024xf32>
// CHECK-NOT: strided
func.func @left(%m: index, %in: memref<?x1024xf32>, %w: memref<1x1024x32xf32>, %v: memref<1x768x32xf32>, %out: memref<?x32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = memref.alloc(%m) : memref<?x768xf32>
  kernel.contract ins(%x, %v : memref<?x768xf32>, memref<1x768x32xf32>) outs(%out : memref<?x32xf32>) schedule(#schedule) epilogue {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%in, %w : memref<?x1024xf32>, memref<1x1024x32xf32>) outs(%out : memref<?x32xf32>) schedule(#schedule) epilogue {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  %y = memref.alloc(%m) : memref<?x1024xf32>
  %last = scf.for %i = %c0 to %m step %c1 iter_args(%carried = %y) -> (memref<?x1024xf32>) {
    kernel.contract ins(%y, %w : memref<?x1024xf32>, memref<1x1024x32xf32>) outs(%out : memref<?x32xf32>) schedule(#schedule) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
    }
    scf.yield %carried : memref<?x1024xf32>
  }
  return
}
