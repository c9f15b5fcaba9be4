//===- Burst.cpp - what the machine can do right now -----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Burst.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <thread>
#include <vector>

using namespace tilewright;

namespace {

double threadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The sum of what `body(thread)` returns on `threads` threads that start together.
template <class Body>
double onThreads(int threads, Body body) {
  std::vector<double> results(static_cast<size_t>(threads));
  std::atomic<int> waiting = threads;
  std::vector<std::thread> others;
  auto work = [&](int i) {
    for (--waiting; waiting > 0;) {
    }
    results[static_cast<size_t>(i)] = body(i);
  };
  for (int i = 1; i < threads; ++i)
    others.emplace_back(work, i);
  work(0);
  for (std::thread &other : others)
    other.join();
  double sum = 0;
  for (double result : results)
    sum += result;
  return sum;
}

#if defined(__x86_64__)
// Twelve independent chains hide the latency of an FMA: 4 or 5 cycles at two per cycle. All are
// zero, so that no value decides on the speed.
#define TW_FMA_BURST(NAME, FEATURE, REGISTER, LANES)                                               \
  __attribute__((target(FEATURE))) double NAME(int64_t steps) {                                    \
    double start = threadSeconds();                                                                \
    int64_t left = steps;                                                                          \
    asm volatile(".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13\n"                                        \
                 " vpxor %%xmm\\i,%%xmm\\i,%%xmm\\i\n .endr\n"                                     \
                 "1:\n .irp i,2,3,4,5,6,7,8,9,10,11,12,13\n"                                       \
                 " vfmadd231ps %%" REGISTER "0,%%" REGISTER "1,%%" REGISTER "\\i\n .endr\n"        \
                 " dec %0\n jnz 1b\n"                                                              \
                 : "+r"(left)                                                                      \
                 :                                                                                 \
                 : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",   \
                   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13");                                    \
    return static_cast<double>(steps) * 12 * 2 * LANES / (threadSeconds() - start);                \
  }
TW_FMA_BURST(fma512, "avx512f", "zmm", 16)
TW_FMA_BURST(fma256, "avx2,fma", "ymm", 8)
#undef TW_FMA_BURST

double fmaRate(int64_t steps) {
  if (__builtin_cpu_supports("avx512f"))
    return fma512(steps);
  return __builtin_cpu_supports("fma") ? fma256(steps) : 0;
}
#else
double fmaRate(int64_t) {
  return 0;
}
#endif

// Reads `count` words per stream; the sum keeps the compiler from dropping the loads.
uint64_t readStreams(const uint64_t *data, size_t stride, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i < count; i += 8) // a cache line
    for (size_t stream = 0; stream < 8; ++stream)
      sums[stream] += data[stream * stride + i];
  uint64_t all = 0;
  for (uint64_t sum : sums)
    all += sum;
  return all;
}

} // namespace

double tilewright::fmaBurst(int threads) {
  return onThreads(threads, [](int) { return fmaRate(10000); });
}

double tilewright::readBurst(int threads, double bytes) {
  // The most is larger than the share of a last-level cache that a virtual machine usually gets.
  constexpr size_t most = size_t(512) << 17, perThread = size_t(64) << 17, streams = 8, line = 8;
  auto count = static_cast<size_t>(threads);
  size_t least = count * streams * line;
  size_t words = std::clamp(static_cast<size_t>(std::max(bytes, 0.0)) / 8, least, most);
  static std::vector<uint64_t> data;
  static size_t turn = 0; // a part that other rounds have not read goes first
  if (data.size() < words)
    data.assign(words, 1);
  size_t stride = words / streams;
  size_t part = std::min(perThread / streams, stride / count) / line * line;
  size_t passes = perThread / streams / part, first = turn, places = stride / part;
  turn += count;
  static std::atomic<uint64_t> sink;
  return onThreads(threads, [&](int thread) {
    size_t at = (first + static_cast<size_t>(thread)) % places * part;
    if (passes > 1) // what fits a cache is there
      sink += readStreams(data.data() + at, stride, part);
    auto start = std::chrono::steady_clock::now();
    for (size_t pass = 0; pass < passes; ++pass)
      sink += readStreams(data.data() + at, stride, part);
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    return static_cast<double>(passes * part * streams * sizeof(uint64_t)) / time.count();
  });
}
