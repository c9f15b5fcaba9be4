//===- compile-model.cpp - a model becomes an artefact ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Expectations.h"
#include "lib/Artefact/Inputs.h"
#include "lib/Emit/Emit.h"
#include "lib/Emit/Header.h"
#include "lib/Emit/Targets.h"
#include "lib/Onnx/Importer.h"
#include "lib/Pipeline/Pipeline.h"
#include "lib/Support/Options.h"
#include "lib/Support/OutputFile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "tools/compile-model/Command.h"
#include "tools/compile-model/Report.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace llvm;
using namespace tilewright;

namespace {

class Compilation {
public:
  Compilation(const Command &command, mlir::MLIRContext &context)
      : c(command), context(context), report(command, context) {}

  int run() {
    int code = compile();
    if (Error error = report.write(code)) {
      report.fail(toString(std::move(error)));
      return WrongInput;
    }
    return code;
  }

private:
  int compile() {
    if (Error error = checkOutputs())
      return wrong(std::move(error));
    if (Error error = parseTargets(&context, c.target).moveInto(targets))
      return wrong(std::move(error));
    if (int code = load())
      return code;
    if (int code = runStages())
      return code;
    if (c.emit == "mlir")
      return done(writeFile(c.output, [&](raw_ostream &out) {
        interleave(levels, out, [&](auto &level) { level.get().print(out); }, "\n// -----\n");
        return Error::success();
      }));
    mlir::FailureOr<ModelInterface> interface = readInterface(*levels.front());
    if (failed(interface))
      return WrongInput;
    complete(*interface);
    report.setInterface(*interface);
    if (c.emit == "header")
      return done(writeHeaderFile(*interface, c.output));
    if (int code = emit(*interface))
      return code;
    return c.verify.empty() ? Fine : verify();
  }

  int wrong(Error error) {
    report.fail(toString(std::move(error)));
    return WrongInput;
  }
  int done(Error error) { return error ? wrong(std::move(error)) : Fine; }

  /// Finds out before minutes of work that the results could not be written.
  Error checkOutputs() {
    if (c.emit.empty() && !artefactKindOf(c.output))
      return createStringError("expects -o FILE.so, FILE.a or FILE.o, got '" + c.output + "'");
    for (StringRef path : {StringRef(c.output), StringRef(c.report)})
      if (!path.empty() && path != "-")
        if (Error error = checkOutputPath(path))
          return error;
    return Error::success();
  }

  Error parseDims(StringMap<DimRange> &dims) {
    for (StringRef argument : c.dims) {
      auto [name, text] = argument.split('=');
      auto [low, high] = text.split("..");
      DimRange range;
      bool bad = low.getAsInteger(10, range.min) ||
                 (!text.contains("..") ? (range.max = range.min, false)
                                       : high.getAsInteger(10, range.max));
      if (bad || name.empty() || range.min < 0 || range.min > range.max)
        return createStringError("expects --dim NAME=N or NAME=A..B with A <= B, got '" + argument +
                                 "'");
      dims[name] = range;
    }
    return Error::success();
  }

  int load() {
    if (!sys::fs::exists(c.model))
      return wrong(createStringError("cannot read '" + c.model + "': no such file"));
    auto start = std::chrono::steady_clock::now();
    if (sys::path::extension(c.model) == ".mlir") {
      if (!c.dims.empty() || !c.constants.empty())
        return wrong(createStringError("--dim and --constant are for ONNX models; a module has its "
                                       "sizes in its types and xf.bounds"));
      module = mlir::parseSourceFile<mlir::ModuleOp>(c.model, &context);
    } else {
      ImportOptions options;
      if (Error error = parseDims(options.dims))
        return wrong(std::move(error));
      for (StringRef argument : c.constants) {
        auto [name, value] = argument.split('=');
        if (value.empty())
          return wrong(createStringError("expects --constant NAME=VALUE, got '" + argument + "'"));
        options.constants[name] = value.str();
      }
      module = importOnnx(c.model, context, options);
      isOnnx = true;
    }
    if (!module)
      return WrongInput;
    report.addTime("read",
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return Fine;
  }

  int runStages() {
    CompileOptions options;
    options.pipeline =
        c.pipeline == "reference" ? PipelineKind::reference : PipelineKind::optimized;
    for (Compute each : {Compute::bf16x3, Compute::bf16})
      if (c.compute == nameOf(each))
        options.compute = each;
    options.first = isOnnx ? Stage::import : Stage::model;
    options.dumpDir = c.dumpDir;
    // A model that cannot be compiled is rejected by the first stages; what fails later is our bug.
    Stage reached = options.first;
    options.onStage = [&](StringRef name, double seconds) {
      report.addTime(name, seconds);
      reached = static_cast<Stage>(static_cast<int>(findStage(name)->stage) + 1);
    };
    if (!c.stopAfter.empty())
      options.stopAfter = findStage(c.stopAfter)->stage;
    if (succeeded(runLevels(std::move(module), targets, options, levels)))
      return Fine;
    return reached <= Stage::model ? WrongInput : InternalError;
  }

  void complete(ModelInterface &interface) {
    interface.name = c.name;
    interface.source = sys::path::filename(c.model).str();
    interface.target = c.target;
    interface.pipeline = c.pipeline;
    interface.compute = c.compute;
  }

  Error writeHeaderFile(const ModelInterface &interface, StringRef path) {
    return writeFile(path, [&](raw_ostream &out) {
      writeHeader(interface, sys::path::filename(c.output), out);
      return Error::success();
    });
  }

  int emit(const ModelInterface &interface) {
    EmitOptions options;
    options.output = c.output;
    options.kind = c.emit == "asm"    ? ArtefactKind::assembly
                   : c.emit == "llvm" ? ArtefactKind::llvmIr
                                      : *artefactKindOf(c.output);
    options.name = interface.name;
    options.source = interface.source;
    options.pipeline = interface.pipeline;
    options.compute = interface.compute;
    options.weightsInFile = c.weights == "file";
    options.onStep = [&](StringRef name, double seconds) { report.addTime(name, seconds); };
    SmallVector<mlir::ModuleOp> modules;
    for (auto &level : levels)
      modules.push_back(*level);
    if (failed(emitArtefact(modules, options)))
      return WrongInput;
    if (!c.emit.empty())
      return Fine;
    SmallString<128> header(c.output);
    sys::path::replace_extension(header, ".h");
    return done(writeHeaderFile(interface, header));
  }

  /// Runs the new artefact on test data.
  int verify() {
    Expected<bool> passed = compareWithTestData();
    if (!passed)
      return wrong(passed.takeError());
    return *passed ? Fine : ComparisonFailed;
  }

  Expected<bool> compareWithTestData() {
    Expected<const tw_model *> model = loadModel(c.output);
    if (!model)
      return model.takeError();
    InputChoice choice;
    choice.testDir = c.verify;
    Expected<std::vector<HostTensor>> inputs = collectInputs(*model, choice);
    if (!inputs)
      return inputs.takeError();
    Expected<std::unique_ptr<Session>> session =
        Session::create(*model, std::move(*inputs), tw_options());
    if (!session)
      return session.takeError();
    if (Error error = (*session)->run())
      return std::move(error);
    return compareOutputs(**session, {c.verify, {}}, toleranceOf(*model), outs());
  }

  const Command &c;
  mlir::MLIRContext &context;
  Report report;
  SmallVector<mlir::target::CpuAttr> targets;
  mlir::OwningOpRef<mlir::ModuleOp> module;              // as read
  SmallVector<mlir::OwningOpRef<mlir::ModuleOp>> levels; // for each target, as far as it got
  bool isOnnx = false;
};

} // namespace

int main(int argc, char **argv) {
  PrettyStackTraceProgram trace(argc, argv);
  Command command = parseCommand(argc, argv);
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false); // users know nodes, not our IR; --dump-dir shows it
  int code = InternalError;
  CrashRecoveryContext::Enable();
  CrashRecoveryContext crash;
  crash.DumpStackAndCleanupOnFailure = true;
  if (!crash.RunSafely([&] { code = Compilation(command, context).run(); }))
    errs() << "compile-model: this is a bug in Tilewright; please report it with the model\n";
  return code;
}
