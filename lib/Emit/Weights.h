//===- Weights.h - bytes of the weights that code refers to -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_WEIGHTS_H
#define TILEWRIGHT_LIB_EMIT_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"

namespace tilewright {

/// Extent in bytes of the weights of an artefact, as `kernel-layout-weights` laid them out: what
/// the last of its levels says.
uint64_t weightsSize(llvm::ArrayRef<mlir::ModuleOp> levels);

/// Writes every weight of the levels' tables `kernel.weights` to its place in `bytes`, once.
/// Diagnoses files that are missing or too short, and a weight that two levels define differently.
llvm::LogicalResult writeWeights(llvm::ArrayRef<mlir::ModuleOp> levels,
                                 llvm::MutableArrayRef<char> bytes);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_WEIGHTS_H
