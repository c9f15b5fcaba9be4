//===- WarpWide.cpp - shfl, vote, match, redux (9.7.9.6, 9.7.13) ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Handlers.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

enum class Shuffle : uint8_t { Up, Down, Butterfly, Index };

/// 9.7.9.6 shfl.sync d|p, a, b, c, mask: c holds the last lane of a segment in bits 0 to 4 and the
/// mask that makes segments in bits 8 to 12. p: the source lane lies in the segment.
template <Shuffle Mode>
void shuffle(Warp &warp, const Op &op) {
  if (!warp.gatherMembers(op, op.operand(3)))
    return;
  const auto *a = warp.lanes<uint32_t>(op.operand(0)), *b = warp.lanes<uint32_t>(op.operand(1)),
             *c = warp.lanes<uint32_t>(op.operand(2)),
             *members = warp.lanes<uint32_t>(op.operand(3));
  uint32_t values[WarpSize] = {}, inside = 0;
  forLanes(warp.active, [&](unsigned lane) {
    auto self = static_cast<int>(lane);
    auto distance = static_cast<int>(b[lane] & 31), segment = static_cast<int>(c[lane] >> 8 & 31);
    int first = self & segment;
    int last = first | (static_cast<int>(c[lane] & 31) & ~segment);
    int from = Mode == Shuffle::Up          ? self - distance
               : Mode == Shuffle::Down      ? self + distance
               : Mode == Shuffle::Butterfly ? self ^ distance
                                            : first | (distance & ~segment);
    bool isInside = Mode == Shuffle::Up ? from >= last : from <= last;
    if (!isInside)
      from = self;
    inside |= uint32_t(isInside) << lane;
    if (!((warp.active & members[lane]) >> from & 1))
      return warp.fault(FaultKind::Divergence, op, lane,
                        "reads from lane " + Twine(from) + ", which does not take part");
    values[lane] = a[from];
  });
  warp.set(op.result(0), values);
  warp.setPredicate(op.result(1), inside);
}

/// Lanes that execute the operation together with `lane`.
uint32_t peers(Warp &warp, const Op &op, unsigned mask, unsigned lane) {
  return warp.lanes<uint32_t>(op.operand(mask))[lane] & warp.active;
}

enum class Vote : uint8_t { All, Any, Uniform };

/// 9.7.13.9 vote.sync
template <Vote What>
void vote(Warp &warp, const Op &op) {
  if (!warp.gatherMembers(op, op.operand(1)))
    return;
  uint32_t value = warp.predicate(op.operand(0)) ^ (op.mode ? AllLanes : 0), result = 0;
  forLanes(warp.active, [&](unsigned lane) {
    uint32_t together = peers(warp, op, 1, lane), yes = value & together;
    bool holds = What == Vote::All   ? yes == together
                 : What == Vote::Any ? yes != 0
                                     : yes == 0 || yes == together;
    result |= uint32_t(holds) << lane;
  });
  warp.setPredicate(op.result(), result);
}

void ballot(Warp &warp, const Op &op) {
  if (!warp.gatherMembers(op, op.operand(1)))
    return;
  uint32_t value = warp.predicate(op.operand(0)) ^ (op.mode ? AllLanes : 0);
  uint32_t results[WarpSize] = {};
  forLanes(warp.active, [&](unsigned lane) { results[lane] = value & peers(warp, op, 1, lane); });
  warp.set(op.result(), results);
}

template <bool IsBallot>
Error bindVote(const Binder &binder, Op &op) {
  op.splits = true;
  const auto &operands = binder.statement.operands;
  op.mode = operands.size() == 3 && operands[1].isNegated;
  return binder.bySignature(op, IsBallot ? "Wpw" : "Ppw");
}

/// 9.7.13.10 match.sync: the lanes with this lane's value; .all: all lanes if all are equal.
template <class T, bool IsAll>
void match(Warp &warp, const Op &op) {
  if (!warp.gatherMembers(op, op.operand(1)))
    return;
  const T *values = warp.lanes<T>(op.operand(0));
  uint32_t results[WarpSize] = {}, same = 0;
  forLanes(warp.active, [&](unsigned lane) {
    uint32_t together = peers(warp, op, 1, lane), equal = 0;
    forLanes(together,
             [&](unsigned other) { equal |= uint32_t(values[other] == values[lane]) << other; });
    same |= uint32_t(equal == together) << lane;
    results[lane] = !IsAll || equal == together ? equal : 0;
  });
  warp.set(op.result(0), results);
  if (IsAll)
    warp.setPredicate(op.result(1), same);
}

/// 9.7.13.12 redux.sync
template <class T, class F>
void reduce(Warp &warp, const Op &op) {
  if (!warp.gatherMembers(op, op.operand(1)))
    return;
  const T *values = warp.lanes<T>(op.operand(0));
  T results[WarpSize] = {};
  forLanes(warp.active, [&](unsigned lane) {
    uint32_t together = peers(warp, op, 1, lane);
    T result = values[std::countr_zero(together)];
    forLanes(together & (together - 1),
             [&](unsigned other) { result = F()(result, values[other]); });
    results[lane] = result;
  });
  warp.set(op.result(), results);
}

template <const char *Signature>
Error bindSync(const Binder &binder, Op &op) {
  op.splits = true;
  return binder.bySignature(op, Signature);
}

constexpr char ShuffleSignature[] = "W|Pwwww", ReduceSignature[] = "Www", Match64[] = "Wlw",
               MatchAll32[] = "W|Pww", MatchAll64[] = "W|Plw";

void addReductions(Table &table) {
  auto add = [&]<class T, class F>(T, StringRef key, F) {
    table.add(("redux.sync." + key).str(), bindSync<ReduceSignature>, reduce<T, F>);
  };
  add(0u, "add.u32", [](uint32_t a, uint32_t b) { return a + b; });
  add(0u, "add.s32", [](uint32_t a, uint32_t b) { return a + b; });
  add(0u, "min.u32", [](uint32_t a, uint32_t b) { return std::min(a, b); });
  add(0u, "max.u32", [](uint32_t a, uint32_t b) { return std::max(a, b); });
  add(0, "min.s32", [](int32_t a, int32_t b) { return std::min(a, b); });
  add(0, "max.s32", [](int32_t a, int32_t b) { return std::max(a, b); });
  add(0u, "and.b32", [](uint32_t a, uint32_t b) { return a & b; });
  add(0u, "or.b32", [](uint32_t a, uint32_t b) { return a | b; });
  add(0u, "xor.b32", [](uint32_t a, uint32_t b) { return a ^ b; });
}

} // namespace

void tilewright::ptx::addWarpRows(Table &table) {
  table.add("shfl.sync.up.b32", bindSync<ShuffleSignature>, shuffle<Shuffle::Up>);
  table.add("shfl.sync.down.b32", bindSync<ShuffleSignature>, shuffle<Shuffle::Down>);
  table.add("shfl.sync.bfly.b32", bindSync<ShuffleSignature>, shuffle<Shuffle::Butterfly>);
  table.add("shfl.sync.idx.b32", bindSync<ShuffleSignature>, shuffle<Shuffle::Index>);
  table.add("vote.sync.all.pred", bindVote<false>, vote<Vote::All>);
  table.add("vote.sync.any.pred", bindVote<false>, vote<Vote::Any>);
  // .uni is a flag of branches, too
  table.add("vote.sync.pred", bindVote<false>, vote<Vote::Uniform>, Uniform);
  table.add("vote.sync.ballot.b32", bindVote<true>, ballot);
  table.add("match.any.sync.b32", bindSync<ReduceSignature>, match<uint32_t, false>);
  table.add("match.any.sync.b64", bindSync<Match64>, match<uint64_t, false>);
  table.add("match.all.sync.b32", bindSync<MatchAll32>, match<uint32_t, true>);
  table.add("match.all.sync.b64", bindSync<MatchAll64>, match<uint64_t, true>);
  addReductions(table);
  table.add("activemask.b32", "W", [](Warp &warp, const Op &op) {
    uint32_t values[WarpSize];
    std::fill_n(values, WarpSize, warp.active);
    warp.set(op.result(), values);
  });
}
