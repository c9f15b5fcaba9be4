//===- Float.cpp - floating point, rounded to nearest (9.7.3, 9.7.4) ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/DirectedRounding.h"
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// What .ftz, .sat and .relu do around an operation.
struct Finish {
  bool flushes, saturates, isRelu;
  explicit Finish(const Op &op)
      : flushes(op.has(FlushToZero)), saturates(op.has(Saturate)), isRelu(op.has(Relu)) {}

  template <class V>
  V in(V value) const {
    return flushes ? flush(value) : value;
  }
  /// .sat clamps to [0, 1], a NaN becomes 0; .relu clamps at 0 and keeps NaNs.
  template <class V>
  V out(V value) const {
    value = in(value);
    if (saturates)
      value = value > 0 ? std::min(value, V(1)) : V(0);
    if (isRelu && !(value != value))
      value = std::max(value, V(0));
    return value;
  }
};

/// F over elements of E. A register of f16x2 is two elements, so lanes count twice (Lanes = 2).
template <class E, unsigned Lanes, unsigned Sources, class F>
void apply(Warp &warp, const Op &op) {
  using S = typename E::Storage;
  static_assert(Lanes == 1 || sizeof(S) == 2);
  constexpr unsigned Count = WarpSize * Lanes;
  const S *sources[Sources];
  for (unsigned i = 0; i < Sources; ++i)
    sources[i] = warp.lanes<S>(op.operand(i));
  Finish finish(op);
  alignas(64) S results[Count];
  for (unsigned i = 0; i < Count; ++i) {
    if constexpr (Sources == 1)
      results[i] = E::store(finish.out(F()(finish.in(E::load(sources[0][i])))));
    else if constexpr (Sources == 2)
      results[i] = E::store(
          finish.out(F()(finish.in(E::load(sources[0][i])), finish.in(E::load(sources[1][i])))));
    else
      results[i] = E::store(
          finish.out(F()(finish.in(E::load(sources[0][i])), finish.in(E::load(sources[1][i])),
                         finish.in(E::load(sources[2][i])))));
  }
  if constexpr (Lanes == 1) {
    warp.set(op.result(), results);
  } else {
    uint32_t pairs[WarpSize];
    memcpy(pairs, results, sizeof(pairs));
    warp.set(op.result(), pairs);
  }
}

constexpr uint32_t FloatFlags = FlushToZero | Saturate | Rounded | Approximate;

template <class E, unsigned Lanes, unsigned Sources, class F>
void addRow(Table &table, StringRef key, F, uint32_t flags = FloatFlags) {
  unsigned bits = sizeof(typename E::Storage) * 8 * Lanes;
  table.add(key, sameWidth(bits, Sources), apply<E, Lanes, Sources, F>, flags);
}

/// Other modes than to nearest are computed elsewhere.
template <class E, unsigned Sources, class F, Directed Which>
void addDirected(Table &table, StringRef key, F) {
  Handler run = [](Warp &warp, const Op &op) {
    if (op.rounding == Rounding::None || op.rounding == Rounding::Nearest)
      apply<E, 1, Sources, F>(warp, op);
    else
      computeDirected(warp, op, Which);
  };
  table.add(key, sameWidth(sizeof(typename E::Storage) * 8, Sources), run, FloatFlags);
}

using Add = decltype([](auto a, auto b) { return a + b; });
using Subtract = decltype([](auto a, auto b) { return a - b; });
using Multiply = decltype([](auto a, auto b) { return a * b; });
using Divide = decltype([](auto a, auto b) { return a / b; });
using Root = decltype([](auto a) { return std::sqrt(a); });
using Reciprocal = decltype([](auto a) { return decltype(a)(1) / a; });
template <class E>
using Fused = decltype([](auto a, auto b, auto c) { return E::fused(a, b, c); });

template <class E>
void addFull(Table &table, const std::string &type) {
  addDirected<E, 2, Add, Directed::Add>(table, "add" + type, {});
  addDirected<E, 2, Subtract, Directed::Subtract>(table, "sub" + type, {});
  addDirected<E, 2, Multiply, Directed::Multiply>(table, "mul" + type, {});
  addDirected<E, 2, Divide, Directed::Divide>(table, "div" + type, {});
  addDirected<E, 1, Root, Directed::Root>(table, "sqrt" + type, {});
  addDirected<E, 1, Reciprocal, Directed::Reciprocal>(table, "rcp" + type, {});
  addDirected<E, 3, Fused<E>, Directed::Fused>(table, "fma" + type, {});
  addDirected<E, 3, Fused<E>, Directed::Fused>(table, "mad" + type, {});
}

template <class E, unsigned Lanes>
void addHalf(Table &table, const std::string &type) {
  constexpr uint32_t Flags = FlushToZero | Saturate | Rounded | Relu;
  addRow<E, Lanes, 2>(table, "add" + type, Add(), Flags);
  addRow<E, Lanes, 2>(table, "sub" + type, Subtract(), Flags);
  addRow<E, Lanes, 2>(table, "mul" + type, Multiply(), Flags);
  addRow<E, Lanes, 3>(table, "fma" + type, Fused<E>(), Flags);
  // 9.7.4.8, 9.7.4.9: approximations; computed exactly here and rounded once
  addRow<E, Lanes, 1>(table, "tanh" + type, [](auto a) { return std::tanh(a); });
  addRow<E, Lanes, 1>(table, "ex2" + type, [](auto a) { return std::exp2(a); });
}

//===----------------------------------------------------------------------===//
// On bits: sign, minimum and maximum
//===----------------------------------------------------------------------===//

/// 9.7.3.11 min, 9.7.3.12 max: -0 < +0; of a number and a NaN the number, with .NaN the NaN.
template <bool IsMax, class V>
V extremum(V a, V b, bool propagates) {
  if (a != a || b != b)
    return propagates || (a != a && b != b) ? std::numeric_limits<V>::quiet_NaN()
                                            : (a != a ? b : a);
  if (a == b)
    return std::signbit(a) == IsMax ? b : a;
  return (a < b) == IsMax ? b : a;
}

template <class E, unsigned Lanes, bool IsMax>
void pickExtremum(Warp &warp, const Op &op) {
  using PickAny = decltype([](auto a, auto b) { return extremum<IsMax>(a, b, false); });
  using PickNan = decltype([](auto a, auto b) { return extremum<IsMax>(a, b, true); });
  if (op.has(PropagateNan))
    apply<E, Lanes, 2, PickNan>(warp, op);
  else
    apply<E, Lanes, 2, PickAny>(warp, op);
}

template <class E, unsigned Lanes>
void addSigns(Table &table, const std::string &type) {
  using S = std::conditional_t<Lanes == 2, uint32_t, typename E::Storage>;
  constexpr unsigned Bits = sizeof(S) * 8;
  constexpr S Sign = static_cast<S>(Lanes == 2 ? 0x80008000u : S(1) << (Bits - 1));
  constexpr uint32_t MinMax = FlushToZero | PropagateNan;
  table.add("min" + type, sameWidth(Bits, 2), pickExtremum<E, Lanes, false>, MinMax);
  table.add("max" + type, sameWidth(Bits, 2), pickExtremum<E, Lanes, true>, MinMax);
  if constexpr (std::is_same_v<E, F32>) { // .ftz matters
    addRow<E, 1, 1>(table, "neg" + type, [](float a) { return -a; }, FlushToZero);
    addRow<E, 1, 1>(table, "abs" + type, [](float a) { return std::fabs(a); }, FlushToZero);
    return;
  }
  using Negate = decltype([](S a) { return S(a ^ Sign); });
  using Magnitude = decltype([](S a) { return S(a & ~Sign); });
  table.add("neg" + type, sameWidth(Bits, 1), unary<S, S, Negate>, FlushToZero);
  table.add("abs" + type, sameWidth(Bits, 1), unary<S, S, Magnitude>, FlushToZero);
}

/// 9.7.3.20 testp, 9.7.3.2 copysign
template <class E>
void addTests(Table &table, const std::string &type) {
  using S = typename E::Storage;
  constexpr unsigned Bits = sizeof(S) * 8;
  constexpr S Sign = S(1) << (Bits - 1);
  using CopySign = decltype([](S a, S b) { return S((a & Sign) | (b & ~Sign)); });
  table.add("copysign" + type, sameWidth(Bits, 2), binary<S, S, S, CopySign>);
  auto add = [&]<class F>(StringRef what, F) {
    Handler run = [](Warp &warp, const Op &op) {
      const S *values = warp.lanes<S>(op.operand(0));
      uint32_t mask = 0;
      for (unsigned lane = 0; lane < WarpSize; ++lane)
        mask |= uint32_t(F()(E::load(values[lane]))) << lane;
      warp.setPredicate(op.result(), mask);
    };
    table.add("testp." + what + type, std::string("P") + widthLetter(Bits), run);
  };
  add("finite", [](auto a) { return std::isfinite(a); });
  add("infinite", [](auto a) { return std::isinf(a); });
  add("number", [](auto a) { return !std::isnan(a); });
  add("notanumber", [](auto a) { return std::isnan(a); });
  add("normal", [](auto a) { return std::isnormal(a); });
  add("subnormal", [](auto a) { return std::fpclassify(a) == FP_SUBNORMAL; });
}

/// 9.7.3.15 to 9.7.3.22: the hardware's approximations. Here each is the exact value rounded once,
/// which lies within their error bounds.
void addApproximations(Table &table) {
  using D = double;
  addRow<F32, 1, 1>(table, "ex2.f32", [](float a) { return float(std::exp2(D(a))); });
  addRow<F32, 1, 1>(table, "lg2.f32", [](float a) { return float(std::log2(D(a))); });
  addRow<F32, 1, 1>(table, "rsqrt.f32", [](float a) { return float(1 / std::sqrt(D(a))); });
  addRow<F64, 1, 1>(table, "rsqrt.f64", [](D a) { return 1 / std::sqrt(a); });
  addRow<F32, 1, 1>(table, "sin.f32", [](float a) { return float(std::sin(D(a))); });
  addRow<F32, 1, 1>(table, "cos.f32", [](float a) { return float(std::cos(D(a))); });
  addRow<F32, 1, 1>(table, "tanh.f32", [](float a) { return float(std::tanh(D(a))); });
}

} // namespace

void tilewright::ptx::addFloatRows(Table &table) {
  addFull<F32>(table, ".f32");
  addFull<F64>(table, ".f64");
  addHalf<F16, 1>(table, ".f16");
  addHalf<F16, 2>(table, ".f16x2");
  addHalf<BF16, 1>(table, ".bf16");
  addHalf<BF16, 2>(table, ".bf16x2");
  addSigns<F32, 1>(table, ".f32");
  addSigns<F64, 1>(table, ".f64");
  addSigns<F16, 1>(table, ".f16");
  addSigns<F16, 2>(table, ".f16x2");
  addSigns<BF16, 1>(table, ".bf16");
  addSigns<BF16, 2>(table, ".bf16x2");
  addTests<F32>(table, ".f32");
  addTests<F64>(table, ".f64");
  addApproximations(table);
}
