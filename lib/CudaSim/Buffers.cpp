//===- Buffers.cpp - memory of the device, copies -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/CudaSim/Api.h"

using namespace llvm;
using namespace tilewright::cudasim;

namespace {

int done(Error error) {
  if (!error)
    return Success;
  consumeError(std::move(error));
  return InvalidValue;
}

int fill(uint64_t to, const void *pattern, size_t patternBytes, size_t count) {
  std::vector<uint8_t> bytes(patternBytes * count);
  for (size_t i = 0; i < count; ++i)
    memcpy(&bytes[i * patternBytes], pattern, patternBytes);
  return call(Needs::Context, [&](Driver &driver) { return done(driver.memory.write(to, bytes)); });
}

} // namespace

CUDASIM_API cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  return call(Needs::Context, [&](Driver &driver) { return driver.allocate(address, bytes); });
}

CUDASIM_API cuMemAllocAsync(uint64_t *address, size_t bytes, void *stream) {
  return cuMemAlloc_v2(address, bytes);
}

CUDASIM_API cuMemFree_v2(uint64_t address) {
  return call(Needs::Context, [&](Driver &driver) { return driver.release(address); });
}

CUDASIM_API cuMemFreeAsync(uint64_t address, void *stream) {
  return cuMemFree_v2(address);
}

CUDASIM_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    *total = DeviceMemoryBytes;
    *free = DeviceMemoryBytes - driver.allocated;
    return Success;
  });
}

CUDASIM_API cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  return call(Needs::Context, [&](Driver &driver) {
    return done(driver.memory.write(to, {static_cast<const uint8_t *>(from), bytes}));
  });
}

CUDASIM_API cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  return call(Needs::Context, [&](Driver &driver) {
    return done(driver.memory.read(from, {static_cast<uint8_t *>(to), bytes}));
  });
}

CUDASIM_API cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) {
  return call(Needs::Context,
              [&](Driver &driver) { return done(driver.memory.copy(to, from, bytes)); });
}

CUDASIM_API cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) {
  return cuMemcpyHtoD_v2(to, from, bytes);
}

CUDASIM_API cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
  return cuMemcpyDtoH_v2(to, from, bytes);
}

CUDASIM_API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) {
  return cuMemcpyDtoD_v2(to, from, bytes);
}

CUDASIM_API cuMemsetD8_v2(uint64_t to, unsigned char value, size_t count) {
  return fill(to, &value, sizeof(value), count);
}

CUDASIM_API cuMemsetD16_v2(uint64_t to, unsigned short value, size_t count) {
  return fill(to, &value, sizeof(value), count);
}

CUDASIM_API cuMemsetD32_v2(uint64_t to, unsigned value, size_t count) {
  return fill(to, &value, sizeof(value), count);
}

CUDASIM_API cuMemsetD8Async(uint64_t to, unsigned char value, size_t count, void *stream) {
  return fill(to, &value, sizeof(value), count);
}

CUDASIM_API cuMemsetD32Async(uint64_t to, unsigned value, size_t count, void *stream) {
  return fill(to, &value, sizeof(value), count);
}

CUDASIM_API cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    *memory = malloc(bytes ? bytes : 1);
    if (!*memory)
      return OutOfMemory;
    driver.hostMemory.insert(*memory);
    return Success;
  });
}

CUDASIM_API cuMemAllocHost_v2(void **memory, size_t bytes) {
  return cuMemHostAlloc(memory, bytes, 0);
}

CUDASIM_API cuMemFreeHost(void *memory) {
  return call(Needs::Context, [&](Driver &driver) -> int {
    if (!driver.hostMemory.erase(memory))
      return InvalidValue;
    free(memory);
    return Success;
  });
}

CUDASIM_API cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags) {
  return call(Needs::Context, [](Driver &) -> int { return Success; });
}

CUDASIM_API cuMemHostUnregister(void *memory) {
  return call(Needs::Context, [](Driver &) -> int { return Success; });
}
