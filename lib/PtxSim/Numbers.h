//===- Numbers.h - number formats of the device ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_NUMBERS_H
#define TILEWRIGHT_LIB_PTXSIM_NUMBERS_H

#include "lib/PtxSim/Program.h"
#include <bit>
#include <cmath>
#include <cstdint>

namespace tilewright::ptx {

/// A binary format of IEEE 754's shape.
struct FloatFormat {
  unsigned mantissa, exponent; // bits
  constexpr unsigned bits() const { return 1 + exponent + mantissa; }
  constexpr int bias() const { return (1 << (exponent - 1)) - 1; }
  constexpr uint64_t infinity() const { return ((uint64_t(1) << exponent) - 1) << mantissa; }
};
constexpr FloatFormat Float16 = {10, 5}, BFloat16 = {7, 8}, Float32 = {23, 8}, TFloat32 = {10, 8};

/// The bits of `value` in a format, rounded once; out of range becomes infinity, or with `isFinite`
/// (.satfinite) the largest number. NaNs become the canonical one, all ones (9.7.3).
inline uint64_t roundToFormat(double value, FloatFormat format, Rounding mode = Rounding::Nearest,
                              bool isFinite = false) {
  uint64_t sign = uint64_t(std::signbit(value)) << (format.bits() - 1);
  if (std::isnan(value))
    return (uint64_t(1) << (format.bits() - 1)) - 1;
  bool roundsAway = (mode == Rounding::Up && !sign) || (mode == Rounding::Down && sign);
  bool roundsIn =
      mode == Rounding::Zero || (mode == Rounding::Up && sign) || (mode == Rounding::Down && !sign);
  uint64_t infinity = format.infinity();
  if (std::isinf(value))
    return sign | (isFinite ? infinity - 1 : infinity);
  if (value == 0)
    return sign;
  // |value| = scaled * 2^(exponent - mantissa), with `scaled` in [2^mantissa, 2^(mantissa + 1)),
  // or less among the subnormal numbers.
  int exponent = std::max(std::ilogb(value), 1 - format.bias());
  double scaled = std::ldexp(std::fabs(value), static_cast<int>(format.mantissa) - exponent);
  auto whole = static_cast<uint64_t>(scaled);
  double rest = scaled - static_cast<double>(whole);
  bool isTie = rest == 0.5, isAbove = rest > 0.5;
  if (roundsAway)
    whole += rest > 0;
  else if (!roundsIn)
    whole += isAbove || (isTie && (mode == Rounding::NearestAway || (whole & 1)));
  uint64_t bits = (static_cast<uint64_t>(exponent + format.bias() - 1) << format.mantissa) + whole;
  if (bits >= infinity)
    bits = roundsIn || isFinite ? infinity - 1 : infinity;
  return sign | bits;
}

inline float bfloat16Value(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

inline float float16Value(uint16_t bits) {
  // The exponent's bias differs by 112; subnormal numbers become normal by the multiplication.
  constexpr float Rebias = 0x1p112F;
  uint32_t magnitude = uint32_t(bits & 0x7fffu) << 13;
  float value = std::bit_cast<float>(magnitude) * Rebias;
  uint32_t result = std::bit_cast<uint32_t>(value);
  if (magnitude >= 0x0f800000u) // infinity and NaN
    result = magnitude | 0x7f800000u;
  return std::bit_cast<float>(result | uint32_t(bits & 0x8000u) << 16);
}

/// Subnormal numbers become zeros of their sign (.ftz).
inline float flush(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>(bits & 0x7f800000u ? bits : bits & 0x80000000u);
}
inline double flush(double value) {
  return value;
}

/// a * b + c, such that rounding it to 11 bits or fewer equals rounding the exact sum: what double
/// cannot hold is kept as its last bit (rounding to odd).
inline double fusedForHalf(double a, double b, double c) {
  double product = a * b; // exact: at most 22 bits
  double sum = product + c;
  if (!std::isfinite(sum))
    return sum;
  double back = sum - product;
  double error = (product - (sum - back)) + (c - back);
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  if (error != 0 && !(bits & 1))
    bits += (error > 0) == (sum > 0) ? 1 : -uint64_t(1);
  return std::bit_cast<double>(bits);
}

/// How an element type is stored in a register and computed with. `Value` is exact for + - *, so
/// that rounding once gives the result of the format.
struct F32 {
  using Storage = uint32_t;
  using Value = float;
  static constexpr uint32_t Nan = 0x7fffffff;
  static float load(uint32_t bits) { return std::bit_cast<float>(bits); }
  static uint32_t store(float value) {
    return value != value ? Nan : std::bit_cast<uint32_t>(value);
  }
  static float fused(float a, float b, float c) { return std::fma(a, b, c); }
};
struct F64 {
  using Storage = uint64_t;
  using Value = double;
  static double load(uint64_t bits) { return std::bit_cast<double>(bits); }
  static uint64_t store(double value) { return std::bit_cast<uint64_t>(value); }
  static double fused(double a, double b, double c) { return std::fma(a, b, c); }
};
struct F16 {
  using Storage = uint16_t;
  using Value = double;
  static double load(uint16_t bits) { return static_cast<double>(float16Value(bits)); }
  static uint16_t store(double value) {
    return static_cast<uint16_t>(roundToFormat(value, Float16));
  }
  static double fused(double a, double b, double c) { return fusedForHalf(a, b, c); }
};
struct BF16 {
  using Storage = uint16_t;
  using Value = double;
  static double load(uint16_t bits) { return static_cast<double>(bfloat16Value(bits)); }
  static uint16_t store(double value) {
    return static_cast<uint16_t>(roundToFormat(value, BFloat16));
  }
  static double fused(double a, double b, double c) { return fusedForHalf(a, b, c); }
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_NUMBERS_H
