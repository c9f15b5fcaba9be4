//===- Scalars.h - the formulas of xf on single elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_SCALARS_H
#define TILEWRIGHT_DIALECTS_XF_IR_SCALARS_H

#include "dialects/Xf/IR/Xf.h"

namespace mlir::xf {

/// The type in which elements of type `element` are computed: f32 for f16 and bf16, the signless
/// type of an unsigned integer, else the type itself.
Type computeType(Type element);

/// Emits scalar arith and math ops. Values have compute types. Sums, differences and products carry
/// the flag `contract`, so that an FMA may take their place; nothing else about floats is assumed.
struct Scalars {
  OpBuilder &b;
  Location loc;

  /// `value` in compute type `type` (float or integer).
  Value constant(Type type, double value);
  Value minusInfinity(Type type);
  /// The least value of `type`: −∞ or the smallest integer.
  Value lowest(Type type, bool isUnsigned = false);
  /// The greatest value of `type`.
  Value highest(Type type, bool isUnsigned = false);

  // Arithmetic on floats or integers, by the type of x.
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  /// x / y; integers truncate, a zero divisor gives 0, and the smallest integer over −1 wraps:
  /// nothing traps.
  Value div(Value x, Value y, bool isUnsigned = false);
  /// Maximum and minimum; on floats a NaN wins, as in numpy.
  Value max(Value x, Value y, bool isUnsigned = false);
  Value min(Value x, Value y, bool isUnsigned = false);
  /// Maximum of floats in which a number wins over a NaN.
  Value maxNumber(Value x, Value y);
  Value abs(Value x);
  Value exp(Value x);
  Value sqrt(Value x);
  Value select(Value condition, Value x, Value y);

  /// kind(x) in the type of x, i1 for tests.
  Value unary(UnaryKind kind, Value x, bool isUnsigned = false);
  /// kind(x, y) in their type.
  Value binary(BinaryKind kind, Value x, Value y, bool isUnsigned = false);
  /// x kind y as i1. A NaN is unequal to everything; every other comparison with it is false.
  Value compare(CompareKind kind, Value x, Value y, bool isUnsigned = false);
  /// x of compute type of `from` as compute type of `to` by the rules of xf.cast.
  Value convert(Value x, Type from, Type to);

  /// Float x in float type `type`.
  Value asFloat(Value x, Type type) { return convert(x, x.getType(), type); }

  /// A loaded element in its compute type, and back.
  Value widen(Value x);
  Value narrow(Value x, Type element);

private:
  Value integerPower(Value x, Value y, bool isUnsigned);
  Value remainder(Value x, Value y, bool isUnsigned);
  Value modulo(Value x, Value y, bool isUnsigned);
  Value logOnePlus(Value u);
  Value sign(Value x, bool isUnsigned);
  Value truncateToInteger(Value x, IntegerType to, bool isUnsigned);
};

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_SCALARS_H
