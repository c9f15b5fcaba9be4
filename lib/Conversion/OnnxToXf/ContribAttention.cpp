//===- ContribAttention.cpp - recipes of com.microsoft attention -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::CompareKind;

namespace tilewright {

// Refuses an input that changes the result in a way that is not supported.
static void refuse(Node &n, TensorBuilder &b, unsigned input, StringRef name) {
  if (n.optional(input))
    b.fail("does not support input " + Twine(input) + " (" + name + ")");
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

// Rotation of query and key by position: given ids, or past + 0, past + 1, ...
static void rotateQueryAndKey(Node &n, TensorBuilder &b, Tensor &query, Tensor &key,
                              OpFoldResult past) {
  Tensor cos = n.tensor(7), sin = n.tensor(8), positions = n.optional(9);
  bool interleaved = n.flag("rotary_interleaved", false);
  if (!n.ok())
    return;
  if (!positions)
    positions = b.unsqueeze(b.iota(past, b.size(query, 2), b.builder.getI64Type()), {0});
  cos = b.gather(cos, positions, 0);
  sin = b.gather(sin, positions, 0);
  query = b.rope(query, cos, sin, interleaved);
  key = b.rope(key, cos, sin, interleaved);
}

// Packed input: query, key and value heads side by side.
static void unpackHeads(TensorBuilder &b, Tensor &query, Tensor &key, Tensor &value, int64_t heads,
                        int64_t keyHeads) {
  if (!query || query.rank() != 3 || query.type().isDynamicDim(2) ||
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

// The cache is the past followed by the new keys: past_key holds exactly the keys so far, of all
// rows. seqlens_k is the number of keys of each row less 1, and hides what a shorter row was padded
// with; total_sequence_length then says nothing new.
static void convertGroupQueryAttention(Node &n, TensorBuilder &b) {
  int64_t heads = n.integer("num_heads"), keyHeads = n.integer("kv_num_heads"),
          window = n.integer("local_window_size", -1);
  n.expect("smooth_softmax", 0);
  n.expect("qk_output", 0);
  n.ignore("rotary_interleaved");
  refuse(n, b, 11, "head_sink");
  refuse(n, b, 12, "k_scale");
  refuse(n, b, 13, "v_scale");
  refuse(n, b, 14, "q_norm_weight");
  refuse(n, b, 15, "k_norm_weight");
  for (StringRef quantization : {"k_quant_type", "v_quant_type"})
    if (n.text(quantization, "NONE") != "NONE")
      b.fail("expects attribute '" + quantization + "' to be NONE");
  n.expect("kv_cache_bit_width", 0);
  Tensor query = n.tensor(0), key = n.optional(1), value = n.optional(2), pastKey = n.optional(3),
         pastValue = n.optional(4);
  Tensor lengths = n.tensor(5);
  if (!n.ok())
    return;
  if (!key)
    unpackHeads(b, query, key, value, heads, keyHeads);
  query = splitHeads(b, query, heads);
  key = splitHeads(b, key, keyHeads);
  value = splitHeads(b, value, keyHeads);
  OpFoldResult past = pastKey ? pastLength(b, pastKey) : b.index.constant(0);
  if (n.flag("do_rotary", false) && n.ok())
    rotateQueryAndKey(n, b, query, key, past);
  TensorBuilder::Attention a;
  a.query = query;
  a.key = appendCache(b, pastKey, key);
  a.value = appendCache(b, pastValue, value);
  a.mask = n.optional(10);
  a.offset = past;
  a.causal = true;
  a.softcap = n.number("softcap", 0);
  a.scale = attentionScale(b, n.number("scale", 0), query);
  a.window = window > 0 ? window - 1 : -1; // theirs counts the diagonal
  if (n.ok())
    a.kvLengths =
        b.add(b.reshape(lengths, {b.size(query, 0)}), b.integer(1, lengths.elementType()));
  n.yield({mergeHeads(b, b.attention(a)), a.key, a.value});
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention, Attention
//===----------------------------------------------------------------------===//

// A mask of 0 and 1: lengths [b] hide keys by count; [b, keys] and [b, q, keys] add `filler` where
// they are 0.
static void applyKeyMask(TensorBuilder &b, TensorBuilder::Attention &a, Tensor mask,
                         double filler) {
  if (!mask || !a.query)
    return;
  if (mask.rank() == 1 && b.index.alwaysEqual(b.size(mask, 0), b.size(a.query, 0)))
    return (void)(a.kvLengths = mask);
  if (mask.rank() != 2 && mask.rank() != 3)
    return (void)b.fail(
        "expects a mask [batch], [batch, keys] or [batch, queries, keys], got rank " +
        Twine(mask.rank()));
  Type type = a.query.elementType();
  Tensor hidden = b.compare(CompareKind::eq, mask, b.integer(0, mask.elementType()));
  Tensor added = b.select(
      b.unsqueeze(hidden, mask.rank() == 2 ? ArrayRef<int64_t>{1, 2} : ArrayRef<int64_t>{1}),
      b.number(filler, type), b.number(0, type));
  a.mask = a.mask ? b.add(a.mask, added) : added;
}

static Tensor addBias(TensorBuilder &b, Tensor x, Tensor bias, OpFoldResult offset) {
  return x && bias ? b.add(x, columns(b, bias, offset, b.size(x, x.rank() - 1))) : x;
}

// Inputs [b, s, h d], packed [b, s, h, 3, d], packed keys [b, t, h, 2, d], or keys and values that
// are [b, h, t, d] already.
static void splitInputs(TensorBuilder &b, Tensor &query, Tensor &key, Tensor &value, Tensor bias,
                        int64_t heads) {
  auto part = [&](Tensor packed, int64_t i) {
    return b.transpose(b.squeeze(b.slice(packed, 3, b.index.constant(i), b.index.constant(1)), {3}),
                       {0, 2, 1, 3});
  };
  bool packed = query.rank() == 5, packedKeys = key && key.rank() == 5;
  if ((packed || packedKeys) && bias)
    return (void)b.fail("expects no bias with packed inputs");
  if (packed) {
    Tensor all = query;
    query = part(all, 0), key = part(all, 1), value = part(all, 2);
    return;
  }
  if (!key)
    return (void)b.fail("expects keys or a packed query");
  OpFoldResult hidden = b.size(query, query.rank() - 1);
  query = splitHeads(b, addBias(b, query, bias, b.index.constant(0)), heads);
  if (packedKeys) {
    Tensor all = key;
    key = part(all, 0), value = part(all, 1);
  } else if (key.rank() == 3) {
    key = splitHeads(b, addBias(b, key, bias, hidden), heads);
    value = splitHeads(b, addBias(b, value, bias, b.index.add(hidden, hidden)), heads);
  }
}

static void convertMultiHeadAttention(Node &n, TensorBuilder &b) {
  int64_t heads = n.integer("num_heads");
  double filler = n.number("mask_filter_value", -10000.0), scale = n.number("scale", 0);
  refuse(n, b, 8, "past_sequence_length");
  refuse(n, b, 9, "cache_indirection");
  Tensor query = n.tensor(0), key = n.optional(1), value = n.optional(2), bias = n.optional(3);
  Tensor pastKey = n.optional(6), pastValue = n.optional(7);
  TensorBuilder::Attention a;
  a.causal = n.flag("unidirectional", false);
  if (!n.ok())
    return;
  splitInputs(b, query, key, value, bias, heads);
  a.query = query;
  a.key = appendCache(b, pastKey, key);
  a.value = appendCache(b, pastValue, value);
  a.mask = n.optional(5);
  a.offset = pastLength(b, pastKey);
  a.scale = attentionScale(b, scale, query);
  applyKeyMask(b, a, n.optional(4), filler);
  n.yield({mergeHeads(b, b.attention(a)), a.key, a.value});
}

// One projection [hidden, q + k + v] in front; the past is [2, b, h, past, d], keys then values.
static void convertContribAttention(Node &n, TensorBuilder &b) {
  int64_t heads = n.integer("num_heads");
  double filler = n.number("mask_filter_value", -10000.0), scale = n.number("scale", 0);
  n.expect("do_rotary", 0);
  n.expect("past_present_share_buffer", 0);
  refuse(n, b, 6, "past_sequence_length");
  Tensor x = n.tensor(0), weight = n.tensor(1), bias = n.optional(2), past = n.optional(4);
  auto given = n.integers("qkv_hidden_sizes");
  TensorBuilder::Attention a;
  a.causal = n.flag("unidirectional", false);
  if (!n.ok())
    return;
  if (weight.rank() != 2 || weight.type().isDynamicDim(1))
    return (void)b.fail("expects a static weight [hidden, query + key + value]");
  SmallVector<int64_t> widths = given.value_or(SmallVector<int64_t>(3, weight.dim(1) / 3));
  if (widths.size() != 3)
    return (void)b.fail("expects three qkv_hidden_sizes, got " + Twine(widths.size()));
  Tensor all = b.matmul(x, weight);
  if (bias)
    all = b.add(all, bias);
  int64_t offset = 0;
  Tensor parts[3];
  for (int64_t i = 0; i < 3; offset += widths[i++])
    parts[i] = splitHeads(b, columns(b, all, b.index.constant(offset), b.index.constant(widths[i])),
                          heads);
  auto pastPart = [&](int64_t i) {
    return past ? b.squeeze(b.slice(past, 0, b.index.constant(i), b.index.constant(1)), {0})
                : Tensor();
  };
  Tensor pastKey = pastPart(0), pastValue = pastPart(1);
  a.query = parts[0];
  a.key = appendCache(b, pastKey, parts[1]);
  a.value = appendCache(b, pastValue, parts[2]);
  a.mask = n.optional(5);
  a.offset = pastLength(b, pastKey);
  a.scale = attentionScale(b, scale, a.query);
  applyKeyMask(b, a, n.optional(3), filler);
  Tensor present = n.wants(1) && n.ok()
                       ? b.concat({b.unsqueeze(a.key, {0}), b.unsqueeze(a.value, {0})}, 0)
                       : Tensor();
  n.yield({mergeHeads(b, b.attention(a)), present});
}

static const Recipe recipes[] = {
    {"com.microsoft", "Attention", 1, convertContribAttention},
    {"com.microsoft", "GroupQueryAttention", 1, convertGroupQueryAttention},
    {"com.microsoft", "MultiHeadAttention", 1, convertMultiHeadAttention},
};

ArrayRef<Recipe> contribAttentionRecipes() {
  return recipes;
}

} // namespace tilewright
