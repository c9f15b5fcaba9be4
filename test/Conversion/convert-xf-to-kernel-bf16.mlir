// RUN: tilewright-opt %s -convert-xf-to-kernel=compute=bf16 -split-input-file | FileCheck %s
// RUN: tilewright-opt %s -convert-xf-to-kernel=compute=bf16x3 -split-input-file | FileCheck --check-prefix=SPLIT %s

// Pairs of bf16, half as many bytes; a CPU that sums their products gets the other side rounded, too.
// CHECK: xf.weight_data @w.panels32.bf16 : tensor<2x32x64xbf16> init {
// CHECK:   %[[W:.*]] = xf.cast %{{.*}} : (tensor<64x40xf32>) -> tensor<64x40xbf16>
// CHECK:   %[[P:.*]] = linalg.pack %[[W]] padding_value(%{{.*}} : bf16) outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [32, 2]
// CHECK:   tensor.collapse_shape %[[P]] {{\[}}[0], [1], [2, 3]] : tensor<2x32x32x2xbf16> into tensor<2x32x64xbf16>
// CHECK-LABEL: func @dot
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x64xf32>
// CHECK: %[[R:.*]] = xf.cast %[[X]] : (tensor<?x64xf32>) -> tensor<?x64xbf16>
// CHECK: kernel.contract ins(%[[R]], %{{.*}} : tensor<?x64xbf16>, tensor<2x32x64xbf16>)
// CHECK: ^bb0(%{{.*}}: f32)
module attributes {target.cpu = #target.cpu<name = "znver5", triple = "x86_64-unknown-linux-gnu", cpu = "znver5", features = "", lanes = 16, registers = 32, l1 = 49152, l2 = 1048576, bf16_dot = true>} {
  xf.weight_data @w : tensor<64x40xf32> from #xf.source<"m.onnx", 0, 10240, raw>
  func.func @dot(%x: tensor<?x64xf32> {xf.name = "x", xf.dims = ["s", ""]}) -> (tensor<?x40xf32> {xf.name = "y", xf.dims = ["s", ""]}) {
    %w = xf.weight @w : tensor<64x40xf32>
    %r = xf.matmul %x, %w : (tensor<?x64xf32>, tensor<64x40xf32>) -> tensor<?x40xf32>
    return %r : tensor<?x40xf32>
  }
}

// -----

// Elsewhere weights are widened. Gate and up share panels; their pairs stay together.
// CHECK: xf.weight_data @w.pairs16.bf16 : tensor<3x32x32xbf16> init {
// CHECK:   %[[S:.*]] = tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]] output_shape [64, 2, 20]
// CHECK:   linalg.pack %[[S]] {{.*}} outer_dims_perm = [2, 0, 1] inner_dims_pos = [2, 0] inner_tiles = [8, 2]
// CHECK-LABEL: func @gated
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x64xf32>
// CHECK: kernel.contract ins(%[[X]], %{{.*}} : tensor<?x64xf32>, tensor<3x32x32xbf16>)
module attributes {target.cpu = #target.cpu<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", lanes = 8, registers = 16, l1 = 32768, l2 = 524288>} {
  xf.weight_data @w : tensor<64x40xf32> from #xf.source<"m.onnx", 0, 10240, raw>
  func.func @gated(%x: tensor<?x64xf32> {xf.name = "x", xf.dims = ["s", ""]}) -> (tensor<?x20xf32> {xf.name = "y", xf.dims = ["s", ""]}) {
    %w = xf.weight @w : tensor<64x40xf32>
    %s = xf.dim "s"
    %r = xf.matmul %x, %w : (tensor<?x64xf32>, tensor<64x40xf32>) -> tensor<?x40xf32>
    %g = tensor.extract_slice %r[0, 0] [%s, 20] [1, 1] : tensor<?x40xf32> to tensor<?x20xf32>
    %u = tensor.extract_slice %r[0, 20] [%s, 20] [1, 1] : tensor<?x40xf32> to tensor<?x20xf32>
    %a = xf.unary silu %g : (tensor<?x20xf32>) -> tensor<?x20xf32>
    %y = xf.binary mul %a, %u : (tensor<?x20xf32>, tensor<?x20xf32>) -> tensor<?x20xf32>
    return %y : tensor<?x20xf32>
  }
}

// -----

// An odd k has no last pair: exact.
// CHECK: xf.weight_data @w.panels32 : tensor<2x63x32xf32>
module attributes {target.cpu = #target.cpu<name = "znver5", triple = "x86_64-unknown-linux-gnu", cpu = "znver5", features = "", lanes = 16, registers = 32, l1 = 49152, l2 = 1048576, bf16_dot = true>} {
  xf.weight_data @w : tensor<63x40xf32> from #xf.source<"m.onnx", 0, 10080, raw>
  func.func @odd(%x: tensor<?x63xf32> {xf.name = "x", xf.dims = ["s", ""]}) -> (tensor<?x40xf32> {xf.name = "y", xf.dims = ["s", ""]}) {
    %w = xf.weight @w : tensor<63x40xf32>
    %r = xf.matmul %x, %w : (tensor<?x63xf32>, tensor<63x40xf32>) -> tensor<?x40xf32>
    return %r : tensor<?x40xf32>
  }
}

// -----

// Split into high and low parts: [high, low, high] · [high, high, low]. Only in tiles is that faster than f32.
// SPLIT: xf.weight_data @w.panels32 : tensor<2x64x32xf32>
// SPLIT: xf.weight_data @w.panels32.bf16x3 : tensor<2x96x64xbf16> init {
// SPLIT:   %[[W:.*]] = xf.weight @w : tensor<64x40xf32>
// SPLIT:   %[[H:.*]] = xf.cast %[[W]] : (tensor<64x40xf32>) -> tensor<64x40xbf16>
// SPLIT:   %[[B:.*]] = xf.cast %[[H]]
// SPLIT:   %[[R:.*]] = xf.binary sub %[[W]], %[[B]]
// SPLIT:   %[[L:.*]] = xf.cast %[[R]] : (tensor<64x40xf32>) -> tensor<64x40xbf16>
// SPLIT:   tensor.concat dim(0) %[[H]], %[[H]], %[[L]]
// SPLIT-LABEL: func @tiles
// SPLIT: %[[X:.*]] = tensor.concat dim(1) %[[XH:.*]], %[[XL:.*]], %[[XH]] : {{.*}} -> tensor<?x192xbf16>
// SPLIT: kernel.contract ins(%[[X]], %{{.*}} : tensor<?x192xbf16>, tensor<2x96x64xbf16>)
module attributes {target.cpu = #target.cpu<name = "sapphirerapids", triple = "x86_64-unknown-linux-gnu", cpu = "sapphirerapids", features = "", lanes = 16, registers = 32, l1 = 49152, l2 = 2097152, bf16_dot = true, tiles = true>} {
  xf.weight_data @w : tensor<64x40xf32> from #xf.source<"m.onnx", 0, 10240, raw>
  func.func @tiles(%x: tensor<?x64xf32> {xf.name = "x", xf.dims = ["s", ""]}) -> (tensor<?x40xf32> {xf.name = "y", xf.dims = ["s", ""]}) {
    %w = xf.weight @w : tensor<64x40xf32>
    %r = xf.matmul %x, %w : (tensor<?x64xf32>, tensor<64x40xf32>) -> tensor<?x40xf32>
    return %r : tensor<?x40xf32>
  }
}
