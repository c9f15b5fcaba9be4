//===- Fold.cpp - xf on constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Fold.h"

#include <cmath>

namespace mlir::xf {

// Integers of at most this magnitude are exact as doubles.
constexpr double exactLimit = 9007199254740992.0;
constexpr int64_t constantLimit = 4096; // bytes

static double toDouble(const APFloat &value) {
  APFloat number = value;
  bool inexact;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return number.convertToDouble();
}

// All elements (one for a splat) as doubles, or nothing where an integer is not exact.
static std::optional<SmallVector<double>> numbersOf(Attribute constant) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements)
    return std::nullopt;
  SmallVector<double> numbers;
  Type type = elements.getElementType();
  bool isSigned = !type.isUnsignedInteger() && !type.isInteger(1);
  int64_t count = elements.isSplat() ? 1 : elements.getNumElements();
  if (isa<FloatType>(type)) {
    for (APFloat value :
         llvm::make_range(elements.value_begin<APFloat>(), elements.value_begin<APFloat>() + count))
      numbers.push_back(toDouble(value));
  } else if (isa<IntegerType>(type)) {
    for (APInt value :
         llvm::make_range(elements.value_begin<APInt>(), elements.value_begin<APInt>() + count))
      numbers.push_back(value.roundToDouble(isSigned));
  } else {
    return std::nullopt;
  }
  bool exact = isa<FloatType>(type) ||
               llvm::all_of(numbers, [](double number) { return std::abs(number) < exactLimit; });
  return exact ? std::optional(numbers) : std::nullopt;
}

// A constant of `type` from one number for all elements or one for each.
static Attribute constantOf(ArrayRef<double> numbers, RankedTensorType type) {
  Type element = type.getElementType();
  int64_t width = element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth();
  if (!type.hasStaticShape() || type.getNumElements() * width / 8 > constantLimit ||
      type.getNumElements() == 0)
    return {};
  SmallVector<Attribute> values;
  for (double number : numbers) {
    if (isa<FloatType>(element)) {
      values.push_back(FloatAttr::get(element, number));
      continue;
    }
    // Out of range, the definition wraps or clamps: that is left to it.
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    unsigned bits = element.getIntOrFloatBitWidth();
    double high = std::min(std::ldexp(1.0, bits - !isUnsigned), exactLimit);
    double low = isUnsigned ? 0 : -high;
    if (!(number >= low && number < high) || number != std::trunc(number))
      return {};
    values.push_back(IntegerAttr::get(element, APInt(bits, static_cast<int64_t>(number),
                                                     /*isSigned=*/!isUnsigned)));
  }
  return DenseElementsAttr::get(type, values);
}

std::optional<double> splatNumberOf(Attribute constant) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !elements.isSplat())
    return std::nullopt;
  std::optional<SmallVector<double>> numbers = numbersOf(constant);
  return numbers ? std::optional(numbers->front()) : std::nullopt;
}

std::optional<double> splatNumberOf(Value value) {
  Attribute constant;
  return matchPattern(value, m_Constant(&constant)) ? splatNumberOf(constant) : std::nullopt;
}

// Kinds that exporters compute on constants; the others keep their op.
static std::optional<double> evaluate(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::abs:
    return std::abs(x);
  case UnaryKind::ceil:
    return std::ceil(x);
  case UnaryKind::exp:
    return std::exp(x);
  case UnaryKind::floor:
    return std::floor(x);
  case UnaryKind::log:
    return std::log(x);
  case UnaryKind::logical_not:
    return x == 0;
  case UnaryKind::neg:
    return -x;
  case UnaryKind::reciprocal:
    return 1 / x;
  case UnaryKind::relu:
    return x < 0 ? 0 : x;
  case UnaryKind::rsqrt:
    return 1 / std::sqrt(x);
  case UnaryKind::sqrt:
    return std::sqrt(x);
  case UnaryKind::is_nan:
    return std::isnan(x);
  case UnaryKind::is_inf:
    return std::isinf(x);
  default:
    return std::nullopt;
  }
}

static std::optional<double> evaluate(BinaryKind kind, double x, double y, bool isFloat) {
  switch (kind) {
  case BinaryKind::add:
    return x + y;
  case BinaryKind::sub:
    return x - y;
  case BinaryKind::mul:
    return x * y;
  case BinaryKind::div:
    if (isFloat)
      return x / y;
    return y == 0 ? 0 : std::trunc(x / y);
  case BinaryKind::pow:
    return isFloat ? std::optional(std::pow(x, y)) : std::nullopt;
  case BinaryKind::max:
    return x > y || std::isnan(x) ? x : y;
  case BinaryKind::min:
    return x < y || std::isnan(x) ? x : y;
  case BinaryKind::logical_and:
    return x != 0 && y != 0;
  case BinaryKind::logical_or:
    return x != 0 || y != 0;
  case BinaryKind::logical_xor:
    return (x != 0) != (y != 0);
  default:
    return std::nullopt;
  }
}

Attribute foldUnary(UnaryKind kind, Attribute input, RankedTensorType type) {
  std::optional<SmallVector<double>> numbers = numbersOf(input);
  if (!numbers)
    return {};
  for (double &number : *numbers) {
    std::optional<double> value = evaluate(kind, number);
    if (!value)
      return {};
    number = *value;
  }
  return constantOf(*numbers, type);
}

Attribute foldBinary(BinaryKind kind, Attribute lhs, Attribute rhs, RankedTensorType type) {
  std::optional<SmallVector<double>> x = numbersOf(lhs), y = numbersOf(rhs);
  if (!x || !y)
    return {};
  // A constant that is no splat has to have the result's shape.
  for (Attribute side : {lhs, rhs})
    if (auto elements = cast<DenseElementsAttr>(side);
        !elements.isSplat() && elements.getType().getShape() != type.getShape())
      return {};
  bool isFloat = isa<FloatType>(type.getElementType());
  SmallVector<double> numbers;
  for (size_t i = 0, count = std::max(x->size(), y->size()); i < count; ++i) {
    std::optional<double> value =
        evaluate(kind, (*x)[x->size() == 1 ? 0 : i], (*y)[y->size() == 1 ? 0 : i], isFloat);
    if (!value || (!isFloat && std::abs(*value) >= exactLimit))
      return {};
    numbers.push_back(*value);
  }
  return constantOf(numbers, type);
}

Attribute foldCast(Attribute input, RankedTensorType type) {
  std::optional<SmallVector<double>> numbers = numbersOf(input);
  if (!numbers)
    return {};
  Type element = type.getElementType();
  for (double &number : *numbers) {
    if (element.isInteger(1))
      number = number != 0;
    else if (isa<IntegerType>(element))
      number = std::trunc(number);
  }
  return constantOf(*numbers, type);
}

Attribute foldReshape(Attribute constant, RankedTensorType type) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !type.hasStaticShape() || elements.getNumElements() != type.getNumElements())
    return {};
  return elements.reshape(type);
}

} // namespace mlir::xf
