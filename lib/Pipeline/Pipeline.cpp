//===- Pipeline.cpp - stages run, are timed, dumped and verified -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Pipeline/Pipeline.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/ToolOutputFile.h"
#include <chrono>

using namespace mlir;

namespace tilewright {

static constexpr StageInfo kStages[] = {
#define TILEWRIGHT_STAGE(NAME, SUMMARY, DIALECTS)                                                  \
  {Stage::NAME, #NAME, "tw-" #NAME, SUMMARY, DIALECTS},
#include "lib/Pipeline/Stages.def"
};

ArrayRef<StageInfo> allStages() {
  return kStages;
}

const StageInfo *findStage(StringRef name) {
  for (const StageInfo &info : kStages)
    if (info.name == name)
      return &info;
  return nullptr;
}

// DIR/NN-stage.mlir; NN sorts the files as the stages run.
static std::string dumpPath(const CompileOptions &options, const StageInfo &info) {
  SmallString<128> path(options.dumpDir);
  llvm::sys::path::append(path,
                          llvm::formatv("{0,0+2}-{1}.mlir", int(info.stage), info.name).str());
  return path.str().str();
}

static LogicalResult dump(ModuleOp module, const CompileOptions &options, const StageInfo &info) {
  if (options.dumpDir.empty())
    return success();
  std::string message, path = dumpPath(options, info);
  if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDir))
    return module.emitError("cannot create '") << options.dumpDir << "': " << error.message();
  std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(path, &message);
  if (!file)
    return module.emitError() << message;
  module.print(file->os(), OpPrintingFlags().enableDebugInfo());
  file->os() << "\n";
  file->keep();
  return success();
}

// How a failed stage can be run alone.
static std::string reproducer(const CompileOptions &options, const StageInfo &info) {
  if (options.dumpDir.empty())
    return "; with --dump-dir the stage's input is kept";
  if (info.stage <= options.first)
    return "";
  const StageInfo &before = kStages[int(info.stage) - 1];
  std::string reference = options.pipeline == PipelineKind::reference ? "=reference" : "";
  if (options.compute != Compute::f32)
    reference += ("=compute=" + nameOf(options.compute)).str();
  return "; to reproduce: tilewright-opt --" + info.pipeline.str() + reference + " " +
         dumpPath(options, before);
}

LogicalResult runPipeline(ModuleOp module, const CompileOptions &options) {
  for (const StageInfo &info : kStages) {
    if (info.stage < options.first || info.stage > options.stopAfter)
      continue;
    // A crash says as much as a failure.
    std::string how = reproducer(options, info);
    llvm::PrettyStackTraceFormat trace("in stage '%s'%s", info.name.str().c_str(), how.c_str());
    auto start = std::chrono::steady_clock::now();
    PassManager passes(module.getContext());
    passes.enableVerifier(options.verifyEach);
    // Fails only where a program has not registered these options.
    (void)applyPassManagerCLOptions(passes);
    buildStage(passes, info.stage, options);
    if (failed(passes.run(module)))
      return module.emitError("stage '") << info.name << "' failed" << how;
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (options.onStage)
      options.onStage(info.name, time.count());
    if (failed(dump(module, options, info)))
      return failure();
  }
  return success();
}

LogicalResult runLevels(OwningOpRef<ModuleOp> module, ArrayRef<target::CpuAttr> targets,
                        const CompileOptions &options,
                        SmallVectorImpl<OwningOpRef<ModuleOp>> &levels) {
  if (targets.size() == 1) {
    (*module)->setAttr("target.cpu", targets.front());
    levels.push_back(std::move(module));
    return runPipeline(*levels.back(), options);
  }
  CompileOptions common = options, rest = options;
  common.stopAfter = std::min(options.stopAfter, Stage::model);
  rest.first = std::max(options.first, Stage::regions);
  if (failed(runPipeline(*module, common)))
    return failure();
  for (target::CpuAttr target : targets) {
    OwningOpRef<ModuleOp> level = module->clone();
    (*level)->setAttr("target.cpu", target);
    if (!levels.empty())
      for (StringRef name : {"kernel.weights", "kernel.weights_size"})
        if (Attribute placed = (*levels.back())->getAttr(name))
          (*level)->setAttr(name, placed);
    if (!options.dumpDir.empty())
      rest.dumpDir = options.dumpDir + "/" + target.getName().str();
    levels.push_back(std::move(level));
    if (failed(runPipeline(*levels.back(), rest)))
      return failure();
  }
  return success();
}

namespace {
struct StagePipelineOptions : PassPipelineOptions<StagePipelineOptions> {
  Option<bool> reference{*this, "reference", llvm::cl::desc("build the reference pipeline's stage"),
                         llvm::cl::init(false)};
  Option<Compute> compute{*this, "compute", llvm::cl::desc("precision of products with weights"),
                          llvm::cl::init(Compute::f32), computeValues()};
};
} // namespace

void registerStagePipelines() {
  // Registrations live as long as the program.
  static std::vector<std::unique_ptr<PassPipelineRegistration<StagePipelineOptions>>> registrations;
  for (const StageInfo &info : kStages)
    registrations.push_back(std::make_unique<PassPipelineRegistration<StagePipelineOptions>>(
        info.pipeline, info.summary,
        [stage = info.stage](OpPassManager &passes, const StagePipelineOptions &given) {
          CompileOptions options;
          options.compute = given.compute;
          options.pipeline = given.reference ? PipelineKind::reference : PipelineKind::optimized;
          buildStage(passes, stage, options);
        }));
}

} // namespace tilewright
