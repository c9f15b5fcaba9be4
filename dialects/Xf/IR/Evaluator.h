//===- Evaluator.h - the formulas of xf on numbers -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_EVALUATOR_H
#define TILEWRIGHT_DIALECTS_XF_IR_EVALUATOR_H

#include "dialects/Xf/IR/Xf.h"
#include <functional>

namespace mlir::xf {

/// An element of a tensor: `real` where its type is a float, else `integer`, extended by its sign
/// or, if the type is unsigned or i1, by zeros.
union Number {
  double real;
  int64_t integer;
};

/// What `Scalars` emits for elements of one type, computed at compile time: the same results, but
/// that floats are computed in double precision and rounded once. Kinds have to be valid for the
/// type, as the verifiers of xf.unary and xf.binary demand.
class Evaluator {
public:
  /// `element`: a float of at most 64 bits or an integer of at most 64 bits.
  explicit Evaluator(Type element);
  static bool supports(Type element);

  /// kind(x); an i1 for logical_not and tests. Floats are still to be rounded.
  Number unary(UnaryKind kind, Number x) const;
  /// kind(x, y). Floats are still to be rounded.
  Number binary(BinaryKind kind, Number x, Number y) const;
  /// Whether x kind y.
  bool compare(CompareKind kind, Number x, Number y) const;
  /// x as an element of the type of `to`. Floats are still to be rounded.
  Number cast(Number x, const Evaluator &to) const;

  /// The float `x` as the type holds it; integers stay.
  Number rounded(Number x) const;

  Number number(const APFloat &value) const;
  Number number(const APInt &value) const;
  /// `value`, which has to be an integer in range where the type is one.
  Number number(double value) const;
  double toDouble(Number x) const;
  /// A FloatAttr, rounded, or an IntegerAttr of the type.
  Attribute attribute(Number x) const;

private:
  int64_t wrapped(uint64_t value) const;
  int64_t unary(UnaryKind kind, int64_t x) const;
  int64_t binary(BinaryKind kind, int64_t x, int64_t y) const;
  int64_t divide(int64_t x, int64_t y) const;
  int64_t remainder(int64_t x, int64_t y) const;
  int64_t power(int64_t x, int64_t y) const;
  bool less(int64_t x, int64_t y) const;
  /// x truncated and clamped to the integers of this type that a float of type `from` can hold; 0
  /// for NaN.
  int64_t truncate(double x, const llvm::fltSemantics &from) const;

  Type type;
  bool isFloat, isUnsigned; ///< i1 is unsigned
  unsigned width;
};

/// One element of the result from one of each operand, floats still to be rounded.
using Formula = std::function<Number(ArrayRef<Number>)>;

/// The formula of an xf.unary, xf.binary, xf.compare, xf.select or xf.cast; null for another op or
/// element types that Evaluator does not support.
Formula formulaOf(Operation *op);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_EVALUATOR_H
