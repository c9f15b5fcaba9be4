//===- Races.h - who touched a byte, and was it ordered? ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two accesses of different threads to one byte race if one of them writes, not both are atomic,
// and no barrier stands between them (8.10). Order is kept by vector clocks per warp, as in
// FastTrack (Flanagan and Freund, PLDI 2009): every warp counts its barriers in its own clock; a
// barrier makes each participant know the clocks of all others. An access is stored as a cell; a
// later access of another warp is ordered behind it if that warp's clock is known. So barriers of a
// part of the warps (bar.sync 1, 64) and bar.warp.sync are as exact as bar.sync 0.
//
// A byte has three cells: the last write and two reads of different threads. Two reads are enough:
// a later write is by another thread than at least one of them.
//
//   cell  = launch:4 | block:18 | warp:5 | lane:5 | clock:16 | atomic:1 | instruction:15
//
// Blocks beyond 2^18 share numbers, which can hide a race between blocks, never invent one.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_RACES_H
#define TILEWRIGHT_LIB_PTXSIM_RACES_H

#include "llvm/ADT/DenseSet.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace tilewright::ptx {

constexpr unsigned WarpSize = 32, MaxWarps = 32;

/// Clocks of all warps of a block that one warp knows.
using Clocks = std::array<uint32_t, MaxWarps>;

/// One access, packed into 64 bits. 0: none.
struct Cell {
  uint64_t bits = 0;

  static constexpr unsigned InstructionBits = 15, ClockBits = 16, BlockBits = 18;
  static constexpr uint32_t MaxClock = (1u << ClockBits) - 1;
  static constexpr uint32_t UnknownInstruction = (1u << InstructionBits) - 1;

  static Cell make(uint32_t launch, uint64_t block, uint32_t warp, uint32_t lane, uint32_t clock,
                   uint32_t instruction, bool isAtomic) {
    uint64_t bits = launch & 15u;
    bits = bits << BlockBits | (block & ((1u << BlockBits) - 1));
    bits = bits << 5 | warp;
    bits = bits << 5 | lane;
    bits = bits << ClockBits | (clock & MaxClock);
    bits = bits << 1 | uint64_t(isAtomic);
    bits = bits << InstructionBits | std::min(instruction, UnknownInstruction);
    return {bits};
  }

  uint32_t instruction() const { return bits & UnknownInstruction; }
  bool isAtomic() const { return bits >> InstructionBits & 1; }
  uint32_t clock() const { return bits >> 16 & MaxClock; }
  uint32_t lane() const { return bits >> 32 & 31; }
  uint32_t warp() const { return bits >> 37 & 31; }
  uint32_t block() const { return bits >> 42 & ((1u << BlockBits) - 1); }
  /// Launch and block: equal for accesses of one block.
  uint64_t owner() const { return bits >> 42; }
  uint32_t launch() const { return static_cast<uint32_t>(bits >> 60); }
  /// Without clock and instruction: equal for accesses of one thread.
  uint64_t thread() const { return bits >> 32; }
  explicit operator bool() const { return bits != 0; }
};

/// Who touched one byte. Blocks run in parallel on threads of the host, hence atomics; relaxed ones
/// are enough, as a race that is seen late is seen by the other side.
struct ByteCells {
  std::atomic<uint64_t> written, read[2];
};

enum class AccessKind : uint8_t { Read, Write };

/// An earlier access that the new one races with.
struct Conflict {
  Cell earlier;
  bool earlierWrote = false;
};

/// What one warp knows of others when it accesses memory: the clocks of warps of its block, and
/// which blocks have published their work to this one by a fence and an atomic (chapter 8).
struct Known {
  const Clocks &clocks;
  const llvm::DenseSet<uint32_t> &blocks;
};

/// Records one thread's access to consecutive bytes, and looks for a race; two atomic accesses
/// never race (also of strong loads and stores, 8.4). Memory of one block only (shared) is
/// `isPrivate`: accesses of other blocks are left-overs there.
std::optional<Conflict> recordAccess(ByteCells *bytes, unsigned count, Cell access, AccessKind kind,
                                     const Known &known, bool isPrivate);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_RACES_H
