//===- CacheWrite.cpp - recipe of TensorScatter -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

// Source: https://onnx.ai/onnx/operators/onnx__TensorScatter.html
static void convertTensorScatter(Node &n, TensorBuilder &b) {
  Tensor past = n.tensor(0), update = n.tensor(1), starts = n.optional(2);
  int64_t axis = n.axis(past, "axis", -2);
  std::string mode = n.choice("mode", {"linear", "circular"});
  if (!n.ok())
    return;
  if (axis == 0 || update.rank() != past.rank())
    return (void)b.fail("expects an axis behind the batch, and past and update of one rank");
  if (starts && starts.rank() != 1)
    return (void)b.fail("expects write_indices [batch], got rank " + Twine(starts.rank()));
  if (!starts)
    starts = b.broadcast(b.integer(0, b.builder.getI64Type()), {b.size(past, 0)});
  n.yield(writeRows(b, past, update, starts, axis, mode == "circular"));
}

static const Recipe recipes[] = {{"", "TensorScatter", 24, convertTensorScatter}};

ArrayRef<Recipe> cacheWriteRecipes() {
  return recipes;
}

} // namespace tilewright
