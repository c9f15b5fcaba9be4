//===- Launch.h - runs a kernel, reports faults and counters --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_LAUNCH_H
#define TILEWRIGHT_LIB_PTXSIM_LAUNCH_H

#include "lib/PtxSim/Memory.h"
#include "lib/PtxSim/Program.h"

namespace llvm {
class raw_ostream;
}

namespace tilewright::ptx {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

struct LaunchConfig {
  Dim3 grid, block;
  uint64_t dynamicShared = 0;      // bytes of the .extern .shared array
  std::vector<uint8_t> parameters; // laid out as Program::parameters
  uint64_t seed = 0;               // of the order of warps; 0: in order, one after the other
  bool findRaces = true;
  unsigned threads = 0;                         // of the host; 0: all
  uint64_t maxInstructions = uint64_t(1) << 36; // of one block, counted per thread
};

enum class FaultKind : uint8_t {
  OutOfBounds,
  Misaligned,
  Uninitialised, // memory
  Undefined,     // a register
  Divergence,    // at a .sync instruction or an aligned barrier
  Barrier,       // threads that cannot arrive any more
  Deadlock,
  Race,
  Arithmetic, // division of integers by zero
  Trap,
  Limit // maxInstructions, clocks
};

llvm::StringRef faultName(FaultKind kind);

struct Fault {
  FaultKind kind;
  unsigned line; // of the PTX text; 0: none
  std::string message;
};

/// What the active lanes of one executed instruction cost, summed up.
struct LineCounters {
  uint64_t executed = 0;     // per warp
  uint64_t sectors = 0;      // of 32 bytes of global memory
  uint64_t idealSectors = 0; // if the same bytes were next to each other
  uint64_t wavefronts = 0;   // of shared memory: passes over its 32 banks
  uint64_t idealWavefronts = 0;
};

struct Counters {
  uint64_t warpInstructions = 0, threadInstructions = 0;
  uint64_t mma = 0;
  uint64_t multiplyAdds = 0;       // inside of mma
  uint64_t barriers = 0;           // per block
  std::vector<LineCounters> perOp; // parallel to Program::ops

  void add(const Counters &other);
};

struct Report {
  std::vector<Fault> faults; // empty: all went well
  Counters counters;
};

/// Runs all blocks of the grid (9.7.13, chapter 2). Faults stop the launch, but races are
/// collected. Fails without running anything if the configuration does not fit the kernel.
llvm::Expected<Report> launch(DeviceMemory &memory, const Program &program,
                              const LaunchConfig &config);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_LAUNCH_H
