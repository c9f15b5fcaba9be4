//===- RowLoops.cpp - linalg ops on memrefs to loops over vectors -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowLoops.h"

#include "lib/Codegen/RowBody.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tilewright {
namespace {

vector::CombiningKind kindOf(Operation *combiner) {
  using Kind = vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, Kind>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Kind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Kind::MUL; })
      .Case<arith::MaxNumFOp>([](auto) { return Kind::MAXNUMF; })
      .Case<arith::MinNumFOp>([](auto) { return Kind::MINNUMF; })
      .Case<arith::MaximumFOp>([](auto) { return Kind::MAXIMUMF; })
      .Case<arith::MinimumFOp>([](auto) { return Kind::MINIMUMF; })
      .Case<arith::MaxSIOp>([](auto) { return Kind::MAXSI; })
      .Case<arith::MinSIOp>([](auto) { return Kind::MINSI; })
      .Case<arith::MaxUIOp>([](auto) { return Kind::MAXUI; })
      .Case<arith::MinUIOp>([](auto) { return Kind::MINUI; })
      .Case<arith::OrIOp>([](auto) { return Kind::OR; })
      .Case<arith::XOrIOp>([](auto) { return Kind::XOR; })
      .Default([](auto) { return Kind::AND; });
}

bool isMaxNum(Operation *combiner) {
  return isa<arith::MaxNumFOp, arith::MinNumFOp>(combiner);
}

// Costly bodies have enough independent work in two registers.
bool isHeavy(linalg::LinalgOp op) {
  return llvm::any_of(op.getBlock()->without_terminator(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect()) &&
           !isa<math::FmaOp, math::AbsFOp, math::SqrtOp, math::RsqrtOp>(inner);
  });
}

class RowGroup {
public:
  RowGroup(OpBuilder &builder, ArrayRef<Row> rows, const VectorTarget &target)
      : b(builder), rows(rows), loc(this->rows.front().op.getLoc()), lanes(target.lanes),
        unroll(target.unroll) {
    masked = true;
    for (Row &row : this->rows)
      inspect(row, target);
  }

  void emit() {
    int64_t width = lanes * unroll;
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value end = getValueOrCreateConstantIndexOp(b, loc, rows.front().extent);
    std::optional<int64_t> extent = getConstantIntValue(rows.front().extent);
    for (Row &row : rows)
      loadUniforms(row);
    SmallVector<Value> carried = neutrals(width);
    Value mainEnd =
        extent ? Value(arith::ConstantIndexOp::create(b, loc, *extent - *extent % width))
               : Value(arith::AndIOp::create(b, loc, end,
                                             arith::ConstantIndexOp::create(b, loc, -width)));
    if (!extent || *extent >= width)
      carried = loop(zero, mainEnd, width, Value(), carried);
    carried = narrow(carried);
    if (!extent || *extent % width)
      carried = tail(mainEnd, end, extent, carried);
    unsigned next = 0;
    for (Row &row : rows)
      for (unsigned k = 0; row.reduces && k < row.op.getNumDpsInits(); ++k)
        finish(row, k, carried[next++]);
    for (Row &row : rows)
      row.op->erase();
  }

private:
  OpBuilder &b;
  SmallVector<Row> rows;
  Location loc;
  int64_t lanes, unroll;
  bool masked; // are all element types fit for masked moves?
  DenseMap<OpOperand *, Value> uniform;

  void inspect(Row &row, const VectorTarget &target) {
    if (isHeavy(row.op))
      unroll = std::min<int64_t>(unroll, 2);
    bool gathers =
        llvm::any_of(*row.op.getBlock(), [](Operation &op) { return isa<memref::LoadOp>(op); });
    for (OpOperand &operand : row.op->getOpOperands()) {
      Motion motion = row.motionOf(operand);
      if (motion == Motion::Uniform)
        continue;
      Type element = getElementTypeOrSelf(operand.get().getType());
      unsigned bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
      gathers |= motion == Motion::Strided;
      masked &= target.hasMaskedMoves(bits) &&
                (motion == Motion::Contiguous || !row.op.isDpsInit(&operand));
      if (bits > 32)
        lanes = std::max<int64_t>(2, target.lanes / 2);
    }
    if (gathers)
      unroll = 1;
  }

  SmallVector<Value> indices(Row &row, OpOperand &operand, Value i) {
    return indicesOf(b, row, row.op.getMatchingIndexingMap(&operand), i);
  }

  void loadUniforms(Row &row) {
    if (!row.inner.empty())
      return; // they may move with the inner reductions: loaded there
    for (OpOperand *input : row.op.getDpsInputOperands())
      if (isa<MemRefType>(input->get().getType()) && row.motionOf(*input) == Motion::Uniform &&
          !row.op.getMatchingBlockArgument(input).use_empty())
        uniform[input] =
            memref::LoadOp::create(b, loc, input->get(), indices(row, *input, Value()));
  }

  SmallVector<Value> neutrals(int64_t width) {
    SmallVector<Value> values;
    for (Row &row : rows)
      for (unsigned k = 0; row.reduces && k < row.op.getNumDpsInits(); ++k) {
        Operation *combiner = combinerOf(row.op, k);
        Type type = row.op.getRegionOutputArgs()[k].getType();
        TypedAttr neutral;
        if (isMaxNum(combiner)) // upstream's neutral element is a NaN
          neutral = b.getFloatAttr(type, APFloat::getInf(cast<FloatType>(type).getFloatSemantics(),
                                                         isa<arith::MaxNumFOp>(combiner)));
        else
          neutral = *arith::getNeutralElement(combiner);
        values.push_back(arith::ConstantOp::create(
            b, loc, DenseElementsAttr::get(VectorType::get({width}, type), Attribute(neutral))));
      }
    return values;
  }

  // The last operand is the accumulator, as the lowering of maxnumf keeps NaN out of it.
  Value combine(Operation *combiner, Value value, Value accumulator) {
    OperationState state(loc, combiner->getName(), {value, accumulator}, {value.getType()},
                         combiner->getAttrs());
    state.propertiesAttr = combiner->getPropertiesAsAttribute();
    return b.create(state)->getResult(0);
  }

  template <class Fn>
  void forEachCarried(MutableArrayRef<Value> carried, Fn fn) {
    unsigned next = 0;
    for (Row &row : rows)
      for (unsigned k = 0; row.reduces && k < row.op.getNumDpsInits(); ++k, ++next)
        carried[next] = fn(combinerOf(row.op, k), carried[next]);
  }

  // Accumulators of `unroll` registers to one register each.
  SmallVector<Value> narrow(SmallVector<Value> carried) {
    if (unroll == 1)
      return carried;
    forEachCarried(carried, [&](Operation *combiner, Value wide) {
      SmallVector<Value> parts;
      for (int64_t u = 0; u < unroll; ++u)
        parts.push_back(
            vector::ExtractStridedSliceOp::create(b, loc, wide, ArrayRef<int64_t>{u * lanes},
                                                  ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1}));
      for (; parts.size() > 1; parts.resize(parts.size() / 2))
        for (size_t j = 0; j < parts.size() / 2; ++j)
          parts[j] = combine(combiner, parts[j], parts[j + parts.size() / 2]);
      return parts[0];
    });
    return carried;
  }

  Value reduce(Operation *combiner, Value accumulator) {
    // No NaN ever enters an accumulator of maxnumf, so nnan is sound; without it the reduction is a
    // slow tree.
    auto flags = arith::FastMathFlags::reassoc;
    if (isMaxNum(combiner))
      flags = flags | arith::FastMathFlags::nnan;
    if (!isa<FloatType>(getElementTypeOrSelf(accumulator.getType())))
      flags = arith::FastMathFlags::none;
    return vector::ReductionOp::create(b, loc, kindOf(combiner), accumulator, flags);
  }

  // What is left of the row after the main loop, fewer elements than it takes in a step.
  SmallVector<Value> tail(Value from, Value to, std::optional<int64_t> extent,
                          SmallVector<Value> carried) {
    if (extent && *extent % lanes == 0)
      return loop(from, to, lanes, Value(), carried);
    if (masked)
      return loop(from, to, lanes, to, carried);
    Value middle = from;
    if (unroll > 1 || extent) {
      middle = arith::AndIOp::create(b, loc, to, arith::ConstantIndexOp::create(b, loc, -lanes));
      carried = loop(from, middle, lanes, Value(), carried);
    }
    forEachCarried(carried, [&](Operation *combiner, Value accumulator) {
      Value scalar = reduce(combiner, accumulator);
      return vector::BroadcastOp::create(b, loc, VectorType::get({1}, scalar.getType()), scalar);
    });
    return loop(middle, to, 1, Value(), carried);
  }

  void finish(Row &row, unsigned k, Value accumulator) {
    Operation *combiner = combinerOf(row.op, k);
    Value value = reduce(combiner, accumulator);
    OpOperand *init = row.op.getDpsInitOperand(k);
    SmallVector<Value> at = indices(row, *init, Value());
    Value old = memref::LoadOp::create(b, loc, init->get(), at);
    memref::StoreOp::create(b, loc, combine(combiner, value, old), init->get(), at);
  }

  // for i in [from, to) step width: every row's body; with `limit`, lanes at or above it are off.
  SmallVector<Value> loop(Value from, Value to, int64_t width, Value limit, ValueRange carried) {
    Value step = arith::ConstantIndexOp::create(b, loc, width);
    auto body = [&](OpBuilder &, Location, Value i, ValueRange accumulators) {
      RowBody emitter(b, width, i, Value(), uniform);
      if (limit)
        emitter.mask =
            vector::CreateMaskOp::create(b, loc, VectorType::get({width}, b.getI1Type()),
                                         ValueRange{arith::SubIOp::create(b, loc, limit, i)});
      SmallVector<Value> next;
      for (Row &row : rows) {
        unsigned count = row.reduces ? row.op.getNumDpsInits() : 0;
        ValueRange mine = accumulators.slice(next.size(), count);
        llvm::append_range(next, emitter.emit(row, mine));
      }
      scf::YieldOp::create(b, loc, next);
    };
    OpBuilder::InsertionGuard guard(b);
    return scf::ForOp::create(b, loc, from, to, step, carried,
                              [&](OpBuilder &nested, Location l, Value i, ValueRange accumulators) {
                                OpBuilder::InsertionGuard inside(b);
                                b.restoreInsertionPoint(nested.saveInsertionPoint());
                                body(b, l, i, accumulators);
                              })
        .getResults();
  }
};

} // namespace

void emitRows(OpBuilder &builder, ArrayRef<Row> rows, const VectorTarget &target) {
  RowGroup(builder, rows, target).emit();
}

void emitScalar(OpBuilder &builder, Row row) {
  Location loc = row.op.getLoc();
  IRMapping map;
  for (OpOperand &operand : row.op->getOpOperands()) {
    Value value = operand.get();
    BlockArgument argument = row.op.getMatchingBlockArgument(&operand);
    if (isa<MemRefType>(value.getType()) && !argument.use_empty())
      value = memref::LoadOp::create(
          builder, loc, value,
          indicesOf(builder, row, row.op.getMatchingIndexingMap(&operand), Value()));
    map.map(argument, value);
  }
  for (Operation &op : row.op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op))
      map.map(index.getResult(), row.at[index.getDim()]);
    else
      builder.clone(op, map);
  }
  for (auto [k, yielded] : llvm::enumerate(row.op.getBlock()->getTerminator()->getOperands())) {
    OpOperand *init = row.op.getDpsInitOperand(k);
    memref::StoreOp::create(builder, loc, map.lookupOrDefault(yielded), init->get(),
                            indicesOf(builder, row, row.op.getMatchingIndexingMap(init), Value()));
  }
  row.op->erase();
}

} // namespace tilewright
