//===- ElementaryFunctions.cpp - exp, tanh, erf, sin, cos, pow for f32 -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/ElementaryFunctions.h"

#include <limits>

using namespace mlir;

namespace tilewright {

// Added to |x| < 2^22 it leaves the nearest integer in the low bits of the mantissa.
constexpr double shifter = 12582912.0; // 1.5 * 2^23

Type ElementaryFunctions::intType() {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(b.getI32Type())) : Type(b.getI32Type());
}

static TypedAttr splat(Type type, TypedAttr value) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return DenseElementsAttr::get(shaped, Attribute(value));
  return value;
}

Value ElementaryFunctions::constant(double value) {
  return arith::ConstantOp::create(b, loc, splat(type, b.getF32FloatAttr(value)));
}
Value ElementaryFunctions::intConstant(int64_t value) {
  return arith::ConstantOp::create(b, loc, splat(intType(), b.getI32IntegerAttr(value)));
}
Value ElementaryFunctions::add(Value x, Value y) {
  return arith::AddFOp::create(b, loc, x, y);
}
Value ElementaryFunctions::sub(Value x, Value y) {
  return arith::SubFOp::create(b, loc, x, y);
}
Value ElementaryFunctions::mul(Value x, Value y) {
  return arith::MulFOp::create(b, loc, x, y);
}
Value ElementaryFunctions::div(Value x, Value y) {
  return arith::DivFOp::create(b, loc, x, y);
}
Value ElementaryFunctions::fma(Value x, Value y, Value z) {
  if (!fused)
    return add(mul(x, y), z);
  return math::FmaOp::create(b, loc, x, y, z);
}
Value ElementaryFunctions::less(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
}
Value ElementaryFunctions::equal(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
}
Value ElementaryFunctions::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}
Value ElementaryFunctions::bitsOf(Value x) {
  return arith::BitcastOp::create(b, loc, intType(), x);
}
Value ElementaryFunctions::ofBits(Value x) {
  return arith::BitcastOp::create(b, loc, type, x);
}
Value ElementaryFunctions::negate(Value x) {
  return arith::NegFOp::create(b, loc, x);
}

Value ElementaryFunctions::maxNum(Value x, Value y) {
  return select(less(y, x), x, y);
}
Value ElementaryFunctions::minNum(Value x, Value y) {
  return select(less(x, y), x, y);
}

// NaN passes: it is the second operand.
Value ElementaryFunctions::clamp(Value x, double low, double high) {
  return minNum(constant(high), maxNum(constant(low), x));
}

// c[0] + c[1] x + c[2] x^2 + ...
Value ElementaryFunctions::horner(Value x, ArrayRef<double> c) {
  Value sum = constant(c.back());
  for (double coefficient : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, constant(coefficient));
  return sum;
}

// The nearest integer to x as a float, and a float whose low mantissa bits hold it.
std::pair<Value, Value> ElementaryFunctions::nearest(Value x) {
  Value shifted = add(x, constant(shifter));
  return {sub(shifted, constant(shifter)), shifted};
}

// 2^n e^r for |r| <= ln(2)/2, with n in the low bits of `shifted`, -126 <= n <= 128. Twice e^r is
// scaled by 2^(n-1), so that n = 128 overflows only where the result does; n = -126 gives zero.
Value ElementaryFunctions::scaledExp(Value r, Value shifted) {
  // e^r = 1 + r + r^2 q(r), relative error 3.1e-9; all coefficients doubled.
  Value q = horner(r, {2 * 0.5000000095327861, 2 * 0.1666651867974265, 2 * 0.0416662053524153,
                       2 * 0.008368908508307597, 2 * 0.0013950520975692902});
  q = fma(q, r, constant(2));
  Value twice = fma(q, r, constant(2));
  Value exponent = arith::ShLIOp::create(b, loc, bitsOf(shifted), intConstant(23));
  Value scale = arith::AddIOp::create(b, loc, exponent, intConstant(126 << 23));
  return mul(twice, ofBits(scale));
}

Value ElementaryFunctions::exp(Value x) {
  x = clamp(x, -87.5, 89.0);
  Value shifted = fma(x, constant(1.4426950408889634), constant(shifter));
  Value n = sub(shifted, constant(shifter));
  // ln 2 = 0.693359375 - 2.12194440e-4; the product of n and the first part is exact.
  Value r = fma(n, constant(-0.693359375), x);
  r = fma(n, constant(2.1219444005469058e-4), r);
  return scaledExp(r, shifted);
}

Value ElementaryFunctions::exp2(Value x) {
  x = clamp(x, -126.4, 128.4);
  auto [n, shifted] = nearest(x);
  return scaledExp(mul(sub(x, n), constant(0.6931471805599453)), shifted);
}

// x h + x P(z) / Q(z) with z = x^2 up to a limit. The part x h has next to no error and is, where
// many terms of P and Q have added up their roundings, most of the result. Beyond the limit z
// stays, and x carries the result over 1: there P is still positive.
//
// P / Q is a minimax fit to f(x) / x - h by least squares whose weights follow the error (Lawson),
// linearised around the last Q. Limits and roundings of the coefficients to f32 are, of some
// thousand tried, those with the least error of the evaluation in f32.
Value ElementaryFunctions::oddQuotient(Value x, double limit, double h, ArrayRef<double> p,
                                       ArrayRef<double> q) {
  Value z = minNum(constant(limit), mul(x, x));
  Value quotient = div(horner(z, p), horner(z, q));
  return clamp(fma(x, quotient, mul(x, constant(h))), -1, 1);
}

// Relative error of the fit 1.1e-8 up to x = 8.4; over all f32 at most 3.14 ulp with FMA.
Value ElementaryFunctions::tanh(Value x) {
  return oddQuotient(x, 70.5719147, 0.109375,
                     {0.890625, 0.083060123, 0.000692265516, -1.53859182e-05, -7.54510623e-08},
                     {1, 0.467529386, 0.0260516014, 0.0003361493, 8.22032064e-07});
}

// Relative error of the fit 9.1e-9 up to x = 3.74; over all f32 at most 2.62 ulp with FMA. One
// polynomial without a division takes 15 terms.
Value ElementaryFunctions::erf(Value x) {
  return oddQuotient(
      x, 13.9896021, 0.25,
      {0.878379166, 0.0602260977, 0.0241832882, -8.39707573e-05, 6.67407539e-06, -7.74986074e-06},
      {1, 0.496769696, 0.111791536, 0.0145401936, 0.00112435222, 3.98129305e-05});
}

// With k the nearest integer to x / (pi/2) and r = x - k pi/2, the sine of x + quadrant * pi/2 is
// +-sin(r) or +-cos(r) by the low two bits of k + quadrant. pi/2 in three parts; the first
// difference is exact with fma.
Value ElementaryFunctions::sinOrCos(Value x, int64_t quadrant) {
  auto [k, shifted] = nearest(mul(x, constant(0.6366197723675814)));
  Value r = fma(k, constant(-1.57079637050628662109375), x);
  r = fma(k, constant(4.37113900018624283e-8), r);
  r = fma(k, constant(1.71512402e-15), r);
  Value z = mul(r, r);
  // Relative errors 5e-12 and 1e-10.
  Value s = horner(z, {-0.16666666641425337, 0.008333329362181837, -0.00019839327112179846,
                       2.71823709023164e-06});
  Value sine = fma(mul(s, z), r, r);
  Value c = horner(z, {-0.5, 0.04166664674711642, -0.001388736142271944, 2.4437727341314656e-05});
  Value cosine = fma(c, z, constant(1));
  Value turn = arith::AddIOp::create(b, loc, bitsOf(shifted), intConstant(quadrant));
  Value odd =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                            arith::AndIOp::create(b, loc, turn, intConstant(1)), intConstant(0));
  // Bit 1 of the quadrant is the sign.
  Value sign = arith::ShLIOp::create(b, loc, arith::AndIOp::create(b, loc, turn, intConstant(2)),
                                     intConstant(30));
  return ofBits(arith::XOrIOp::create(b, loc, bitsOf(select(odd, cosine, sine)), sign));
}

Value ElementaryFunctions::sin(Value x) {
  return sinOrCos(x, 0);
}
Value ElementaryFunctions::cos(Value x) {
  return sinOrCos(x, 1);
}

// log2(x) as a sum of two floats, for positive finite x: x = 2^e (1 + f), and ln(1 + f) = f - f^2/2
// + f^3 P(f) with the leading part in twice the precision.
std::pair<Value, Value> ElementaryFunctions::log2Parts(Value x) {
  Value isSmall = less(x, constant(1.1754943508222875e-38));
  Value bits = bitsOf(select(isSmall, mul(x, constant(16777216.0)), x));
  // Split at sqrt(1/2), so that |f| < 0.42.
  Value fromRoot = arith::SubIOp::create(b, loc, bits, intConstant(0x3f3504f3));
  Value exponent = arith::ShRSIOp::create(b, loc, fromRoot, intConstant(23));
  Value mantissa =
      arith::SubIOp::create(b, loc, bits, arith::ShLIOp::create(b, loc, exponent, intConstant(23)));
  Value f = sub(ofBits(mantissa), constant(1));
  Value e = arith::SIToFPOp::create(b, loc, type, exponent);
  e = sub(e, select(isSmall, constant(24), constant(0)));
  Value square = mul(f, f), squareLow = fma(f, f, negate(square));
  Value half = mul(square, constant(0.5));
  Value high = sub(f, half);
  Value low = sub(sub(f, high), half);
  // Relative error of the polynomial 7.5e-10.
  Value p = horner(f, {0.3333331260224629, -0.250000096055047, 0.20002118764565624,
                       -0.166679955861067, 0.14219550269547515, -0.12405592495133234,
                       0.11888179996273487, -0.11675636785316237, 0.06746584281594016});
  low = fma(squareLow, constant(-0.5), low);
  low = fma(mul(square, f), p, low);
  // Times log2(e) = 1.44269502 + 1.92596303e-8.
  Value product = mul(high, constant(1.44269502162933349609375));
  Value error = fma(high, constant(1.44269502162933349609375), negate(product));
  error = fma(high, constant(1.925963033500e-8), error);
  error = fma(low, constant(1.44269502162933349609375), error);
  Value sum = add(e, product);
  Value lost = select(equal(e, constant(0)), constant(0), add(sub(e, sum), product));
  // `low` reaches a tenth of `high`: the sum is split anew, so that the first part is the nearest
  // float.
  error = add(lost, error);
  Value nearest = add(sum, error);
  return {nearest, add(sub(sum, nearest), error)};
}

Value ElementaryFunctions::pow(Value x, Value y) {
  Value zero = constant(0), one = constant(1);
  Value infinity = constant(std::numeric_limits<double>::infinity());
  Value magnitude = math::AbsFOp::create(b, loc, x);
  auto [high, low] = log2Parts(magnitude);
  high = select(equal(magnitude, zero), constant(-1e9), high);
  high = select(equal(magnitude, infinity), constant(1e9), high);
  Value product = mul(y, high);
  Value error = fma(low, y, fma(y, high, negate(product)));
  Value finite = less(math::AbsFOp::create(b, loc, product), constant(1000));
  error = select(finite, error, zero);
  Value clamped = clamp(product, -126.4, 128.4);
  auto [n, shifted] = nearest(clamped);
  Value r = mul(add(sub(clamped, n), error), constant(0.6931471805599453));
  Value result = scaledExp(r, shifted);
  // A negative base needs an integer exponent; an odd one keeps the sign.
  auto integral = [&](Value v) { return equal(math::TruncOp::create(b, loc, v), v); };
  auto both = [&](Value p, Value q) -> Value { return arith::AndIOp::create(b, loc, p, q); };
  Value whole = integral(y), even = integral(mul(y, constant(0.5)));
  Value nan = constant(std::numeric_limits<double>::quiet_NaN());
  Value isNegative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, bitsOf(x), intConstant(0));
  Value signedResult = select(even, result, select(whole, negate(result), result));
  result = select(isNegative, signedResult, result);
  Value undefined =
      both(both(less(x, zero), less(constant(-std::numeric_limits<double>::infinity()), x)),
           arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE,
                                 math::TruncOp::create(b, loc, y), y));
  result = select(undefined, nan, result);
  Value unordered = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, y);
  result = select(unordered, nan, result);
  result = select(equal(x, one), one, result);
  // (-1)^+-inf = 1
  Value unit = both(equal(magnitude, one), equal(math::AbsFOp::create(b, loc, y), infinity));
  result = select(unit, one, result);
  return select(equal(y, zero), one, result);
}

} // namespace tilewright
