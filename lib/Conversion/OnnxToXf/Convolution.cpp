//===- Convolution.cpp - recipe of convolution -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Convolution.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

// Pads for as many outputs as ceil(x / stride), the odd one at the end (SAME_UPPER) or the
// beginning.
static bool samePads(TensorBuilder &b, TensorBuilder::Convolution &c, bool upper) {
  int64_t spatial = c.input.rank() - 2;
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t x = c.input.dim(i + 2), k = c.filter.dim(i + 2);
    if (ShapedType::isDynamic(x) && c.strides[i] != 1)
      return (void)b.fail("expects static spatial sizes for auto_pad with strides"), false;
    int64_t reach = c.dilations[i] * (k - 1) + 1;
    int64_t steps = ShapedType::isDynamic(x) ? 0 : (x + c.strides[i] - 1) / c.strides[i];
    int64_t total = ShapedType::isDynamic(x)
                        ? reach - 1
                        : std::max<int64_t>((steps - 1) * c.strides[i] + reach - x, 0);
    c.pads[i] = upper ? total / 2 : total - total / 2;
    c.pads[i + spatial] = total - c.pads[i];
  }
  return true;
}

std::optional<TensorBuilder::Convolution> readConvolution(Node &n, TensorBuilder &b, Tensor input,
                                                          Tensor filter) {
  n.ignore("kernel_shape"); // the filter's own sizes
  TensorBuilder::Convolution c;
  c.input = input;
  c.filter = filter;
  c.group = n.integer("group", 1);
  std::string automatic = n.text("auto_pad", "NOTSET");
  auto strides = n.integers("strides"), pads = n.integers("pads"),
       dilations = n.integers("dilations");
  if (!n.ok())
    return std::nullopt;
  int64_t spatial = c.input.rank() - 2;
  if (spatial < 1 || c.filter.rank() != c.input.rank())
    return (void)b.fail("expects input and filter of one rank of 3 or more, got " +
                        Twine(c.input.rank()) + " and " + Twine(c.filter.rank())),
           std::nullopt;
  c.strides = strides.value_or(SmallVector<int64_t>(spatial, 1));
  c.dilations = dilations.value_or(SmallVector<int64_t>(spatial, 1));
  c.pads = automatic == "NOTSET" ? pads.value_or(SmallVector<int64_t>(2 * spatial, 0))
                                 : SmallVector<int64_t>(2 * spatial, 0);
  if (static_cast<int64_t>(c.strides.size()) != spatial ||
      static_cast<int64_t>(c.dilations.size()) != spatial ||
      static_cast<int64_t>(c.pads.size()) != 2 * spatial)
    return (void)b.fail("expects strides, dilations and pads for " + Twine(spatial) +
                        " spatial dimensions"),
           std::nullopt;
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && automatic != "NOTSET" && automatic != "VALID")
    return (void)b.fail(
               "expects attribute 'auto_pad' to be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got " +
               automatic),
           std::nullopt;
  if (same && !samePads(b, c, automatic == "SAME_UPPER"))
    return std::nullopt;
  return c;
}

static void convertConv(Node &n, TensorBuilder &b) {
  auto c = readConvolution(n, b, n.tensor(0), n.tensor(1));
  if (!c)
    return;
  c->bias = n.optional(2);
  n.yield(b.convolution(*c));
}

static const Recipe recipes[] = {
    {"", "Conv", 1, convertConv},
};

ArrayRef<Recipe> convolutionRecipes() {
  return recipes;
}

} // namespace tilewright
