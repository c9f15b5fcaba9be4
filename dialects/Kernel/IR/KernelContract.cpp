//===- KernelContract.cpp - kernel.contract: rules and tiling -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/TilingUtils.h"

using namespace mlir;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

LogicalResult ContractScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t mr,
                                           int64_t lanes, int64_t unroll, int64_t rowBlock,
                                           ArrayRef<int64_t> fewRows, ArrayRef<int64_t> fewPanels,
                                           int64_t prefetch, int64_t inlineOps) {
  if (mr < 1 || lanes < 1 || unroll < 1 || rowBlock < mr)
    return emitError() << "expects mr, lanes, unroll >= 1 and row_block >= mr, got " << mr << ", "
                       << lanes << ", " << unroll << ", " << rowBlock;
  if (fewRows.size() != fewPanels.size())
    return emitError() << "expects as many few_panels as few_rows, got " << fewPanels.size()
                       << " and " << fewRows.size();
  if (!llvm::is_sorted(fewRows) || llvm::any_of(fewPanels, [](int64_t p) { return p < 2; }))
    return emitError() << "expects few_rows in ascending order and few_panels >= 2";
  return success();
}

static bool differ(int64_t a, int64_t b) {
  return !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b;
}

static LogicalResult verifyExtra(ContractOp op, unsigned i, ShapedType init) {
  auto type = cast<ShapedType>(op.getExtras()[i].getType());
  AffineMap map = op.getExtraMap(i);
  if (map.getNumDims() != 2 || map.getNumSymbols() || map.getNumResults() != type.getRank())
    return op.emitOpError("expects extra_maps[") << i << "] to map (m, n) to " << type.getRank()
                                                 << " indices, got " << AffineMapAttr::get(map);
  llvm::SmallBitVector seen(2);
  for (auto [e, size] : llvm::zip(map.getResults(), type.getShape())) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    auto constant = dyn_cast<AffineConstantExpr>(e);
    if (dim ? seen.test(dim.getPosition()) : !constant || constant.getValue())
      return op.emitOpError("expects every index of extra_maps[")
             << i << "] to be m, n or 0, and each of m, n once, got " << AffineMapAttr::get(map);
    if (!dim)
      continue;
    seen.set(dim.getPosition());
    if (differ(size, init.getDimSize(dim.getPosition())))
      return op.emitOpError("expects extra operand ")
             << i << " to fit the result " << init << ", got " << type;
  }
  Type argument = op.getEpilogue().getArgument(i + 1).getType();
  if (argument != type.getElementType())
    return op.emitOpError("expects epilogue argument ")
           << i + 1 << " of type " << type.getElementType() << ", got " << argument;
  return success();
}

LogicalResult ContractOp::verify() {
  auto lhs = cast<ShapedType>(getLhs().getType()), rhs = cast<ShapedType>(getRhs().getType());
  auto init = cast<ShapedType>(getInit().getType());
  if (!lhs.hasRank() || !rhs.hasRank() || !init.hasRank() || lhs.getRank() != 2 ||
      rhs.getRank() != 3 || init.getRank() != 2)
    return emitOpError("expects lhs [m, k], rhs [panels, k, nr] and init [m, n], got ")
           << lhs << ", " << rhs << ", " << init;
  if (differ(lhs.getDimSize(1), rhs.getDimSize(1)))
    return emitOpError("expects one contracted size, got ")
           << lhs.getDimSize(1) << " and " << rhs.getDimSize(1);
  if (differ(lhs.getDimSize(0), init.getDimSize(0)))
    return emitOpError("expects as many rows in lhs as in init, got ")
           << lhs.getDimSize(0) << " and " << init.getDimSize(0);
  int64_t nr = rhs.getDimSize(2), panels = rhs.getDimSize(0), n = init.getDimSize(1);
  if (ShapedType::isDynamic(nr))
    return emitOpError("expects a static panel width");
  if (!ShapedType::isDynamic(panels) && !ShapedType::isDynamic(n) && (n + nr - 1) / nr != panels)
    return emitOpError("expects ") << (n + nr - 1) / nr << " panels of " << nr
                                   << " columns for n = " << n << ", got " << panels;
  if (auto schedule = getSchedule(); schedule && nr % schedule->getLanes())
    return emitOpError("expects panels of whole vectors of ")
           << schedule->getLanes() << " lanes, got " << nr << " columns";
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getExtras().size() + 1 ||
      getExtraMaps().size() != getExtras().size())
    return emitOpError("expects one map and one epilogue argument for each of ")
           << getExtras().size() << " extra operands besides the sum";
  for (unsigned i = 0, e = getExtras().size(); i < e; ++i)
    if (failed(verifyExtra(*this, i, init)))
      return failure();
  for (Operation &op : body.without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>() && !OpTrait::hasElementwiseMappableTraits(&op))
      return op.emitOpError("expects only elementwise ops in an epilogue");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().size() != 1 ||
      yield.getValues()[0].getType() != init.getElementType())
    return emitOpError("expects the epilogue to yield one ") << init.getElementType();
  return success();
}

bool ContractOp::hasFullPanels() {
  int64_t n = cast<ShapedType>(getInit().getType()).getDimSize(1);
  int64_t panels = cast<ShapedType>(getRhs().getType()).getDimSize(0);
  return getFullPanels() || (!ShapedType::isDynamic(n) && !ShapedType::isDynamic(panels) &&
                             n == panels * getPanelWidth());
}

void ContractOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addTileEffects(*this, /*readsInits=*/false, effects);
}

//===----------------------------------------------------------------------===//
// Tiling: domain (panel, m)
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> ContractOp::getLoopIteratorTypes() {
  return {utils::IteratorType::parallel, utils::IteratorType::parallel};
}

SmallVector<Range> ContractOp::getIterationDomain(OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(*this);
  return rangesOf(b, {tensor::getMixedSize(b, getLoc(), getRhs(), 0),
                      tensor::getMixedSize(b, getLoc(), getLhs(), 0)});
}

LogicalResult ContractOp::getResultTilePosition(OpBuilder &b, unsigned,
                                                ArrayRef<OpFoldResult> offsets,
                                                ArrayRef<OpFoldResult> sizes,
                                                SmallVector<OpFoldResult> &resultOffsets,
                                                SmallVector<OpFoldResult> &resultSizes) {
  OpFoldResult nr = b.getIndexAttr(getPanelWidth());
  OpFoldResult column = mulIndex(b, getLoc(), offsets[0], nr);
  OpFoldResult width = mulIndex(b, getLoc(), sizes[0], nr);
  if (!hasFullPanels()) {
    OpFoldResult n = tensor::getMixedSize(b, getLoc(), getInit(), 1);
    width = minIndex(b, getLoc(), width, subIndex(b, getLoc(), n, column));
  }
  resultOffsets = {offsets[1], column};
  resultSizes = {sizes[1], width};
  return success();
}

FailureOr<TilingResult> ContractOp::getTiledImplementation(OpBuilder &b,
                                                           ArrayRef<OpFoldResult> offsets,
                                                           ArrayRef<OpFoldResult> sizes) {
  Location loc = getLoc();
  SmallVector<Operation *> slices;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> at, extent;
  (void)getResultTilePosition(b, 0, offsets, sizes, at, extent);
  SmallVector<OpFoldResult> lhs = tensor::getMixedSizes(b, loc, getLhs());
  SmallVector<OpFoldResult> rhs = tensor::getMixedSizes(b, loc, getRhs());
  SmallVector<Value> operands{
      takeSlice(b, loc, getLhs(), {offsets[1], zero}, {sizes[1], lhs[1]}, slices),
      takeSlice(b, loc, getRhs(), {offsets[0], zero, zero}, {sizes[0], rhs[1], rhs[2]}, slices)};
  for (auto [i, extra] : llvm::enumerate(getExtras())) {
    SmallVector<OpFoldResult> extraAt, extraExtent;
    for (AffineExpr e : getExtraMap(i).getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(e);
      extraAt.push_back(dim ? at[dim.getPosition()] : zero);
      extraExtent.push_back(dim ? extent[dim.getPosition()] : one);
    }
    operands.push_back(takeSlice(b, loc, extra, extraAt, extraExtent, slices));
  }
  Value init = takeSlice(b, loc, getInit(), at, extent, slices);
  operands.push_back(init);
  if (getAhead())
    operands.push_back(getAhead());
  TilingResult tile = cloneTile(b, *this, operands, init, slices);
  cast<ContractOp>(tile.tiledOps[0]).setFullPanels(hasFullPanels());
  return tile;
}

// Defined for whole panels: a caller tiles columns by multiples of the panel width.
LogicalResult ContractOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
    SmallVectorImpl<OpFoldResult> &domainOffsets, SmallVectorImpl<OpFoldResult> &domainSizes) {
  OpFoldResult nr = b.getIndexAttr(getPanelWidth());
  for (OpFoldResult value : {offsets[1], sizes[1]})
    if (auto constant = getConstantIntValue(value); constant && *constant % getPanelWidth())
      return failure();
  domainOffsets.assign({foldIndex<arith::DivUIOp>(b, getLoc(), offsets[1], nr), offsets[0]});
  domainSizes.assign({ceilDivIndex(b, getLoc(), sizes[1], nr), sizes[0]});
  return success();
}

FailureOr<TilingResult> ContractOp::generateResultTileValue(OpBuilder &b, unsigned number,
                                                            ArrayRef<OpFoldResult> offsets,
                                                            ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> domainOffsets, domainSizes;
  if (failed(getIterationDomainTileFromResultTile(b, number, offsets, sizes, domainOffsets,
                                                  domainSizes)))
    return failure();
  return getTiledImplementation(b, domainOffsets, domainSizes);
}
