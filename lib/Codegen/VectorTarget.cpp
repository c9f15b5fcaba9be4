//===- VectorTarget.cpp - what vector code needs to know about the machine -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/VectorTarget.h"

#include "dialects/Target/IR/Target.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace tilewright {

VectorTarget vectorTargetOf(Operation *op, int64_t lanes, int64_t unroll) {
  VectorTarget target;
  target.unroll = unroll;
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  if (lanes > 0)
    target.lanes = lanes;
  else if (auto cpu = module ? module->getAttrOfType<target::CpuAttr>("target.cpu")
                             : target::CpuAttr())
    target.lanes = std::max<int64_t>(4, cpu.getLanes());
  return target;
}

} // namespace tilewright
