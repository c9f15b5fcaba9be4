//===- Rotary.cpp - recipes of rotary position embeddings -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

// The rotation on [b, h, s, d], or around it for [b, s, h d].
static Tensor rotate(TensorBuilder &b, Tensor x, int64_t heads, Tensor cos, Tensor sin,
                     bool interleaved) {
  if (!x || x.rank() == 4)
    return b.rope(x, cos, sin, interleaved);
  return mergeHeads(b, b.rope(splitHeads(b, x, heads), cos, sin, interleaved));
}

// Tables are [positions, r] with position ids [b, s], or [b, s, r] without.
static void convertRotary(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), cos = n.tensor(1), sin = n.tensor(2), positions = n.optional(3);
  bool interleaved = n.flag("interleaved", false);
  int64_t heads = n.integer("num_heads", 0), width = n.integer("rotary_embedding_dim", 0);
  if (!n.ok())
    return;
  if (positions) {
    cos = b.gather(cos, positions, 0);
    sin = b.gather(sin, positions, 0);
  }
  if (cos && cos.rank() && width && cos.dim(cos.rank() - 1) != width / 2)
    return (void)b.fail("expects tables of " + Twine(width / 2) +
                        " columns for rotary_embedding_dim " + Twine(width));
  n.yield(rotate(b, x, heads, cos, sin, interleaved));
}

// Tables are [positions, r]; position ids are [b, s], or one offset for all rows.
static void convertContribRotary(Node &n, TensorBuilder &b) {
  n.expect("is_packed_batching", 0);
  Tensor x = n.tensor(0), positions = n.tensor(1), cos = n.tensor(2), sin = n.tensor(3);
  bool interleaved = n.flag("interleaved", false);
  int64_t heads = n.integer("num_heads", 0), width = n.integer("rotary_embedding_dim", 0);
  double scale = n.number("scale", 1.0);
  if (!n.ok())
    return;
  if (scale != 1.0)
    return (void)b.fail("expects attribute 'scale' to be 1");
  if (cos.rank() != 2 || cos.type().isDynamicDim(1) || cos.dim(1) == 0)
    return (void)b.fail("expects tables [positions, size] of static size");
  if (x.rank() != 3 && x.rank() != 4)
    return (void)b.fail("expects an input of rank 3 or 4, got " + Twine(x.rank()));
  if (positions.rank() < 2) {
    OpFoldResult sequence = b.size(x, x.rank() == 4 ? 2 : 1);
    positions = b.unsqueeze(
        b.add(b.iota(b.index.constant(0), sequence, positions.elementType()), positions), {0});
  }
  // A head is all that is rotated, unless a part of it is asked for.
  if (x.rank() == 3 && (!width || !heads) && !x.type().isDynamicDim(2))
    heads = x.dim(2) / (2 * cos.dim(1));
  n.yield(
      rotate(b, x, heads, b.gather(cos, positions, 0), b.gather(sin, positions, 0), interleaved));
}

static const Recipe recipes[] = {
    {"", "RotaryEmbedding", 23, convertRotary},
    {"com.microsoft", "RotaryEmbedding", 1, convertContribRotary},
};

ArrayRef<Recipe> rotaryRecipes() {
  return recipes;
}

} // namespace tilewright
