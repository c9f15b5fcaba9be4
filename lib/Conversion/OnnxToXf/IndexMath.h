//===- IndexMath.h - index arithmetic in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every size is kept in the normal form of xf::SizeForms and materialised once, so equal sizes are
// equal SSA values. What the converter takes for granted about sizes is recorded here.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_INDEXMATH_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_INDEXMATH_H

#include "dialects/Xf/IR/SizeForms.h"

namespace tilewright {

class IndexMath {
public:
  /// Ops are created at the insertion point of `builder`, which must only move forward through one
  /// block.
  explicit IndexMath(mlir::OpBuilder &builder) : builder(builder) {}

  mlir::OpFoldResult constant(int64_t value) { return builder.getIndexAttr(value); }
  /// The symbolic dimension of this name.
  mlir::OpFoldResult dim(mlir::StringAttr name);
  /// The normal form of any index value: sums, differences and products of it are looked through.
  mlir::OpFoldResult normalize(mlir::OpFoldResult value);
  /// An `index` value for `value`.
  mlir::Value materialize(mlir::OpFoldResult value);

  mlir::OpFoldResult add(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult sub(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult mul(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// Quotient, truncated towards 0. A constant divisor 0 gives 0; sizes that may be 0 divide as 1,
  /// so that no run traps.
  mlir::OpFoldResult div(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// The quotient where it is exact for all values of the dimensions.
  std::optional<mlir::OpFoldResult> divExactly(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// Remainder with the sign of the dividend. A constant divisor 0 gives 0.
  mlir::OpFoldResult rem(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult min(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult max(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult product(llvm::ArrayRef<mlir::OpFoldResult> values);

  /// a <= b for all values of the dimensions.
  bool alwaysLessEqual(mlir::OpFoldResult a, mlir::OpFoldResult b);
  bool alwaysEqual(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// a != b for all values of the dimensions.
  bool neverEqual(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// A polynomial in symbolic dimensions, without quotients, minima and the like.
  bool isOfDims(mlir::OpFoldResult a);
  bool alwaysNonNegative(mlir::OpFoldResult a) { return alwaysLessEqual(constant(0), a); }

  /// What the code being built takes for granted: lower <= sum of factor * dimension <= upper.
  struct Requirement {
    llvm::SmallVector<std::pair<mlir::StringAttr, int64_t>> terms;
    int64_t lower, upper;
  };

  /// Declares that dimension `name` is in [lower, upper].
  void declare(mlir::StringAttr name, int64_t lower, int64_t upper);
  /// Make sure that `size` is at least / at most `limit`, as a requirement on the symbolic
  /// dimensions where it does not follow; false where `size` is no linear form of them.
  bool requireAtLeast(mlir::OpFoldResult size, int64_t limit);
  bool requireAtMost(mlir::OpFoldResult size, int64_t limit);
  /// Make sure that two sizes are equal, as above.
  bool requireEqual(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// All that was required, in the order of asking.
  llvm::SmallVector<Requirement> requirements() const;

private:
  mlir::OpFoldResult emit(const mlir::xf::SizeForm &form);
  /// `divisor`, or its maximum with 1 where a run might divide by a size of 0.
  mlir::OpFoldResult safeDivisor(mlir::OpFoldResult dividend, mlir::OpFoldResult divisor);
  /// Requires `form`, a linear form of named dimensions, to be in [lower, upper].
  bool require(mlir::xf::SizeForm form, int64_t lower, int64_t upper);

  mlir::OpBuilder &builder;
  mlir::xf::SizeForms sizes;
  /// Forms without a constant, and the range they are required to be in.
  std::vector<std::pair<mlir::xf::SizeForm, std::pair<int64_t, int64_t>>> required;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_INDEXMATH_H
