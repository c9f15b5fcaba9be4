//===- RowBody.cpp - one step of a loop over vectors -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowBody.h"

#include "lib/Codegen/RowShape.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;

namespace tilewright {

// A buffer of booleans holds one byte per element, but a vector of i1 in memory would be packed
// bits.
static Value asBytes(OpBuilder &b, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.getElementType().isInteger(1))
    return buffer;
  Type bytes = MemRefType::Builder(type).setElementType(b.getI8Type());
  return UnrealizedConversionCastOp::create(b, loc, bytes, buffer).getResult(0);
}

Value loadVector(OpBuilder &b, Location loc, Value buffer, ValueRange at, VectorType type,
                 Value mask) {
  bool isBool = type.getElementType().isInteger(1);
  VectorType inMemory = isBool ? VectorType::get(type.getShape(), b.getI8Type()) : type;
  Value source = asBytes(b, loc, buffer), value;
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(inMemory));
  if (mask)
    value = vector::MaskedLoadOp::create(b, loc, inMemory, source, at, mask, zero);
  else
    value = vector::LoadOp::create(b, loc, inMemory, source, at);
  return isBool ? arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, zero).getResult()
                : value;
}

void storeVector(OpBuilder &b, Location loc, Value value, Value buffer, ValueRange at, Value mask) {
  auto type = cast<VectorType>(value.getType());
  if (type.getElementType().isInteger(1))
    value = arith::ExtUIOp::create(b, loc, VectorType::get(type.getShape(), b.getI8Type()), value);
  Value target = asBytes(b, loc, buffer);
  if (mask)
    vector::MaskedStoreOp::create(b, loc, target, at, mask, value);
  else
    vector::StoreOp::create(b, loc, value, target, at);
}

SmallVector<Value> indicesOf(OpBuilder &b, Row &row, AffineMap map, Value i) {
  SmallVector<Value> dims(row.at), indices;
  if (row.loop >= 0 && i)
    dims[row.loop] = i;
  for (AffineExpr expr : map.getResults())
    indices.push_back(affine::expandAffineExpr(b, row.op.getLoc(), expr, dims, {}));
  return indices;
}

SmallVector<Value> RowBody::emit(Row &row, ValueRange accumulators) {
  Location loc = row.op.getLoc();
  if (row.reduces) {
    for (auto [argument, accumulator] : llvm::zip(row.op.getRegionOutputArgs(), accumulators))
      vectors[argument] = accumulator;
    SmallVector<Value> values = emitOps(row);
    // Lanes that are off keep what they have, whatever the body made of them: fused bodies have no
    // neutral input.
    for (auto [value, old] : llvm::zip(values, accumulators))
      if (mask)
        value = arith::SelectOp::create(b, loc, mask, value, old);
    return values;
  }
  for (auto [k, init] : llvm::enumerate(row.op.getDpsInitsMutable()))
    if (!row.op.getRegionOutputArgs()[k].use_empty())
      readOperand(row, init);
  if (row.inner.empty()) {
    write(row, emitOps(row));
    return {};
  }
  SmallVector<Value> starts;
  for (auto [k, argument] : llvm::enumerate(row.op.getRegionOutputArgs()))
    starts.push_back(argument.use_empty() ? arith::ConstantOp::create(
                                                b, loc, b.getZeroAttr(vectorOf(argument.getType())))
                                                .getResult()
                                          : vectors[argument]);
  write(row, emitInner(row, row.inner, starts));
  return {};
}

SmallVector<Value> RowBody::emitInner(Row &row, ArrayRef<unsigned> loops, ValueRange accumulators) {
  if (loops.empty()) {
    for (auto [argument, accumulator] : llvm::zip(row.op.getRegionOutputArgs(), accumulators))
      vectors[argument] = accumulator;
    return emitOps(row);
  }
  Location loc = row.op.getLoc();
  Range &range = row.ranges[loops.front()];
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value end = getValueOrCreateConstantIndexOp(b, loc, range.size);
  auto loop = scf::ForOp::create(b, loc, zero, end, one, accumulators);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  row.at[loops.front()] = loop.getInductionVar();
  SmallVector<Value> next = emitInner(row, loops.drop_front(), loop.getRegionIterArgs());
  if (!next.empty())
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

Value RowBody::asVector(Value value) {
  if (Value known = vectors.lookup(value))
    return known;
  Value &wide = broadcasts[value];
  if (!wide) {
    Value scalar = scalars.lookupOrDefault(value);
    wide = vector::BroadcastOp::create(b, scalar.getLoc(), vectorOf(scalar.getType()), scalar);
  }
  return wide;
}

void RowBody::readOperand(Row &row, OpOperand &operand) {
  BlockArgument argument = row.op.getMatchingBlockArgument(&operand);
  Value value = operand.get();
  Location loc = row.op.getLoc();
  if (!isa<MemRefType>(value.getType()))
    return scalars.map(argument, value);
  AffineMap map = row.op.getMatchingIndexingMap(&operand);
  switch (row.motionOf(operand)) {
  case Motion::Uniform: {
    Value known = uniform.lookup(&operand);
    scalars.map(
        argument,
        known ? known
              : memref::LoadOp::create(b, loc, value, indicesOf(b, row, map, Value())).getResult());
    return;
  }
  case Motion::Contiguous: {
    AffineMap access = row.accessOf(operand);
    for (const Stored &known : llvm::reverse(stored))
      if (known.buffer == value && known.access == access) {
        vectors[argument] = known.value;
        return;
      }
    vectors[argument] =
        loadVector(b, loc, value, indicesOf(b, row, map, i), vectorOf(argument.getType()), mask);
    return;
  }
  case Motion::Strided:
    vectors[argument] = readStrided(row, operand);
  }
}

// One scalar load for each lane; lanes that are off read the last element again.
Value RowBody::readStrided(Row &row, OpOperand &operand) {
  Location loc = row.op.getLoc();
  AffineMap map = row.op.getMatchingIndexingMap(&operand);
  Value last;
  if (mask)
    last = arith::SubIOp::create(b, loc, getValueOrCreateConstantIndexOp(b, loc, row.extent),
                                 arith::ConstantIndexOp::create(b, loc, 1));
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < width; ++lane) {
    Value at = arith::AddIOp::create(b, loc, i, arith::ConstantIndexOp::create(b, loc, lane));
    if (mask)
      at = arith::MinUIOp::create(b, loc, at, last);
    elements.push_back(
        memref::LoadOp::create(b, loc, operand.get(), indicesOf(b, row, map, at)).getResult());
  }
  return vector::FromElementsOp::create(b, loc, vectorOf(elements.front().getType()), elements);
}

SmallVector<Value> RowBody::emitOps(Row &row) {
  for (OpOperand *input : row.op.getDpsInputOperands())
    if (!row.op.getMatchingBlockArgument(input).use_empty())
      readOperand(row, *input);
  for (Operation &op : row.op.getBlock()->without_terminator())
    emitOp(row, op);
  SmallVector<Value> values;
  for (Value yielded : row.op.getBlock()->getTerminator()->getOperands())
    values.push_back(asVector(yielded));
  return values;
}

void RowBody::emitOp(Row &row, Operation &op) {
  Location loc = op.getLoc();
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    if (int(index.getDim()) != row.loop)
      return scalars.map(index.getResult(), row.at[index.getDim()]);
    Value lane = vector::StepOp::create(b, loc, vectorOf(b.getIndexType()));
    Value start = vector::BroadcastOp::create(b, loc, vectorOf(b.getIndexType()), i);
    vectors[index.getResult()] = arith::AddIOp::create(b, loc, lane, start);
    return;
  }
  if (llvm::all_of(op.getOperands(), [&](Value operand) { return isUniform(operand); })) {
    b.clone(op, scalars);
    return;
  }
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return emitLoad(row, load);
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(asVector(operand));
  OperationState state(loc, op.getName(), operands, {vectorOf(op.getResult(0).getType())},
                       op.getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  vectors[op.getResult(0)] = b.create(state)->getResult(0);
}

// If `index` is the row's index plus something uniform: its value for the first lane.
Value RowBody::rowPlusUniform(Row &row, Value index) {
  if (auto loop = index.getDefiningOp<linalg::IndexOp>())
    return int(loop.getDim()) == row.loop ? i : Value();
  if (auto cast = index.getDefiningOp<arith::IndexCastOp>()) {
    Value start = rowPlusUniform(row, cast.getIn());
    return start ? arith::IndexCastOp::create(b, cast.getLoc(), cast.getType(), start).getResult()
                 : Value();
  }
  auto add = index.getDefiningOp<arith::AddIOp>();
  if (!add)
    return {};
  for (auto [moving, fixed] :
       {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())})
    if (isUniform(fixed) && !isUniform(moving))
      if (Value start = rowPlusUniform(row, moving))
        return arith::AddIOp::create(b, add.getLoc(), start, scalars.lookupOrDefault(fixed));
  return {};
}

// A gather: one contiguous load where a single index moves along a unit stride with the row
// (embedding rows), else a scalar load for each lane, at element zero where the lane is off.
void RowBody::emitLoad(Row &row, memref::LoadOp load) {
  Location loc = load.getLoc();
  auto type = cast<MemRefType>(load.getMemRef().getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  bool known = succeeded(type.getStridesAndOffset(strides, offset));
  SmallVector<Value> at;
  unsigned moving = 0;
  bool contiguous = known;
  for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
    if (isUniform(index)) {
      at.push_back(scalars.lookupOrDefault(index));
      continue;
    }
    ++moving;
    Value start = known && strides[dim] == 1 ? rowPlusUniform(row, index) : Value();
    contiguous &= bool(start);
    at.push_back(start);
  }
  if (contiguous && moving == 1) {
    vectors[load.getResult()] =
        loadVector(b, loc, load.getMemRef(), at, vectorOf(load.getType()), mask);
    return;
  }
  SmallVector<Value> lanes;
  DenseMap<Value, Value> safe;
  for (Value index : load.getIndices()) {
    if (isUniform(index) || safe.contains(index))
      continue;
    Value vector = vectors[index];
    if (mask)
      vector = arith::SelectOp::create(
          b, loc, mask, vector,
          arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorOf(b.getIndexType()))));
    safe[index] = vector;
  }
  for (int64_t lane = 0; lane < width; ++lane) {
    SmallVector<Value> indices;
    for (Value index : load.getIndices())
      indices.push_back(isUniform(index)
                            ? scalars.lookupOrDefault(index)
                            : vector::ExtractOp::create(b, loc, safe[index], lane).getResult());
    lanes.push_back(memref::LoadOp::create(b, loc, load.getMemRef(), indices));
  }
  vectors[load.getResult()] =
      vector::FromElementsOp::create(b, loc, vectorOf(load.getType()), lanes);
}

void RowBody::write(Row &row, ArrayRef<Value> values) {
  Location loc = row.op.getLoc();
  for (auto [value, init] : llvm::zip(values, row.op.getDpsInitsMutable())) {
    AffineMap map = row.op.getMatchingIndexingMap(&init);
    if (row.motionOf(init) == Motion::Contiguous)
      storeVector(b, loc, value, init.get(), indicesOf(b, row, map, i), mask);
    else // groups with such a target have no masked loop
      for (int64_t lane = 0; lane < width; ++lane) {
        Value at = arith::AddIOp::create(b, loc, i, arith::ConstantIndexOp::create(b, loc, lane));
        memref::StoreOp::create(b, loc, vector::ExtractOp::create(b, loc, value, lane), init.get(),
                                indicesOf(b, row, map, at));
      }
    stored.push_back({init.get(), row.accessOf(init), value});
  }
}

} // namespace tilewright
