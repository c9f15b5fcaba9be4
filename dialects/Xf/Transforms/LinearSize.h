//===- LinearSize.h - sizes as sums of named dimensions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LINEARSIZE_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LINEARSIZE_H

#include "mlir/IR/Builders.h"
#include <map>

namespace mlir::xf {

/// A size as constant + Σ coefficient · atom, where an atom is a symbolic dimension (by name) or an
/// index value that is not a sum. Two sizes are proven equal when their forms are:
///   (past + seq) − past  and  seq  are both  0 + 1 · "seq".
class LinearSize {
public:
  LinearSize(int64_t constant = 0) : constant(constant) {}
  static LinearSize of(OpFoldResult size);

  friend bool operator==(const LinearSize &a, const LinearSize &b) {
    return a.constant == b.constant && a.terms == b.terms;
  }
  friend LinearSize operator+(LinearSize a, const LinearSize &b) { return a.add(b, 1); }
  friend LinearSize operator-(LinearSize a, const LinearSize &b) { return a.add(b, -1); }

  std::optional<int64_t> asConstant() const;

  /// True when no value of the symbolic dimensions makes it negative; false when that is not known.
  bool isNeverNegative() const;

  /// The size as an index value; atoms must dominate the insertion point.
  Value materialize(OpBuilder &builder, Location loc) const;

private:
  // Keyed by the name of the dimension or by the value.
  struct Term {
    int64_t coefficient;
    Value value;
    bool isDimension;
    friend bool operator==(const Term &a, const Term &b) { return a.coefficient == b.coefficient; }
  };
  LinearSize &add(const LinearSize &other, int64_t factor);

  int64_t constant;
  std::map<const void *, Term> terms;
};

/// Whether both sizes are the same for all values of the symbolic dimensions.
inline bool areProvablyEqual(OpFoldResult a, OpFoldResult b) {
  return LinearSize::of(a) == LinearSize::of(b);
}
bool areProvablyEqual(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LINEARSIZE_H
