//===- Schedule.h - shape and target to schedule, as pure functions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_SCHEDULE_SCHEDULE_H
#define TILEWRIGHT_LIB_SCHEDULE_SCHEDULE_H

#include <cstdint>
#include <vector>

namespace tilewright {

/// What schedules need to know of a processor.
struct CpuDescription {
  int64_t lanes;      ///< f32 elements of a vector register
  int64_t registers;  ///< vector registers
  int64_t l1, l2;     ///< data caches of one core, bytes
  bool tiles = false; ///< AMX for bf16
};

/// Fields as in #kernel.contract_schedule.
struct ContractSchedule {
  int64_t mr, lanes, unroll, rowBlock;
  std::vector<int64_t> fewRows, fewPanels;
  int64_t prefetch, inlineOps, depth;
  bool tiles = false;
  bool operator==(const ContractSchedule &) const = default;
};

/// Fields as in #kernel.attention_schedule.
struct AttentionSchedule {
  int64_t mr, lanes, keyVectors, valueVectors, rows, keys, unroll, directRows;
  bool operator==(const AttentionSchedule &) const = default;
};

/// Columns of a panel of a packed f32 weight with n columns: whole vectors, as many as leave the
/// register tile enough rows, no more than n needs, and at least one.
int64_t choosePanelWidth(int64_t n, const CpuDescription &cpu);

/// n columns, panels of `panelWidth` columns and k rows, which are f32, f16 or pairs of bf16;
/// `widened` if they become f32 in registers, halves of pairs one after the other.
ContractSchedule scheduleContract(int64_t n, int64_t k, int64_t panelWidth,
                                  const CpuDescription &cpu, bool widened = false);

/// The same for pairs of bf16 on both sides, multiplied in AMX tiles.
ContractSchedule scheduleTiles(int64_t n, int64_t k, int64_t panelWidth, const CpuDescription &cpu);

/// For the product of two f32 activations, the right one packed when it is read, in panels of
/// `panelWidth` columns.
ContractSchedule scheduleProduct(int64_t panelWidth, const CpuDescription &cpu);

/// For f32 operands with heads of d (query, key) and dv (value) elements, `group` query heads per
/// key head.
AttentionSchedule scheduleAttention(int64_t d, int64_t dv, int64_t group,
                                    const CpuDescription &cpu);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_SCHEDULE_SCHEDULE_H
