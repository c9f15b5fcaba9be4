//===- Targets.cpp - CPU levels by name -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Targets.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace mlir;

namespace tilewright {

namespace {

// The f32 lanes and the number of vector registers that a list of LLVM features stands for.
struct VectorUnit {
  int64_t lanes, registers;
};

target::CpuAttr nativeTarget(MLIRContext *context) {
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  llvm::SubtargetFeatures features;
  SmallVector<StringRef> names;
  for (const auto &entry : host)
    names.push_back(entry.getKey());
  llvm::sort(names); // the same text in each run
  for (StringRef name : names)
    features.AddFeature(name, host.lookup(name));
  VectorUnit unit{4, 16};
  if (triple.isX86()) {
    bool wide = host.lookup("avx512f") && host.lookup("avx512vl") && host.lookup("avx512bw");
    unit = wide ? VectorUnit{16, 32} : VectorUnit{host.lookup("avx2") ? 8 : 4, 16};
    features.AddFeature("prefer-256-bit", false);
  } else if (triple.isAArch64()) {
    unit = {4, 32};
  }
  return target::CpuAttr::get(context, "native", triple.str(), llvm::sys::getHostCPUName(),
                              features.getString(), unit.lanes, unit.registers, 32768, 1048576);
}

} // namespace

target::CpuAttr makeTarget(MLIRContext *context, StringRef name) {
  if (name == "native")
    return nativeTarget(context);
  StringRef x86 = "x86_64-unknown-linux-gnu", arm = "aarch64-unknown-linux-gnu";
  // Several Intel CPUs prefer 256 bits by default, which would split 16-lane loops.
  StringRef wide = "-prefer-256-bit";
  if (name == "x86-64-v3")
    return target::CpuAttr::get(context, name, x86, name, "", 8, 16, 32768, 524288);
  if (name == "x86-64-v4")
    return target::CpuAttr::get(context, name, x86, name, wide, 16, 32, 32768, 1048576);
  if (name == "sapphirerapids")
    return target::CpuAttr::get(context, name, x86, name, wide, 16, 32, 49152, 2097152);
  if (name == "aarch64")
    return target::CpuAttr::get(context, name, arm, "generic", "+neon", 4, 32, 65536, 524288);
  return {};
}

target::CpuAttr targetOf(ModuleOp module) {
  if (auto target = module->getAttrOfType<target::CpuAttr>("target.cpu"))
    return target;
  return makeTarget(module.getContext(), "native");
}

std::unique_ptr<llvm::TargetMachine> makeTargetMachine(ModuleOp module, target::CpuAttr target) {
  static bool initialized = [] {
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple(target.getTriple());
  std::string message;
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget) {
    module.emitError("expects a target that LLVM knows: ") << message;
    return nullptr;
  }
  llvm::TargetOptions options;
  // Unreferenced parts of the runtime leave the artefact at link time.
  options.FunctionSections = options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(llvmTarget->createTargetMachine(
      triple, target.getCpu(), target.getFeatures(), options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

} // namespace tilewright
