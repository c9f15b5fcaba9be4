//===- Passes.h - passes of lib/Conversion -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_PASSES_H
#define TILEWRIGHT_LIB_CONVERSION_PASSES_H

#include "dialects/Kernel/IR/Kernel.h"
#include "lib/Conversion/Compute.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/Pass.h"

namespace tilewright {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/Passes.h.inc"
} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_PASSES_H
