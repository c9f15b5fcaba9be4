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

// AMX tiles: 52 rows are row tiles of 16 and 36. Of the latter the second tile begins at its row 4. Four sums of 16 x 16 pass through the
// k loop, four products a turn, each followed by a quarter of the prefetches for 32 k and by rows of the epilogue of the row tile before, whose
// sums wait in the other half of the buffer. The last tile's epilogue comes at the end.
// CHECK-LABEL: func @tiles
// CHECK-SAME: %[[A:[a-z0-9]*]]: memref<52x64xbf16>, %[[W:[a-z0-9]*]]: memref<1x32x64xbf16>
// CHECK: %[[SUMS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2048xf32>
// CHECK: scf.for %{{.*}} iter_args(%[[AT:.*]] = %c1024{{.*}}, %{{.*}} = %c0{{.*}}, %[[PENDING:.*]] = %c0{{.*}}) -> (index, index, index)
// CHECK: %[[HERE:.*]] = arith.subi %c1024{{.*}}, %[[AT]]
// CHECK: scf.if
// CHECK-COUNT-4: amx.tile_zero : !amx.tile<16x16xf32>
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args
// CHECK: %[[A0:.*]] = amx.tile_load %[[A]][{{.*}}] : memref<52x64xbf16> into !amx.tile<16x32xbf16>
// CHECK: %[[A1:.*]] = amx.tile_load %[[A]][{{.*}}] : memref<52x64xbf16> into !amx.tile<16x32xbf16>
// CHECK: %[[W0:.*]] = amx.tile_load %[[W]][{{.*}}, %[[K]], %{{.*}}]
// CHECK: %[[W1:.*]] = amx.tile_load %[[W]][{{.*}}, %[[K]], %{{.*}}]
// CHECK: amx.tile_mulf %[[A0]], %[[W0]]
// CHECK-COUNT-4: memref.prefetch
// CHECK: scf.for
// CHECK: vector.load %[[SUMS]]
// CHECK: amx.tile_mulf %[[A0]], %[[W1]]
// CHECK-COUNT-4: memref.prefetch
// CHECK: amx.tile_mulf %[[A1]], %[[W0]]
// CHECK-COUNT-4: memref.prefetch
// CHECK: amx.tile_mulf %[[A1]], %[[W1]]
// CHECK-COUNT-4: amx.tile_store %[[SUMS]]
// CHECK: scf.for
// CHECK: vector.load %[[SUMS]]
func.func @tiles(%a: memref<52x64xbf16>, %w: memref<1x32x64xbf16>, %c: memref<52x32xf32>, %at: index) {
  kernel.contract ins(%a, %w : memref<52x64xbf16>, memref<1x32x64xbf16>) outs(%c : memref<52x32xf32>) ahead(%at)
    schedule(<mr = 32, lanes = 16, unroll = 2, row_block = 256, prefetch = 16, tiles = true>) epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  }
  return
}

// -----

// Three rows are copied, and so are the last 6 k, masked, of both operands: all tiles have one shape.
// CHECK-LABEL: func @few_rows_in_tiles
// CHECK-DAG: %[[LAST:.*]] = memref.alloc() {alignment = 64 : i64} : memref<16x64xbf16>
// CHECK-DAG: %[[ROWS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<16x96xbf16>
// CHECK: vector.store %{{.*}}, %[[LAST]]
// CHECK: vector.store %{{.*}}, %[[ROWS]]
// CHECK: %[[MASK:.*]] = vector.create_mask %c6
// CHECK: %[[PART:.*]] = vector.maskedload %{{.*}}, %[[MASK]]
// CHECK: vector.store %[[PART]], %[[ROWS]]
// CHECK: amx.tile_load %[[ROWS]]
// CHECK: amx.tile_load %[[ROWS]]
// CHECK: amx.tile_load %[[LAST]]
// CHECK: return
func.func @few_rows_in_tiles(%a: memref<3x38xbf16>, %w: memref<1x19x64xbf16>, %c: memref<3x32xf32>) {
  kernel.contract ins(%a, %w : memref<3x38xbf16>, memref<1x19x64xbf16>) outs(%c : memref<3x32xf32>)
    schedule(<mr = 32, lanes = 16, unroll = 2, row_block = 256, tiles = true>) epilogue {
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
