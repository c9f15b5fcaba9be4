//===- Convert.cpp - cvt (9.7.9.21) ---------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// A source on its way to the result: an integer with its sign, or a float as double.
struct Number {
  bool isFloat = false;
  bool isNegative = false;
  uint64_t magnitude = 0;
  double real = 0;
};

FloatFormat formatOf(Type type) {
  if (type.kind == 'B')
    return BFloat16;
  if (type.kind == 'T')
    return TFloat32;
  return type.bits / type.lanes == 16 ? Float16 : Float32;
}

double floatValue(uint64_t bits, Type type) {
  if (type.kind == 'B')
    return static_cast<double>(bfloat16Value(static_cast<uint16_t>(bits)));
  switch (type.bits / type.lanes) {
  case 16:
    return static_cast<double>(float16Value(static_cast<uint16_t>(bits)));
  case 32:
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  default:
    return std::bit_cast<double>(bits);
  }
}

Number read(uint64_t bits, Type type, bool flushes) {
  Number number;
  if (type.isFloat()) {
    number.isFloat = true;
    number.real = floatValue(bits, type);
    if (flushes && type.bits == 32 && type.lanes == 1)
      number.real = static_cast<double>(flush(static_cast<float>(number.real)));
    return number;
  }
  if (type.bits < 64)
    bits &= maskTrailingOnes<uint64_t>(type.bits);
  if (type.isSigned()) {
    int64_t value = SignExtend64(bits, type.bits);
    number.isNegative = value < 0;
    bits = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  }
  number.magnitude = bits;
  return number;
}

double roundToInteger(double value, Rounding mode) {
  switch (mode) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// To an integer: out of range becomes the nearest integer, a NaN 0.
uint64_t floatToInteger(double value, Type type, Rounding mode) {
  if (std::isnan(value))
    return 0;
  value = roundToInteger(value, mode);
  if (type.isSigned()) {
    double limit = std::ldexp(1.0, type.bits - 1);
    if (value >= limit)
      return maskTrailingOnes<uint64_t>(static_cast<unsigned>(type.bits - 1));
    return static_cast<uint64_t>(value < -limit ? minIntN(type.bits) : static_cast<int64_t>(value));
  }
  if (value >= std::ldexp(1.0, type.bits))
    return maskTrailingOnes<uint64_t>(type.bits);
  return value <= 0 ? 0 : static_cast<uint64_t>(value);
}

/// An integer as double whose last bit is set if bits were lost, so that rounding it to a shorter
/// format is right.
double toOdd(uint64_t magnitude) {
  unsigned lost = magnitude >> 53 ? 11 - static_cast<unsigned>(std::countl_zero(magnitude)) : 0;
  uint64_t kept = magnitude >> lost;
  bool inexact = kept << lost != magnitude;
  return std::ldexp(static_cast<double>(kept | uint64_t(inexact)), static_cast<int>(lost));
}

uint64_t integerToDouble(const Number &number, Rounding mode) {
  auto value = static_cast<double>(number.magnitude); // nearest even
  uint64_t back = value >= 0x1p64 ? ~uint64_t(0) : static_cast<uint64_t>(value);
  bool isAbove = value >= 0x1p64 || back > number.magnitude;
  bool isBelow = !isAbove && back < number.magnitude;
  bool grows = number.isNegative ? mode == Rounding::Down : mode == Rounding::Up;
  bool shrinks = mode == Rounding::Zero || (mode != Rounding::Nearest && !grows);
  if (mode == Rounding::None)
    shrinks = grows = false;
  if (grows && isBelow)
    value = std::nextafter(value, std::numeric_limits<double>::infinity());
  if (shrinks && isAbove)
    value = std::nextafter(value, 0.0);
  return std::bit_cast<uint64_t>(number.isNegative ? -value : value);
}

uint64_t integerToInteger(const Number &number, Type type, bool saturates) {
  uint64_t value = number.isNegative ? -number.magnitude : number.magnitude;
  if (!saturates)
    return value;
  uint64_t most = maskTrailingOnes<uint64_t>(static_cast<unsigned>(type.bits - type.isSigned()));
  if (!number.isNegative)
    return std::min(number.magnitude, most);
  if (!type.isSigned())
    return 0;
  return number.magnitude > most + 1 ? ~most : value;
}

uint64_t floatToFloat(double value, const Op &op) {
  if (op.has(RoundedToInteger))
    value = roundToInteger(value, op.rounding);
  if (op.has(Saturate))
    value = value > 0 ? std::min(value, 1.0) : 0.0;
  if (op.has(Relu) && value < 0)
    value = 0;
  if (op.type.bits == 64)
    return std::bit_cast<uint64_t>(value);
  Rounding mode = op.has(RoundedToInteger) ? Rounding::Nearest : op.rounding;
  if (mode == Rounding::None)
    mode = Rounding::Nearest;
  uint64_t bits = roundToFormat(value, formatOf(op.type), mode, op.has(Finite));
  if (op.type.kind == 'T') // tf32 is a float whose 13 last bits are zero
    bits <<= 13;
  if (op.has(FlushToZero) && op.type.bits == 32 && op.type.lanes == 1)
    bits = std::bit_cast<uint32_t>(flush(std::bit_cast<float>(static_cast<uint32_t>(bits))));
  return bits;
}

uint64_t converted(uint64_t bits, const Op &op) {
  Number number = read(bits, op.source, op.has(FlushToZero));
  if (!op.type.isFloat())
    return number.isFloat ? floatToInteger(number.real, op.type, op.rounding)
                          : integerToInteger(number, op.type, op.has(Saturate));
  if (number.isFloat)
    return floatToFloat(number.real, op);
  if (op.type.bits == 64)
    return integerToDouble(number, op.rounding);
  double value = toOdd(number.magnitude);
  return floatToFloat(number.isNegative ? -value : value, op);
}

/// Signed results are sign-extended to their register, unsigned ones zero-extended.
uint64_t extended(uint64_t bits, Type type) {
  if (type.isSigned())
    return static_cast<uint64_t>(SignExtend64(bits, type.bits));
  return type.bits < 64 ? bits & maskTrailingOnes<uint64_t>(type.bits) : bits;
}

void convert(Warp &warp, const Op &op) {
  uint64_t values[WarpSize];
  warp.widen(op.operand(0), values);
  forLanes(warp.active,
           [&](unsigned lane) { values[lane] = extended(converted(values[lane], op), op.type); });
  warp.narrow(op.result(), values);
}

/// cvt.rn.f16x2.f32 d, a, b: a becomes the upper half, b the lower.
void convertPair(Warp &warp, const Op &op) {
  uint64_t upper[WarpSize], lower[WarpSize];
  warp.widen(op.operand(0), upper);
  warp.widen(op.operand(1), lower);
  forLanes(warp.active, [&](unsigned lane) {
    lower[lane] = converted(upper[lane], op) << 16 | converted(lower[lane], op);
  });
  warp.narrow(op.result(), lower);
}

/// f32 to f32, f32 from half and between integers of 32 and 64 bits are common enough for a loop
/// of their own.
template <class R, class A, class F>
Handler loop(F) {
  return unary<R, A, F>;
}

Handler shortcut(const Op &op) {
  auto is = [&](StringRef to, StringRef from) {
    auto same = [](Type a, Type b) {
      return a.kind == b.kind && a.bits == b.bits && a.lanes == b.lanes;
    };
    return same(op.type, Type::parse(to)) && same(op.source, Type::parse(from));
  };
  if (op.flags)
    return nullptr;
  if (is("u32", "u64") && op.operand(0).bits == 64 && op.result().bits == 32)
    return loop<uint32_t, uint64_t>([](uint64_t a) { return a; });
  if (is("u64", "u32") && op.operand(0).bits == 32)
    return loop<uint64_t, uint32_t>([](uint32_t a) { return a; });
  if (is("s64", "s32") && op.operand(0).bits == 32)
    return loop<int64_t, int32_t>([](int32_t a) { return a; });
  if (is("f32", "f16"))
    return loop<uint32_t, uint16_t>([](uint16_t a) { return F32::store(float16Value(a)); });
  if (is("f32", "bf16"))
    return loop<uint32_t, uint16_t>([](uint16_t a) { return F32::store(bfloat16Value(a)); });
  return nullptr;
}

Error bindCvt(const Binder &binder, Op &op) {
  if (binder.types.size() != 2)
    return binder.fail("expects two types that the simulator knows");
  if (Error error = binder.expectOperands(op.type.lanes == 2 ? 3 : 2, op.type.lanes == 2 ? 3 : 2))
    return error;
  const auto &operands = binder.statement.operands;
  if (op.source.lanes == 2)
    return binder.fail("a conversion from two halves is not supported");
  if (Error error = binder.result(op, operands[0], op.type.bits, /*mayBeWider=*/true))
    return error;
  for (const Operand &operand : llvm::drop_begin(operands))
    if (Error error = binder.source(op, operand, op.source.bits, /*mayBeWider=*/true))
      return error;
  bool isFloatToInteger = op.source.isFloat() && !op.type.isFloat();
  if (isFloatToInteger && !op.has(RoundedToInteger))
    return binder.fail("expects .rni, .rzi, .rmi or .rpi");
  bool narrows = op.type.isFloat() &&
                 (!op.source.isFloat() ? op.source.bits != 0 : op.type.bits < op.source.bits);
  if (narrows && !op.has(Rounded))
    return binder.fail("expects a rounding mode");
  op.run = op.type.lanes == 2 ? convertPair : convert;
  if (Handler faster = shortcut(op))
    op.run = faster;
  return Error::success();
}

} // namespace

void tilewright::ptx::addConvertRows(Table &table) {
  table.add("cvt", bindCvt, convert,
            Rounded | RoundedToInteger | FlushToZero | Saturate | Finite | Relu);
}
