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
static void padSame(TensorBuilder &b, Tensor input, Window &w, bool upper) {
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    int64_t x = input.dim(i + 2), stride = w.strides[i];
    bool dynamic = ShapedType::isDynamic(x);
    if (dynamic && stride != 1)
      return (void)b.fail("expects static spatial sizes for auto_pad with strides");
    int64_t steps = dynamic ? 0 : (x + stride - 1) / stride;
    int64_t total =
        dynamic ? w.reach(i) - 1 : std::max<int64_t>((steps - 1) * stride + w.reach(i) - x, 0);
    w.low[i] = upper ? total / 2 : total - total / 2;
    w.high[i] = total - w.low[i];
  }
}

// Numbers in [least, 2^31), so that no sum of products overflows.
static bool areWithin(ArrayRef<int64_t> values, int64_t least) {
  return llvm::all_of(values, [&](int64_t value) { return value >= least && value <= INT32_MAX; });
}

std::optional<Window> readWindow(Node &n, TensorBuilder &b, Tensor input,
                                 ArrayRef<int64_t> kernel) {
  auto strides = n.integers("strides"), pads = n.integers("pads"),
       dilations = n.integers("dilations");
  std::string automatic = n.choice("auto_pad", {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"});
  if (!n.ok())
    return std::nullopt;
  auto fail = [&](const Twine &reason) { return (void)b.fail(reason), std::nullopt; };
  int64_t spatial = input.rank() - 2;
  if (spatial < 1 || static_cast<int64_t>(kernel.size()) != spatial)
    return fail("expects an input [n, c, x..] and a kernel for its spatial dimensions, got rank " +
                Twine(input.rank()) + " and " + Twine(kernel.size()) + " sizes");
  Window w;
  w.kernel.assign(kernel.begin(), kernel.end());
  w.strides = strides.value_or(SmallVector<int64_t>(spatial, 1));
  w.dilations = dilations.value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> given(2 * spatial, 0);
  if (pads && automatic == "NOTSET")
    given = *pads;
  if (static_cast<int64_t>(w.strides.size()) != spatial ||
      static_cast<int64_t>(w.dilations.size()) != spatial ||
      static_cast<int64_t>(given.size()) != 2 * spatial)
    return fail("expects strides, dilations and pads for " + Twine(spatial) +
                " spatial dimensions");
  if (!areWithin(w.kernel, 1) || !areWithin(w.strides, 1) || !areWithin(w.dilations, 1) ||
      !areWithin(given, 0))
    return fail("expects kernel sizes, strides and dilations of at least 1, and pads of at least "
                "0");
  w.low.assign(given.begin(), given.begin() + spatial);
  w.high.assign(given.begin() + spatial, given.end());
  if (StringRef(automatic).starts_with("SAME"))
    padSame(b, input, w, automatic == "SAME_UPPER");
  return n.ok() ? std::optional(w) : std::nullopt;
}

std::optional<TensorBuilder::Convolution> readConvolution(Node &n, TensorBuilder &b, Tensor input,
                                                          Tensor filter) {
  n.ignore("kernel_shape"); // the filter's own sizes
  TensorBuilder::Convolution c;
  c.input = input;
  c.filter = filter;
  c.group = n.integer("group", 1);
  if (!n.ok())
    return std::nullopt;
  if (filter.rank() < 3 || ShapedType::isDynamicShape(filter.shape().drop_front(2)))
    return (void)b.fail("expects a filter [m, c, k..] of static kernel sizes"), std::nullopt;
  std::optional<Window> w = readWindow(n, b, input, filter.shape().drop_front(2));
  if (!w)
    return std::nullopt;
  c.strides = w->strides;
  c.dilations = w->dilations;
  c.pads = w->low;
  c.pads.append(w->high);
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
