//===- Attention.cpp - recipe of ai.onnx Attention -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of https://onnx.ai/onnx/operators/onnx__Attention.html as of ONNX 1.23: query i sees
// key j iff j <= i + offset, where the offset is the length of the past, nonpad_kv_seqlen - q_len
// with an external cache, and 0 with neither; softcap comes before the mask; a row that sees
// nothing is 0. Errata changed these in place, without a new opset.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include <cmath>

using namespace mlir;
using mlir::xf::CompareKind;
using mlir::xf::ReduceKind;
using mlir::xf::UnaryKind;

namespace tilewright {

// Query, key or value as [b, h, s, d]; packed ones need the number of heads.
static Tensor byHeads(Node &n, TensorBuilder &b, Tensor x, StringRef heads) {
  int64_t count = n.integer(heads, 0);
  if (!x || x.rank() == 4)
    return x;
  return splitHeads(b, x, count);
}

// A mask that ends before the keys hides the rest.
static Tensor padMask(TensorBuilder &b, Tensor mask, OpFoldResult keys) {
  if (!mask || mask.rank() == 0)
    return mask;
  int64_t last = mask.rank() - 1;
  OpFoldResult length = b.size(mask, last);
  bool shorter = b.index.alwaysLessEqual(length, keys) && !b.index.alwaysEqual(length, keys);
  if (!shorter || mask.dim(last) == 1)
    return mask;
  Sizes low(mask.rank(), b.index.constant(0)), high = low;
  high[last] = b.index.sub(keys, length);
  Type type = mask.elementType();
  return b.pad(mask, low, high, b.scalar(type.isInteger(1) ? 0 : -INFINITY, type));
}

// Output 3: the scores at a step of the computation: 0 scaled products, 1 with softcap, 2 with all
// that masks, too, 3 after softmax.
static Tensor scoresAt(TensorBuilder &b, const TensorBuilder::Attention &a, int64_t mode) {
  Sizes q = b.sizes(a.query), k = b.sizes(a.key);
  Type type = a.query.elementType();
  OpFoldResult group = b.index.div(q[1], k[1]);
  // Query heads of one key head are a dimension of their own, which the keys broadcast to.
  Tensor products = b.matmul(b.reshape(a.query, {q[0], k[1], group, q[2], q[3]}),
                             b.unsqueeze(a.key, {2}), /*transposeRhs=*/true);
  Tensor scores = b.scale(b.reshape(products, {q[0], q[1], q[2], k[2]}), a.scale);
  if (mode >= 1 && a.softcap != 0)
    scores = b.scale(b.unary(UnaryKind::tanh, b.scale(scores, 1 / a.softcap)), a.softcap);
  if (mode < 2)
    return scores;
  Tensor hidden = b.number(-INFINITY, type), mask = a.mask;
  if (a.causal) {
    Type i64 = b.builder.getI64Type();
    OpFoldResult offset = a.offset ? a.offset : b.index.constant(0);
    Tensor starts = b.broadcast(b.known(i64, {}, {offset}), {q[0]});
    mask = combineMasks(b, mask, causalMask(b, starts, q[2], k[2], /*window=*/-1));
  }
  if (a.kvLengths)
    mask = combineMasks(b, mask,
                        b.compare(CompareKind::lt,
                                  b.iota(b.index.constant(0), k[2], a.kvLengths.elementType()),
                                  b.unsqueeze(a.kvLengths, {1, 2, 3})));
  if (mask)
    scores = mask.elementType().isInteger(1) ? b.select(mask, scores, hidden) : b.add(scores, mask);
  if (mode < 3)
    return scores;
  // A row that sees nothing is 0.
  Tensor best = b.reduce(ReduceKind::max, scores, {3}, /*keepDims=*/true);
  return b.select(b.compare(CompareKind::eq, best, hidden), b.number(0, type),
                  b.softmax(scores, 3));
}

static void convertAttention(Node &n, TensorBuilder &b) {
  n.ignore("softmax_precision"); // softmax is computed in f32 or wider
  int64_t mode = n.integer("qk_matmul_output_mode", 0);
  bool packed = n.tensor(0) && n.tensor(0).rank() == 3;
  TensorBuilder::Attention a;
  a.query = byHeads(n, b, n.tensor(0), "q_num_heads");
  Tensor key = byHeads(n, b, n.tensor(1), "kv_num_heads"),
         value = byHeads(n, b, n.tensor(2), "kv_num_heads");
  Tensor pastKey = n.optional(4), pastValue = n.optional(5), lengths = n.optional(6);
  a.causal = n.flag("is_causal", false);
  a.softcap = n.number("softcap", 0);
  a.scale = attentionScale(b, n.number("scale", 0), a.query);
  a.key = appendCache(b, pastKey, key);
  a.value = appendCache(b, pastValue, value);
  if (!n.ok())
    return;
  if (lengths && pastKey)
    return (void)b.fail("expects either nonpad_kv_seqlen or a past, got both");
  if (a.query.rank() != 4 || a.key.rank() != 4 || a.value.rank() != 4)
    return (void)b.fail("expects query, key and value of rank 3 or 4");
  OpFoldResult keys = b.size(a.key, 2);
  a.mask = padMask(b, n.optional(3), keys);
  a.offset = pastLength(b, pastKey);
  a.kvLengths = lengths;
  if (lengths && a.causal) {
    OpFoldResult queries = b.size(a.query, 2);
    Tensor starts = b.sub(lengths, b.known(lengths.elementType(), {}, {queries}));
    a.mask = combineMasks(b, a.mask, causalMask(b, starts, queries, keys, /*window=*/-1));
    a.causal = false;
  }
  Tensor result = b.attention(a);
  Tensor scores = n.wants(3) && n.ok() ? scoresAt(b, a, mode) : Tensor();
  n.yield({packed ? mergeHeads(b, result) : result, a.key, a.value, scores});
}

static const Recipe recipes[] = {{"", "Attention", 23, convertAttention}};

ArrayRef<Recipe> attentionRecipes() {
  return recipes;
}

} // namespace tilewright
