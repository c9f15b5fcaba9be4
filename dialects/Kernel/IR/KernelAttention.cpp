//===- KernelAttention.cpp - kernel.attention: rules and tiling -===//
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

LogicalResult AttentionScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                            int64_t mr, int64_t lanes, int64_t keyVectors,
                                            int64_t valueVectors, int64_t rows, int64_t keys,
                                            int64_t unroll, int64_t directRows) {
  if (mr < 1 || lanes < 1 || keyVectors < 1 || valueVectors < 1 || unroll < 1 || rows < 1)
    return emitError() << "expects positive sizes";
  if (lanes & (lanes - 1))
    return emitError() << "expects a power of two of lanes, got " << lanes;
  if (keys < 1 || keys % (keyVectors * lanes))
    return emitError() << "expects keys to be a multiple of the panel width " << keyVectors * lanes
                       << ", got " << keys;
  return success();
}

SmallVector<int64_t> AttentionOp::getLogicalShape(Operand operand) {
  mlir::Value value = operand == Query   ? getQuery()
                      : operand == Key   ? getKey()
                      : operand == Value ? getValue()
                                         : getInit();
  ArrayRef<int64_t> stored = cast<ShapedType>(value.getType()).getShape();
  SmallVector<int64_t> logical(4);
  for (auto [i, e] : llvm::enumerate(getMap(operand).getResults()))
    logical[cast<AffineDimExpr>(e).getPosition()] = stored[i];
  return logical;
}

static LogicalResult verifyMap(AttentionOp op, unsigned i, Type type, StringRef name) {
  auto shaped = cast<ShapedType>(type);
  AffineMap map = cast<AffineMapAttr>(op.getMaps()[i]).getValue();
  if (shaped.getRank() != 4 || map.getNumDims() != 4 || !map.isPermutation() ||
      map.getDimPosition(3) != 3)
    return op.emitOpError("expects ")
           << name << " of rank 4 with a permutation of (b, h, s, d) that keeps d last, got "
           << type << " and " << op.getMaps()[i];
  return success();
}

// The mask over `scores`, [b, h, sq, skv], and the lengths of keys.
static LogicalResult verifyVisibility(AttentionOp op, ArrayRef<int64_t> scores) {
  if (mlir::Value mask = op.getMask()) {
    auto type = cast<ShapedType>(mask.getType());
    int64_t rank = type.getRank();
    if (!type.getElementType().isF32() || rank > 4 || rank < 1)
      return op.emitOpError("expects a mask of f32 and rank 1 to 4, got ") << type;
    for (auto [size, whole] : llvm::zip(type.getShape(), scores.take_back(rank)))
      if (size != 1 && differ(size, whole))
        return op.emitOpError("expects sizes of the mask to be 1 or those of [b, h, sq, skv], got ")
               << type;
  }
  if (mlir::Value lengths = op.getKvLengths()) {
    auto type = cast<ShapedType>(lengths.getType());
    if (type.getRank() != 1 || !type.getElementType().isSignlessInteger() ||
        differ(type.getDimSize(0), scores[0]))
      return op.emitOpError("expects kv_lengths to be a signless integer for each batch, got ")
             << type;
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  if (getMaps().size() != 4)
    return emitOpError("expects maps of query, key, value and init, got ") << getMaps().size();
  if (failed(verifyMap(*this, 0, getQuery().getType(), "query")) ||
      failed(verifyMap(*this, 1, getKey().getType(), "key")) ||
      failed(verifyMap(*this, 2, getValue().getType(), "value")) ||
      failed(verifyMap(*this, 3, getInit().getType(), "init")))
    return failure();
  SmallVector<int64_t> q = getLogicalShape(Query), k = getLogicalShape(Key);
  SmallVector<int64_t> v = getLogicalShape(Value), o = getLogicalShape(Init);
  for (int64_t size : {q[1], k[1], q[3], v[3]})
    if (ShapedType::isDynamic(size))
      return emitOpError("expects static numbers of heads and head sizes");
  if (k[1] == 0 || q[1] % k[1])
    return emitOpError("expects the number of query heads to be a multiple of key heads, got ")
           << q[1] << " and " << k[1];
  if (q[3] != k[3] || v[1] != k[1] || v[3] != o[3] || q[1] != o[1] || differ(k[2], v[2]) ||
      differ(q[2], o[2]))
    return emitOpError(
               "expects query [b, h, sq, d], key [b, hkv, skv, d], value [b, hkv, skv, dv] and "
               "init [b, h, sq, dv], got ")
           << getQuery().getType() << ", " << getKey().getType() << ", " << getValue().getType()
           << " and " << getInit().getType();
  for (int64_t size : {k[0], v[0], o[0]})
    if (differ(size, q[0]))
      return emitOpError("expects one batch size, got ") << q[0] << " and " << size;
  for (mlir::Value operand : {getQuery(), getKey(), getValue(), getInit()}) {
    Type element = getElementTypeOrSelf(operand.getType());
    if (!element.isF32() && !(operand == getInit() && element.isBF16()))
      return emitOpError("expects elements of type f32, or a result of bf16, got ")
             << operand.getType();
  }
  return verifyVisibility(*this, {q[0], q[1], q[2], k[2]});
}

//===----------------------------------------------------------------------===//
// Tiling: domain (b, key head, sq)
//===----------------------------------------------------------------------===//

// Logical [b, h, s, d] in the order in which an operand is stored.
static SmallVector<OpFoldResult> stored(AffineMap map, ArrayRef<OpFoldResult> logical) {
  return llvm::map_to_vector(map.getResults(), [&](AffineExpr e) {
    return logical[cast<AffineDimExpr>(e).getPosition()];
  });
}

// Logical size `i` of an operand.
static OpFoldResult logicalSize(OpBuilder &b, AttentionOp op, AttentionOp::Operand operand,
                                Value value, unsigned i) {
  AffineMap map = op.getMap(operand);
  unsigned position = *map.getResultPosition(b.getAffineDimExpr(i));
  return tensor::getMixedSize(b, op.getLoc(), value, position);
}

SmallVector<utils::IteratorType> AttentionOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(3, utils::IteratorType::parallel);
}

SmallVector<Range> AttentionOp::getIterationDomain(OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(*this);
  return rangesOf(b, {logicalSize(b, *this, Query, getQuery(), 0),
                      b.getIndexAttr(getLogicalShape(Key)[1]),
                      logicalSize(b, *this, Query, getQuery(), 2)});
}

LogicalResult AttentionOp::getResultTilePosition(OpBuilder &b, unsigned,
                                                 ArrayRef<OpFoldResult> offsets,
                                                 ArrayRef<OpFoldResult> sizes,
                                                 SmallVector<OpFoldResult> &resultOffsets,
                                                 SmallVector<OpFoldResult> &resultSizes) {
  OpFoldResult group = b.getIndexAttr(getGroupSize()), zero = b.getIndexAttr(0);
  OpFoldResult dv = b.getIndexAttr(getLogicalShape(Init)[3]);
  AffineMap map = getMap(Init);
  resultOffsets =
      stored(map, {offsets[0], mulIndex(b, getLoc(), offsets[1], group), offsets[2], zero});
  resultSizes = stored(map, {sizes[0], mulIndex(b, getLoc(), sizes[1], group), sizes[2], dv});
  return success();
}

FailureOr<TilingResult> AttentionOp::getTiledImplementation(OpBuilder &b,
                                                            ArrayRef<OpFoldResult> offsets,
                                                            ArrayRef<OpFoldResult> sizes) {
  Location loc = getLoc();
  SmallVector<Operation *> slices;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  OpFoldResult group = b.getIndexAttr(getGroupSize());
  OpFoldResult head = mulIndex(b, loc, offsets[1], group),
               heads = mulIndex(b, loc, sizes[1], group);
  OpFoldResult keys = logicalSize(b, *this, Key, getKey(), 2);
  OpFoldResult d = b.getIndexAttr(getLogicalShape(Query)[3]);
  OpFoldResult dv = b.getIndexAttr(getLogicalShape(Value)[3]);
  auto take = [&](mlir::Value value, Operand operand, ArrayRef<OpFoldResult> at,
                  ArrayRef<OpFoldResult> extent) {
    return takeSlice(b, loc, value, stored(getMap(operand), at), stored(getMap(operand), extent),
                     slices);
  };
  SmallVector<mlir::Value> operands{
      take(getQuery(), Query, {offsets[0], head, offsets[2], zero}, {sizes[0], heads, sizes[2], d}),
      take(getKey(), Key, {offsets[0], offsets[1], zero, zero}, {sizes[0], sizes[1], keys, d}),
      take(getValue(), Value, {offsets[0], offsets[1], zero, zero},
           {sizes[0], sizes[1], keys, dv})};
  if (mlir::Value mask = getMask()) {
    auto type = cast<ShapedType>(mask.getType());
    OpFoldResult at[] = {offsets[0], head, offsets[2], zero};
    OpFoldResult extent[] = {sizes[0], heads, sizes[2], keys};
    SmallVector<OpFoldResult> maskAt, maskExtent;
    for (int64_t i = 0, rank = type.getRank(); i < rank; ++i) {
      bool repeated = type.getDimSize(i) == 1;
      maskAt.push_back(repeated ? zero : at[4 - rank + i]);
      maskExtent.push_back(repeated ? one : extent[4 - rank + i]);
    }
    operands.push_back(takeSlice(b, loc, mask, maskAt, maskExtent, slices));
  }
  // Row i of the tile is row i + offsets[2] of the whole.
  if (getOffset() || getCausal() || hasWindow()) {
    OpFoldResult offset = getOffset() ? OpFoldResult(getOffset()) : zero;
    offset = addIndex(b, loc, offset, offsets[2]);
    operands.push_back(getValueOrCreateConstantIndexOp(b, loc, offset));
  }
  if (mlir::Value lengths = getKvLengths())
    operands.push_back(takeSlice(b, loc, lengths, offsets[0], sizes[0], slices));
  SmallVector<OpFoldResult> at, extent;
  (void)getResultTilePosition(b, 0, offsets, sizes, at, extent);
  mlir::Value init = takeSlice(b, loc, getInit(), at, extent, slices);
  operands.push_back(init);
  bool addsOffset = !getOffset() && (getCausal() || hasWindow());
  TilingResult tile = cloneTile(b, *this, operands, init, slices);
  if (addsOffset) {
    auto segments = cast<AttentionOp>(tile.tiledOps[0]);
    segments.getProperties().operandSegmentSizes[4] = 1;
  }
  return tile;
}

// Heads of a result tile must be whole groups of one key head; callers tile heads by groups.
LogicalResult AttentionOp::getIterationDomainTileFromResultTile(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
    SmallVectorImpl<OpFoldResult> &domainOffsets, SmallVectorImpl<OpFoldResult> &domainSizes) {
  SmallVector<OpFoldResult> at(4), extent(4);
  for (auto [i, e] : llvm::enumerate(getMap(Init).getResults())) {
    at[cast<AffineDimExpr>(e).getPosition()] = offsets[i];
    extent[cast<AffineDimExpr>(e).getPosition()] = sizes[i];
  }
  OpFoldResult group = b.getIndexAttr(getGroupSize());
  if (getConstantIntValue(extent[1]).value_or(1) % getGroupSize())
    return failure();
  domainOffsets.assign({at[0], foldIndex<arith::DivUIOp>(b, getLoc(), at[1], group), at[2]});
  domainSizes.assign({extent[0], ceilDivIndex(b, getLoc(), extent[1], group), extent[2]});
  return success();
}
