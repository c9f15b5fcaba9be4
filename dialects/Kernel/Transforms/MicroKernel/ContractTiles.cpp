//===- ContractTiles.cpp - products in AMX tiles -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of the k loop multiplies 32 rows × 32 k by 32 k × 32 columns: two tiles of each operand,
// four of sums. All are 16 rows of 64 bytes, so that the eight tile registers are configured once
// in a function. No other shape is used:
//
//   17 to 31 rows       the second tile begins 16 rows before the end; rows of both are computed
//   twice fewer than 16 rows  are copied to a scratch of 16; what stands behind them is never
//   stored k beyond the last   of both operands is copied to a scratch, with zeros behind it
//   multiple of 32
//
// A step keeps the tile unit busy for 64 cycles with a dozen instructions. In that time vectors do
// the epilogue of the row tile before, whose sums wait in the other half of the buffer:
//
//   pending = none
//   for each row tile of the panel:
//     for each step of k: sums += rows × panel; some rows of the epilogue of pending
//     buffer = sums, pending = this tile
//   epilogue of pending
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Contract.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

enum : int64_t { TileRows = 16, TileK = 32, TileColumns = 16 }; // pairs of k are rows of a panel

/// Rows of a buffer that wait for their epilogue.
struct Pending {
  Value at;   // first element in the buffer
  Value row;  // of the result
  Value rows; // how many
};

/// Row tiles × one panel.
class TileProduct {
public:
  using PrefetchLine = function_ref<void(Value line)>;
  using FinishRow = function_ref<void(const Pending &pending, Value i)>;

  TileProduct(CodeBuilder &b, ContractOp op, Value panel, Value buffer, PrefetchLine prefetch,
              FinishRow finish)
      : b(b), op(op), panel(panel), buffer(buffer), prefetch(prefetch), finish(finish),
        lhs(op.getLhs()), depth(cast<MemRefType>(lhs.getType()).getDimSize(1)),
        whole(depth / TileK * TileK), columns(op.getPanelColumns() / TileColumns) {}

  // The panel × all `m` rows, with their epilogue. Row tiles are balanced, in whole tiles.
  void emit(Value m) {
    copyLastOfPanel();
    auto ceilDiv = [&](Value x, int64_t y) {
      return b.createOrFold<arith::CeilDivUIOp>(x, b.index(y));
    };
    Value tiles = ceilDiv(m, 2 * TileRows), units = ceilDiv(m, TileRows);
    auto firstRow = [&](Value tile) {
      Value unit = b.createOrFold<arith::DivUIOp>(b.mulIndex(tile, units), tiles);
      return b.minIndex(b.mulIndex(unit, b.index(TileRows)), m);
    };
    Value half = b.index(2 * TileRows * TileColumns * columns);
    SmallVector<Value> state{half, b.index(0), b.index(0)};
    state = b.loop(b.index(0), tiles, 1, state, [&](Value tile, ValueRange carried) {
      Value row = firstRow(tile), end = firstRow(b.addIndex(tile, 1));
      Pending before{carried[0], carried[1], carried[2]};
      Pending now{b.subIndex(half, before.at), row, b.subIndex(end, row)};
      emitTile(tile, now, before);
      return SmallVector<Value>{now.at, now.row, now.rows};
    });
    finishAll({state[0], state[1], state[2]});
  }

private:
  void emitTile(Value tile, const Pending &now, const Pending &before) {
    Value rest = b.subIndex(now.rows, b.index(TileRows));
    auto twoTiles = [&] {
      if (!whole)
        finishAll(before);
      fromLhs(now, {b.index(0), rest}, [&](Value k, int64_t product) {
        prefetchPart(tile, k, product);
        finishPart(before, k, product);
      });
    };
    auto oneTile = [&] { fromLhs(now, {b.index(0)}, nullptr); };
    auto partOfOne = [&] {
      // A line more than whole steps keeps the rows of a tile out of the same sets of the L1 cache.
      int64_t padded = (llvm::divideCeil(depth, TileK) + 1) * TileK;
      Value rows = b.scratch({TileRows, padded}, b.getBF16Type());
      copyRows(lhs, {now.row, b.index(0)}, now.rows, depth, rows);
      multiply({rows, b.index(0), rows, whole}, {b.index(0)}, now.at, nullptr);
    };
    b.branch(b.less(b.index(0), rest), twoTiles, [&] {
      finishAll(before);
      b.branch(b.less(rest, b.index(0)), partOfOne, oneTile);
    });
  }

  // Where the rows of a row tile stand: from `first` of `memref` on, and for the last part of k
  // from `column` of `last` on.
  struct Rows {
    Value memref, first, last;
    int64_t column;
  };
  using Behind = function_ref<void(Value k, int64_t product)>;

  void fromLhs(const Pending &now, ArrayRef<Value> starts, Behind behind) {
    Value last;
    if (whole < depth) {
      last = b.scratch({2 * TileRows, TileK}, b.getBF16Type());
      copyRows(lhs, {now.row, b.index(whole)}, now.rows, depth - whole, last);
    }
    multiply({lhs, now.row, last, 0}, starts, now.at, behind);
  }

  // Row i of `block` = elements [0, width) of row i from `at` on, for i < rows; zeros up to a
  // multiple of 32 elements.
  void copyRows(Value memref, ArrayRef<Value> at, Value rows, int64_t width, Value block) {
    auto type = VectorType::get({TileK}, b.getBF16Type());
    b.loop(b.index(0), rows, 1, [&](Value i) {
      for (int64_t from = 0; from < width; from += TileK) {
        SmallVector<Value> source(at);
        source.back() = b.addIndex(at.back(), from);
        source[at.size() - 2] = b.addIndex(i, at[at.size() - 2]);
        Value mask = vector::CreateMaskOp::create(b, type.clone(b.getI1Type()),
                                                  b.index(std::min<int64_t>(TileK, width - from)));
        Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
        Value part = vector::MaskedLoadOp::create(b, type, memref, source, mask, zero);
        vector::StoreOp::create(b, part, block, ValueRange{i, b.index(from)});
      }
    });
  }

  void copyLastOfPanel() {
    if (whole == depth)
      return;
    auto type = VectorType::get({TileK}, b.getBF16Type());
    int64_t width = cast<MemRefType>(op.getRhs().getType()).getDimSize(2);
    lastOfPanel = b.scratch({TileK / 2, width}, b.getBF16Type());
    copyRows(op.getRhs(), {panel, b.index(whole / 2), b.index(0)}, b.index((depth - whole) / 2),
             width, lastOfPanel);
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    b.loop(b.index((depth - whole) / 2), b.index(TileK / 2), 1, [&](Value i) {
      for (int64_t from = 0; from < width; from += TileK)
        vector::StoreOp::create(b, zero, lastOfPanel, ValueRange{i, b.index(from)});
    });
  }

  Value loadTile(Value memref, ValueRange at) {
    auto type = amx::TileType::get({TileRows, TileK}, b.getBF16Type());
    return amx::TileLoadOp::create(b, type, memref, at);
  }

  // buffer, from `at` on, = tiles that begin at `starts` of `rows` × panel. `behind` is called
  // after each product in the loop.
  void multiply(const Rows &rows, ArrayRef<Value> starts, Value at, Behind behind) {
    auto type = amx::TileType::get({TileRows, TileColumns}, b.getF32Type());
    SmallVector<Value> sums;
    for (size_t i = 0; i < starts.size() * columns; ++i)
      sums.push_back(amx::TileZeroOp::create(b, type));
    auto step = [&](Value k, ValueRange old) {
      SmallVector<Value> next(old), a;
      for (Value start : starts)
        a.push_back(
            loadTile(rows.memref, {b.addIndex(rows.first, start), b.mulIndex(k, b.index(2))}));
      emitProducts(a, op.getRhs(), {panel, k}, next, [&](int64_t product) {
        if (behind)
          behind(k, product);
      });
      return next;
    };
    if (whole)
      sums = b.loop(b.index(0), b.index(whole / 2), TileK / 2, sums, step);
    if (whole < depth) {
      SmallVector<Value> a;
      for (Value start : starts)
        a.push_back(loadTile(rows.last, {start, b.index(rows.column)}));
      emitProducts(a, lastOfPanel, {b.index(0)}, sums, [](int64_t) {});
    }
    Value width = b.index(columns * TileColumns);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value place = b.addIndex(at, b.mulIndex(starts[i / columns], width));
      amx::TileStoreOp::create(b, buffer, ValueRange{b.addIndex(place, i % columns * TileColumns)},
                               sum, width);
    }
  }

  // sums[i, j] += a[i] × columns j of `pairs`.
  void emitProducts(ArrayRef<Value> a, Value pairs, ArrayRef<Value> at, MutableArrayRef<Value> sums,
                    function_ref<void(int64_t product)> behind) {
    SmallVector<Value> x;
    for (int64_t j = 0; j < columns; ++j) {
      SmallVector<Value> place(at);
      place.push_back(b.index(j * TileK));
      x.push_back(loadTile(pairs, place));
    }
    for (auto [product, sum] : llvm::enumerate(sums)) {
      sum = amx::TileMulFOp::create(b, sum.getType(), a[product / columns], x[product % columns],
                                    sum);
      behind(product);
    }
  }

  // Behind each product of a step its share of the lines of the next panel that belong to 32 k. The
  // first tiles fetch one line of each row of the panel, so that all of it is fetched once.
  void prefetchPart(Value tile, Value k, int64_t product) {
    if (!op.getAhead())
      return;
    int64_t share = TileK / 2 / (2 * columns);
    b.branch(b.less(tile, b.index(columns)), [&] {
      Value line = b.addIndex(b.mulIndex(tile, b.index(depth / 2)), k);
      for (int64_t i = 0; i < share; ++i)
        prefetch(b.addIndex(line, product * share + i));
    });
  }

  // The rows of `pending` are spread evenly over all steps: each has one place for them, or two or
  // four where steps are few.
  void finishPart(const Pending &pending, Value k, int64_t product) {
    int64_t products = 2 * columns, steps = whole / TileK, places = 1;
    while (places < products && steps * places < 2 * TileRows)
      places *= 2;
    if (product % (products / places))
      return;
    Value step = b.createOrFold<arith::DivUIOp>(k, b.index(TileK / 2));
    Value place = b.addIndex(b.mulIndex(step, b.index(places)), product / (products / places));
    auto firstRow = [&](Value place) {
      Value row = b.mulIndex(place, b.index(2 * TileRows));
      return b.createOrFold<arith::DivUIOp>(row, b.index(steps * places));
    };
    b.loop(firstRow(place), b.minIndex(firstRow(b.addIndex(place, 1)), pending.rows), 1,
           [&](Value i) { finish(pending, i); });
  }

  void finishAll(const Pending &pending) {
    b.loop(b.index(0), pending.rows, 1, [&](Value i) { finish(pending, i); });
  }

  CodeBuilder &b;
  ContractOp op;
  Value panel, buffer;
  PrefetchLine prefetch;
  FinishRow finish;
  Value lhs;
  int64_t depth, whole; // k, and how much of it is whole steps
  int64_t columns;      // tiles of a panel
  Value lastOfPanel;    // the rest of the panel, padded to a step
};

} // namespace

void ContractExpander::emitTiles(const Piece &piece) {
  auto prefetch = [&](Value k) { prefetchAhead(k); };
  Value left = b.subIndex(n, piece.column);
  int64_t width = piece.vectors / sums * lanes; // columns of the result
  auto finish = [&](const Pending &pending, Value i) {
    Value start = b.addIndex(pending.at, b.mulIndex(i, b.index(width * sums)));
    for (int64_t at = 0; at < width; at += lanes) {
      Value mask;
      if (!op.hasFullPanels())
        mask = b.firstLanes(b.minIndex(b.subIndex(left, b.index(at)), b.index(lanes)));
      emitKept(piece, start, b.addIndex(pending.row, i), b.index(at), mask);
    }
  };
  TileProduct(b, op, piece.panel, buffer, prefetch, finish).emit(m);
}
