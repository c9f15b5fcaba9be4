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
  auto cpu = module ? module->getAttrOfType<target::CpuAttr>("target.cpu") : target::CpuAttr();
  if (cpu) {
    target.lanes = std::max<int64_t>(4, cpu.getLanes());
    // x86 before AVX2 has no fused multiplication: LLVM would call fmaf.
    target.fusedMultiplyAdd = target.lanes > 4 || !cpu.getTriple().starts_with("x86_64");
  }
  if (lanes > 0)
    target.lanes = lanes;
  return target;
}

} // namespace tilewright
