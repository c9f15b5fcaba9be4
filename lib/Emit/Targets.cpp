//===- Targets.cpp - CPU levels by name -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Targets.h"
#include "dialects/Target/IR/Targets.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include <unistd.h>

using namespace mlir;

namespace tilewright {

namespace {

// What a list of LLVM features stands for; fields as in #target.cpu.
struct VectorUnit {
  int64_t lanes, registers;
  bool bf16Dot = false, tiles = false;
};

// Bytes of a data cache of this machine as the C library knows it (CPUID); `fallback` where it does
// not.
int64_t cacheSize(int level, int64_t fallback) {
  long bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? bytes : fallback;
}

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
    unit = wide ? VectorUnit{16, 32, host.lookup("avx512bf16"), host.lookup("amx-bf16")}
                : VectorUnit{host.lookup("avx2") ? 8 : 4, 16};
    features.AddFeature("prefer-256-bit", false);
  } else if (triple.isAArch64()) {
    unit = {4, 32};
  }
  return target::CpuAttr::get(context, "native", triple.str(), llvm::sys::getHostCPUName(),
                              features.getString(), unit.lanes, unit.registers, cacheSize(1, 32768),
                              cacheSize(2, 524288), unit.bf16Dot, unit.tiles);
}

} // namespace

target::CpuAttr makeTarget(MLIRContext *context, StringRef name) {
  if (name == "native")
    return nativeTarget(context);
  return target::cpuOfLevel(context, name);
}

llvm::Expected<SmallVector<target::CpuAttr>> parseTargets(MLIRContext *context, StringRef names) {
  SmallVector<target::CpuAttr> targets;
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  for (StringRef name : parts) {
    target::CpuAttr target = makeTarget(context, name);
    if (!target)
      return llvm::createStringError("expects --target native, " + target::cpuLevelNames() +
                                     ", got '" + name + "'");
    if (llvm::is_contained(targets, target))
      return llvm::createStringError("expects each --target once, got '" + name + "' twice");
    auto archOf = [](target::CpuAttr cpu) { return llvm::Triple(cpu.getTriple()).getArch(); };
    if (!targets.empty() && archOf(target) != archOf(targets[0]))
      return llvm::createStringError("expects targets of one architecture in an artefact, got '" +
                                     targets[0].getName() + "' and '" + name + "'");
    targets.push_back(target);
  }
  return targets;
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
