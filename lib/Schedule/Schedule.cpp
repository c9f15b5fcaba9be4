//===- Schedule.cpp - shape and target to schedule -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Schedule/Schedule.h"

#include <algorithm>
#include <cassert>

namespace tilewright {

namespace {
constexpr int64_t kBytes = 4; // of an f32

int64_t ceilDiv(int64_t x, int64_t y) {
  return (x + y - 1) / y;
}
int64_t roundUp(int64_t x, int64_t y) {
  return ceilDiv(x, y) * y;
}

// NEON and its like: many registers of four lanes, and no operand of an FMA comes from memory.
bool isNarrow(const CpuDescription &cpu) {
  return cpu.lanes == 4 && cpu.registers >= 32;
}

// Registers that are left for accumulators beside `held` vectors of the shorter side and streamed
// ones of the other: one, or several on their way where narrow FMAs come fast. Of widened pairs
// both halves are held, beside a pair on its way and the constant that separates its halves.
int64_t accumulators(int64_t held, bool widened, const CpuDescription &cpu) {
  return cpu.registers - (widened ? 2 * held + 2 : held) - (isNarrow(cpu) ? 4 : 1);
}

// Rows of a tile of `vectors` vectors per row. Above 14 rows nothing is gained.
int64_t tileRows(int64_t vectors, const CpuDescription &cpu, bool widened = false) {
  return std::clamp<int64_t>(accumulators(vectors, widened, cpu) / vectors, 1, 14);
}
} // namespace

int64_t choosePanelWidth(int64_t n, const CpuDescription &cpu) {
  // Two vectors load least per FMA: mr · nv products need mr + nv loads. Narrow ones are better
  // balanced with three (8 × 12).
  int64_t vectors = isNarrow(cpu) ? 3 : 2;
  return std::clamp<int64_t>(ceilDiv(n, cpu.lanes), 1, vectors) * cpu.lanes;
}

ContractSchedule scheduleContract(int64_t n, int64_t k, int64_t panelWidth,
                                  const CpuDescription &cpu, bool widened) {
  assert(panelWidth % cpu.lanes == 0 && "panels are whole vectors");
  int64_t vectors = panelWidth / cpu.lanes, panels = ceilDiv(n, panelWidth);
  ContractSchedule schedule;
  schedule.mr = tileRows(vectors, cpu, widened);
  schedule.lanes = cpu.lanes;
  // Two products per turn halve the loop's own instructions; four cost twice the code and gain
  // nothing. A widened pair is two.
  schedule.unroll = widened ? 1 : 2;
  // Rows that fill half of L2 stay there while all panels pass. Below eight tiles the weights would
  // be read too often.
  int64_t rows = cpu.l2 / 2 / std::max<int64_t>(1, k * kBytes);
  schedule.rowBlock = std::max(rows / schedule.mr, int64_t(8)) * schedule.mr;
  // Few rows are a matter of bandwidth, and that one of address streams: as many panels at once as
  // the registers hold, up to six.
  for (int64_t few :
       cpu.registers >= 32 ? std::vector<int64_t>{2, 4} : std::vector<int64_t>{1, 2}) {
    // On narrow machines all pairs of a step are on their way at once.
    int64_t most = widened && isNarrow(cpu) ? 2 : 6;
    int64_t together = std::min(most, accumulators(few, widened, cpu) / (few * vectors));
    together = std::min(together, panels);
    if (together < 2)
      continue;
    schedule.fewRows.push_back(few);
    schedule.fewPanels.push_back(together);
  }
  schedule.prefetch = 16;
  schedule.inlineOps = 2;
  schedule.depth = 0;
  return schedule;
}

ContractSchedule scheduleTiles(int64_t n, int64_t k, int64_t panelWidth,
                               const CpuDescription &cpu) {
  ContractSchedule schedule = scheduleContract(n, k, panelWidth, cpu);
  schedule.mr = 32;
  // Fewer rows would read the panels too often (AMX takes 100 FLOP per byte), more would leave less
  // to share out among threads.
  schedule.rowBlock = std::clamp<int64_t>(schedule.rowBlock / schedule.mr * schedule.mr, 128, 256);
  schedule.tiles = true;
  return schedule;
}

ContractSchedule scheduleProduct(int64_t panelWidth, const CpuDescription &cpu) {
  assert(panelWidth % cpu.lanes == 0 && "panels are whole vectors");
  ContractSchedule schedule;
  schedule.mr = tileRows(panelWidth / cpu.lanes, cpu);
  schedule.lanes = cpu.lanes;
  schedule.unroll = 2;
  // A panel is packed for each block of rows: eight tiles make that a few per cent of the work, and
  // more would leave less to share out among threads.
  schedule.rowBlock = 8 * schedule.mr;
  schedule.prefetch = 0;
  schedule.inlineOps = 2;
  // A packed block of a panel fills L1 at most; accumulators come and go once per block.
  schedule.depth = std::min<int64_t>(256, cpu.l1 / (panelWidth * kBytes) / cpu.lanes * cpu.lanes);
  return schedule;
}

AttentionSchedule scheduleAttention(int64_t d, int64_t dv, int64_t group,
                                    const CpuDescription &cpu) {
  AttentionSchedule schedule;
  schedule.lanes = cpu.lanes;
  // Wide and low tiles: one height serves all row counts, the rest being padded.
  schedule.keyVectors = schedule.valueVectors = cpu.registers >= 32 ? 4 : 2;
  schedule.mr = std::min<int64_t>(6, tileRows(schedule.keyVectors, cpu));
  // Enough rows to pay for packing the keys, few enough to leave work for all threads.
  schedule.rows = roundUp(std::max<int64_t>(12 * schedule.mr, group), schedule.mr);
  // Packed keys and the values of a block fill half of L2 at most; 512 keys amortise the rescaling.
  int64_t panel = schedule.keyVectors * cpu.lanes;
  int64_t keys = cpu.l2 / 2 / std::max<int64_t>(1, (d + dv) * kBytes) / panel * panel;
  schedule.keys = roundUp(std::clamp<int64_t>(keys, panel, 512), panel);
  schedule.unroll = 2;
  schedule.directRows = 2;
  return schedule;
}

} // namespace tilewright
