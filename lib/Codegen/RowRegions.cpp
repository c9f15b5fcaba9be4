//===- RowRegions.cpp - which ops share a loop over rows -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The partition of a block. Every op gets a level: the largest number of times that a way from the
// block's start enters an op that is no row op (a contraction, a reshape, a loop). A region has the
// level of its root, its last op. Levels never decrease along a way, so an op P may join a region
// of level L when all its users outside of it, other ops or other regions, have a level above L: no
// way leads from P out of the region and back.
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowRegions.h"

#include "lib/Codegen/RowShape.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tilewright {

SmallVector<Block *> ownBlocks(func::FuncOp function) {
  SmallVector<Block *> blocks;
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<func::FuncOp, scf::ForOp, scf::IfOp>(op))
      return op->getNumRegions() ? WalkResult::skip() : WalkResult::advance();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        blocks.push_back(&block);
    return WalkResult::advance();
  });
  return blocks;
}

static linalg::LinalgOp rowOp(Operation *op) {
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureTensorSemantics() ? linalgOp : linalg::LinalgOp();
}

// An elementwise op of row statistics: its rows are those of the op that computes them.
static bool readsStatistic(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() != 0)
    return false;
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    auto producer = rowOp(operand.getDefiningOp());
    if (!producer || producer->getBlock() != op->getBlock() || isa<linalg::FillOp>(producer))
      return false;
    int row = rowLoop(producer);
    if (producer.getNumReductionLoops() != 0)
      return row >= 0 && producer.getNumParallelLoops() == op.getNumLoops() &&
             producer.getIteratorTypesArray()[row] == utils::IteratorType::reduction;
    return producer.getNumLoops() == op.getNumLoops() && readsStatistic(producer);
  });
}

// A product of two tensors that is summed along the row.
static bool isContraction(linalg::LinalgOp op) {
  int row = rowLoop(op);
  return row >= 0 && op.getIteratorTypesArray()[row] == utils::IteratorType::reduction &&
         llvm::count_if(op.getDpsInputOperands(), [&](OpOperand *input) {
           return op.getMatchingIndexingMap(input).isFunctionOfDim(row);
         }) >= 2;
}

SmallVector<unsigned> tiledLoops(linalg::LinalgOp root) {
  SmallVector<unsigned> parallel;
  root.getParallelDims(parallel);
  int rows, columns;
  if (isTransposition(root, rows, columns)) {
    llvm::erase_if(parallel, [&](unsigned i) { return int(i) == rows || int(i) == columns; });
    return parallel;
  }
  if (isContraction(root) && parallel.size() > 1) {
    parallel.pop_back(); // a row of products, not one per iteration
    return parallel;
  }
  if (!readsStatistic(root))
    llvm::erase_if(parallel, [row = rowLoop(root)](unsigned i) { return int(i) == row; });
  return parallel;
}

namespace {

// For each tiled loop of a region's root the loop of an op that moves with it; -1 if none does.
using Cover = SmallVector<int>;

struct RowRegion {
  unsigned level = 0;
  SmallVector<Operation *> members; // last first
  DenseMap<Operation *, Cover> cover;
};

class Partition {
public:
  explicit Partition(Block &block) : block(block) { computeLevels(); }

  SmallVector<scf::ExecuteRegionOp> form() {
    for (Operation &op : llvm::reverse(block))
      if (auto row = rowOp(&op))
        place(row);
    SmallVector<scf::ExecuteRegionOp> formed;
    for (RowRegion &region : regions)
      formed.push_back(wrap(region));
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (rowOp(&op) && op.use_empty())
        op.erase();
    [[maybe_unused]] bool sorted = sortTopologically(&block);
    assert(sorted && "regions wait for each other");
    return formed;
  }

private:
  Block &block;
  DenseMap<Operation *, unsigned> level;
  std::vector<RowRegion> regions;
  DenseMap<Operation *, SmallVector<unsigned>> regionsOf;

  void computeLevels() {
    for (Operation &op : block) {
      unsigned highest = 0;
      bool entersForeign = !rowOp(&op);
      op.walk([&](Operation *inner) {
        for (Value operand : inner->getOperands()) {
          Operation *def = operand.getDefiningOp();
          if (!def || def->getBlock() != &block)
            continue;
          bool crosses = rowOp(def) && (entersForeign || inner != &op);
          highest = std::max(highest, level.lookup(def) + crosses);
        }
      });
      level[&op] = highest;
    }
  }

  // Where every tiled loop of `region` is found in `producer`, seen from its uses by members;
  // nothing if the uses disagree or an access is not a plain permutation.
  std::optional<Cover> coverOf(linalg::LinalgOp producer, RowRegion &region) {
    std::optional<Cover> result;
    for (OpOperand &use : producer->getUses()) {
      auto known = region.cover.find(use.getOwner());
      if (known == region.cover.end())
        continue;
      auto consumer = cast<linalg::LinalgOp>(use.getOwner());
      AffineMap read = consumer.getMatchingIndexingMap(&use);
      AffineMap written = producer.getIndexingMapMatchingResult(cast<OpResult>(use.get()));
      if (!read.isProjectedPermutation(/*allowZeroInResults=*/true) ||
          !written.isProjectedPermutation())
        return std::nullopt;
      Cover cover;
      for (int loop : known->second) {
        int at = positionOf(consumer, use, loop);
        cover.push_back(at < 0 ? -1 : int(written.getDimPosition(at)));
      }
      if (result && *result != cover)
        return std::nullopt;
      result = cover;
    }
    return result;
  }

  // Does one iteration of the region need a single row of `op`?
  static bool isOneRow(linalg::LinalgOp op, ArrayRef<int> cover) {
    SmallVector<unsigned> parallel;
    op.getParallelDims(parallel);
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    llvm::erase_if(parallel, [&](unsigned loop) {
      return ranges[loop] == 1 || llvm::is_contained(cover, int(loop));
    });
    if (parallel.empty())
      return true;
    int row = rowLoop(op), rows, columns;
    bool alongRow = row == int(parallel[0]) ||
                    op.getIteratorTypesArray()[row] == utils::IteratorType::reduction;
    return parallel.size() == 1 && alongRow && !isTransposition(op, rows, columns);
  }

  // Does a value of `op`, were it computed in the region, go to something that the region may wait
  // for? A user can stand in several regions.
  bool leavesBelow(Operation *op, unsigned regionIndex) {
    unsigned limit = regions[regionIndex].level;
    return llvm::any_of(op->getUsers(), [&](Operation *user) {
      Operation *inBlock = block.findAncestorOpInBlock(*user);
      SmallVector<unsigned> readers = regionsOf.lookup(inBlock);
      if (readers.empty())
        return level.lookup(inBlock) <= limit;
      return llvm::any_of(readers, [&](unsigned reader) {
        return reader != regionIndex && regions[reader].level <= limit;
      });
    });
  }

  bool usedOutside(Operation *op, unsigned regionIndex) {
    return llvm::any_of(op->getUsers(), [&](Operation *user) {
      return !llvm::is_contained(regionsOf.lookup(user), regionIndex);
    });
  }

  // May `op` be computed again in each region that needs it, instead of being stored? So are fills,
  // positions and masks, what broadcasts smaller tensors, and functions of one operand.
  bool mayRecompute(linalg::LinalgOp op) {
    if (isa<linalg::FillOp>(op))
      return true;
    if (!isCheap(op))
      return false;
    bool escapes = llvm::any_of(op->getUsers(), [&](Operation *user) {
      return !rowOp(user) || level.lookup(user) != level.lookup(op);
    });
    bool integers = llvm::all_of(op->getResultTypes(), [](Type type) {
      return cast<RankedTensorType>(type).getElementType().isIntOrIndex();
    });
    unsigned wide = llvm::count_if(op.getDpsInputs(), [&](Value input) {
      auto type = dyn_cast<RankedTensorType>(input.getType());
      return type && type.getRank() == int64_t(op.getNumLoops());
    });
    return wide == 0 || integers || (wide == 1 && !escapes);
  }

  void join(linalg::LinalgOp op, unsigned index, Cover cover) {
    regions[index].members.push_back(op);
    regions[index].cover[op] = std::move(cover);
    regionsOf[op].push_back(index);
  }

  void openRegion(linalg::LinalgOp root) {
    Cover cover;
    for (unsigned loop : tiledLoops(root))
      cover.push_back(loop);
    regions.emplace_back();
    regions.back().level = level.lookup(root);
    join(root, regions.size() - 1, std::move(cover));
  }

  // Ops are placed last first, so the regions of all users are known.
  void place(linalg::LinalgOp op) {
    SetVector<unsigned> candidates;
    bool readInside = false; // by the body of another op, at an index it computes
    for (Operation *user : op->getUsers()) {
      if (user->getBlock() == &block)
        candidates.insert_range(regionsOf.lookup(user));
      else
        readInside |= bool(rowOp(block.findAncestorOpInBlock(*user)));
    }
    if (readInside)
      return openRegion(op);
    for (unsigned index : candidates) {
      std::optional<Cover> cover = coverOf(op, regions[index]);
      if (leavesBelow(op, index) || !cover || !isOneRow(op, *cover) || isa<linalg::FillOp>(op))
        continue;
      bool wholeLoop = !llvm::is_contained(*cover, -1);
      if (wholeLoop)
        return join(op, index, *cover);
      if (candidates.size() == 1 && (isCheap(op) || isGather(op)) && !usedOutside(op, index))
        return join(op, index, *cover);
    }
    if (candidates.empty() || !mayRecompute(op))
      return openRegion(op);
    recompute(op, candidates.getArrayRef());
  }

  void recompute(linalg::LinalgOp op, ArrayRef<unsigned> candidates) {
    SmallVector<std::pair<unsigned, Cover>> covers;
    for (unsigned index : candidates) {
      std::optional<Cover> cover = coverOf(op, regions[index]);
      if (!cover || !isOneRow(op, *cover))
        return openRegion(op);
      covers.push_back({index, *cover});
    }
    bool elsewhere = llvm::any_of(op->getUsers(),
                                  [&](Operation *user) { return regionsOf.lookup(user).empty(); });
    for (auto &[index, cover] : covers)
      join(op, index, cover);
    if (elsewhere)
      openRegion(op);
  }

  // An scf.execute_region with clones of the members. Values that others use are its results; of an
  // op that stands in several regions the last one gives the result: it was opened for the users in
  // none of the others.
  scf::ExecuteRegionOp wrap(RowRegion &region) {
    unsigned index = &region - regions.data();
    Operation *root = region.members.front();
    OpBuilder builder(root);
    SmallVector<Value> results;
    for (Operation *member : llvm::reverse(region.members)) {
      if (regionsOf[member].back() != index)
        continue;
      for (Value result : member->getResults())
        if (member == root || isUsedElsewhere(result, index))
          results.push_back(result);
    }
    auto wrapper =
        scf::ExecuteRegionOp::create(builder, root->getLoc(), TypeRange(ValueRange(results)));
    builder.createBlock(&wrapper.getRegion());
    IRMapping map;
    for (Operation *member : llvm::reverse(region.members))
      builder.clone(*member, map);
    SmallVector<Value> yields;
    for (Value result : results)
      yields.push_back(map.lookup(result));
    scf::YieldOp::create(builder, root->getLoc(), yields);
    for (auto [result, outer] : llvm::zip(results, wrapper.getResults()))
      result.replaceUsesWithIf(outer, [&, root = result.getDefiningOp()](OpOperand &use) {
        if (wrapper->isProperAncestor(use.getOwner()))
          return false;
        Operation *user = block.findAncestorOpInBlock(*use.getOwner());
        return !sharesRegion(root, user);
      });
    return wrapper;
  }

  // Every region that computes `user` computes `op` as well.
  bool sharesRegion(Operation *op, Operation *user) {
    ArrayRef<unsigned> of = regionsOf[op];
    auto users = regionsOf.find(user);
    return users != regionsOf.end() &&
           llvm::all_of(users->second, [&](unsigned i) { return llvm::is_contained(of, i); });
  }

  bool isUsedElsewhere(Value result, unsigned index) {
    return llvm::any_of(result.getUsers(), [&](Operation *user) {
      return !sharesRegion(result.getDefiningOp(), block.findAncestorOpInBlock(*user));
    });
  }
};

} // namespace

SmallVector<scf::ExecuteRegionOp> formRowRegions(Block &block) {
  return Partition(block).form();
}

} // namespace tilewright
