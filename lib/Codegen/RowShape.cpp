//===- RowShape.cpp - which loop of a linalg op is the row -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowShape.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tilewright {

int positionOf(linalg::LinalgOp op, OpOperand &operand, int loop) {
  for (auto [i, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && int(dim.getPosition()) == loop)
      return i;
  return -1;
}

// The last dimension of `type` with more than one element; -1 if there is none.
static int contiguousDim(ShapedType type) {
  for (int i = type.getRank() - 1; i >= 0; --i)
    if (type.getDimSize(i) != 1)
      return i;
  return -1;
}

// How badly `operand` suits vectors along `loop`: 0 contiguous or uniform, 1 strided, 2 if the loop
// is part of an index expression (a window).
static int strideCost(linalg::LinalgOp op, OpOperand &operand, int loop) {
  auto type = dyn_cast<ShapedType>(operand.get().getType());
  if (!type)
    return 0;
  int at = positionOf(op, operand, loop);
  if (at < 0)
    return op.getMatchingIndexingMap(&operand).isFunctionOfDim(loop) ? 2 : 0;
  return at == contiguousDim(type) ? 0 : 1;
}

int rowLoop(linalg::LinalgOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int best = -1, bestCost = 0;
  for (int loop = ranges.size() - 1; loop >= 0; --loop) {
    if (ranges[loop] == 1)
      continue;
    int cost = 0;
    for (OpOperand &operand : op->getOpOperands())
      cost += strideCost(op, operand, loop);
    if (best < 0 || cost < bestCost) {
      best = loop;
      bestCost = cost;
    }
  }
  return best;
}

bool isTransposition(linalg::LinalgOp op, int &rows, int &columns) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 0 ||
      !op.getBlock()->without_terminator().empty() ||
      op.getBlock()->getTerminator()->getOperand(0) != op.getRegionInputArgs()[0])
    return false;
  OpOperand &source = *op.getDpsInputOperand(0), &target = *op.getDpsInitOperand(0);
  auto sourceType = dyn_cast<ShapedType>(source.get().getType());
  auto targetType = cast<ShapedType>(target.get().getType());
  if (!sourceType || contiguousDim(sourceType) < 0 || contiguousDim(targetType) < 0)
    return false;
  auto loopAt = [&](OpOperand &operand, int dim) {
    auto expr = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(dim));
    return expr ? int(expr.getPosition()) : -1;
  };
  rows = loopAt(target, contiguousDim(targetType));
  columns = loopAt(source, contiguousDim(sourceType));
  return rows >= 0 && columns >= 0 && rows != columns && positionOf(op, source, rows) >= 0 &&
         positionOf(op, target, columns) >= 0;
}

bool isCheap(linalg::LinalgOp op) {
  return op.getNumReductionLoops() == 0 &&
         llvm::none_of(op.getBlock()->without_terminator(), [](Operation &inner) {
           bool cheapMath = isa<math::AbsFOp, math::AbsIOp, math::CopySignOp, math::FmaOp,
                                math::FloorOp, math::CeilOp>(inner);
           return (isa<math::MathDialect>(inner.getDialect()) && !cheapMath) ||
                  isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
                      arith::RemUIOp, tensor::ExtractOp, memref::LoadOp>(inner) ||
                  inner.getNumRegions() != 0;
         });
}

bool isGather(linalg::LinalgOp op) {
  bool looksUp = false;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    bool index = isa<linalg::IndexOp>(inner) ||
                 (isa<arith::ArithDialect>(inner.getDialect()) &&
                  llvm::all_of(inner.getResultTypes(), [](Type t) { return t.isIntOrIndex(); }));
    if (!index && !isa<tensor::ExtractOp>(inner))
      return false;
    looksUp |= isa<tensor::ExtractOp>(inner);
  }
  return looksUp && op.getNumReductionLoops() == 0;
}

} // namespace tilewright
