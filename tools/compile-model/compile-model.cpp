//===- compile-model.cpp - a model becomes an artefact ----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Emit.h"
#include "lib/Emit/Targets.h"
#include "lib/Onnx/Importer.h"
#include "lib/Pipeline/Pipeline.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace tilewright;
namespace cl = llvm::cl;

namespace {

enum ExitCode { kFine = 0, kUserError = 2, kBug = 3 };

// libLLVM registers options of its own code generator, one of which has a name that we need.
const bool isNameFree = [] {
  if (cl::Option *taken = cl::getRegisteredOptions().lookup("stop-after"))
    taken->removeArgument();
  return true;
}();

cl::OptionCategory category("compile-model options");
cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.onnx|MODEL.mlir"), cl::cat(category));
cl::opt<std::string> output("o", cl::desc("artefact to write: .so, .a, .o, .s, .ll, or .mlir"),
                            cl::value_desc("file"), cl::init("model.so"), cl::cat(category));
cl::opt<std::string> targetName("target", cl::desc("CPU level to compile for"), cl::init("native"),
                                cl::cat(category));
cl::opt<PipelineKind> pipeline(
    "pipeline", cl::desc("how code is generated"), cl::init(PipelineKind::optimized),
    cl::values(clEnumValN(PipelineKind::optimized, "default", "fused, tiled and vectorised"),
               clEnumValN(PipelineKind::reference, "reference", "plain loops, one thread")),
    cl::cat(category));
cl::opt<std::string> stopAfter("stop-after", cl::desc("stage after which to write the IR to --o"),
                               cl::value_desc("stage"), cl::cat(category));
cl::opt<std::string> dumpDir("dump-dir", cl::desc("folder for the IR after each stage"),
                             cl::value_desc("folder"), cl::cat(category));
cl::opt<bool> timing("timing", cl::desc("print the time of each stage"), cl::cat(category));

int fail(const llvm::Twine &message) {
  llvm::errs() << "compile-model: " << message << "\n";
  return kUserError;
}

void printTime(llvm::StringRef step, double seconds) {
  if (timing)
    llvm::errs() << llvm::formatv("{0,-12} {1,8:F1} ms\n", step, seconds * 1e3);
}

int writeIr(mlir::ModuleOp module) {
  std::error_code error;
  llvm::raw_fd_ostream out(output, error);
  if (error)
    return fail("cannot write '" + output + "': " + error.message());
  module.print(out);
  out << "\n";
  return kFine;
}

int compile(mlir::ModuleOp module, CompileOptions options) {
  if (!stopAfter.empty()) {
    const StageInfo *stage = findStage(stopAfter);
    if (!stage)
      return fail("expects a stage for --stop-after, got '" + stopAfter + "'");
    options.stopAfter = stage->stage;
  }
  if (failed(runPipeline(module, options)))
    return kUserError;
  if (!stopAfter.empty())
    return writeIr(module);
  EmitOptions emit;
  emit.output = output;
  emit.kind = *artefactKindOf(output);
  emit.source = llvm::sys::path::filename(input).str();
  emit.pipeline = pipeline == PipelineKind::reference ? "reference" : "default";
  emit.onStep = printTime;
  return succeeded(emitArtefact(module, emit)) ? kFine : kUserError;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::registerPassManagerCLOptions(); // --mlir-print-ir-after-all and the like, listed by --help-hidden
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Tilewright compiles transformer models ahead of time\n");
  if (stopAfter.empty() && !artefactKindOf(output))
    return fail("expects an output that ends in .so, .a, .o, .s or .ll, got '" + output + "'");
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false); // users get the message and the place
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);

  CompileOptions options;
  options.pipeline = pipeline;
  options.dumpDir = dumpDir;
  options.onStage = printTime;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (llvm::sys::path::extension(input) == ".mlir") {
    module = mlir::parseSourceFile<mlir::ModuleOp>(input, sources, &context);
  } else {
    module = importOnnx(input, context, ImportOptions());
    options.first = Stage::import;
  }
  if (!module)
    return kUserError;
  mlir::target::CpuAttr target = makeTarget(&context, targetName);
  if (!target)
    return fail("expects a target that Tilewright knows, got '" + targetName + "'");
  (*module)->setAttr("target.cpu", target);
  return compile(*module, options);
}
