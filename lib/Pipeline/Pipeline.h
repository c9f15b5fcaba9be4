//===- Pipeline.h - from model to machine code, stage by stage -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PIPELINE_PIPELINE_H
#define TILEWRIGHT_LIB_PIPELINE_PIPELINE_H

#include "dialects/Target/IR/Target.h"
#include "lib/Conversion/Compute.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include <functional>
#include <string>

namespace tilewright {

/// The stages of Stages.def, in order. `emit` comes after them: lib/Emit.
enum class Stage {
#define TILEWRIGHT_STAGE(NAME, SUMMARY, DIALECTS) NAME,
#include "lib/Pipeline/Stages.def"
};

struct StageInfo {
  Stage stage;
  llvm::StringRef name;     // "model"
  llvm::StringRef pipeline; // of tilewright-opt: "tw-model"
  llvm::StringRef summary;  // what is true afterwards
  llvm::StringRef dialects; // that may be alive afterwards, separated by spaces
};

llvm::ArrayRef<StageInfo> allStages();

/// The stage of that name; null for an unknown one.
const StageInfo *findStage(llvm::StringRef name);

enum class PipelineKind {
  optimized, // --pipeline=default
  reference  // decompose, loops, no fusion, one thread: the definition that optimised code is
             // compared with
};

struct CompileOptions {
  PipelineKind pipeline = PipelineKind::optimized;
  Compute compute = Compute::f32; // the reference pipeline always computes in f32
  Stage first = Stage::model;     // where the module stands: the stage after its last
  Stage stopAfter = Stage::machine;
  std::string dumpDir;    // NN-stage.mlir after each stage; none if empty
  bool verifyEach = true; // run MLIR's verifier after each pass
  /// Called after each stage with its name and wall time in seconds.
  std::function<void(llvm::StringRef, double)> onStage;
};

/// Dialects, interface models and translations that compilation needs.
void registerCompilerDialects(mlir::DialectRegistry &registry);

/// Adds the passes of one stage, which ends with the stage verifier.
void buildStage(mlir::OpPassManager &passes, Stage stage, const CompileOptions &options);

/// Runs the stages from `options.first` to `options.stopAfter`. On failure a diagnostic names the
/// stage, and how to run it alone if there is a dump folder.
llvm::LogicalResult runPipeline(mlir::ModuleOp module, const CompileOptions &options);

/// Compiles one module for several CPU levels: up to the model stage nothing depends on the CPU;
/// from there on each level has a module of its own, with its `target.cpu`, and in `dumpDir` a
/// folder of its own if there are several. Weights that levels lay out alike have one place
/// (`kernel.weights`). `levels` receives the modules in the order of `targets`.
llvm::LogicalResult runLevels(mlir::OwningOpRef<mlir::ModuleOp> module,
                              llvm::ArrayRef<mlir::target::CpuAttr> targets,
                              const CompileOptions &options,
                              llvm::SmallVectorImpl<mlir::OwningOpRef<mlir::ModuleOp>> &levels);

/// The stages as named pipelines of tilewright-opt: tw-model, tw-regions ... with the option
/// `reference`, and tw-verify-stage.
void registerStagePipelines();

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_PIPELINE_H
