//===- AttentionTile.cpp - one row tile against one block of keys -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Attention.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::kernel;

void AttentionExpander::emitRowTile(Value first, int64_t count, Value block, Value blockEnd,
                                    bool packed) {
  RowTile tile{first, count, block, blockEnd, {}, {}, {}, {}, {}, {}};
  for (int64_t i = 0; i < count; ++i) {
    Value low = b.scalar(rowLow, b.addIndex(first, i)),
          high = b.scalar(rowHigh, b.addIndex(first, i));
    tile.low = i ? b.minIndex(tile.low, low) : low;
    tile.high = i ? b.maxIndex(tile.high, high) : high;
    tile.allLow = i ? b.maxIndex(tile.allLow, low) : low;
    tile.allHigh = i ? b.minIndex(tile.allHigh, high) : high;
  }
  tile.low = b.maxIndex(tile.low, block);
  tile.high = b.minIndex(tile.high, blockEnd);
  b.branch(b.less(tile.low, tile.high), [&] {
    Value width = b.index(panelWidth);
    tile.firstPanel = b.createOrFold<arith::DivUIOp>(b.subIndex(tile.low, block), width);
    tile.endPanel = b.createOrFold<arith::CeilDivUIOp>(b.subIndex(tile.high, block), width);
    for (int64_t i = 0; i < count; ++i)
      b.store(b.splat(-std::numeric_limits<float>::max()), tileMax, {b.index(i), zero});
    if (packed)
      emitScores(tile);
    else
      emitDirectScores(tile);
    emitSoftmax(tile);
    emitValues(tile);
  });
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

// The additive mask of `lanes` keys from `key` on; only visible elements are read, so that nothing
// behind a row is. `visible` is null where all are.
Value AttentionExpander::maskElements(const RowTile &tile, int64_t row, Value key, Value visible) {
  auto type = cast<MemRefType>(op.getMask().getType());
  int64_t rank = type.getRank();
  Value r = b.addIndex(tile.first, row);
  Value where[] = {zero, b.scalar(rowHead, r), b.scalar(rowQuery, r), key};
  SmallVector<Value> at;
  for (int64_t i = 0; i < rank; ++i)
    at.push_back(type.getDimSize(i) == 1 ? zero : where[4 - rank + i]);
  if (type.getDimSize(rank - 1) == 1)
    return b.broadcast(b.scalar(op.getMask(), at));
  return visible ? b.maskedLoad(op.getMask(), at, visible) : b.load(op.getMask(), at);
}

// Caps, masks and stores the raw scores of one panel; keeps each row's maximum by lanes.
void AttentionExpander::finishScores(const RowTile &tile, Value panel, int64_t vectors, bool masked,
                                     function_ref<Value(int64_t, int64_t)> raw) {
  Type i32 = b.getI32Type();
  Value column = b.mulIndex(panel, b.index(panelWidth)), key = b.addIndex(tile.block, column);
  double cap = op.getSoftcap().convertToDouble();
  auto limit = [&](Value memref, int64_t row) {
    Value value = b.scalar(memref, b.addIndex(tile.first, row));
    return b.broadcast(b.createOrFold<arith::IndexCastOp>(i32, value));
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, predicate, x, y);
  };
  Value lane = b.iota(i32);
  for (int64_t i = 0; i < tile.count; ++i) {
    Value largest = b.load(tileMax, {b.index(i), zero});
    Value low = masked ? limit(rowLow, i) : Value(), high = masked ? limit(rowHigh, i) : Value();
    for (int64_t j = 0; j < vectors; ++j) {
      Value x = raw(i, j), at = b.addIndex(key, j * b.getLanes()), visible;
      if (cap != 0)
        x = b.mul(b.splat(cap), math::TanhOp::create(b, b.mul(x, b.splat(1 / cap))));
      if (masked) {
        Value position = arith::AddIOp::create(
            b, b.broadcast(b.createOrFold<arith::IndexCastOp>(i32, at)), lane);
        visible = compare(arith::CmpIPredicate::slt, position, high);
        if (op.hasWindow())
          visible =
              arith::AndIOp::create(b, visible, compare(arith::CmpIPredicate::sge, position, low));
      }
      if (op.getMask())
        x = b.add(x, maskElements(tile, i, at, visible));
      if (masked)
        x = b.select(visible, x, b.splat(-std::numeric_limits<double>::infinity()));
      largest = b.max(x, largest);
      b.store(x, strip, {b.index(i), b.addIndex(column, j * b.getLanes())});
    }
    b.store(largest, tileMax, {b.index(i), zero});
  }
}

void AttentionExpander::emitScores(const RowTile &tile) {
  int64_t few = fewVectors(), all = schedule.getKeyVectors();
  b.loop(tile.firstPanel, tile.endPanel, 1, [&](Value panel) {
    Value key = b.addIndex(tile.block, b.mulIndex(panel, b.index(panelWidth)));
    if (few == all)
      return scorePanel(tile, panel, all);
    b.branch(
        b.less(b.addIndex(key, few * b.getLanes()), tile.high),
        [&] { scorePanel(tile, panel, all); }, [&] { scorePanel(tile, panel, few); });
  });
}

void AttentionExpander::scorePanel(const RowTile &tile, Value panel, int64_t vectors) {
  SmallVector<Value> s(tile.count * vectors, b.splat(0));
  auto loadA = [&](Value k, int64_t i) {
    return b.broadcast(b.scalar(q, {b.addIndex(tile.first, i), k}));
  };
  auto loadB = [&](Value k, int64_t j) {
    return b.load(packed, {panel, k, b.index(j * b.getLanes())});
  };
  s = emitFmaLoop(b, tile.count, vectors, b.index(d), schedule.getUnroll(), s, loadA, loadB);
  auto raw = [&](int64_t i, int64_t j) { return s[i * vectors + j]; };
  Value key = b.addIndex(tile.block, b.mulIndex(panel, b.index(panelWidth)));
  Value end = b.addIndex(key, vectors * b.getLanes());
  Value masked = arith::OrIOp::create(b, b.less(key, tile.allLow), b.less(tile.allHigh, end));
  b.branch(
      masked, [&] { finishScores(tile, panel, vectors, true, raw); },
      [&] { finishScores(tile, panel, vectors, false, raw); });
}

// With few rows packing costs more than it saves: each key is read once, a dot product per row.
void AttentionExpander::emitDirectScores(const RowTile &tile) {
  b.loop(tile.low, tile.high, 1, [&](Value key) {
    SmallVector<Value> sums(std::clamp<int64_t>(paddedD / b.getLanes(), 1, 4), b.splat(0));
    int64_t turn = 0;
    forVectors(d, [&](int64_t column, Value mask) {
      Value x = at(AttentionOp::Key, op.getKey(), zero, key, b.index(column), mask);
      Value y = b.load(q, {tile.first, b.index(column)});
      Value &sum = sums[turn++ % sums.size()];
      sum = b.fma(x, y, sum);
    });
    for (Value &sum : MutableArrayRef<Value>(sums).drop_front())
      sums[0] = b.add(sums[0], sum);
    b.storeScalar(b.reduceSum(sums[0]), strip, {zero, b.subIndex(key, tile.block)});
  });
  b.loop(tile.firstPanel, tile.endPanel, 1, [&](Value panel) {
    Value column = b.mulIndex(panel, b.index(panelWidth));
    finishScores(tile, panel, schedule.getKeyVectors(), true, [&](int64_t i, int64_t j) {
      return b.load(strip, {b.index(i), b.addIndex(column, j * b.getLanes())});
    });
  });
}

//===----------------------------------------------------------------------===//
// Softmax and values
//===----------------------------------------------------------------------===//

// e^difference, where scores may be scaled by log2 e already.
Value AttentionExpander::exponent(Value difference) {
  if (!log2Scores)
    difference = b.mul(difference, b.splat(1.4426950408889634));
  return emitExp2(b, difference);
}

void AttentionExpander::emitSoftmax(const RowTile &tile) {
  Value from = b.mulIndex(tile.firstPanel, b.index(panelWidth));
  // Behind what some row sees there are no scores.
  int64_t together = fewVectors(), lanes = b.getLanes();
  Value step = b.index(together * lanes), seen = b.subIndex(tile.high, tile.block);
  Value to = b.mulIndex(b.createOrFold<arith::CeilDivUIOp>(seen, step), step);
  b.loop(zero, b.index(tile.count), 1, [&](Value i) {
    Value row = b.addIndex(tile.first, i);
    Value old = b.scalar(rowMax, row), largest = b.reduceMax(b.load(tileMax, {i, zero}));
    largest =
        b.select(arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, old, largest), old, largest);
    b.storeScalar(largest, rowMax, row);
    Value m = b.broadcast(largest);
    Value change = exponent(b.sub(b.broadcast(old), m));
    b.store(change, correction, {i, zero});
    SmallVector<Value> sums(together, b.splat(0));
    sums = b.loop(from, to, together * lanes, sums, [&](Value column, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t u = 0; u < together; ++u) {
        Value at = b.addIndex(column, u * lanes);
        Value p = exponent(b.sub(b.load(strip, {i, at}), m));
        b.store(p, strip, {i, at});
        next.push_back(b.add(carried[u], p));
      }
      return next;
    });
    for (Value &sum : MutableArrayRef<Value>(sums).drop_front())
      sums[0] = b.add(sums[0], sum);
    Value factor = vector::ExtractOp::create(b, change, ArrayRef<int64_t>{0});
    Value sum = b.mul(b.scalar(rowSum, row), factor);
    b.storeScalar(b.add(sum, b.reduceSum(sums[0])), rowSum, row);
  });
}

void AttentionExpander::emitValues(const RowTile &tile) {
  int64_t lanes = b.getLanes(), vectors = paddedDv / lanes;
  int64_t chunks = (vectors + schedule.getValueVectors() - 1) / schedule.getValueVectors();
  Value from = b.subIndex(tile.low, tile.block), count = b.subIndex(tile.high, tile.low);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    // Balanced: five vectors are 3 + 2.
    int64_t first = chunk * vectors / chunks, nv = (chunk + 1) * vectors / chunks - first;
    auto column = [&](int64_t j) { return b.index((first + j) * lanes); };
    Value rest = (first + nv) * lanes > dv ? b.firstLanes(b.index(dv % lanes)) : Value();
    SmallVector<Value> acc;
    for (int64_t i = 0; i < tile.count; ++i) {
      Value change = b.load(correction, {b.index(i), zero});
      for (int64_t j = 0; j < nv; ++j)
        acc.push_back(b.mul(b.load(out, {b.addIndex(tile.first, i), column(j)}), change));
    }
    auto loadA = [&](Value k, int64_t i) {
      return b.broadcast(b.scalar(strip, {b.index(i), b.addIndex(from, k)}));
    };
    auto loadB = [&](Value k, int64_t j) {
      Value mask = j + 1 == nv ? rest : Value();
      return at(AttentionOp::Value, op.getValue(), zero, b.addIndex(tile.low, k), column(j), mask);
    };
    acc = emitFmaLoop(b, tile.count, nv, count, schedule.getUnroll(), acc, loadA, loadB);
    for (int64_t i = 0; i < tile.count; ++i)
      for (int64_t j = 0; j < nv; ++j)
        b.store(acc[i * nv + j], out, {b.addIndex(tile.first, i), column(j)});
  }
}
