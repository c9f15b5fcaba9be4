//===- Scalars.cpp - the formulas of xf on single elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Scalars.h"

#include <cmath>
#include <numbers>

namespace mlir::xf {

constexpr auto contract = arith::FastMathFlags::contract;

static bool isFloat(Value x) {
  return isa<FloatType>(x.getType());
}

Type computeType(Type element) {
  if (element.isF16() || element.isBF16())
    return Float32Type::get(element.getContext());
  if (element.isUnsignedInteger())
    return IntegerType::get(element.getContext(), element.getIntOrFloatBitWidth());
  return element;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value Scalars::constant(Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

Value Scalars::minusInfinity(Type type) {
  const llvm::fltSemantics &semantics = cast<FloatType>(type).getFloatSemantics();
  return arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type, APFloat::getInf(semantics, /*Negative=*/true)));
}

Value Scalars::lowest(Type type, bool isUnsigned) {
  if (isa<FloatType>(type))
    return minusInfinity(type);
  unsigned width = type.getIntOrFloatBitWidth();
  bool zero = isUnsigned || width == 1;
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, zero ? APInt(width, 0) : APInt::getSignedMinValue(width)));
}

Value Scalars::highest(Type type, bool isUnsigned) {
  if (auto floating = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, loc, b.getFloatAttr(type, APFloat::getInf(floating.getFloatSemantics())));
  unsigned width = type.getIntOrFloatBitWidth();
  bool ones = isUnsigned || width == 1;
  return arith::ConstantOp::create(
      b, loc,
      b.getIntegerAttr(type, ones ? APInt::getAllOnes(width) : APInt::getSignedMaxValue(width)));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value Scalars::add(Value x, Value y) {
  if (isFloat(x))
    return arith::AddFOp::create(b, loc, x, y, contract);
  return arith::AddIOp::create(b, loc, x, y);
}

Value Scalars::sub(Value x, Value y) {
  if (isFloat(x))
    return arith::SubFOp::create(b, loc, x, y, contract);
  return arith::SubIOp::create(b, loc, x, y);
}

Value Scalars::mul(Value x, Value y) {
  if (isFloat(x))
    return arith::MulFOp::create(b, loc, x, y, contract);
  return arith::MulIOp::create(b, loc, x, y);
}

Value Scalars::div(Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::DivFOp::create(b, loc, x, y);
  // The machine's division traps on a zero divisor and on the smallest integer over -1.
  Value zero = constant(x.getType(), 0), one = constant(x.getType(), 1);
  Value isZero = compare(CompareKind::eq, y, zero);
  if (isUnsigned) {
    Value quotient = arith::DivUIOp::create(b, loc, x, select(isZero, one, y));
    return select(isZero, zero, quotient);
  }
  Value isMinusOne = compare(CompareKind::eq, y, constant(x.getType(), -1));
  Value safe = select(arith::OrIOp::create(b, loc, isZero, isMinusOne), one, y);
  Value quotient = arith::DivSIOp::create(b, loc, x, safe);
  return select(isZero, zero, select(isMinusOne, sub(zero, x), quotient));
}

Value Scalars::max(Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::MaximumFOp::create(b, loc, x, y);
  if (isUnsigned || x.getType().isInteger(1))
    return arith::MaxUIOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}

Value Scalars::min(Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::MinimumFOp::create(b, loc, x, y);
  if (isUnsigned || x.getType().isInteger(1))
    return arith::MinUIOp::create(b, loc, x, y);
  return arith::MinSIOp::create(b, loc, x, y);
}

Value Scalars::maxNumber(Value x, Value y) {
  return arith::MaxNumFOp::create(b, loc, x, y);
}

Value Scalars::abs(Value x) {
  if (isFloat(x))
    return math::AbsFOp::create(b, loc, x);
  return math::AbsIOp::create(b, loc, x);
}

Value Scalars::exp(Value x) {
  return math::ExpOp::create(b, loc, x);
}
Value Scalars::sqrt(Value x) {
  return math::SqrtOp::create(b, loc, x);
}

Value Scalars::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

//===----------------------------------------------------------------------===//
// unary
//===----------------------------------------------------------------------===//

// 1, 0 or -1; zero and NaN stay what they are.
Value Scalars::sign(Value x, bool isUnsigned) {
  Value zero = constant(x.getType(), 0), one = constant(x.getType(), 1);
  Value positive = select(compare(CompareKind::gt, x, zero, isUnsigned), one, x);
  if (isUnsigned)
    return positive;
  return select(compare(CompareKind::lt, x, zero), constant(x.getType(), -1), positive);
}

// log(1 + u) = log(w) u / (w - 1) with w = 1 + u keeps the digits of a small u. math.log1p does not
// in every lowering. Source: D. Goldberg, What Every Computer Scientist Should Know About
// Floating-Point Arithmetic, theorem 4.
Value Scalars::logOnePlus(Value u) {
  Value one = constant(u.getType(), 1);
  Value sum = arith::AddFOp::create(b, loc, u, one);
  Value rest = arith::SubFOp::create(b, loc, sum, one);
  Value log = mul(math::LogOp::create(b, loc, sum), div(u, rest));
  return select(compare(CompareKind::eq, sum, one), u, log);
}

Value Scalars::unary(UnaryKind kind, Value x, bool isUnsigned) {
  Type type = x.getType();
  auto number = [&](double value) { return constant(type, value); };
  auto sigmoid = [&] {
    return div(number(1), add(number(1), exp(arith::NegFOp::create(b, loc, x))));
  };
  switch (kind) {
  case UnaryKind::abs:
    return isUnsigned ? x : abs(x);
  case UnaryKind::ceil:
    return math::CeilOp::create(b, loc, x);
  case UnaryKind::cos:
    return math::CosOp::create(b, loc, x);
  case UnaryKind::erf:
    return math::ErfOp::create(b, loc, x);
  case UnaryKind::exp:
    return exp(x);
  case UnaryKind::floor:
    return math::FloorOp::create(b, loc, x);
  case UnaryKind::gelu_erf: {
    Value erf = math::ErfOp::create(b, loc, mul(x, number(1 / std::numbers::sqrt2)));
    return mul(mul(x, number(0.5)), add(number(1), erf));
  }
  case UnaryKind::gelu_tanh: {
    // √(2/π) (x + 0.044715 x³) = x (√(2/π) + √(2/π) 0.044715 x²)
    double root = std::sqrt(2 / std::numbers::pi);
    Value inner = mul(x, add(mul(mul(x, x), number(root * 0.044715)), number(root)));
    Value tanh = math::TanhOp::create(b, loc, inner);
    return mul(mul(x, number(0.5)), add(number(1), tanh));
  }
  case UnaryKind::log:
    return math::LogOp::create(b, loc, x);
  case UnaryKind::logical_not:
    return arith::XOrIOp::create(b, loc, x, arith::ConstantIntOp::create(b, loc, 1, 1));
  case UnaryKind::neg:
    return isFloat(x) ? Value(arith::NegFOp::create(b, loc, x)) : sub(number(0), x);
  case UnaryKind::reciprocal:
    return div(number(1), x);
  case UnaryKind::relu:
    // A NaN is not below 0 and stays: this is one max instruction on x86.
    return isUnsigned ? x : select(compare(CompareKind::lt, x, number(0)), number(0), x);
  case UnaryKind::round_even:
    return math::RoundEvenOp::create(b, loc, x);
  case UnaryKind::rsqrt:
    return div(number(1), sqrt(x));
  case UnaryKind::sigmoid:
    return sigmoid();
  case UnaryKind::sign:
    return sign(x, isUnsigned);
  case UnaryKind::silu:
    return mul(x, sigmoid());
  case UnaryKind::sin:
    return math::SinOp::create(b, loc, x);
  case UnaryKind::softplus: {
    // log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|) never overflows.
    Value small = exp(arith::NegFOp::create(b, loc, abs(x)));
    return add(unary(UnaryKind::relu, x), logOnePlus(small));
  }
  case UnaryKind::sqrt:
    return sqrt(x);
  case UnaryKind::tanh:
    return math::TanhOp::create(b, loc, x);
  case UnaryKind::is_nan:
    return compare(CompareKind::ne, x, x);
  case UnaryKind::is_inf:
    return compare(CompareKind::eq, abs(x), highest(type));
  }
  llvm_unreachable("every kind has a formula");
}

//===----------------------------------------------------------------------===//
// binary, compare
//===----------------------------------------------------------------------===//

// The product of x^(2^i) over the bits i of y, wrapping; 1 / x^-y truncated for y < 0.
Value Scalars::integerPower(Value x, Value y, bool isUnsigned) {
  Type type = x.getType();
  Value one = constant(type, 1), zero = constant(type, 0);
  auto isOdd = [&](Value v) {
    return compare(CompareKind::ne, arith::AndIOp::create(b, loc, v, one), zero);
  };
  Value result = one, factor = x;
  for (unsigned bit = 0, width = type.getIntOrFloatBitWidth(); bit < width; ++bit) {
    Value rest = arith::ShRUIOp::create(b, loc, y, constant(type, bit));
    result = select(isOdd(rest), mul(result, factor), result);
    factor = mul(factor, factor);
  }
  if (isUnsigned)
    return result;
  Value minusOne = constant(type, -1);
  Value sign = select(isOdd(y), minusOne, one);
  Value reciprocal = select(compare(CompareKind::eq, x, one), one,
                            select(compare(CompareKind::eq, x, minusOne), sign, zero));
  return select(compare(CompareKind::lt, y, zero), reciprocal, result);
}

// x - y trunc(x / y): the sign of x; 0 for a zero divisor.
Value Scalars::remainder(Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::RemFOp::create(b, loc, x, y);
  Value zero = constant(x.getType(), 0), one = constant(x.getType(), 1);
  Value trivial = compare(CompareKind::eq, y, zero);
  if (!isUnsigned) // x rem -1 is 0 as well, and traps for the smallest integer
    trivial = arith::OrIOp::create(b, loc, trivial,
                                   compare(CompareKind::eq, y, constant(x.getType(), -1)));
  Value safe = select(trivial, one, y); // x rem 1 = 0
  if (isUnsigned)
    return arith::RemUIOp::create(b, loc, x, safe);
  return arith::RemSIOp::create(b, loc, x, safe);
}

// x - y floor(x / y): the sign of y.
Value Scalars::modulo(Value x, Value y, bool isUnsigned) {
  Value rest = remainder(x, y, isUnsigned);
  if (isUnsigned)
    return rest;
  Value zero = constant(x.getType(), 0);
  Value differ = arith::XOrIOp::create(b, loc, compare(CompareKind::lt, rest, zero),
                                       compare(CompareKind::lt, y, zero));
  Value correct = arith::AndIOp::create(b, loc, differ, compare(CompareKind::ne, rest, zero));
  return select(correct, add(rest, y), rest);
}

Value Scalars::binary(BinaryKind kind, Value x, Value y, bool isUnsigned) {
  switch (kind) {
  case BinaryKind::add:
    return add(x, y);
  case BinaryKind::sub:
    return sub(x, y);
  case BinaryKind::mul:
    return mul(x, y);
  case BinaryKind::div:
    return div(x, y, isUnsigned);
  case BinaryKind::pow:
    return isFloat(x) ? Value(math::PowFOp::create(b, loc, x, y)) : integerPower(x, y, isUnsigned);
  case BinaryKind::max:
    return max(x, y, isUnsigned);
  case BinaryKind::min:
    return min(x, y, isUnsigned);
  case BinaryKind::mod:
    return modulo(x, y, isUnsigned);
  case BinaryKind::rem:
    return remainder(x, y, isUnsigned);
  case BinaryKind::logical_and:
    return arith::AndIOp::create(b, loc, x, y);
  case BinaryKind::logical_or:
    return arith::OrIOp::create(b, loc, x, y);
  case BinaryKind::logical_xor:
    return arith::XOrIOp::create(b, loc, x, y);
  }
  llvm_unreachable("every kind has a formula");
}

Value Scalars::compare(CompareKind kind, Value x, Value y, bool isUnsigned) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  struct Predicates {
    F floats;
    I signeds, unsigneds;
  };
  static const Predicates table[] = {
      {F::OEQ, I::eq, I::eq},   {F::UNE, I::ne, I::ne},   {F::OLT, I::slt, I::ult},
      {F::OLE, I::sle, I::ule}, {F::OGT, I::sgt, I::ugt}, {F::OGE, I::sge, I::uge},
  };
  const Predicates &predicates = table[static_cast<unsigned>(kind)];
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, predicates.floats, x, y);
  bool asUnsigned = isUnsigned || x.getType().isInteger(1);
  return arith::CmpIOp::create(b, loc, asUnsigned ? predicates.unsigneds : predicates.signeds, x,
                               y);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

// Truncates after clamping to the range of `to`; a NaN becomes 0. Out of range, arith.fptosi would
// be poison.
Value Scalars::truncateToInteger(Value x, IntegerType to, bool isUnsigned) {
  auto from = cast<FloatType>(x.getType());
  auto limit = [&](APInt value) {
    APFloat bound(from.getFloatSemantics());
    bound.convertFromAPInt(value, /*IsSigned=*/!isUnsigned, APFloat::rmTowardZero);
    return Value(arith::ConstantOp::create(b, loc, b.getFloatAttr(from, bound)));
  };
  unsigned width = to.getWidth();
  Value low = limit(isUnsigned ? APInt(width, 0) : APInt::getSignedMinValue(width));
  Value high = limit(isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
  Value number = select(compare(CompareKind::eq, x, x), x, constant(from, 0));
  Value above = select(compare(CompareKind::lt, number, low), low, number);
  Value clamped = select(compare(CompareKind::gt, above, high), high, above);
  if (isUnsigned)
    return arith::FPToUIOp::create(b, loc, to, clamped);
  return arith::FPToSIOp::create(b, loc, to, clamped);
}

Value Scalars::convert(Value x, Type from, Type to) {
  Type source = x.getType(), target = computeType(to);
  if (to.isInteger(1))
    return from.isInteger(1) ? x : compare(CompareKind::ne, x, constant(source, 0));
  bool unsignedSource = from.isUnsignedInteger() || from.isInteger(1);
  if (isa<FloatType>(target)) {
    if (!isFloat(x))
      return unsignedSource ? Value(arith::UIToFPOp::create(b, loc, target, x))
                            : Value(arith::SIToFPOp::create(b, loc, target, x));
    unsigned a = source.getIntOrFloatBitWidth(), c = target.getIntOrFloatBitWidth();
    if (a == c)
      return x;
    return a < c ? Value(arith::ExtFOp::create(b, loc, target, x))
                 : Value(arith::TruncFOp::create(b, loc, target, x));
  }
  if (isFloat(x))
    return truncateToInteger(x, cast<IntegerType>(target), to.isUnsignedInteger());
  unsigned a = source.getIntOrFloatBitWidth(), c = target.getIntOrFloatBitWidth();
  if (a == c)
    return x;
  if (a > c)
    return arith::TruncIOp::create(b, loc, target, x);
  return unsignedSource ? Value(arith::ExtUIOp::create(b, loc, target, x))
                        : Value(arith::ExtSIOp::create(b, loc, target, x));
}

Value Scalars::widen(Value x) {
  Type type = computeType(x.getType());
  if (type == x.getType())
    return x;
  if (isFloat(x))
    return arith::ExtFOp::create(b, loc, type, x);
  return UnrealizedConversionCastOp::create(b, loc, type, x).getResult(0);
}

Value Scalars::narrow(Value x, Type element) {
  if (x.getType() == element)
    return x;
  if (isFloat(x))
    return arith::TruncFOp::create(b, loc, element, x);
  return UnrealizedConversionCastOp::create(b, loc, element, x).getResult(0);
}

} // namespace mlir::xf
