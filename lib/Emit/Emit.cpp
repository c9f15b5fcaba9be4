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
#include "lib/Support/OutputFile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
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

/// The model as compiled for one CPU level.
struct Level {
  ModuleOp module;
  std::unique_ptr<llvm::TargetMachine> machine;
  VariantCode code;
};

/// The features of AMX whose intrinsics are called in `module`.
llvm::StringSet<> tileFeatures(ModuleOp module) {
  static constexpr std::pair<StringRef, StringRef> intrinsics[] = {
      {"llvm.x86.tile", "amx-tile"}, {"llvm.x86.tdpbf16", "amx-bf16"}};
  llvm::StringSet<> features;
  module.walk([&](LLVM::CallIntrinsicOp call) {
    for (auto [prefix, feature] : intrinsics)
      if (call.getIntrin().starts_with(prefix))
        features.insert(feature);
  });
  return features;
}

class Emission {
public:
  Emission(ArrayRef<ModuleOp> modules, const EmitOptions &options)
      : modules(modules), module(modules.front()), options(options) {}

  LogicalResult run() {
    FailureOr<ModelInterface> interface = readInterface(module);
    if (failed(interface))
      return failure();
    model = std::move(*interface);
    model.name = options.name.empty() ? artefactName(options.output) : options.name;
    model.source = options.source;
    model.pipeline = options.pipeline;
    model.compute = options.compute;
    if (failed(findLevels()) || failed(step("weights", [&] { return writeWeightImage(); })) ||
        failed(emitCode()))
      return failure();
    for (std::unique_ptr<llvm::FileRemover> &remover : outputs)
      remover->releaseFile();
    return success();
  }

private:
  bool isCodeOnly() const {
    return options.kind == ArtefactKind::assembly || options.kind == ArtefactKind::llvmIr;
  }

  // Best first, as the runtime expects them: a level that needs more features serves fewer CPUs,
  // and serves them better.
  LogicalResult findLevels() {
    for (ModuleOp each : modules) {
      target::CpuAttr target = targetOf(each);
      std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(each, target);
      if (!machine)
        return failure();
      model.target += (model.target.empty() ? "" : ",") + target.getName().str();
      VariantCode code;
      code.isa = target.getName();
      code.features = requiredFeatures(*machine->getMCSubtargetInfo(), tileFeatures(each));
      levels.push_back({each, std::move(machine), std::move(code)});
    }
    llvm::sort(levels, [](const Level &a, const Level &b) {
      return std::pair(-llvm::popcount(a.code.features), a.code.isa) <
             std::pair(-llvm::popcount(b.code.features), b.code.isa);
    });
    return success();
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
    return WeightImage::createObject(objects.back(), weights.size,
                                     levels.front().machine->getTargetTriple(), weights.symbol);
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
    weights.size = weightsSize(modules);
    if (isCodeOnly() || weights.size == 0)
      return success();
    llvm::Expected<WeightImage> image =
        options.weightsInFile ? createWeightFile() : createWeightObject();
    if (!image)
      return check(image.takeError());
    if (failed(writeWeights(modules, image->data())))
      return failure();
    llvm::Expected<uint64_t> checksum = image->commit();
    if (!checksum)
      return check(checksum.takeError());
    weights.checksum = *checksum;
    if (options.weightsInFile)
      outputs.push_back(std::make_unique<llvm::FileRemover>(weightFilePath()));
    return success();
  }

  // The code of all levels in one module.
  std::unique_ptr<llvm::Module> translate(llvm::LLVMContext &context) {
    std::unique_ptr<llvm::Module> all;
    for (Level &level : levels) {
      std::unique_ptr<llvm::Module> code = translateCode(level.module, context, *level.machine);
      if (!code)
        return nullptr;
      level.code.regions = regionLabels(*code);
      if (levels.size() > 1)
        nameForVariant(*code, level.code);
      if (!all)
        all = std::move(code);
      else if (llvm::Linker::linkModules(*all, std::move(code))) // reports why
        return nullptr;
    }
    return all;
  }

  LogicalResult emitCode() {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> code;
    if (failed(step("translate", [&] {
          code = translate(context);
          return success(code != nullptr);
        })))
      return failure();
    if (options.kind == ArtefactKind::llvmIr)
      return check(writeFile(options.output, [&](llvm::raw_ostream &out) {
        code->print(out, nullptr);
        return llvm::Error::success();
      }));
    bool shared = options.kind == ArtefactKind::sharedObject;
    // Functions say themselves which CPU they are for; the machine only says the architecture.
    llvm::TargetMachine &machine = *levels.front().machine;
    std::vector<VariantCode> variants;
    for (const Level &level : levels)
      variants.push_back(level.code);
    if (failed(step("optimise", [&] {
          if (failed(check(linkRuntime(*code))) ||
              failed(check(addDescriptor(*code, model, variants, weights, shared))))
            return failure();
          internalize(*code, exportedSymbols(model, shared));
          return check(optimize(*code, machine));
        })))
      return failure();
    bool assembly = options.kind == ArtefactKind::assembly;
    std::string path = assembly ? options.output : temporary(".code.o");
    if (failed(step("codegen", [&] { return check(generate(*code, machine, path, assembly)); })))
      return failure();
    objects.insert(objects.begin(), path);
    return assembly ? success() : step("link", [&] { return check(link()); });
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

  ArrayRef<ModuleOp> modules;
  ModuleOp module; // for what all levels have in common
  const EmitOptions &options;
  ModelInterface model;
  std::vector<Level> levels;
  WeightPlace weights;
  std::vector<std::string> objects; // paths, code first
  std::vector<std::unique_ptr<llvm::FileRemover>> removers;
  std::vector<std::unique_ptr<llvm::FileRemover>> outputs; // disappear if emission fails
};

} // namespace

LogicalResult emitArtefact(ArrayRef<ModuleOp> levels, const EmitOptions &options) {
  return Emission(levels, options).run();
}

} // namespace tilewright
