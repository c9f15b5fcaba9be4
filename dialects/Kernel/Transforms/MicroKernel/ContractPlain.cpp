//===- ContractPlain.cpp - expansion of a product of two activations -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Contract.h"

using namespace mlir;
using namespace mlir::kernel;

// Code for a panel from `column` on that has all its columns, and for one that has not.
void ContractExpander::byPanelEnd(Value column, function_ref<void(bool partial)> body) {
  if (op.hasFullPanels())
    return body(false);
  Value end = b.addIndex(column, op.getPanelColumns());
  b.branch(b.less(n, end), [&] { body(true); }, [&] { body(false); });
}

// Rows first .. first + depth of the columns from `column` on, zeros behind the last column.
void ContractExpander::packRows(Value column, Value first, Value depth) {
  auto copy = [&](bool masked) {
    b.loop(b.index(0), depth, 1, [&](Value at) {
      for (int64_t j = 0; j < vectorsPerPanel; ++j) {
        Value from = b.addIndex(column, j * lanes);
        SmallVector<Value> where = inMatrix(op.getRhs(), b.addIndex(first, at), from);
        Value x = masked ? b.maskedLoad(op.getRhs(), where, b.firstLanes(b.subIndex(n, from)))
                         : b.load(op.getRhs(), where);
        b.store(x, panelBlock, {at, b.index(j * lanes)});
      }
    });
  };
  byPanelEnd(column, copy);
}

// The same of a transposed operand, in squares of registers. Behind the last column stands the last
// one again: what comes of it is not stored.
void ContractExpander::packTransposed(Value column, Value first, Value depth) {
  Value lastColumn = b.subIndex(n, b.index(1));
  auto square = [&](Value at, int64_t j, bool clamped, Value mask) {
    SmallVector<Value> tile;
    for (int64_t i = 0; i < lanes; ++i) {
      Value row = b.addIndex(column, j * lanes + i);
      if (clamped)
        row = b.minIndex(row, lastColumn);
      SmallVector<Value> where = inMatrix(op.getRhs(), row, b.addIndex(first, at));
      tile.push_back(mask ? b.maskedLoad(op.getRhs(), where, mask) : b.load(op.getRhs(), where));
    }
    emitTranspose(b, tile);
    for (int64_t i = 0; i < lanes; ++i)
      b.store(tile[i], panelBlock, {b.addIndex(at, i), b.index(j * lanes)});
  };
  Value whole = b.mulIndex(b.createOrFold<arith::DivUIOp>(depth, b.index(lanes)), b.index(lanes));
  auto pack = [&](bool clamped) {
    b.loop(b.index(0), whole, lanes, [&](Value at) {
      for (int64_t j = 0; j < vectorsPerPanel; ++j)
        square(at, j, clamped, Value());
    });
    b.branch(b.less(whole, depth), [&] {
      Value mask = b.firstLanes(b.subIndex(depth, whole));
      for (int64_t j = 0; j < vectorsPerPanel; ++j)
        square(whole, j, clamped, mask);
    });
  };
  byPanelEnd(column, pack);
}

void ContractExpander::packPanel(Value column, Value first, Value depth) {
  if (op.getTransposeRhs())
    packTransposed(column, first, depth);
  else
    packRows(column, first, depth);
}

// All rows of lhs, columns first .. first + depth.
void ContractExpander::copyRows(Value first, Value depth) {
  Value whole = b.mulIndex(b.createOrFold<arith::DivUIOp>(depth, b.index(lanes)), b.index(lanes));
  Value mask = b.firstLanes(b.subIndex(depth, whole));
  b.loop(b.index(0), m, 1, [&](Value row) {
    auto from = [&](Value at) { return inMatrix(op.getLhs(), row, b.addIndex(first, at)); };
    b.loop(b.index(0), whole, lanes,
           [&](Value at) { b.store(b.load(op.getLhs(), from(at)), rowBlock, {row, at}); });
    b.branch(b.less(whole, depth), [&] {
      b.store(b.maskedLoad(op.getLhs(), from(whole), mask), rowBlock, {row, whole});
    });
  });
}

// `rows` rows from `row` on, the last one of `count` twice if there are fewer. `column`: of rhs, if
// it is read in place; null for the packed block.
void ContractExpander::emitBlock(Value row, Value count, int64_t rows, Value column, Value first,
                                 Value depth) {
  Value last = b.subIndex(count, b.index(1));
  auto rowOf = [&](int64_t i) { return i == 0 || i + 1 < rows ? b.index(i) : last; };
  auto place = [&](int64_t i, int64_t j) {
    Value start = b.mulIndex(b.addIndex(row, rowOf(i)), b.index(op.getPanelColumns()));
    return b.addIndex(start, j * lanes);
  };
  SmallVector<Value> acc;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectorsPerPanel; ++j)
      acc.push_back(b.load(buffer, place(i, j)));
  // One address, from which all rows but the last have constant distances.
  Value tile = rowBlock ? b.restFrom(rowBlock, {row, b.index(0)})
                        : b.restFrom(op.getLhs(), inMatrix(op.getLhs(), row, first));
  auto loadA = [&](Value k, int64_t i) {
    return b.broadcast(b.scalar(tile, inMatrix(tile, rowOf(i), k)));
  };
  auto loadB = [&](Value k, int64_t j) {
    if (!column)
      return b.load(panelBlock, {k, b.index(j * lanes)});
    return b.load(op.getRhs(),
                  inMatrix(op.getRhs(), b.addIndex(first, k), b.addIndex(column, j * lanes)));
  };
  acc = emitFmaLoop(b, rows, vectorsPerPanel, depth, schedule.getUnroll(), acc, loadA, loadB);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectorsPerPanel; ++j)
      b.store(acc[i * vectorsPerPanel + j], buffer, place(i, j));
}

// Tiles of balanced height: 16 rows are 8 + 8, not 14 + 2.
void ContractExpander::emitRowTiles(Value column, Value first, Value depth) {
  Value tiles = b.createOrFold<arith::CeilDivUIOp>(m, b.index(schedule.getMr()));
  // There is code for even heights only; an odd one computes a row in vain.
  Value unit = b.index(schedule.getMr() % 2 ? 1 : 2);
  Value units = b.createOrFold<arith::CeilDivUIOp>(m, unit);
  Value height =
      b.mulIndex(b.createOrFold<arith::CeilDivUIOp>(units, b.maxIndex(tiles, b.index(1))), unit);
  b.loop(b.index(0), tiles, 1, [&](Value tile) {
    Value row = b.minIndex(b.mulIndex(tile, height), m);
    Value count = b.minIndex(height, b.subIndex(m, row));
    specialiseHeight(count,
                     [&](int64_t rows) { emitBlock(row, count, rows, column, first, depth); });
  });
}

// All rows of a panel, one block of k after the other.
void ContractExpander::emitBlocks(Value column, bool inPlace) {
  b.loop(b.index(0), b.mulIndex(m, b.index(op.getPanelColumns())), lanes,
         [&](Value at) { b.store(b.splat(0), buffer, at); });
  b.loop(b.index(0), k, schedule.getDepth(), [&](Value first) {
    Value depth = b.minIndex(b.index(schedule.getDepth()), b.subIndex(k, first));
    if (!inPlace)
      packPanel(column, first, depth);
    if (rowBlock)
      copyRows(first, depth);
    emitRowTiles(inPlace ? column : Value(), first, depth);
  });
}

// A transposed operand with few rows of lhs: dot products, a vector of columns at a time. Behind
// the last column stands the last one again.
void ContractExpander::emitDots(Value column, bool clamped) {
  Value lastColumn = b.subIndex(n, b.index(1));
  Value whole = b.mulIndex(b.createOrFold<arith::DivUIOp>(k, b.index(lanes)), b.index(lanes));
  Value mask = b.firstLanes(b.subIndex(k, whole));
  b.loop(b.index(0), b.index(op.getPanelColumns()), lanes, [&](Value offset) {
    SmallVector<Value> columns;
    for (int64_t i = 0; i < lanes; ++i) {
      Value at = b.addIndex(b.addIndex(column, offset), i);
      columns.push_back(clamped ? b.minIndex(at, lastColumn) : at);
    }
    b.loop(b.index(0), m, 1, [&](Value row) {
      auto step = [&](Value at, ValueRange sums, Value mask) {
        auto load = [&](Value memref, Value row) {
          SmallVector<Value> where = inMatrix(memref, row, at);
          return mask ? b.maskedLoad(memref, where, mask) : b.load(memref, where);
        };
        Value x = load(op.getLhs(), row);
        SmallVector<Value> next;
        for (auto [sum, column] : llvm::zip(sums, columns))
          next.push_back(b.fma(x, load(op.getRhs(), column), sum));
        return next;
      };
      SmallVector<Value> dots(lanes, b.splat(0));
      dots = b.loop(b.index(0), whole, lanes, dots,
                    [&](Value at, ValueRange sums) { return step(at, sums, Value()); });
      if (std::optional<int64_t> known = getConstantIntValue(k); !known || *known % lanes)
        dots = step(whole, dots, mask);
      Value start = b.mulIndex(row, b.index(op.getPanelColumns()));
      b.store(emitRowSums(b, dots), buffer, b.addIndex(start, offset));
    });
  });
}

// Packing pays if several row tiles read the panel, and where neighbouring rows lie far apart.
void ContractExpander::emitPlainPanel(Value column) {
  auto rhs = cast<MemRefType>(op.getRhs().getType());
  auto packed = [&] { emitBlocks(column, /*inPlace=*/false); };
  if (op.getTransposeRhs()) {
    constexpr int64_t kFewRows = 2; // a transposition costs as much as some five rows
    auto dots = [&] { byPanelEnd(column, [&](bool partial) { emitDots(column, partial); }); };
    return b.branch(b.less(m, b.index(kFewRows + 1)), dots, packed);
  }
  int64_t stride = rhs.getStridesAndOffset().first[rhs.getRank() - 2];
  bool close = !ShapedType::isDynamic(stride) && stride <= 8 * op.getPanelColumns();
  Value inPlace = close ? arith::ConstantIntOp::create(b, 1, 1).getResult()
                        : b.less(m, b.index(schedule.getMr() + 1));
  if (!op.hasFullPanels()) {
    Value end = b.addIndex(column, op.getPanelColumns());
    inPlace = b.createOrFold<arith::AndIOp>(
        inPlace, b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, end, n));
  }
  b.branch(inPlace, [&] { emitBlocks(column, /*inPlace=*/true); }, packed);
}

void ContractExpander::expandPlain() {
  int64_t depth = schedule.getDepth(), columns = op.getPanelColumns();
  int64_t most = llvm::alignTo(schedule.getRowBlock(), 2); // tiles are whole pairs of rows
  auto lhs = cast<MemRefType>(op.getLhs().getType());
  // With a stride known at compile time all rows of a tile are displacements of one address.
  // Otherwise there would be as many addresses as rows, more than a machine has registers. The pad
  // keeps rows out of each other's sets of L1.
  if (ShapedType::isDynamic(lhs.getStridesAndOffset().first[lhs.getRank() - 2]))
    rowBlock = b.scratch({most, depth + 16}, b.getElement());
  panelBlock = b.scratch({depth, columns}, b.getElement());
  buffer = b.scratch(most * columns, b.getElement());
  Value panels = b.createOrFold<arith::CeilDivUIOp>(n, b.index(columns));
  b.loop(b.index(0), panels, 1, [&](Value panel) {
    Piece piece{panel, b.mulIndex(panel, b.index(columns)), vectorsPerPanel};
    emitPlainPanel(piece.column);
    emitEpilogueLoop(piece, m);
  });
}
