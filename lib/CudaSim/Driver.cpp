//===- Driver.cpp - the state behind the simulated CUDA driver ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/CudaSim/Driver.h"
#include "lib/PtxSim/Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::cudasim;

namespace {

struct KnownError {
  int value;
  const char *name, *text;
};
constexpr KnownError Errors[] = {
    {Success, "CUDA_SUCCESS", "no error"},
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {InvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {InvalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {LaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {IllegalInstruction, "CUDA_ERROR_ILLEGAL_INSTRUCTION",
     "an illegal instruction was encountered"},
    {MisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
};

const KnownError *find(int value) {
  const auto *found = find_if(Errors, [&](const KnownError &e) { return e.value == value; });
  return found == std::end(Errors) ? nullptr : found;
}

StringRef environment(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

/// 80 of "sm_80", "sm_90a"; 0 of anything else.
unsigned capabilityOf(StringRef target) {
  unsigned value = 0;
  bool fails = !target.consume_front("sm_") || target.consumeInteger(10, value);
  return fails ? 0 : value;
}

/// What hardware would make of a fault.
int resultOf(ptx::FaultKind kind) {
  switch (kind) {
  case ptx::FaultKind::OutOfBounds:
    return IllegalAddress;
  case ptx::FaultKind::Misaligned:
    return MisalignedAddress;
  case ptx::FaultKind::Deadlock:
  case ptx::FaultKind::Limit:
    return LaunchTimeout;
  case ptx::FaultKind::Trap:
    return IllegalInstruction;
  default:
    return LaunchFailed;
  }
}

void appendCounters(const ptx::Program &program, const ptx::Report &report) {
  StringRef path = environment("PTXSIM_COUNTERS");
  if (path.empty())
    return;
  std::error_code error;
  raw_fd_ostream out(path, error, sys::fs::OF_Append);
  if (error)
    errs() << "ptxsim: cannot write '" << path << "': " << error.message() << "\n";
  else
    out << ptx::toJson(program, report) << "\n";
}

} // namespace

const char *cudasim::errorName(int result) {
  const KnownError *known = find(result);
  return known ? known->name : nullptr;
}

const char *cudasim::errorText(int result) {
  const KnownError *known = find(result);
  return known ? known->text : nullptr;
}

Driver &Driver::get() {
  static Driver driver;
  return driver;
}

Driver::Driver() {
  if (unsigned asked = capabilityOf(environment("PTXSIM_CHIP")))
    capability = asked;
}

void Driver::reset() {
  sticky = Success;
  memory = ptx::DeviceMemory();
  sizes.clear();
  allocated = 0;
  modules.clear();
}

int Driver::allocate(uint64_t *address, uint64_t bytes) {
  if (!address || bytes == 0)
    return InvalidValue;
  if (bytes > DeviceMemoryBytes - allocated)
    return OutOfMemory;
  Expected<uint64_t> got = memory.allocate(bytes, "buffer of " + Twine(bytes) + " bytes");
  if (!got) {
    consumeError(got.takeError());
    return OutOfMemory;
  }
  *address = *got;
  sizes[*got] = bytes;
  allocated += bytes;
  return Success;
}

int Driver::release(uint64_t address) {
  auto found = sizes.find(address);
  if (found == sizes.end())
    return address == 0 ? Success : InvalidValue;
  allocated -= found->second;
  sizes.erase(found);
  memory.free(address);
  return Success;
}

bool Driver::isModule(const void *handle) const {
  return any_of(modules, [&](const auto &module) { return module.get() == handle; });
}

bool Driver::isKernel(const void *handle) const {
  return any_of(modules, [&](const auto &module) {
    return any_of(module->kernels, [&](const auto &kernel) { return kernel.get() == handle; });
  });
}

int Driver::load(LoadedModule **result, const char *image, std::string &log) {
  StringRef text(image);
  if (text.starts_with("\x7f"
                       "ELF") ||
      text.starts_with("\x50\xed\x55\xba")) {
    log = "ptxsim: the simulator executes PTX, this image holds machine code";
    return NoBinaryForGpu;
  }
  auto fails = [&](Error error, int code) {
    log = "ptxsim: " + toString(std::move(error));
    return code;
  };
  Expected<ptx::Module> parsed = ptx::parseModule(text, "image");
  if (!parsed)
    return fails(parsed.takeError(), InvalidPtx);
  if (capabilityOf(parsed->target) > capability)
    return fails(createStringError("the image is for " + parsed->target + ", the device is sm_" +
                                   Twine(capability)),
                 NoBinaryForGpu);
  auto module = std::make_unique<LoadedModule>();
  module->module = std::move(*parsed);
  if (Error error = memory.load(module->module, module->globals))
    return fails(std::move(error), InvalidPtx);
  for (const ptx::Function &function : module->module.functions) {
    if (!function.isEntry)
      continue;
    Expected<ptx::Program> program =
        ptx::decodeProgram(module->module, function.name, module->globals);
    if (!program)
      return fails(program.takeError(), InvalidPtx);
    module->kernels.push_back(std::make_unique<Kernel>(Kernel{std::move(*program)}));
  }
  *result = module.get();
  modules.insert(std::move(module));
  return Success;
}

int Driver::launch(Kernel &kernel, ptx::LaunchConfig config) {
  const ptx::Program &program = kernel.program;
  if (program.sharedBytes + config.dynamicShared > PlainSharedBytes &&
      config.dynamicShared > kernel.maxDynamicShared) {
    errs() << "ptxsim: kernel '" << program.function->name << "' needs "
           << program.sharedBytes + config.dynamicShared
           << " bytes of shared memory; beyond 48 KiB cuFuncSetAttribute has to allow them\n";
    return InvalidValue;
  }
  environment("PTXSIM_SEED").getAsInteger(10, config.seed);
  config.findRaces = environment("PTXSIM_RACES") != "0";
  Expected<ptx::Report> report = ptx::launch(memory, program, config);
  if (!report) {
    errs() << "ptxsim: " << toString(report.takeError()) << "\n";
    return InvalidValue;
  }
  appendCounters(program, *report);
  if (report->faults.empty())
    return Success;
  errs() << "ptxsim: kernel '" << program.function->name << "':\n";
  printFaults(errs(), program, *report);
  return sticky = resultOf(report->faults.front().kind);
}
