// RUN: tilewright-opt %s -kernel-expand -split-input-file -verify-diagnostics | FileCheck %s

// Static tile: two rows × two vectors, accumulators carried by the k loop, one cache line ahead per k, bias in place.
// CHECK-LABEL: func @tile
// CHECK-NOT: memref.alloc
// CHECK: scf.for {{.*}} step %c2{{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: memref.prefetch
// CHECK-COUNT-8: vector.fma
// CHECK-COUNT-4: vector.store
// CHECK-NOT: vector.store
// CHECK: return
func.func @tile(%a: memref<2x64xf32>, %w: memref<1x64x32xf32>, %bias: memref<32xf32>, %c: memref<2x32xf32>, %at: index) {
  kernel.contract ins(%a, %w : memref<2x64xf32>, memref<1x64x32xf32>) extras(%bias : memref<32xf32>) outs(%c : memref<2x32xf32>) ahead(%at)
    schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112, prefetch = 16>) {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
    ^bb0(%sum: f32, %b: f32):
      %0 = arith.addf %sum, %b : f32
      kernel.yield %0 : f32
  }
  return
}

// -----

// Columns behind n are masked in a loop of their own, over a tile in L1.
// CHECK-LABEL: func @tail
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<64xf32>
// CHECK: vector.maskedstore
func.func @tail(%a: memref<?x64xf32>, %w: memref<1x64x32xf32>, %c: memref<?x?xf32>) {
  kernel.contract ins(%a, %w : memref<?x64xf32>, memref<1x64x32xf32>) outs(%c : memref<?x?xf32>)
    schedule(<mr = 2, lanes = 16, unroll = 2, row_block = 112>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  }
  return
}

// -----

// Heads of size 0 give scores of 0.
// CHECK-LABEL: func @no_head_size
// CHECK-NOT: kernel.attention
// CHECK: return
#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @no_head_size(%q: memref<1x1x?x0xf32>, %v: memref<1x1x?x8xf32>, %o: memref<1x1x?x8xf32>) {
  kernel.attention ins(%q, %q, %v : memref<1x1x?x0xf32>, memref<1x1x?x0xf32>, memref<1x1x?x8xf32>) outs(%o : memref<1x1x?x8xf32>)
    schedule(<mr = 6, lanes = 16, key_vectors = 4, value_vectors = 4, rows = 72, keys = 512>) {maps = [#id, #id, #id, #id], scale = 1.0 : f64}
  return
}

// -----

func.func @tensors(%a: tensor<?x64xf32>, %w: tensor<1x64x32xf32>, %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // expected-error @below {{expects memrefs and a schedule: tile and bufferize before}}
  %0 = kernel.contract ins(%a, %w : tensor<?x64xf32>, tensor<1x64x32xf32>) outs(%init : tensor<?x32xf32>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
