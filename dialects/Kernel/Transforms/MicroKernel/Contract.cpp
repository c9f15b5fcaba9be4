//===- Contract.cpp - expansion of a contraction tile -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Contract.h"

using namespace mlir;
using namespace mlir::kernel;

ContractExpander::ContractExpander(ContractOp op)
    : op(op), schedule(*op.getSchedule()), b(op, op.getSumType(), schedule.getLanes()),
      lanes(schedule.getLanes()), vectorsPerPanel(op.getPanelColumns() / lanes),
      sums(op.getSums()) {
  int64_t operations = 0;
  bool functions = false; // polynomials, once codegen-polynomials has run
  for (Operation &each : op.getEpilogue().front().without_terminator()) {
    operations += !each.hasTrait<OpTrait::ConstantLike>();
    functions |= isa<math::MathDialect>(each.getDialect()) && !isa<math::AbsFOp>(each);
  }
  inlined = operations <= schedule.getInlineOps() && !functions && !schedule.getTiles();
}

SmallVector<Value> ContractExpander::inMatrix(Value memref, Value row, Value column) {
  int64_t rank = cast<MemRefType>(memref.getType()).getRank();
  SmallVector<Value> at(rank - 2, b.index(0));
  at.append({row, column});
  return at;
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

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
void ContractExpander::emitEpilogue(ValueRange sums, Value row, Value column, Value mask) {
  int64_t batch = op.getBatchRank();
  SmallVector<Value> arguments(sums);
  for (auto [i, extra] : llvm::enumerate(op.getExtras())) {
    SmallVector<Value> at;
    bool alongColumns = false;
    AffineMap map = op.getExtraMap(i);
    for (auto [position, e] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(e);
      bool isColumn = dim && dim.getPosition() == batch + 1;
      at.push_back(isColumn ? column : dim && dim.getPosition() == batch ? row : b.index(0));
      alongColumns |= isColumn && position + 1 == map.getNumResults();
    }
    Value value;
    if (!alongColumns)
      value = b.broadcast(b.scalar(extra, at));
    else
      value = mask ? b.maskedLoad(extra, at, mask) : b.load(extra, at);
    arguments.push_back(value);
  }
  Value result = cloneEpilogue(arguments);
  SmallVector<Value> at = inMatrix(op.getInit(), row, column);
  if (mask)
    b.maskedStore(result, op.getInit(), at, mask);
  else
    b.store(result, op.getInit(), at);
}

// Epilogue and store of the vector at column `at` of a row of the piece, whose sums stand in the
// buffer from `start` on.
void ContractExpander::emitKept(const Piece &piece, Value start, Value row, Value at, Value mask) {
  int64_t width = piece.vectors / sums * lanes; // columns of the result
  SmallVector<Value> values;
  for (int64_t sum = 0; sum < sums; ++sum)
    values.push_back(b.load(buffer, b.addIndex(b.addIndex(start, at), sum * width)));
  emitEpilogue(values, row, b.addIndex(piece.column, at), mask);
}

// The epilogue over the buffer: one copy of its code for all heights of a piece.
void ContractExpander::emitEpilogueLoop(const Piece &piece, Value rows) {
  if (!buffer)
    return;
  int64_t width = piece.vectors / sums * lanes; // columns of the result
  Value left = b.subIndex(n, piece.column);
  auto emit = [&](Value row, Value at, Value mask) {
    emitKept(piece, b.mulIndex(row, b.index(width * sums)), row, at, mask);
  };
  auto whole = [&] {
    b.loop(b.index(0), rows, 1, [&](Value row) {
      // Two vectors per turn hide the latency of a long epilogue.
      int64_t step = piece.vectors / sums % 2 ? 1 : 2;
      b.loop(b.index(0), b.index(width), step * lanes, [&](Value at) {
        for (int64_t u = 0; u < step; ++u)
          emit(row, b.addIndex(at, u * lanes), Value());
      });
    });
  };
  auto masked = [&] {
    b.loop(b.index(0), rows, 1, [&](Value row) {
      b.loop(b.index(0), b.minIndex(left, b.index(width)), lanes, [&](Value at) {
        emit(row, at, b.firstLanes(b.minIndex(b.subIndex(left, at), b.index(lanes))));
      });
    });
  };
  if (op.hasFullPanels())
    return whole();
  Value tail = b.less(left, b.index(width));
  if (inlined && !op.isPlain())
    b.branch(tail, masked);
  else
    b.branch(tail, masked, whole);
}

//===----------------------------------------------------------------------===//
// Heights
//===----------------------------------------------------------------------===//

// One row and every even height: an odd one computes its last row twice. That is half the code, and
// at most one row in vain.
SmallVector<int64_t> ContractExpander::tileHeights() {
  SmallVector<int64_t> heights{1};
  for (int64_t height = 2; height <= schedule.getMr(); height += 2)
    heights.push_back(height);
  if (schedule.getMr() % 2 && schedule.getMr() > 1)
    heights.push_back(schedule.getMr());
  return heights;
}

// A body for each height, of which `rows` (0..mr) selects the least that holds it.
void ContractExpander::specialiseHeight(Value rows, function_ref<void(int64_t)> body) {
  Value even = b.mulIndex(b.createOrFold<arith::CeilDivUIOp>(rows, b.index(2)), b.index(2));
  Value height = b.minIndex(even, b.index(schedule.getMr()));
  Value one = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, rows, b.index(1));
  height = b.createOrFold<arith::SelectOp>(one, b.index(1), height);
  b.specialise(height, tileHeights(), body);
}

//===----------------------------------------------------------------------===//
// Packed right operand
//===----------------------------------------------------------------------===//

// One line per k of where `ahead` points to. The address is linear in the last index, so that it
// may leave the tile; a prefetch never faults.
void ContractExpander::prefetchAhead(Value k) {
  int64_t line = 512 / getElementTypeOrSelf(op.getRhs().getType()).getIntOrFloatBitWidth();
  Value at = b.addIndex(op.getAhead(), b.mulIndex(k, b.index(line)));
  memref::PrefetchOp::create(b, op.getRhs(), ValueRange{b.index(0), b.index(0), at},
                             /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}

// With several panels every one is an address stream: the row `prefetch` steps ahead of each.
void ContractExpander::prefetchFew(const Piece &piece, Value k) {
  int64_t line = 512 / getElementTypeOrSelf(op.getRhs().getType()).getIntOrFloatBitWidth();
  int64_t width = cast<MemRefType>(op.getRhs().getType()).getDimSize(2);
  for (int64_t panel = 0; panel * vectorsPerPanel < piece.vectors; ++panel)
    for (int64_t column = 0; column < width; column += line)
      memref::PrefetchOp::create(b, op.getRhs(),
                                 ValueRange{b.addIndex(piece.panel, panel),
                                            b.addIndex(k, schedule.getPrefetch()), b.index(column)},
                                 /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

// Row i of the tile is row rowAt(i) of lhs.
ProductOperands ContractExpander::operandsOf(const Piece &piece,
                                             function_ref<Value(int64_t i)> rowAt) {
  Type element = getElementTypeOrSelf(op.getRhs().getType());
  int64_t width = lanes * op.getPairing();
  auto loadB = [=, this](Value k, int64_t j, int64_t) -> Value {
    Value panel = b.addIndex(piece.panel, j / vectorsPerPanel);
    Value loaded =
        vector::LoadOp::create(b, VectorType::get({width}, element), op.getRhs(),
                               ValueRange{panel, k, b.index(j % vectorsPerPanel * width)});
    return element.isF16() ? arith::ExtFOp::create(b, b.vectorType(), loaded) : loaded;
  };
  if (op.getPairing() == 2)
    return getElementTypeOrSelf(op.getLhs().getType()) == element ? pairsOf(rowAt, loadB)
                                                                  : widenedPairsOf(rowAt, loadB);
  ProductOperands operands;
  operands.loadA = [=, this](Value k, int64_t i, int64_t) {
    return b.broadcast(b.scalar(op.getLhs(), {rowAt(i), k}));
  };
  operands.loadB = loadB;
  operands.multiplyAdd = [this](Value x, Value y, Value sum) { return b.fma(x, y, sum); };
  return operands;
}

void ContractExpander::emitProduct(const Piece &piece, int64_t rows, bool few) {
  SmallVector<Value> acc(rows * piece.vectors, b.splat(0));
  Value last = b.subIndex(m, b.index(1)); // rows - 1, or rows - 2 where the last row comes twice
  auto rowAt = [&](int64_t i) { return few || i + 1 < rows ? b.index(i) : last; };
  auto prefetch = [&](Value k) {
    if (few && schedule.getPrefetch())
      prefetchFew(piece, k);
    else if (!few && op.getAhead())
      prefetchAhead(k);
  };
  acc = emitProductLoop(b, rows, piece.vectors, b.dim(op.getRhs(), 1), schedule.getUnroll(), acc,
                        operandsOf(piece, rowAt), prefetch);
  // The sums of one vector of the result, which is number j of its row.
  int64_t perPanel = vectorsPerPanel / sums, perRow = piece.vectors / sums;
  auto forEach = [&](function_ref<void(ValueRange values, int64_t row, int64_t j)> body) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < perRow; ++j) {
        SmallVector<Value> values;
        for (int64_t sum = 0; sum < sums; ++sum)
          values.push_back(acc[i * piece.vectors + j / perPanel * vectorsPerPanel + sum * perPanel +
                               j % perPanel]);
        body(values, i, j);
      }
  };
  auto keep = [&](ValueRange values, int64_t row, int64_t j) {
    for (auto [sum, value] : llvm::enumerate(values))
      b.store(value, buffer, b.index((row * piece.vectors + sum * perRow + j) * lanes));
  };
  auto finish = [&](ValueRange values, int64_t row, int64_t j) {
    auto store = [&] {
      emitEpilogue(values, b.index(row), b.addIndex(piece.column, j * lanes), Value());
    };
    if (few || row == 0 || row + 1 < rows)
      store();
    else
      b.branch(b.less(b.index(row), m), store);
  };
  if (!inlined)
    return forEach(keep);
  Value masked = b.less(n, b.addIndex(piece.column, perRow * lanes));
  if (op.hasFullPanels())
    masked = arith::ConstantIntOp::create(b, 0, 1);
  b.branch(masked, [&] { forEach(keep); }, [&] { forEach(finish); });
}

void ContractExpander::emitPanel(Value panel) {
  Piece piece{panel, b.mulIndex(panel, b.index(op.getResultColumns())), vectorsPerPanel};
  if (schedule.getTiles())
    return emitTiles(piece);
  specialiseHeight(m, [&](int64_t rows) { emitProduct(piece, rows, false); });
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

void ContractExpander::expandPacked() {
  bool single = cast<MemRefType>(op.getRhs().getType()).getDimSize(0) == 1;
  if (!inlined || !op.hasFullPanels()) {
    int64_t size = schedule.getMr() * op.getPanelColumns() * (schedule.getTiles() ? 2 : 1);
    if (!single)
      for (auto [rows, panels] : llvm::zip(schedule.getFewRows(), schedule.getFewPanels()))
        size = std::max(size, rows * panels * op.getPanelColumns());
    buffer = b.scratch(size, b.getElement());
  }
  if (single || schedule.getFewRows().empty())
    b.loop(b.index(0), b.dim(op.getRhs(), 0), 1, [&](Value panel) { emitPanel(panel); });
  else
    emitFew();
}

void ContractExpander::expand() {
  int64_t batch = op.getBatchRank();
  m = b.dim(op.getInit(), batch);
  n = b.dim(op.getInit(), batch + 1);
  k = b.dim(op.getLhs(), cast<MemRefType>(op.getLhs().getType()).getRank() - 1);
  if (op.isPlain())
    expandPlain();
  else
    expandPacked();
  op.erase();
}

void kernel::expandContract(ContractOp op) {
  ContractExpander(op).expand();
}
