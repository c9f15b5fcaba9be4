//===- LoadStore.cpp - ld, st and cp.async (9.7.9) ------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Access.h"
#include "lib/PtxSim/Handlers.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// The element of op.type at `data`, extended as its type says.
uint64_t loadElement(const uint8_t *data, Type type) {
  uint64_t value = 0;
  memcpy(&value, data, type.bits / 8u);
  return type.isSigned() ? static_cast<uint64_t>(SignExtend64(value, type.bits)) : value;
}

void load(Warp &warp, const Op &op) {
  WarpAccess access;
  unsigned size = op.type.bits / 8u;
  access.space = op.space;
  access.bytes = size * op.vector;
  access.isAtomic = op.has(Ordering);
  access.setAddresses(warp, op, op.operand(0), op.offset);
  if (!access.check(warp, op))
    return;
  if (access.isAtomic)
    access.synchronize(warp, op);
  for (unsigned i = 0; i < op.vector; ++i) {
    if (op.type.bits == 128) {
      auto *to = warp.lanes<std::array<uint8_t, 16>>(op.result(i));
      forLanes(warp.active,
               [&](unsigned lane) { memcpy(&to[lane], access.located[lane].data + i * 16, 16); });
      continue;
    }
    uint64_t values[WarpSize];
    forLanes(warp.active, [&](unsigned lane) {
      values[lane] = loadElement(access.located[lane].data + i * size, op.type);
    });
    warp.narrow(op.result(i), values);
  }
}

void store(Warp &warp, const Op &op) {
  WarpAccess access;
  unsigned size = op.type.bits / 8u;
  access.space = op.space;
  access.bytes = size * op.vector;
  access.kind = AccessKind::Write;
  access.setAddresses(warp, op, op.operand(0), op.offset);
  access.isAtomic = op.has(Ordering);
  if (!access.check(warp, op))
    return;
  if (access.isAtomic)
    access.synchronize(warp, op);
  for (unsigned i = 0; i < op.vector; ++i) {
    const Slot &from = op.operand(i + 1);
    if (op.type.bits == 128) {
      auto *values = warp.lanes<std::array<uint8_t, 16>>(from);
      forLanes(warp.active, [&](unsigned lane) {
        memcpy(access.located[lane].data + i * 16, &values[lane], 16);
      });
      continue;
    }
    uint64_t values[WarpSize];
    warp.widen(from, values);
    forLanes(warp.active, [&](unsigned lane) {
      memcpy(access.located[lane].data + i * size, &values[lane], size);
    });
  }
}

Error checkAccess(const Binder &binder, const Op &op) {
  if (!op.type || op.type.kind == 'p' || op.type.bits * op.vector > 256)
    return binder.fail("expects a type of at most 256 bits in all");
  return binder.expectOperands(2, 2);
}

/// 9.7.9.8 ld, 9.7.9.9 ld.global.nc
Error bindLoad(const Binder &binder, Op &op) {
  if (Error error = checkAccess(binder, op))
    return error;
  const auto &operands = binder.statement.operands;
  if (Error error = binder.result(op, operands[0], op.type.bits, /*mayBeWider=*/true))
    return error;
  if (op.numResults != op.vector)
    return binder.fail("expects " + Twine(unsigned(op.vector)) + " results");
  return binder.address(op, operands[1]);
}

/// 9.7.9.11 st
Error bindStore(const Binder &binder, Op &op) {
  if (Error error = checkAccess(binder, op))
    return error;
  const auto &operands = binder.statement.operands;
  if (Error error = binder.address(op, operands[0]))
    return error;
  if (Error error = binder.source(op, operands[1], op.type.bits, /*mayBeWider=*/true))
    return error;
  if (op.numOperands() != op.vector + 1u)
    return binder.fail("expects " + Twine(unsigned(op.vector)) + " values");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// cp.async (9.7.9.25)
//===----------------------------------------------------------------------===//

/// Reads the source now and marks the destination as pending: until a wait, any access to it is a
/// fault. Operands: destination, source, and bytes of the source if fewer (the rest are zeros).
void copyAsync(Warp &warp, const Op &op) {
  WarpAccess from, to;
  from.space = Space::Global;
  from.alignment = to.bytes = op.vector;
  to.space = Space::Shared;
  to.kind = AccessKind::Write;
  to.setAddresses(warp, op, op.operand(0), op.offset);
  from.setAddresses(warp, op, op.operand(1), op.offset2);
  uint64_t taken[WarpSize];
  std::fill_n(taken, WarpSize, op.vector);
  if (op.numOperands() == 3)
    warp.widen(op.operand(2), taken);
  uint32_t all = warp.active;
  if (!to.check(warp, op))
    return;
  // Lanes that read equally many bytes are looked at together; none reads nothing at all.
  for (uint32_t left = all; left && !warp.block->isStopped; left &= ~warp.active) {
    uint64_t bytes = taken[std::countr_zero(left)];
    warp.active = 0;
    forLanes(left, [&](unsigned lane) { warp.active |= uint32_t(taken[lane] == bytes) << lane; });
    from.bytes = static_cast<unsigned>(std::min<uint64_t>(bytes, op.vector));
    if (bytes)
      from.check(warp, op);
  }
  warp.active = all;
  if (warp.block->isStopped)
    return;
  forLanes(all, [&](unsigned lane) {
    PendingCopy copy = {lane, to.address[lane], op.vector, {}};
    if (taken[lane])
      memcpy(copy.data.data(), from.located[lane].data, std::min<uint64_t>(taken[lane], op.vector));
    memset(to.located[lane].state, Pending, op.vector);
    warp.issued.push_back(copy);
  });
}

/// cp.async.commit_group: each lane's copies so far become its newest group.
void commitGroup(Warp &warp, const Op &op) {
  forLanes(warp.active, [&](unsigned lane) {
    std::vector<PendingCopy> group;
    std::copy_if(warp.issued.begin(), warp.issued.end(), std::back_inserter(group),
                 [&](const PendingCopy &copy) { return copy.lane == lane; });
    warp.committed[lane].push_back(std::move(group));
  });
  erase_if(warp.issued, [&](const PendingCopy &copy) { return warp.active >> copy.lane & 1; });
}

void waitGroup(Warp &warp, const Op &op) {
  forLanes(warp.active,
           [&](unsigned lane) { landCopies(warp, op, lane, static_cast<size_t>(op.offset)); });
}

Error bindCopyAsync(const Binder &binder, Op &op) {
  StringRef form = binder.modifiers.size() > 1 ? binder.modifiers[1] : "";
  const auto &operands = binder.statement.operands;
  if (form == "commit_group") {
    op.run = commitGroup;
    return binder.expectOperands(0, 0);
  }
  if (form == "wait_all") {
    op.run = [](Warp &warp, const Op &op) {
      commitGroup(warp, op);
      waitGroup(warp, op);
    };
    return binder.expectOperands(0, 0);
  }
  if (form == "wait_group") {
    op.run = waitGroup;
    return binder.bySignature(op, "i");
  }
  if ((form != "ca" && form != "cg") || !binder.has("global"))
    return binder.fail("this form of cp is not known to the simulator");
  if (Error error = binder.expectOperands(3, 4))
    return error;
  int64_t bytes = 0;
  if (Error error = binder.integer(operands[2], bytes))
    return error;
  if (bytes != 16 && (form == "cg" || (bytes != 4 && bytes != 8)))
    return binder.fail("expects copies of 16 bytes, with .ca also of 4 or 8");
  op.vector = static_cast<uint8_t>(bytes);
  if (Error error = binder.address(op, operands[1]))
    return error;
  op.offset2 = op.offset;
  if (Error error = binder.address(op, operands[0]))
    return error;
  std::swap(op.slots[0], op.slots[1]);
  op.run = copyAsync;
  if (operands.size() == 3)
    return Error::success();
  if (operands[3].kind == Operand::Reg && binder.isPredicate(operands[3]))
    return binder.fail("ignoring the source by a predicate is not supported");
  return binder.source(op, operands[3], 32);
}

} // namespace

void tilewright::ptx::landCopies(Warp &warp, const Op &op, unsigned lane, size_t pendingGroups) {
  Storage &shared = warp.block->shared;
  auto &groups = warp.committed[lane];
  for (; groups.size() > pendingGroups; groups.pop_front())
    for (const PendingCopy &copy : groups.front()) {
      uint64_t at = copy.destination;
      memcpy(shared.data.data() + at, copy.data.data(), copy.bytes);
      memset(shared.state.data() + at, Initialised, copy.bytes);
      if (!shared.cells)
        continue;
      // The write took place at some time up to now: others are ordered behind it only by a barrier
      // that comes after the wait.
      Cell me = Cell::make(warp.block->launch, warp.block->number, warp.index, lane,
                           warp.clocks[warp.index],
                           static_cast<uint32_t>(&op - warp.block->program.ops.data()), false);
      if (auto conflict = recordAccess(shared.cells->data() + at, copy.bytes, me, AccessKind::Write,
                                       warp.block->known(warp), /*isPrivate=*/true))
        warp.block->race(warp, op, lane, Space::Shared, at, AccessKind::Write, *conflict);
    }
}

void tilewright::ptx::addMemoryRows(Table &table) {
  table.add("ld", bindLoad, load, Caching | Ordering);
  table.add("ldu", bindLoad, load, Caching);
  table.add("st", bindStore, store, Caching | Ordering);
  table.add("cp", bindCopyAsync, nullptr, Caching);
  Handler nothing = [](Warp &, const Op &) {};
  for (StringRef key : {"prefetch", "prefetchu", "discard", "applypriority"})
    table.add(
        key, [](const Binder &, Op &) -> Error { return Error::success(); }, nothing, Caching);
}
