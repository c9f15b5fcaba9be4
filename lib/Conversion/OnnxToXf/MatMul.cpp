//===- MatMul.cpp - recipes of matrix products -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

static void convertMatMul(Node &n, TensorBuilder &b) {
  n.yield(b.matmul(n.tensor(0), n.tensor(1)));
}

static Tensor transposeLast(TensorBuilder &b, Tensor x) {
  if (!x)
    return {};
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  std::swap(perm[x.rank() - 1], perm[x.rank() - 2]);
  return b.transpose(x, perm);
}

// alpha A' B' + beta C
static void convertGemm(Node &n, TensorBuilder &b) {
  Tensor lhs = n.tensor(0), rhs = n.tensor(1), addend = n.optional(2);
  double alpha = n.number("alpha", 1.0), beta = n.number("beta", 1.0);
  bool transposeLhs = n.flag("transA", false), transposeRhs = n.flag("transB", false);
  if (!n.ok())
    return;
  if (lhs.rank() != 2 || rhs.rank() != 2)
    return (void)b.fail("expects matrices, got ranks " + Twine(lhs.rank()) + " and " +
                        Twine(rhs.rank()));
  Tensor product =
      b.scale(b.matmul(transposeLhs ? transposeLast(b, lhs) : lhs, rhs, transposeRhs), alpha);
  n.yield(addend && beta != 0 ? b.add(product, b.scale(addend, beta)) : product);
}

// [rows, batch.., columns] as [batch.., rows, columns].
static Tensor batchFirst(TensorBuilder &b, Tensor x) {
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(1, x.rank() - 1));
  perm.append({0, x.rank() - 1});
  return b.transpose(x, perm);
}

static void convertFusedMatMul(Node &n, TensorBuilder &b) {
  Tensor lhs = n.tensor(0), rhs = n.tensor(1);
  double alpha = n.number("alpha", 1.0);
  bool transposeLhs = n.flag("transA", false), transposeRhs = n.flag("transB", false);
  bool batchLhs = n.flag("transBatchA", false), batchRhs = n.flag("transBatchB", false);
  if (!n.ok())
    return;
  if (lhs.rank() < 2 || rhs.rank() < 2)
    return (void)b.fail("expects matrices, got ranks " + Twine(lhs.rank()) + " and " +
                        Twine(rhs.rank()));
  lhs = batchLhs ? batchFirst(b, lhs) : lhs;
  rhs = batchRhs ? batchFirst(b, rhs) : rhs;
  n.yield(b.scale(b.matmul(transposeLhs ? transposeLast(b, lhs) : lhs, rhs, transposeRhs), alpha));
}

static const Recipe recipes[] = {
    {"", "Gemm", 7, convertGemm},
    {"", "MatMul", 1, convertMatMul},
    {"com.microsoft", "FusedMatMul", 1, convertFusedMatMul},
};

ArrayRef<Recipe> matmulRecipes() {
  return recipes;
}

} // namespace tilewright
