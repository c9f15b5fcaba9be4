//===- Api.h - what all entry points begin with ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CUDASIM_API_H
#define TILEWRIGHT_LIB_CUDASIM_API_H

#include "lib/CudaSim/Driver.h"

/// An entry point of the driver API. Its types stand here as C knows them: CUresult, CUdevice and
/// enumerations are int, CUdeviceptr is uint64_t, handles are pointers.
#define CUDASIM_API extern "C" __attribute__((visibility("default"))) int

namespace tilewright::cudasim {

/// The thread's current context; null if none.
extern thread_local void *currentContext;

/// Runs f(driver) with the driver locked. `Needs` says what the call must find.
enum class Needs : uint8_t { Nothing, Init, Context };

template <class F>
int call(Needs needs, F f) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.lock);
  if (needs != Needs::Nothing && !driver.isInitialized)
    return NotInitialized;
  if (needs == Needs::Context && !currentContext)
    return InvalidContext;
  if (needs == Needs::Context && driver.sticky)
    return driver.sticky;
  return f(driver);
}

} // namespace tilewright::cudasim

#endif // TILEWRIGHT_LIB_CUDASIM_API_H
