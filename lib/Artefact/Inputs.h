//===- Inputs.h - where the tensors of a request come from -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_INPUTS_H
#define TILEWRIGHT_LIB_ARTEFACT_INPUTS_H

#include "lib/Artefact/HostTensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace tilewright {

/// The inputs that a command line asks for.
struct InputChoice {
  std::string testDir;            // see findTestFile
  std::vector<std::string> files; // NAME=FILE
  std::vector<std::string> dims;  // NAME=SIZE, for inputs that no file gives; see solveDims
  uint64_t seed = 0;              // of random values
  bool random = false;            // fill inputs without a file, instead of failing
};

/// Reads the files and makes up the rest. Random floats are normally distributed; random integers
/// are 0 or 1, which is a valid index everywhere; inputs called *position* count up and inputs
/// called *mask* are 1.
llvm::Expected<std::vector<HostTensor>> collectInputs(const tw_model *model,
                                                      const InputChoice &choice);

/// The file of tensor `index` called `name` in a test directory: ONNX's `ROLE_INDEX.pb`,
/// `ROLE_INDEX_NAME.npy` or `NAME.npy`, where role is "input" or "output".
std::optional<std::string> findTestFile(llvm::StringRef directory, llvm::StringRef role,
                                        int32_t index, llvm::StringRef name);

/// Splits NAME=FILE arguments and finds the tensors they name. Errors list the names that there
/// are.
llvm::Expected<llvm::StringMap<std::string>> parseFiles(const tw_model *model, bool outputs,
                                                        llvm::ArrayRef<std::string> arguments);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_INPUTS_H
