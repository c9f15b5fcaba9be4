//===- Emit.cpp - from LLVM dialect to an artefact -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Emit.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Emit/CodeModule.h"
#include "lib/Emit/Descriptor.h"
#include "lib/Emit/Linker.h"
#include "lib/Emit/Targets.h"
#include "lib/Emit/WeightImage.h"
#include "lib/Emit/Weights.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Timer.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>

using namespace mlir;

namespace tilewright {

std::optional<ArtefactKind> artefactKindOf(StringRef path) {
  return llvm::StringSwitch<std::optional<ArtefactKind>>(llvm::sys::path::extension(path))
      .Case(".so", ArtefactKind::sharedObject)
      .Case(".a", ArtefactKind::staticArchive)
      .Case(".o", ArtefactKind::object)
      .Case(".s", ArtefactKind::assembly)
      .Case(".ll", ArtefactKind::llvmIr)
      .Default(std::nullopt);
}

namespace {

class Emission {
public:
  Emission(ModuleOp module, const EmitOptions &options) : module(module), options(options) {}

  LogicalResult run() {
    FailureOr<ModelInterface> interface = readInterface(module);
    if (failed(interface))
      return failure();
    model = std::move(*interface);
    model.name = options.name.empty() ? artefactName(options.output) : options.name;
    model.source = options.source;
    model.pipeline = options.pipeline;
    model.compute = options.compute;
    target = targetOf(module);
    model.target = target.getName().str();
    machine = makeTargetMachine(module, target);
    if (!machine || failed(step("weights", [&] { return writeWeightImage(); })))
      return failure();
    if (failed(emitCode()))
      return failure();
    for (std::unique_ptr<llvm::FileRemover> &remover : outputs)
      remover->releaseFile();
    return success();
  }

private:
  bool isCodeOnly() const {
    return options.kind == ArtefactKind::assembly || options.kind == ArtefactKind::llvmIr;
  }

  LogicalResult step(StringRef name, llvm::function_ref<LogicalResult()> work) {
    auto start = std::chrono::steady_clock::now();
    LogicalResult result = work();
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (options.onStep)
      options.onStep(name, time.count());
    return result;
  }

  LogicalResult check(llvm::Error error) {
    if (!error)
      return success();
    return module.emitError() << llvm::toString(std::move(error));
  }

  // A file beside the output that disappears with this object.
  std::string temporary(StringRef suffix) {
    SmallString<128> path;
    llvm::sys::fs::createUniquePath(options.output + "-%%%%%%" + suffix, path,
                                    /*MakeAbsolute=*/false);
    removers.push_back(std::make_unique<llvm::FileRemover>(path));
    return path.str().str();
  }

  llvm::Expected<WeightImage> createWeightObject() {
    weights.symbol = weightSymbol(model.name);
    objects.push_back(temporary(".weights.o"));
    return WeightImage::createObject(objects.back(), weights.size, machine->getTargetTriple(),
                                     weights.symbol);
  }

  SmallString<128> weightFilePath() const {
    SmallString<128> path(options.output);
    llvm::sys::path::replace_extension(path, ".weights");
    return path;
  }

  llvm::Expected<WeightImage> createWeightFile() {
    SmallString<128> path = weightFilePath();
    weights.file = llvm::sys::path::filename(path).str();
    return WeightImage::createFile(path, weights.size);
  }

  LogicalResult writeWeightImage() {
    weights.size = weightsSize(module);
    if (isCodeOnly() || weights.size == 0)
      return success();
    llvm::Expected<WeightImage> image =
        options.weightsInFile ? createWeightFile() : createWeightObject();
    if (!image)
      return check(image.takeError());
    if (failed(writeWeights(module, image->data())))
      return failure();
    llvm::Expected<uint64_t> checksum = image->commit();
    if (!checksum)
      return check(checksum.takeError());
    weights.checksum = *checksum;
    if (options.weightsInFile)
      outputs.push_back(std::make_unique<llvm::FileRemover>(weightFilePath()));
    return success();
  }

  LogicalResult emitCode() {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> code;
    if (failed(step("translate", [&] {
          code = translateCode(module, context, *machine);
          return success(code != nullptr);
        })))
      return failure();
    if (options.kind == ArtefactKind::llvmIr)
      return writeIr(*code);
    bool shared = options.kind == ArtefactKind::sharedObject;
    VariantCode variant;
    variant.isa = model.target;
    variant.features = requiredFeatures(*machine->getMCSubtargetInfo());
    variant.regions = regionLabels(*code);
    if (failed(step("optimise", [&] {
          if (failed(check(linkRuntime(*code))) ||
              failed(check(addDescriptor(*code, model, variant, weights, shared))))
            return failure();
          internalize(*code, exportedSymbols(model, shared));
          return check(optimize(*code, *machine));
        })))
      return failure();
    bool assembly = options.kind == ArtefactKind::assembly;
    std::string path = assembly ? options.output : temporary(".code.o");
    if (failed(step("codegen", [&] { return check(generate(*code, *machine, path, assembly)); })))
      return failure();
    objects.insert(objects.begin(), path);
    return assembly ? success() : step("link", [&] { return check(link()); });
  }

  LogicalResult writeIr(const llvm::Module &code) {
    std::error_code error;
    llvm::ToolOutputFile file(options.output, error, llvm::sys::fs::OF_Text);
    if (error)
      return module.emitError("cannot write '") << options.output << "': " << error.message();
    code.print(file.os(), nullptr);
    file.keep();
    return success();
  }

  llvm::Error link() {
    switch (options.kind) {
    case ArtefactKind::sharedObject:
      return linkShared(options.output, objects, exportedSymbols(model, /*sharedObject=*/true));
    case ArtefactKind::staticArchive:
      return writeArchive(options.output, objects);
    case ArtefactKind::object:
      return linkRelocatable(options.output, objects);
    case ArtefactKind::assembly:
    case ArtefactKind::llvmIr:
      break;
    }
    return llvm::Error::success();
  }

  ModuleOp module;
  const EmitOptions &options;
  ModelInterface model;
  target::CpuAttr target;
  std::unique_ptr<llvm::TargetMachine> machine;
  WeightPlace weights;
  std::vector<std::string> objects; // paths, code first
  std::vector<std::unique_ptr<llvm::FileRemover>> removers;
  std::vector<std::unique_ptr<llvm::FileRemover>> outputs; // disappear if emission fails
};

} // namespace

LogicalResult emitArtefact(ModuleOp module, const EmitOptions &options) {
  return Emission(module, options).run();
}

} // namespace tilewright
