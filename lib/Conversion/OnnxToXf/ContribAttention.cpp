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
  Tensor hidden = b.compare(CompareKind::eq, mask, b.scalar(0, mask.elementType()));
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
  if (!key || query.rank() != 3)
    return (void)b.fail("expects a query [batch, sequence, heads * size] and keys, or all packed "
                        "[batch, sequence, heads, 3, size]");
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
  n.refuse(8, "past_sequence_length");
  n.refuse(9, "cache_indirection");
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
  n.refuse(6, "past_sequence_length");
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
    {"com.microsoft", "MultiHeadAttention", 1, convertMultiHeadAttention},
};

ArrayRef<Recipe> contribAttentionRecipes() {
  return recipes;
}

} // namespace tilewright
