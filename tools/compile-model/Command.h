//===- Command.h - the command line of compile-model -----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_COMPILE_MODEL_COMMAND_H
#define TILEWRIGHT_TOOLS_COMPILE_MODEL_COMMAND_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tilewright {

struct Command {
  std::string model, output, name, target = "native", pipeline = "default", weights = "embed";
  std::string compute = "f32";
  std::string emit, stopAfter, dumpDir, report, verify;
  std::vector<std::string> dims, constants;
  bool listOps = false, listTargets = false, verbose = false;
};

/// Ends the program with a message if the command line is wrong, after --help, --version,
/// --list-ops and --list-targets.
Command parseCommand(int argc, char **argv);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_COMPILE_MODEL_COMMAND_H
