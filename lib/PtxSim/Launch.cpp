//===- Launch.cpp - runs a kernel, reports faults and counters ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Launch.h"
#include "lib/PtxSim/Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <thread>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr uint64_t MaxThreads = 1024, MaxSharedBytes = 227 * 1024; // of a block, on any chip

std::string dimName(const Dim3 &d) {
  return utostr(d.x) + "," + utostr(d.y) + "," + utostr(d.z);
}

/// What the driver would refuse (CUDA driver API, cuLaunchKernel), and what the kernel demands.
Error check(const Program &program, const LaunchConfig &config) {
  const Function &kernel = *program.function;
  auto fail = [&](const Twine &what) {
    return createStringError("kernel '" + kernel.name + "': expects " + what);
  };
  if (!config.grid.count() || !config.block.count())
    return fail("a grid and a block without empty dimensions, got grid " + dimName(config.grid) +
                " and block " + dimName(config.block));
  if (config.block.count() > MaxThreads)
    return fail("at most " + Twine(MaxThreads) + " threads in a block, got " +
                Twine(config.block.count()));
  const std::array<uint32_t, 3> given = {config.block.x, config.block.y, config.block.z};
  if (kernel.requiredThreads[0] && kernel.requiredThreads != given)
    return fail("the block that .reqntid demands, got " + dimName(config.block));
  const std::array<uint32_t, 3> &most = kernel.maximumThreads;
  if (most[0] && config.block.count() > uint64_t(most[0]) * most[1] * most[2])
    return fail("at most the threads that .maxntid allows, got block " + dimName(config.block));
  if (program.sharedBytes + config.dynamicShared > MaxSharedBytes)
    return fail("at most " + Twine(MaxSharedBytes) + " bytes of shared memory, got " +
                Twine(program.sharedBytes + config.dynamicShared));
  if (config.parameters.size() != program.parameterBytes)
    return fail(Twine(program.parameterBytes) + " bytes of parameters, got " +
                Twine(config.parameters.size()));
  return Error::success();
}

} // namespace

StringRef tilewright::ptx::faultName(FaultKind kind) {
  const StringRef names[] = {"out-of-bounds",
                             "misaligned",
                             "uninitialised-memory",
                             "undefined-register",
                             "divergence",
                             "partial-barrier",
                             "deadlock",
                             "data-race",
                             "arithmetic",
                             "trap",
                             "limit"};
  return names[static_cast<size_t>(kind)];
}

void Counters::add(const Counters &other) {
  warpInstructions += other.warpInstructions;
  threadInstructions += other.threadInstructions;
  mma += other.mma;
  multiplyAdds += other.multiplyAdds;
  barriers += other.barriers;
  perOp.resize(std::max(perOp.size(), other.perOp.size()));
  for (auto [mine, theirs] : zip(perOp, other.perOp)) {
    mine.executed += theirs.executed;
    mine.sectors += theirs.sectors;
    mine.idealSectors += theirs.idealSectors;
    mine.wavefronts += theirs.wavefronts;
    mine.idealWavefronts += theirs.idealWavefronts;
  }
}

Expected<Report> tilewright::ptx::launch(DeviceMemory &memory, const Program &program,
                                         const LaunchConfig &config) {
  if (Error error = check(program, config))
    return std::move(error);
  uint32_t number = memory.beginLaunch(config.findRaces);
  uint64_t blocks = config.grid.count();
  uint64_t wanted = config.threads ? config.threads : std::thread::hardware_concurrency();
  auto workers = static_cast<unsigned>(std::clamp<uint64_t>(wanted, 1, blocks));
  std::vector<Report> reports(workers);
  Publications publications;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> isStopped{false};
  auto work = [&](unsigned worker) {
    Block block(memory, program, config, number, publications);
    for (uint64_t i; !isStopped && (i = next++) < blocks;) {
      block.run({static_cast<uint32_t>(i % config.grid.x),
                 static_cast<uint32_t>(i / config.grid.x % config.grid.y),
                 static_cast<uint32_t>(i / config.grid.x / config.grid.y)},
                i);
      if (block.isStopped)
        isStopped = true;
    }
    reports[worker] = {std::move(block.faults), std::move(block.counters)};
  };
  std::vector<std::thread> threads;
  for (unsigned worker = 1; worker < workers; ++worker)
    threads.emplace_back(work, worker);
  work(0);
  for (std::thread &thread : threads)
    thread.join();

  Report result;
  for (Report &report : reports) {
    result.counters.add(report.counters);
    append_range(result.faults, report.faults);
  }
  // The same order whatever the number of threads: what stops first, then races by line.
  sort(result.faults, [](const Fault &a, const Fault &b) {
    return std::make_tuple(a.kind == FaultKind::Race, a.line, a.message) <
           std::make_tuple(b.kind == FaultKind::Race, b.line, b.message);
  });
  return result;
}
