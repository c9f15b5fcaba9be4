//===- Targets.h - CPU levels by name -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_TARGETS_H
#define TILEWRIGHT_LIB_EMIT_TARGETS_H

#include "dialects/Target/IR/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace llvm {
class TargetMachine;
}

namespace tilewright {

/// The CPU level `name`: "native" for the machine the compiler runs on, or a level of Targets.td.
/// Null for other names.
mlir::target::CpuAttr makeTarget(mlir::MLIRContext *context, llvm::StringRef name);

/// The levels that one artefact is compiled for: names as in `makeTarget`, separated by commas,
/// each once, all of one architecture.
llvm::Expected<llvm::SmallVector<mlir::target::CpuAttr>> parseTargets(mlir::MLIRContext *context,
                                                                      llvm::StringRef names);

/// The `target.cpu` of a module; "native" where none is given.
mlir::target::CpuAttr targetOf(mlir::ModuleOp module);

/// LLVM's code generator for it; null with a diagnostic at `module` if LLVM has none.
std::unique_ptr<llvm::TargetMachine> makeTargetMachine(mlir::ModuleOp module,
                                                       mlir::target::CpuAttr target);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_TARGETS_H
