//===- Move.cpp - copies, addresses and bytes (9.7.9.4 mov, cvta, isspacep, prmt) -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

template <class T>
void copy(Warp &warp, const Op &op) {
  T values[WarpSize];
  memcpy(values, warp.lanes<T>(op.operand(0)), sizeof(values));
  warp.set(op.result(), values);
}

void copyPredicate(Warp &warp, const Op &op) {
  warp.setPredicate(op.result(), warp.predicate(op.operand(0)));
}

using Pair = std::array<uint64_t, 2>;

void copyPair(Warp &warp, const Op &op) {
  auto *from = warp.lanes<Pair>(op.operand(0)), *to = warp.lanes<Pair>(op.result());
  forLanes(warp.active, [&](unsigned lane) { to[lane] = from[lane]; });
}

/// mov.b64 d, {a, b}: the first part is the lowest.
void pack(Warp &warp, const Op &op) {
  uint64_t whole[WarpSize] = {}, part[WarpSize];
  unsigned bits = op.operand(0).bits;
  for (unsigned i = 0; i < op.numOperands(); ++i) {
    warp.widen(op.operand(i), part);
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      whole[lane] |= part[lane] << (i * bits);
  }
  warp.narrow(op.result(), whole);
}

void unpack(Warp &warp, const Op &op) {
  uint64_t whole[WarpSize], part[WarpSize];
  warp.widen(op.operand(0), whole);
  for (unsigned i = 0; i < op.numResults; ++i) {
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      part[lane] = whole[lane] >> (i * op.result(i).bits);
    warp.narrow(op.result(i), part);
  }
}

/// 128 bits are two parts of 64.
void pack128(Warp &warp, const Op &op) {
  auto *to = warp.lanes<Pair>(op.result());
  const auto *low = warp.lanes<uint64_t>(op.operand(0)),
             *high = warp.lanes<uint64_t>(op.operand(1));
  forLanes(warp.active, [&](unsigned lane) { to[lane] = {low[lane], high[lane]}; });
}

void unpack128(Warp &warp, const Op &op) {
  const auto *from = warp.lanes<Pair>(op.operand(0));
  auto *low = warp.lanes<uint64_t>(op.result(0)), *high = warp.lanes<uint64_t>(op.result(1));
  forLanes(warp.active, [&](unsigned lane) {
    Pair both = from[lane];
    low[lane] = both[0];
    high[lane] = both[1];
  });
}

Handler copyOf(unsigned bits) {
  switch (bits) {
  case 1:
    return copyPredicate;
  case 8:
    return copy<uint8_t>;
  case 16:
    return copy<uint16_t>;
  case 32:
    return copy<uint32_t>;
  case 64:
    return copy<uint64_t>;
  default:
    return copyPair;
  }
}

Error bindMov(const Binder &binder, Op &op) {
  if (!op.type)
    return binder.fail("expects a type");
  if (Error error = binder.expectOperands(2, 2))
    return error;
  const Operand &to = binder.statement.operands[0], &from = binder.statement.operands[1];
  op.passesUndefined = true;
  bool packs = from.kind == Operand::Vector, unpacks = to.kind == Operand::Vector;
  if (packs && unpacks)
    return binder.fail("expects a vector on one side");
  size_t parts = std::max({to.parts.size(), from.parts.size(), size_t(1)});
  unsigned part = op.type.bits / static_cast<unsigned>(parts);
  if ((packs || unpacks) && (parts == 1 || part < 8 || part * parts != op.type.bits))
    return binder.fail("expects parts that fill " + Twine(unsigned(op.type.bits)) + " bits");
  if (Error error = binder.result(op, to, unpacks ? part : op.type.bits))
    return error;
  if (Error error = binder.source(op, from, packs ? part : op.type.bits))
    return error;
  if (op.type.bits == 128)
    op.run = packs ? pack128 : unpacks ? unpack128 : copyPair;
  else
    op.run = packs ? pack : unpacks ? unpack : copyOf(op.type.bits);
  return Error::success();
}

/// cvta.shared: to a generic address; cvta.to.shared: from one.
Error bindCvta(const Binder &binder, Op &op) {
  if (op.type.bits != 64)
    return binder.fail("expects addresses of 64 bits");
  op.run = [](Warp &warp, const Op &op) {
    const auto *from = warp.lanes<uint64_t>(op.operand(0));
    uint64_t results[WarpSize];
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      results[lane] = from[lane] + static_cast<uint64_t>(op.offset);
    warp.set(op.result(), results);
  };
  if (Error error = binder.bySignature(op, "Ll"))
    return error;
  auto window = static_cast<int64_t>(windowOf(op.space));
  op.offset = binder.has("to") ? -window : window;
  return Error::success();
}

/// isspacep.shared p, a
Error bindIsspacep(const Binder &binder, Op &op) {
  op.run = [](Warp &warp, const Op &op) {
    const auto *address = warp.lanes<uint64_t>(op.operand(0));
    uint32_t mask = 0;
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      mask |= uint32_t(address[lane] / WindowSize == windowOf(op.space) / WindowSize) << lane;
    warp.setPredicate(op.result(), mask);
  };
  return binder.bySignature(op, "Pl");
}

/// 9.7.9.7 prmt: which of the eight bytes of b:a comes where, or its sign bit eight times.
uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t choice = selector >> (4 * i);
    auto byte = static_cast<uint8_t>(bytes >> (8 * (choice & 7)));
    if (choice & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << (8 * i);
  }
  return result;
}

/// The modes are selectors that follow from the two lowest bits of c.
constexpr uint16_t PermuteModes[7][4] = {
    {0, 0, 0, 0},                     // the selector itself
    {0x3210, 0x4321, 0x5432, 0x6543}, // f4e: four bytes forward
    {0x5670, 0x6701, 0x7012, 0x0123}, // b4e: backward
    {0x0000, 0x1111, 0x2222, 0x3333}, // rc8: one byte everywhere
    {0x3210, 0x3211, 0x3222, 0x3333}, // ecl: clamped to the left
    {0x0000, 0x1110, 0x2210, 0x3210}, // ecr: clamped to the right
    {0x1010, 0x3232, 0x1010, 0x3232}, // rc16: one half twice
};

template <unsigned Mode>
void addPermute(Table &table, StringRef key) {
  using Permute = decltype([](uint32_t a, uint32_t b, uint32_t c) {
    return permute(a, b, Mode ? PermuteModes[Mode][c & 3] : c);
  });
  table.add(key, "Wwww", ternary<uint32_t, uint32_t, uint32_t, uint32_t, Permute>);
}

} // namespace

void tilewright::ptx::addMoveRows(Table &table) {
  table.add("mov", bindMov, nullptr);
  table.add("cvta", bindCvta, nullptr);
  table.add("isspacep", bindIsspacep, nullptr);
  addPermute<0>(table, "prmt.b32");
  addPermute<1>(table, "prmt.b32.f4e");
  addPermute<2>(table, "prmt.b32.b4e");
  addPermute<3>(table, "prmt.b32.rc8");
  addPermute<4>(table, "prmt.b32.ecl");
  addPermute<5>(table, "prmt.b32.ecr");
  addPermute<6>(table, "prmt.b32.rc16");
}
