//===- Attention.cpp - expansion of an attention unit: rows, packing, result -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Attention.h"

using namespace mlir;
using namespace mlir::kernel;

AttentionExpander::AttentionExpander(AttentionOp op)
    : op(op), schedule(*op.getSchedule()),
      b(op, cast<MemRefType>(op.getQuery().getType()).getElementType(), schedule.getLanes()),
      d(op.getLogicalShape(AttentionOp::Query)[3]), dv(op.getLogicalShape(AttentionOp::Value)[3]),
      group(op.getGroupSize()), panelWidth(schedule.getKeyVectors() * schedule.getLanes()),
      paddedD(llvm::alignTo(d, schedule.getLanes())),
      paddedDv(llvm::alignTo(dv, schedule.getLanes())),
      log2Scores(!op.getMask() && op.getSoftcap().isZero()) {}

//===----------------------------------------------------------------------===//
// Operands in any order
//===----------------------------------------------------------------------===//

SmallVector<Value> AttentionExpander::indices(AttentionOp::Operand operand, Value head, Value s,
                                              Value d) {
  Value logical[] = {zero, head, s, d};
  return llvm::map_to_vector(op.getMap(operand).getResults(), [&](AffineExpr e) {
    return logical[cast<AffineDimExpr>(e).getPosition()];
  });
}

Value AttentionExpander::at(AttentionOp::Operand operand, Value memref, Value head, Value s,
                            Value column, Value mask) {
  SmallVector<Value> where = indices(operand, head, s, column);
  return mask ? b.maskedLoad(memref, where, mask) : b.load(memref, where);
}

Value AttentionExpander::dimOf(AttentionOp::Operand operand, Value memref, unsigned i) {
  return b.dim(memref, *op.getMap(operand).getResultPosition(b.getAffineDimExpr(i)));
}

void AttentionExpander::forVectors(int64_t size, function_ref<void(int64_t, Value)> body) {
  int64_t lanes = b.getLanes();
  for (int64_t column = 0; column < size; column += lanes)
    body(column, column + lanes <= size ? Value() : b.firstLanes(b.index(size - column)));
}

//===----------------------------------------------------------------------===//
// Before and behind the blocks
//===----------------------------------------------------------------------===//

void AttentionExpander::allocate() {
  int64_t mr = schedule.getMr(), lanes = b.getLanes();
  int64_t most = llvm::alignTo(std::max(schedule.getRows(), group), mr);
  Type f = b.getElement(), index = b.getIndexType();
  q = b.scratch({most, paddedD}, f);
  packed = b.scratch({schedule.getKeys() / panelWidth, d, panelWidth}, f);
  // A row stride of a power of two would put all rows of a tile into the same few sets of L1.
  strip = b.scratch({mr, schedule.getKeys() + 16}, f);
  out = b.scratch({most, paddedDv}, f);
  rowMax = b.scratch({most}, f);
  rowSum = b.scratch({most}, f);
  rowLow = b.scratch({most}, index);
  rowHigh = b.scratch({most}, index);
  if (op.getMask()) {
    rowHead = b.scratch({most}, index);
    rowQuery = b.scratch({most}, index);
  }
  tileMax = b.scratch({mr, lanes}, f);
  correction = b.scratch({mr, lanes}, f);
}

// Keys [low, high) are those that query i of the unit sees.
Value AttentionExpander::high(Value i) {
  if (!op.getCausal())
    return keysEnd;
  Value behind = b.addIndex(b.addIndex(offset, i), 1);
  return b.maxIndex(zero, b.minIndex(keysEnd, behind));
}

Value AttentionExpander::low(Value i) {
  if (!op.hasWindow())
    return zero;
  Value first = b.subIndex(b.addIndex(offset, i), b.index(op.getWindow()));
  return b.minIndex(b.maxIndex(zero, first), high(i));
}

void AttentionExpander::prepare() {
  int64_t lanes = b.getLanes();
  double scale = op.getScale().convertToDouble();
  Value factor = b.splat(log2Scores ? scale * 1.4426950408889634 : scale), none = b.splat(0);
  Value lowest = arith::ConstantOp::create(
      b, b.getFloatAttr(b.getElement(), -std::numeric_limits<float>::max()));
  Value nothing = arith::ConstantOp::create(b, b.getFloatAttr(b.getElement(), 0));
  keysEnd = keys;
  if (Value lengths = op.getKvLengths()) {
    Value length = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), b.scalar(lengths, zero));
    keysEnd = b.maxIndex(zero, b.minIndex(keys, length));
  }
  offset = op.getOffset() ? op.getOffset() : zero;
  unitLow = low(zero);
  unitHigh = high(b.subIndex(queries, b.index(1)));
  auto begin = [&](Value row, Value lowKey, Value highKey) {
    b.storeScalar(lowest, rowMax, row);
    b.storeScalar(nothing, rowSum, row);
    b.storeScalar(lowKey, rowLow, row);
    b.storeScalar(highKey, rowHigh, row);
    for (int64_t column = 0; column < paddedDv; column += lanes)
      b.store(none, out, {row, b.index(column)});
  };
  b.loop(zero, b.index(group), 1, [&](Value head) {
    b.loop(zero, queries, 1, [&](Value i) {
      Value row = b.addIndex(b.mulIndex(head, queries), i);
      forVectors(d, [&](int64_t column, Value mask) {
        Value x = at(AttentionOp::Query, op.getQuery(), head, i, b.index(column), mask);
        b.store(b.mul(x, factor), q, {row, b.index(column)});
      });
      begin(row, low(i), high(i));
      if (!op.getMask())
        return;
      b.storeScalar(head, rowHead, row);
      b.storeScalar(i, rowQuery, row);
    });
  });
  // Rows that fill the last tile see what the last row sees, so that they cost no masks.
  Value last = b.subIndex(rows, b.index(1));
  b.loop(rows, paddedRows, 1, [&](Value row) {
    for (int64_t column = 0; column < paddedD; column += lanes)
      b.store(none, q, {row, b.index(column)});
    begin(row, b.scalar(rowLow, last), b.scalar(rowHigh, last));
    if (!op.getMask())
      return;
    b.storeScalar(b.scalar(rowHead, last), rowHead, row);
    b.storeScalar(b.scalar(rowQuery, last), rowQuery, row);
  });
}

void AttentionExpander::finish() {
  Type f = b.getElement();
  Value nothing = arith::ConstantOp::create(b, b.getFloatAttr(f, 0));
  Value one = arith::ConstantOp::create(b, b.getFloatAttr(f, 1));
  b.loop(zero, b.index(group), 1, [&](Value head) {
    b.loop(zero, queries, 1, [&](Value i) {
      Value row = b.addIndex(b.mulIndex(head, queries), i);
      Value sum = b.scalar(rowSum, row);
      Value empty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, nothing);
      Value reciprocal = arith::DivFOp::create(b, one, sum);
      Value factor = b.broadcast(b.select(empty, nothing, reciprocal));
      forVectors(dv, [&](int64_t column, Value mask) {
        Value x = b.mul(b.load(out, {row, b.index(column)}), factor);
        if (Type element = getElementTypeOrSelf(op.getInit().getType()); element != f)
          x = arith::TruncFOp::create(b, b.vectorType(element), x);
        SmallVector<Value> where = indices(AttentionOp::Init, head, i, b.index(column));
        if (mask)
          b.maskedStore(x, op.getInit(), where, mask);
        else
          b.store(x, op.getInit(), where);
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Packing: panel p of a block holds its keys transposed, [d][panel width]
//===----------------------------------------------------------------------===//

// `lanes` keys from `key` on, all columns. Clamped: keys behind the last one repeat it; their
// scores are invisible.
void AttentionExpander::packTile(Value panel, Value key, int64_t vector, bool clamped) {
  int64_t lanes = b.getLanes();
  Value last = b.subIndex(keys, b.index(1));
  forVectors(d, [&](int64_t column, Value mask) {
    SmallVector<Value> tile;
    for (int64_t i = 0; i < lanes; ++i) {
      Value source = b.addIndex(key, i);
      if (clamped)
        source = b.minIndex(source, last);
      tile.push_back(at(AttentionOp::Key, op.getKey(), zero, source, b.index(column), mask));
    }
    emitTranspose(b, tile);
    for (int64_t i = 0; i < std::min(lanes, d - column); ++i)
      b.store(tile[i], packed, {panel, b.index(column + i), b.index(vector * lanes)});
  });
}

void AttentionExpander::packKeys(Value block, Value blockEnd) {
  Value count = b.subIndex(blockEnd, block);
  Value panels = b.createOrFold<arith::CeilDivUIOp>(count, b.index(panelWidth));
  b.loop(zero, panels, 1, [&](Value panel) {
    Value first = b.addIndex(block, b.mulIndex(panel, b.index(panelWidth)));
    auto pack = [&](int64_t from, int64_t to, bool clamped) {
      for (int64_t vector = from; vector < to; ++vector)
        packTile(panel, b.addIndex(first, vector * b.getLanes()), vector, clamped);
    };
    int64_t few = fewVectors(), all = schedule.getKeyVectors();
    auto packLast = [&] {
      pack(0, few, /*clamped=*/true);
      b.branch(b.less(b.addIndex(first, few * b.getLanes()), blockEnd),
               [&] { pack(few, all, /*clamped=*/true); });
    };
    b.branch(b.less(keys, b.addIndex(first, panelWidth)), packLast,
             [&] { pack(0, all, /*clamped=*/false); });
  });
}

//===----------------------------------------------------------------------===//
// The unit
//===----------------------------------------------------------------------===//

void AttentionExpander::expand() {
  zero = b.index(0);
  queries = dimOf(AttentionOp::Query, op.getQuery(), 2);
  keys = dimOf(AttentionOp::Key, op.getKey(), 2);
  rows = b.mulIndex(queries, b.index(group));
  Value mr = b.index(schedule.getMr());
  paddedRows = b.mulIndex(b.createOrFold<arith::CeilDivUIOp>(rows, mr), mr);
  allocate();
  prepare();
  Value width = b.index(panelWidth);
  Value start = b.mulIndex(b.createOrFold<arith::DivUIOp>(unitLow, width), width);
  b.loop(start, unitHigh, schedule.getKeys(), [&](Value block) {
    Value blockEnd = b.minIndex(b.addIndex(block, schedule.getKeys()), unitHigh);
    Value few = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, rows,
                                              b.index(schedule.getDirectRows()));
    auto direct = [&] {
      b.loop(zero, rows, 1,
             [&](Value row) { emitRowTile(row, 1, block, blockEnd, /*packed=*/false); });
    };
    auto tiles = [&] {
      packKeys(block, blockEnd);
      b.loop(zero, rows, schedule.getMr(), [&](Value row) {
        emitRowTile(row, schedule.getMr(), block, blockEnd, /*packed=*/true);
      });
    };
    b.branch(few, direct, tiles);
  });
  finish();
  op.erase();
}

void kernel::expandAttention(AttentionOp op) {
  AttentionExpander(op).expand();
}
