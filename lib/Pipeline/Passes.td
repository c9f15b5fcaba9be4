//===- Passes.td - passes of lib/Pipeline -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_PIPELINE_PASSES
#define TILEWRIGHT_PIPELINE_PASSES

include "mlir/Pass/PassBase.td"

def SelectSchedule : Pass<"tw-select-schedule", "::mlir::ModuleOp"> {
  let summary = "Every contraction and attention has a schedule";
  let description = [{
    From lib/Schedule, for the module's `target.cpu`. A schedule that is already there is kept: tests and experiments write their own.
  }];
  let dependentDialects = ["::mlir::kernel::KernelDialect", "::mlir::target::TargetDialect"];
}

def VerifyStage : Pass<"tw-verify-stage", "::mlir::ModuleOp"> {
  let summary = "Only ops of the stage's dialects are alive, and no constant holds more than 4 KB";
  let options = [Option<"stage", "stage", "std::string", "", "name of the stage that has just run">];
}

#endif // TILEWRIGHT_PIPELINE_PASSES
