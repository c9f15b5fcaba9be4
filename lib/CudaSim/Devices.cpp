//===- Devices.cpp - cuInit, devices, contexts, errors --------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/CudaSim/Api.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdio>
#include <dlfcn.h>

using namespace tilewright::cudasim;

thread_local void *tilewright::cudasim::currentContext = nullptr;

namespace {

/// The one context, by any name.
int theContext;

struct Attribute {
  int number, value;
};
/// CUdevice_attribute; the sizes are those of sm_80, which none of our kernels exceeds.
constexpr Attribute Attributes[] = {
    {1, 1024},                               // max threads per block
    {2, 1024},       {3, 1024},  {4, 64},    // of its dimensions
    {5, 0x7fffffff}, {6, 65535}, {7, 65535}, // blocks of a grid
    {8, 48 << 10},                           // shared memory per block
    {9, 64 << 10},                           // constant memory
    {10, 32},                                // warp size
    {12, 65536},                             // registers per block
    {13, 1410000},                           // clock, kHz
    {16, 108},                               // multiprocessors
    {18, 0},                                 // is an integrated GPU
    {31, 1},                                 // runs kernels at the same time
    {38, 40 << 20},                          // L2 cache
    {39, 2048},                              // threads per multiprocessor
    {41, 1},                                 // unified addressing
    {81, 164 << 10},                         // shared memory per multiprocessor
    {82, 65536},                             // registers per multiprocessor
    {97, 163 << 10},                         // shared memory per block that opts in
    {115, 1},                                // memory pools
};

int retain(void **context) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    ++driver.contexts;
    *context = &theContext;
    return Success;
  });
}

int release() {
  return call(Needs::Init, [&](Driver &driver) -> int {
    if (driver.contexts == 0)
      return InvalidContext;
    if (--driver.contexts == 0)
      driver.reset();
    return Success;
  });
}

} // namespace

CUDASIM_API cuInit(unsigned flags) {
  return call(Needs::Nothing, [&](Driver &driver) -> int {
    driver.isInitialized = flags == 0;
    return flags == 0 ? Success : InvalidValue;
  });
}

CUDASIM_API cuDriverGetVersion(int *version) {
  *version = 12000;
  return Success;
}

CUDASIM_API cuGetErrorName(int error, const char **name) {
  *name = errorName(error);
  return *name ? Success : InvalidValue;
}

CUDASIM_API cuGetErrorString(int error, const char **text) {
  *text = errorText(error);
  return *text ? Success : InvalidValue;
}

/// The newest version of a function, by its name without _v2.
CUDASIM_API cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags,
                                int *status) {
  // This library, which the program may have loaded without making its symbols global.
  static void *const self = [] {
    Dl_info info;
    dladdr(&theContext, &info);
    return dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  }();
  std::string name = symbol;
  *function = dlsym(self, (name + "_v2").c_str());
  if (!*function)
    *function = dlsym(self, name.c_str());
  if (status)
    *status = *function ? 0 : 1;
  return *function ? Success : NotFound;
}

CUDASIM_API cuDeviceGetCount(int *count) {
  return call(Needs::Init, [&](Driver &) -> int {
    *count = 1;
    return Success;
  });
}

CUDASIM_API cuDeviceGet(int *device, int ordinal) {
  return call(Needs::Init, [&](Driver &) -> int {
    *device = 0;
    return ordinal == 0 ? Success : InvalidDevice;
  });
}

CUDASIM_API cuDeviceGetName(char *name, int length, int device) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    if (device != 0 || length <= 0)
      return InvalidValue;
    snprintf(name, static_cast<size_t>(length), "PTX simulator (no GPU), sm_%u", driver.capability);
    return Success;
  });
}

CUDASIM_API cuDeviceTotalMem_v2(size_t *bytes, int device) {
  return call(Needs::Init, [&](Driver &) -> int {
    *bytes = DeviceMemoryBytes;
    return device == 0 ? Success : InvalidDevice;
  });
}

CUDASIM_API cuDeviceGetAttribute(int *value, int attribute, int device) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    if (device != 0)
      return InvalidDevice;
    const auto *known =
        llvm::find_if(Attributes, [&](Attribute a) { return a.number == attribute; });
    bool isMajor = attribute == 75, isMinor = attribute == 76;
    if (known == std::end(Attributes) && !isMajor && !isMinor)
      return InvalidValue;
    *value = isMajor   ? static_cast<int>(driver.capability / 10)
             : isMinor ? static_cast<int>(driver.capability % 10)
                       : known->value;
    return Success;
  });
}

CUDASIM_API cuDevicePrimaryCtxRetain(void **context, int device) {
  return device == 0 ? retain(context) : InvalidDevice;
}

CUDASIM_API cuDevicePrimaryCtxRelease_v2(int device) {
  return device == 0 ? release() : InvalidDevice;
}

CUDASIM_API cuDevicePrimaryCtxReset_v2(int device) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    driver.reset();
    return device == 0 ? Success : InvalidDevice;
  });
}

CUDASIM_API cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    *flags = 0;
    *active = driver.contexts > 0;
    return device == 0 ? Success : InvalidDevice;
  });
}

CUDASIM_API cuCtxCreate_v2(void **context, unsigned flags, int device) {
  int result = cuDevicePrimaryCtxRetain(context, device);
  if (result == Success)
    currentContext = *context;
  return result;
}

CUDASIM_API cuCtxDestroy_v2(void *context) {
  if (currentContext == context)
    currentContext = nullptr;
  return context == &theContext ? release() : InvalidContext;
}

CUDASIM_API cuCtxSetCurrent(void *context) {
  return call(Needs::Init, [&](Driver &driver) -> int {
    if (context && (context != &theContext || driver.contexts == 0))
      return InvalidContext;
    currentContext = context;
    return Success;
  });
}

CUDASIM_API cuCtxGetCurrent(void **context) {
  *context = currentContext;
  return Success;
}

CUDASIM_API cuCtxPushCurrent_v2(void *context) {
  return cuCtxSetCurrent(context);
}

CUDASIM_API cuCtxPopCurrent_v2(void **context) {
  if (context)
    *context = currentContext;
  currentContext = nullptr;
  return Success;
}

CUDASIM_API cuCtxGetDevice(int *device) {
  return call(Needs::Context, [&](Driver &) -> int {
    *device = 0;
    return Success;
  });
}

CUDASIM_API cuCtxSynchronize() {
  return call(Needs::Context, [](Driver &) -> int { return Success; });
}
