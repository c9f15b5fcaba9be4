//===- Evaluator.cpp - the formulas of xf on numbers -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Evaluator.h"
#include "dialects/Xf/IR/Scalars.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numbers>

namespace mlir::xf {

bool Evaluator::supports(Type element) {
  return isa<FloatType, IntegerType>(element) && element.getIntOrFloatBitWidth() <= 64;
}

Evaluator::Evaluator(Type element)
    : type(element), isFloat(isa<FloatType>(element)),
      isUnsigned(element.isUnsignedInteger() || element.isInteger(1)),
      width(element.getIntOrFloatBitWidth()) {
  assert(supports(element) && "expects numbers of at most 64 bits");
}

int64_t Evaluator::wrapped(uint64_t value) const {
  if (width == 64)
    return value;
  return isUnsigned ? static_cast<int64_t>(value & llvm::maskTrailingOnes<uint64_t>(width))
                    : llvm::SignExtend64(value, width);
}

bool Evaluator::less(int64_t x, int64_t y) const {
  return isUnsigned ? static_cast<uint64_t>(x) < static_cast<uint64_t>(y) : x < y;
}

//===----------------------------------------------------------------------===//
// unary
//===----------------------------------------------------------------------===//

static double evaluate(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::abs:
    return std::fabs(x);
  case UnaryKind::ceil:
    return std::ceil(x);
  case UnaryKind::cos:
    return std::cos(x);
  case UnaryKind::erf:
    return std::erf(x);
  case UnaryKind::exp:
    return std::exp(x);
  case UnaryKind::floor:
    return std::floor(x);
  case UnaryKind::gelu_erf:
    return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
  case UnaryKind::gelu_tanh:
    return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  case UnaryKind::log:
    return std::log(x);
  case UnaryKind::neg:
    return -x;
  case UnaryKind::reciprocal:
    return 1 / x;
  case UnaryKind::relu:
    return x < 0 ? 0 : x;
  case UnaryKind::round_even:
    return std::nearbyint(x);
  case UnaryKind::rsqrt:
    return 1 / std::sqrt(x);
  case UnaryKind::sigmoid:
    return 1 / (1 + std::exp(-x));
  case UnaryKind::sign:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case UnaryKind::silu:
    return x * (1 / (1 + std::exp(-x)));
  case UnaryKind::sin:
    return std::sin(x);
  case UnaryKind::softplus:
    return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::fabs(x)));
  case UnaryKind::sqrt:
    return std::sqrt(x);
  case UnaryKind::tanh:
    return std::tanh(x);
  case UnaryKind::is_nan:
  case UnaryKind::is_inf:
  case UnaryKind::logical_not:
    break;
  }
  llvm_unreachable("expects a kind that gives a float");
}

int64_t Evaluator::unary(UnaryKind kind, int64_t x) const {
  switch (kind) {
  case UnaryKind::abs:
    return less(x, 0) ? wrapped(-static_cast<uint64_t>(x)) : x;
  case UnaryKind::neg:
    return wrapped(-static_cast<uint64_t>(x));
  case UnaryKind::sign:
    return less(x, 0) ? -1 : x != 0;
  case UnaryKind::relu:
    return less(x, 0) ? 0 : x;
  case UnaryKind::logical_not:
    return !x;
  default:
    llvm_unreachable("expects a kind that takes integers");
  }
}

Number Evaluator::unary(UnaryKind kind, Number x) const {
  if (kind == UnaryKind::is_nan)
    return {.integer = std::isnan(x.real)};
  if (kind == UnaryKind::is_inf)
    return {.integer = std::isinf(x.real)};
  return isFloat ? Number{.real = evaluate(kind, x.real)}
                 : Number{.integer = unary(kind, x.integer)};
}

//===----------------------------------------------------------------------===//
// binary, compare
//===----------------------------------------------------------------------===//

static double evaluate(BinaryKind kind, double x, double y) {
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
  case BinaryKind::max: // a NaN wins; -0 < 0
    return std::isnan(x) || x > y || (x == y && !std::signbit(x)) ? x : y;
  case BinaryKind::min:
    return std::isnan(x) || x < y || (x == y && std::signbit(x)) ? x : y;
  case BinaryKind::mod: {
    double rest = std::fmod(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  case BinaryKind::rem:
    return std::fmod(x, y);
  case BinaryKind::logical_and:
  case BinaryKind::logical_or:
  case BinaryKind::logical_xor:
    break;
  }
  llvm_unreachable("expects a kind that takes floats");
}

// A divisor of -1 is a negation: the quotient of the least integer wraps.
int64_t Evaluator::divide(int64_t x, int64_t y) const {
  if (y == 0)
    return 0;
  if (isUnsigned)
    return static_cast<uint64_t>(x) / static_cast<uint64_t>(y);
  return y == -1 ? wrapped(-static_cast<uint64_t>(x)) : x / y;
}

int64_t Evaluator::remainder(int64_t x, int64_t y) const {
  if (y == 0)
    return 0;
  if (isUnsigned)
    return static_cast<uint64_t>(x) % static_cast<uint64_t>(y);
  return y == -1 ? 0 : x % y;
}

int64_t Evaluator::power(int64_t x, int64_t y) const {
  if (!isUnsigned && y < 0) // 1 / x^-y
    return x == 1 || (x == -1 && y % 2 == 0) ? 1 : x == -1 ? -1 : 0;
  uint64_t result = 1, factor = x;
  for (uint64_t bits = y; bits; bits >>= 1, factor *= factor)
    if (bits & 1)
      result *= factor;
  return wrapped(result);
}

int64_t Evaluator::binary(BinaryKind kind, int64_t x, int64_t y) const {
  uint64_t a = x, b = y;
  switch (kind) {
  case BinaryKind::add:
    return wrapped(a + b);
  case BinaryKind::sub:
    return wrapped(a - b);
  case BinaryKind::mul:
    return wrapped(a * b);
  case BinaryKind::div:
    return divide(x, y);
  case BinaryKind::pow:
    return power(x, y);
  case BinaryKind::max:
    return less(x, y) ? y : x;
  case BinaryKind::min:
    return less(y, x) ? y : x;
  case BinaryKind::mod: {
    int64_t rest = remainder(x, y);
    return rest != 0 && less(rest, 0) != less(y, 0) ? rest + y : rest;
  }
  case BinaryKind::rem:
    return remainder(x, y);
  case BinaryKind::logical_and:
    return x & y;
  case BinaryKind::logical_or:
    return x | y;
  case BinaryKind::logical_xor:
    return x ^ y;
  }
  llvm_unreachable("every kind has a formula");
}

Number Evaluator::binary(BinaryKind kind, Number x, Number y) const {
  return isFloat ? Number{.real = evaluate(kind, x.real, y.real)}
                 : Number{.integer = binary(kind, x.integer, y.integer)};
}

bool Evaluator::compare(CompareKind kind, Number x, Number y) const {
  bool isLess = isFloat ? x.real < y.real : less(x.integer, y.integer);
  bool isGreater = isFloat ? x.real > y.real : less(y.integer, x.integer);
  bool isEqual = isFloat ? x.real == y.real : x.integer == y.integer;
  switch (kind) {
  case CompareKind::eq:
    return isEqual;
  case CompareKind::ne:
    return !isEqual;
  case CompareKind::lt:
    return isLess;
  case CompareKind::le:
    return isLess || isEqual;
  case CompareKind::gt:
    return isGreater;
  case CompareKind::ge:
    return isGreater || isEqual;
  }
  llvm_unreachable("every kind has a formula");
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

int64_t Evaluator::truncate(double x, const llvm::fltSemantics &from) const {
  if (std::isnan(x))
    return 0;
  auto limit = [&](const APInt &value) {
    APFloat bound(from);
    bound.convertFromAPInt(value, /*IsSigned=*/!isUnsigned, APFloat::rmTowardZero);
    return bound.convertToDouble();
  };
  double low = limit(isUnsigned ? APInt(width, 0) : APInt::getSignedMinValue(width));
  double high = limit(isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
  double clamped = x < low ? low : x > high ? high : x;
  return isUnsigned ? static_cast<int64_t>(static_cast<uint64_t>(clamped))
                    : static_cast<int64_t>(clamped);
}

Number Evaluator::cast(Number x, const Evaluator &to) const {
  if (to.width == 1 && !to.isFloat)
    return {.integer = isFloat ? x.real != 0 : x.integer != 0};
  if (!to.isFloat)
    return {.integer =
                isFloat ? to.truncate(x.real,
                                      llvm::cast<FloatType>(computeType(type)).getFloatSemantics())
                        : to.wrapped(x.integer)};
  if (isFloat)
    return x;
  // To f32 at once: by way of double it would be rounded twice.
  double value = computeType(to.type).isF64() ? toDouble(x)
                 : isUnsigned                 ? static_cast<float>(static_cast<uint64_t>(x.integer))
                                              : static_cast<float>(x.integer);
  return {.real = value};
}

static APFloat convert(APFloat value, const llvm::fltSemantics &semantics) {
  bool inexact;
  value.convert(semantics, APFloat::rmNearestTiesToEven, &inexact);
  return value;
}

Number Evaluator::rounded(Number x) const {
  if (!isFloat)
    return x;
  return number(convert(APFloat(x.real), llvm::cast<FloatType>(type).getFloatSemantics()));
}

Number Evaluator::number(const APFloat &value) const {
  return {.real = convert(value, APFloat::IEEEdouble()).convertToDouble()};
}

Number Evaluator::number(const APInt &value) const {
  return {.integer =
              isUnsigned ? static_cast<int64_t>(value.getZExtValue()) : value.getSExtValue()};
}

Number Evaluator::number(double value) const {
  return isFloat ? Number{.real = value} : Number{.integer = static_cast<int64_t>(value)};
}

double Evaluator::toDouble(Number x) const {
  return isFloat      ? x.real
         : isUnsigned ? static_cast<double>(static_cast<uint64_t>(x.integer))
                      : static_cast<double>(x.integer);
}

Attribute Evaluator::attribute(Number x) const {
  if (isFloat)
    return FloatAttr::get(
        type, convert(APFloat(x.real), llvm::cast<FloatType>(type).getFloatSemantics()));
  return IntegerAttr::get(type, APInt(64, x.integer).trunc(width));
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Formula formulaOf(Operation *op) {
  if (!isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op))
    return nullptr;
  Type source = getElementTypeOrSelf(op->getOperand(0)),
       target = getElementTypeOrSelf(op->getResult(0));
  if (!Evaluator::supports(source) || !Evaluator::supports(target))
    return nullptr;
  Evaluator from(source), to(target);
  if (auto unary = dyn_cast<UnaryOp>(op))
    return [from, kind = unary.getKind()](ArrayRef<Number> x) { return from.unary(kind, x[0]); };
  if (auto binary = dyn_cast<BinaryOp>(op))
    return [from, kind = binary.getKind()](ArrayRef<Number> x) {
      return from.binary(kind, x[0], x[1]);
    };
  if (auto compare = dyn_cast<CompareOp>(op))
    return [from, kind = compare.getKind()](ArrayRef<Number> x) {
      return Number{.integer = from.compare(kind, x[0], x[1])};
    };
  if (isa<SelectOp>(op))
    return [](ArrayRef<Number> x) { return x[0].integer ? x[1] : x[2]; };
  return [from, to](ArrayRef<Number> x) { return from.cast(x[0], to); };
}

} // namespace mlir::xf
