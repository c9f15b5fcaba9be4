//===- WeightSubgraphs.cpp - what can be computed before the model runs -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/WeightSubgraphs.h"

namespace mlir::xf {

// Operations of which lib/Emit/WeightEvaluator.h computes the value.
static bool isComputable(Operation *op) {
  if (!isa<TransposeOp, ReshapeOp, BroadcastOp, CastOp, UnaryOp, BinaryOp, CompareOp, SelectOp,
           GatherOp, IotaOp, tensor::ConcatOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
           tensor::CollapseShapeOp, tensor::CastOp>(op))
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.hasStaticShape();
}

bool WeightSubgraphs::isKnown(Value value) {
  if (auto it = answers.find(value); it != answers.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  bool known = isa_and_nonnull<arith::ConstantOp>(op);
  if (auto weight = dyn_cast_or_null<WeightOp>(op))
    known = !weight.getLayer();
  else if (op && isComputable(op))
    known = llvm::all_of(op->getOperands(), [&](Value operand) { return isKnown(operand); });
  answers[value] = known;
  return known;
}

void hoist(Value value, Operation *position) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != position->getBlock() || op->isBeforeInBlock(position))
    return;
  for (Value operand : op->getOperands())
    hoist(operand, position);
  op->moveBefore(position);
}

static WeightOp firstWeightOf(Value value, SmallPtrSetImpl<Operation *> &seen) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<WeightOp>(op) || !seen.insert(op).second)
    return dyn_cast_or_null<WeightOp>(op);
  for (Value operand : op->getOperands())
    if (WeightOp weight = firstWeightOf(operand, seen))
      return weight;
  return {};
}

WeightOp firstWeightOf(Value value) {
  SmallPtrSet<Operation *, 8> seen;
  return firstWeightOf(value, seen);
}

} // namespace mlir::xf
