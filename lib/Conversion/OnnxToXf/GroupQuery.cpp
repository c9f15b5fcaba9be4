//===- GroupQuery.cpp - recipe of com.microsoft GroupQueryAttention -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
//
// Row r has seqlens_k[r] + 1 keys; the last q of them are new, so the new keys stand from
//
//   start[r] = max(0, seqlens_k[r] + 1 - q)
//
// on, behind what counts of the past. (In a prompt, where rows are padded, that is 0.) present_key
// is declared as long as past_key where they share a buffer; otherwise it is past + q long, and 0
// behind the keys of a shorter row. total_sequence_length is the length of the longest row and says
// nothing new.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;

namespace tilewright {

namespace {
/// Where the keys of each row stand.
struct Rows {
  OpFoldResult past, queries; ///< length of past_key, number of new keys
  bool shared = false;        ///< past and present are one buffer
  /// [b]; null where all rows start behind the whole past.
  Tensor starts;
  Tensor lengths; ///< keys of each row, [b]
};
} // namespace

static Rows rowsOf(Node &n, TensorBuilder &b, Tensor query, Tensor pastKey) {
  Rows rows;
  Tensor last = n.tensor(5);
  rows.queries = b.size(query, 2);
  rows.past = pastKey ? b.size(pastKey, 2) : b.index.constant(0);
  Type type = last.elementType();
  rows.lengths = b.add(b.reshape(last, {b.size(query, 0)}), b.integer(1, type));
  OpFoldResult present = pastKey ? n.declaredSize(1, 2) : OpFoldResult();
  rows.shared = present && b.index.alwaysEqual(present, rows.past);
  // A single row has exactly the past, and a prompt has none.
  if (pastKey && (rows.shared || query.dim(0) != 1))
    rows.starts = b.binary(BinaryKind::max, b.sub(rows.lengths, b.known(type, {}, {rows.queries})),
                           b.integer(0, type));
  return rows;
}

// Rotation of query and key by position: given ids, or start, start + 1, ...
static void rotateQueryAndKey(Node &n, TensorBuilder &b, Tensor &query, Tensor &key,
                              const Rows &rows) {
  Tensor cos = n.tensor(7), sin = n.tensor(8), positions = n.optional(9);
  bool interleaved = n.flag("rotary_interleaved", false);
  if (!n.ok())
    return;
  if (!positions && rows.starts)
    positions = b.add(b.unsqueeze(rows.starts, {1}),
                      b.iota(b.index.constant(0), rows.queries, rows.starts.elementType()));
  else if (!positions)
    positions = b.unsqueeze(b.iota(rows.past, rows.queries, b.builder.getI64Type()), {0});
  cos = b.gather(cos, positions, 0);
  sin = b.gather(sin, positions, 0);
  query = b.rope(query, cos, sin, interleaved);
  key = b.rope(key, cos, sin, interleaved);
}

// present_key or present_value [b, h, t, d].
static Tensor extendCache(TensorBuilder &b, Tensor past, Tensor fresh, const Rows &rows) {
  if (!rows.starts || !past || !fresh)
    return appendCache(b, past, fresh);
  if (rows.shared)
    return writeRows(b, past, fresh, rows.starts, 2, /*circular=*/false);
  Sizes low(4, b.index.constant(0)), high = low;
  high[2] = rows.queries;
  Tensor zero = b.number(0, past.elementType());
  Tensor written = writeRows(b, b.pad(past, low, high, zero), fresh, rows.starts, 2, false);
  Type type = rows.starts.elementType();
  Tensor end = b.add(rows.starts, b.known(type, {}, {rows.queries}));
  Tensor inside = b.compare(CompareKind::lt,
                            b.iota(b.index.constant(0), b.index.add(rows.past, rows.queries), type),
                            b.unsqueeze(end, {1}));
  return b.select(b.unsqueeze(inside, {1, 3}), written, zero);
}

// Packed input: query, key and value heads side by side.
static void unpackHeads(TensorBuilder &b, Tensor &query, Tensor &key, Tensor &value, int64_t heads,
                        int64_t keyHeads) {
  if (!query || query.rank() != 3 || query.type().isDynamicDim(2) || heads < 1 || keyHeads < 1 ||
      query.dim(2) % (heads + 2 * keyHeads))
    return (void)b.fail("expects a packed query of " + Twine(heads + 2 * keyHeads) + " heads");
  int64_t width = query.dim(2) / (heads + 2 * keyHeads);
  auto part = [&](int64_t first, int64_t count) {
    return columns(b, query, b.index.constant(first * width), b.index.constant(count * width));
  };
  key = part(heads, keyHeads);
  value = part(heads + keyHeads, keyHeads);
  query = part(0, heads);
}

static void refuseUnsupported(Node &n) {
  n.expect("smooth_softmax", 0);
  n.expect("qk_output", 0);
  n.expect("kv_cache_bit_width", 0);
  for (StringRef quantization : {"k_quant_type", "v_quant_type"})
    n.choice(quantization, {"NONE"});
  StringRef names[] = {"head_sink", "k_scale", "v_scale", "q_norm_weight", "k_norm_weight"};
  for (auto [i, name] : llvm::enumerate(names))
    n.refuse(11 + i, name);
}

static void convertGroupQueryAttention(Node &n, TensorBuilder &b) {
  int64_t heads = n.integer("num_heads"), keyHeads = n.integer("kv_num_heads"),
          window = n.integer("local_window_size", -1);
  n.ignore("rotary_interleaved"); // read where do_rotary asks for it
  refuseUnsupported(n);
  Tensor query = n.tensor(0), key = n.optional(1), value = n.optional(2), pastKey = n.optional(3),
         pastValue = n.optional(4);
  if (!n.ok())
    return;
  if (!key)
    unpackHeads(b, query, key, value, heads, keyHeads);
  query = splitHeads(b, query, heads);
  key = splitHeads(b, key, keyHeads);
  value = splitHeads(b, value, keyHeads);
  if (!n.ok() || (pastKey && pastKey.rank() != 4))
    return (void)b.fail("expects past_key [batch, heads, past, size]");
  Rows rows = rowsOf(n, b, query, pastKey);
  if (n.flag("do_rotary", false) && n.ok())
    rotateQueryAndKey(n, b, query, key, rows);
  TensorBuilder::Attention a;
  a.query = query;
  a.key = extendCache(b, pastKey, key, rows);
  a.value = extendCache(b, pastValue, value, rows);
  a.mask = n.optional(10);
  a.causal = true;
  a.kvLengths = rows.lengths;
  a.softcap = n.number("softcap", 0);
  a.scale = attentionScale(b, n.number("scale", 0), query);
  window = window > 0 ? window - 1 : -1; // theirs counts the diagonal
  if (!n.ok())
    return;
  OpFoldResult keys = b.size(a.key, 2);
  // No row starts later than this.
  a.offset = b.index.sub(keys, rows.queries);
  if (rows.starts)
    a.mask = combineMasks(b, a.mask, causalMask(b, rows.starts, rows.queries, keys, window));
  else
    a.window = window;
  n.yield({mergeHeads(b, b.attention(a)), a.key, a.value});
}

static const Recipe recipes[] = {
    {"com.microsoft", "GroupQueryAttention", 1, convertGroupQueryAttention},
};

ArrayRef<Recipe> groupQueryRecipes() {
  return recipes;
}

} // namespace tilewright
