//===- Driver.h - the state behind the simulated CUDA driver --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One device and one context at a time, as hosts of one GPU use them. Everything happens at once
// and in the order of calls, whatever its stream. Environment:
//
//   PTXSIM_CHIP=sm_90        compute capability that the device claims (default sm_80)
//   PTXSIM_SEED=7            order of warps, see LaunchConfig
//   PTXSIM_RACES=0           do not look for data races
//   PTXSIM_COUNTERS=FILE     append a line of JSON per launch
//
// Faults of a kernel go to standard error; the launch returns the error that hardware would report
// later, and so does every call after it.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CUDASIM_DRIVER_H
#define TILEWRIGHT_LIB_CUDASIM_DRIVER_H

#include "lib/PtxSim/Launch.h"
#include <mutex>
#include <set>

namespace tilewright::cudasim {

/// CUresult: the values that we return (CUDA driver API, cuda.h).
enum Result : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  InvalidHandle = 400,
  NotFound = 500,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  LaunchTimeout = 702,
  IllegalInstruction = 715,
  MisalignedAddress = 716,
  LaunchFailed = 719,
  NotSupported = 801
};

/// "CUDA_ERROR_INVALID_VALUE" and a sentence; null if there is no such error.
const char *errorName(int result);
const char *errorText(int result);

struct Kernel;

/// CUmodule
struct LoadedModule {
  ptx::Module module;
  llvm::StringMap<uint64_t> globals;
  std::vector<std::unique_ptr<Kernel>> kernels;
};

/// CUfunction
struct Kernel {
  ptx::Program program;
  uint64_t maxDynamicShared = 0; // set by cuFuncSetAttribute; beyond 48 KiB in all it must be
};

class Driver {
public:
  static Driver &get();

  std::mutex lock; // of all below; every call holds it
  bool isInitialized = false;
  unsigned capability = 80; // 10 major + minor
  int sticky = Success;     // after a fault, until the context is reset
  ptx::DeviceMemory memory;
  std::map<uint64_t, uint64_t> sizes; // of what cuMemAlloc returned
  uint64_t allocated = 0;
  std::set<std::unique_ptr<LoadedModule>> modules;
  std::set<void *> streams, events, hostMemory;
  unsigned contexts = 0; // references to the primary one, and created ones

  /// Forgets memory, modules and the fault.
  void reset();
  int allocate(uint64_t *address, uint64_t bytes);
  int release(uint64_t address);
  /// Parses and decodes an image. What is wrong goes to `log`.
  int load(LoadedModule **module, const char *image, std::string &log);
  int launch(Kernel &kernel, ptx::LaunchConfig config);
  bool isKernel(const void *handle) const;
  bool isModule(const void *handle) const;

private:
  Driver();
};

constexpr uint64_t DeviceMemoryBytes = uint64_t(8) << 30;
constexpr uint64_t PlainSharedBytes = 48 << 10;

} // namespace tilewright::cudasim

#endif // TILEWRIGHT_LIB_CUDASIM_DRIVER_H
