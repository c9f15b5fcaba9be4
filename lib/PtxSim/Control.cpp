//===- Control.cpp - branches, calls and barriers (9.7.12, 9.7.13) --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

//===----------------------------------------------------------------------===//
// Branches and calls
//===----------------------------------------------------------------------===//

void branch(Warp &warp, const Op &op) {
  warp.pc = op.target;
}

/// 9.7.12.3 bra
Error bindBranch(const Binder &binder, Op &op) {
  op.splits = true;
  if (Error error = binder.expectOperands(1, 1))
    return error;
  Expected<uint32_t> target = binder.label(binder.statement.operands[0].name);
  if (!target)
    return target.takeError();
  op.target = *target;
  return Error::success();
}

/// 9.7.12.4 brx.idx: lanes go where their index says.
void branchByIndex(Warp &warp, const Op &op) {
  const std::vector<uint32_t> &targets = warp.block->program.tables[op.target];
  const auto *index = warp.lanes<uint32_t>(op.operand(0));
  forLanes(warp.active, [&](unsigned lane) {
    if (index[lane] >= targets.size())
      return warp.fault(FaultKind::OutOfBounds, op, lane,
                        "branches by index " + Twine(index[lane]) + " of " + Twine(targets.size()) +
                            " targets");
    warp.others.push_back({targets[index[lane]], 1u << lane});
  });
  warp.active = 0;
}

Error bindBranchByIndex(const Binder &binder, Op &op) {
  op.splits = true;
  if (Error error = binder.expectOperands(2, 2))
    return error;
  Expected<uint32_t> table = binder.branchTable(binder.statement.operands[1].name);
  if (!table)
    return table.takeError();
  op.target = *table;
  return binder.source(op, binder.statement.operands[0], 32);
}

void copyLocal(Warp &warp, unsigned lane, ArrayRef<Call::Copy> copies) {
  size_t base = lane * warp.block->program.localBytes;
  for (const Call::Copy &copy : copies) {
    memcpy(&warp.local[base + copy.to], &warp.local[base + copy.from], copy.bytes);
    memcpy(&warp.localState[base + copy.to], &warp.localState[base + copy.from], copy.bytes);
  }
}

/// 9.7.12.5 call. Registers and local variables of a function exist once per thread.
void call(Warp &warp, const Op &op) {
  const Program &program = warp.block->program;
  const Call &callee = program.calls[op.target];
  const Frame &frame = program.frames[callee.frame];
  forLanes(warp.active, [&](unsigned lane) {
    for (const Warp::Return &caller : warp.calls[lane])
      if (program.calls[caller.call].frame == callee.frame)
        return warp.fault(FaultKind::Limit, op, lane, "calls a function from itself");
    copyLocal(warp, lane, callee.arguments);
    warp.calls[lane].push_back({warp.pc, op.target});
  });
  for (uint32_t slot = frame.firstSlot; slot < frame.endSlot; ++slot)
    warp.defined[slot] &= ~warp.active;
  warp.pc = frame.entry;
}

Error bindCall(const Binder &binder, Op &op) {
  op.splits = true;
  ArrayRef<Operand> operands = binder.statement.operands;
  ArrayRef<Operand> results, arguments;
  if (!operands.empty() && operands.front().kind == Operand::Vector) {
    results = operands.front().parts;
    operands = operands.drop_front();
  }
  if (operands.empty() || operands.front().kind != Operand::Name)
    return binder.fail("expects the name of a function (calls through pointers are not supported)");
  if (operands.size() > 1 && operands[1].kind == Operand::Vector)
    arguments = operands[1].parts;
  Expected<uint32_t> index = binder.call(operands.front().name, arguments, results);
  if (!index)
    return index.takeError();
  op.target = *index;
  return Error::success();
}

/// 9.7.12.6 ret; of the kernel itself, the same as 9.7.12.7 exit.
void exitThread(Warp &warp, const Op &) {
  warp.live &= ~warp.active;
  warp.active = 0;
}

void returnFrom(Warp &warp, const Op &op) {
  uint32_t returning = warp.active;
  forLanes(returning, [&](unsigned lane) {
    if (warp.calls[lane].empty()) {
      warp.live &= ~(1u << lane);
      return;
    }
    Warp::Return back = warp.calls[lane].back();
    warp.calls[lane].pop_back();
    copyLocal(warp, lane, warp.block->program.calls[back.call].results);
    warp.others.push_back({back.pc, 1u << lane});
  });
  warp.active = 0;
}

void trap(Warp &warp, const Op &op) {
  warp.fault(FaultKind::Trap, op, static_cast<unsigned>(std::countr_zero(warp.active)), "traps");
}

template <Handler Run>
void addEnd(Table &table, StringRef key) {
  table.add(
      key,
      [](const Binder &binder, Op &op) {
        op.splits = true;
        return binder.expectOperands(0, 0);
      },
      Run, Uniform);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

/// 9.7.13.1: the number of a barrier and of its threads, which count by warps. Fills `group`.
bool readBarrier(Warp &warp, const Op &op, Group &group) {
  auto lane = static_cast<unsigned>(std::countr_zero(warp.active));
  uint32_t number = warp.lanes<uint32_t>(op.operand(0))[lane];
  auto all = static_cast<uint32_t>(warp.block->warps.size() * WarpSize);
  uint32_t count = op.numOperands() == 2 ? warp.lanes<uint32_t>(op.operand(1))[lane] : all;
  if (number >= warp.block->arrivals.size() || count == 0 || count % WarpSize || count > all) {
    warp.fault(FaultKind::Barrier, op, lane,
               "expects a barrier from 0 to 15 and a multiple of " + Twine(WarpSize) +
                   " threads of the block, got barrier " + Twine(number) + " and " + Twine(count) +
                   " threads");
    return false;
  }
  group = {warp.pc, warp.active, Group::AtBarrier, number, count};
  return true;
}

template <bool IsAligned>
void barrierSync(Warp &warp, const Op &op) {
  Group group;
  if ((IsAligned && !warp.gather(AllLanes)) || !readBarrier(warp, op, group))
    return;
  warp.isBlocked = true;
  warp.waiting = group;
}

/// Others may go on when this warp has arrived; it does not wait itself.
void barrierArrive(Warp &warp, const Op &op) {
  Group group;
  if (!warp.gather(AllLanes) || !readBarrier(warp, op, group))
    return;
  Block::Arrivals &arrivals = warp.block->arrivals[group.barrier];
  arrivals.threads += WarpSize;
  for (unsigned i = 0; i < MaxWarps; ++i)
    arrivals.clocks[i] = std::max(arrivals.clocks[i], warp.clocks[i]);
  warp.tick();
}

/// 9.7.13.2 bar.warp.sync
void warpSync(Warp &warp, const Op &op) {
  if (warp.gatherMembers(op, op.operand(0)))
    warp.tick();
}

Error bindBarrier(const Binder &binder, Op &op) {
  op.splits = true;
  return binder.bySignature(op, "w?w");
}

Error bindWarpSync(const Binder &binder, Op &op) {
  op.splits = true;
  return binder.bySignature(op, "w");
}

} // namespace

void tilewright::ptx::addControlRows(Table &table) {
  table.add("bra", bindBranch, branch, Uniform);
  table.add("brx.idx", bindBranchByIndex, branchByIndex, Uniform);
  table.add("call", bindCall, call, Uniform);
  addEnd<returnFrom>(table, "ret");
  addEnd<exitThread>(table, "exit");
  addEnd<trap>(table, "trap");
  table.add("bar.sync", bindBarrier, barrierSync<true>, Ordering);
  table.add("barrier.sync.aligned", bindBarrier, barrierSync<true>, Ordering);
  table.add("barrier.sync", bindBarrier, barrierSync<false>, Ordering);
  table.add("bar.arrive", bindBarrier, barrierArrive, Ordering);
  table.add("barrier.arrive.aligned", bindBarrier, barrierArrive, Ordering);
  table.add("bar.warp.sync", bindWarpSync, warpSync);
  // Memory is seen by all at once; fences matter to the search for races only.
  Bind bind = [](const Binder &, Op &) -> Error { return Error::success(); };
  Handler fence = [](Warp &warp, const Op &) { warp.isFenced = true; };
  Handler nothing = [](Warp &, const Op &) {};
  table.add("membar", bind, fence, Ordering);
  table.add("fence", bind, fence, Ordering);
  table.add("nanosleep", bind, nothing);
  table.add("griddepcontrol", bind, nothing);
}
