//===- InstructionsTest.cpp - each instruction against arithmetic in C++ -----===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Harness.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr float Inf = std::numeric_limits<float>::infinity();
const float Nan = std::numeric_limits<float>::quiet_NaN();
constexpr uint64_t CanonicalNan = 0x7fffffff;

/// Rows of expected result and inputs, each an instruction on one lane.
struct Row {
  const char *instruction;
  unsigned resultBits;
  uint64_t expected;
  std::vector<Input> inputs;
};

void check(ArrayRef<Row> rows) {
  for (const Row &row : rows)
    EXPECT_EQ(evaluateOne(row.instruction, row.resultBits, row.inputs), row.expected)
        << row.instruction;
}

Input word(uint32_t value) {
  return {32, {value}};
}
Input wide(uint64_t value) {
  return {64, {value}};
}
Input half(uint16_t value) {
  return {16, {value}};
}
Input real(float value) {
  return {32, {bitsOf(value)}};
}
Input real64(double value) {
  return {64, {bitsOf(value)}};
}
Input predicate(bool value) {
  return {1, {value}};
}

TEST(PtxInstructions, IntegerArithmetic) {
  constexpr uint32_t Min = 0x80000000u, Max = 0x7fffffffu, All = ~0u;
  check({
      {"add.s32 %d0, %a, %b", 32, Min, {word(Max), word(1)}},
      {"add.sat.s32 %d0, %a, %b", 32, Max, {word(Max), word(1)}},
      {"sub.sat.s32 %d0, %a, %b", 32, Min, {word(Min), word(1)}},
      {"add.u64 %d0, %a, -1", 64, 4, {wide(5)}},
      {"sub.s16 %d0, %a, %b", 16, 0xffff, {half(1), half(2)}},
      {"mul.lo.s32 %d0, %a, %b", 32, 1, {word(All), word(All)}},
      {"mul.hi.s32 %d0, %a, %b", 32, 0, {word(All), word(All)}},
      {"mul.hi.u32 %d0, %a, %b", 32, 0xfffffffe, {word(All), word(All)}},
      {"mul.hi.s64 %d0, %a, %b", 64, ~uint64_t(0), {wide(~uint64_t(0)), wide(2)}},
      {"mul.hi.u64 %d0, %a, %b", 64, 1, {wide(~uint64_t(0)), wide(2)}},
      {"mul.wide.s32 %d0, %a, %b", 64, uint64_t(-6), {word(-2u), word(3)}},
      {"mul.wide.u32 %d0, %a, %b", 64, 0xfffffffeull * 3, {word(-2u), word(3)}},
      {"mul.wide.s16 %d0, %a, %b", 32, uint32_t(-6), {half(0xfffe), half(3)}},
      {"mul.wide.u16 %d0, %a, %b", 32, 0xfffeu * 0xffffu, {half(0xfffe), half(0xffff)}},
      {"mad.lo.s32 %d0, %a, %b, %c", 32, 7, {word(-1u), word(3), word(10)}},
      {"mad.hi.u32 %d0, %a, %b, %c", 32, 12, {word(Min), word(4), word(10)}},
      {"mad.wide.s32 %d0, %a, %b, %c", 64, 4, {word(-2u), word(3), wide(10)}},
      {"div.s32 %d0, %a, %b", 32, -3u, {word(-7u), word(2)}},
      {"rem.s32 %d0, %a, %b", 32, -1u, {word(-7u), word(2)}},
      {"div.u32 %d0, %a, %b", 32, 0x7ffffffc, {word(-7u), word(2)}},
      {"div.s32 %d0, %a, %b", 32, Min, {word(Min), word(All)}},
      {"rem.s32 %d0, %a, %b", 32, 0, {word(Min), word(All)}},
      {"rem.u64 %d0, %a, %b", 64, 1, {wide(10), wide(3)}},
      {"abs.s32 %d0, %a", 32, Min, {word(Min)}},
      {"neg.s64 %d0, %a", 64, uint64_t(-5), {wide(5)}},
      {"min.s32 %d0, %a, %b", 32, All, {word(All), word(1)}},
      {"min.u32 %d0, %a, %b", 32, 1, {word(All), word(1)}},
      {"max.s16 %d0, %a, %b", 16, 1, {half(0xffff), half(1)}},
      {"sad.s32 %d0, %a, %b, %c", 32, 15, {word(-2u), word(3), word(10)}},
      {"dp4a.s32.s32 %d0, %a, %b, %c",
       32,
       uint32_t(-1 * 2 + 2 * 3 + 10),
       {word(0x000002ff), word(0x00000302), word(10)}},
      {"dp4a.u32.u32 %d0, %a, %b, %c", 32, 255u * 2 + 10, {word(0xff), word(2), word(10)}},
  });
}

TEST(PtxInstructions, BitsAndShifts) {
  check({
      {"and.b32 %d0, %a, %b", 32, 0x0f00, {word(0xff00), word(0x0ff0)}},
      {"or.b64 %d0, %a, %b", 64, 0xff, {wide(0xf0), wide(0x0f)}},
      {"xor.b16 %d0, %a, %b", 16, 0xff00, {half(0x0ff0), half(0xf0f0)}},
      {"not.b32 %d0, %a", 32, 0xffff0000, {word(0xffff)}},
      {"cnot.b32 %d0, %a", 32, 1, {word(0)}},
      {"and.pred %d0, %a, %b", 1, 0, {predicate(true), predicate(false)}},
      {"or.pred %d0, %a, %b", 1, 1, {predicate(true), predicate(false)}},
      {"xor.pred %d0, %a, %b", 1, 0, {predicate(true), predicate(true)}},
      {"not.pred %d0, %a", 1, 1, {predicate(false)}},
      {"shl.b32 %d0, %a, %b", 32, 0x80000000, {word(1), word(31)}},
      {"shl.b32 %d0, %a, %b", 32, 0, {word(1), word(32)}},
      {"shr.u32 %d0, %a, %b", 32, 0, {word(0x80000000), word(40)}},
      {"shr.s32 %d0, %a, %b", 32, 0xffffffff, {word(0x80000000), word(40)}},
      {"shr.s16 %d0, %a, %b", 16, 0xf800, {half(0x8000), word(4)}},
      {"shr.b64 %d0, %a, %b", 64, 1, {wide(uint64_t(1) << 63), word(63)}},
      {"shf.l.wrap.b32 %d0, %a, %b, %c", 32, 0x3, {word(0x80000000), word(1), word(33)}},
      {"shf.r.clamp.b32 %d0, %a, %b, %c", 32, 7, {word(5), word(7), word(40)}},
      {"bfe.u32 %d0, %a, 4, 8", 32, 0xbc, {word(0xabcd)}},
      {"bfe.s32 %d0, %a, 4, 8", 32, 0xffffffbc, {word(0xabcd)}},
      {"bfe.s32 %d0, %a, 28, 8", 32, 0xfffffff8, {word(0x80000000)}},
      {"bfe.u32 %d0, %a, 4, 0", 32, 0, {word(0xabcd)}},
      {"bfe.u64 %d0, %a, 32, 16", 64, 0xabcd, {wide(uint64_t(0x1abcd) << 32)}},
      {"bfi.b32 %d0, %a, %b, 8, 4", 32, 0xf5ff, {word(0x35), word(0xffff)}},
      {"bfi.b32 %d0, %a, %b, 40, 4", 32, 0xffff, {word(0x35), word(0xffff)}},
      {"popc.b32 %d0, %a", 32, 8, {word(0xf0f0)}},
      {"popc.b64 %d0, %a", 32, 64, {wide(~uint64_t(0))}},
      {"clz.b32 %d0, %a", 32, 32, {word(0)}},
      {"brev.b32 %d0, %a", 32, 0x80000000, {word(1)}},
      {"bfind.u32 %d0, %a", 32, 4, {word(0x1f)}},
      {"bfind.s32 %d0, %a", 32, 0xffffffff, {word(0xffffffff)}},
      {"lop3.b32 %d0, %a, %b, %c, 0xe8", 32, 0xe8, {word(0xf0), word(0xcc), word(0xaa)}},
      {"prmt.b32 %d0, %a, %b, 0x7531", 32, 0x88664422, {word(0x44332211), word(0x88776655)}},
      {"prmt.b32 %d0, %a, %b, 0x000b", 32, 0x11111100, {word(0x44332211), word(0)}},
      {"prmt.b32.f4e %d0, %a, %b, 1", 32, 0x55443322, {word(0x44332211), word(0x88776655)}},
      {"prmt.b32.rc8 %d0, %a, %b, 2", 32, 0x33333333, {word(0x44332211), word(0)}},
  });
}

TEST(PtxInstructions, FloatArithmetic) {
  float tiny = 1e-40F, third = 1.0F / 3;
  check({
      {"add.rn.f32 %d0, %a, %b", 32, bitsOf(3.5F), {real(1), real(2.5F)}},
      {"add.f32 %d0, %a, %b", 32, CanonicalNan, {real(Inf), real(-Inf)}},
      {"add.ftz.f32 %d0, %a, %b", 32, 0, {real(tiny), real(0)}},
      {"add.f32 %d0, %a, %b", 32, bitsOf(tiny), {real(tiny), real(0)}},
      {"add.sat.f32 %d0, %a, %b", 32, bitsOf(1.0F), {real(3), real(4)}},
      {"add.sat.f32 %d0, %a, %b", 32, 0, {real(Nan), real(4)}},
      {"add.rm.f32 %d0, %a, %b", 32, bitsOf(1.0F), {real(1), real(1e-9F)}},
      {"add.rp.f32 %d0, %a, %b", 32, bitsOf(std::nextafter(1.0F, 2.0F)), {real(1), real(1e-9F)}},
      {"sub.rz.f32 %d0, %a, %b", 32, bitsOf(std::nextafter(1.0F, 0.0F)), {real(1), real(1e-9F)}},
      {"mul.rn.f32 %d0, %a, %b", 32, bitsOf(third * third), {real(third), real(third)}},
      {"mul.ftz.f32 %d0, %a, %b", 32, bitsOf(-0.0F), {real(1e-30F), real(-1e-10F)}},
      {"fma.rn.f32 %d0, %a, %b, %c",
       32,
       bitsOf(std::fma(third, third, -0.1111F)),
       {real(third), real(third), real(-0.1111F)}},
      {"fma.rz.f32 %d0, %a, %b, %c", 32, bitsOf(1.0F), {real(1), real(1), real(1e-9F)}},
      {"div.rn.f32 %d0, %a, %b", 32, bitsOf(third), {real(1), real(3)}},
      {"div.approx.ftz.f32 %d0, %a, %b", 32, bitsOf(third), {real(1), real(3)}},
      {"div.full.f32 %d0, %a, %b", 32, bitsOf(third), {real(1), real(3)}},
      {"rcp.rn.f32 %d0, %a", 32, bitsOf(Inf), {real(0)}},
      {"rcp.approx.ftz.f32 %d0, %a", 32, bitsOf(-Inf), {real(-tiny)}},
      {"sqrt.rn.f32 %d0, %a", 32, bitsOf(std::sqrt(2.0F)), {real(2)}},
      {"sqrt.approx.f32 %d0, %a", 32, CanonicalNan, {real(-1)}},
      {"rsqrt.approx.f32 %d0, %a", 32, bitsOf(0.5F), {real(4)}},
      {"ex2.approx.ftz.f32 %d0, %a", 32, bitsOf(0.125F), {real(-3)}},
      {"ex2.approx.f32 %d0, %a", 32, 0, {real(-Inf)}},
      {"lg2.approx.f32 %d0, %a", 32, bitsOf(-Inf), {real(0)}},
      {"tanh.approx.f32 %d0, %a", 32, bitsOf(std::tanh(0.5F)), {real(0.5F)}},
      {"sin.approx.f32 %d0, %a", 32, bitsOf(0.0F), {real(0)}},
      {"cos.approx.f32 %d0, %a", 32, bitsOf(1.0F), {real(0)}},
      {"neg.f32 %d0, %a", 32, bitsOf(-2.0F), {real(2)}},
      {"abs.ftz.f32 %d0, %a", 32, 0, {real(-tiny)}},
      {"min.f32 %d0, %a, %b", 32, bitsOf(1.0F), {real(Nan), real(1)}},
      {"max.NaN.f32 %d0, %a, %b", 32, CanonicalNan, {real(Nan), real(1)}},
      {"min.f32 %d0, %a, %b", 32, bitsOf(-0.0F), {real(0), real(-0.0F)}},
      {"max.f32 %d0, %a, %b", 32, bitsOf(0.0F), {real(-0.0F), real(0)}},
      {"copysign.f32 %d0, %a, %b", 32, bitsOf(-2.0F), {real(-1), real(2)}},
      {"testp.subnormal.f32 %d0, %a", 1, 1, {real(tiny)}},
      {"testp.finite.f32 %d0, %a", 1, 0, {real(Inf)}},
      {"add.f64 %d0, %a, %b", 64, bitsOf(0.1 + 0.2), {real64(0.1), real64(0.2)}},
      {"fma.rp.f64 %d0, %a, %b, %c",
       64,
       bitsOf(std::nextafter(1.0, 2.0)),
       {real64(1), real64(1), real64(1e-30)}},
      {"div.rn.f64 %d0, %a, %b", 64, bitsOf(1.0 / 3), {real64(1), real64(3)}},
  });
}

/// Halves by the compiler's own type, which rounds once for + and *.
TEST(PtxInstructions, HalfArithmetic) {
  auto h = [](float value) { return std::bit_cast<uint16_t>(static_cast<_Float16>(value)); };
  auto pair = [&](float low, float high) { return h(low) | uint32_t(h(high)) << 16; };
  auto b = [](float value) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16); };
  check({
      {"add.f16 %d0, %a, %b", 16, h(1.5F), {half(h(1)), half(h(0.5F))}},
      {"add.rn.f16x2 %d0, %a, %b", 32, pair(4, 6), {word(pair(1, 2)), word(pair(3, 4))}},
      {"mul.f16x2 %d0, %a, %b", 32, pair(3, 8), {word(pair(1, 2)), word(pair(3, 4))}},
      {"sub.f16 %d0, %a, %b", 16, h(-Inf), {half(h(-60000)), half(h(60000))}},
      {"fma.rn.f16 %d0, %a, %b, %c", 16, h(7), {half(h(2)), half(h(3)), half(h(1))}},
      {"fma.rn.relu.f16 %d0, %a, %b, %c", 16, 0, {half(h(-2)), half(h(3)), half(h(1))}},
      {"fma.rn.f16x2 %d0, %a, %b, %c",
       32,
       pair(4, 10),
       {word(pair(1, 2)), word(pair(3, 4)), word(pair(1, 2))}},
      {"fma.rn.bf16x2 %d0, %a, %b, %c",
       32,
       b(7) | uint32_t(b(13)) << 16,
       {word(b(2) | uint32_t(b(3)) << 16), word(b(3) | uint32_t(b(4)) << 16),
        word(b(1) | uint32_t(b(1)) << 16)}},
      // exactly between two bf16, but for a term that double loses
      {"fma.rn.bf16 %d0, %a, %b, %c", 16, 0x3fc2, {half(0x3f81), half(b(1.5F)), half(0)}},
      {"fma.rn.bf16 %d0, %a, %b, %c", 16, 0x3fc1, {half(0x3f81), half(b(1.5F)), half(0x8d80)}},
      {"max.f16x2 %d0, %a, %b", 32, pair(3, 2), {word(pair(1, 2)), word(pair(3, 0))}},
      {"min.NaN.bf16 %d0, %a, %b", 16, 0x7fff, {half(0x7fc0), half(b(1))}},
      {"neg.f16x2 %d0, %a", 32, pair(-1, 2), {word(pair(1, -2))}},
      {"abs.bf16x2 %d0, %a", 32, 0x3f803f80, {word(0xbf803f80)}},
      {"ex2.approx.f16 %d0, %a", 16, h(0.25F), {half(h(-2))}},
      {"tanh.approx.bf16x2 %d0, %a", 32, 0, {word(0)}},
  });
}

TEST(PtxInstructions, ConversionsOfFloats) {
  auto h = [](float value) { return std::bit_cast<uint16_t>(static_cast<_Float16>(value)); };
  check({
      {"cvt.rni.s32.f32 %d0, %a", 32, 2, {real(2.5F)}},
      {"cvt.rzi.s32.f32 %d0, %a", 32, -2u, {real(-2.7F)}},
      {"cvt.rmi.s32.f32 %d0, %a", 32, -3u, {real(-2.1F)}},
      {"cvt.rpi.u32.f32 %d0, %a", 32, 3, {real(2.1F)}},
      {"cvt.rzi.u32.f32 %d0, %a", 32, 0, {real(-5)}},
      {"cvt.rzi.s32.f32 %d0, %a", 32, 0x7fffffff, {real(1e20F)}},
      {"cvt.rzi.s32.f32 %d0, %a", 32, 0, {real(Nan)}},
      {"cvt.rzi.s64.f32 %d0, %a", 64, uint64_t(1) << 63, {real(-Inf)}},
      {"cvt.rzi.u64.f64 %d0, %a", 64, uint64_t(1) << 63, {real64(0x1p63)}},
      {"cvt.rn.f32.s32 %d0, %a", 32, bitsOf(-1.0F), {word(-1u)}},
      {"cvt.rn.f32.u32 %d0, %a", 32, bitsOf(4294967296.0F), {word(-1u)}},
      {"cvt.rz.f32.u32 %d0, %a", 32, bitsOf(4294967040.0F), {word(-1u)}},
      // one above a tie of 24 bits: rounding to double first would lose it
      {"cvt.rn.f32.u64 %d0, %a",
       32,
       bitsOf(0x1.000002p62F),
       {wide((uint64_t(1) << 62) + (uint64_t(1) << 38) + 1)}},
      {"cvt.rp.f64.s64 %d0, %a", 64, bitsOf(0x1.0000000000001p62), {wide((uint64_t(1) << 62) + 1)}},
      {"cvt.rn.f64.s64 %d0, %a", 64, bitsOf(-0x1p62), {wide(uint64_t(-1) << 62)}},
      {"cvt.f64.f32 %d0, %a", 64, bitsOf(0.5), {real(0.5F)}},
      {"cvt.rn.f32.f64 %d0, %a", 32, bitsOf(0.1F), {real64(0.1)}},
      {"cvt.rm.f32.f64 %d0, %a", 32, bitsOf(std::nextafter(0.1F, 0.0F)), {real64(0.1)}},
      {"cvt.rn.f16.f32 %d0, %a", 16, h(0.1F), {real(0.1F)}},
      {"cvt.rn.f16.f32 %d0, %a", 16, 0x0001, {real(5e-8F)}},
      {"cvt.rz.f16.f32 %d0, %a", 16, 0x7bff, {real(1e6F)}},
      {"cvt.rn.f16.f32 %d0, %a", 16, 0x7c00, {real(1e6F)}},
      {"cvt.f32.f16 %d0, %a", 32, bitsOf(0x1p-24F), {half(1)}},
      {"cvt.f32.f16 %d0, %a", 32, bitsOf(-Inf), {half(0xfc00)}},
      {"cvt.rn.bf16.f32 %d0, %a", 16, 0x3f80, {real(1.0F + 0x1p-8F)}},
      {"cvt.rn.bf16.f32 %d0, %a", 16, 0x3f82, {real(1.0F + 0x3p-8F)}},
      {"cvt.rn.relu.bf16.f32 %d0, %a", 16, 0, {real(-1)}},
      {"cvt.f32.bf16 %d0, %a", 32, bitsOf(1.0F), {half(0x3f80)}},
      {"cvt.rn.f16x2.f32 %d0, %a, %b", 32, uint32_t(h(2)) << 16 | h(3), {real(2), real(3)}},
      {"cvt.rn.bf16x2.f32 %d0, %a, %b", 32, 0x40004040, {real(2), real(3)}},
      {"cvt.rna.tf32.f32 %d0, %a", 32, bitsOf(1.0F + 0x1p-10F), {real(1.0F + 0x1p-11F)}},
      {"cvt.rni.f32.f32 %d0, %a", 32, bitsOf(2.0F), {real(2.5F)}},
      {"cvt.rmi.ftz.f32.f32 %d0, %a", 32, bitsOf(-3.0F), {real(-2.5F)}},
      {"cvt.sat.f32.f32 %d0, %a", 32, bitsOf(1.0F), {real(2)}},
      {"cvt.sat.f32.f32 %d0, %a", 32, 0, {real(Nan)}},
  });
}

TEST(PtxInstructions, ConversionsOfIntegers) {
  check({
      {"cvt.u32.u64 %d0, %a", 32, 5, {wide((uint64_t(7) << 32) + 5)}},
      {"cvt.s64.s32 %d0, %a", 64, ~uint64_t(0), {word(-1u)}},
      {"cvt.u64.u32 %d0, %a", 64, 0xffffffff, {word(-1u)}},
      {"cvt.s32.s8 %d0, %a", 32, -128u, {word(0x1280)}},
      {"cvt.u32.u8 %d0, %a", 32, 0x80, {word(0x1280)}},
      {"cvt.u16.u32 %d0, %a", 16, 0x5678, {word(0x12345678)}},
      {"cvt.sat.s8.s32 %d0, %a", 32, 127, {word(1000)}},
      {"cvt.sat.s8.s32 %d0, %a", 32, -128u, {word(-1000u)}},
      {"cvt.sat.u8.s32 %d0, %a", 32, 0, {word(-1000u)}},
      {"cvt.s16.s8 %d0, %a", 16, 0xff80, {half(0x80)}},
  });
}

TEST(PtxInstructions, ComparisonsAndChoices) {
  check({
      {"setp.lt.s32 %d0, %a, %b", 1, 1, {word(-1u), word(1)}},
      {"setp.lt.u32 %d0, %a, %b", 1, 0, {word(-1u), word(1)}},
      {"setp.hi.u32 %d0, %a, %b", 1, 1, {word(-1u), word(1)}},
      {"setp.ne.b64 %d0, %a, %b", 1, 0, {wide(3), wide(3)}},
      {"setp.ge.s16 %d0, %a, %b", 1, 0, {half(0xffff), half(0)}},
      {"setp.lt.f32 %d0, %a, %b", 1, 0, {real(Nan), real(1)}},
      {"setp.ltu.f32 %d0, %a, %b", 1, 1, {real(Nan), real(1)}},
      {"setp.ne.f32 %d0, %a, %b", 1, 0, {real(Nan), real(1)}},
      {"setp.neu.f32 %d0, %a, %b", 1, 1, {real(Nan), real(1)}},
      {"setp.nan.f32 %d0, %a, %b", 1, 1, {real(Nan), real(1)}},
      {"setp.num.f64 %d0, %a, %b", 1, 1, {real64(0), real64(1)}},
      {"setp.eq.ftz.f32 %d0, %a, %b", 1, 1, {real(1e-40F), real(-1e-41F)}},
      {"setp.gt.f16 %d0, %a, %b", 1, 1, {half(0x4000), half(0x3c00)}},
      {"setp.eq.and.s32 %d0, %a, %b, %c", 1, 0, {word(1), word(1), predicate(false)}},
      {"setp.eq.and.s32 %d0, %a, %b, !%c", 1, 1, {word(1), word(1), predicate(false)}},
      {"setp.eq.xor.s32 %d0, %a, %b, %c", 1, 0, {word(1), word(1), predicate(true)}},
      {"set.lt.u32.f32 %d0, %a, %b", 32, 0xffffffff, {real(1), real(2)}},
      {"set.lt.f32.s32 %d0, %a, %b", 32, bitsOf(1.0F), {word(1), word(2)}},
      {"selp.b32 %d0, %a, %b, %c", 32, 1, {word(1), word(2), predicate(true)}},
      {"selp.f64 %d0, %a, %b, %c", 64, 2, {wide(1), wide(2), predicate(false)}},
      {"slct.b32.s32 %d0, %a, %b, %c", 32, 2, {word(1), word(2), word(-1u)}},
      {"slct.f32.f32 %d0, %a, %b, %c", 32, 1, {word(1), word(2), real(-0.0F)}},
  });
  std::vector<Lanes> both =
      evaluate("setp.lt.and.s32 %d0|%d1, %a, %b, %c", {1, 1}, {word(1), word(2), predicate(true)});
  EXPECT_EQ(both[0][0], 1u);
  EXPECT_EQ(both[1][0], 0u);
}

TEST(PtxInstructions, Moves) {
  check({
      {"mov.b64 %d0, {%a, %b}", 64, (uint64_t(2) << 32) + 1, {word(1), word(2)}},
      {"mov.b32 %d0, {%a, %b}", 32, 0x00020001, {half(1), half(2)}},
      {"mov.pred %d0, %a", 1, 1, {predicate(true)}},
      {"mov.f32 %d0, 0f3F800000", 32, bitsOf(1.0F), {}},
      {"mov.f32 %d0, 1.5", 32, bitsOf(1.5F), {}},
      {"mov.f64 %d0, 0d3FF0000000000000", 64, bitsOf(1.0), {}},
      {"mov.b32 %d0, -7", 32, -7u, {}},
      {"mov.u32 %d0, WARP_SZ", 32, 32, {}},
      {"mov.u32 %d0, %ntid.x", 32, 32, {}},
  });
  std::vector<Lanes> parts =
      evaluate("mov.b64 {%d0, %d1}, %a", {32, 32}, {wide((uint64_t(2) << 32) + 1)});
  EXPECT_EQ(parts[0][0], 1u);
  EXPECT_EQ(parts[1][0], 2u);
  parts = evaluate("mov.b32 {_, %d0}, %a", {16}, {word(0x00020001)});
  EXPECT_EQ(parts[0][0], 2u);
  EXPECT_EQ(evaluate("mov.u32 %d0, %lanemask_lt", {32}, {})[0][5], 31u);
}

} // namespace
