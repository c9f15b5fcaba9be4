//===- TensorBuilder.cpp - state, sizes and leaves of the vocabulary -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/TensorBuilder.h"

#include "dialects/Xf/IR/Shapes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/CheckedArithmetic.h"
#include <cmath>

using namespace mlir;

namespace tilewright {

// Larger constants stay whole: they are data, not shapes.
static constexpr int64_t maxElements = 512;

void TensorBuilder::start(Location location) {
  loc = location;
  failure.reset();
  if (loopDepth == 0)
    early.restoreInsertionPoint(builder.saveInsertionPoint());
}

Tensor TensorBuilder::fail(const Twine &reason) {
  if (!failure)
    failure = reason.str();
  return {};
}

bool TensorBuilder::guarded(function_ref<LogicalResult()> action) {
  std::string text;
  ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
    if (text.empty())
      text = diagnostic.str();
    return success();
  });
  if (succeeded(action()))
    return true;
  fail(text);
  return false;
}

Tensor TensorBuilder::adopt(Value value, std::optional<Sizes> sizes) {
  TensorState &state = states.emplace_back();
  state.type = cast<RankedTensorType>(value.getType());
  state.value = value;
  state.sizes = std::move(sizes);
  wrapped[value] = &state;
  return Tensor(&state);
}

Tensor TensorBuilder::wrap(Value value) {
  if (TensorState *state = wrapped.lookup(value))
    return Tensor(state);
  return adopt(value, std::nullopt);
}

Tensor TensorBuilder::finish(OperationState &state, std::optional<Sizes> sizes) {
  auto type = cast<RankedTensorType>(state.types.front());
  if (sizes) {
    SmallVector<int64_t> shape(type.getShape());
    for (auto [dim, size] : llvm::zip_equal(shape, *sizes)) {
      if (ShapedType::isDynamic(dim))
        dim = getConstantIntValue(size).value_or(dim);
      else
        size = index.constant(dim);
    }
    state.types.front() = RankedTensorType::get(shape, type.getElementType());
  }
  Operation *op = builder.create(state);
  if (!guarded([&] { return verify(op, /*verifyRecursively=*/false); })) {
    op->erase();
    return {};
  }
  return adopt(op->getResult(0), std::move(sizes));
}

const Sizes &TensorBuilder::sizes(Tensor x) {
  TensorState &state = *x.state;
  if (state.sizes)
    return *state.sizes;
  Sizes result;
  if (state.type.hasStaticShape()) {
    for (int64_t dim : state.type.getShape())
      result.push_back(index.constant(dim));
  } else {
    for (OpFoldResult size : xf::dimsOf(early, loc, state.value))
      result.push_back(index.normalize(size));
  }
  state.sizes = std::move(result);
  return *state.sizes;
}

// The elements of a constant in the form of ScalarMath.
static Sizes elementsOf(DenseElementsAttr constant, Builder &builder) {
  Sizes elements;
  Type type = constant.getElementType();
  if (isa<FloatType>(type)) {
    for (const APFloat &value : constant.getValues<APFloat>())
      elements.push_back(OpFoldResult(FloatAttr::get(type, value)));
    return elements;
  }
  for (const APInt &value : constant.getValues<APInt>()) {
    if (type.isInteger(1))
      elements.push_back(OpFoldResult(builder.getBoolAttr(value.getBoolValue())));
    else
      elements.push_back(builder.getIndexAttr(type.isUnsignedInteger()
                                                  ? static_cast<int64_t>(value.getZExtValue())
                                                  : value.getSExtValue()));
  }
  return elements;
}

const Sizes *TensorBuilder::elements(Tensor x) {
  if (!x)
    return nullptr;
  TensorState &state = *x.state;
  if (state.elements)
    return &*state.elements;
  DenseElementsAttr constant;
  if (!state.type.hasStaticShape() || state.type.getNumElements() > maxElements ||
      !matchPattern(state.value, m_Constant(&constant)) ||
      state.type.getElementType().isUnsignedInteger(64)) // beyond the range of index
    return nullptr;
  state.elements = elementsOf(constant, builder);
  return &*state.elements;
}

// The constant that `elements` spell; null if one is not constant.
static DenseElementsAttr constantOf(RankedTensorType type, ArrayRef<OpFoldResult> elements) {
  Type element = type.getElementType();
  SmallVector<Attribute> values;
  for (OpFoldResult value : elements) {
    auto attr = dyn_cast<Attribute>(value);
    if (!attr)
      return {};
    bool index = isa<IntegerType>(element) && !element.isInteger(1);
    values.push_back(index ? IntegerAttr::get(element, *constantInteger(value)) : attr);
  }
  return DenseElementsAttr::get(type, values);
}

Value TensorBuilder::value(Tensor x) {
  if (!x)
    return {};
  TensorState &state = *x.state;
  if (state.value)
    return state.value;
  if (DenseElementsAttr constant = constantOf(state.type, *state.elements)) {
    state.value = arith::ConstantOp::create(early, loc, constant);
  } else {
    SmallVector<Value> values;
    for (OpFoldResult element : *state.elements)
      values.push_back(scalars.materialize(element, state.type.getElementType()));
    state.value = tensor::FromElementsOp::create(early, loc, state.type, values);
  }
  wrapped[state.value] = &state;
  return state.value;
}

Tensor TensorBuilder::known(Type elementType, ArrayRef<int64_t> shape, Sizes elements) {
  TensorState &state = states.emplace_back();
  state.type = RankedTensorType::get(shape, elementType);
  state.elements = std::move(elements);
  return Tensor(&state);
}

Tensor TensorBuilder::scalar(double value, Type elementType) {
  if (elementType.isInteger(1))
    return known(elementType, {}, {scalars.boolean(value != 0)});
  return isa<FloatType>(elementType) ? number(value, elementType)
                                     : integer(static_cast<int64_t>(value), elementType);
}

Tensor TensorBuilder::lowest(Type elementType) {
  if (isa<FloatType>(elementType))
    return number(-INFINITY, elementType);
  unsigned width = elementType.getIntOrFloatBitWidth();
  return integer(elementType.isUnsignedInteger() ? 0 : -(uint64_t(1) << (width - 1)), elementType);
}

Tensor TensorBuilder::sizeVector(ArrayRef<OpFoldResult> sizes, Type elementType) {
  return known(elementType, {static_cast<int64_t>(sizes.size())}, Sizes(sizes));
}

Tensor TensorBuilder::constant(DenseElementsAttr value) {
  return wrap(arith::ConstantOp::create(early, loc, cast<TypedAttr>(value)));
}

//===----------------------------------------------------------------------===//
// Requirements
//===----------------------------------------------------------------------===//

static std::string sizeText(OpFoldResult size) {
  std::optional<int64_t> constant = constantInteger(size);
  return constant ? std::to_string(*constant) : "a computed one";
}

void TensorBuilder::require(OpFoldResult a, OpFoldResult b) {
  if (index.neverEqual(a, b))
    return (void)fail("expects equal sizes, got " + sizeText(a) + " and " + sizeText(b));
  if (!index.requireEqual(a, b) && !llvm::is_contained(checks, std::pair(a, b)))
    checks.push_back({a, b});
}

void TensorBuilder::requireMultiple(OpFoldResult a, OpFoldResult of) {
  OpFoldResult remainder = index.rem(a, of);
  if (constantInteger(remainder).value_or(0) != 0)
    return (void)fail("expects a multiple of " + sizeText(of) + ", got " + sizeText(a));
  require(remainder, index.constant(0));
}

void TensorBuilder::requireAtMost(OpFoldResult size, int64_t limit) {
  if (constantInteger(size).value_or(limit) > limit)
    return (void)fail("expects a size of at most " + Twine(limit) + ", got " + sizeText(size));
  OpFoldResult most = index.constant(limit);
  if (!index.requireAtMost(size, limit))
    require(index.max(size, most), most);
}

void TensorBuilder::requireAtLeast(OpFoldResult size, int64_t limit) {
  if (constantInteger(size).value_or(limit) < limit)
    return (void)fail("expects a size of at least " + Twine(limit) + ", got " + sizeText(size));
  OpFoldResult least = index.constant(limit);
  if (!index.requireAtLeast(size, limit))
    require(index.min(size, least), least);
}

void TensorBuilder::emitChecks() {
  for (auto [a, b] : checks)
    xf::RequireOp::create(builder, loc, index.materialize(a), index.materialize(b));
}

bool TensorBuilder::areSizes(ArrayRef<OpFoldResult> sizes) {
  constexpr int64_t most = INT64_MAX / 16; // of elements, so that bytes can be counted
  int64_t elements = 1;
  for (OpFoldResult size : sizes) {
    int64_t constant = constantInteger(size).value_or(1);
    std::optional<int64_t> product = llvm::checkedMul(elements, std::max<int64_t>(constant, 1));
    if (constant < 0 || !product || *product > most)
      return (void)fail("expects sizes of at least 0 of a tensor that fits into memory, got " +
                        Twine(constant)),
             false;
    elements = *product;
  }
  return true;
}

bool TensorBuilder::evaluable(ArrayRef<Tensor> operands, ArrayRef<int64_t> shape) {
  if (ShapedType::isDynamicShape(shape) || ShapedType::getNumElements(shape) > maxElements)
    return false;
  return llvm::all_of(operands, [&](Tensor operand) { return elements(operand); });
}

} // namespace tilewright
