//===- KernelLaunch.cpp - launches of outlined regions, buffers of the caller -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::kernel;

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("refers to unknown function @") << getCallee();
  SmallVector<Type> expected(getCaptures().getTypes());
  Type index = IndexType::get(getContext());
  expected.append({index, index}); // tid, threads
  if (callee.getArgumentTypes() != ArrayRef(expected) || callee.getNumResults() != 0)
    return emitOpError("expects @") << getCallee() << " to take the captures, tid and threads, got "
                                    << callee.getFunctionType();
  return success();
}

LogicalResult BufferOp::verify() {
  auto type = cast<MemRefType>(getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("expects the identity layout, got ") << type;
  if (getSizes().size() != static_cast<size_t>(type.getNumDynamicDims()))
    return emitOpError("expects ")
           << type.getNumDynamicDims() << " dynamic sizes, got " << getSizes().size();
  return success();
}
