//===- Tile.cpp - scheduled ops to loops over register tiles -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/TilingUtils.h"
#include "dialects/Kernel/Transforms/Passes.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_TILE
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

// The parallel loop over tiles of `op`. `sizes` are its trip counts; `tile` gives offsets and sizes
// in the op's iteration domain for one point and may adjust the tiled op.
using TilePosition =
    function_ref<void(OpBuilder &, ValueRange ivs, SmallVectorImpl<OpFoldResult> &offsets,
                      SmallVectorImpl<OpFoldResult> &sizes)>;
FailureOr<scf::ForallOp> tileToForall(RewriterBase &rewriter, TilingInterface op,
                                      ArrayRef<OpFoldResult> trips, TilePosition position) {
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  SmallVector<Value> inits(destination.getDpsInits());
  auto forall = scf::ForallOp::create(rewriter, loc, trips, inits, std::nullopt);
  rewriter.setInsertionPointToStart(forall.getBody());
  IRMapping mapping;
  mapping.map(inits, forall.getRegionIterArgs());
  auto inside = cast<TilingInterface>(rewriter.clone(*op, mapping));
  rewriter.setInsertionPoint(inside);
  SmallVector<OpFoldResult> offsets, sizes;
  position(rewriter, forall.getInductionVars(), offsets, sizes);
  FailureOr<TilingResult> tile = inside.getTiledImplementation(rewriter, offsets, sizes);
  if (failed(tile))
    return failure();
  SmallVector<OpFoldResult> ones;
  for (auto [i, value] : llvm::enumerate(tile->tiledValues)) {
    SmallVector<OpFoldResult> at, extent;
    rewriter.setInsertionPoint(inside);
    if (failed(inside.getResultTilePosition(rewriter, i, offsets, sizes, at, extent)))
      return failure();
    ones.assign(at.size(), rewriter.getIndexAttr(1));
    rewriter.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(rewriter, loc, value, forall.getRegionIterArgs()[i], at,
                                          extent, ones);
  }
  rewriter.eraseOp(inside);
  rewriter.replaceOp(op, forall.getResults());
  return forall;
}

//===----------------------------------------------------------------------===//
// contract
//===----------------------------------------------------------------------===//

// How m rows and p panels are cut. All are index values or constants.
struct ContractCut {
  OpFoldResult blocks;        // row blocks that stay in L2
  OpFoldResult tilesPerBlock; // row tiles in a block
  OpFoldResult tiles;         // row tiles in all blocks
  int64_t unit;               // rows that are never parted
  OpFoldResult rowUnits;      // ⌈m / unit⌉
  OpFoldResult panels;        // panels of a unit: more than one with few rows
  OpFoldResult units;
};

OpFoldResult atLeastOne(OpBuilder &b, Location loc, OpFoldResult x) {
  return foldIndex<arith::MaxSIOp>(b, loc, x, b.getIndexAttr(1));
}

// The first row of a tile. Tiles are balanced in whole units: with units of 2, 128 rows are four
// tiles of 14 rows and six of 12, and no tile has a row too many.
OpFoldResult firstRow(OpBuilder &b, Location loc, const ContractCut &cut, OpFoldResult tile,
                      OpFoldResult m) {
  OpFoldResult unit =
      foldIndex<arith::DivUIOp>(b, loc, mulIndex(b, loc, tile, cut.rowUnits), cut.tiles);
  return minIndex(b, loc, mulIndex(b, loc, unit, b.getIndexAttr(cut.unit)), m);
}

ContractCut cutContract(OpBuilder &b, ContractOp op, OpFoldResult p, OpFoldResult m) {
  Location loc = op.getLoc();
  ContractScheduleAttr schedule = *op.getSchedule();
  ContractCut cut;
  auto constant = [&](int64_t value) -> OpFoldResult { return b.getIndexAttr(value); };
  cut.blocks = atLeastOne(b, loc, ceilDivIndex(b, loc, m, constant(schedule.getRowBlock())));
  OpFoldResult tiles = atLeastOne(b, loc, ceilDivIndex(b, loc, m, constant(schedule.getMr())));
  // What a plain rhs is packed for serves all rows of a block, and AMX tiles follow each other
  // without a gap: the tile is the block.
  bool whole = op.isPlain() || schedule.getTiles();
  cut.tilesPerBlock = whole ? constant(1) : ceilDivIndex(b, loc, tiles, cut.blocks);
  cut.tiles = mulIndex(b, loc, cut.blocks, cut.tilesPerBlock);
  // The register tile has code for even heights only, an odd one computes a row in vain; AMX tiles
  // have 16 rows.
  cut.unit = schedule.getTiles() ? 16 : schedule.getMr() % 2 ? 1 : 2;
  cut.rowUnits = ceilDivIndex(b, loc, m, constant(cut.unit));
  cut.panels = constant(1);
  for (auto [rows, panels] :
       llvm::reverse(llvm::zip(schedule.getFewRows(), schedule.getFewPanels()))) {
    Value few = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ule,
                                              getValueOrCreateConstantIndexOp(b, loc, m),
                                              arith::ConstantIndexOp::create(b, loc, rows));
    cut.panels = getAsOpFoldResult(
        b.createOrFold<arith::SelectOp>(loc, few, arith::ConstantIndexOp::create(b, loc, panels),
                                        getValueOrCreateConstantIndexOp(b, loc, cut.panels)));
  }
  cut.units = ceilDivIndex(b, loc, p, cut.panels);
  return cut;
}

// Where the data of the next panel stands that this row tile shall fetch: the k loop fetches one
// cache line per k, tiles take turns at the nr / 16 lines of a panel's row.
Value aheadOf(OpBuilder &b, ContractOp op, Value tile) {
  auto rhs = cast<ShapedType>(op.getRhs().getType());
  Location loc = op.getLoc();
  int64_t line = std::max<int64_t>(1, 512 / rhs.getElementTypeBitWidth());
  int64_t turns = std::max<int64_t>(1, rhs.getDimSize(2) / line), k = rhs.getDimSize(1);
  Value turn =
      b.createOrFold<arith::RemUIOp>(loc, tile, arith::ConstantIndexOp::create(b, loc, turns));
  Value part =
      b.createOrFold<arith::MulIOp>(loc, turn, arith::ConstantIndexOp::create(b, loc, k * line));
  return b.createOrFold<arith::AddIOp>(
      loc, part, arith::ConstantIndexOp::create(b, loc, k * rhs.getDimSize(2)));
}

// Matrices of the batch one by one, in each (row block, panel unit, row tile).
LogicalResult tileContract(RewriterBase &rewriter, ContractOp op) {
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  SmallVector<OpFoldResult> trips;
  for (const Range &range : op.getIterationDomain(rewriter))
    trips.push_back(range.size);
  OpFoldResult m = trips.pop_back_val(), p = trips.pop_back_val();
  size_t batch = trips.size();
  ContractCut cut = cutContract(rewriter, op, p, m);
  auto rhs = cast<ShapedType>(op.getRhs().getType());
  bool fetch = op.getSchedule()->getPrefetch() > 0 && !op.isPlain() &&
               !ShapedType::isDynamic(rhs.getDimSize(1)) && !op.getAhead();
  trips.append({cut.blocks, cut.units, cut.tilesPerBlock});
  auto position = [&](OpBuilder &b, ValueRange ivs, SmallVectorImpl<OpFoldResult> &offsets,
                      SmallVectorImpl<OpFoldResult> &sizes) {
    offsets.assign(ivs.begin(), ivs.begin() + batch);
    sizes.assign(batch, b.getIndexAttr(1));
    ivs = ivs.drop_front(batch);
    OpFoldResult tile = addIndex(b, loc, mulIndex(b, loc, ivs[0], cut.tilesPerBlock), ivs[2]);
    OpFoldResult row = firstRow(b, loc, cut, tile, m);
    OpFoldResult end = firstRow(b, loc, cut, addIndex(b, loc, tile, b.getIndexAttr(1)), m);
    OpFoldResult panel = mulIndex(b, loc, ivs[1], cut.panels);
    OpFoldResult panels = isOneInteger(cut.panels)
                              ? cut.panels
                              : minIndex(b, loc, cut.panels, subIndex(b, loc, p, panel));
    offsets.append({panel, row});
    sizes.append({panels, subIndex(b, loc, end, row)});
  };
  FailureOr<scf::ForallOp> forall =
      tileToForall(rewriter, cast<TilingInterface>(*op), trips, position);
  if (failed(forall))
    return failure();
  if (fetch)
    forall->walk([&](ContractOp tile) {
      rewriter.setInsertionPoint(tile);
      tile.getAheadMutable().assign(aheadOf(rewriter, tile, forall->getInductionVar(2)));
    });
  return success();
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

// (b, key head, block of queries). Blocks are balanced and, where a block has more rows than a row
// tile, whole row tiles.
LogicalResult tileAttention(RewriterBase &rewriter, AttentionOp op) {
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  SmallVector<Range> domain = op.getIterationDomain(rewriter);
  OpFoldResult queries = domain[2].size, one = rewriter.getIndexAttr(1);
  AttentionScheduleAttr schedule = *op.getSchedule();
  int64_t group = op.getGroupSize(), most = std::max<int64_t>(1, schedule.getRows() / group);
  int64_t whole = schedule.getMr() / std::gcd(schedule.getMr(), group);
  whole = whole <= most ? whole : 1;
  OpFoldResult unit = rewriter.getIndexAttr(whole);
  OpFoldResult blocks =
      atLeastOne(rewriter, loc,
                 ceilDivIndex(rewriter, loc, queries, rewriter.getIndexAttr(most / whole * whole)));
  OpFoldResult step = mulIndex(
      rewriter, loc,
      ceilDivIndex(rewriter, loc, ceilDivIndex(rewriter, loc, queries, blocks), unit), unit);
  SmallVector<OpFoldResult> trips{domain[0].size, domain[1].size, blocks};
  auto position = [&](OpBuilder &b, ValueRange ivs, SmallVectorImpl<OpFoldResult> &offsets,
                      SmallVectorImpl<OpFoldResult> &sizes) {
    OpFoldResult at = minIndex(b, loc, mulIndex(b, loc, ivs[2], step), queries);
    offsets.assign({ivs[0], ivs[1], at});
    sizes.assign({one, one, minIndex(b, loc, step, subIndex(b, loc, queries, at))});
  };
  return tileToForall(rewriter, cast<TilingInterface>(*op), trips, position);
}

// The loop of the root stands for the region from here on.
void dissolve(RewriterBase &rewriter, RegionOp region) {
  Operation *yield = region.getBody().front().getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(&region.getBody().front(), region);
  rewriter.replaceOp(region, results);
}

struct Tile : impl::TileBase<Tile> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> roots;
    getOperation()->walk([&](Operation *op) {
      if (isa<ContractOp, AttentionOp>(op) && !op->getParentOfType<scf::ForallOp>())
        roots.push_back(op);
    });
    for (Operation *op : roots) {
      auto contract = dyn_cast<ContractOp>(op);
      auto attention = dyn_cast<AttentionOp>(op);
      if (contract ? !contract.getSchedule() : !attention.getSchedule()) {
        op->emitOpError("expects a schedule, got none: run tw-select-schedule before");
        return signalPassFailure();
      }
      Location loc = op->getLoc();
      auto region = op->getParentOfType<RegionOp>();
      Value init = cast<DestinationStyleOpInterface>(op).getDpsInits()[0];
      if (isEmpty(init.getType()))
        rewriter.replaceOp(op, init); // nothing to compute
      else if (failed(contract ? tileContract(rewriter, contract)
                               : tileAttention(rewriter, attention))) {
        emitError(loc, "cannot be tiled");
        return signalPassFailure();
      }
      if (region)
        dissolve(rewriter, region);
    }
  }
};
} // namespace
} // namespace mlir::kernel
