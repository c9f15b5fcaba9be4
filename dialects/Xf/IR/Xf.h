//===- Xf.h - the xf dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_XF_H
#define TILEWRIGHT_DIALECTS_XF_IR_XF_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Xf/IR/XfDialect.h.inc"

#include "dialects/Xf/IR/XfEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Xf/IR/XfAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Xf/IR/XfOps.h.inc"

#endif // TILEWRIGHT_DIALECTS_XF_IR_XF_H
