//===- VerifyStage.cpp - what a stage leaves behind -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Fold.h"
#include "lib/Pipeline/Passes.h"
#include "lib/Pipeline/Pipeline.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_VERIFYSTAGE
#include "lib/Pipeline/Passes.h.inc"

namespace {

struct VerifyStage : impl::VerifyStageBase<VerifyStage> {
  using VerifyStageBase::VerifyStageBase;

  void runOnOperation() override {
    const StageInfo *info = findStage(stage);
    if (!info) {
      getOperation().emitError("expects the name of a stage, got '") << stage << "'";
      return signalPassFailure();
    }
    SmallVector<StringRef> legal;
    info->dialects.split(legal, ' ');
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<ModuleOp>(op))
        return WalkResult::advance();
      if (failed(verifyDialect(op, legal)) || failed(verifyConstants(op)))
        return WalkResult::interrupt();
      return isa<xf::WeightDataOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult verifyDialect(Operation *op, ArrayRef<StringRef> legal) {
    StringRef dialect = op->getName().getDialectNamespace(), name = op->getName().getStringRef();
    if (llvm::is_contained(legal, dialect) || llvm::is_contained(legal, name))
      return success();
    return op->emitOpError("is still alive after stage '")
           << stage << "', which leaves only " << llvm::join(legal, ", ");
  }

  LogicalResult verifyConstants(Operation *op) {
    auto check = [&](ElementsAttr elements) -> WalkResult {
      if (elements.isSplat())
        return WalkResult::advance();
      int64_t bytes = elements.getNumElements() * DataLayout::closest(op).getTypeSize(
                                                      elements.getShapedType().getElementType());
      if (bytes <= xf::kMaxConstantBytes)
        return WalkResult::advance();
      return op->emitOpError("expects constants of at most ")
             << xf::kMaxConstantBytes << " bytes, got " << bytes << "; larger ones are weights";
    };
    for (NamedAttribute attribute : op->getAttrs())
      if (attribute.getValue().walk(check).wasInterrupted())
        return failure();
    return success();
  }
};
} // namespace
} // namespace tilewright
