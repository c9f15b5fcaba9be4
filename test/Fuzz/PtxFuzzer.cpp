//===- PtxFuzzer.cpp - arbitrary bytes as PTX text ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Launch.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr uint64_t BufferBytes = 1 << 16;

/// Every parameter of eight bytes points to a buffer of its own.
void run(const Module &module, StringRef kernel) {
  DeviceMemory memory;
  StringMap<uint64_t> globals;
  if (Error error = memory.load(module, globals))
    return consumeError(std::move(error));
  Expected<Program> program = decodeProgram(module, kernel, globals);
  if (!program)
    return consumeError(program.takeError());
  LaunchConfig config;
  config.grid = {2, 1, 1};
  config.block = {96, 1, 1};
  config.seed = 1;
  config.threads = 1;
  config.maxInstructions = 100000;
  config.parameters.resize(program->parameterBytes);
  for (const auto &parameter : program->parameters)
    if (parameter.second + 8 <= program->parameterBytes) {
      uint64_t buffer = cantFail(memory.allocate(BufferBytes, "buffer"));
      cantFail(memory.write(buffer, std::vector<uint8_t>(BufferBytes, 1)));
      memcpy(&config.parameters[parameter.second], &buffer, 8);
    }
  if (Expected<Report> report = launch(memory, *program, config); !report)
    consumeError(report.takeError());
}

} // namespace

// Any text is refused, or executed with faults at most.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<Module> module = parseModule({reinterpret_cast<const char *>(data), size}, "fuzz.ptx");
  if (!module) {
    consumeError(module.takeError());
    return 0;
  }
  for (const Function &function : module->functions)
    if (function.isEntry)
      run(*module, function.name);
  return 0;
}
