//===- Emit.h - from LLVM dialect to an artefact -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_EMIT_H
#define TILEWRIGHT_LIB_EMIT_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <optional>
#include <string>

namespace tilewright {

enum class ArtefactKind {
  sharedObject,  // .so: everything, weights included
  staticArchive, // .a: code and weights as two objects
  object,        // .o: code and weights in one relocatable object
  assembly,      // .s: code only
  llvmIr         // .ll: code only, before optimisation
};

/// By the file's extension; nothing for an unknown one.
std::optional<ArtefactKind> artefactKindOf(llvm::StringRef path);

struct EmitOptions {
  std::string output; // path
  std::string name;   // in the model's C symbols; if empty, from the output's file name
  ArtefactKind kind = ArtefactKind::sharedObject;
  /// The weights become a file of their own beside the artefact, with the extension .weights.
  bool weightsInFile = false;
  // For the artefact's description of itself.
  std::string source;               // file name of the model
  std::string pipeline = "default"; // or "reference"
  std::string compute = "f32";      // precision of contractions
  /// Called after each step with its name and wall time in seconds.
  std::function<void(llvm::StringRef, double)> onStep;
};

/// Writes the artefact of a model that went through the machine stage, once for each CPU level: the
/// code is in the LLVM dialect, the weights are xf.weight_data placed by `kernel.weights`, the
/// interface is in `xf.interface`, the level in `target.cpu`. Levels are of one architecture. The
/// modules are left as they were. Failures are diagnosed; no partial output is left behind.
llvm::LogicalResult emitArtefact(llvm::ArrayRef<mlir::ModuleOp> levels, const EmitOptions &options);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_EMIT_H
