//===- Suite.h - conformance cases and what is expected of them ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TEST_CONFORMANCE_SUITE_H
#define TILEWRIGHT_TEST_CONFORMANCE_SUITE_H

#include "lib/Artefact/Compare.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tilewright {

/// A folder with model.onnx and test_data_set_0 (input_K.pb, output_K.pb).
struct ConformanceCase {
  std::string name; // "onnx-node/test_abs"
  std::string folder;
  Tolerance tolerance;
};

/// The cases that `root`/`suite`/MANIFEST.tsv lists (columns name, rtol, atol), unpacked in
/// `folder`/`suite`.
llvm::Expected<std::vector<ConformanceCase>> readSuite(llvm::StringRef root, llvm::StringRef folder,
                                                       llvm::StringRef suite);

/// Cases that are expected not to pass, with the reason: lines "suite/case<TAB>reason". Empty lines
/// and lines that begin with # are left out.
llvm::Expected<llvm::StringMap<std::string>> readExpectations(llvm::StringRef path);

/// Compiles a case with the default pipeline, runs it and compares every output. Inputs that the
/// compiler needs the values of become constants, as --constant makes them. Fails with what went
/// wrong first. `scratch` is a file name of this case alone.
llvm::Error runCase(const ConformanceCase &test, mlir::MLIRContext &context,
                    llvm::StringRef scratch);

} // namespace tilewright

#endif // TILEWRIGHT_TEST_CONFORMANCE_SUITE_H
