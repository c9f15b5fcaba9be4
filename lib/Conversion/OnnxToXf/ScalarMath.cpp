//===- ScalarMath.cpp - evaluation of single elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/ScalarMath.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::Evaluator;
using mlir::xf::Number;
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

// A constant element of a tensor with elements of `type`.
static std::optional<Number> constantOf(OpFoldResult element, Type type) {
  if (!Evaluator::supports(type))
    return std::nullopt;
  if (std::optional<double> real = constantNumber(element))
    return Number{.real = *real};
  if (isa<FloatType>(type))
    return std::nullopt;
  std::optional<int64_t> integer =
      type.isInteger(1) ? constantBoolean(element) : constantInteger(element);
  return integer ? std::optional(Number{.integer = *integer}) : std::nullopt;
}

ScalarMath::Element ScalarMath::element(Number value, Type type) {
  if (isa<FloatType>(type))
    return number(value.real, type);
  return type.isInteger(1) ? boolean(value.integer) : integer(value.integer);
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

std::optional<ScalarMath::Element> ScalarMath::integerBehind(Element x) {
  auto value = dyn_cast<Value>(x);
  auto convert = value ? value.getDefiningOp<arith::SIToFPOp>() : nullptr;
  auto widen = convert ? convert.getIn().getDefiningOp<arith::IndexCastOp>() : nullptr;
  return widen ? std::optional<Element>(index.normalize(widen.getIn())) : std::nullopt;
}

// What xf.unary and xf.binary accept; the others are left to their verifiers to reject.
static bool accepts(Type type, UnaryKind kind) {
  if (kind == UnaryKind::logical_not || type.isInteger(1))
    return kind == UnaryKind::logical_not && type.isInteger(1);
  return isa<FloatType>(type) || kind == UnaryKind::abs || kind == UnaryKind::neg ||
         kind == UnaryKind::relu || kind == UnaryKind::sign;
}
static bool accepts(Type type, BinaryKind kind) {
  bool logical = kind == BinaryKind::logical_and || kind == BinaryKind::logical_or ||
                 kind == BinaryKind::logical_xor;
  return logical ? isa<IntegerType>(type) : !type.isInteger(1);
}

ScalarMath::Result ScalarMath::unary(UnaryKind kind, Element x, Type type) {
  if (!accepts(type, kind))
    return std::nullopt;
  if (std::optional<Number> value = constantOf(x, type)) {
    bool test = kind == UnaryKind::is_nan || kind == UnaryKind::is_inf;
    return element(Evaluator(type).unary(kind, *value), test ? builder.getI1Type() : type);
  }
  if (type.isInteger(1)) {
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
    return std::nullopt;
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

ScalarMath::Result ScalarMath::integerBinary(BinaryKind kind, Element x, Element y) {
  std::optional<int64_t> b = constantInteger(y);
  switch (kind) {
  case BinaryKind::add:
    return index.add(x, y);
  case BinaryKind::sub:
    return index.sub(x, y);
  case BinaryKind::mul:
    return index.mul(x, y);
  case BinaryKind::div:
    return index.div(x, y);
  case BinaryKind::max:
    return index.max(x, y);
  case BinaryKind::min:
    return index.min(x, y);
  case BinaryKind::rem:
    return index.rem(x, y);
  case BinaryKind::mod:
    // With both sides at least 0 the signs agree.
    return index.alwaysNonNegative(x) && index.alwaysNonNegative(y) ? Result(index.rem(x, y))
                                                                    : std::nullopt;
  case BinaryKind::pow: {
    if (!b || *b < 0 || *b > 3)
      return std::nullopt;
    return index.product(SmallVector<Element>(*b, x));
  }
  default:
    return std::nullopt;
  }
}

ScalarMath::Result ScalarMath::floatBinary(BinaryKind kind, Element x, Element y, Type type) {
  if ((kind == BinaryKind::mul || kind == BinaryKind::div || kind == BinaryKind::pow) &&
      constantNumber(y) == 1.0)
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
  if (!accepts(type, kind))
    return std::nullopt;
  std::optional<Number> a = constantOf(x, type), b = constantOf(y, type);
  if (a && b)
    return element(Evaluator(type).binary(kind, *a, *b), type);
  if (type.isInteger(1))
    return boolBinary(kind, x, y);
  return isa<IntegerType>(type) ? integerBinary(kind, x, y) : floatBinary(kind, x, y, type);
}

//===----------------------------------------------------------------------===//
// Comparison, selection, conversion
//===----------------------------------------------------------------------===//

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
  std::optional<Number> a = constantOf(x, type), b = constantOf(y, type);
  if (a && b)
    return boolean(Evaluator(type).compare(kind, *a, *b));
  if (isa<FloatType>(type) || type.isInteger(1))
    return std::nullopt;
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
  if (from == to)
    return x;
  if (std::optional<Number> value = constantOf(x, from); value && Evaluator::supports(to))
    return element(Evaluator(from).cast(*value, Evaluator(to)), to);
  Location loc = builder.getUnknownLoc();
  if (to.isInteger(1))
    return isa<FloatType>(from) ? std::nullopt : compare(CompareKind::ne, x, integer(0), from);
  if (from.isInteger(1))
    return select(x, element(Evaluator(to).number(1.0), to), element(Evaluator(to).number(0.0), to),
                  to);
  if (!isa<FloatType>(from))
    return isa<FloatType>(to) ? Element(arith::SIToFPOp::create(
                                            builder, loc, to, materialize(x, builder.getI64Type()))
                                            .getResult())
                              : x;
  if (isa<FloatType>(to))
    return std::nullopt;
  if (std::optional<Element> integer = integerBehind(x))
    return *integer;
  Value truncated =
      arith::FPToSIOp::create(builder, loc, builder.getI64Type(), llvm::cast<Value>(x));
  return Element(
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), truncated).getResult());
}

} // namespace tilewright
