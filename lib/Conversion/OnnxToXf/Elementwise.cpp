//===- Elementwise.cpp - recipes of elementwise operators -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

//===----------------------------------------------------------------------===//
// One to one
//===----------------------------------------------------------------------===//

template <UnaryKind kind>
static void unary(Node &n, TensorBuilder &b) {
  n.yield(b.unary(kind, n.tensor(0)));
}

template <BinaryKind kind>
static void binary(Node &n, TensorBuilder &b) {
  n.yield(b.binary(kind, n.tensor(0), n.tensor(1)));
}

template <CompareKind kind>
static void compare(Node &n, TensorBuilder &b) {
  n.yield(b.compare(kind, n.tensor(0), n.tensor(1)));
}

template <BinaryKind kind>
static Tensor fold(Node &n, TensorBuilder &b) {
  Tensor result = n.tensor(0);
  for (unsigned i = 1; i < n.numInputs(); ++i)
    result = b.binary(kind, result, n.tensor(i));
  return result;
}

template <BinaryKind kind>
static void variadic(Node &n, TensorBuilder &b) {
  n.yield(fold<kind>(n, b));
}

// The exponent may have an element type of its own; the result has that of the base.
static void convertPow(Node &n, TensorBuilder &b) {
  Tensor base = n.tensor(0), exponent = n.tensor(1);
  if (!n.ok())
    return;
  if (isa<IntegerType>(base.elementType()) && isa<FloatType>(exponent.elementType()))
    return n.yield(b.cast(b.binary(BinaryKind::pow, b.cast(base, exponent.elementType()), exponent),
                          base.elementType()));
  n.yield(b.binary(BinaryKind::pow, base, b.cast(exponent, base.elementType())));
}

static void convertMod(Node &n, TensorBuilder &b) {
  n.yield(b.binary(n.flag("fmod", false) ? BinaryKind::rem : BinaryKind::mod, n.tensor(0),
                   n.tensor(1)));
}

static void convertBitwiseNot(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  unsigned width = x.elementType().getIntOrFloatBitWidth();
  bool isUnsigned = x.elementType().isUnsignedInteger() && width < 64;
  Tensor ones = b.integer(isUnsigned ? (int64_t(1) << width) - 1 : -1, x.elementType());
  n.yield(b.binary(BinaryKind::logical_xor, x, ones));
}

static void convertMean(Node &n, TensorBuilder &b) {
  n.yield(b.scale(fold<BinaryKind::add>(n, b), 1.0 / n.numInputs()));
}

static void convertWhere(Node &n, TensorBuilder &b) {
  n.yield(b.select(n.tensor(0), n.tensor(1), n.tensor(2)));
}

static void convertIsInf(Node &n, TensorBuilder &b) {
  bool positive = n.flag("detect_positive", true), negative = n.flag("detect_negative", true);
  Tensor x = n.tensor(0), infinite = b.unary(UnaryKind::is_inf, x);
  if (!n.ok() || (positive && negative))
    return n.yield(infinite);
  Tensor zero = b.scalar(0, x.elementType());
  Tensor side = b.compare(positive ? CompareKind::gt : CompareKind::lt, x, zero);
  if (!positive && !negative)
    side = b.scalar(0, b.builder.getI1Type());
  n.yield(b.binary(BinaryKind::logical_and, infinite, side));
}

// `saturate` concerns float8 only.
static void convertCast(Node &n, TensorBuilder &b) {
  n.ignore("saturate");
  Tensor x = n.tensor(0);
  Type type = n.elementType(n.integer("to"));
  if (n.ok())
    n.yield(b.cast(x, type));
}

static void convertCastLike(Node &n, TensorBuilder &b) {
  n.ignore("saturate");
  Tensor x = n.tensor(0), like = n.tensor(1);
  if (n.ok())
    n.yield(b.cast(x, like.elementType()));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

static void convertGelu(Node &n, TensorBuilder &b) {
  bool byTanh = n.choice("approximate", {"none", "tanh"}) == "tanh";
  n.yield(b.unary(byTanh ? UnaryKind::gelu_tanh : UnaryKind::gelu_erf, n.tensor(0)));
}

// x sigmoid(alpha x): silu at alpha 1.
static Tensor swish(TensorBuilder &b, Tensor x, double alpha) {
  return alpha == 1.0 ? b.unary(UnaryKind::silu, x)
                      : b.mul(x, b.unary(UnaryKind::sigmoid, b.scale(x, alpha)));
}

static void convertSwish(Node &n, TensorBuilder &b) {
  n.yield(swish(b, n.tensor(0), n.number("alpha", 1.0)));
}

// swish(gate) value
static void convertSwiGlu(Node &n, TensorBuilder &b) {
  n.yield(b.mul(swish(b, n.tensor(0), n.number("alpha", 1.0)), n.tensor(1)));
}

static void convertQuickGelu(Node &n, TensorBuilder &b) {
  n.yield(swish(b, n.tensor(0), n.number("alpha", 1.702)));
}

// gelu(x + bias), by tanh for FastGelu, whose bias is optional, and by erf for BiasGelu.
static void convertFastGelu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), bias = n.optional(1);
  n.yield(b.unary(UnaryKind::gelu_tanh, bias ? b.add(x, bias) : x));
}
static void convertBiasGelu(Node &n, TensorBuilder &b) {
  n.yield(b.unary(UnaryKind::gelu_erf, b.add(n.tensor(0), n.tensor(1))));
}

// x + bias + skip
static void convertBiasAdd(Node &n, TensorBuilder &b) {
  n.yield(b.add(b.add(n.tensor(0), n.tensor(1)), n.tensor(2)));
}

static Tensor clamp(TensorBuilder &b, Tensor x, Tensor low, Tensor high) {
  if (x && low)
    x = b.binary(BinaryKind::max, x, b.reshape(low, {}));
  return x && high ? b.binary(BinaryKind::min, x, b.reshape(high, {})) : x;
}

// Before opset 11 the limits were attributes.
static void convertClip6(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  Tensor low = n.has("min") ? b.scalar(n.number("min"), x.elementType()) : Tensor();
  Tensor high = n.has("max") ? b.scalar(n.number("max"), x.elementType()) : Tensor();
  n.yield(clamp(b, x, low, high));
}
static void convertClip(Node &n, TensorBuilder &b) {
  n.yield(clamp(b, n.tensor(0), n.optional(1), n.optional(2)));
}

// max(0, min(1, alpha x + beta))
static Tensor hardSigmoid(TensorBuilder &b, Tensor x, double alpha, double beta) {
  if (!x)
    return {};
  Type type = x.elementType();
  return clamp(b, b.add(b.scale(x, alpha), b.scalar(beta, type)), b.scalar(0, type),
               b.scalar(1, type));
}
static void convertHardSigmoid(Node &n, TensorBuilder &b) {
  n.yield(hardSigmoid(b, n.tensor(0), n.number("alpha", 0.2), n.number("beta", 0.5)));
}
static void convertHardSwish(Node &n, TensorBuilder &b) {
  n.yield(b.mul(n.tensor(0), hardSigmoid(b, n.tensor(0), 1.0 / 6.0, 0.5)));
}

// x where x >= 0, else `negative`.
static Tensor whereNegative(TensorBuilder &b, Tensor x, Tensor negative) {
  return x ? b.select(b.compare(CompareKind::lt, x, b.scalar(0, x.elementType())), negative, x)
           : Tensor();
}
static void convertLeakyRelu(Node &n, TensorBuilder &b) {
  n.yield(whereNegative(b, n.tensor(0), b.scale(n.tensor(0), n.number("alpha", 0.01))));
}
static void convertPRelu(Node &n, TensorBuilder &b) {
  n.yield(whereNegative(b, n.tensor(0), b.mul(n.tensor(0), n.tensor(1))));
}
// outer (e^(inner x) - 1)
static Tensor expMinusOne(TensorBuilder &b, Tensor x, double outer, double inner) {
  return x ? b.scale(
                 b.sub(b.unary(UnaryKind::exp, b.scale(x, inner)), b.scalar(1, x.elementType())),
                 outer)
           : Tensor();
}
static void convertElu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  n.yield(whereNegative(b, x, expMinusOne(b, x, n.number("alpha", 1.0), 1)));
}
static void convertCelu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  double alpha = n.number("alpha", 1.0);
  n.yield(whereNegative(b, x, expMinusOne(b, x, alpha, 1 / alpha)));
}
static void convertSelu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  double alpha = n.number("alpha", 1.67326319217681884765625),
         gamma = n.number("gamma", 1.05070102214813232421875);
  n.yield(b.scale(whereNegative(b, x, expMinusOne(b, x, alpha, 1)), gamma));
}
static void convertThresholdedRelu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  double alpha = n.number("alpha", 1.0);
  if (n.ok())
    n.yield(b.select(b.compare(CompareKind::gt, x, b.scalar(alpha, x.elementType())), x,
                     b.scalar(0, x.elementType())));
}
// x / (1 + |x|)
static void convertSoftsign(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (n.ok())
    n.yield(b.div(x, b.add(b.unary(UnaryKind::abs, x), b.scalar(1, x.elementType()))));
}
// x tanh(softplus(x))
static void convertMish(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  n.yield(b.mul(x, b.unary(UnaryKind::tanh, b.unary(UnaryKind::softplus, x))));
}

// x · 2^n or x / 2^n of unsigned integers: products wrap, and 2^n is 0 from the width on.
static void convertBitShift(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), count = n.tensor(1);
  std::string direction = n.choice("direction", {"LEFT", "RIGHT"});
  if (!n.ok())
    return;
  if (!x.elementType().isUnsignedInteger())
    return (void)b.fail("expects unsigned integers");
  Tensor power = b.binary(BinaryKind::pow, b.scalar(2, x.elementType()), count);
  n.yield(direction == "LEFT" ? b.mul(x, power) : b.div(x, power));
}

static const Recipe recipes[] = {
    {"", "Abs", 6, unary<UnaryKind::abs>},
    {"", "Add", 7, binary<BinaryKind::add>},
    {"", "And", 7, binary<BinaryKind::logical_and>},
    {"", "BitShift", 11, convertBitShift},
    {"", "BitwiseAnd", 18, binary<BinaryKind::logical_and>},
    {"", "BitwiseNot", 18, convertBitwiseNot},
    {"", "BitwiseOr", 18, binary<BinaryKind::logical_or>},
    {"", "BitwiseXor", 18, binary<BinaryKind::logical_xor>},
    {"", "Cast", 6, convertCast},
    {"", "CastLike", 15, convertCastLike},
    {"", "Ceil", 6, unary<UnaryKind::ceil>},
    {"", "Celu", 12, convertCelu},
    {"", "Clip", 6, convertClip6},
    {"", "Clip", 11, convertClip},
    {"", "Cos", 7, unary<UnaryKind::cos>},
    {"", "Div", 7, binary<BinaryKind::div>},
    {"", "Elu", 6, convertElu},
    {"", "Equal", 7, compare<CompareKind::eq>},
    {"", "Erf", 9, unary<UnaryKind::erf>},
    {"", "Exp", 6, unary<UnaryKind::exp>},
    {"", "Floor", 6, unary<UnaryKind::floor>},
    {"", "Gelu", 20, convertGelu},
    {"", "Greater", 7, compare<CompareKind::gt>},
    {"", "GreaterOrEqual", 12, compare<CompareKind::ge>},
    {"", "HardSigmoid", 6, convertHardSigmoid},
    {"", "HardSwish", 14, convertHardSwish},
    {"", "IsInf", 10, convertIsInf},
    {"", "IsNaN", 9, unary<UnaryKind::is_nan>},
    {"", "LeakyRelu", 6, convertLeakyRelu},
    {"", "Less", 7, compare<CompareKind::lt>},
    {"", "LessOrEqual", 12, compare<CompareKind::le>},
    {"", "Log", 6, unary<UnaryKind::log>},
    {"", "Max", 8, variadic<BinaryKind::max>},
    {"", "Mean", 8, convertMean},
    {"", "Min", 8, variadic<BinaryKind::min>},
    {"", "Mish", 18, convertMish},
    {"", "Mod", 10, convertMod},
    {"", "Mul", 7, binary<BinaryKind::mul>},
    {"", "Neg", 6, unary<UnaryKind::neg>},
    {"", "Not", 1, unary<UnaryKind::logical_not>},
    {"", "Or", 7, binary<BinaryKind::logical_or>},
    {"", "PRelu", 7, convertPRelu},
    {"", "Pow", 7, convertPow},
    {"", "Reciprocal", 6, unary<UnaryKind::reciprocal>},
    {"", "Relu", 6, unary<UnaryKind::relu>},
    {"", "Round", 11, unary<UnaryKind::round_even>},
    {"", "Selu", 6, convertSelu},
    {"", "Sigmoid", 6, unary<UnaryKind::sigmoid>},
    {"", "Sign", 9, unary<UnaryKind::sign>},
    {"", "Sin", 7, unary<UnaryKind::sin>},
    {"", "Softplus", 1, unary<UnaryKind::softplus>},
    {"", "Softsign", 1, convertSoftsign},
    {"", "Sqrt", 6, unary<UnaryKind::sqrt>},
    {"", "Sub", 7, binary<BinaryKind::sub>},
    {"", "Sum", 8, variadic<BinaryKind::add>},
    {"", "SwiGLU", 28, convertSwiGlu},
    {"", "Swish", 24, convertSwish},
    {"", "Tanh", 6, unary<UnaryKind::tanh>},
    {"", "ThresholdedRelu", 10, convertThresholdedRelu},
    {"", "Where", 9, convertWhere},
    {"", "Xor", 7, binary<BinaryKind::logical_xor>},
    {"com.microsoft", "BiasAdd", 1, convertBiasAdd},
    {"com.microsoft", "BiasGelu", 1, convertBiasGelu},
    {"com.microsoft", "FastGelu", 1, convertFastGelu},
    {"com.microsoft", "Gelu", 1, unary<UnaryKind::gelu_erf>},
    {"com.microsoft", "QuickGelu", 1, convertQuickGelu},
};

ArrayRef<Recipe> elementwiseRecipes() {
  return recipes;
}

} // namespace tilewright
