//===- Races.cpp - who touched a byte, and was it ordered? ----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Races.h"

using namespace tilewright::ptx;

namespace {

struct Observer {
  Cell self;
  const Known &known;
  bool isPrivate;

  /// Is `earlier` known to have happened before, or by the same thread?
  bool isOrdered(Cell earlier) const {
    if (!earlier || earlier.thread() == self.thread() || earlier.launch() != self.launch())
      return true;
    if (earlier.owner() != self.owner())
      return isPrivate || known.blocks.contains(earlier.block());
    // A warp's own clock is that of its last barrier: lanes are ordered only by an older one.
    uint32_t clock = known.clocks[earlier.warp()];
    return earlier.warp() == self.warp() ? earlier.clock() < clock : earlier.clock() <= clock;
  }
};

uint64_t load(const std::atomic<uint64_t> &cell) {
  return cell.load(std::memory_order_relaxed);
}

void store(std::atomic<uint64_t> &cell, uint64_t bits) {
  cell.store(bits, std::memory_order_relaxed);
}

/// Keeps two reads that are not ordered, of different blocks if there are such.
void recordRead(ByteCells &byte, const Observer &me) {
  Cell first{load(byte.read[0])}, second{load(byte.read[1])};
  if (first.thread() == me.self.thread() || me.isOrdered(first))
    store(byte.read[0], me.self.bits);
  else if (me.isOrdered(second) || second.owner() == first.owner())
    store(byte.read[1], me.self.bits);
}

std::optional<Conflict> touch(ByteCells &byte, AccessKind kind, const Observer &me) {
  auto races = [&](Cell earlier) {
    return !me.isOrdered(earlier) && !(me.self.isAtomic() && earlier.isAtomic());
  };
  Cell written{load(byte.written)};
  std::optional<Conflict> conflict;
  if (races(written))
    conflict = {written, true};
  if (kind == AccessKind::Read) {
    recordRead(byte, me);
    return conflict;
  }
  for (std::atomic<uint64_t> &read : byte.read) {
    Cell reader{load(read)};
    if (!conflict && races(reader))
      conflict = {reader, false};
  }
  store(byte.written, me.self.bits);
  if (!conflict) { // all reads are ordered before this write
    store(byte.read[0], 0);
    store(byte.read[1], 0);
  }
  return conflict;
}

} // namespace

std::optional<Conflict> tilewright::ptx::recordAccess(ByteCells *bytes, unsigned count, Cell access,
                                                      AccessKind kind, const Known &known,
                                                      bool isPrivate) {
  Observer me{access, known, isPrivate};
  std::optional<Conflict> conflict;
  for (unsigned i = 0; i < count; ++i)
    if (auto found = touch(bytes[i], kind, me); found && !conflict)
      conflict = found;
  return conflict;
}
