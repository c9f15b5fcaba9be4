//===- Match.h - looking through the spellings of exporters -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_MATCH_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_MATCH_H

#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"

namespace mlir::xf {

/// The one number that all elements of `value` are, seen through reshape, broadcast and cast; none
/// when elements differ or are not known at compile time.
std::optional<double> splatOf(Value value);

/// Whether `a` may be meant where `b` is written, relatively: exporters round their constants to
/// between 4 and 17 digits, and then to float type `element`. Of a product of two each is rounded.
bool isClose(double a, double b, Type element);

/// The defining op when it has this kind, else null.
UnaryOp unaryOf(Value value, UnaryKind kind);
BinaryOp binaryOf(Value value, BinaryKind kind);

/// The operand of `kind`, else null.
Value inputOf(Value value, UnaryKind kind);

/// `value` = `other` kind constant. For commutative kinds the constant may stand on either side.
struct WithScalar {
  Value other;
  double scalar;
};
std::optional<WithScalar> withScalar(Value value, BinaryKind kind);

/// `value` = `factor` * `other`, one multiplication, division or negation peeled; none when there
/// is nothing to peel.
std::optional<WithScalar> peelFactor(Value value);

/// `factor` * the result with every factor peeled; the type of the result is that of `value`.
WithScalar peelFactors(Value value);

/// The values x with `value` = √x and `value` = 1/√x, else null.
Value underRoot(Value value);
Value underInverseRoot(Value value);

/// `value` = x², as a power, a product or a square, else null.
Value underSquare(Value value);

/// The float type that holds the elements of both.
Type commonFloat(Type a, Type b);

/// `value` with elements of another float type, by a cast where it is needed.
Value withElements(OpBuilder &builder, Value value, Type element);

/// Whether the axes are the last ones of a tensor of this rank. `axes` need not be sorted.
bool areTrailing(ArrayRef<int64_t> axes, int64_t rank);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_MATCH_H
