//===- CodeModule.cpp - the model's code as an LLVM module -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/CodeModule.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Emit/RuntimeBitcode.h"
#include "lib/Support/OutputFile.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ProfDataUtils.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace mlir;

namespace tilewright {

/// Innermost loops that carry vectors (sums of products) are the ones that count: says so as a
/// profile would. By depth of nesting alone LLVM takes the two loops of an epilogue for hotter, and
/// spills accumulators to keep the epilogue's constants in registers.
static void weighReductions(llvm::Function &function) {
  llvm::DominatorTree dominators(function);
  llvm::LoopInfo loops(dominators);
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    llvm::BasicBlock *header = loop->getHeader();
    bool carries = llvm::any_of(header->phis(),
                                [](llvm::PHINode &phi) { return phi.getType()->isVectorTy(); });
    auto *branch = llvm::dyn_cast<llvm::BranchInst>(header->getTerminator());
    if (!loop->isInnermost() || !carries || !branch || !branch->isConditional())
      continue;
    constexpr uint32_t kTurns = 1 << 14;
    bool first = loop->contains(branch->getSuccessor(0));
    llvm::setBranchWeights(*branch, {first ? kTurns : 1, first ? 1 : kTurns}, /*IsExpected=*/false);
  }
}

std::unique_ptr<llvm::Module> translateCode(ModuleOp module, llvm::LLVMContext &context,
                                            llvm::TargetMachine &machine) {
  // Weights are not code: they leave the module while it is translated.
  SmallVector<xf::WeightDataOp> weights(module.getOps<xf::WeightDataOp>());
  for (xf::WeightDataOp weight : weights)
    weight->remove();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, "model");
  for (xf::WeightDataOp weight : llvm::reverse(weights))
    module.getBody()->push_front(weight);
  if (!code)
    return nullptr;
  code->setTargetTriple(machine.getTargetTriple());
  code->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *code) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr(llvm::Attribute::NoUnwind);
    weighReductions(function);
  }
  return code;
}

std::vector<RegionLabel> regionLabels(const llvm::Module &code) {
  std::vector<RegionLabel> labels;
  for (const llvm::Function &function : code) {
    StringRef name = function.getName();
    if (name.starts_with("main_region_") && name.ends_with("_share"))
      labels.push_back(
          {name.str(), name.drop_front(strlen("main_")).drop_back(strlen("_share")).str()});
  }
  return labels;
}

void nameForVariant(llvm::Module &code, VariantCode &variant) {
  std::string suffix = "." + variant.isa;
  for (llvm::GlobalValue &value : code.global_values())
    if (!value.isDeclaration())
      value.setName(value.getName() + suffix);
  for (std::string *name :
       {&variant.run, &variant.workspace, &variant.shapes, &variant.work, &variant.check})
    *name += suffix;
  for (RegionLabel &region : variant.regions)
    region.function += suffix;
}

llvm::Error linkRuntime(llvm::Module &code) {
  StringRef bitcode = runtimeBitcode(code.getTargetTriple());
  if (bitcode.empty())
    return llvm::createStringError("this build of Tilewright has no runtime for %s",
                                   code.getTargetTriple().str().c_str());
  llvm::Expected<std::unique_ptr<llvm::Module>> runtime =
      llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "runtime"), code.getContext());
  if (!runtime)
    return runtime.takeError();
  (*runtime)->setTargetTriple(code.getTargetTriple());
  (*runtime)->setDataLayout(code.getDataLayout());
  if (llvm::Linker::linkModules(code, std::move(*runtime)))
    return llvm::createStringError("the runtime does not fit the model's code");
  return llvm::Error::success();
}

void internalize(llvm::Module &code, llvm::ArrayRef<std::string> exported) {
  llvm::internalizeModule(code, [&](const llvm::GlobalValue &value) {
    return value.isDeclaration() || llvm::is_contained(exported, value.getName());
  });
}

llvm::Error optimize(llvm::Module &code, llvm::TargetMachine &machine) {
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(code, &stream))
    return llvm::createStringError("generated code is malformed: %s", problem.c_str());
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = tuning.LoopVectorization = false;
  tuning.LoopInterleaving = tuning.SLPVectorization = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(code, modules);
  return llvm::Error::success();
}

llvm::Error generate(llvm::Module &code, llvm::TargetMachine &machine, StringRef path,
                     bool assembly) {
  auto type = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  return writeFile(path, [&](llvm::raw_pwrite_stream &out) -> llvm::Error {
    llvm::legacy::PassManager passes;
    if (machine.addPassesToEmitFile(passes, out, nullptr, type))
      return llvm::createStringError("LLVM has no code generator for %s",
                                     machine.getTargetTriple().str().c_str());
    passes.run(code);
    return llvm::Error::success();
  });
}

} // namespace tilewright
