//===- Atomic.cpp - atom and red (9.7.13.5, 9.7.13.7) ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Access.h"
#include "lib/PtxSim/Handlers.h"
#include "llvm/ADT/StringSwitch.h"
#include <mutex>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

enum class Atomic : uint8_t { Unknown, And, Or, Xor, Exchange, Swap, Add, Inc, Dec, Min, Max };

/// Old and new value under one lock, so that blocks on other threads of the host see it at once.
std::mutex &lockOf(uint64_t address) {
  static std::array<std::mutex, 64> locks;
  return locks[address / 8 % locks.size()];
}

template <class T>
uint64_t combineIntegers(Atomic what, T old, T b, T c) {
  switch (what) {
  case Atomic::And:
    return uint64_t(old & b);
  case Atomic::Or:
    return uint64_t(old | b);
  case Atomic::Xor:
    return uint64_t(old ^ b);
  case Atomic::Exchange:
    return uint64_t(b);
  case Atomic::Swap: // cas
    return uint64_t(old == b ? c : old);
  case Atomic::Add:
    return uint64_t(old) + uint64_t(b);
  case Atomic::Inc:
    return old >= b ? 0 : uint64_t(old) + 1;
  case Atomic::Dec:
    return old == 0 || old > b ? uint64_t(b) : uint64_t(old) - 1;
  case Atomic::Min:
    return uint64_t(std::min(old, b));
  case Atomic::Max:
    return uint64_t(std::max(old, b));
  case Atomic::Unknown:
    break;
  }
  return 0;
}

/// Floats know add, halves also min and max; F is one element.
template <class F>
uint64_t combineFloats(Atomic what, uint64_t old, uint64_t b) {
  using S = typename F::Storage;
  auto x = F::load(static_cast<S>(old)), y = F::load(static_cast<S>(b));
  if (what == Atomic::Add)
    return F::store(x + y);
  if (x != x || y != y)
    return F::store(x != x ? y : x);
  return F::store(what == Atomic::Min ? std::min(x, y) : std::max(x, y));
}

template <class F>
uint64_t combineHalves(const Op &op, uint64_t old, uint64_t b) {
  auto what = static_cast<Atomic>(op.mode);
  uint64_t low = combineFloats<F>(what, old, b);
  return op.type.lanes == 1 ? low : low | combineFloats<F>(what, old >> 16, b >> 16) << 16;
}

uint64_t combine(const Op &op, uint64_t old, uint64_t b, uint64_t c) {
  auto what = static_cast<Atomic>(op.mode);
  if (op.type.kind == 'B')
    return combineHalves<BF16>(op, old, b);
  if (op.type.kind == 'f' && op.type.bits / op.type.lanes == 16)
    return combineHalves<F16>(op, old, b);
  if (op.type.kind == 'f')
    return op.type.bits == 64 ? combineFloats<F64>(what, old, b) : combineFloats<F32>(what, old, b);
  if (op.type.isSigned() && op.type.bits == 32)
    return combineIntegers(what, int32_t(old), int32_t(b), int32_t(c));
  if (op.type.isSigned())
    return combineIntegers(what, int64_t(old), int64_t(b), int64_t(c));
  return combineIntegers(what, old, b, c);
}

/// Operands: address, b, and c of cas. With a result (atom) the old value.
void atomic(Warp &warp, const Op &op) {
  WarpAccess access;
  unsigned bytes = op.type.bits / 8u;
  access.space = op.space;
  access.bytes = bytes;
  access.kind = AccessKind::Write;
  access.isAtomic = true;
  access.setAddresses(warp, op, op.operand(0), op.offset);
  if (!access.check(warp, op))
    return;
  access.synchronize(warp, op);
  uint64_t b[WarpSize], c[WarpSize] = {}, olds[WarpSize] = {};
  warp.widen(op.operand(1), b);
  if (op.numOperands() == 3)
    warp.widen(op.operand(2), c);
  forLanes(warp.active, [&](unsigned lane) {
    std::lock_guard lock(lockOf(access.address[lane]));
    uint8_t *data = access.located[lane].data;
    memcpy(&olds[lane], data, bytes);
    uint64_t value = combine(op, olds[lane], b[lane], c[lane]);
    memcpy(data, &value, bytes);
  });
  if (op.numResults)
    warp.narrow(op.result(), olds);
}

Error bindAtomic(const Binder &binder, Op &op, bool hasResult) {
  auto what = Atomic::Unknown;
  for (StringRef word : binder.modifiers)
    what = StringSwitch<Atomic>(word)
               .Case("and", Atomic::And)
               .Case("or", Atomic::Or)
               .Case("xor", Atomic::Xor)
               .Case("exch", Atomic::Exchange)
               .Case("cas", Atomic::Swap)
               .Case("add", Atomic::Add)
               .Case("inc", Atomic::Inc)
               .Case("dec", Atomic::Dec)
               .Case("min", Atomic::Min)
               .Case("max", Atomic::Max)
               .Default(what);
  bool isHalf = op.type.kind == 'B' || (op.type.isFloat() && op.type.bits / op.type.lanes == 16);
  bool isFloat = op.type.isFloat();
  bool known =
      what != Atomic::Unknown && op.type.bits >= 16 && op.type.bits <= 64 &&
      (!isFloat || what == Atomic::Add || (isHalf && (what == Atomic::Min || what == Atomic::Max)));
  if (!known || op.vector != 1)
    return binder.fail("this atomic operation is not known to the simulator");
  op.mode = static_cast<uint8_t>(what);
  const auto &operands = binder.statement.operands;
  size_t count = 2 + size_t(hasResult) + (what == Atomic::Swap);
  if (Error error = binder.expectOperands(count, count))
    return error;
  if (hasResult)
    if (Error error = binder.result(op, operands[0], op.type.bits))
      return error;
  if (Error error = binder.address(op, operands[hasResult]))
    return error;
  for (const Operand &operand : drop_begin(operands, 1 + size_t(hasResult)))
    if (Error error = binder.source(op, operand, op.type.bits))
      return error;
  return Error::success();
}

} // namespace

void tilewright::ptx::addAtomicRows(Table &table) {
  table.add(
      "atom", [](const Binder &b, Op &op) { return bindAtomic(b, op, true); }, atomic,
      Ordering | Caching);
  table.add(
      "red", [](const Binder &b, Op &op) { return bindAtomic(b, op, false); }, atomic,
      Ordering | Caching);
}
