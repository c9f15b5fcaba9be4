//===- WeightArithmetic.cpp - elementwise operations on weights ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/WeightArithmetic.h"
#include "dialects/Xf/IR/Evaluator.h"
#include "llvm/ADT/bit.h"
#include <array>
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace mlir;
using namespace mlir::xf;

namespace tilewright {
namespace {

// Elements are converted to numbers by runs of this many.
constexpr int64_t chunk = 1024;

struct Half {
  _Float16 bits;
  Half() = default;
  explicit Half(double x) : bits(static_cast<_Float16>(x)) {}
  operator double() const { return bits; }
};

struct BFloat {
  uint16_t bits;
  BFloat() = default;
  explicit BFloat(double x);
  operator double() const { return llvm::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

BFloat::BFloat(double x) {
  // Rounding to odd in float keeps the rounding to even that follows exact.
  float rounded = static_cast<float>(x);
  uint32_t word = llvm::bit_cast<uint32_t>(rounded);
  if (std::isnan(rounded)) {
    bits = (word >> 16) | 0x40;
    return;
  }
  if (rounded != x && !std::isinf(rounded) && !(word & 1)) {
    bool awayFromZero = std::abs(static_cast<double>(rounded)) > std::abs(x);
    word += awayFromZero ? -1 : 1;
  }
  bits = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
}

// body(zero of the C++ type in which elements of `type` are stored)
template <class Body>
void withStored(Type type, Body body) {
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  int64_t bytes = elementBytes(type);
  if (type.isF16())
    body(Half());
  else if (type.isBF16())
    body(BFloat());
  else if (type.isF32())
    body(float());
  else if (type.isF64())
    body(double());
  else if (bytes == 1)
    isUnsigned ? body(uint8_t()) : body(int8_t());
  else if (bytes == 2)
    isUnsigned ? body(uint16_t()) : body(int16_t());
  else if (bytes == 4)
    isUnsigned ? body(uint32_t()) : body(int32_t());
  else
    body(int64_t());
}

void load(Type type, const char *data, int64_t stride, int64_t count, Number *out) {
  withStored(type, [&](auto value) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&value, data + i * stride * static_cast<int64_t>(sizeof value), sizeof value);
      if constexpr (std::is_integral_v<decltype(value)>)
        out[i].integer = value;
      else
        out[i].real = value;
    }
  });
}

void store(Type type, const Number *numbers, int64_t count, char *data) {
  withStored(type, [&](auto value) {
    using Stored = decltype(value);
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<Stored>)
        value = static_cast<Stored>(numbers[i].integer);
      else
        value = static_cast<Stored>(numbers[i].real);
      std::memcpy(data + i * static_cast<int64_t>(sizeof value), &value, sizeof value);
    }
  });
}

} // namespace

bool isComputable(Type type) {
  if (isa<FloatType>(type))
    return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
  int64_t bytes = elementBytes(type);
  return isa<IntegerType>(type) && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
}

int64_t integerAt(const StridedView &view, int64_t offset) {
  Number value;
  load(view.element, view.data + offset * elementBytes(view.element), 1, 1, &value);
  return value.integer;
}

LogicalResult computeElementwise(Operation *op, ArrayRef<StridedView> operands, char *out) {
  Formula formula = formulaOf(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!formula || !isComputable(type.getElementType()) ||
      !llvm::all_of(operands, [](const StridedView &view) { return isComputable(view.element); }))
    return failure();
  SmallVector<SmallVector<int64_t>> strides{denseStrides(type.getShape())};
  for (const StridedView &operand : operands)
    strides.push_back(operand.broadcast(type.getShape()).strides);
  LoopNest nest(type.getShape(), strides);
  std::vector<std::array<Number, chunk>> in(operands.size());
  std::array<Number, chunk> results;
  SmallVector<Number> elements(operands.size());
  int64_t bytes = elementBytes(type.getElementType());
  nest.forEachRow([&](ArrayRef<int64_t> offsets) {
    for (int64_t start = 0; start < nest.shape.back(); start += chunk) {
      int64_t count = std::min(chunk, nest.shape.back() - start);
      for (auto [k, view] : llvm::enumerate(operands)) {
        int64_t stride = nest.strides[k + 1].back(), first = offsets[k + 1] + start * stride;
        load(view.element, view.data + first * elementBytes(view.element), stride, count,
             in[k].data());
      }
      for (int64_t i = 0; i < count; ++i) {
        for (size_t k = 0; k < in.size(); ++k)
          elements[k] = in[k][i];
        results[i] = formula(elements);
      }
      store(type.getElementType(), results.data(), count, out + (offsets[0] + start) * bytes);
    }
  });
  return success();
}

} // namespace tilewright
