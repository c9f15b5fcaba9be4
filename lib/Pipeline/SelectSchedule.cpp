//===- SelectSchedule.cpp - schedules by shape and target -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Target/IR/Target.h"
#include "lib/Pipeline/Passes.h"
#include "lib/Schedule/Schedule.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_SELECTSCHEDULE
#include "lib/Pipeline/Passes.h.inc"

namespace {
ContractSchedule choose(kernel::ContractOp op, const CpuDescription &cpu) {
  int64_t columns = op.getPanelColumns();
  if (op.isPlain())
    return scheduleProduct(columns, cpu);
  ArrayRef<int64_t> rhs = cast<ShapedType>(op.getRhs().getType()).getShape();
  // Unknown sizes are taken as large.
  int64_t panels = ShapedType::isDynamic(rhs[0]) ? 1024 : rhs[0];
  int64_t k = ShapedType::isDynamic(rhs[1]) ? 4096 : rhs[1];
  auto lhs = cast<ShapedType>(op.getLhs().getType());
  bool widened = lhs.getElementType().isF32() && !getElementTypeOrSelf(op.getRhs()).isF32();
  if (cpu.tiles && lhs.getElementType().isBF16() && !lhs.isDynamicDim(1))
    return scheduleTiles(panels * columns, k, columns, cpu);
  return scheduleContract(panels * columns, k, columns, cpu, widened);
}

kernel::ContractScheduleAttr schedule(kernel::ContractOp op, const CpuDescription &cpu) {
  ContractSchedule chosen = choose(op, cpu);
  return kernel::ContractScheduleAttr::get(
      op.getContext(), chosen.mr, chosen.lanes, chosen.unroll, chosen.rowBlock, chosen.fewRows,
      chosen.fewPanels, chosen.prefetch, chosen.inlineOps, chosen.depth, chosen.tiles);
}

kernel::AttentionScheduleAttr schedule(kernel::AttentionOp op, const CpuDescription &cpu) {
  AttentionSchedule chosen =
      scheduleAttention(op.getLogicalShape(kernel::AttentionOp::Query)[3],
                        op.getLogicalShape(kernel::AttentionOp::Value)[3], op.getGroupSize(), cpu);
  return kernel::AttentionScheduleAttr::get(op.getContext(), chosen.mr, chosen.lanes,
                                            chosen.keyVectors, chosen.valueVectors, chosen.rows,
                                            chosen.keys, chosen.unroll, chosen.directRows);
}

struct SelectSchedule : impl::SelectScheduleBase<SelectSchedule> {
  void runOnOperation() override {
    target::CpuAttr target = target::cpuOf(getOperation());
    CpuDescription cpu{target.getLanes(), target.getRegisters(), target.getL1(), target.getL2(),
                       target.getTiles()};
    auto result = getOperation().walk([&](Operation *op) {
      if (auto contract = dyn_cast<kernel::ContractOp>(op); contract && !contract.getSchedule()) {
        int64_t width = contract.getResultColumns();
        if (width % cpu.lanes) {
          op->emitOpError("expects panels of whole vectors of ")
              << cpu.lanes << " lanes for target " << target.getName() << ", got " << width
              << " columns";
          return WalkResult::interrupt();
        }
        contract.setScheduleAttr(schedule(contract, cpu));
      }
      if (auto attention = dyn_cast<kernel::AttentionOp>(op); attention && !attention.getSchedule())
        attention.setScheduleAttr(schedule(attention, cpu));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
} // namespace tilewright
