//===- Warp.cpp - 32 threads in step --------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Machine.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

template <class T>
void widenFrom(const T *from, uint64_t (&values)[WarpSize]) {
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    values[lane] = from[lane];
}

template <class T>
void narrowTo(Warp &warp, const Slot &slot, const uint64_t (&values)[WarpSize]) {
  T cut[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    cut[lane] = static_cast<T>(values[lane]);
  warp.set(slot, cut);
}

} // namespace

void Warp::widen(const Slot &slot, uint64_t (&values)[WarpSize]) {
  switch (slot.bits) {
  case 1:
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      values[lane] = predicate(slot) >> lane & 1;
    return;
  case 8:
    return widenFrom(lanes<uint8_t>(slot), values);
  case 16:
    return widenFrom(lanes<uint16_t>(slot), values);
  case 32:
    return widenFrom(lanes<uint32_t>(slot), values);
  default:
    return widenFrom(lanes<uint64_t>(slot), values);
  }
}

void Warp::narrow(const Slot &slot, const uint64_t (&values)[WarpSize]) {
  switch (slot.bits) {
  case 1: {
    uint32_t mask = 0;
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      mask |= static_cast<uint32_t>(values[lane] & 1) << lane;
    return setPredicate(slot, mask);
  }
  case 8:
    return narrowTo<uint8_t>(*this, slot, values);
  case 16:
    return narrowTo<uint16_t>(*this, slot, values);
  case 32:
    return narrowTo<uint32_t>(*this, slot, values);
  default:
    return narrowTo<uint64_t>(*this, slot, values);
  }
}

std::string Warp::threadName(unsigned lane) const {
  const Dim3 &size = block->config.block;
  uint64_t thread = index * WarpSize + lane;
  auto triple = [](uint64_t x, uint64_t y, uint64_t z) {
    return ("(" + Twine(x) + "," + Twine(y) + "," + Twine(z) + ")").str();
  };
  return "thread " + triple(thread % size.x, thread / size.x % size.y, thread / size.x / size.y) +
         " of block " + triple(block->position.x, block->position.y, block->position.z);
}

void Warp::fault(FaultKind kind, const Op &op, unsigned lane, const Twine &what) {
  if (block->isStopped)
    return;
  block->isStopped = true;
  block->faults.push_back(
      {kind, op.line, (what + ", in " + threadName(lane) + ": " + op.text).str()});
}

void Warp::waitForWarp() {
  isBlocked = true;
  waiting = {pc - 1, active, Group::AtWarpSync, 0, 0};
}

bool Warp::gather(uint32_t mask) {
  if ((mask & live & ~active) == 0)
    return true;
  waitForWarp();
  return false;
}

bool Warp::gatherMembers(const Op &op, const Slot &mask) {
  const auto *masks = lanes<uint32_t>(mask);
  uint32_t members = 0;
  forLanes(active, [&](unsigned lane) {
    members |= masks[lane];
    if (!(masks[lane] >> lane & 1))
      fault(FaultKind::Divergence, op, lane, "is no member of its own mask");
  });
  return !block->isStopped && gather(members);
}

void Warp::tick() {
  if (++clocks[index] > Cell::MaxClock && block->config.findRaces)
    fault(FaultKind::Limit, block->program.ops[pc ? pc - 1 : 0], 0,
          "more than " + Twine(Cell::MaxClock) + " barriers are too many for the search for races");
}
