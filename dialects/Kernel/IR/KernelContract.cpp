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
                                           int64_t prefetch, int64_t inlineOps, int64_t depth,
                                           bool tiles) {
  if (mr < 1 || lanes < 1 || unroll < 1 || rowBlock < mr)
    return emitError() << "expects mr, lanes, unroll >= 1 and row_block >= mr, got " << mr << ", "
                       << lanes << ", " << unroll << ", " << rowBlock;
  if (fewRows.size() != fewPanels.size())
    return emitError() << "expects as many few_panels as few_rows, got " << fewPanels.size()
                       << " and " << fewRows.size();
  if (!llvm::is_sorted(fewRows) || llvm::any_of(fewPanels, [](int64_t p) { return p < 2; }))
    return emitError() << "expects few_rows in ascending order and few_panels >= 2";
  if (depth < 0 || depth % lanes)
    return emitError() << "expects depth to be a multiple of lanes, got " << depth;
  if (tiles && (mr != 32 || lanes != 16))
    return emitError() << "expects mr = 32 and lanes = 16 with tiles, got " << mr << " and "
                       << lanes;
  return success();
}

bool ContractOp::isExtraMap(AffineMap map) {
  llvm::SmallBitVector seen(map.getNumDims());
  for (auto [i, e] : llvm::enumerate(map.getResults())) {
    if (auto constant = dyn_cast<AffineConstantExpr>(e); constant && constant.getValue() == 0)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(e);
    bool isColumn = dim && dim.getPosition() + 1 == map.getNumDims();
    if (!dim || seen.test(dim.getPosition()) || (isColumn && i + 1 != map.getNumResults()))
      return false;
    seen.set(dim.getPosition());
  }
  return map.getNumSymbols() == 0;
}

static LogicalResult verifyExtra(ContractOp op, unsigned i, ShapedType init) {
  auto type = cast<ShapedType>(op.getExtras()[i].getType());
  AffineMap map = op.getExtraMap(i);
  if (map.getNumDims() != init.getRank() || map.getNumResults() != type.getRank())
    return op.emitOpError("expects extra_maps[")
           << i << "] to map the " << init.getRank() << " dimensions of the result to "
           << type.getRank() << " indices, got " << AffineMapAttr::get(map);
  if (!ContractOp::isExtraMap(map))
    return op.emitOpError("expects every index of extra_maps[")
           << i << "] to be a dimension, each once and the column last, or 0, got "
           << AffineMapAttr::get(map);
  for (auto [e, size] : llvm::zip(map.getResults(), type.getShape()))
    if (auto dim = dyn_cast<AffineDimExpr>(e);
        dim && differ(size, init.getDimSize(dim.getPosition())))
      return op.emitOpError("expects extra operand ")
             << i << " to fit the result " << init << ", got " << type;
  Type argument = op.getEpilogue().getArgument(i + op.getSums()).getType();
  if (argument != type.getElementType())
    return op.emitOpError("expects epilogue argument ")
           << i + op.getSums() << " of type " << type.getElementType() << ", got " << argument;
  return success();
}

// Batch dimensions of lhs or plain rhs, aligned at the last one of init's.
static bool batchFits(ShapedType operand, ShapedType init) {
  ArrayRef<int64_t> own = operand.getShape().drop_back(2), all = init.getShape().drop_back(2);
  return own.size() <= all.size() &&
         llvm::all_of(llvm::zip(own, all.take_back(own.size())), [](auto sizes) {
           auto [size, whole] = sizes;
           return size == 1 || !differ(size, whole);
         });
}

static LogicalResult verifyOperands(ContractOp op, ShapedType lhs, ShapedType rhs,
                                    ShapedType init) {
  if (lhs.getRank() < 2 || rhs.getRank() < 2 || init.getRank() < 2)
    return op.emitOpError("expects lhs, rhs and init of rank 2 or more, got ")
           << lhs << ", " << rhs << ", " << init;
  bool plain = op.isPlain();
  if (plain ? !batchFits(lhs, init) || !batchFits(rhs, init)
            : lhs.getRank() != 2 || rhs.getRank() != 3 || init.getRank() != 2)
    return op.emitOpError(plain ? "expects lhs [batch.., m, k], rhs [batch.., k, n] and init "
                                  "[batch.., m, n], got "
                                : "expects lhs [m, k], rhs [panels, k, nr] and init [m, n], got ")
           << lhs << ", " << rhs << ", " << init;
  int64_t kOfRhs = plain ? rhs.getShape().take_back(2)[op.getTransposeRhs()] : rhs.getDimSize(1);
  if (!ShapedType::isDynamic(kOfRhs))
    kOfRhs *= op.getPairing();
  if (differ(lhs.getShape().back(), kOfRhs))
    return op.emitOpError("expects one contracted size, got ")
           << lhs.getShape().back() << " and " << kOfRhs;
  if (differ(lhs.getShape().take_back(2)[0], init.getShape().take_back(2)[0]))
    return op.emitOpError("expects as many rows in lhs as in init, got ")
           << lhs.getShape().take_back(2)[0] << " and " << init.getShape().take_back(2)[0];
  int64_t n = init.getShape().back();
  if (plain) {
    if (int64_t columns = rhs.getShape().take_back(2)[!op.getTransposeRhs()]; differ(columns, n))
      return op.emitOpError("expects as many columns in rhs as in init, got ")
             << columns << " and " << n;
    if (static_cast<int64_t>(*op.getPanelWidth()) < 1 || op.getSums() != 1)
      return op.emitOpError("expects a positive panel_width and sums = 1 with a plain rhs");
    return success();
  }
  if (ShapedType::isDynamic(rhs.getDimSize(2)) || rhs.getDimSize(2) < op.getPairing() ||
      rhs.getDimSize(2) % op.getPairing())
    return op.emitOpError("expects a static panel width, got ") << rhs;
  int64_t nr = op.getPanelColumns(), panels = rhs.getDimSize(0), sums = op.getSums();
  if (sums < 1 || nr % sums)
    return op.emitOpError("expects panels of ") << sums << " groups of columns, got " << nr;
  int64_t columns = op.getResultColumns();
  if (!ShapedType::isDynamic(panels) && !ShapedType::isDynamic(n) &&
      (n + columns - 1) / columns != panels)
    return op.emitOpError("expects ") << (n + columns - 1) / columns << " panels of " << columns
                                      << " columns for n = " << n << ", got " << panels;
  return success();
}

// One floating-point type, but f32 sums with a packed rhs of 16 bits: see `lhs` there.
static LogicalResult verifyElements(ContractOp op) {
  Type lhs = getElementTypeOrSelf(op.getLhs().getType());
  Type rhs = getElementTypeOrSelf(op.getRhs().getType());
  bool widened = !op.isPlain() && (rhs.isBF16() || rhs.isF16());
  Type sum = widened ? Float32Type::get(op.getContext()) : rhs;
  Block &body = op.getEpilogue().front();
  TypeRange sums = ValueRange(body.getArguments().take_front(op.getSums())).getTypes();
  if (isa<FloatType>(rhs) && (lhs == sum || (lhs == rhs && op.getPairing() == 2)) &&
      llvm::all_of(sums, [&](Type type) { return type == sum; }))
    return success();
  return op.emitOpError("expects lhs, rhs and sums of one floating-point type, or f32 lhs and "
                        "sums with a packed rhs of f16 or bf16, got ")
         << op.getLhs().getType() << ", " << op.getRhs().getType() << " and " << sums;
}

LogicalResult ContractOp::verify() {
  auto init = cast<ShapedType>(getInit().getType());
  if (failed(verifyOperands(*this, cast<ShapedType>(getLhs().getType()),
                            cast<ShapedType>(getRhs().getType()), init)))
    return failure();
  if (auto schedule = getSchedule()) {
    if (getResultColumns() % schedule->getLanes())
      return emitOpError("expects panels of whole vectors of ")
             << schedule->getLanes() << " lanes, got " << getResultColumns() << " columns";
    if (isPlain() && !schedule->getDepth())
      return emitOpError("expects a schedule with a depth for a plain rhs");
    auto lhs = cast<ShapedType>(getLhs().getType());
    if (schedule->getTiles() && (getPairing() != 2 || !lhs.getElementType().isBF16() ||
                                 lhs.isDynamicDim(1) || getPanelColumns() > 32))
      return emitOpError("expects bf16 operands, a static k and panels of at most 32 columns for "
                         "tiles, got ")
             << lhs << " and " << getRhs().getType();
  }
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getExtras().size() + getSums() ||
      getExtraMaps().size() != getExtras().size())
    return emitOpError("expects one map and one epilogue argument for each of ")
           << getExtras().size() << " extra operands besides " << getSums() << " sums";
  if (failed(verifyElements(*this)))
    return failure();
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
  int64_t n = cast<ShapedType>(getInit().getType()).getShape().back();
  if (isPlain())
    return getFullPanels() || (!ShapedType::isDynamic(n) && n % getPanelColumns() == 0);
  int64_t panels = cast<ShapedType>(getRhs().getType()).getDimSize(0);
  return getFullPanels() || (!ShapedType::isDynamic(n) && !ShapedType::isDynamic(panels) &&
                             n == panels * getResultColumns());
}

//===----------------------------------------------------------------------===//
// Tiling: domain (batch.., panel, m)
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> ContractOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(getBatchRank() + 2, utils::IteratorType::parallel);
}

SmallVector<Range> ContractOp::getIterationDomain(OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(*this);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, getLoc(), getInit());
  OpFoldResult n = sizes.pop_back_val(), m = sizes.pop_back_val();
  sizes.push_back(isPlain() ? ceilDivIndex(b, getLoc(), n, b.getIndexAttr(getPanelColumns()))
                            : tensor::getMixedSize(b, getLoc(), getRhs(), 0));
  sizes.push_back(m);
  return rangesOf(b, sizes);
}

LogicalResult ContractOp::getResultTilePosition(OpBuilder &b, unsigned,
                                                ArrayRef<OpFoldResult> offsets,
                                                ArrayRef<OpFoldResult> sizes,
                                                SmallVector<OpFoldResult> &resultOffsets,
                                                SmallVector<OpFoldResult> &resultSizes) {
  int64_t panel = getBatchRank(), row = panel + 1;
  OpFoldResult columns = b.getIndexAttr(getResultColumns());
  OpFoldResult column = mulIndex(b, getLoc(), offsets[panel], columns);
  OpFoldResult width = mulIndex(b, getLoc(), sizes[panel], columns);
  if (!hasFullPanels()) {
    OpFoldResult n = tensor::getMixedSize(b, getLoc(), getInit(), row);
    width = minIndex(b, getLoc(), width, subIndex(b, getLoc(), n, column));
  }
  resultOffsets.assign(offsets.begin(), offsets.begin() + panel);
  resultSizes.assign(sizes.begin(), sizes.begin() + panel);
  resultOffsets.append({offsets[row], column});
  resultSizes.append({sizes[row], width});
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
  // The matrices of `value` in the tile's part of the batch.
  auto takeMatrices = [&](Value value, OpFoldResult row, OpFoldResult column, OpFoldResult rows,
                          OpFoldResult columns) {
    ArrayRef<int64_t> shape = cast<ShapedType>(value.getType()).getShape();
    SmallVector<OpFoldResult> where, size;
    for (auto [i, own] : llvm::enumerate(shape.drop_back(2))) {
      int64_t dim = getBatchRank() - (shape.size() - 2) + i;
      where.push_back(own == 1 ? zero : offsets[dim]);
      size.push_back(own == 1 ? one : sizes[dim]);
    }
    where.append({row, column});
    size.append({rows, columns});
    return takeSlice(b, loc, value, where, size, slices);
  };
  int64_t panel = getBatchRank(), row = panel + 1;
  OpFoldResult k = tensor::getMixedSizes(b, loc, getLhs()).back();
  SmallVector<Value> operands{takeMatrices(getLhs(), offsets[row], zero, sizes[row], k)};
  if (!isPlain()) {
    SmallVector<OpFoldResult> part = tensor::getMixedSizes(b, loc, getRhs());
    part[0] = sizes[panel];
    operands.push_back(takeSlice(b, loc, getRhs(), {offsets[panel], zero, zero}, part, slices));
  } else if (getTransposeRhs())
    operands.push_back(takeMatrices(getRhs(), at.back(), zero, extent.back(), k));
  else
    operands.push_back(takeMatrices(getRhs(), zero, at.back(), k, extent.back()));
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

// Defined for whole panels: a caller tiles columns by multiples of a panel's.
LogicalResult ContractOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
    SmallVectorImpl<OpFoldResult> &domainOffsets, SmallVectorImpl<OpFoldResult> &domainSizes) {
  int64_t row = getBatchRank(), column = row + 1;
  OpFoldResult columns = b.getIndexAttr(getResultColumns());
  for (OpFoldResult value : {offsets[column], sizes[column]})
    if (auto constant = getConstantIntValue(value); constant && *constant % getResultColumns())
      return failure();
  domainOffsets.assign(offsets.begin(), offsets.begin() + row);
  domainSizes.assign(sizes.begin(), sizes.begin() + row);
  domainOffsets.append(
      {foldIndex<arith::DivUIOp>(b, getLoc(), offsets[column], columns), offsets[row]});
  domainSizes.append({ceilDivIndex(b, getLoc(), sizes[column], columns), sizes[row]});
  return success();
}
