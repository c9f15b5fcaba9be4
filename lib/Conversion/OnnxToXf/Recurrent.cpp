//===- Recurrent.cpp - recipes of operators that carry a state along the sequence -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include <cmath>

using namespace mlir;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

// Depthwise convolution of past_state and input [b, c, l] with weight [c, 1, k]; the last k - 1
// elements are the next state. Source:
// https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html
static void convertCausalConv(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), weight = n.tensor(1), bias = n.optional(2), past = n.optional(3);
  std::string activation = n.choice("activation", {"none", "silu", "swish"});
  if (n.domain() == "com.microsoft")
    n.expect("ndim", 1);
  if (!n.ok())
    return;
  if (x.rank() != 3 || weight.rank() != 3 || weight.type().isDynamicDim(2) ||
      weight.type().isDynamicDim(0))
    return (void)b.fail("expects an input [batch, channels, length] and a static weight");
  OpFoldResult carried = b.index.constant(weight.dim(2) - 1), zero = b.index.constant(0);
  Tensor padded =
      past ? b.concat({past, x}, 2)
           : b.pad(x, {zero, zero, carried}, {zero, zero, zero}, b.scalar(0, x.elementType()));
  TensorBuilder::Convolution c;
  c.input = padded;
  c.filter = weight;
  c.bias = bias;
  c.strides = c.dilations = {1};
  c.pads = {0, 0};
  c.group = weight.dim(0);
  Tensor result = b.convolution(c);
  if (activation != "none")
    result = b.unary(UnaryKind::silu, result);
  n.yield({result, b.slice(padded, 2, b.size(x, 2), carried)});
}

namespace {
/// One step of linear attention.
struct Rule {
  bool gated, delta;
};
} // namespace

static Rule ruleOf(Node &n) {
  std::string rule = n.choice("update_rule", {"gated_delta", "linear", "gated", "delta"});
  return {StringRef(rule).starts_with("gated"), StringRef(rule).ends_with("delta")};
}

// With a state S [b, hkv, dk, dv], for each step:
//   gated: S = exp(decay) S by rows;  v' = v, with delta: v' = beta (v - Sᵀ k);  S = S + k v'ᵀ;
//   output = scale q S.
// Source: https://onnx.ai/onnx/operators/onnx__LinearAttention.html
static void convertLinearAttention(Node &n, TensorBuilder &b) {
  Tensor query = n.tensor(0), key = n.tensor(1), value = n.tensor(2), past = n.optional(3),
         decay = n.optional(4), beta = n.optional(5);
  int64_t heads = n.integer("q_num_heads"), keyHeads = n.integer("kv_num_heads");
  double scale = n.number("scale", 0);
  n.ignore("chunk_size"); // a hint for kernels
  Rule rule = ruleOf(n);
  if (!n.ok())
    return;
  if (query.rank() != 3 || key.rank() != 3 || value.rank() != 3 || key.type().isDynamicDim(2) ||
      value.type().isDynamicDim(2) || keyHeads <= 0 || heads % keyHeads)
    return (void)b.fail("expects static key and value sizes and heads that divide");
  if ((rule.gated && !decay) || (rule.delta && !beta))
    return (void)b.fail("expects decay for gated rules and beta for delta rules");
  int64_t keySize = key.dim(2) / keyHeads, valueSize = value.dim(2) / keyHeads;
  auto size = [&](int64_t i) { return b.index.constant(i); };
  OpFoldResult batch = b.size(query, 0);
  Type element = query.elementType(), f32 = b.builder.getF32Type();
  Type type = element.getIntOrFloatBitWidth() < 32 ? f32 : element; // the state is not rounded
  auto wide = [&](Tensor x) { return b.cast(x, type); };
  Tensor state = past ? wide(past)
                      : b.broadcast(b.scalar(0, type),
                                    {batch, size(keyHeads), size(keySize), size(valueSize)});
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(keySize));
  // [b, l, h d] as [l, b, h, 1, d], the steps in front; with one value per head, d = 1.
  SmallVector<Tensor> inputs;
  auto add = [&](Tensor x, int64_t count) {
    inputs.push_back(x ? b.unsqueeze(b.transpose(splitHeads(b, wide(x), count), {2, 0, 1, 3}), {3})
                       : Tensor());
  };
  add(query, heads);
  add(key, keyHeads);
  add(value, keyHeads);
  if (rule.gated)
    add(decay, keyHeads);
  if (rule.delta)
    add(beta, keyHeads);
  if (!n.ok())
    return;
  SmallVector<Tensor> results =
      b.loop(b.size(query, 1), {state}, inputs,
             [&](Tensor, ArrayRef<Tensor> carried, ArrayRef<Tensor> now) -> TensorBuilder::Step {
               Tensor s = carried[0], k = now[1], v = now[2];
               Tensor column = b.transpose(k, {0, 1, 3, 2});
               if (rule.gated)
                 s = b.mul(s, b.transpose(b.unary(UnaryKind::exp, now[3]), {0, 1, 3, 2}));
               if (rule.delta)
                 v = b.mul(now.back(), b.sub(v, b.matmul(k, s)));
               s = b.add(s, b.mul(column, v));
               // The query heads of one key head are the rows of a product.
               Tensor q = b.reshape(now[0],
                                    {batch, size(keyHeads), size(heads / keyHeads), size(keySize)});
               Tensor read = b.scale(b.matmul(q, s), scale);
               return {{s}, {b.reshape(read, {batch, size(heads * valueSize)})}};
             });
  if (n.ok())
    n.yield({b.cast(b.transpose(results[1], {1, 0, 2}), element), b.cast(results[0], element)});
}

// Row r of the batch with its first lengths[r] steps backwards, [batch, time, ..] or [time, batch,
// ..].
static void convertReverseSequence(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), lengths = n.tensor(1);
  int64_t batch = n.integer("batch_axis", 1), time = n.integer("time_axis", 0);
  if (!n.ok())
    return;
  if (x.rank() < 2 || lengths.rank() != 1 || std::min(batch, time) != 0 ||
      std::max(batch, time) != 1)
    return (void)b.fail(
        "expects an input [batch, time, ..] or [time, batch, ..] and a vector of lengths");
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  if (batch == 1)
    std::swap(perm[0], perm[1]);
  Tensor rows = b.transpose(x, perm);
  b.require(b.size(rows, 0), b.size(lengths, 0));
  Type i64 = b.builder.getI64Type();
  Tensor steps = b.iota(b.index.constant(0), b.size(rows, 1), i64), one = b.integer(1, i64);
  SmallVector<Tensor> results =
      b.loop(b.size(rows, 0), {}, {rows, lengths},
             [&](Tensor, ArrayRef<Tensor>, ArrayRef<Tensor> row) -> TensorBuilder::Step {
               Tensor mirrored = b.sub(b.sub(row[1], one), steps);
               Tensor inside = b.compare(CompareKind::lt, steps, row[1]);
               return {{}, {b.gather(row[0], b.select(inside, mirrored, steps), 0)}};
             });
  if (n.ok())
    n.yield(b.transpose(results[0], perm));
}

static const Recipe recipes[] = {
    {"", "CausalConvWithState", 27, convertCausalConv},
    {"", "LinearAttention", 27, convertLinearAttention},
    {"", "ReverseSequence", 10, convertReverseSequence},
    {"com.microsoft", "CausalConvWithState", 1, convertCausalConv},
    {"com.microsoft", "LinearAttention", 1, convertLinearAttention},
};

ArrayRef<Recipe> recurrentRecipes() {
  return recipes;
}

} // namespace tilewright
