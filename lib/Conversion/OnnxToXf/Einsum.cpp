//===- Einsum.cpp - Einstein summation as matrix products -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands are contracted two at a time. The labels of a pair fall into four groups, and each group
// becomes one dimension of a batched matrix product:
//
//   bhqd, bhkd -> bhqk:  batch bh, rows q, columns k, contracted d:  [bh, q, d] x [bh, k, d]^T
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using mlir::xf::ReduceKind;

namespace tilewright {

namespace {
/// A tensor with one label per dimension.
struct Labelled {
  Tensor tensor;
  std::string labels;
};
} // namespace

static bool contains(StringRef labels, char label) {
  return labels.contains(label);
}

static std::string keep(StringRef labels, function_ref<bool(char)> wanted) {
  std::string result;
  llvm::copy_if(labels, std::back_inserter(result), wanted);
  return result;
}

// The dimensions of `x` in the order of `labels`.
static Labelled arrange(TensorBuilder &b, Labelled x, StringRef labels) {
  auto perm = llvm::map_to_vector(
      labels, [&](char label) { return static_cast<int64_t>(x.labels.find(label)); });
  return {b.transpose(x.tensor, perm), labels.str()};
}

// A label that occurs twice means the diagonal: what is not on it is 0, and the second dimension is
// summed.
static Labelled diagonals(TensorBuilder &b, Labelled x) {
  for (size_t i = 0; i < x.labels.size() && x.tensor; ++i)
    for (size_t j; (j = x.labels.find(x.labels[i], i + 1)) != std::string::npos;) {
      int64_t rank = x.tensor.rank();
      auto along = [&](size_t dim) {
        OpFoldResult size = b.size(x.tensor, dim);
        return b.unsqueeze(b.iota(b.index.constant(0), size, b.builder.getI64Type()),
                           llvm::to_vector(llvm::seq<int64_t>(1, rank - dim)));
      };
      Tensor on = b.compare(xf::CompareKind::eq, along(i), along(j));
      Tensor zero = b.scalar(0, x.tensor.elementType());
      x.tensor = b.reduce(ReduceKind::sum, b.select(on, x.tensor, zero), {static_cast<int64_t>(j)},
                          /*keepDims=*/false);
      x.labels.erase(j, 1);
    }
  return x;
}

// Sums over the labels that nobody else wants.
static Labelled sumOut(TensorBuilder &b, Labelled x, StringRef wanted) {
  SmallVector<int64_t> axes;
  for (auto [i, label] : llvm::enumerate(x.labels))
    if (!contains(wanted, label))
      axes.push_back(i);
  if (axes.empty())
    return x;
  return {b.reduce(ReduceKind::sum, x.tensor, axes, /*keepDims=*/false),
          keep(x.labels, [&](char label) { return contains(wanted, label); })};
}

// Dimensions of size 1 that `other` has with another size broadcast: the other's alone count.
static Labelled dropOnes(TensorBuilder &b, Labelled x, const Labelled &other) {
  SmallVector<int64_t> axes;
  for (auto [i, label] : llvm::enumerate(x.labels))
    if (size_t j = other.labels.find(label); j != std::string::npos)
      if (x.tensor.dim(i) == 1 && other.tensor.dim(j) != 1)
        axes.push_back(i);
  for (int64_t axis : llvm::reverse(axes))
    x.labels.erase(axis, 1);
  return {b.squeeze(x.tensor, axes), x.labels};
}

// The product over `lhs` and `rhs`, summed over labels that are not in `wanted`.
static Labelled contract(TensorBuilder &b, Labelled lhs, Labelled rhs, StringRef wanted) {
  lhs = dropOnes(b, lhs, rhs);
  rhs = dropOnes(b, rhs, lhs);
  lhs = sumOut(b, lhs, (wanted + rhs.labels).str());
  rhs = sumOut(b, rhs, (wanted + lhs.labels).str());
  if (!lhs.tensor || !rhs.tensor)
    return {};
  auto shared = [&](char label) { return contains(rhs.labels, label); };
  std::string batch =
      keep(lhs.labels, [&](char label) { return shared(label) && contains(wanted, label); });
  std::string inner =
      keep(lhs.labels, [&](char label) { return shared(label) && !contains(wanted, label); });
  std::string rows = keep(lhs.labels, [&](char label) { return !shared(label); });
  std::string columns = keep(rhs.labels, [&](char label) { return !contains(lhs.labels, label); });
  lhs = arrange(b, lhs, batch + rows + inner);
  rhs = arrange(b, rhs, batch + columns + inner);

  llvm::DenseMap<char, OpFoldResult> sizeOf;
  for (const Labelled &side : {lhs, rhs})
    for (auto [i, label] : llvm::enumerate(side.labels))
      sizeOf[label] = b.size(side.tensor, i);
  auto sizes = [&](StringRef labels) {
    return llvm::map_to_vector(labels, [&](char label) { return sizeOf[label]; });
  };
  auto grouped = [&](StringRef outer) {
    Sizes target = sizes(batch);
    target.append({b.index.product(sizes(outer)), b.index.product(sizes(inner))});
    return target;
  };
  Tensor product =
      b.matmul(b.reshape(lhs.tensor, grouped(rows)), b.reshape(rhs.tensor, grouped(columns)),
               /*transposeRhs=*/true);
  std::string labels = batch + rows + columns;
  return {b.reshape(product, sizes(labels)), labels};
}

// Labels of one operand, with A, B, ... for the dimensions of an ellipsis, the last of them always
// the same letter.
static std::string expandEllipsis(StringRef term, int64_t dims) {
  auto [front, back] = term.split("...");
  std::string letters;
  for (int64_t i = dims; i > 0; --i)
    letters.push_back(static_cast<char>(127 + i)); // beyond the letters an equation can hold
  return term.contains("...") ? front.str() + letters + back.str() : term.str();
}

static bool prepare(Node &n, TensorBuilder &b, SmallVectorImpl<Labelled> &operands,
                    std::string &output) {
  std::string equation = n.text("equation");
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  SmallVector<Tensor> tensors = n.tensors();
  if (!n.ok())
    return false;
  if (terms.size() != tensors.size())
    return (void)b.fail("expects an equation of " + Twine(tensors.size()) + " terms, got " +
                        Twine(terms.size())),
           false;
  int64_t ellipsis = 0;
  for (auto [term, tensor] : llvm::zip_equal(terms, tensors)) {
    int64_t extra =
        tensor.rank() - static_cast<int64_t>(term.size()) + (term.contains("...") ? 3 : 0);
    if (extra < 0 || (extra && !term.contains("...")))
      return (void)b.fail("expects term '" + term + "' to name " + Twine(tensor.rank()) +
                          " dimensions"),
             false;
    ellipsis = std::max(ellipsis, extra);
    operands.push_back(diagonals(b, {tensor, expandEllipsis(term, extra)}));
  }
  if (StringRef(equation).contains("->")) {
    output = expandEllipsis(right, ellipsis);
    return true;
  }
  // Implicit output: the ellipsis, then labels that occur once, in alphabetic order.
  std::string all;
  for (auto [term, tensor] : llvm::zip_equal(terms, tensors))
    all += expandEllipsis(term, ellipsis);
  std::string once = keep(all, [&](char label) {
    return static_cast<unsigned char>(label) < 128 && llvm::count(all, label) == 1;
  });
  llvm::sort(once);
  output = expandEllipsis("...", ellipsis) + once;
  return true;
}

static void convertEinsum(Node &n, TensorBuilder &b) {
  SmallVector<Labelled> operands;
  std::string output;
  if (!prepare(n, b, operands, output) || !n.ok())
    return;
  Labelled result = operands.front();
  for (size_t i = 1; i < operands.size(); ++i) {
    std::string wanted = output;
    for (const Labelled &later : llvm::drop_begin(operands, i + 1))
      wanted += later.labels;
    result = contract(b, result, operands[i], wanted);
    if (!n.ok())
      return;
  }
  result = sumOut(b, result, output);
  if (!n.ok() || result.labels.size() != output.size() ||
      llvm::any_of(output, [&](char label) { return !contains(result.labels, label); }))
    return (void)b.fail("expects every output label among the inputs, once");
  n.yield(arrange(b, result, output).tensor);
}

static const Recipe recipes[] = {{"", "Einsum", 12, convertEinsum}};

ArrayRef<Recipe> einsumRecipes() {
  return recipes;
}

} // namespace tilewright
