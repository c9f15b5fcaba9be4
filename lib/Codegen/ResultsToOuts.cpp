//===- ResultsToOuts.cpp - results become memref arguments -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_RESULTSTOOUTS
#include "lib/Codegen/Passes.h.inc"

namespace {
struct ResultsToOuts : impl::ResultsToOutsBase<ResultsToOuts> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration() || function.isPrivate())
      return;
    auto ret = cast<func::ReturnOp>(function.getBody().back().getTerminator());
    // In front of everything that may write a result.
    auto entry = OpBuilder::atBlockBegin(&function.getBody().front());
    OpBuilder builder(ret);
    for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type) {
        ret.emitOpError("expects results of ranked tensor type, got ") << value.getType();
        return signalPassFailure();
      }
      // The names of a result and its dimensions stay with the argument that carries it now.
      unsigned position = function.getNumArguments();
      auto buffer = MemRefType::get(type.getShape(), type.getElementType());
      if (failed(function.insertArgument(position, buffer, function.getResultAttrDict(i),
                                         ret.getLoc())))
        return signalPassFailure();
      Value destination = function.getArgument(position);
      // Not the result of a reshape but its operand is written, so that the op which computes it
      // can do so in place.
      while (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>()) {
        destination = memref::CollapseShapeOp::create(entry, expand.getLoc(), destination,
                                                      expand.getReassociationIndices());
        value = expand.getSrc();
      }
      auto write = bufferization::MaterializeInDestinationOp::create(
          builder, ret.getLoc(), TypeRange{}, value, destination);
      write.setRestrict(true);
      write.setWritable(true);
    }
    func::ReturnOp::create(builder, ret.getLoc());
    ret.erase();
    if (failed(function.eraseResults(llvm::BitVector(function.getNumResults(), true))))
      signalPassFailure();
  }
};
} // namespace
} // namespace tilewright
