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

namespace llvm {
class TargetMachine;
}

namespace tilewright {

/// The CPU level `name`: "native" for the machine the compiler runs on, or x86-64-v3, x86-64-v4,
/// sapphirerapids, aarch64. Null for other names.
mlir::target::CpuAttr makeTarget(mlir::MLIRContext *context, llvm::StringRef name);

/// The `target.cpu` of a module; "native" where none is given.
mlir::target::CpuAttr targetOf(mlir::ModuleOp module);

/// LLVM's code generator for it; null with a diagnostic at `module` if LLVM has none.
std::unique_ptr<llvm::TargetMachine> makeTargetMachine(mlir::ModuleOp module,
                                                       mlir::target::CpuAttr target);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_TARGETS_H
