//===- Machine.h - warps and blocks while they run ------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_MACHINE_H
#define TILEWRIGHT_LIB_PTXSIM_MACHINE_H

#include "lib/PtxSim/Launch.h"
#include "lib/PtxSim/Memory.h"
#include "lib/PtxSim/Program.h"
#include <bit>
#include <deque>
#include <mutex>
#include <random>

namespace tilewright::ptx {

struct Block;
constexpr uint32_t AllLanes = ~0u;

/// Calls f(lane) for each lane of a mask.
template <class F>
void forLanes(uint32_t mask, F f) {
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(std::countr_zero(mask)));
}

/// Lanes of a warp that stand at one operation.
struct Group {
  uint32_t pc = 0, lanes = 0;
  enum State : uint8_t {
    Ready,
    AtWarpSync, // at an operation for which other lanes of the warp are missing
    AtBarrier
  } state = Ready;
  uint32_t barrier = 0;      // AtBarrier: its number,
  uint32_t participants = 0; // how many threads it is for
};

/// One cp.async of one lane: its bytes land when a wait completes its group (9.7.9.25).
struct PendingCopy {
  uint32_t lane;
  uint64_t destination; // offset into shared memory
  uint32_t bytes;
  std::array<uint8_t, 16> data; // read at issue
};

struct Warp {
  Block *block = nullptr;
  uint32_t index = 0;
  // The running group.
  uint32_t pc = 0, active = 0;
  bool isBlocked = false;             // the handler found that the group must wait; see `waiting`
  Group waiting;                      // how
  llvm::SmallVector<Group, 4> others; // groups that do not run now
  uint32_t initial = 0, live = 0;     // lanes that exist; that have not returned
  uint32_t liveAtRetry = 0;           // when groups that wait for the warp last tried again

  std::vector<uint8_t> file;              // registers, see Program.h
  std::vector<uint32_t> defined;          // mask of lanes per slot
  std::vector<uint8_t> local, localState; // localBytes per lane
  struct Return {
    uint32_t pc, call; // call: of Program::calls
  };
  std::array<std::vector<Return>, WarpSize> calls; // return addresses per lane

  bool isFenced = false;           // has executed a fence
  Clocks clocks = {};              // see Races.h; clocks[index] is its own
  std::vector<PendingCopy> issued; // not committed yet
  std::array<std::deque<std::vector<PendingCopy>>, WarpSize> committed; // groups per lane

  template <class T>
  T *lanes(const Slot &slot) {
    return reinterpret_cast<T *>(file.data() + slot.offset);
  }
  uint32_t &predicate(const Slot &slot) { return *lanes<uint32_t>(slot); }
  /// Sets the active lanes of a result.
  template <class T>
  void set(const Slot &slot, const T (&values)[WarpSize]) {
    T *to = lanes<T>(slot);
    if (active == AllLanes) {
      memcpy(to, values, sizeof(values));
      return;
    }
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      to[lane] = active >> lane & 1 ? values[lane] : to[lane];
  }
  void setPredicate(const Slot &slot, uint32_t mask) {
    uint32_t &to = predicate(slot);
    to = (to & ~active) | (mask & active);
  }
  /// A slot of any size as 64-bit values, zero-extended; and back, cut off.
  void widen(const Slot &slot, uint64_t (&values)[WarpSize]);
  void narrow(const Slot &slot, const uint64_t (&values)[WarpSize]);

  /// Reports a fault of one lane at an operation and stops the block.
  void fault(FaultKind kind, const Op &op, unsigned lane, const llvm::Twine &what);
  /// Lets the running group wait for the rest of the warp, see Group::AtWarpSync.
  void waitForWarp();
  /// Are all lanes of `mask` that still live here? If not, waits for them and returns false.
  bool gather(uint32_t mask);
  /// The same for a .sync instruction with a mask of members, which must hold the lanes that
  /// execute it.
  bool gatherMembers(const Op &op, const Slot &mask);
  /// What the warp does from now on is ordered behind what it did before.
  void tick();
  std::string threadName(unsigned lane) const;
};

/// What the blocks of a launch have published, by the address of an atomic or strong access.
struct Publications {
  std::mutex lock;
  std::map<uint64_t, llvm::DenseSet<uint32_t>> blocks;
};

struct Block {
  Block(DeviceMemory &memory, const Program &program, const LaunchConfig &config, uint32_t launch,
        Publications &publications);

  /// Runs one block of the grid from start to end.
  void run(Dim3 position, uint64_t number);

  DeviceMemory &memory;
  const Program &program;
  const LaunchConfig &config;
  const uint32_t launch;
  std::vector<Warp> warps;
  Storage shared;
  Dim3 position;
  uint64_t number = 0; // of the block in the grid
  std::mt19937 random;
  std::vector<Fault> faults; // of all blocks that ran here
  bool isStopped = false;    // by a fault
  Counters counters;
  Allocation *lastFound = nullptr; // by an access to global memory
  /// Threads that went on after bar.arrive, per barrier.
  struct Arrivals {
    unsigned threads = 0;
    Clocks clocks = {};
  };
  std::array<Arrivals, 16> arrivals;

  /// Adds a race, once per pair of instructions.
  void race(Warp &warp, const Op &op, unsigned lane, Space space, uint64_t address, AccessKind kind,
            const Conflict &conflict);
  Known known(const Warp &warp) const { return {warp.clocks, knownBlocks}; }
  /// Learns what blocks have published at an address; tells what this one knows if it `publishes`.
  void synchronize(uint64_t address, bool publishes);
  std::string spot(Space space, uint64_t address) const;

private:
  void begin(Warp &warp);
  bool step(Warp &warp, uint64_t quantum);
  bool selectGroup(Warp &warp, bool isFair);
  bool retryWarps();
  void runOp(Warp &warp, const Op &op);
  bool checkDefined(Warp &warp, const Op &op);
  bool releaseBarriers();
  void release(unsigned barrier);
  void explainStandstill();

  Publications &publications;
  llvm::DenseSet<uint32_t> knownBlocks; // whose work is ordered before what comes
  std::vector<std::pair<uint64_t, uint64_t>> seenRaces;
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_MACHINE_H
