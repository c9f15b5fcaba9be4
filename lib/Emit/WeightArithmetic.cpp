//===- WeightArithmetic.cpp - elementwise operations on weights ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/WeightArithmetic.h"
#include "dialects/Xf/IR/Xf.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <cstring>
#include <numbers>

using namespace llvm;
using namespace mlir;
using namespace mlir::xf;

namespace tilewright {
namespace {

// Elements are converted to double or int64_t by runs of this many.
constexpr int64_t chunk = 1024;

struct Half {
  _Float16 bits;
  operator double() const { return bits; }
};
struct BFloat {
  uint16_t bits;
  operator double() const { return llvm::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

Half toHalf(double x) {
  return {static_cast<_Float16>(x)};
}

BFloat toBFloat(double x) {
  // Rounding to odd in float keeps the rounding to even that follows exact.
  float rounded = static_cast<float>(x);
  uint32_t bits = llvm::bit_cast<uint32_t>(rounded);
  if (std::isnan(rounded))
    return {static_cast<uint16_t>((bits >> 16) | 0x40)};
  if (rounded != x && !std::isinf(rounded) && !(bits & 1)) {
    bool awayFromZero = std::abs(static_cast<double>(rounded)) > std::abs(x);
    bits += awayFromZero ? -1 : 1;
  }
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

template <class Stored, class Number>
void loadRun(const char *data, int64_t stride, int64_t count, Number *out) {
  for (int64_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, data + i * stride * static_cast<int64_t>(sizeof value), sizeof value);
    out[i] = static_cast<Number>(value);
  }
}

template <class Stored, class Number, class Convert>
void storeRun(const Number *values, int64_t count, char *data, Convert convert) {
  for (int64_t i = 0; i < count; ++i) {
    Stored value = convert(values[i]);
    std::memcpy(data + i * static_cast<int64_t>(sizeof value), &value, sizeof value);
  }
}

bool isUnsigned(Type type) {
  return type.isUnsignedInteger() || type.isInteger(1);
}

void loadFloats(Type type, const char *data, int64_t stride, int64_t count, double *out) {
  if (type.isF32())
    loadRun<float>(data, stride, count, out);
  else if (type.isF64())
    loadRun<double>(data, stride, count, out);
  else if (type.isF16())
    loadRun<Half>(data, stride, count, out);
  else
    loadRun<BFloat>(data, stride, count, out);
}

void loadIntegers(Type type, const char *data, int64_t stride, int64_t count, int64_t *out) {
  bool zeroExtended = isUnsigned(type);
  switch (elementBytes(type)) {
  case 1:
    return zeroExtended ? loadRun<uint8_t>(data, stride, count, out)
                        : loadRun<int8_t>(data, stride, count, out);
  case 2:
    return zeroExtended ? loadRun<uint16_t>(data, stride, count, out)
                        : loadRun<int16_t>(data, stride, count, out);
  case 4:
    return zeroExtended ? loadRun<uint32_t>(data, stride, count, out)
                        : loadRun<int32_t>(data, stride, count, out);
  default:
    return loadRun<int64_t>(data, stride, count, out);
  }
}

void storeFloats(Type type, const double *values, int64_t count, char *data) {
  if (type.isF32())
    storeRun<float>(values, count, data, [](double x) { return static_cast<float>(x); });
  else if (type.isF64())
    storeRun<double>(values, count, data, [](double x) { return x; });
  else if (type.isF16())
    storeRun<Half>(values, count, data, toHalf);
  else
    storeRun<BFloat>(values, count, data, toBFloat);
}

void storeIntegers(Type type, const int64_t *values, int64_t count, char *data) {
  auto narrow = [](auto zero) { return [](int64_t x) { return static_cast<decltype(zero)>(x); }; };
  switch (elementBytes(type)) {
  case 1:
    return storeRun<uint8_t>(values, count, data, narrow(uint8_t()));
  case 2:
    return storeRun<uint16_t>(values, count, data, narrow(uint16_t()));
  case 4:
    return storeRun<uint32_t>(values, count, data, narrow(uint32_t()));
  default:
    return storeRun<int64_t>(values, count, data, narrow(int64_t()));
  }
}

// A run of elements in the arithmetic of its type.
struct Run {
  double floats[chunk];
  int64_t integers[chunk];
};

void load(const StridedView &view, int64_t offset, int64_t stride, int64_t count, Run &run) {
  const char *data = view.data + offset * elementBytes(view.element);
  if (isa<FloatType>(view.element))
    loadFloats(view.element, data, stride, count, run.floats);
  else
    loadIntegers(view.element, data, stride, count, run.integers);
}

double evaluate(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::abs:
    return std::abs(x);
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
    return x / (1 + std::exp(-x));
  case UnaryKind::sin:
    return std::sin(x);
  case UnaryKind::softplus:
    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  case UnaryKind::sqrt:
    return std::sqrt(x);
  case UnaryKind::tanh:
    return std::tanh(x);
  default:
    return std::nan("");
  }
}

bool isIntegerKind(UnaryKind kind) {
  return kind == UnaryKind::abs || kind == UnaryKind::neg || kind == UnaryKind::sign ||
         kind == UnaryKind::relu || kind == UnaryKind::logical_not;
}

int64_t evaluate(UnaryKind kind, int64_t x) {
  switch (kind) {
  case UnaryKind::abs:
    return x < 0 ? -static_cast<uint64_t>(x) : x;
  case UnaryKind::neg:
    return -static_cast<uint64_t>(x);
  case UnaryKind::sign:
    return (x > 0) - (x < 0);
  case UnaryKind::relu:
    return std::max<int64_t>(x, 0);
  default:
    return !x;
  }
}

double evaluate(BinaryKind kind, double x, double y) {
  double remainder;
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
  case BinaryKind::max:
    return std::isnan(x) || x > y ? x : y;
  case BinaryKind::min:
    return std::isnan(x) || x < y ? x : y;
  case BinaryKind::mod:
    remainder = std::fmod(x, y);
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
  case BinaryKind::rem:
    return std::fmod(x, y);
  default:
    return std::nan("");
  }
}

int64_t power(int64_t base, int64_t exponent) {
  uint64_t result = 1, factor = base;
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1)
      result *= factor;
  return result;
}

int64_t evaluate(BinaryKind kind, int64_t x, int64_t y) {
  uint64_t a = x, b = y;
  switch (kind) {
  case BinaryKind::add:
    return a + b;
  case BinaryKind::sub:
    return a - b;
  case BinaryKind::mul:
    return a * b;
  case BinaryKind::div: // a divisor of -1 is a negation: the quotient of the least integer wraps
    return y == 0 ? 0 : y == -1 ? -a : x / y;
  case BinaryKind::pow:
    return power(x, y);
  case BinaryKind::max:
    return std::max(x, y);
  case BinaryKind::min:
    return std::min(x, y);
  case BinaryKind::mod:
    return y == 0 || y == -1 ? 0 : x % y != 0 && (x < 0) != (y < 0) ? x % y + y : x % y;
  case BinaryKind::rem:
    return y == 0 || y == -1 ? 0 : x % y;
  case BinaryKind::logical_and:
    return x && y;
  case BinaryKind::logical_or:
    return x || y;
  case BinaryKind::logical_xor:
    return !x != !y;
  }
  llvm_unreachable("all kinds are covered");
}

template <class Number>
bool evaluate(CompareKind kind, Number x, Number y) {
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
  llvm_unreachable("all kinds are covered");
}

// One run of an op: operands in, result out, both in the arithmetic of their types.
using Kernel = std::function<void(ArrayRef<Run *> in, Run &out, int64_t count)>;

Kernel unaryKernel(UnaryOp op) {
  UnaryKind kind = op.getKind();
  bool floats = isa<FloatType>(op.getInput().getType().getElementType());
  if (kind == UnaryKind::is_nan || kind == UnaryKind::is_inf)
    return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        out.integers[i] =
            kind == UnaryKind::is_nan ? std::isnan(in[0]->floats[i]) : std::isinf(in[0]->floats[i]);
    };
  if (floats && kind != UnaryKind::logical_not)
    return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        out.floats[i] = evaluate(kind, in[0]->floats[i]);
    };
  if (floats || !isIntegerKind(kind))
    return nullptr;
  return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      out.integers[i] = evaluate(kind, in[0]->integers[i]);
  };
}

Kernel binaryKernel(BinaryOp op) {
  BinaryKind kind = op.getKind();
  if (!isa<FloatType>(op.getType().getElementType()))
    return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        out.integers[i] = evaluate(kind, in[0]->integers[i], in[1]->integers[i]);
    };
  if (kind == BinaryKind::logical_and || kind == BinaryKind::logical_or ||
      kind == BinaryKind::logical_xor)
    return nullptr;
  return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      out.floats[i] = evaluate(kind, in[0]->floats[i], in[1]->floats[i]);
  };
}

Kernel compareKernel(CompareOp op) {
  CompareKind kind = op.getKind();
  bool floats = isa<FloatType>(op.getLhs().getType().getElementType());
  return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      out.integers[i] = floats ? evaluate(kind, in[0]->floats[i], in[1]->floats[i])
                               : evaluate(kind, in[0]->integers[i], in[1]->integers[i]);
  };
}

Kernel selectKernel(SelectOp op) {
  bool floats = isa<FloatType>(op.getType().getElementType());
  return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const Run &chosen = in[0]->integers[i] ? *in[1] : *in[2];
      if (floats)
        out.floats[i] = chosen.floats[i];
      else
        out.integers[i] = chosen.integers[i];
    }
  };
}

// Float to integer truncates, saturating (the standard leaves it open); anything to a boolean is x
// != 0.
Kernel castKernel(CastOp op) {
  Type from = op.getInput().getType().getElementType(), to = op.getType().getElementType();
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to), toBool = to.isInteger(1);
  return [=](ArrayRef<Run *> in, Run &out, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if (toFloat)
        out.floats[i] = fromFloat ? in[0]->floats[i] : static_cast<double>(in[0]->integers[i]);
      else if (toBool)
        out.integers[i] = fromFloat ? in[0]->floats[i] != 0 : in[0]->integers[i] != 0;
      else if (!fromFloat)
        out.integers[i] = in[0]->integers[i];
      else
        out.integers[i] = std::isnan(in[0]->floats[i]) ? 0
                          : in[0]->floats[i] >= 0x1p63 ? INT64_MAX
                          : in[0]->floats[i] < -0x1p63 ? INT64_MIN
                                                       : static_cast<int64_t>(in[0]->floats[i]);
    }
  };
}

Kernel kernelOf(Operation *op) {
  if (auto unary = dyn_cast<UnaryOp>(op))
    return unaryKernel(unary);
  if (auto binary = dyn_cast<BinaryOp>(op))
    return binaryKernel(binary);
  if (auto compare = dyn_cast<CompareOp>(op))
    return compareKernel(compare);
  if (auto select = dyn_cast<SelectOp>(op))
    return selectKernel(select);
  if (auto cast = dyn_cast<CastOp>(op))
    return castKernel(cast);
  return nullptr;
}

} // namespace

bool isComputable(Type type) {
  if (auto real = dyn_cast<FloatType>(type))
    return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
  int64_t bytes = elementBytes(type);
  return isa<IntegerType>(type) && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
}

int64_t integerAt(const StridedView &view, int64_t offset) {
  int64_t value;
  loadIntegers(view.element, view.data + offset * elementBytes(view.element), 1, 1, &value);
  return value;
}

LogicalResult computeElementwise(Operation *op, ArrayRef<StridedView> operands, char *out) {
  Kernel kernel = kernelOf(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!kernel || !isComputable(type.getElementType()) ||
      !llvm::all_of(operands, [](const StridedView &view) { return isComputable(view.element); }))
    return failure();
  SmallVector<SmallVector<int64_t>> strides{denseStrides(type.getShape())};
  for (const StridedView &operand : operands)
    strides.push_back(operand.broadcast(type.getShape()).strides);
  LoopNest nest(type.getShape(), strides);
  std::vector<Run> storage(operands.size() + 1);
  SmallVector<Run *> in;
  for (size_t k = 0; k < operands.size(); ++k)
    in.push_back(&storage[k + 1]);
  Type element = type.getElementType();
  int64_t bytes = elementBytes(element);
  nest.forEachRow([&](ArrayRef<int64_t> offsets) {
    for (int64_t start = 0; start < nest.shape.back(); start += chunk) {
      int64_t count = std::min(chunk, nest.shape.back() - start);
      for (size_t k = 0; k < operands.size(); ++k) {
        int64_t stride = nest.strides[k + 1].back();
        load(operands[k], offsets[k + 1] + start * stride, stride, count, *in[k]);
      }
      kernel(in, storage[0], count);
      char *target = out + (offsets[0] + start) * bytes;
      if (isa<FloatType>(element))
        storeFloats(element, storage[0].floats, count, target);
      else
        storeIntegers(element, storage[0].integers, count, target);
    }
  });
  return success();
}

} // namespace tilewright
