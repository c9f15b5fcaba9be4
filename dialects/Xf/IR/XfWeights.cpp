//===- XfWeights.cpp - weights as handles -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::xf;

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  if (!areEqualSizes(op.getLhs(), op.getRhs()))
    return rewriter.notifyMatchFailure(op, "the sizes are not known to be equal");
  rewriter.eraseOp(op);
  return success();
}

LogicalResult WeightDataOp::verify() {
  bool computed = !getInit().empty();
  if (computed == getSource().has_value())
    return emitOpError("expects either a source or an initialiser");
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError("expects a static shape, got ") << type;
  if (computed) {
    auto yield =
        dyn_cast_or_null<YieldOp>(getInit().front().empty() ? nullptr : &getInit().front().back());
    if (!yield || yield.getValue().getType() != type)
      return emitOpError("expects the initialiser to yield ") << type;
    return success();
  }
  int64_t bits = type.getElementTypeBitWidth() == 1 ? 8 : type.getElementTypeBitWidth();
  int64_t bytes = (type.getNumElements() * bits + 7) / 8;
  if (getSource()->getEncoding() == Encoding::raw && getSource()->getLength() != bytes)
    return emitOpError("expects ")
           << bytes << " bytes of data for " << type << ", got " << getSource()->getLength();
  return success();
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto data = symbols.lookupNearestSymbolFrom<WeightDataOp>(*this, getWeightAttr());
  if (!data)
    return emitOpError("refers to unknown weight @") << getWeight();
  auto type = cast<RankedTensorType>(data.getType());
  if (getLayer() && type.getRank() == 0)
    return emitOpError("expects layers of weight @") << getWeight() << ", which is a " << type;
  if (getLayer())
    type = RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
  if (type != getType())
    return emitOpError("expects type ") << type << " of weight @" << getWeight();
  return success();
}
