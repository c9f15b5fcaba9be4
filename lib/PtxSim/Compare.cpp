//===- Compare.cpp - comparisons and choices (9.7.6, 9.7.7) ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// 9.7.6.2: on numbers alike for all types; lo, ls, hi, hs are lt, le, gt, ge of unsigned integers.
template <class V>
bool holds(Compare compare, V a, V b) {
  bool unordered = a != a || b != b;
  switch (compare) {
  case Compare::eq:
    return a == b;
  case Compare::ne:
    return !unordered && a != b;
  case Compare::lt:
  case Compare::lo:
    return a < b;
  case Compare::le:
  case Compare::ls:
    return a <= b;
  case Compare::gt:
  case Compare::hi:
    return a > b;
  case Compare::ge:
  case Compare::hs:
    return a >= b;
  case Compare::equ:
    return unordered || a == b;
  case Compare::neu:
    return unordered || a != b;
  case Compare::ltu:
    return unordered || a < b;
  case Compare::leu:
    return unordered || a <= b;
  case Compare::gtu:
    return unordered || a > b;
  case Compare::geu:
    return unordered || a >= b;
  case Compare::num:
    return !unordered;
  case Compare::nan:
    return unordered;
  }
  return false;
}

template <class T>
struct Plain { // an integer that is its own value
  using Storage = T;
  static T load(T value) { return value; }
};

template <class E>
uint32_t compareLanes(Warp &warp, const Op &op) {
  using S = typename E::Storage;
  const S *a = warp.lanes<S>(op.operand(0)), *b = warp.lanes<S>(op.operand(1));
  bool flushes = op.has(FlushToZero);
  uint32_t mask = 0;
  for (unsigned lane = 0; lane < WarpSize; ++lane) {
    auto left = E::load(a[lane]), right = E::load(b[lane]);
    if constexpr (std::is_floating_point_v<decltype(left)>)
      if (flushes)
        left = flush(left), right = flush(right);
    mask |= uint32_t(holds(op.compare, left, right)) << lane;
  }
  return mask;
}

uint32_t combined(Combine combine, uint32_t a, uint32_t b) {
  return combine == Combine::And   ? a & b
         : combine == Combine::Or  ? a | b
         : combine == Combine::Xor ? a ^ b
                                   : a;
}

/// setp.lt.and.f32 p|q, a, b, c: p = (a < b) and c, q = !(a < b) and c
template <class E>
void setPredicates(Warp &warp, const Op &op) {
  uint32_t result = compareLanes<E>(warp, op);
  uint32_t third = op.numOperands() == 3 ? warp.predicate(op.operand(2)) : 0;
  if (op.mode) // !c
    third = ~third;
  warp.setPredicate(op.result(0), combined(op.combine, result, third));
  warp.setPredicate(op.result(1), combined(op.combine, ~result, third));
}

Error bindSetp(const Binder &binder, Op &op) {
  const auto &operands = binder.statement.operands;
  std::string width(2, widthLetter(op.type.bits));
  op.mode = !operands.empty() && operands.back().isNegated;
  bool combines = op.combine != Combine::None;
  return binder.bySignature(op, "P|P" + width + (combines ? "p" : ""));
}

template <class E>
void addSetp(Table &table, StringRef type) {
  table.add(("setp." + type).str(), bindSetp, setPredicates<E>, FlushToZero);
}

/// 9.7.6.1 set: all ones (or 1.0) where the comparison holds.
template <class E>
void setRegister(Warp &warp, const Op &op) {
  uint32_t result = compareLanes<E>(warp, op);
  uint32_t results[WarpSize];
  uint32_t yes = op.type.kind == 'f' ? 0x3f800000u : ~0u;
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = result >> lane & 1 ? yes : 0;
  warp.set(op.result(), results);
}

template <class E>
void addSet(Table &table, StringRef source) {
  std::string width(2, widthLetter(sizeof(typename E::Storage) * 8));
  for (StringRef type : {"u32", "s32", "f32"})
    table.add("set." + type + "." + source, "W" + width, setRegister<E>, FlushToZero);
}

/// 9.7.6.3 selp: a where c holds, else b
template <class T>
void select(Warp &warp, const Op &op) {
  const T *a = warp.lanes<T>(op.operand(0)), *b = warp.lanes<T>(op.operand(1));
  uint32_t condition = warp.predicate(op.operand(2));
  T results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = condition >> lane & 1 ? a[lane] : b[lane];
  warp.set(op.result(), results);
}

/// 9.7.6.4 slct: a where c >= 0, else b
template <class T, class C>
void selectBySign(Warp &warp, const Op &op) {
  const T *a = warp.lanes<T>(op.operand(0)), *b = warp.lanes<T>(op.operand(1));
  const auto *c = warp.lanes<uint32_t>(op.operand(2));
  T results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = std::bit_cast<C>(c[lane]) >= 0 ? a[lane] : b[lane];
  warp.set(op.result(), results);
}

template <class T>
void addChoices(Table &table) {
  constexpr unsigned Bits = sizeof(T) * 8;
  for (char kind : {'b', 'u', 's', 'f'}) {
    std::string type = "." + std::string(1, kind) + std::to_string(Bits);
    table.add("selp" + type, sameWidth(Bits, 2) + "p", select<T>);
    table.add("slct" + type + ".s32", sameWidth(Bits, 2) + "w", selectBySign<T, int32_t>);
    table.add("slct" + type + ".f32", sameWidth(Bits, 2) + "w", selectBySign<T, float>,
              FlushToZero);
  }
}

} // namespace

void tilewright::ptx::addCompareRows(Table &table) {
  auto add = [&]<class E>(E, StringRef type) {
    addSetp<E>(table, type);
    addSet<E>(table, type);
  };
  add(Plain<uint16_t>(), "u16");
  add(Plain<uint16_t>(), "b16");
  add(Plain<int16_t>(), "s16");
  add(Plain<uint32_t>(), "u32");
  add(Plain<uint32_t>(), "b32");
  add(Plain<int32_t>(), "s32");
  add(Plain<uint64_t>(), "u64");
  add(Plain<uint64_t>(), "b64");
  add(Plain<int64_t>(), "s64");
  add(F16(), "f16");
  add(BF16(), "bf16");
  add(F32(), "f32");
  add(F64(), "f64");
  addChoices<uint16_t>(table);
  addChoices<uint32_t>(table);
  addChoices<uint64_t>(table);
}
