//===- Access.cpp - checked accesses of a warp to memory ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Access.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

void WarpAccess::setAddresses(Warp &warp, const Op &op, const Slot &base, int64_t offset) {
  warp.widen(base, address);
  for (uint64_t &a : address)
    a += static_cast<uint64_t>(offset);
}

void WarpAccess::fail(Warp &warp, const Op &op, unsigned lane, FaultKind kind,
                      const Twine &what) const {
  StringRef verb =
      kind == FaultKind::Uninitialised || this->kind == AccessKind::Read ? "reads" : "writes";
  warp.fault(kind, op, lane,
             verb + " " + Twine(bytes) + " bytes of " + warp.block->spot(space, address[lane]) +
                 what);
}

bool WarpAccess::locateGlobal(Warp &warp, const Op &op, unsigned lane, Located &found,
                              ByteCells *&cells) {
  Block &block = *warp.block;
  uint64_t at = address[lane];
  Allocation *buffer = block.lastFound;
  if (!buffer || at < buffer->address || at + bytes > buffer->address + buffer->storage.size())
    buffer = block.memory.find(at, bytes);
  if (!buffer) {
    const Allocation *near = block.memory.nearest(at);
    fail(warp, op, lane, FaultKind::OutOfBounds,
         near ? ", which has " + Twine(near->storage.size()) + " bytes"
              : Twine(", where no buffer lies"));
    return false;
  }
  block.lastFound = buffer;
  if (buffer->isConstant && kind == AccessKind::Write) {
    fail(warp, op, lane, FaultKind::OutOfBounds, ", which is constant");
    return false;
  }
  uint64_t offset = at - buffer->address;
  found = {buffer->storage.data.data() + offset, buffer->storage.state.data() + offset};
  if (buffer->storage.cells)
    cells = buffer->storage.cells->data() + offset;
  return true;
}

/// Finds one lane's bytes, checks and records the access.
bool WarpAccess::locate(Warp &warp, const Op &op, unsigned lane) {
  Block &block = *warp.block;
  uint64_t &at = address[lane];
  if (at % (alignment ? alignment : bytes)) {
    fail(warp, op, lane, FaultKind::Misaligned, ", whose address is no multiple of the size");
    return false;
  }
  ByteCells *cells = nullptr;
  Located &found = located[lane];
  auto inBounds = [&](uint64_t size) {
    bool fits = at <= size && bytes <= size - at;
    if (!fits)
      fail(warp, op, lane, FaultKind::OutOfBounds, ", which has " + Twine(size) + " bytes in all");
    return fits;
  };
  switch (space) {
  case Space::Shared:
    if (!inBounds(block.shared.size()))
      return false;
    found = {block.shared.data.data() + at, block.shared.state.data() + at};
    if (block.shared.cells)
      cells = block.shared.cells->data() + at;
    break;
  case Space::Local: {
    if (!inBounds(block.program.localBytes))
      return false;
    size_t offset = lane * block.program.localBytes + at;
    found = {warp.local.data() + offset, warp.localState.data() + offset};
    break;
  }
  case Space::Param:
    if (!inBounds(block.config.parameters.size()))
      return false;
    found = {const_cast<uint8_t *>(block.config.parameters.data()) + at, nullptr};
    return true;
  default:
    if (!locateGlobal(warp, op, lane, found, cells))
      return false;
  }
  if (cells) {
    auto instruction = static_cast<uint32_t>(&op - block.program.ops.data());
    Cell me = Cell::make(block.launch, block.number, warp.index, lane, warp.clocks[warp.index],
                         instruction, isAtomic);
    if (auto conflict =
            recordAccess(cells, bytes, me, kind, block.known(warp), space == Space::Shared))
      block.race(warp, op, lane, space, at, kind, *conflict);
  }
  if (kind == AccessKind::Read || isAtomic)
    for (unsigned i = 0; i < bytes; ++i)
      if (found.state[i] != Initialised) {
        fail(warp, op, lane, FaultKind::Uninitialised,
             found.state[i] == Pending ? ", to which a cp.async copies that nobody has waited for"
                                       : ", which nothing has written");
        return false;
      }
  if (kind == AccessKind::Write) {
    if (found.state[0] == Pending) {
      fail(warp, op, lane, FaultKind::Uninitialised,
           ", to which a cp.async copies that nobody has waited for");
      return false;
    }
    memset(found.state, Initialised, bytes);
  }
  return true;
}

bool WarpAccess::check(Warp &warp, const Op &op) {
  // Lanes of a generic access may name different spaces; each is looked at with its own.
  Space given = space;
  bool fine = true;
  forLanes(warp.active, [&](unsigned lane) {
    if (!fine)
      return;
    if (given == Space::Generic || given == Space::Const) {
      uint64_t window = address[lane] / WindowSize * WindowSize;
      space = window == SharedWindow  ? Space::Shared
              : window == LocalWindow ? Space::Local
              : window == ParamWindow ? Space::Param
                                      : Space::Global;
      address[lane] -= windowOf(space);
    }
    fine = locate(warp, op, lane);
  });
  if (!fine)
    return false;
  LineCounters &counters =
      warp.block->counters.perOp[static_cast<size_t>(&op - warp.block->program.ops.data())];
  if (space == Space::Shared)
    countShared(counters, warp.active, address, bytes);
  else if (space == Space::Global)
    countGlobal(counters, warp.active, address, bytes);
  return true;
}

void WarpAccess::synchronize(Warp &warp, const Op &op) const {
  if (space != Space::Global || !warp.block->config.findRaces)
    return;
  bool publishes = kind == AccessKind::Write && (warp.isFenced || op.has(Releasing));
  forLanes(warp.active, [&](unsigned lane) { warp.block->synchronize(address[lane], publishes); });
}

void tilewright::ptx::countShared(LineCounters &counters, uint32_t lanes,
                                  const uint64_t (&address)[WarpSize], unsigned bytes) {
  constexpr unsigned Banks = 32, WordBytes = 4;
  unsigned lanesAtOnce = std::min(WarpSize, Banks * WordBytes / std::max(bytes, WordBytes));
  for (unsigned first = 0; first < WarpSize; first += lanesAtOnce) {
    uint32_t served = lanes >> first & (lanesAtOnce == 32 ? ~0u : (1u << lanesAtOnce) - 1);
    if (!served)
      continue;
    SmallVector<uint64_t, WarpSize> words; // different ones
    std::array<uint8_t, Banks> depth = {};
    unsigned deepest = 0;
    forLanes(served, [&](unsigned lane) {
      uint64_t begin = address[first + lane] / WordBytes;
      uint64_t end = (address[first + lane] + bytes - 1) / WordBytes;
      for (uint64_t word = begin; word <= end; ++word) {
        // Neighbours usually read the same word or ascending ones.
        if (is_contained(reverse(words), word))
          continue;
        words.push_back(word);
        deepest = std::max<unsigned>(deepest, ++depth[word % Banks]);
      }
    });
    counters.wavefronts += deepest;
    counters.idealWavefronts += 1;
  }
}

void tilewright::ptx::countGlobal(LineCounters &counters, uint32_t lanes,
                                  const uint64_t (&address)[WarpSize], unsigned bytes) {
  constexpr uint64_t SectorBytes = 32;
  SmallVector<uint64_t, WarpSize> sectors, places; // different ones
  forLanes(lanes, [&](unsigned lane) {
    uint64_t sector = address[lane] / SectorBytes;
    if (!is_contained(reverse(sectors), sector))
      sectors.push_back(sector);
    if (!is_contained(reverse(places), address[lane]))
      places.push_back(address[lane]);
  });
  counters.sectors += sectors.size();
  counters.idealSectors += (places.size() * bytes + SectorBytes - 1) / SectorBytes;
}
