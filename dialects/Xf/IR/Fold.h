//===- Fold.h - xf on constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_FOLD_H
#define TILEWRIGHT_DIALECTS_XF_IR_FOLD_H

#include "dialects/Xf/IR/Xf.h"

namespace mlir::xf {

/// Larger constants are weights, whose elements never enter the IR.
constexpr int64_t kMaxConstantBytes = 4096;

/// All elements of a tensor constant, one for a splat; nothing where there is none or a double does
/// not hold them.
std::optional<SmallVector<double>> numbersOf(DenseElementsAttr constant);

/// The number that a tensor constant holds everywhere, or nothing; nothing either for an integer
/// that no double holds.
std::optional<double> splatNumberOf(Attribute constant);
std::optional<double> splatNumberOf(Value value);

/// `number`, an element of type `from`, cast to an element of type `to`; nothing where no double
/// holds it.
std::optional<double> castNumber(double number, Type from, Type to);

/// kind of constants as a constant of static type `type`; null where a constant is missing, its
/// shape is broadcast other than as a splat, or the result is larger than that.
Attribute foldUnary(UnaryKind kind, Attribute input, RankedTensorType type);
Attribute foldBinary(BinaryKind kind, Attribute lhs, Attribute rhs, RankedTensorType type);
Attribute foldCast(Attribute input, RankedTensorType type);

/// `constant` in another shape with as many elements.
Attribute foldReshape(Attribute constant, RankedTensorType type);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_FOLD_H
