//===- Kernels.cpp - modules, functions, launches -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/CudaSim/Api.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::cudasim;

namespace {

// CUjit_option, CUfunction_attribute and the keys of cuLaunchKernel's `extra`.
enum JitOption : int { ErrorLog = 5, ErrorLogBytes = 6 };
enum FunctionAttribute : int {
  MaxThreads = 0,
  SharedBytes = 1,
  LocalBytes = 3,
  MaxDynamicShared = 8
};
constexpr uintptr_t ExtraEnd = 0, ExtraPointer = 1, ExtraSize = 2;

/// Where the caller wants to read what is wrong with its image.
void copyLog(StringRef log, unsigned count, const int *options, void **values) {
  char *buffer = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == ErrorLog)
      buffer = static_cast<char *>(values[i]);
    else if (options[i] == ErrorLogBytes)
      size = reinterpret_cast<uintptr_t>(values[i]);
  if (buffer && size) {
    StringRef part = log.take_front(size - 1);
    memcpy(buffer, part.data(), part.size());
    buffer[part.size()] = 0;
  } else {
    errs() << log << "\n";
  }
}

/// A kernel's parameters lie one by one at the caller's pointers, or ready in one piece (`extra`).
int gatherParameters(const ptx::Program &program, void **pointers, void **extra,
                     std::vector<uint8_t> &bytes) {
  bytes.resize(program.parameterBytes);
  if (extra) {
    const void *piece = nullptr;
    size_t size = 0;
    for (; reinterpret_cast<uintptr_t>(*extra) != ExtraEnd; extra += 2)
      if (reinterpret_cast<uintptr_t>(*extra) == ExtraPointer)
        piece = extra[1];
      else if (reinterpret_cast<uintptr_t>(*extra) == ExtraSize)
        size = *static_cast<size_t *>(extra[1]);
    if (size != bytes.size() || (!piece && size))
      return InvalidValue;
    if (size)
      memcpy(bytes.data(), piece, size);
    return Success;
  }
  const std::vector<ptx::Variable> &parameters = program.function->parameters;
  if (!parameters.empty() && !pointers)
    return InvalidValue;
  for (auto [i, parameter] : enumerate(parameters))
    memcpy(bytes.data() + program.parameters.lookup(parameter.name), pointers[i], parameter.bytes);
  return Success;
}

} // namespace

CUDASIM_API cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options,
                               void **values) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!module || !image)
      return InvalidValue;
    LoadedModule *loaded = nullptr;
    std::string log;
    int result = driver.load(&loaded, static_cast<const char *>(image), log);
    *module = loaded;
    if (result != Success)
      copyLog(log, count, options, values);
    return result;
  });
}

CUDASIM_API cuModuleLoadData(void **module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

CUDASIM_API cuModuleUnload(void *module) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    auto found =
        find_if(driver.modules, [&](const auto &loaded) { return loaded.get() == module; });
    if (found == driver.modules.end())
      return InvalidHandle;
    for (const auto &global : (*found)->globals)
      driver.memory.free(global.second);
    driver.modules.erase(found);
    return Success;
  });
}

CUDASIM_API cuModuleGetFunction(void **function, void *module, const char *name) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.isModule(module))
      return InvalidHandle;
    for (const auto &kernel : static_cast<LoadedModule *>(module)->kernels)
      if (kernel->program.function->name == name) {
        *function = kernel.get();
        return Success;
      }
    return NotFound;
  });
}

CUDASIM_API cuModuleGetGlobal_v2(uint64_t *address, size_t *bytes, void *module, const char *name) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.isModule(module))
      return InvalidHandle;
    auto *loaded = static_cast<LoadedModule *>(module);
    for (const ptx::Variable &variable : loaded->module.variables)
      if (variable.name == name && loaded->globals.contains(name)) {
        if (address)
          *address = loaded->globals.lookup(name);
        if (bytes)
          *bytes = variable.bytes;
        return Success;
      }
    return NotFound;
  });
}

CUDASIM_API cuFuncSetAttribute(void *function, int attribute, int value) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.isKernel(function))
      return InvalidHandle;
    if (attribute != MaxDynamicShared)
      return Success; // carve-out and the like: hints
    auto *kernel = static_cast<Kernel *>(function);
    constexpr uint64_t Most = 163 << 10;
    if (value < 0 || kernel->program.sharedBytes + static_cast<uint64_t>(value) > Most)
      return InvalidValue;
    kernel->maxDynamicShared = static_cast<uint64_t>(value);
    return Success;
  });
}

CUDASIM_API cuFuncGetAttribute(int *value, int attribute, void *function) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.isKernel(function))
      return InvalidHandle;
    const auto &kernel = *static_cast<Kernel *>(function);
    switch (attribute) {
    case MaxThreads:
      *value = 1024;
      return Success;
    case SharedBytes:
      *value = static_cast<int>(kernel.program.sharedBytes);
      return Success;
    case LocalBytes:
      *value = static_cast<int>(kernel.program.localBytes);
      return Success;
    case MaxDynamicShared:
      *value = static_cast<int>(kernel.maxDynamicShared);
      return Success;
    default:
      return NotSupported;
    }
  });
}

CUDASIM_API cuLaunchKernel(void *function, unsigned gridX, unsigned gridY, unsigned gridZ,
                           unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                           void *stream, void **parameters, void **extra) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.isKernel(function) ||
        (reinterpret_cast<uintptr_t>(stream) > 2 && !driver.streams.count(stream)))
      return InvalidHandle;
    auto &kernel = *static_cast<Kernel *>(function);
    ptx::LaunchConfig config;
    config.grid = {gridX, gridY, gridZ};
    config.block = {blockX, blockY, blockZ};
    config.dynamicShared = sharedBytes;
    if (int result = gatherParameters(kernel.program, parameters, extra, config.parameters))
      return result;
    return driver.launch(kernel, std::move(config));
  });
}
