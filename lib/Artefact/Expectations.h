//===- Expectations.h - comparing all outputs of a run ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_EXPECTATIONS_H
#define TILEWRIGHT_LIB_ARTEFACT_EXPECTATIONS_H

#include "lib/Artefact/Compare.h"
#include "lib/Artefact/Model.h"

namespace tilewright {

/// Where expected outputs are. An output without a file is not compared.
struct ExpectedOutputs {
  std::string testDir;            // see findTestFile in Inputs.h
  std::vector<std::string> files; // NAME=FILE, go before testDir
};

/// What outputs of the model are compared with unless a user says otherwise: 1e-4 of the maximum,
/// or 3e-2 where products are of bf16 (unit roundoff 2^-9, which some dozens of layers add up) and
/// 3e-4 where they are of two bf16 each (2^-18, two or three times in a product).
Tolerance toleranceOf(const tw_model *model);

/// Prints one line per output: type, shape, errors, verdict. Returns whether all comparisons
/// passed.
llvm::Expected<bool> compareOutputs(const Session &session, const ExpectedOutputs &expected,
                                    const Tolerance &tolerance, llvm::raw_ostream &out);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_EXPECTATIONS_H
