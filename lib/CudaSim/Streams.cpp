//===- Streams.cpp - streams and events: all work is done when it is asked for -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/CudaSim/Api.h"
#include <chrono>

using namespace tilewright::cudasim;

namespace {

using Clock = std::chrono::steady_clock;

/// CUevent
struct Event {
  Clock::time_point recorded;
  bool isRecorded = false;
};

/// A stream by its handle; 0, 1 and 2 are the default streams.
bool isStream(const Driver &driver, void *stream) {
  return reinterpret_cast<uintptr_t>(stream) <= 2 || driver.streams.count(stream);
}

int onStream(void *stream) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    return isStream(driver, stream) ? Success : InvalidHandle;
  });
}

int onEvent(void *event) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    return driver.events.count(event) ? Success : InvalidHandle;
  });
}

} // namespace

CUDASIM_API cuStreamCreate(void **stream, unsigned flags) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    *stream = new char;
    driver.streams.insert(*stream);
    return Success;
  });
}

CUDASIM_API cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) {
  return cuStreamCreate(stream, flags);
}

CUDASIM_API cuStreamDestroy_v2(void *stream) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.streams.erase(stream))
      return InvalidHandle;
    delete static_cast<char *>(stream);
    return Success;
  });
}

CUDASIM_API cuStreamSynchronize(void *stream) {
  return onStream(stream);
}

CUDASIM_API cuStreamQuery(void *stream) {
  return onStream(stream);
}

CUDASIM_API cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
  int result = onStream(stream);
  return result == Success ? onEvent(event) : result;
}

CUDASIM_API cuEventCreate(void **event, unsigned flags) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    *event = new Event;
    driver.events.insert(*event);
    return Success;
  });
}

CUDASIM_API cuEventDestroy_v2(void *event) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.events.erase(event))
      return InvalidHandle;
    delete static_cast<Event *>(event);
    return Success;
  });
}

CUDASIM_API cuEventRecord(void *event, void *stream) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.events.count(event) || !isStream(driver, stream))
      return InvalidHandle;
    *static_cast<Event *>(event) = {Clock::now(), true};
    return Success;
  });
}

CUDASIM_API cuEventSynchronize(void *event) {
  return onEvent(event);
}

CUDASIM_API cuEventQuery(void *event) {
  return onEvent(event);
}

/// Milliseconds of the simulator, which say nothing of hardware.
CUDASIM_API cuEventElapsedTime(float *milliseconds, void *start, void *end) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.events.count(start) || !driver.events.count(end))
      return InvalidHandle;
    auto *from = static_cast<Event *>(start), *to = static_cast<Event *>(end);
    if (!from->isRecorded || !to->isRecorded)
      return InvalidHandle;
    *milliseconds = std::chrono::duration<float, std::milli>(to->recorded - from->recorded).count();
    return Success;
  });
}
