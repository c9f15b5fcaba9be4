//===- Target.h - the target dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_TARGET_IR_TARGET_H
#define TILEWRIGHT_DIALECTS_TARGET_IR_TARGET_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Target/IR/TargetDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Target/IR/TargetAttrs.h.inc"

namespace mlir::target {
/// The `target.cpu` of the module around `op`, x86-64-v4 where there is none.
CpuAttr cpuOf(Operation *op);
} // namespace mlir::target

#endif // TILEWRIGHT_DIALECTS_TARGET_IR_TARGET_H
