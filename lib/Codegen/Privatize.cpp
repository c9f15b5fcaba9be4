//===- Privatize.cpp - destinations that nobody shares -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowRegions.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_PRIVATIZE
#include "lib/Codegen/Passes.h.inc"

namespace {

// A clone of `op` for each use after the first.
void splitByUse(Operation *op) {
  OpBuilder builder(op);
  for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(op->getUses())))
    use.set(builder.clone(*op)->getResult(0));
}

bool computesTheSame(linalg::GenericOp a, linalg::GenericOp b) {
  return llvm::equal(a.getDpsInputs(), b.getDpsInputs()) &&
         a.getIndexingMaps() == b.getIndexingMaps() && a.getResultTypes() == b.getResultTypes() &&
         OperationEquivalence::isRegionEquivalentTo(&a.getRegion(), &b.getRegion(),
                                                    OperationEquivalence::IgnoreLocations);
}

// Brings `op` in front of `point` unless it is there; fails where an operand is computed after
// `point`.
bool moveBefore(Operation *op, Operation *point) {
  if (op->isBeforeInBlock(point))
    return true;
  for (Value operand : op->getOperands())
    if (Operation *def = operand.getDefiningOp();
        def && def->getBlock() == point->getBlock() && !def->isBeforeInBlock(point))
      return false;
  op->moveBefore(point);
  return true;
}

bool writesOnly(linalg::GenericOp op) {
  return op.getNumDpsInits() == 1 && op.getRegionOutputArgs()[0].use_empty();
}

// Tile-and-fuse computes a producer that is a result as well twice: for its consumers into a
// tensor.empty, for the result into its slice of the output, which CSE cannot merge. The second one
// serves both.
void mergeWithResult(tensor::ParallelInsertSliceOp insert) {
  auto keep = insert.getSource().getDefiningOp<linalg::GenericOp>();
  auto loop = insert->getParentOfType<scf::ForallOp>();
  if (!keep || keep->getBlock() != loop.getBody() || !writesOnly(keep))
    return;
  auto slice = keep.getDpsInitOperand(0)->get().getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice)
    return;
  for (auto other : llvm::make_early_inc_range(loop.getBody()->getOps<linalg::GenericOp>())) {
    if (other == keep || !writesOnly(other) || !computesTheSame(keep, other))
      continue;
    if (other->isBeforeInBlock(keep)) {
      if (!moveBefore(slice, other))
        continue;
      keep->moveBefore(other);
    }
    other->getResult(0).replaceAllUsesWith(keep->getResult(0));
    other->erase();
  }
}

// All other users of `value` in the block of `op` come before it, so that `op` may overwrite it.
bool diesIn(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return user == op || (user->getBlock() == op->getBlock() && user->isBeforeInBlock(op));
  });
}

// An elementwise op writes over an input that dies in it, and that input is computed in the
// destination of `op`, so a chain needs no buffer but the output's row (softmax: the exponentials
// live there).
void reuseInput(linalg::GenericOp op) {
  if (op.getNumReductionLoops() != 0 || !writesOnly(op))
    return;
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto slice = op.getDpsInitOperand(0)->get().getDefiningOp<tensor::ExtractSliceOp>();
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto producer = input->get().getDefiningOp<linalg::GenericOp>();
    if (!producer || producer->getBlock() != op->getBlock() || !writesOnly(producer) ||
        producer.getNumReductionLoops() != 0 ||
        input->get().getType() != op.getResult(0).getType() ||
        op.getMatchingIndexingMap(input) != written || !diesIn(input->get(), op))
      continue;
    // Only a buffer of its own can be replaced by the destination, and only if the destination is
    // known before it.
    Value own = producer.getDpsInitOperand(0)->get();
    if (!own.getDefiningOp<tensor::EmptyOp>() || !slice || !slice->hasOneUse())
      continue;
    if (!moveBefore(slice, producer))
      continue;
    producer.getDpsInitOperand(0)->set(slice.getResult());
    op.getDpsInitOperand(0)->set(input->get());
    return;
  }
}

struct Privatize : impl::PrivatizeBase<Privatize> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    SmallVector<Operation *> fills, empties;
    function.walk([&](linalg::FillOp op) { fills.push_back(op); });
    llvm::for_each(fills, splitByUse);
    function.walk([&](tensor::EmptyOp op) { empties.push_back(op); });
    llvm::for_each(empties, splitByUse);

    SmallVector<tensor::ParallelInsertSliceOp> inserts;
    function.walk([&](tensor::ParallelInsertSliceOp op) { inserts.push_back(op); });
    llvm::for_each(inserts, mergeWithResult);

    SmallVector<linalg::GenericOp> generics;
    for (Block *block : ownBlocks(function))
      for (auto loop : block->getOps<scf::ForallOp>())
        llvm::append_range(generics, loop.getBody()->getOps<linalg::GenericOp>());
    llvm::for_each(llvm::reverse(generics), reuseInput);
  }
};
} // namespace
} // namespace tilewright
