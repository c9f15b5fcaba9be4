//===- CountWork.cpp - operations and bytes of regions, as formulas of sizes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/TilingUtils.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_COUNTWORK
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

// What a region touches of a buffer outside: `sizes` elements from `offsets`, which are null where
// the loop moves along the dimension.
struct Place {
  Value buffer;
  SmallVector<OpFoldResult> offsets, sizes;

  bool operator==(const Place &other) const {
    return buffer == other.buffer && offsets == other.offsets && sizes == other.sizes;
  }
};

bool isWeight(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return isa_and_present<WeightOp, memref::GetGlobalOp>(buffer.getDefiningOp());
}

bool isSumOfTwo(AffineMap map) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(map.getResult(0));
  return sum && map.getNumInputs() == 2 && sum.getKind() == AffineExprKind::Add &&
         sum.getLHS() != sum.getRHS() && isa<AffineDimExpr, AffineSymbolExpr>(sum.getLHS()) &&
         isa<AffineDimExpr, AffineSymbolExpr>(sum.getRHS());
}

class RegionCounter {
public:
  explicit RegionCounter(scf::ForallOp region)
      : region(region), b(region), loc(region.getLoc()), flop(b.getIndexAttr(0)),
        weightBytes(b.getIndexAttr(0)), activationBytes(b.getIndexAttr(0)) {}

  void run() {
    region.getBody()->walk([&](Operation *op) {
      if (auto contract = dyn_cast<ContractOp>(op))
        countContract(contract);
      else if (auto attention = dyn_cast<AttentionOp>(op))
        countAttention(attention);
      auto rows = op->getParentOfType<linalg::LinalgOp>();
      if (auto load = dyn_cast<memref::LoadOp>(op); load && rows)
        countGather(load, rows);
      else if (auto effects = dyn_cast<MemoryEffectOpInterface>(op))
        countEffects(effects);
    });
    auto valueOf = [&](OpFoldResult x) { return getValueOrCreateConstantIndexOp(b, loc, x); };
    Value counts[] = {valueOf(flop), valueOf(weightBytes), valueOf(activationBytes)};
    b.setInsertionPointToStart(region.getBody());
    WorkOp::create(b, loc, counts[0], counts[1], counts[2]);
  }

private:
  bool isOutside(Value value) const {
    return !region->getRegion(0).isAncestor(value.getParentRegion());
  }
  bool isOutside(OpFoldResult size) const {
    auto value = dyn_cast<Value>(size);
    return !value || isOutside(value);
  }

  OpFoldResult number(int64_t value) { return b.getIndexAttr(value); }
  OpFoldResult product(ArrayRef<OpFoldResult> factors) {
    OpFoldResult all = number(1);
    for (OpFoldResult factor : factors)
      all = mulIndex(b, loc, all, factor);
    return all;
  }

  // Nothing for scratch of the region itself.
  std::optional<Place> placeOf(Value view) {
    memref::SubViewOp cut;
    while (!isOutside(view)) {
      auto op = view.getDefiningOp<ViewLikeOpInterface>();
      if (!op)
        return std::nullopt;
      cut = dyn_cast<memref::SubViewOp>(op.getOperation());
      view = op.getViewSource();
    }
    Place place{view, {}, memref::getMixedSizes(b, loc, view)};
    place.offsets.resize(place.sizes.size());
    for (size_t dim = 0; cut && dim < place.sizes.size(); ++dim) {
      OpFoldResult offset = cut.getMixedOffsets()[dim], size = cut.getMixedSizes()[dim];
      if (isOutside(offset) && isOutside(size)) {
        place.offsets[dim] = offset;
        place.sizes[dim] = size;
      } else if (std::optional<OpFoldResult> passed = rangeOf(offset)) {
        place.sizes[dim] = *passed;
      }
    }
    return place;
  }

  // x, if `sum` is x + `part`; else null.
  OpFoldResult without(Value sum, OpFoldResult part) {
    if (part == OpFoldResult(sum))
      return number(0);
    auto apply = sum.getDefiningOp<affine::AffineApplyOp>();
    bool adds = apply ? isSumOfTwo(apply.getAffineMap())
                      : isa_and_present<arith::AddIOp>(sum.getDefiningOp());
    if (!adds)
      return {};
    Value a = sum.getDefiningOp()->getOperand(0), c = sum.getDefiningOp()->getOperand(1);
    return part == OpFoldResult(a) ? c : part == OpFoldResult(c) ? a : OpFoldResult();
  }

  // The size of what tiles at `offset` pass over, where that is an index of the loop plus something
  // fixed: tiles reach to the next one at most.
  std::optional<OpFoldResult> rangeOf(OpFoldResult offset) {
    auto at = dyn_cast<Value>(offset);
    if (!at)
      return std::nullopt;
    for (auto [index, from, to] : llvm::zip(region.getInductionVars(), region.getMixedLowerBound(),
                                            region.getMixedUpperBound()))
      if (OpFoldResult rest = without(at, OpFoldResult(index)); rest && isOutside(rest))
        return subIndex(b, loc, to, from);
    return std::nullopt;
  }

  // The size of a dimension that tiles do not cut.
  std::optional<OpFoldResult> wholeSize(Value view, int64_t dim) {
    auto type = cast<MemRefType>(view.getType());
    if (!type.isDynamicDim(dim))
      return number(type.getDimSize(dim));
    if (isOutside(view))
      return memref::getMixedSize(b, loc, view, dim);
    auto cut = view.getDefiningOp<memref::SubViewOp>();
    if (!cut || cut.getSourceType().getRank() != type.getRank() ||
        !isOutside(cut.getMixedSizes()[dim]))
      return std::nullopt;
    return cut.getMixedSizes()[dim];
  }

  // 2 · elements of the result · k for each sum.
  void countContract(ContractOp op) {
    std::optional<Place> result = placeOf(op.getInit());
    int64_t last = cast<MemRefType>(op.getLhs().getType()).getRank() - 1;
    std::optional<OpFoldResult> k = wholeSize(op.getLhs(), last);
    if (!result || !k)
      return;
    OpFoldResult all = product({product(result->sizes), *k, number(2 * op.getSums())});
    flop = addIndex(b, loc, flop, all);
  }

  // 1 + 2 + ... + x, 0 for a negative x.
  OpFoldResult triangle(OpFoldResult x) {
    x = foldIndex<arith::MaxSIOp>(b, loc, x, number(0));
    OpFoldResult square = mulIndex(b, loc, x, addIndex(b, loc, x, number(1)));
    return foldIndex<arith::DivUIOp>(b, loc, square, number(2));
  }

  // Pairs of query i < sq and key j < skv with j <= i + offset:
  //   Σ_i clamp(i + offset + 1, 0, skv), each bound a difference of triangles.
  OpFoldResult pairsUpTo(OpFoldResult offset, OpFoldResult sq, OpFoldResult skv) {
    auto positive = [&](OpFoldResult from) { // Σ_i max(i + from + 1, 0)
      return subIndex(b, loc, triangle(addIndex(b, loc, from, sq)), triangle(from));
    };
    return subIndex(b, loc, positive(offset), positive(subIndex(b, loc, offset, skv)));
  }

  // The offset of the first query: that of a tile counts from the tile's first query on.
  OpFoldResult offsetOf(AttentionOp op, unsigned queryDim) {
    if (!op.getOffset())
      return number(0);
    if (isOutside(op.getOffset()))
      return op.getOffset();
    auto tile = op.getQuery().getDefiningOp<memref::SubViewOp>();
    return tile ? without(op.getOffset(), tile.getMixedOffsets()[queryDim]) : OpFoldResult();
  }

  // 2 · (d + dv) for each visible pair of a query and a key, in each head.
  void countAttention(AttentionOp op) {
    auto positionOf = [&](AttentionOp::Operand operand, unsigned logical) {
      AffineExpr dim = b.getAffineDimExpr(logical);
      return *op.getMap(operand).getResultPosition(dim);
    };
    std::optional<Place> result = placeOf(op.getInit());
    std::optional<OpFoldResult> skv = wholeSize(op.getKey(), positionOf(AttentionOp::Key, 2));
    OpFoldResult offset = offsetOf(op, positionOf(AttentionOp::Query, 2));
    if (!result || result->sizes.size() != 4 || !skv || !offset || !isOutside(offset))
      return;
    auto sizeOf = [&](unsigned logical) {
      return result->sizes[positionOf(AttentionOp::Init, logical)];
    };
    OpFoldResult sq = sizeOf(2);
    OpFoldResult pairs = op.getCausal() ? pairsUpTo(offset, sq, *skv) : mulIndex(b, loc, sq, *skv);
    if (op.hasWindow()) {
      OpFoldResult before = subIndex(b, loc, offset, number(op.getWindow() + 1));
      pairs = subIndex(b, loc, pairs, pairsUpTo(before, sq, *skv));
    }
    int64_t d = op.getLogicalShape(AttentionOp::Query)[3],
            dv = op.getLogicalShape(AttentionOp::Value)[3];
    OpFoldResult all = product({sizeOf(0), sizeOf(1), pairs, number(2 * (d + dv))});
    flop = addIndex(b, loc, flop, all);
  }

  void addBytes(Value buffer, OpFoldResult elements) {
    unsigned bits = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
    OpFoldResult bytes = mulIndex(b, loc, elements, number((bits + 7) / 8));
    OpFoldResult &sum = isWeight(buffer) ? weightBytes : activationBytes;
    sum = addIndex(b, loc, sum, bytes);
  }

  void countEffects(MemoryEffectOpInterface op) {
    SmallVector<MemoryEffects::EffectInstance> effects;
    op.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects) {
      bool reads = isa<MemoryEffects::Read>(effect.getEffect());
      if (!effect.getValue() || !isa<MemRefType>(effect.getValue().getType()) ||
          !(reads || isa<MemoryEffects::Write>(effect.getEffect())))
        continue;
      std::optional<Place> place = placeOf(effect.getValue());
      if (!place || llvm::is_contained(written, *place) ||
          (reads && llvm::is_contained(read, *place)))
        continue;
      (reads ? read : written).push_back(*place);
      addBytes(place->buffer, product(place->sizes));
    }
  }

  // `rows` reads elements of a table, one for each result.
  void countGather(memref::LoadOp load, linalg::LinalgOp rows) {
    if (!isOutside(load.getMemRef()))
      return;
    OpFoldResult elements = product(memref::getMixedSizes(b, loc, load.getMemRef()));
    Value init = rows.getDpsInits()[0];
    auto type = cast<MemRefType>(init.getType());
    if (std::optional<Place> result = placeOf(init))
      elements = minIndex(b, loc, elements, product(result->sizes));
    else if (type.hasStaticShape())
      elements = minIndex(b, loc, elements, product({trips(), number(type.getNumElements())}));
    addBytes(load.getMemRef(), elements);
  }

  OpFoldResult trips() {
    OpFoldResult all = number(1);
    for (auto [from, to, by] :
         llvm::zip(region.getMixedLowerBound(), region.getMixedUpperBound(), region.getMixedStep()))
      all = mulIndex(b, loc, all, ceilDivIndex(b, loc, subIndex(b, loc, to, from), by));
    return all;
  }

  scf::ForallOp region;
  OpBuilder b;
  Location loc;
  OpFoldResult flop, weightBytes, activationBytes;
  SmallVector<Place> read, written;
};

struct CountWork : impl::CountWorkBase<CountWork> {
  void runOnOperation() override {
    SmallVector<scf::ForallOp> regions;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ForallOp forall) {
      regions.push_back(forall);
      return WalkResult::skip();
    });
    for (scf::ForallOp region : regions)
      RegionCounter(region).run();
  }
};
} // namespace
} // namespace mlir::kernel
