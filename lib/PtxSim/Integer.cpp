//===- Integer.cpp - integers, logic and shifts (9.7.1, 9.7.8) ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// The type of 2n bits for one of n bits, of the same sign.
template <class T>
struct Wider;
template <>
struct Wider<uint16_t> {
  using Type = uint32_t;
};
template <>
struct Wider<int16_t> {
  using Type = int32_t;
};
template <>
struct Wider<uint32_t> {
  using Type = uint64_t;
};
template <>
struct Wider<int32_t> {
  using Type = int64_t;
};
template <>
struct Wider<uint64_t> {
  using Type = unsigned __int128;
};
template <>
struct Wider<int64_t> {
  using Type = __int128;
};
template <class T>
using Wide = typename Wider<T>::Type;

template <class T>
constexpr unsigned bitsOf = sizeof(T) * 8;

template <class T>
std::string name() {
  return (std::is_signed_v<T> ? ".s" : ".u") + std::to_string(bitsOf<T>);
}

// Sums are computed on 64 unsigned bits, where nothing overflows without definition.
template <class T, class F>
void addUnary(Table &table, StringRef opcode, F) {
  table.add(opcode + name<T>(), sameWidth(bitsOf<T>, 1), unary<T, T, F>);
}
template <class T, class F>
void addBinary(Table &table, StringRef opcode, F) {
  table.add(opcode + name<T>(), sameWidth(bitsOf<T>, 2), binary<T, T, T, F>);
}
template <class T, class F>
void addTernary(Table &table, StringRef opcode, F) {
  table.add(opcode + name<T>(), sameWidth(bitsOf<T>, 3), ternary<T, T, T, T, F>);
}

/// 9.7.1.4 mul, 9.7.1.5 mad: .lo, .hi, .wide
template <class T>
void addProducts(Table &table) {
  addBinary<T>(table, "mul.lo", [](T a, T b) { return uint64_t(a) * uint64_t(b); });
  addTernary<T>(table, "mad.lo",
                [](T a, T b, T c) { return uint64_t(a) * uint64_t(b) + uint64_t(c); });
  addBinary<T>(table, "mul.hi", [](T a, T b) { return Wide<T>(a) * Wide<T>(b) >> bitsOf<T>; });
  addTernary<T>(table, "mad.hi", [](T a, T b, T c) {
    return uint64_t(Wide<T>(a) * Wide<T>(b) >> bitsOf<T>) + uint64_t(c);
  });
  if constexpr (bitsOf<T> < 64) {
    std::string narrow(1, widthLetter(bitsOf<T>)), wide(1, widthLetter(2 * bitsOf<T>));
    std::string result = StringRef(wide).upper();
    using Product = decltype([](T a, T b) { return Wide<T>(a) * Wide<T>(b); });
    table.add("mul.wide" + name<T>(), result + narrow + narrow, binary<Wide<T>, T, T, Product>);
    using Sum = decltype([](T a, T b, Wide<T> c) {
      return uint64_t(Wide<T>(a) * Wide<T>(b)) + uint64_t(c);
    });
    table.add("mad.wide" + name<T>(), result + narrow + narrow + wide,
              ternary<Wide<T>, T, T, Wide<T>, Sum>);
  }
}

/// 9.7.1.9 div, 9.7.1.10 rem. By zero the result is unspecified, so it is reported.
template <class T, bool IsRemainder>
void divide(Warp &warp, const Op &op) {
  const T *divisors = warp.lanes<T>(op.operand(1));
  bool fine = true;
  forLanes(warp.active, [&](unsigned lane) {
    if (divisors[lane] == 0 && fine) {
      fine = false;
      warp.fault(FaultKind::Arithmetic, op, lane, "divides by zero");
    }
  });
  using Divide = decltype([](T a, T b) -> T {
    if (b == 0)
      return 0;
    if (std::is_signed_v<T> && b == T(-1)) // the one quotient that overflows: it wraps
      return IsRemainder ? T(0) : static_cast<T>(-static_cast<uint64_t>(a));
    return IsRemainder ? a % b : a / b;
  });
  if (fine)
    binary<T, T, T, Divide>(warp, op);
}

template <class T>
void addArithmetic(Table &table) {
  addBinary<T>(table, "add", [](T a, T b) { return uint64_t(a) + uint64_t(b); });
  addBinary<T>(table, "sub", [](T a, T b) { return uint64_t(a) - uint64_t(b); });
  addBinary<T>(table, "min", [](T a, T b) { return std::min(a, b); });
  addBinary<T>(table, "max", [](T a, T b) { return std::max(a, b); });
  // 9.7.1.6 sad: c + |a - b|
  addTernary<T>(table, "sad", [](T a, T b, T c) {
    return uint64_t(c) + (a < b ? uint64_t(b) - uint64_t(a) : uint64_t(a) - uint64_t(b));
  });
  addProducts<T>(table);
  table.add("div" + name<T>(), sameWidth(bitsOf<T>, 2), divide<T, false>);
  table.add("rem" + name<T>(), sameWidth(bitsOf<T>, 2), divide<T, true>);
  if constexpr (std::is_signed_v<T>) {
    addUnary<T>(table, "neg", [](T a) { return -uint64_t(a); });
    addUnary<T>(table, "abs", [](T a) { return a < 0 ? -uint64_t(a) : uint64_t(a); });
  }
}

/// 9.7.1.1 add{.sat}.s32: the result is clamped instead of wrapped.
template <bool IsSum>
void saturated(Warp &warp, const Op &op) {
  using Clamp = decltype([](int32_t a, int32_t b) {
    int64_t exact = IsSum ? int64_t(a) + b : int64_t(a) - b;
    return std::clamp<int64_t>(exact, INT32_MIN, INT32_MAX);
  });
  using Wrap =
      decltype([](int32_t a, int32_t b) { return IsSum ? int64_t(a) + b : int64_t(a) - b; });
  if (op.has(Saturate))
    binary<int32_t, int32_t, int32_t, Clamp>(warp, op);
  else
    binary<int32_t, int32_t, int32_t, Wrap>(warp, op);
}

/// 9.7.8: logic on bits; shifts beyond the width give zeros, or the sign.
template <class T>
void addBits(Table &table) {
  std::string suffix = ".b" + std::to_string(bitsOf<T>);
  auto add = [&]<class F>(StringRef opcode, F) {
    table.add(opcode + suffix, sameWidth(bitsOf<T>, 2), binary<T, T, T, F>);
  };
  add("and", [](T a, T b) { return a & b; });
  add("or", [](T a, T b) { return a | b; });
  add("xor", [](T a, T b) { return a ^ b; });
  using Not = decltype([](T a) { return ~a; });
  using LogicalNot = decltype([](T a) { return a == 0; });
  table.add("not" + suffix, sameWidth(bitsOf<T>, 1), unary<T, T, Not>);
  table.add("cnot" + suffix, sameWidth(bitsOf<T>, 1), unary<T, T, LogicalNot>);

  using Signed = std::make_signed_t<T>;
  using Left = decltype([](T a, uint32_t n) -> T { return n < bitsOf<T> ? T(a << n) : T(0); });
  using Right = decltype([](T a, uint32_t n) -> T { return n < bitsOf<T> ? T(a >> n) : T(0); });
  using Arithmetic = decltype([](Signed a, uint32_t n) -> Signed {
    return Signed(a >> std::min<uint32_t>(n, bitsOf<T> - 1));
  });
  std::string shift = sameWidth(bitsOf<T>, 1) + "w";
  table.add("shl" + suffix, shift, binary<T, T, uint32_t, Left>);
  table.add("shr" + suffix, shift, binary<T, T, uint32_t, Right>);
  table.add("shr" + name<T>(), shift, binary<T, T, uint32_t, Right>);
  table.add("shr" + name<Signed>(), shift, binary<Signed, Signed, uint32_t, Arithmetic>);
}

template <class F>
void predicateBinary(Warp &warp, const Op &op) {
  warp.setPredicate(op.result(), F()(warp.predicate(op.operand(0)), warp.predicate(op.operand(1))));
}

void addPredicates(Table &table) {
  auto add = [&]<class F>(StringRef opcode, F) {
    table.add(opcode + ".pred", "Ppp", predicateBinary<F>);
  };
  add("and", [](uint32_t a, uint32_t b) { return a & b; });
  add("or", [](uint32_t a, uint32_t b) { return a | b; });
  add("xor", [](uint32_t a, uint32_t b) { return a ^ b; });
  table.add("not.pred", "Pp", [](Warp &warp, const Op &op) {
    warp.setPredicate(op.result(), ~warp.predicate(op.operand(0)));
  });
}

/// 9.7.1.20 bfe: `length` bits from `position` on, extended by zeros or by their highest bit.
template <class T>
T extractField(T a, uint32_t position, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  position &= 255;
  length &= 255;
  constexpr uint32_t Msb = bitsOf<T> - 1;
  U value = position <= Msb ? U(U(a) >> position) : U(0);
  bool sign =
      std::is_signed_v<T> && length != 0 && (U(a) >> std::min(position + length - 1, Msb) & 1);
  uint32_t available = position <= Msb ? Msb + 1 - position : 0;
  uint32_t taken = std::min(length, available);
  U mask = taken > Msb ? ~U(0) : (U(1) << taken) - 1;
  return static_cast<T>((value & mask) | (sign ? ~mask : U(0)));
}

/// 9.7.1.21 bfi: `a`'s lowest bits put into `b`.
template <class T>
T insertField(T a, T b, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (position >= bitsOf<T> || length == 0)
    return b;
  T mask = length >= bitsOf<T> ? ~T(0) : (T(1) << length) - 1;
  mask <<= position;
  return (b & ~mask) | (T(a << position) & mask);
}

template <class T>
void insert(Warp &warp, const Op &op) {
  const T *a = warp.lanes<T>(op.operand(0)), *b = warp.lanes<T>(op.operand(1));
  const auto *position = warp.lanes<uint32_t>(op.operand(2));
  const auto *length = warp.lanes<uint32_t>(op.operand(3));
  T results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = insertField(a[lane], b[lane], position[lane], length[lane]);
  warp.set(op.result(), results);
}

template <class T>
void addFields(Table &table) {
  using U = std::make_unsigned_t<T>;
  std::string one(1, widthLetter(bitsOf<T>)), result = StringRef(one).upper();
  using Extract = decltype([](T a, uint32_t p, uint32_t n) { return extractField(a, p, n); });
  table.add("bfe" + name<T>(), result + one + "ww", ternary<T, T, uint32_t, uint32_t, Extract>);
  // 9.7.1.15 bfind: position of the highest bit that differs from the sign, or -1
  using Find = decltype([](T a) {
    U bits = U(a < 0 ? ~a : a);
    return bits == 0 ? ~0u : bitsOf<T> - 1 - static_cast<uint32_t>(std::countl_zero(bits));
  });
  table.add("bfind" + name<T>(), "W" + one, unary<uint32_t, T, Find>);
  if constexpr (std::is_signed_v<T>)
    return;
  std::string bits = ".b" + std::to_string(bitsOf<T>);
  table.add("bfi" + bits, result + one + one + "ww", insert<U>);
  using Count = decltype([](U a) { return std::popcount(a); });
  using Leading = decltype([](U a) { return std::countl_zero(a); });
  using Reverse = decltype([](U a) {
    U reversed = 0;
    for (unsigned i = 0; i < bitsOf<U>; ++i)
      reversed |= (a >> i & 1) << (bitsOf<U> - 1 - i);
    return reversed;
  });
  table.add("popc" + bits, "W" + one, unary<uint32_t, U, Count>);
  table.add("clz" + bits, "W" + one, unary<uint32_t, U, Leading>);
  table.add("brev" + bits, result + one, unary<U, U, Reverse>);
}

/// 9.7.8.6 lop3: the table's bit 4a + 2b + c for each position.
void lop3(Warp &warp, const Op &op) {
  const auto *a = warp.lanes<uint32_t>(op.operand(0)), *b = warp.lanes<uint32_t>(op.operand(1)),
             *c = warp.lanes<uint32_t>(op.operand(2));
  uint32_t results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane) {
    uint32_t result = 0;
    for (unsigned row = 0; row < 8; ++row)
      if (op.offset >> row & 1)
        result |= (row & 4 ? a[lane] : ~a[lane]) & (row & 2 ? b[lane] : ~b[lane]) &
                  (row & 1 ? c[lane] : ~c[lane]);
    results[lane] = result;
  }
  warp.set(op.result(), results);
}

/// 9.7.8.7 shf: the 64 bits b:a shifted, .clamp at 32 or .wrap modulo 32.
template <bool IsLeft, bool Wraps>
void addFunnel(Table &table, StringRef key) {
  using Funnel = decltype([](uint32_t a, uint32_t b, uint32_t n) {
    n = Wraps ? n & 31 : std::min(n, 32u);
    uint64_t both = uint64_t(b) << 32 | a;
    return static_cast<uint32_t>(IsLeft ? both << n >> 32 : both >> n);
  });
  table.add(key, "Wwww", ternary<uint32_t, uint32_t, uint32_t, uint32_t, Funnel>);
}

/// 9.7.1.23 dp4a: c plus the sum of four products of bytes.
template <class A, class B>
void addDotProduct(Table &table, StringRef key) {
  using Dot = decltype([](uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned i = 0; i < 32; i += 8)
      c += static_cast<uint32_t>(int32_t(static_cast<A>(a >> i)) * int32_t(static_cast<B>(b >> i)));
    return c;
  });
  table.add(key, "Wwww", ternary<uint32_t, uint32_t, uint32_t, uint32_t, Dot>);
}

} // namespace

void tilewright::ptx::addIntegerRows(Table &table) {
  addArithmetic<uint16_t>(table);
  addArithmetic<int16_t>(table);
  addArithmetic<uint32_t>(table);
  addArithmetic<int32_t>(table);
  addArithmetic<uint64_t>(table);
  addArithmetic<int64_t>(table);
  table.add("add.s32", "Www", saturated<true>, Saturate);
  table.add("sub.s32", "Www", saturated<false>, Saturate);
  addBits<uint16_t>(table);
  addBits<uint32_t>(table);
  addBits<uint64_t>(table);
  addPredicates(table);
  addFields<uint32_t>(table);
  addFields<int32_t>(table);
  addFields<uint64_t>(table);
  addFields<int64_t>(table);
  table.add("lop3.b32", "Wwwwi", lop3);
  addFunnel<true, true>(table, "shf.l.wrap.b32");
  addFunnel<true, false>(table, "shf.l.clamp.b32");
  addFunnel<false, true>(table, "shf.r.wrap.b32");
  addFunnel<false, false>(table, "shf.r.clamp.b32");
  addDotProduct<int8_t, int8_t>(table, "dp4a.s32.s32");
  addDotProduct<int8_t, uint8_t>(table, "dp4a.s32.u32");
  addDotProduct<uint8_t, int8_t>(table, "dp4a.u32.s32");
  addDotProduct<uint8_t, uint8_t>(table, "dp4a.u32.u32");
}
