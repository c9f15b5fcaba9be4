// RUN: tilewright-opt %s --kernel-count-work --canonicalize --cse | FileCheck %s

#schedule = #kernel.contract_schedule<mr = 14, lanes = 16, unroll = 2, row_block = 112>
#attention = #kernel.attention_schedule<mr = 6, lanes = 16, key_vectors = 2, value_vectors = 4, rows = 48, keys = 64>
#bhsd = affine_map<(b, h, s, d) -> (b, h, s, d)>

// 2 · m · 70 · 64 operations; the packed weight and the bias once; m rows of 64 are read, m of 70 written.
// CHECK-LABEL: @contract
// CHECK-SAME: %[[M:[a-z0-9]+]]: index
// CHECK-DAG: %[[FLOP:.*]] = arith.muli %[[M]], %c8960
// CHECK-DAG: %[[READ:.*]] = arith.muli %[[M]], %c256
// CHECK-DAG: %[[WRITTEN:.*]] = arith.muli %[[M]], %c280
// CHECK-DAG: %[[BYTES:.*]] = arith.addi %[[READ]], %[[WRITTEN]]
// CHECK: scf.forall
// CHECK-NEXT: kernel.work %[[FLOP]] flop, %c24856 weight_bytes, %[[BYTES]] activation_bytes
func.func @contract(%m: index) {
  %c14 = arith.constant 14 : index
  %c32 = arith.constant 32 : index
  %w = kernel.weight @w : memref<3x64x32xf32>
  %bias = kernel.weight @bias : memref<70xf32>
  %x = memref.alloc(%m) : memref<?x64xf32>
  %y = memref.alloc(%m) : memref<?x70xf32>
  scf.forall (%i, %j) in (%m, 3) {
    %row = arith.muli %i, %c14 : index
    %column = arith.muli %j, %c32 : index
    %rows = arith.minsi %c14, %m : index
    %columns = arith.minsi %c32, %column : index
    %a = memref.subview %x[%row, 0] [%rows, 64] [1, 1] : memref<?x64xf32> to memref<?x64xf32, strided<[64, 1], offset: ?>>
    %b = memref.subview %w[%j, 0, 0] [1, 64, 32] [1, 1, 1] : memref<3x64x32xf32> to memref<1x64x32xf32, strided<[2048, 32, 1], offset: ?>>
    %e = memref.subview %bias[%column] [%columns] [1] : memref<70xf32> to memref<?xf32, strided<[1], offset: ?>>
    %c = memref.subview %y[%row, %column] [%rows, %columns] [1, 1] : memref<?x70xf32> to memref<?x?xf32, strided<[70, 1], offset: ?>>
    kernel.contract ins(%a, %b : memref<?x64xf32, strided<[64, 1], offset: ?>>, memref<1x64x32xf32, strided<[2048, 32, 1], offset: ?>>)
      extras(%e : memref<?xf32, strided<[1], offset: ?>>) outs(%c : memref<?x?xf32, strided<[70, 1], offset: ?>>)
      schedule(#schedule) {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
    ^bb0(%sum: f32, %add: f32):
      %r = arith.addf %sum, %add : f32
      kernel.yield %r : f32
    }
  }
  return
}

// Query i of 6 sees those of 5 keys from i - 1 to i + 2: 3 + 4 + 4 + 3 + 2 + 1 = 17 pairs · 2 · (8 + 16) · 2 · 3 heads.
// CHECK-LABEL: @attention
// CHECK: kernel.work %c4896 flop, %c0 weight_bytes, %{{.*}} activation_bytes
func.func @attention(%q: memref<2x3x6x8xf32>, %k: memref<2x3x5x8xf32>, %v: memref<2x3x5x16xf32>, %o: memref<2x3x6x16xf32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.forall (%b, %h, %s) in (2, 3, 6) {
    %offset = arith.addi %s, %c2 : index
    %qt = memref.subview %q[%b, %h, %s, 0] [1, 1, 1, 8] [1, 1, 1, 1] : memref<2x3x6x8xf32> to memref<1x1x1x8xf32, strided<[144, 48, 8, 1], offset: ?>>
    %kt = memref.subview %k[%b, %h, 0, 0] [1, 1, 5, 8] [1, 1, 1, 1] : memref<2x3x5x8xf32> to memref<1x1x5x8xf32, strided<[120, 40, 8, 1], offset: ?>>
    %vt = memref.subview %v[%b, %h, 0, 0] [1, 1, 5, 16] [1, 1, 1, 1] : memref<2x3x5x16xf32> to memref<1x1x5x16xf32, strided<[240, 80, 16, 1], offset: ?>>
    %ot = memref.subview %o[%b, %h, %s, 0] [1, 1, 1, 16] [1, 1, 1, 1] : memref<2x3x6x16xf32> to memref<1x1x1x16xf32, strided<[288, 96, 16, 1], offset: ?>>
    kernel.attention ins(%qt, %kt, %vt : memref<1x1x1x8xf32, strided<[144, 48, 8, 1], offset: ?>>, memref<1x1x5x8xf32, strided<[120, 40, 8, 1], offset: ?>>,
      memref<1x1x5x16xf32, strided<[240, 80, 16, 1], offset: ?>>) offset(%offset) outs(%ot : memref<1x1x1x16xf32, strided<[288, 96, 16, 1], offset: ?>>)
      schedule(#attention) {maps = [#bhsd, #bhsd, #bhsd, #bhsd], scale = 1.0 : f64, causal, window = 3 : i64}
  }
  return
}

// New rows behind old ones: 4 of 100 are written, and read back from the cache. Of the table as many elements as there are results.
// Scratch and the columns that the view leaves out do not count: 4 · 4 · (16 + 8 + 16) bytes, 4 · 16 · 4 of weights.
// CHECK-LABEL: @rows
// CHECK: kernel.work %c0 flop, %c256 weight_bytes, %c640 activation_bytes
func.func @rows(%past: index, %x: memref<4x16xf32>, %z: memref<4x32xf32>, %cache: memref<100x16xf32>) {
  %table = kernel.weight @table : memref<1000x16xf32>
  %c7 = arith.constant 7 : index
  scf.forall (%i) in (4) {
    %scratch = memref.alloc() : memref<1x8xf32>
    %at = affine.apply affine_map<(d0)[s0] -> (d0 + s0)>(%i)[%past]
    %row = memref.subview %x[%i, 0] [1, 16] [1, 1] : memref<4x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
    %new = memref.subview %cache[%at, 0] [1, 16] [1, 1] : memref<100x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
    %part = memref.subview %z[%i, 24] [1, 8] [1, 1] : memref<4x32xf32> to memref<1x8xf32, strided<[32, 1], offset: ?>>
    linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%row : memref<1x16xf32, strided<[16, 1], offset: ?>>) outs(%new : memref<1x16xf32, strided<[16, 1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      %n = linalg.index 1 : index
      %looked = memref.load %table[%c7, %n] : memref<1000x16xf32>
      %sum = arith.addf %in, %looked : f32
      linalg.yield %sum : f32
    }
    linalg.copy ins(%part : memref<1x8xf32, strided<[32, 1], offset: ?>>) outs(%scratch : memref<1x8xf32>)
    linalg.exp ins(%new : memref<1x16xf32, strided<[16, 1], offset: ?>>) outs(%new : memref<1x16xf32, strided<[16, 1], offset: ?>>)
  }
  return
}
