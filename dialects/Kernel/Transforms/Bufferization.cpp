//===- Bufferization.cpp - the kernel ops on memrefs -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/Bufferization.h"
#include "dialects/Kernel/IR/Kernel.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {
// Every destination-style kernel op becomes the same op on memrefs, without results. Inits are only
// written, so that no copy into them is ever needed.
template <class OpT>
struct DestinationModel : DstBufferizableOpInterfaceExternalModel<DestinationModel<OpT>, OpT> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    SmallVector<Value> operands, inits;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (isa<TensorType>(value.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        value = *buffer;
        if (cast<DestinationStyleOpInterface>(op).isDpsInit(&operand))
          inits.push_back(value);
      }
      operands.push_back(value);
    }
    OperationState on(op->getLoc(), op->getName(), operands, TypeRange{},
                      op->getDiscardableAttrDictionary().getValue());
    on.propertiesAttr = op->getPropertiesAsAttribute();
    for (unsigned i = 0; i < op->getNumRegions(); ++i)
      on.addRegion();
    Operation *memrefOp = rewriter.create(on);
    for (auto [from, to] : llvm::zip(op->getRegions(), memrefOp->getRegions()))
      to.takeBody(from);
    replaceOpWithBufferizedValues(rewriter, op, inits);
    return success();
  }
};

struct WeightModel : BufferizableOpInterface::ExternalModel<WeightModel, kernel::WeightOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }
  AliasingOpOperandList getAliasingOpOperands(Operation *, Value, const AnalysisState &) const {
    return {};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &,
                          BufferizationState &) const {
    auto weight = cast<kernel::WeightOp>(op);
    auto tensor = cast<RankedTensorType>(weight.getType());
    auto type = MemRefType::get(tensor.getShape(), tensor.getElementType());
    Value memref = kernel::WeightOp::create(rewriter, op->getLoc(), type, weight.getWeightAttr(),
                                            weight.getLayer());
    replaceOpWithBufferizedValues(rewriter, op, memref);
    return success();
  }
};
} // namespace

void kernel::registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    AttentionOp::attachInterface<DestinationModel<AttentionOp>>(*context);
    ContractOp::attachInterface<DestinationModel<ContractOp>>(*context);
    WeightOp::attachInterface<WeightModel>(*context);
  });
}
