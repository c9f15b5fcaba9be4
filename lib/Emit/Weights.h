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

/// Extent of the module's weights in bytes, as `kernel-layout-weights` laid them out.
uint64_t weightsSize(mlir::ModuleOp module);

/// Writes every weight of the table `kernel.weights` to its place in `bytes`. Diagnoses files that
/// are missing or too short.
llvm::LogicalResult writeWeights(mlir::ModuleOp module, llvm::MutableArrayRef<char> bytes);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_WEIGHTS_H
