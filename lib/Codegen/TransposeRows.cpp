//===- TransposeRows.cpp - transposition by register tiles -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowBody.h"
#include "lib/Codegen/RowShape.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;

namespace tilewright {
namespace {

// Transposes `w` registers of `w` elements, w = 4, 8 or 16: interleaving of 1, then 2 elements
// inside groups of four (128 bits of f32), then a transposition of the groups. On separate
// registers LLVM keeps these shuffles as vunpck* and vshuff32x4; vector.transpose would become one
// <w*w> value and table-driven permutations, 2.3 times slower.
class Network {
public:
  Network(OpBuilder &builder, Location loc, MutableArrayRef<Value> rows)
      : b(builder), loc(loc), rows(rows), width(rows.size()) {}

  void run() {
    SmallVector<Value> next(rows);
    for (int64_t r = 0; r < width; r += 2) {
      next[r] = interleave(rows[r], rows[r + 1], {0, width, 1, width + 1});
      next[r + 1] = interleave(rows[r], rows[r + 1], {2, width + 2, 3, width + 3});
    }
    for (int64_t r = 0; r < width; r += 4)
      for (int64_t half = 0; half < 2; ++half) {
        rows[r + 2 * half] =
            interleave(next[r + half], next[r + half + 2], {0, 1, width, width + 1});
        rows[r + 2 * half + 1] =
            interleave(next[r + half], next[r + half + 2], {2, 3, width + 2, width + 3});
      }
    // Row 4g + c now holds, group l: rows 4g .. 4g + 3 of column 4l + c.
    for (int64_t distance = 4; distance < width; distance *= 2)
      exchangeGroups(distance);
  }

private:
  OpBuilder &b;
  Location loc;
  MutableArrayRef<Value> rows;
  int64_t width;

  Value shuffle(Value x, Value y, ArrayRef<int64_t> mask) {
    return vector::ShuffleOp::create(b, loc, x, y, mask);
  }

  // `pattern` numbers elements of one group of x (0..3) and of y (width..width + 3); the same for
  // all groups.
  Value interleave(Value x, Value y, ArrayRef<int64_t> pattern) {
    SmallVector<int64_t> mask;
    for (int64_t group = 0; group < width; group += 4)
      for (int64_t element : pattern)
        mask.push_back(group + element);
    return shuffle(x, y, mask);
  }

  // The even groups of a pair of rows, then the odd ones.
  void exchangeGroups(int64_t distance) {
    for (int64_t r = 0; r < width; ++r) {
      if (r & distance)
        continue;
      SmallVector<int64_t> even, odd;
      for (int64_t group = 0; group < 2 * width; group += 4)
        for (int64_t element = 0; element < 4; ++element)
          (group & 4 ? odd : even).push_back(group + element);
      Value x = rows[r], y = rows[r + distance];
      rows[r] = shuffle(x, y, even);
      rows[r + distance] = shuffle(x, y, odd);
    }
  }
};

class Transposition {
public:
  Transposition(OpBuilder &builder, Row &row, int rows, int columns, const VectorTarget &target)
      : b(builder), loc(row.op.getLoc()), row(row), rowLoop(rows), columnLoop(columns),
        width(target.lanes), source(row.op.getDpsInputOperand(0)->get()),
        target(row.op.getDpsInitOperand(0)->get()),
        element(getElementTypeOrSelf(source.getType())) {
    unsigned bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    masked = target.hasMaskedMoves(bits);
    rowCount = getValueOrCreateConstantIndexOp(b, loc, row.ranges[rows].size);
    columnCount = getValueOrCreateConstantIndexOp(b, loc, row.ranges[columns].size);
  }

  // Full tiles, then the right edge and the lower edge.
  void emit() {
    Value zero = constant(0), step = constant(width), whole = constant(-width);
    Value rowEnd = arith::AndIOp::create(b, loc, rowCount, whole);
    Value columnEnd = arith::AndIOp::create(b, loc, columnCount, whole);
    nest(zero, rowEnd, zero, columnEnd, step, [&](Value r, Value c) { fullTile(r, c); });
    auto edge = [&](Value r, Value c) { masked ? edgeTile(r, c) : copyElement(r, c); };
    Value edgeStep = masked ? step : constant(1);
    nest(zero, rowEnd, columnEnd, columnCount, edgeStep, edge);
    nest(rowEnd, rowCount, zero, columnCount, edgeStep, edge);
  }

private:
  OpBuilder &b;
  Location loc;
  Row &row;
  int rowLoop, columnLoop;
  int64_t width;
  Value source, target;
  Type element;
  bool masked;
  Value rowCount, columnCount;

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value plus(Value value, int64_t offset) {
    return arith::AddIOp::create(b, loc, value, constant(offset));
  }
  SmallVector<Value> at(OpOperand *operand, Value r, Value c) {
    row.at[rowLoop] = r;
    row.at[columnLoop] = c;
    return indicesOf(b, row, row.op.getMatchingIndexingMap(operand), Value());
  }
  SmallVector<Value> atSource(Value r, Value c) { return at(row.op.getDpsInputOperand(0), r, c); }
  SmallVector<Value> atTarget(Value r, Value c) { return at(row.op.getDpsInitOperand(0), r, c); }

  void nest(Value r0, Value r1, Value c0, Value c1, Value step,
            function_ref<void(Value, Value)> body) {
    OpBuilder::InsertionGuard guard(b);
    auto outer = scf::ForOp::create(b, loc, r0, r1, step);
    b.setInsertionPointToStart(outer.getBody());
    auto inner = scf::ForOp::create(b, loc, c0, c1, step);
    b.setInsertionPointToStart(inner.getBody());
    body(outer.getInductionVar(), inner.getInductionVar());
  }

  void fullTile(Value r, Value c) {
    auto type = VectorType::get({width}, element);
    SmallVector<Value> tile;
    for (int64_t k = 0; k < width; ++k)
      tile.push_back(loadVector(b, loc, source, atSource(plus(r, k), c), type, Value()));
    Network(b, loc, tile).run();
    for (int64_t k = 0; k < width; ++k)
      storeVector(b, loc, tile[k], target, atTarget(r, plus(c, k)), Value());
  }

  // Rows past the end are loads of the last row and stores under an empty mask: no branch.
  void edgeTile(Value r, Value c) {
    auto type = VectorType::get({width}, element),
         maskType = VectorType::get({width}, b.getI1Type());
    Value lastRow = plus(rowCount, -1), lastColumn = plus(columnCount, -1), zero = constant(0);
    Value columns = vector::CreateMaskOp::create(
        b, loc, maskType, ValueRange{arith::SubIOp::create(b, loc, columnCount, c)});
    SmallVector<Value> tile;
    for (int64_t k = 0; k < width; ++k) {
      Value clamped = arith::MinUIOp::create(b, loc, plus(r, k), lastRow);
      tile.push_back(loadVector(b, loc, source, atSource(clamped, c), type, columns));
    }
    Network(b, loc, tile).run();
    Value rows = arith::SubIOp::create(b, loc, rowCount, r);
    for (int64_t k = 0; k < width; ++k) {
      Value column = plus(c, k);
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, column, columnCount);
      Value active = arith::SelectOp::create(b, loc, inside, rows, zero);
      Value mask = vector::CreateMaskOp::create(b, loc, maskType, ValueRange{active});
      Value clamped = arith::MinUIOp::create(b, loc, column, lastColumn);
      storeVector(b, loc, tile[k], target, atTarget(r, clamped), mask);
    }
  }

  void copyElement(Value r, Value c) {
    Value value = memref::LoadOp::create(b, loc, source, atSource(r, c));
    memref::StoreOp::create(b, loc, value, target, atTarget(r, c));
  }
};

} // namespace

bool emitTransposition(OpBuilder &builder, linalg::LinalgOp op, const VectorTarget &target) {
  int rows, columns;
  if (!isTransposition(op, rows, columns) ||
      !isa<MemRefType>(op.getDpsInputOperand(0)->get().getType()))
    return false;
  // The contiguous dimensions must be so in memory, too.
  Row row(op);
  row.loop = columns;
  if (row.motionOf(*op.getDpsInputOperand(0)) != Motion::Contiguous)
    return false;
  row.loop = rows;
  if (row.motionOf(*op.getDpsInitOperand(0)) != Motion::Contiguous)
    return false;
  row.loop = -1;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  row.ranges = op.createLoopRanges(builder, loc);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  row.at.assign(row.ranges.size(), zero);
  for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges())) {
    if (int(loop) == rows || int(loop) == columns || extent == 1)
      continue;
    Value end = getValueOrCreateConstantIndexOp(builder, loc, row.ranges[loop].size);
    auto outer = scf::ForOp::create(builder, loc, zero, end, one);
    builder.setInsertionPointToStart(outer.getBody());
    row.at[loop] = outer.getInductionVar();
  }
  Transposition(builder, row, rows, columns, target).emit();
  op->erase();
  return true;
}

} // namespace tilewright
