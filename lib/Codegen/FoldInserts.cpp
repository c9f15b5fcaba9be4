//===- FoldInserts.cpp - loops write straight into what their results are inserted in -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/FoldInserts.h"

#include "mlir/Dialect/Affine/ViewLikeInterfaceUtils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace tilewright {
namespace {

struct Slice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
};

// The part of the destination of `insert` that holds the part `inner` of its source.
template <class SliceOp>
FailureOr<Slice> composed(OpBuilder &b, tensor::InsertSliceOp insert, SliceOp inner) {
  Slice slice;
  if (failed(affine::mergeOffsetsSizesAndStrides(
          b, inner.getLoc(), insert.getMixedOffsets(), insert.getMixedSizes(),
          insert.getMixedStrides(), llvm::SmallBitVector(insert.getDestType().getRank()),
          inner.getMixedOffsets(), inner.getMixedSizes(), inner.getMixedStrides(), slice.offsets,
          slice.sizes, slice.strides)))
    return failure();
  return slice;
}

class Fold {
public:
  Fold(RewriterBase &rewriter, tensor::InsertSliceOp insert) : b(rewriter), insert(insert) {}

  bool run() {
    result = dyn_cast<OpResult>(insert.getSource());
    loop = result ? dyn_cast<scf::ForallOp>(result.getOwner()) : scf::ForallOp();
    if (!loop || loop->getBlock() != insert->getBlock() || !result.hasOneUse() ||
        insert.getSourceType().getRank() != insert.getDestType().getRank())
      return false;
    // What the loop does not write itself must be of no interest: half of a concatenation may stand
    // there.
    if (!loop.getOutputs()[result.getResultNumber()].getDefiningOp<tensor::EmptyOp>())
      return false;
    destination = dyn_cast<OpResult>(insert.getDest());
    sharesLoop = destination && destination.getOwner() == loop;
    if (!collectUses() || !bringOperandsInFront())
      return false;
    rebuild();
    return true;
  }

private:
  RewriterBase &b;
  tensor::InsertSliceOp insert;
  OpResult result, destination;
  scf::ForallOp loop;
  bool sharesLoop = false;
  SmallVector<tensor::ExtractSliceOp> reads;
  tensor::ParallelInsertSliceOp write;

  bool collectUses() {
    for (Operation *user : loop.getTiedBlockArgument(result).getUsers()) {
      if (auto read = dyn_cast<tensor::ExtractSliceOp>(user))
        reads.push_back(read);
      else if (auto only = dyn_cast<tensor::ParallelInsertSliceOp>(user); only && !write)
        write = only;
      else
        return false;
    }
    return bool(write);
  }

  // The destination and the place in it must be known in front of the loop, or the loop can wait
  // for them.
  bool bringOperandsInFront() {
    auto isLate = [&](Value operand) {
      Operation *def = operand.getDefiningOp();
      return def && def != loop && def->getBlock() == loop->getBlock() &&
             !def->isBeforeInBlock(loop);
    };
    bool usesLoop = llvm::any_of(insert->getOperands(), [&](Value operand) {
      return operand != result && operand != insert.getDest() && operand.getDefiningOp() == loop;
    });
    if (usesLoop)
      return false;
    if (llvm::none_of(insert->getOperands(), isLate))
      return true;
    for (Operation *user : loop->getUsers()) {
      Operation *inBlock = loop->getBlock()->findAncestorOpInBlock(*user);
      if (inBlock != insert && inBlock->isBeforeInBlock(insert))
        return false;
    }
    b.moveOpBefore(loop, insert);
    return true;
  }

  void redirect(Value shared) {
    for (tensor::ExtractSliceOp read : reads) {
      b.setInsertionPoint(read);
      Slice slice = *composed(b, insert, read);
      b.replaceOpWithNewOp<tensor::ExtractSliceOp>(read, read.getType(), shared, slice.offsets,
                                                   slice.sizes, slice.strides);
    }
    b.setInsertionPoint(loop.getTerminator());
    Slice slice = *composed(b, insert, write);
    b.setInsertionPoint(write);
    b.replaceOpWithNewOp<tensor::ParallelInsertSliceOp>(write, write.getSource(), shared,
                                                        slice.offsets, slice.sizes, slice.strides);
  }

  void rebuild() {
    unsigned index = result.getResultNumber();
    SmallVector<Value> outputs(loop.getOutputs());
    if (sharesLoop)
      outputs.erase(outputs.begin() + index);
    else
      outputs[index] = insert.getDest();
    b.setInsertionPoint(loop);
    auto next = scf::ForallOp::create(b, loop.getLoc(), loop.getMixedLowerBound(),
                                      loop.getMixedUpperBound(), loop.getMixedStep(), outputs,
                                      loop.getMapping());
    // A new argument for the tensor itself; the old one of the narrow tensor loses its uses below.
    Block *body = loop.getBody();
    unsigned ivs = loop.getRank();
    Value shared = sharesLoop ? Value(loop.getTiedBlockArgument(destination))
                              : Value(body->addArgument(insert.getDestType(), insert.getLoc()));
    redirect(shared);
    b.eraseOp(next.getTerminator());
    SmallVector<Value> arguments(next.getBody()->getArguments().take_front(ivs));
    unsigned used = ivs;
    for (unsigned i = 0; i < loop->getNumResults(); ++i)
      arguments.push_back(sharesLoop && i == index ? Value()
                                                   : Value(next.getBody()->getArgument(used++)));
    if (sharesLoop)
      arguments[ivs + index] = arguments[ivs + destination.getResultNumber()];
    else
      arguments.push_back(arguments[ivs + index]);
    for (auto [from, to] : llvm::zip(body->getArguments(), arguments))
      if (!from.use_empty())
        b.replaceAllUsesWith(from, to);
    next.getBody()->getOperations().splice(next.getBody()->end(), body->getOperations());
    unsigned position = 0;
    for (OpResult old : loop->getResults()) {
      if (old == result) {
        position += !sharesLoop;
        continue;
      }
      b.replaceAllUsesWith(old, next->getResult(position++));
    }
    Value whole = sharesLoop ? insert.getDest() : Value(next->getResult(index));
    b.replaceOp(insert, whole);
    b.eraseOp(loop);
  }
};

} // namespace

void foldInsertsIntoLoops(RewriterBase &rewriter, Block &block) {
  for (auto insert : llvm::make_early_inc_range(block.getOps<tensor::InsertSliceOp>()))
    (void)Fold(rewriter, insert).run();
}

} // namespace tilewright
