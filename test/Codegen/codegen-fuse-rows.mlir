// RUN: tilewright-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(codegen-fuse-rows),canonicalize,cse)' --split-input-file | FileCheck %s

// A loop without iterations leaves what it starts from.
// CHECK-LABEL: func.func @empty_reduction
// CHECK-SAME:    %{{.*}}: tensor<2x0xf32>, %[[INIT:.*]]: tensor<2xf32>)
// CHECK-NOT:     scf.forall
// CHECK:         return %[[INIT]]
func.func @empty_reduction(%x: tensor<2x0xf32>, %init: tensor<2xf32>) -> tensor<2xf32> {
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]}
    ins(%x : tensor<2x0xf32>) outs(%init : tensor<2xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = arith.addf %o, %p : f32
      linalg.yield %0 : f32 } -> tensor<2xf32>
  return %sum : tensor<2xf32>
}

// -----

// The residual sum is a result of the loop that normalises it: one loop, no other linalg op outside.
// CHECK-LABEL: func.func @residual_rms_norm
// CHECK-NOT:     linalg.
// CHECK:         %[[R:.*]]:2 = scf.forall (%{{.*}}, %{{.*}}) in
// CHECK:           linalg.generic {{.*}} outs
// CHECK:           math.sqrt
// CHECK:           scf.forall.in_parallel
// CHECK-NEXT:        tensor.parallel_insert_slice
// CHECK-NEXT:        tensor.parallel_insert_slice
// CHECK-NOT:     scf.forall (
// CHECK:         return
#r3 = affine_map<(b, s, d) -> (b, s, d)>
#row = affine_map<(b, s, d) -> (b, s)>
#i2 = affine_map<(b, s) -> (b, s)>
func.func @residual_rms_norm(%x: tensor<?x?x768xf32>, %r: tensor<?x?x768xf32>, %b: index, %s: index) -> (tensor<?x?x768xf32>, tensor<?x?x768xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%b, %s) : tensor<?x?x768xf32>
  %er = tensor.empty(%b, %s) : tensor<?x?xf32>
  %h = linalg.generic {indexing_maps = [#r3, #r3, #r3], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x, %r : tensor<?x?x768xf32>, tensor<?x?x768xf32>) outs(%e : tensor<?x?x768xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.addf %p, %q : f32
      linalg.yield %0 : f32 } -> tensor<?x?x768xf32>
  %z = linalg.fill ins(%zero : f32) outs(%er : tensor<?x?xf32>) -> tensor<?x?xf32>
  %sum = linalg.generic {indexing_maps = [#r3, #row], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%h : tensor<?x?x768xf32>) outs(%z : tensor<?x?xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = arith.mulf %p, %p : f32
      %1 = arith.addf %0, %o : f32
      linalg.yield %1 : f32 } -> tensor<?x?xf32>
  %root = linalg.generic {indexing_maps = [#i2, #i2], iterator_types = ["parallel", "parallel"]}
    ins(%sum : tensor<?x?xf32>) outs(%er : tensor<?x?xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = math.sqrt %p : f32
      linalg.yield %0 : f32 } -> tensor<?x?xf32>
  %y = linalg.generic {indexing_maps = [#r3, #row, #r3], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%h, %root : tensor<?x?x768xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?x768xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.divf %p, %q : f32
      linalg.yield %0 : f32 } -> tensor<?x?x768xf32>
  return %h, %y : tensor<?x?x768xf32>, tensor<?x?x768xf32>
}

// -----

// A foreign op stands between the two sums: the first one is stored, not computed twice, though it is cheap.
// CHECK-LABEL: func.func @residual_chain
// CHECK:         %[[H:.*]] = scf.forall
// CHECK:           arith.addf
// CHECK-NOT:       arith.addf
// CHECK:         %[[F:.*]] = "test.contract"(%[[H]])
// CHECK:         scf.forall
// CHECK-DAG:       tensor.extract_slice %[[H]]
// CHECK-DAG:       tensor.extract_slice %[[F]]
// CHECK:           arith.addf
// CHECK-NOT:       arith.addf
// CHECK:         return
#id = affine_map<(i, j) -> (i, j)>
func.func @residual_chain(%x: tensor<?x64xf32>, %r: tensor<?x64xf32>, %n: index) -> tensor<?x64xf32> {
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %h = linalg.add ins(%x, %r : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %f = "test.contract"(%h) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.add ins(%h, %f : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// What stands in a foreign region is left alone; the body of a loop over layers is not foreign.
// CHECK-LABEL: func.func @blocks
// CHECK:         scf.for
// CHECK-NEXT:      scf.forall
// CHECK:         kernel.region
// CHECK-NEXT:      linalg.exp
func.func @blocks(%x: tensor<8x64xf32>, %n: index) -> tensor<8x64xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %e = tensor.empty() : tensor<8x64xf32>
  %h = scf.for %l = %zero to %n step %one iter_args(%c = %x) -> tensor<8x64xf32> {
    %t = linalg.tanh ins(%c : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) -> tensor<8x64xf32>
    scf.yield %t : tensor<8x64xf32>
  }
  %y = kernel.region -> tensor<8x64xf32> {
    %e2 = tensor.empty() : tensor<8x64xf32>
    %0 = linalg.exp ins(%h : tensor<8x64xf32>) outs(%e2 : tensor<8x64xf32>) -> tensor<8x64xf32>
    kernel.yield %0 : tensor<8x64xf32>
  }
  return %y : tensor<8x64xf32>
}

// -----

// The fill of a statistic stands with it, also where one fill serves statistics in front of a loop and inside.
// CHECK-LABEL: func.func @shared_fill
// CHECK-NOT:     linalg.fill
// CHECK:         scf.forall
// CHECK:           linalg.fill {{.*}} -> tensor<1xf32>
// CHECK:         scf.for
// CHECK-NOT:       linalg.fill
// CHECK:           scf.forall
// CHECK:             linalg.fill {{.*}} -> tensor<1xf32>
#sf_id = affine_map<(i, j) -> (i, j)>
#sf_row = affine_map<(i, j) -> (i)>
func.func @shared_fill(%x: tensor<?x64xf32>, %rows: index, %n: index) -> tensor<?xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty(%rows) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %first = linalg.generic {indexing_maps = [#sf_id, #sf_row], iterator_types = ["parallel", "reduction"]}
    ins(%x : tensor<?x64xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = arith.addf %p, %o : f32
      linalg.yield %0 : f32 } -> tensor<?xf32>
  %y = scf.for %l = %c0 to %n step %c1 iter_args(%h = %first) -> tensor<?xf32> {
    %s = linalg.generic {indexing_maps = [#sf_id, #sf_row, #sf_row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %h : tensor<?x64xf32>, tensor<?xf32>) outs(%f : tensor<?xf32>) {
      ^bb0(%p: f32, %q: f32, %o: f32):
        %0 = arith.mulf %p, %q : f32
        %1 = arith.addf %0, %o : f32
        linalg.yield %1 : f32 } -> tensor<?xf32>
    scf.yield %s : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}

// -----

// Long rows of elementwise ops are cut, so that one row is work for several threads.
// CHECK-LABEL: func.func @one_long_row
// CHECK:         scf.forall (%{{.*}}) = (0) to (4096) step (1024)
func.func @one_long_row(%x: tensor<1x4096xf32>) -> tensor<1x4096xf32> {
  %e = tensor.empty() : tensor<1x4096xf32>
  %y = linalg.exp ins(%x : tensor<1x4096xf32>) outs(%e : tensor<1x4096xf32>) -> tensor<1x4096xf32>
  return %y : tensor<1x4096xf32>
}

// -----

// Both halves of a rotary embedding go into one tensor.
// CHECK-LABEL: func.func @halves
// CHECK:         %[[Y:.*]] = scf.forall {{.*}} -> (tensor<4x8xf32>)
// CHECK-DAG:         tensor.parallel_insert_slice %{{.*}} into %[[O:.*]][%{{.*}}, 0] [1, 4]
// CHECK-DAG:         tensor.parallel_insert_slice %{{.*}} into %[[O]][%{{.*}}, 4] [1, 4]
// CHECK:         return %[[Y]]
#id = affine_map<(i, j) -> (i, j)>
func.func @halves(%x: tensor<4x4xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  %whole = tensor.empty() : tensor<4x8xf32>
  %y:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<4x4xf32>) outs(%e, %e : tensor<4x4xf32>, tensor<4x4xf32>) {
    ^bb0(%p: f32, %o: f32, %q: f32):
      %0 = arith.negf %p : f32
      linalg.yield %0, %p : f32, f32 } -> (tensor<4x4xf32>, tensor<4x4xf32>)
  %0 = tensor.insert_slice %y#0 into %whole[0, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<4x8xf32>
  %1 = tensor.insert_slice %y#1 into %0[0, 4] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// A concatenation within another one: only what is whole may be written straight into the outer tensor, else its first half is lost.
// CHECK-LABEL: @nested_concat
// CHECK: %[[FIRST:.*]] = scf.forall {{.*}} -> (tensor<?x4xf32>)
// CHECK: math.exp
// CHECK: %[[INNER:.*]] = scf.forall {{.*}}shared_outs(%{{.*}} = %[[FIRST]]) -> (tensor<?x4xf32>)
// CHECK: math.absf
// CHECK: tensor.insert_slice %[[INNER]] into %{{.*}}[0, 0] [%{{.*}}, 4] [1, 1]
func.func @nested_concat(%a: tensor<?x2xf32>, %b: tensor<?x2xf32>, %c: tensor<?x4xf32>, %n: index) -> tensor<?x8xf32> {
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.absf %in : f32
    linalg.yield %v : f32
  } -> tensor<?x2xf32>
  %inner = tensor.concat dim(1) %x, %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
  %outer = tensor.concat dim(1) %inner, %c : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return %outer : tensor<?x8xf32>
}

// -----

// A statistic that a foreign op reads, and the rows that its result goes into: what both need is computed with the first, so that
// no region waits for one that waits for it.
// CHECK-LABEL: func.func @statistic_apart
// CHECK:         %[[ROWS:.*]]:2 = scf.forall
// CHECK:           arith.mulf
// CHECK:           arith.addf
// CHECK:         %[[APART:.*]] = "test.foreign"(%[[ROWS]]#0)
// CHECK:         scf.forall
// CHECK-DAG:       tensor.extract_slice %[[ROWS]]#1
// CHECK-DAG:       tensor.extract_slice %[[APART]]
// CHECK:         return
#sa_id = affine_map<(i, j) -> (i, j)>
#sa_row = affine_map<(i, j) -> (i)>
#sa_column = affine_map<(i, j) -> (j)>
func.func @statistic_apart(%x: tensor<8x64xf32>, %m: tensor<64xf32>) -> tensor<8x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x64xf32>
  %er = tensor.empty() : tensor<8xf32>
  %a = linalg.square ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) -> tensor<8x64xf32>
  %b = linalg.generic {indexing_maps = [#sa_id, #sa_column, #sa_id], iterator_types = ["parallel", "parallel"]}
    ins(%a, %m : tensor<8x64xf32>, tensor<64xf32>) outs(%e : tensor<8x64xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.addf %p, %q : f32
      linalg.yield %0 : f32 } -> tensor<8x64xf32>
  %z = linalg.fill ins(%zero : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %first = linalg.generic {indexing_maps = [#sa_id, #sa_row], iterator_types = ["parallel", "reduction"]}
    ins(%b : tensor<8x64xf32>) outs(%z : tensor<8xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = arith.addf %p, %o : f32
      linalg.yield %0 : f32 } -> tensor<8xf32>
  %apart = "test.foreign"(%first) : (tensor<8xf32>) -> tensor<8xf32>
  %second = linalg.generic {indexing_maps = [#sa_id, #sa_row], iterator_types = ["parallel", "reduction"]}
    ins(%b : tensor<8x64xf32>) outs(%z : tensor<8xf32>) {
    ^bb0(%p: f32, %o: f32):
      %0 = arith.maxnumf %p, %o : f32
      linalg.yield %0 : f32 } -> tensor<8xf32>
  %c = linalg.generic {indexing_maps = [#sa_id, #sa_row, #sa_id], iterator_types = ["parallel", "parallel"]}
    ins(%b, %second : tensor<8x64xf32>, tensor<8xf32>) outs(%e : tensor<8x64xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.subf %p, %q : f32
      linalg.yield %0 : f32 } -> tensor<8x64xf32>
  %y = linalg.generic {indexing_maps = [#sa_id, #sa_row, #sa_id], iterator_types = ["parallel", "parallel"]}
    ins(%c, %apart : tensor<8x64xf32>, tensor<8xf32>) outs(%e : tensor<8x64xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.mulf %p, %q : f32
      linalg.yield %0 : f32 } -> tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}
