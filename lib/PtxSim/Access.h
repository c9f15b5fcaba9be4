//===- Access.h - checked accesses of a warp to memory --------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_ACCESS_H
#define TILEWRIGHT_LIB_PTXSIM_ACCESS_H

#include "lib/PtxSim/Machine.h"

namespace tilewright::ptx {

/// One lane's bytes on the host.
struct Located {
  uint8_t *data = nullptr, *state = nullptr;
};

/// What the active lanes access at an operation.
struct WarpAccess {
  Space space = Space::Generic;
  unsigned bytes = 0;     // per lane
  unsigned alignment = 0; // of addresses; 0: they are multiples of `bytes`
  AccessKind kind = AccessKind::Read;
  bool isAtomic = false;
  uint64_t address[WarpSize];
  Located located[WarpSize]; // of active lanes, after check()

  /// Addresses from a source and the offset of `op`.
  void setAddresses(Warp &warp, const Op &op, const Slot &base, int64_t offset);
  /// Finds the bytes of all active lanes. Reports misaligned addresses, such outside of any buffer,
  /// reads of what nothing has written, and races; counts sectors and bank conflicts. Writes make
  /// their bytes initialised. False after a fault.
  bool check(Warp &warp, const Op &op);
  /// Of a strong access to global memory: takes over what other blocks have published at its
  /// addresses, and publishes this block's work if it writes behind a fence.
  void synchronize(Warp &warp, const Op &op) const;

private:
  bool locate(Warp &warp, const Op &op, unsigned lane);
  bool locateGlobal(Warp &warp, const Op &op, unsigned lane, Located &found, ByteCells *&cells);
  void fail(Warp &warp, const Op &op, unsigned lane, FaultKind kind, const llvm::Twine &what) const;
};

/// Wavefronts of shared memory (5.1.5): 32 banks of 4 bytes; lanes that read one word share it.
/// Accesses of 8 and 16 bytes are served per half and quarter of a warp.
void countShared(LineCounters &counters, uint32_t lanes, const uint64_t (&address)[WarpSize],
                 unsigned bytes);
/// Sectors of 32 bytes of global memory.
void countGlobal(LineCounters &counters, uint32_t lanes, const uint64_t (&address)[WarpSize],
                 unsigned bytes);

/// Ends the copies of one lane up to those of its newest `pendingGroups` groups
/// (cp.async.wait_group).
void landCopies(Warp &warp, const Op &op, unsigned lane, size_t pendingGroups);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_ACCESS_H
