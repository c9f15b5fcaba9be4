//===- Contract.cpp - expansion of a contraction tile -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {
class ContractExpander {
public:
  explicit ContractExpander(ContractOp op)
      : op(op), schedule(*op.getSchedule()),
        b(op, cast<MemRefType>(op.getRhs().getType()).getElementType(), schedule.getLanes()),
        vectorsPerPanel(op.getPanelWidth() / schedule.getLanes()) {}

  void expand();

private:
  // A piece of the tile: rows 0..rows of vectors 0..vectors, from column `column`.
  struct Piece {
    Value panel, column;
    int64_t vectors;
  };

  void emitPanel(Value panel);
  void emitFew();
  void emitProduct(const Piece &piece, int64_t rows, bool few);
  void emitEpilogueLoop(const Piece &piece, Value rows);
  void emitEpilogue(Value acc, Value row, Value column, Value mask);
  Value cloneEpilogue(ArrayRef<Value> arguments);
  void prefetchAhead(Value k);
  void prefetchFew(const Piece &piece, Value k);

  ContractOp op;
  ContractScheduleAttr schedule;
  CodeBuilder b;
  int64_t vectorsPerPanel;
  Value m, n, k;
  // Accumulators on their way to the epilogue loop, rows of a piece one after the other; null if
  // never needed.
  Value buffer;
  bool inlined; // the epilogue stands behind every accumulator of a tile without masked columns
};

// The scalar ops on vectors; constants and values from outside become splats.
Value ContractExpander::cloneEpilogue(ArrayRef<Value> arguments) {
  IRMapping mapping;
  Block &body = op.getEpilogue().front();
  for (auto [from, to] : llvm::zip(body.getArguments(), arguments))
    mapping.map(from, to);
  auto lookup = [&](Value value) {
    if (!mapping.contains(value))
      mapping.map(value, b.broadcast(value));
    return mapping.lookup(value);
  };
  for (Operation &each : body.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(each)) {
      auto splat = DenseElementsAttr::get(b.vectorType(constant.getType()), constant.getValue());
      mapping.map(constant.getResult(), arith::ConstantOp::create(b, splat).getResult());
      continue;
    }
    SmallVector<Value> operands = llvm::map_to_vector(each.getOperands(), lookup);
    SmallVector<Type> types = llvm::map_to_vector(
        each.getResultTypes(), [&](Type type) -> Type { return b.vectorType(type); });
    OperationState state(each.getLoc(), each.getName(), operands, types,
                         each.getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = each.getPropertiesAsAttribute();
    for (auto [from, to] : llvm::zip(each.getResults(), b.create(state)->getResults()))
      mapping.map(from, to);
  }
  return lookup(body.getTerminator()->getOperand(0));
}

// Epilogue and store of one vector; `mask` is null where all lanes are columns of the result.
void ContractExpander::emitEpilogue(Value acc, Value row, Value column, Value mask) {
  SmallVector<Value> arguments{acc};
  for (auto [i, extra] : llvm::enumerate(op.getExtras())) {
    SmallVector<Value> at;
    bool alongColumns = false;
    AffineMap map = op.getExtraMap(i);
    for (auto [position, e] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(e);
      at.push_back(!dim ? b.index(0) : dim.getPosition() ? column : row);
      alongColumns |= dim && dim.getPosition() == 1 && position + 1 == map.getNumResults();
    }
    Value value;
    if (!alongColumns)
      value = b.broadcast(b.scalar(extra, at));
    else
      value = mask ? b.maskedLoad(extra, at, mask) : b.load(extra, at);
    arguments.push_back(value);
  }
  Value result = cloneEpilogue(arguments);
  if (mask)
    b.maskedStore(result, op.getInit(), {row, column}, mask);
  else
    b.store(result, op.getInit(), {row, column});
}

// One line per k of where `ahead` points to. The address is linear in the last index, so that it
// may leave the tile; a prefetch never faults.
void ContractExpander::prefetchAhead(Value k) {
  int64_t line = 512 / b.getElement().getIntOrFloatBitWidth();
  Value at = b.addIndex(op.getAhead(), b.mulIndex(k, b.index(line)));
  memref::PrefetchOp::create(b, op.getRhs(), ValueRange{b.index(0), b.index(0), at},
                             /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}

// With several panels every one is an address stream: the row `prefetch` steps ahead of each.
void ContractExpander::prefetchFew(const Piece &piece, Value k) {
  int64_t line = 512 / b.getElement().getIntOrFloatBitWidth();
  for (int64_t panel = 0; panel * vectorsPerPanel < piece.vectors; ++panel)
    for (int64_t column = 0; column < op.getPanelWidth(); column += line)
      memref::PrefetchOp::create(b, op.getRhs(),
                                 ValueRange{b.addIndex(piece.panel, panel),
                                            b.addIndex(k, schedule.getPrefetch()), b.index(column)},
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

void ContractExpander::emitProduct(const Piece &piece, int64_t rows, bool few) {
  SmallVector<Value> acc(rows * piece.vectors, b.splat(0));
  Value last = b.subIndex(m, b.index(1)); // rows - 1, or rows - 2 where the last row comes twice
  auto loadA = [&](Value k, int64_t i) {
    return b.broadcast(b.scalar(op.getLhs(), {few || i + 1 < rows ? b.index(i) : last, k}));
  };
  auto loadB = [&](Value k, int64_t j) {
    return b.load(op.getRhs(), {b.addIndex(piece.panel, j / vectorsPerPanel), k,
                                b.index(j % vectorsPerPanel * b.getLanes())});
  };
  auto prefetch = [&](Value k) {
    if (few && schedule.getPrefetch())
      prefetchFew(piece, k);
    else if (!few && op.getAhead())
      prefetchAhead(k);
  };
  acc = emitFmaLoop(b, rows, piece.vectors, k, schedule.getUnroll(), acc, loadA, loadB, prefetch);
  auto forEach = [&](function_ref<void(Value acc, int64_t row, int64_t offset)> body) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < piece.vectors; ++j)
        body(acc[i * piece.vectors + j], i, j * b.getLanes());
  };
  auto keep = [&](Value acc, int64_t row, int64_t offset) {
    b.store(acc, buffer, b.index(row * piece.vectors * b.getLanes() + offset));
  };
  auto finish = [&](Value acc, int64_t row, int64_t offset) {
    auto store = [&] {
      emitEpilogue(acc, b.index(row), b.addIndex(piece.column, offset), Value());
    };
    if (few || row == 0 || row + 1 < rows)
      store();
    else
      b.branch(b.less(b.index(row), m), store);
  };
  if (!inlined)
    return forEach(keep);
  Value masked = b.less(n, b.addIndex(piece.column, piece.vectors * b.getLanes()));
  if (op.hasFullPanels())
    masked = arith::ConstantIntOp::create(b, 0, 1);
  b.branch(masked, [&] { forEach(keep); }, [&] { forEach(finish); });
}

// The epilogue over the buffer: one copy of its code for all heights of a piece.
void ContractExpander::emitEpilogueLoop(const Piece &piece, Value rows) {
  if (!buffer)
    return;
  int64_t width = piece.vectors * b.getLanes();
  Value left = b.subIndex(n, piece.column);
  auto whole = [&] {
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value start = b.mulIndex(row, b.index(width));
      // Two vectors per turn hide the latency of a long epilogue.
      int64_t step = piece.vectors % 2 ? 1 : 2;
      b.loop(b.index(0), b.index(width), step * b.getLanes(), [&](Value at) {
        for (int64_t u = 0; u < step; ++u) {
          Value offset = b.addIndex(at, u * b.getLanes());
          emitEpilogue(b.load(buffer, b.addIndex(start, offset)), row,
                       b.addIndex(piece.column, offset), Value());
        }
      });
    });
  };
  auto masked = [&] {
    b.loop(b.index(0), rows, 1, [&](Value row) {
      Value start = b.mulIndex(row, b.index(width));
      b.loop(b.index(0), b.minIndex(left, b.index(width)), b.getLanes(), [&](Value at) {
        emitEpilogue(b.load(buffer, b.addIndex(start, at)), row, b.addIndex(piece.column, at),
                     b.firstLanes(b.minIndex(b.subIndex(left, at), b.index(b.getLanes()))));
      });
    });
  };
  if (op.hasFullPanels())
    return whole();
  Value tail = b.less(left, b.index(width));
  if (inlined)
    b.branch(tail, masked);
  else
    b.branch(tail, masked, whole);
}

// Rows 0..mr of one panel, a specialised body for one row and for every even height: an odd one
// computes its last row twice. That is half the code, and at most one row in vain.
void ContractExpander::emitPanel(Value panel) {
  Piece piece{panel, b.mulIndex(panel, b.index(op.getPanelWidth())), vectorsPerPanel};
  SmallVector<int64_t> heights{1};
  for (int64_t height = 2; height < schedule.getMr() + 1; height += 2)
    heights.push_back(height);
  if (schedule.getMr() % 2 && schedule.getMr() > 1)
    heights.push_back(schedule.getMr());
  Value even = b.mulIndex(b.createOrFold<arith::CeilDivUIOp>(m, b.index(2)), b.index(2));
  Value height = b.minIndex(even, b.index(schedule.getMr()));
  height = b.createOrFold<arith::SelectOp>(
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, m, b.index(1)), b.index(1), height);
  b.specialise(height, heights, [&](int64_t rows) { emitProduct(piece, rows, false); });
  emitEpilogueLoop(piece, m);
}

// A unit of several panels with few rows; whatever fits no case is done panel by panel.
void ContractExpander::emitFew() {
  Value panels = b.dim(op.getRhs(), 0);
  std::function<void(unsigned, int64_t)> next = [&](unsigned i, int64_t low) {
    if (i == schedule.getFewRows().size()) {
      b.loop(b.index(0), panels, 1, [&](Value panel) { emitPanel(panel); });
      return;
    }
    int64_t high = schedule.getFewRows()[i], together = schedule.getFewPanels()[i];
    auto compare = [&](arith::CmpIPredicate predicate, Value x, int64_t y) {
      return b.createOrFold<arith::CmpIOp>(predicate, x, b.index(y));
    };
    Value fits = b.createOrFold<arith::AndIOp>(compare(arith::CmpIPredicate::sge, m, low),
                                               compare(arith::CmpIPredicate::sle, m, high));
    fits = b.createOrFold<arith::AndIOp>(fits, compare(arith::CmpIPredicate::eq, panels, together));
    auto unit = [&] {
      Piece piece{b.index(0), b.index(0), together * vectorsPerPanel};
      b.specialise(m, llvm::to_vector(llvm::seq_inclusive(low, high)),
                   [&](int64_t rows) { emitProduct(piece, rows, true); });
      emitEpilogueLoop(piece, m);
    };
    b.branch(fits, unit, [&] { next(i + 1, high + 1); });
  };
  next(0, 1);
}

void ContractExpander::expand() {
  m = b.dim(op.getLhs(), 0);
  n = b.dim(op.getInit(), 1);
  k = b.dim(op.getRhs(), 1);
  Block &body = op.getEpilogue().front();
  auto counted = llvm::make_filter_range(body.without_terminator(), [](Operation &each) {
    return !each.hasTrait<OpTrait::ConstantLike>();
  });
  inlined = static_cast<int64_t>(llvm::range_size(counted)) <= schedule.getInlineOps();
  bool single = cast<MemRefType>(op.getRhs().getType()).getDimSize(0) == 1;
  if (!inlined || !op.hasFullPanels()) {
    int64_t size = schedule.getMr() * op.getPanelWidth();
    if (!single)
      for (auto [rows, panels] : llvm::zip(schedule.getFewRows(), schedule.getFewPanels()))
        size = std::max(size, rows * panels * op.getPanelWidth());
    buffer = b.scratch(size, b.getElement());
  }
  if (single || schedule.getFewRows().empty())
    b.loop(b.index(0), b.dim(op.getRhs(), 0), 1, [&](Value panel) { emitPanel(panel); });
  else
    emitFew();
  op.erase();
}
} // namespace

void kernel::expandContract(ContractOp op) {
  ContractExpander(op).expand();
}
