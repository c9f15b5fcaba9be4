//===- Fold.cpp - xf on constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Fold.h"
#include "dialects/Xf/IR/Evaluator.h"

#include <cmath>

namespace mlir::xf {

// All elements (one for a splat), or nothing where `constant` is none.
static std::optional<SmallVector<Number>> elementsOf(Attribute constant) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !Evaluator::supports(elements.getElementType()))
    return std::nullopt;
  Evaluator evaluator(elements.getElementType());
  auto numbers = [&](auto first) {
    int64_t count = elements.isSplat() ? 1 : elements.getNumElements();
    return llvm::map_to_vector(llvm::make_range(first, first + count),
                               [&](const auto &value) { return evaluator.number(value); });
  };
  return isa<FloatType>(elements.getElementType()) ? numbers(elements.value_begin<APFloat>())
                                                   : numbers(elements.value_begin<APInt>());
}

// A constant of `type` from one number for all elements or one for each.
static Attribute constantOf(ArrayRef<Number> numbers, RankedTensorType type) {
  Type element = type.getElementType();
  int64_t width = element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth();
  if (!type.hasStaticShape() || type.getNumElements() * width / 8 > kMaxConstantBytes ||
      type.getNumElements() == 0)
    return {};
  Evaluator evaluator(element);
  return DenseElementsAttr::get(type, llvm::map_to_vector(numbers, [&](Number number) {
                                  return evaluator.attribute(number);
                                }));
}

// Whether a double says which element of `type` was meant.
static bool isExact(Type type, double number) {
  return isa<FloatType>(type) || std::abs(number) < 0x1p53;
}

std::optional<SmallVector<double>> numbersOf(DenseElementsAttr constant) {
  std::optional<SmallVector<Number>> elements = elementsOf(constant);
  if (!elements)
    return std::nullopt;
  Evaluator evaluator(constant.getElementType());
  auto numbers =
      llvm::map_to_vector(*elements, [&](Number number) { return evaluator.toDouble(number); });
  bool exact = llvm::all_of(
      numbers, [&](double number) { return isExact(constant.getElementType(), number); });
  return exact ? std::optional(numbers) : std::nullopt;
}

std::optional<double> splatNumberOf(Attribute constant) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !elements.isSplat())
    return std::nullopt;
  std::optional<SmallVector<double>> numbers = numbersOf(elements);
  return numbers ? std::optional(numbers->front()) : std::nullopt;
}

std::optional<double> splatNumberOf(Value value) {
  Attribute constant;
  return matchPattern(value, m_Constant(&constant)) ? splatNumberOf(constant) : std::nullopt;
}

std::optional<double> castNumber(double number, Type from, Type to) {
  if (!Evaluator::supports(from) || !Evaluator::supports(to))
    return std::nullopt;
  Evaluator source(from), target(to);
  double result = target.toDouble(target.rounded(source.cast(source.number(number), target)));
  return isExact(to, result) ? std::optional(result) : std::nullopt;
}

Attribute foldUnary(UnaryKind kind, Attribute input, RankedTensorType type) {
  std::optional<SmallVector<Number>> numbers = elementsOf(input);
  if (!numbers)
    return {};
  Evaluator evaluator(cast<DenseElementsAttr>(input).getElementType());
  for (Number &number : *numbers)
    number = evaluator.unary(kind, number);
  return constantOf(*numbers, type);
}

Attribute foldBinary(BinaryKind kind, Attribute lhs, Attribute rhs, RankedTensorType type) {
  std::optional<SmallVector<Number>> x = elementsOf(lhs), y = elementsOf(rhs);
  if (!x || !y || x->empty() || y->empty())
    return {};
  // A constant that is no splat has to have the result's shape.
  for (Attribute side : {lhs, rhs})
    if (auto elements = cast<DenseElementsAttr>(side);
        !elements.isSplat() && elements.getType().getShape() != type.getShape())
      return {};
  Evaluator evaluator(type.getElementType());
  SmallVector<Number> numbers;
  for (size_t i = 0, count = std::max(x->size(), y->size()); i < count; ++i)
    numbers.push_back(
        evaluator.binary(kind, (*x)[x->size() == 1 ? 0 : i], (*y)[y->size() == 1 ? 0 : i]));
  return constantOf(numbers, type);
}

Attribute foldCast(Attribute input, RankedTensorType type) {
  std::optional<SmallVector<Number>> numbers = elementsOf(input);
  if (!numbers)
    return {};
  Evaluator from(cast<DenseElementsAttr>(input).getElementType()), to(type.getElementType());
  for (Number &number : *numbers)
    number = from.cast(number, to);
  return constantOf(*numbers, type);
}

Attribute foldReshape(Attribute constant, RankedTensorType type) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements || !type.hasStaticShape() || elements.getNumElements() != type.getNumElements())
    return {};
  return elements.reshape(type);
}

} // namespace mlir::xf
