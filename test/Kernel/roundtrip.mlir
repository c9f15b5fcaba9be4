// RUN: tilewright-opt %s | tilewright-opt | FileCheck %s

// CHECK-LABEL: func @contract
func.func @contract(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %bias: tensor<40xf32>, %init: tensor<?x40xf32>) -> tensor<?x40xf32> {
  // CHECK: kernel.contract ins(%{{.*}}, %{{.*}} : tensor<?x48xf32>, tensor<2x48x32xf32>) extras(%{{.*}} : tensor<40xf32>) outs(%{{.*}} : tensor<?x40xf32>)
  // CHECK-SAME: schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112, few_rows = [2, 4], few_panels = [6, 3], prefetch = 16>)
  // CHECK-SAME: epilogue {
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) extras(%bias : tensor<40xf32>)
       outs(%init : tensor<?x40xf32>)
       schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112, few_rows = [2, 4], few_panels = [6, 3], prefetch = 16>)
       {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
    ^bb0(%s: f32, %b: f32):
      %0 = arith.addf %s, %b : f32
      kernel.yield %0 : f32
  } -> tensor<?x40xf32>
  return %r : tensor<?x40xf32>
}

#bshd = affine_map<(b, h, s, d) -> (b, s, h, d)>
// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<?x?x8x64xf32>, %k: tensor<?x?x2x64xf32>, %m: tensor<?x1x1x?xf32>, %o: index, %l: tensor<?xi64>) -> tensor<?x?x8x64xf32> {
  // CHECK: kernel.attention ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x8x64xf32>, tensor<?x?x2x64xf32>, tensor<?x?x2x64xf32>)
  // CHECK-SAME: mask(%{{.*}} : tensor<?x1x1x?xf32>) offset(%{{.*}}) kv_lengths(%{{.*}} : tensor<?xi64>)
  // CHECK-SAME: schedule(<mr = 6, lanes = 16, key_vectors = 4, value_vectors = 4, rows = 72, keys = 512>)
  // CHECK-SAME: causal
  %r = kernel.attention ins(%q, %k, %k : tensor<?x?x8x64xf32>, tensor<?x?x2x64xf32>, tensor<?x?x2x64xf32>)
       mask(%m : tensor<?x1x1x?xf32>) offset(%o) kv_lengths(%l : tensor<?xi64>) outs(%q : tensor<?x?x8x64xf32>)
       schedule(<mr = 6, lanes = 16, key_vectors = 4, value_vectors = 4, rows = 72, keys = 512>)
       {maps = [#bshd, #bshd, #bshd, #bshd], scale = 0.125 : f64, causal} -> tensor<?x?x8x64xf32>
  return %r : tensor<?x?x8x64xf32>
}

// CHECK-LABEL: func @buffers
func.func @buffers(%call: !llvm.ptr, %layer: index, %n: index) {
  // CHECK: kernel.buffer %{{.*}}[%{{.*}}] (%{{.*}}) : memref<1x?x4xf32>
  %x = kernel.buffer %call[%layer](%n) : memref<1x?x4xf32>
  // CHECK: kernel.buffer output %{{.*}}[%{{.*}}] () : memref<f32>
  %y = kernel.buffer output %call[%layer]() : memref<f32>
  return
}
