//===- Block.cpp - schedules the warps of a block -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr size_t MaxRaces = 20;           // reported per thread of the host
constexpr uint64_t LongQuantum = 1 << 16; // operations of a warp in a row without a seed

uint64_t specialValue(Special which, const Warp &warp, unsigned lane) {
  const Block &block = *warp.block;
  const Dim3 &size = block.config.block, &grid = block.config.grid;
  uint64_t thread = warp.index * WarpSize + lane;
  uint32_t bit = 1u << lane;
  switch (which) {
  case Special::tidX:
    return thread % size.x;
  case Special::tidY:
    return thread / size.x % size.y;
  case Special::tidZ:
    return thread / size.x / size.y;
  case Special::ntidX:
    return size.x;
  case Special::ntidY:
    return size.y;
  case Special::ntidZ:
    return size.z;
  case Special::ctaidX:
    return block.position.x;
  case Special::ctaidY:
    return block.position.y;
  case Special::ctaidZ:
    return block.position.z;
  case Special::nctaidX:
    return grid.x;
  case Special::nctaidY:
    return grid.y;
  case Special::nctaidZ:
    return grid.z;
  case Special::laneid:
    return lane;
  case Special::warpid:
    return warp.index;
  case Special::nwarpid:
    return block.warps.size();
  case Special::lanemaskEq:
    return bit;
  case Special::lanemaskLe:
    return bit | (bit - 1);
  case Special::lanemaskLt:
    return bit - 1;
  case Special::lanemaskGe:
    return ~(bit - 1);
  case Special::lanemaskGt:
    return ~(bit | (bit - 1));
  case Special::dynamicShared:
    return block.config.dynamicShared;
  case Special::totalShared:
    return block.shared.size();
  case Special::warpSize:
    return WarpSize;
  }
  return 0;
}

} // namespace

Block::Block(DeviceMemory &memory, const Program &program, const LaunchConfig &config,
             uint32_t launch, Publications &publications)
    : memory(memory), program(program), config(config), launch(launch),
      warps((config.block.count() + WarpSize - 1) / WarpSize),
      shared(program.sharedBytes + config.dynamicShared), publications(publications) {
  counters.perOp.resize(program.ops.size());
  if (config.findRaces)
    shared.trackRaces();
  for (auto [i, warp] : enumerate(warps)) {
    warp.block = this;
    warp.index = static_cast<uint32_t>(i);
    warp.file.resize(program.fileBytes + 64);
    warp.defined.resize(program.numSlots);
    warp.local.resize(program.localBytes * WarpSize);
    warp.localState.resize(program.localBytes * WarpSize);
    warp.active = AllLanes;
    for (const Program::Constant &constant : program.constants) {
      uint64_t values[WarpSize];
      std::fill_n(values, WarpSize, constant.slot.bits == 1 ? constant.value != 0 : constant.value);
      warp.narrow(constant.slot, values);
    }
  }
}

void Block::begin(Warp &warp) {
  uint64_t threads = config.block.count() - warp.index * WarpSize;
  warp.pc = 0;
  warp.others.clear();
  warp.isBlocked = false;
  std::fill(warp.defined.begin(), warp.defined.end(), 0);
  std::fill(warp.localState.begin(), warp.localState.end(), Uninitialised);
  warp.active = AllLanes;
  for (const Program::Constant &constant : program.constants)
    warp.defined[constant.slot.index] = AllLanes;
  for (auto [slot, which] : program.specials) {
    uint64_t values[WarpSize];
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      values[lane] = specialValue(which, warp, lane);
    warp.narrow(slot, values);
    warp.defined[slot.index] = AllLanes;
  }
  warp.initial = warp.live = warp.liveAtRetry = warp.active =
      threads >= WarpSize ? AllLanes : (1u << threads) - 1;
  for (auto &calls : warp.calls)
    calls.clear();
  warp.issued.clear();
  for (auto &groups : warp.committed)
    groups.clear();
  warp.isFenced = false;
  warp.clocks = {};
  warp.clocks[warp.index] = 1;
}

/// Sources must be defined in all active lanes; results become so. A copy passes on what is not.
bool Block::checkDefined(Warp &warp, const Op &op) {
  uint32_t missing = 0;
  for (unsigned i = op.numResults; i < op.numSlots; ++i)
    missing |= ~warp.defined[op.slots[i].index];
  missing &= warp.active;
  if (missing && !op.passesUndefined) {
    warp.fault(FaultKind::Undefined, op, static_cast<unsigned>(std::countr_zero(missing)),
               "reads a register that nothing has written");
    return false;
  }
  for (unsigned i = 0; i < op.numResults; ++i) {
    uint32_t &defined = warp.defined[op.slots[i].index];
    defined = (defined | warp.active) & ~missing;
  }
  return true;
}

void Block::runOp(Warp &warp, const Op &op) {
  uint32_t all = warp.active;
  ++counters.warpInstructions;
  counters.threadInstructions += static_cast<unsigned>(std::popcount(all));
  ++counters.perOp[static_cast<size_t>(&op - program.ops.data())].executed;
  if (op.isGuarded) {
    uint32_t undefined = all & ~warp.defined[op.guard.index];
    if (undefined)
      return warp.fault(FaultKind::Undefined, op,
                        static_cast<unsigned>(std::countr_zero(undefined)),
                        "is guarded by a predicate that nothing has written");
    uint32_t guard = warp.predicate(op.guard);
    warp.active &= op.isGuardNegated ? ~guard : guard;
    if (warp.active == 0) {
      warp.active = all;
      return;
    }
    if (op.splits && warp.active != all)
      warp.others.push_back({warp.pc, all & ~warp.active});
  }
  if (!checkDefined(warp, op))
    return;
  op.run(warp, op);
  if (!op.splits)
    warp.active = all;
}

/// Makes the ready group of least rank run; if `isFair`, any ready group. False if all wait.
bool Block::selectGroup(Warp &warp, bool isFair) {
  if (warp.active)
    warp.others.push_back({warp.pc, warp.active});
  warp.active = 0;
  // Lanes that meet go on together.
  for (size_t i = 0; i < warp.others.size(); ++i)
    for (size_t j = warp.others.size(); --j > i;) {
      Group &first = warp.others[i], &second = warp.others[j];
      if (first.pc != second.pc || first.state == Group::AtBarrier ||
          second.state == Group::AtBarrier)
        continue;
      first.lanes |= second.lanes;
      first.state = Group::Ready;
      warp.others.erase(&second);
    }
  Group *chosen = nullptr;
  size_t ready = 0;
  for (Group &group : warp.others) {
    if (group.state != Group::Ready)
      continue;
    ++ready;
    bool isBetter = isFair ? random() % ready == 0
                           : !chosen || program.ops[group.pc].rank < program.ops[chosen->pc].rank;
    if (isBetter)
      chosen = &group;
  }
  if (!chosen)
    return false;
  warp.pc = chosen->pc;
  warp.active = chosen->lanes;
  warp.others.erase(chosen);
  return true;
}

/// Runs a warp until it waits, ends or has used up its quantum. Did it do anything?
bool Block::step(Warp &warp, uint64_t quantum) {
  if (!selectGroup(warp, /*isFair=*/false))
    return false;
  for (uint64_t i = 0; i < quantum; ++i) {
    const Op &op = program.ops[warp.pc++];
    runOp(warp, op);
    if (isStopped)
      return true;
    if (warp.isBlocked) {
      warp.isBlocked = false;
      warp.others.push_back(warp.waiting);
      warp.active = 0;
    }
    if ((warp.active == 0 || !warp.others.empty()) && !selectGroup(warp, i + 1 == quantum))
      return true;
  }
  return true;
}

void Block::run(Dim3 at, uint64_t linear) {
  position = at;
  number = linear;
  random.seed(static_cast<uint32_t>(config.seed * 0x9E3779B9u + linear));
  if (shared.size())
    memset(shared.state.data(), Uninitialised, shared.size());
  arrivals = {};
  knownBlocks.clear();
  std::vector<Warp *> order;
  for (Warp &warp : warps) {
    begin(warp);
    order.push_back(&warp);
  }
  uint64_t first = counters.threadInstructions;
  while (!isStopped) {
    if (config.seed)
      std::shuffle(order.begin(), order.end(), random);
    bool progressed = false;
    for (Warp *warp : order) {
      if (warp->live && !isStopped)
        progressed |= step(*warp, config.seed ? 1 + random() % 128 : LongQuantum);
    }
    if (all_of(warps, [](const Warp &warp) { return warp.live == 0; }))
      return;
    if (!progressed && !isStopped && !retryWarps() && !releaseBarriers())
      explainStandstill();
    if (counters.threadInstructions - first > config.maxInstructions)
      warps[0].fault(FaultKind::Limit, program.ops[warps[0].pc], 0,
                     "does not end after " + Twine(config.maxInstructions) + " instructions");
  }
}

/// Lanes that returned are no longer waited for.
bool Block::retryWarps() {
  bool found = false;
  for (Warp &warp : warps) {
    if (warp.live == warp.liveAtRetry)
      continue;
    warp.liveAtRetry = warp.live;
    for (Group &group : warp.others)
      if (group.state == Group::AtWarpSync) {
        group.state = Group::Ready;
        found = true;
      }
  }
  return found;
}

namespace {

/// Threads that wait at a barrier. Lanes that do not exist count with those of their warp.
unsigned countWaiting(const std::vector<Warp> &warps, unsigned barrier) {
  unsigned count = 0;
  for (const Warp &warp : warps) {
    uint32_t lanes = 0;
    for (const Group &group : warp.others)
      if (group.state == Group::AtBarrier && group.barrier == barrier)
        lanes |= group.lanes;
    count += static_cast<unsigned>(std::popcount(lanes ? lanes | ~warp.initial : 0));
  }
  return count;
}

} // namespace

bool Block::releaseBarriers() {
  bool released = false;
  for (Warp &warp : warps)
    for (Group &group : warp.others)
      if (group.state == Group::AtBarrier &&
          countWaiting(warps, group.barrier) + arrivals[group.barrier].threads >=
              group.participants) {
        release(group.barrier);
        released = true;
      }
  return released;
}

void Block::release(unsigned barrier) {
  ++counters.barriers;
  Arrivals &arrived = arrivals[barrier];
  Clocks joined = arrived.clocks;
  auto waits = [&](const Group &group) {
    return group.state == Group::AtBarrier && group.barrier == barrier;
  };
  for (Warp &warp : warps)
    if (any_of(warp.others, waits))
      for (unsigned i = 0; i < MaxWarps; ++i)
        joined[i] = std::max(joined[i], warp.clocks[i]);
  for (Warp &warp : warps) {
    if (none_of(warp.others, waits))
      continue;
    warp.clocks = joined;
    warp.tick();
    for (Group &group : warp.others)
      if (waits(group))
        group.state = Group::Ready;
  }
  arrived = Arrivals();
}

/// Nothing can run any more: says who waits for whom.
void Block::explainStandstill() {
  uint64_t ended = 0;
  for (const Warp &warp : warps)
    ended += static_cast<unsigned>(std::popcount(warp.initial & ~warp.live));
  for (Warp &warp : warps)
    for (const Group &group : warp.others) {
      if (group.state != Group::AtWarpSync)
        continue;
      uint32_t missing = warp.live & ~group.lanes;
      std::string where;
      for (const Group &other : warp.others)
        if (other.lanes & missing)
          where += " line " + utostr(program.ops[other.pc].line);
      return warp.fault(FaultKind::Divergence, program.ops[group.pc],
                        static_cast<unsigned>(std::countr_zero(group.lanes)),
                        "diverged: lanes 0x" + utohexstr(group.lanes) +
                            " of the warp wait for lanes 0x" + utohexstr(missing) +
                            ", which wait at" + where);
    }
  std::string waits;
  Warp *first = nullptr;
  const Group *at = nullptr;
  for (Warp &warp : warps)
    for (const Group &group : warp.others)
      if (!first) {
        first = &warp;
        at = &group;
      }
  unsigned waiting = countWaiting(warps, at->barrier) + arrivals[at->barrier].threads;
  const Op &op = program.ops[at->pc - 1];
  first->fault(ended ? FaultKind::Barrier : FaultKind::Deadlock, op,
               static_cast<unsigned>(std::countr_zero(at->lanes)),
               Twine(waiting) + " of " + Twine(at->participants) +
                   " threads have arrived at barrier " + Twine(unsigned(at->barrier)) + ", " +
                   (ended ? Twine(ended) + " have returned" : Twine("the others wait elsewhere")));
}

void Block::synchronize(uint64_t address, bool publishes) {
  std::lock_guard lock(publications.lock);
  auto found = publications.blocks.find(address);
  if (found != publications.blocks.end())
    knownBlocks.insert(found->second.begin(), found->second.end());
  if (!publishes)
    return;
  DenseSet<uint32_t> &published = publications.blocks[address];
  published.insert(knownBlocks.begin(), knownBlocks.end());
  published.insert(static_cast<uint32_t>(number & ((1u << Cell::BlockBits) - 1)));
}

std::string Block::spot(Space space, uint64_t address) const {
  std::string name = (spaceName(space) + " memory ").str();
  if (space == Space::Shared) {
    uint64_t best = 0;
    StringRef variable;
    for (const auto &entry : program.shared)
      if (entry.second <= address && (variable.empty() || entry.second >= best)) {
        best = entry.second;
        variable = entry.first();
      }
    return variable.empty() ? name + utostr(address)
                            : (name + variable + "+" + Twine(address - best)).str();
  }
  if (const Allocation *near = space == Space::Global ? memory.nearest(address) : nullptr)
    return (name + near->name + "+" + Twine(address - near->address)).str();
  return name + "0x" + utohexstr(address);
}

void Block::race(Warp &warp, const Op &op, unsigned lane, Space space, uint64_t address,
                 AccessKind kind, const Conflict &conflict) {
  uint64_t here = static_cast<uint64_t>(&op - program.ops.data());
  uint64_t there = conflict.earlier.instruction();
  std::pair<uint64_t, uint64_t> key = {here, there};
  if (is_contained(seenRaces, key) || seenRaces.size() == MaxRaces)
    return;
  seenRaces.push_back(key);
  const Op *earlier = there < program.ops.size() ? &program.ops[there] : nullptr;
  const Dim3 &size = config.block;
  uint64_t thread = conflict.earlier.warp() * WarpSize + conflict.earlier.lane();
  bool isSameBlock = conflict.earlier.block() == (number & ((1u << Cell::BlockBits) - 1));
  std::string who =
      ("thread (" + Twine(thread % size.x) + "," + Twine(thread / size.x % size.y) + "," +
       Twine(thread / size.x / size.y) + ") of " +
       (isSameBlock ? Twine("the same block") : "block number " + Twine(conflict.earlier.block())))
          .str();
  faults.push_back(
      {FaultKind::Race, op.line,
       ("data race on " + spot(space, address) + ": " +
        (kind == AccessKind::Read ? "read" : "written") + " by " + warp.threadName(lane) + " `" +
        op.text + "`, " + (conflict.earlierWrote ? "written" : "read") + " by " + who +
        (earlier ? " at line " + Twine(earlier->line) + " `" + earlier->text + "`"
                 : Twine(" elsewhere")) +
        ", with no barrier between them")
           .str()});
}
