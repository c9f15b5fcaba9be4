//===- Arguments.h - arguments of a kernel on the command line ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_PTXRUN_ARGUMENTS_H
#define TILEWRIGHT_TOOLS_PTXRUN_ARGUMENTS_H

#include "lib/Artefact/HostTensor.h"
#include "lib/PtxSim/Memory.h"
#include "lib/PtxSim/Program.h"

/// What is written back to a file when the kernel has run.
struct Output {
  uint64_t address = 0;
  tilewright::HostTensor tensor;
  std::string path;
};

struct Arguments {
  std::vector<uint8_t> parameters; // as tilewright::ptx::LaunchConfig wants them
  std::vector<Output> outputs;
};

/// Reads --arg after --arg, one for each parameter of the kernel, and puts tensors into device
/// memory. Errors name the argument and what it may look like.
llvm::Expected<Arguments> readArguments(llvm::ArrayRef<std::string> texts,
                                        const tilewright::ptx::Program &program,
                                        tilewright::ptx::DeviceMemory &memory);

/// Copies results out of device memory into their files.
llvm::Error writeOutputs(Arguments &arguments, tilewright::ptx::DeviceMemory &memory);

#endif // TILEWRIGHT_TOOLS_PTXRUN_ARGUMENTS_H
