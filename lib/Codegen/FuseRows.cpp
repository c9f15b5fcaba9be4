//===- FuseRows.cpp - linalg on tensors to loops over rows -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/FoldInserts.h"
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowRegions.h"
#include "lib/Codegen/RowShape.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Dominance.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_FUSEROWS
#include "lib/Codegen/Passes.h.inc"

namespace {

// Elementwise regions with longer rows are cut, so that a single row (decoding) gives work to
// several threads.
constexpr int64_t columnTile = 1024;

bool isYielded(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<scf::YieldOp>(user); });
}

// Into its consumer goes a producer that is evaluated once for each of the consumer's elements. Not
// so: a row statistic (its square root would run for every element), a transposition, and what is
// costly and used twice or is a result as well.
bool mayFuse(OpOperand *use) {
  auto producer = use->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(use->getOwner());
  if (!producer || !consumer || producer->getBlock() != consumer->getBlock() ||
      !isa<scf::ExecuteRegionOp>(producer->getParentOp()))
    return false;
  int rows, columns;
  if (isTransposition(producer, rows, columns) || isTransposition(consumer, rows, columns))
    return false;
  bool broadcasts = producer.getNumLoops() < consumer.getNumLoops();
  if (broadcasts && !isCheap(producer))
    return false;
  // The broadcast of a statistic into the loop over elements: only its own arithmetic would move
  // there.
  if (broadcasts && llvm::any_of(producer.getDpsInputs(), [&](Value input) {
        auto of = input.getDefiningOp<linalg::LinalgOp>();
        return of && of.getNumReductionLoops() != 0;
      }))
    return false;
  if (producer->hasOneUse())
    return true;
  return isCheap(producer) && llvm::none_of(producer->getResults(), isYielded);
}

SmallVector<Operation *> opsOf(Block &block) {
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  return ops;
}

// Brings `block` to generics: no named ops, no concat, no pad, and sizes that do not ask for the
// size of a result.
LogicalResult normalise(Block &block) {
  MLIRContext *context = block.getParentOp()->getContext();
  RewritePatternSet patterns(context);
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  patterns.add<linalg::DecomposePadOpPattern>(context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  if (failed(applyOpPatternsGreedily(opsOf(block), std::move(patterns))))
    return block.getParentOp()->emitError("its movements and sizes cannot be normalised");
  IRRewriter rewriter(context);
  for (Operation *op : opsOf(block)) {
    auto named = dyn_cast<linalg::LinalgOp>(op);
    // No iteration: the results are what they start from. Upstream does not tile empty loops.
    if (named && named.hasPureTensorSemantics() &&
        llvm::is_contained(named.getStaticLoopRanges(), 0)) {
      rewriter.replaceOp(op, named.getDpsInits());
      continue;
    }
    if (!named || isa<linalg::GenericOp, linalg::FillOp>(op) || !named.hasPureTensorSemantics())
      continue;
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, named)))
      return op->emitOpError("cannot be brought to a linalg.generic");
  }
  return success();
}

void fuseElementwise(Block &block) {
  MLIRContext *context = block.getParentOp()->getContext();
  RewritePatternSet patterns(context);
  linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
  (void)applyOpPatternsGreedily(
      opsOf(block), std::move(patterns),
      GreedyRewriteConfig().setStrictness(GreedyRewriteStrictness::ExistingAndNewOps));
}

// Nothing in `block` reduces or transposes: rows may be cut.
bool isElementwise(Block &block) {
  return llvm::all_of(block.getOps<linalg::LinalgOp>(), [&](linalg::LinalgOp op) {
    int rows, columns;
    return op.getNumReductionLoops() == 0 && !isTransposition(op, rows, columns);
  });
}

SmallVector<OpFoldResult> tileSizes(Block &block, linalg::LinalgOp root) {
  Builder builder(root.getContext());
  SmallVector<OpFoldResult> sizes(root.getNumLoops(), builder.getIndexAttr(0));
  SmallVector<unsigned> tiled = tiledLoops(root);
  for (unsigned loop : tiled)
    sizes[loop] = builder.getIndexAttr(1);
  int row = rowLoop(root), rows, columns;
  bool whole = row >= 0 && !llvm::is_contained(tiled, unsigned(row));
  int64_t extent = row < 0 ? 1 : root.getStaticLoopRanges()[row];
  bool longRow = ShapedType::isDynamic(extent) || extent >= 2 * columnTile;
  if (whole && longRow && isElementwise(block))
    sizes[row] = builder.getIndexAttr(columnTile);
  // A transposition is cut along the rows of the target, whole register tiles at a time.
  if (isTransposition(root, rows, columns))
    sizes[columns] = builder.getIndexAttr(64);
  return sizes;
}

std::optional<scf::SCFTileAndFuseOptions::ControlFnResult>
fuseIntoLoop(tensor::ExtractSliceOp slice, OpResult producer, bool) {
  Operation *op = producer.getOwner();
  auto loop = slice->getParentOfType<scf::ForallOp>();
  if (!isa<linalg::LinalgOp, tensor::EmptyOp>(op) ||
      (op->getBlock() != loop->getBlock() && !isa<tensor::EmptyOp>(op)))
    return std::nullopt;
  llvm::SmallDenseSet<Value> offsets;
  for (OpFoldResult offset : slice.getMixedOffsets())
    if (auto value = dyn_cast<Value>(offset))
      offsets.insert(value);
  bool everyLoop =
      llvm::all_of(loop.getInductionVars(), [&](Value iv) { return offsets.contains(iv); });
  scf::SCFTileAndFuseOptions::ControlFnResult result;
  result.yieldProducerReplacement = everyLoop && isYielded(producer);
  return result;
}

LogicalResult tileRoot(IRRewriter &rewriter, Block &block, linalg::LinalgOp root) {
  SmallVector<OpFoldResult> sizes = tileSizes(block, root);
  // An op without a tiled loop becomes a region of one iteration once it is bufferized
  // (codegen-copies-to-rows).
  if (llvm::all_of(sizes, [](OpFoldResult size) { return isZeroInteger(size); }))
    return success();
  scf::SCFTilingOptions tiling;
  tiling.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp).setTileSizes(sizes);
  RewritePatternSet cleanup(rewriter.getContext());
  tensor::ExtractSliceOp::getCanonicalizationPatterns(cleanup, rewriter.getContext());
  tensor::populateMergeConsecutiveInsertExtractSlicePatterns(cleanup);
  scf::SCFTileAndFuseOptions options;
  options.setTilingOptions(tiling).setFusionControlFn(fuseIntoLoop);
  options.cleanupPatterns = FrozenRewritePatternSet(std::move(cleanup));
  rewriter.setInsertionPoint(root);
  FailureOr<scf::SCFTileAndFuseResult> tiled = scf::tileConsumerAndFuseProducersUsingSCF(
      rewriter, cast<TilingInterface>(root.getOperation()), options);
  if (failed(tiled))
    return root.emitOpError("cannot be tiled into rows");
  // The fused originals are dead, but stand in front of the loop: only what the loop dominates is
  // rewired.
  DominanceInfo dominance(block.getParentOp());
  for (auto [from, to] : tiled->replacements)
    rewriter.replaceUsesWithIf(from, to, [&, to = to](OpOperand &use) {
      return dominance.properlyDominates(to, use.getOwner());
    });
  return success();
}

void eraseDead(IRRewriter &rewriter, Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
}

// Tiles every op of `block` that no loop has taken in yet, last first.
LogicalResult tileRegion(Block &block) {
  IRRewriter rewriter(block.getParentOp()->getContext());
  llvm::SmallPtrSet<Operation *, 4> done;
  while (true) {
    eraseDead(rewriter, block);
    linalg::LinalgOp root;
    for (Operation &op : llvm::reverse(block))
      if (auto candidate = dyn_cast<linalg::LinalgOp>(op); candidate && done.insert(&op).second) {
        root = candidate;
        break;
      }
    if (!root)
      return success();
    if (failed(tileRoot(rewriter, block, root)))
      return failure();
  }
}

void inlineRegion(scf::ExecuteRegionOp wrapper) {
  Block &block = wrapper.getRegion().front();
  Operation *yield = block.getTerminator();
  wrapper->replaceAllUsesWith(yield->getOperands());
  yield->erase();
  wrapper->getBlock()->getOperations().splice(wrapper->getIterator(), block.getOperations());
  wrapper->erase();
}

// CSE leaves one fill for equal ones in front of a loop and inside. A region that starts from a
// value of another block would copy it, so each of `blocks` gets its own.
void splitFills(ArrayRef<Block *> blocks) {
  for (Block *block : blocks)
    for (auto fill : llvm::to_vector(block->getOps<linalg::FillOp>()))
      for (OpOperand &use : llvm::make_early_inc_range(fill->getUses()))
        if (Operation *user = use.getOwner();
            user->getBlock() != block && llvm::is_contained(blocks, user->getBlock()))
          use.set(OpBuilder(user).clone(*fill)->getResult(0));
}

struct FuseRows : impl::FuseRowsBase<FuseRows> {
  void runOnOperation() override {
    SmallVector<Block *> blocks = ownBlocks(getOperation());
    splitFills(blocks);
    for (Block *block : blocks) {
      if (failed(normalise(*block)))
        return signalPassFailure();
      for (scf::ExecuteRegionOp wrapper : formRowRegions(*block)) {
        fuseElementwise(wrapper.getRegion().front());
        if (failed(tileRegion(wrapper.getRegion().front())))
          return signalPassFailure();
        inlineRegion(wrapper);
      }
      IRRewriter rewriter(&getContext());
      foldInsertsIntoLoops(rewriter, *block);
      // A slice of a large tensor.empty is a tensor.empty of the tile.
      RewritePatternSet patterns(&getContext());
      tensor::populateFoldTensorEmptyPatterns(patterns);
      tensor::populateMergeConsecutiveInsertExtractSlicePatterns(patterns);
      SmallVector<Operation *> inLoops;
      for (auto loop : block->getOps<scf::ForallOp>())
        llvm::append_range(inLoops, opsOf(*loop.getBody()));
      (void)applyOpPatternsGreedily(inLoops, std::move(patterns));
    }
  }
};
} // namespace
} // namespace tilewright
