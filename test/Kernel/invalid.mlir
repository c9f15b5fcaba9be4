// RUN: tilewright-opt %s -split-input-file -verify-diagnostics

func.func @contracted_size(%a: tensor<?x47xf32>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects one contracted size, got 47 and 48}}
  %r = kernel.contract ins(%a, %w : tensor<?x47xf32>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @panels(%a: tensor<?x48xf32>, %w: tensor<3x48x32xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects 2 panels of 32 columns for n = 40, got 3}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<3x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @lanes(%a: tensor<?x48xf32>, %w: tensor<2x48x20xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects panels of whole vectors of 16 lanes, got 20 columns}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x20xf32>) outs(%init : tensor<?x40xf32>)
       schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @extra_map(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %x: tensor<?x40xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects every index of extra_maps[0] to be a dimension, each once and the column last, or 0}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) extras(%x : tensor<?x40xf32>)
       outs(%init : tensor<?x40xf32>) {extra_maps = [affine_map<(m, n) -> (m + 1, n)>]} epilogue {
    ^bb0(%s: f32, %e: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

// Vectors of a row are read side by side.
func.func @extra_column(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %x: tensor<40x?xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects every index of extra_maps[0] to be a dimension, each once and the column last, or 0}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) extras(%x : tensor<40x?xf32>)
       outs(%init : tensor<?x40xf32>) {extra_maps = [affine_map<(m, n) -> (n, m)>]} epilogue {
    ^bb0(%s: f32, %e: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @no_columns(%a: tensor<?x48xf32>, %w: tensor<2x48x0xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects a static panel width, got 'tensor<2x48x0xf32>'}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x0xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @elements(%a: tensor<?x48xf16>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects lhs, rhs and sums of one floating-point type, or f32 lhs and sums with a packed rhs of f16 or bf16, got 'tensor<?x48xf16>', 'tensor<2x48x32xf32>' and 'f32'}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf16>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @extra_size(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %x: tensor<48xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects extra operand 0 to fit the result}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) extras(%x : tensor<48xf32>)
       outs(%init : tensor<?x40xf32>) {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
    ^bb0(%s: f32, %e: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @arguments(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects one map and one epilogue argument for each of 0 extra operands besides 1 sums}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32, %e: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @elementwise(%a: tensor<?x48xf32>, %w: tensor<2x48x32xf32>, %init: tensor<?x40xf32>) {
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x48x32xf32>) outs(%init : tensor<?x40xf32>) epilogue {
    ^bb0(%s: f32):
      // expected-error @below {{expects only elementwise ops in an epilogue}}
      %0 = builtin.unrealized_conversion_cast %s : f32 to f32
      kernel.yield %0 : f32
  } -> tensor<?x40xf32>
  return
}

// -----

// expected-error @below {{expects as many few_panels as few_rows, got 1 and 2}}
#s = #kernel.contract_schedule<mr = 14, lanes = 16, unroll = 2, row_block = 112, few_rows = [2, 4], few_panels = [6]>

// -----

// expected-error @below {{expects mr = 32 and lanes = 16 with tiles, got 14 and 16}}
#s = #kernel.contract_schedule<mr = 14, lanes = 16, unroll = 2, row_block = 112, tiles = true>

// -----

// expected-error @below {{expects mr, lanes, unroll >= 1 and row_block >= mr, got 14, 16, 2, 8}}
#s = #kernel.contract_schedule<mr = 14, lanes = 16, unroll = 2, row_block = 8>

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @heads(%q: tensor<1x4x?x64xf32>, %k: tensor<1x3x?x64xf32>, %init: tensor<1x4x?x64xf32>) {
  // expected-error @below {{expects the number of query heads to be a multiple of key heads, got 4 and 3}}
  %r = kernel.attention ins(%q, %k, %k : tensor<1x4x?x64xf32>, tensor<1x3x?x64xf32>, tensor<1x3x?x64xf32>)
       outs(%init : tensor<1x4x?x64xf32>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<1x4x?x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
#dlast = affine_map<(b, h, s, d) -> (b, h, d, s)>
func.func @order(%q: tensor<1x4x?x64xf32>, %k: tensor<1x4x64x?xf32>, %v: tensor<1x4x?x64xf32>) {
  // expected-error @below {{expects key of rank 4 with a permutation of (b, h, s, d) that keeps d last}}
  %r = kernel.attention ins(%q, %k, %v : tensor<1x4x?x64xf32>, tensor<1x4x64x?xf32>, tensor<1x4x?x64xf32>)
       outs(%q : tensor<1x4x?x64xf32>) {maps = [#id, #dlast, #id, #id], scale = 0.125 : f64} -> tensor<1x4x?x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @mask(%q: tensor<1x4x?x64xf32>, %m: tensor<?x?xi1>) {
  // expected-error @below {{expects a mask of f32 and rank 1 to 4, got 'tensor<?x?xi1>'}}
  %r = kernel.attention ins(%q, %q, %q : tensor<1x4x?x64xf32>, tensor<1x4x?x64xf32>, tensor<1x4x?x64xf32>) mask(%m : tensor<?x?xi1>)
       outs(%q : tensor<1x4x?x64xf32>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<1x4x?x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @mask_size(%q: tensor<1x4x8x64xf32>, %m: tensor<2x8x8xf32>) {
  // expected-error @below {{expects sizes of the mask to be 1 or those of [b, h, sq, skv], got 'tensor<2x8x8xf32>'}}
  %r = kernel.attention ins(%q, %q, %q : tensor<1x4x8x64xf32>, tensor<1x4x8x64xf32>, tensor<1x4x8x64xf32>) mask(%m : tensor<2x8x8xf32>)
       outs(%q : tensor<1x4x8x64xf32>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<1x4x8x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @lengths(%q: tensor<2x4x8x64xf32>, %l: tensor<3xi64>) {
  // expected-error @below {{expects kv_lengths to be a signless integer for each batch, got 'tensor<3xi64>'}}
  %r = kernel.attention ins(%q, %q, %q : tensor<2x4x8x64xf32>, tensor<2x4x8x64xf32>, tensor<2x4x8x64xf32>) kv_lengths(%l : tensor<3xi64>)
       outs(%q : tensor<2x4x8x64xf32>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<2x4x8x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @batches(%q: tensor<2x4x8x64xf32>, %k: tensor<1x4x8x64xf32>) {
  // expected-error @below {{expects one batch size, got 2 and 1}}
  %r = kernel.attention ins(%q, %k, %k : tensor<2x4x8x64xf32>, tensor<1x4x8x64xf32>, tensor<1x4x8x64xf32>)
       outs(%q : tensor<2x4x8x64xf32>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<2x4x8x64xf32>
  return
}

// -----

#id = affine_map<(b, h, s, d) -> (b, h, s, d)>
func.func @half(%q: tensor<2x4x8x64xf16>) {
  // expected-error @below {{expects elements of type f32, or a result of bf16, got 'tensor<2x4x8x64xf16>'}}
  %r = kernel.attention ins(%q, %q, %q : tensor<2x4x8x64xf16>, tensor<2x4x8x64xf16>, tensor<2x4x8x64xf16>)
       outs(%q : tensor<2x4x8x64xf16>) {maps = [#id, #id, #id, #id], scale = 0.125 : f64} -> tensor<2x4x8x64xf16>
  return
}

// -----

// expected-error @below {{expects keys to be a multiple of the panel width 64, got 100}}
#s = #kernel.attention_schedule<mr = 6, lanes = 16, key_vectors = 4, value_vectors = 4, rows = 72, keys = 100>

// -----

func.func @plain(%a: tensor<2x7x64xf32>, %b: tensor<3x64x40xf32>, %c: tensor<2x7x40xf32>) -> tensor<2x7x40xf32> {
  // expected-error @below {{expects lhs [batch.., m, k], rhs [batch.., k, n] and init [batch.., m, n], got}}
  %0 = kernel.contract ins(%a, %b : tensor<2x7x64xf32>, tensor<3x64x40xf32>) outs(%c : tensor<2x7x40xf32>) {panel_width = 32 : i64} epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<2x7x40xf32>
  return %0 : tensor<2x7x40xf32>
}

// -----

func.func @columns(%a: tensor<7x64xf32>, %b: tensor<40x64xf32>, %c: tensor<7x41xf32>) -> tensor<7x41xf32> {
  // expected-error @below {{expects as many columns in rhs as in init, got 40 and 41}}
  %0 = kernel.contract ins(%a, %b : tensor<7x64xf32>, tensor<40x64xf32>) outs(%c : tensor<7x41xf32>) {panel_width = 32 : i64, transpose_rhs} epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<7x41xf32>
  return %0 : tensor<7x41xf32>
}

// -----

func.func @depth(%a: tensor<7x64xf32>, %b: tensor<64x40xf32>, %c: tensor<7x40xf32>) -> tensor<7x40xf32> {
  // expected-error @below {{expects a schedule with a depth for a plain rhs}}
  %0 = kernel.contract ins(%a, %b : tensor<7x64xf32>, tensor<64x40xf32>) outs(%c : tensor<7x40xf32>)
    schedule(<mr = 14, lanes = 16, unroll = 2, row_block = 112>) {panel_width = 32 : i64} epilogue {
    ^bb0(%sum: f32):
      kernel.yield %sum : f32
  } -> tensor<7x40xf32>
  return %0 : tensor<7x40xf32>
}

// -----

func.func @tiles(%a: tensor<?x48xf32>, %w: tensor<2x24x64xbf16>, %init: tensor<?x40xf32>) {
  // expected-error @below {{expects bf16 operands, a static k and panels of at most 32 columns for tiles, got 'tensor<?x48xf32>' and 'tensor<2x24x64xbf16>'}}
  %r = kernel.contract ins(%a, %w : tensor<?x48xf32>, tensor<2x24x64xbf16>) outs(%init : tensor<?x40xf32>)
    schedule(<mr = 32, lanes = 16, unroll = 2, row_block = 256, tiles = true>) epilogue {
    ^bb0(%s: f32):
      kernel.yield %s : f32
  } -> tensor<?x40xf32>
  return
}

// -----

func.func @sums(%a: tensor<7x64xf32>, %b: tensor<2x64x32xf32>, %c: tensor<7x40xf32>) -> tensor<7x40xf32> {
  // expected-error @below {{expects 3 panels of 16 columns for n = 40, got 2}}
  %0 = kernel.contract ins(%a, %b : tensor<7x64xf32>, tensor<2x64x32xf32>) outs(%c : tensor<7x40xf32>) {sums = 2 : i64} epilogue {
    ^bb0(%gate: f32, %up: f32):
      %0 = arith.mulf %gate, %up : f32
      kernel.yield %0 : f32
  } -> tensor<7x40xf32>
  return %0 : tensor<7x40xf32>
}

// -----

func.func @buffer_sizes(%call: !llvm.ptr, %n: index) {
  // expected-error @below {{expects 2 dynamic sizes, got 1}}
  %x = kernel.buffer %call[%n](%n) : memref<?x?xf32>
  return
}

// -----

func.func @buffer_layout(%call: !llvm.ptr, %n: index) {
  // expected-error @below {{expects the identity layout}}
  %x = kernel.buffer %call[%n](%n) : memref<?x4xf32, strided<[8, 1]>>
  return
}
