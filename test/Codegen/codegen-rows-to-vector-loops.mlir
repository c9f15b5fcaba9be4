// RUN: tilewright-opt %s --codegen-rows-to-vector-loops --canonicalize --cse | FileCheck %s
// RUN: tilewright-opt %s --codegen-rows-to-vector-loops=lanes=4 --canonicalize --cse | FileCheck %s --check-prefix=NOMASK

// The exponentials are stored and summed in one loop: main loop of two registers, then a masked one.
// CHECK-LABEL: func.func @exp_and_sum
// CHECK:         %[[MAIN:.*]] = scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}) -> (vector<32xf32>) {
// CHECK:           %[[V:.*]] = vector.load
// CHECK:           %[[E:.*]] = math.exp %[[V]]
// CHECK:           vector.store %[[E]]
// CHECK-NOT:       vector.load
// CHECK:           arith.addf %[[E]], %[[A]] fastmath<contract>
// CHECK:         scf.for {{.*}} -> (vector<16xf32>) {
// CHECK:           %[[M:.*]] = vector.create_mask
// CHECK:           vector.maskedload {{.*}}%[[M]]
// CHECK:           arith.select %[[M]]
// CHECK:         vector.reduction <add>
// CHECK-NOT:     linalg
// Without masked moves the rest of the row is done one by one.
// NOMASK-LABEL: func.func @exp_and_sum
// NOMASK-NOT:     mask
// NOMASK:         scf.for {{.*}} -> (vector<1xf32>)
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @exp_and_sum(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %s: memref<?xf32>, %n: index, %m: index) {
  scf.forall (%i) in (%n) {
    %a = memref.subview %x[%i, 0] [1, %m] [1, 1] : memref<?x?xf32> to memref<1x?xf32, strided<[?, 1], offset: ?>>
    %b = memref.subview %y[%i, 0] [1, %m] [1, 1] : memref<?x?xf32> to memref<1x?xf32, strided<[?, 1], offset: ?>>
    %c = memref.subview %s[%i] [1] [1] : memref<?xf32> to memref<1xf32, strided<[1], offset: ?>>
    linalg.exp ins(%a : memref<1x?xf32, strided<[?, 1], offset: ?>>) outs(%b : memref<1x?xf32, strided<[?, 1], offset: ?>>)
    linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%b : memref<1x?xf32, strided<[?, 1], offset: ?>>) outs(%c : memref<1xf32, strided<[1], offset: ?>>) {
      ^bb0(%p: f32, %o: f32):
        %0 = arith.addf %p, %o : f32
        linalg.yield %0 : f32 }
  }
  return
}

// Booleans are bytes in memory.
// CHECK-LABEL: func.func @booleans
// CHECK:         vector.load {{.*}} memref<64xi8>, vector<64xi8>
// CHECK:         arith.cmpi ne
func.func @booleans(%x: memref<64xi1>, %y: memref<64xf32>, %n: index) {
  scf.forall (%i) in (%n) {
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<64xi1>) outs(%y : memref<64xf32>) {
      ^bb0(%p: i1, %o: f32):
        %0 = arith.uitofp %p : i1 to f32
        linalg.yield %0 : f32 }
  }
  return
}

// A product keeps a stretch of its row in registers while it sums.
// CHECK-LABEL: func.func @product
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             %[[ACC:.*]] = vector.load
// CHECK:             %[[SUM:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[ACC]]) -> (vector<64xf32>)
// CHECK:             vector.store %[[SUM]]
func.func @product(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>, %n: index) {
  scf.forall (%i) in (%n) {
    linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  }
  return
}

// CHECK-LABEL: func.func @transposition
// CHECK-COUNT-64: vector.shuffle
// CHECK:          vector.store
// NOMASK-LABEL: func.func @transposition
// NOMASK-COUNT-8: vector.shuffle
// NOMASK-NOT:     vector.shuffle
// NOMASK:         return
func.func @transposition(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %n: index) {
  scf.forall (%i) in (%n) {
    linalg.transpose ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>) permutation = [1, 0]
  }
  return
}

// What was written to another row of a buffer is not what stands in this one: nothing is passed on in registers.
// CHECK-LABEL: func.func @other_row
// CHECK-SAME:    %[[B:[a-z0-9]*]]: memref<2x64xf32>
// CHECK:         vector.store %{{.*}}, %[[B]][%c0,
// CHECK:         %[[V:.*]] = vector.load %[[B]][%c1,
// CHECK:         math.absf %[[V]]
#first = affine_map<(j) -> (0, j)>
#second = affine_map<(j) -> (1, j)>
#all = affine_map<(j) -> (j)>
func.func @other_row(%b: memref<2x64xf32>, %x: memref<64xf32>, %y: memref<64xf32>, %n: index) {
  scf.forall (%i) in (%n) {
    linalg.generic {indexing_maps = [#all, #first], iterator_types = ["parallel"]} ins(%x : memref<64xf32>) outs(%b : memref<2x64xf32>) {
      ^bb0(%p: f32, %o: f32):
        %0 = math.exp %p : f32
        linalg.yield %0 : f32 }
    linalg.generic {indexing_maps = [#second, #all], iterator_types = ["parallel"]} ins(%b : memref<2x64xf32>) outs(%y : memref<64xf32>) {
      ^bb0(%p: f32, %o: f32):
        %0 = math.absf %p : f32
        linalg.yield %0 : f32 }
  }
  return
}

// Which of two buffers is read is not known: it may be the one that is written, at another place.
// CHECK-LABEL: func.func @chosen
// CHECK:         scf.for
// CHECK:           math.exp
// CHECK-NOT:       math.absf
// CHECK:         }
// CHECK:         math.absf
#written = affine_map<(j) -> (j + 7)>
#read = affine_map<(j) -> (j + 8)>
func.func @chosen(%a: memref<72xf32>, %b: memref<72xf32>, %x: memref<64xf32>, %y: memref<64xf32>, %c: i1, %n: index) {
  %one = arith.select %c, %a, %b : memref<72xf32>
  scf.forall (%i) in (%n) {
    linalg.generic {indexing_maps = [#all, #written], iterator_types = ["parallel"]} ins(%x : memref<64xf32>) outs(%a : memref<72xf32>) {
      ^bb0(%p: f32, %o: f32):
        %0 = math.exp %p : f32
        linalg.yield %0 : f32 }
    linalg.generic {indexing_maps = [#read, #all], iterator_types = ["parallel"]} ins(%one : memref<72xf32>) outs(%y : memref<64xf32>) {
      ^bb0(%p: f32, %o: f32):
        %0 = math.absf %p : f32
        linalg.yield %0 : f32 }
  }
  return
}
