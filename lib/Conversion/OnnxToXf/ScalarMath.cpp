//===- ScalarMath.cpp - evaluation of single elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/ScalarMath.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

std::optional<int64_t> constantInteger(OpFoldResult element) {
  auto attr = dyn_cast_if_present<IntegerAttr>(dyn_cast_if_present<Attribute>(element));
  return attr ? std::optional(attr.getInt()) : std::nullopt;
}

std::optional<double> constantNumber(OpFoldResult element) {
  auto attr = dyn_cast_if_present<FloatAttr>(dyn_cast_if_present<Attribute>(element));
  return attr ? std::optional(attr.getValueAsDouble()) : std::nullopt;
}

std::optional<bool> constantBoolean(OpFoldResult element) {
  auto attr = dyn_cast_if_present<IntegerAttr>(dyn_cast_if_present<Attribute>(element));
  return attr ? std::optional(!attr.getValue().isZero()) : std::nullopt;
}

ScalarMath::Element ScalarMath::number(double value, Type type) {
  APFloat rounded(value);
  bool inexact;
  rounded.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &inexact);
  return OpFoldResult(FloatAttr::get(type, rounded));
}

// Two's complement in the width of the element type.
static int64_t wrapTo(int64_t value, Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (width >= 64)
    return value;
  return type.isUnsignedInteger()
             ? static_cast<int64_t>(value & llvm::maskTrailingOnes<uint64_t>(width))
             : llvm::SignExtend64(value, width);
}

Value ScalarMath::materialize(Element x, Type type) {
  Location loc = builder.getUnknownLoc();
  if (isa<FloatType>(type) || type.isInteger(1)) {
    if (auto attr = dyn_cast<Attribute>(x))
      return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(attr));
    return cast<Value>(x);
  }
  if (std::optional<int64_t> value = constantInteger(x))
    return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, *value));
  return arith::IndexCastOp::create(builder, loc, type, cast<Value>(x));
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

static std::optional<double> evaluate(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::abs:
    return std::fabs(x);
  case UnaryKind::ceil:
    return std::ceil(x);
  case UnaryKind::floor:
    return std::floor(x);
  case UnaryKind::round_even:
    return std::nearbyint(x);
  case UnaryKind::neg:
    return -x;
  case UnaryKind::reciprocal:
    return 1.0 / x;
  case UnaryKind::sqrt:
    return std::sqrt(x);
  case UnaryKind::rsqrt:
    return 1.0 / std::sqrt(x);
  case UnaryKind::exp:
    return std::exp(x);
  case UnaryKind::log:
    return std::log(x);
  case UnaryKind::cos:
    return std::cos(x);
  case UnaryKind::sin:
    return std::sin(x);
  case UnaryKind::relu:
    return x > 0 ? x : 0;
  case UnaryKind::sign:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  default:
    return std::nullopt;
  }
}

std::optional<ScalarMath::Element> ScalarMath::integerBehind(Element x) {
  auto value = dyn_cast<Value>(x);
  auto convert = value ? value.getDefiningOp<arith::SIToFPOp>() : nullptr;
  auto widen = convert ? convert.getIn().getDefiningOp<arith::IndexCastOp>() : nullptr;
  return widen ? std::optional<Element>(index.normalize(widen.getIn())) : std::nullopt;
}

ScalarMath::Result ScalarMath::unary(UnaryKind kind, Element x, Type type) {
  if (type.isInteger(1)) {
    if (kind != UnaryKind::logical_not)
      return std::nullopt;
    if (std::optional<bool> value = constantBoolean(x))
      return boolean(!*value);
    Value one = materialize(boolean(true), type);
    return Element(
        builder.createOrFold<arith::XOrIOp>(builder.getUnknownLoc(), cast<Value>(x), one));
  }
  if (isa<IntegerType>(type)) {
    if (kind == UnaryKind::neg)
      return binary(BinaryKind::sub, integer(0), x, type);
    if (kind == UnaryKind::abs)
      return index.alwaysNonNegative(x)
                 ? Result(x)
                 : binary(BinaryKind::max, x, *unary(UnaryKind::neg, x, type), type);
    if (kind == UnaryKind::sign && constantInteger(x))
      return integer((*constantInteger(x) > 0) - (*constantInteger(x) < 0));
    return std::nullopt;
  }
  if (std::optional<double> value = constantNumber(x)) {
    std::optional<double> result = evaluate(kind, *value);
    return result ? Result(number(*result, type)) : std::nullopt;
  }
  bool rounding =
      kind == UnaryKind::ceil || kind == UnaryKind::floor || kind == UnaryKind::round_even;
  if (rounding && integerBehind(x))
    return x;
  auto emit = [&](auto op) -> Result {
    return Element(builder.createOrFold<decltype(op)>(builder.getUnknownLoc(), cast<Value>(x)));
  };
  switch (kind) {
  case UnaryKind::ceil:
    return emit(math::CeilOp());
  case UnaryKind::floor:
    return emit(math::FloorOp());
  case UnaryKind::sqrt:
    return emit(math::SqrtOp());
  case UnaryKind::log:
    return emit(math::LogOp());
  case UnaryKind::neg:
    return emit(arith::NegFOp());
  default:
    return std::nullopt;
  }
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

ScalarMath::Result ScalarMath::integerBinary(BinaryKind kind, Element x, Element y, Type type) {
  auto wrapped = [&](Element result) -> Element {
    std::optional<int64_t> value = constantInteger(result);
    return value ? integer(wrapTo(*value, type)) : result;
  };
  std::optional<int64_t> a = constantInteger(x), b = constantInteger(y);
  switch (kind) {
  case BinaryKind::add:
    return wrapped(index.add(x, y));
  case BinaryKind::sub:
    return wrapped(index.sub(x, y));
  case BinaryKind::mul:
    return wrapped(index.mul(x, y));
  case BinaryKind::div:
    return b == 0 ? std::nullopt : Result(wrapped(index.div(x, y)));
  case BinaryKind::max:
    return index.max(x, y);
  case BinaryKind::min:
    return index.min(x, y);
  case BinaryKind::rem:
    return b == 0 ? std::nullopt : Result(index.rem(x, y));
  case BinaryKind::mod:
    if (b == 0)
      return std::nullopt;
    if (a && b)
      return integer(((*a % *b) + *b) % *b);
    // With both sides at least 0 the signs agree.
    return index.alwaysNonNegative(x) && index.alwaysNonNegative(y) ? Result(index.rem(x, y))
                                                                    : std::nullopt;
  case BinaryKind::pow: {
    if (!b || *b < 0 || *b > 62)
      return std::nullopt;
    Element power = integer(1);
    for (int64_t i = 0; i < *b; ++i)
      power = wrapped(index.mul(power, x));
    return power;
  }
  default:
    return std::nullopt;
  }
}

static std::optional<double> evaluate(BinaryKind kind, double x, double y) {
  switch (kind) {
  case BinaryKind::add:
    return x + y;
  case BinaryKind::sub:
    return x - y;
  case BinaryKind::mul:
    return x * y;
  case BinaryKind::div:
    return x / y;
  case BinaryKind::pow:
    return std::pow(x, y);
  case BinaryKind::rem:
    return std::fmod(x, y);
  case BinaryKind::max:
    return std::isnan(x) || x > y ? x : y;
  case BinaryKind::min:
    return std::isnan(x) || x < y ? x : y;
  default:
    return std::nullopt;
  }
}

ScalarMath::Result ScalarMath::floatBinary(BinaryKind kind, Element x, Element y, Type type) {
  std::optional<double> a = constantNumber(x), b = constantNumber(y);
  if (a && b) {
    std::optional<double> result = evaluate(kind, *a, *b);
    return result ? Result(number(*result, type)) : std::nullopt;
  }
  if ((kind == BinaryKind::mul || kind == BinaryKind::div || kind == BinaryKind::pow) && b == 1.0)
    return x;
  auto emit = [&](auto op) -> Result {
    return Element(builder.createOrFold<decltype(op)>(builder.getUnknownLoc(), materialize(x, type),
                                                      materialize(y, type)));
  };
  switch (kind) {
  case BinaryKind::add:
    return emit(arith::AddFOp());
  case BinaryKind::sub:
    return emit(arith::SubFOp());
  case BinaryKind::mul:
    return emit(arith::MulFOp());
  case BinaryKind::div:
    return emit(arith::DivFOp());
  case BinaryKind::max:
    return emit(arith::MaximumFOp());
  case BinaryKind::min:
    return emit(arith::MinimumFOp());
  case BinaryKind::pow:
    return emit(math::PowFOp());
  default:
    return std::nullopt;
  }
}

ScalarMath::Result ScalarMath::boolBinary(BinaryKind kind, Element x, Element y) {
  std::optional<bool> a = constantBoolean(x), b = constantBoolean(y);
  if (a && !b)
    return boolBinary(kind, y, x); // constants on the right
  switch (kind) {
  case BinaryKind::logical_and:
    if (b)
      return *b ? x : y;
    return Element(builder.createOrFold<arith::AndIOp>(builder.getUnknownLoc(), cast<Value>(x),
                                                       cast<Value>(y)));
  case BinaryKind::logical_or:
    if (b)
      return *b ? y : x;
    return Element(builder.createOrFold<arith::OrIOp>(builder.getUnknownLoc(), cast<Value>(x),
                                                      cast<Value>(y)));
  case BinaryKind::logical_xor:
    if (b)
      return *b ? unary(UnaryKind::logical_not, x, builder.getI1Type()) : Result(x);
    return Element(builder.createOrFold<arith::XOrIOp>(builder.getUnknownLoc(), cast<Value>(x),
                                                       cast<Value>(y)));
  default:
    return std::nullopt;
  }
}

ScalarMath::Result ScalarMath::binary(BinaryKind kind, Element x, Element y, Type type) {
  if (type.isInteger(1))
    return boolBinary(kind, x, y);
  return isa<IntegerType>(type) ? integerBinary(kind, x, y, type) : floatBinary(kind, x, y, type);
}

//===----------------------------------------------------------------------===//
// Comparison, selection, conversion
//===----------------------------------------------------------------------===//

template <class T>
static bool holds(CompareKind kind, T x, T y) {
  switch (kind) {
  case CompareKind::eq:
    return x == y;
  case CompareKind::ne:
    return x != y;
  case CompareKind::lt:
    return x < y;
  case CompareKind::le:
    return x <= y;
  case CompareKind::gt:
    return x > y;
  case CompareKind::ge:
    return x >= y;
  }
  llvm_unreachable("exhaustive");
}

// What the facts about sizes decide of `x kind y`.
static std::optional<bool> decide(IndexMath &index, CompareKind kind, OpFoldResult x,
                                  OpFoldResult y) {
  bool less = index.alwaysLessEqual(x, y), greater = index.alwaysLessEqual(y, x),
       apart = index.neverEqual(x, y);
  switch (kind) {
  case CompareKind::eq:
    return index.alwaysEqual(x, y) ? std::optional(true)
           : apart                 ? std::optional(false)
                                   : std::nullopt;
  case CompareKind::ne:
    return apart                     ? std::optional(true)
           : index.alwaysEqual(x, y) ? std::optional(false)
                                     : std::nullopt;
  case CompareKind::lt:
    return greater ? std::optional(false) : less && apart ? std::optional(true) : std::nullopt;
  case CompareKind::le:
    return less ? std::optional(true) : greater && apart ? std::optional(false) : std::nullopt;
  case CompareKind::gt:
    return less ? std::optional(false) : greater && apart ? std::optional(true) : std::nullopt;
  case CompareKind::ge:
    return greater ? std::optional(true) : less && apart ? std::optional(false) : std::nullopt;
  }
  llvm_unreachable("exhaustive");
}

static arith::CmpIPredicate predicate(CompareKind kind) {
  switch (kind) {
  case CompareKind::eq:
    return arith::CmpIPredicate::eq;
  case CompareKind::ne:
    return arith::CmpIPredicate::ne;
  case CompareKind::lt:
    return arith::CmpIPredicate::slt;
  case CompareKind::le:
    return arith::CmpIPredicate::sle;
  case CompareKind::gt:
    return arith::CmpIPredicate::sgt;
  case CompareKind::ge:
    return arith::CmpIPredicate::sge;
  }
  llvm_unreachable("exhaustive");
}

ScalarMath::Result ScalarMath::compare(CompareKind kind, Element x, Element y, Type type) {
  if (isa<FloatType>(type)) {
    std::optional<double> a = constantNumber(x), b = constantNumber(y);
    return a && b ? Result(boolean(holds(kind, *a, *b))) : std::nullopt;
  }
  if (type.isInteger(1)) {
    std::optional<bool> a = constantBoolean(x), b = constantBoolean(y);
    return a && b ? Result(boolean(holds(kind, *a, *b))) : std::nullopt;
  }
  if (std::optional<bool> decided = decide(index, kind, x, y))
    return boolean(*decided);
  return Element(arith::CmpIOp::create(builder, builder.getUnknownLoc(), predicate(kind),
                                       index.materialize(x), index.materialize(y))
                     .getResult());
}

ScalarMath::Result ScalarMath::select(Element condition, Element x, Element y, Type type) {
  if (std::optional<bool> value = constantBoolean(condition))
    return *value ? x : y;
  if (x == y)
    return x;
  bool integers = isa<IntegerType>(type) && !type.isInteger(1);
  Value onTrue = integers ? index.materialize(x) : materialize(x, type);
  Value onFalse = integers ? index.materialize(y) : materialize(y, type);
  return Element(builder.createOrFold<arith::SelectOp>(builder.getUnknownLoc(),
                                                       cast<Value>(condition), onTrue, onFalse));
}

ScalarMath::Result ScalarMath::cast(Element x, Type from, Type to) {
  Location loc = builder.getUnknownLoc();
  if (from == to)
    return x;
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    std::optional<double> value = constantNumber(x);
    return value ? Result(number(*value, to)) : std::nullopt;
  }
  if (to.isInteger(1)) {
    if (std::optional<double> value = constantNumber(x))
      return boolean(*value != 0);
    return isa<FloatType>(from) ? std::nullopt : compare(CompareKind::ne, x, integer(0), from);
  }
  if (from.isInteger(1)) {
    Element one = isa<FloatType>(to) ? number(1, to) : integer(1),
            zero = isa<FloatType>(to) ? number(0, to) : integer(0);
    return select(x, one, zero, to);
  }
  if (isa<FloatType>(to)) {
    if (std::optional<int64_t> value = constantInteger(x))
      return number(*value, to);
    return Element(arith::SIToFPOp::create(builder, loc, to, materialize(x, builder.getI64Type()))
                       .getResult());
  }
  if (isa<FloatType>(from)) {
    if (std::optional<double> value = constantNumber(x))
      return std::isfinite(*value) ? Result(integer(wrapTo(static_cast<int64_t>(*value), to)))
                                   : std::nullopt;
    if (std::optional<Element> integer = integerBehind(x))
      return *integer;
    Value truncated =
        arith::FPToSIOp::create(builder, loc, builder.getI64Type(), llvm::cast<Value>(x));
    return Element(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), truncated).getResult());
  }
  std::optional<int64_t> value = constantInteger(x);
  return value ? integer(wrapTo(*value, to)) : x;
}

} // namespace tilewright
