//===- RopeTables.cpp - cos and sin tables in the form of xf.rope -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/RopeTables.h"
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Views.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::xf {

// Entry k of a row of 2r that belongs to pair i as its member j.
static int64_t positionInRow(int64_t i, int64_t j, int64_t r, bool interleaved) {
  return interleaved ? 2 * i + j : i + j * r;
}

static Value constantOnePerPair(OpBuilder &builder, Value table, DenseElementsAttr elements,
                                bool interleaved) {
  SmallVector<Attribute> all(elements.getValues<Attribute>()), once;
  int64_t width = shapeOf(table).back(), r = width / 2;
  for (int64_t row = 0, rows = all.size() / width; row < rows; ++row)
    for (int64_t i = 0; i < r; ++i) {
      Attribute *entries = &all[row * width];
      if (entries[positionInRow(i, 0, r, interleaved)] !=
          entries[positionInRow(i, 1, r, interleaved)])
        return {};
      once.push_back(entries[positionInRow(i, 0, r, interleaved)]);
    }
  SmallVector<int64_t> shape(shapeOf(table));
  shape.back() = r;
  auto type = RankedTensorType::get(shape, elements.getElementType());
  return arith::ConstantOp::create(builder, table.getLoc(), DenseElementsAttr::get(type, once));
}

// f of which `table` is concat(f, f), or of which it is the interleaved repetition [.., r, 1] ->
// [.., r, 2] -> [.., 2r].
static Value doubledValue(OpBuilder &builder, Value table, bool interleaved) {
  auto isPairOf = [](tensor::ConcatOp concat) {
    return concat && concat.getInputs().size() == 2 &&
           concat.getInputs()[0] == concat.getInputs()[1] &&
           static_cast<int64_t>(concat.getDim()) == concat.getType().getRank() - 1;
  };
  if (!interleaved) {
    auto concat = table.getDefiningOp<tensor::ConcatOp>();
    return isPairOf(concat) ? concat.getInputs()[0] : Value();
  }
  auto flat = table.getDefiningOp<ReshapeOp>();
  Operation *repeat = flat ? flat.getInput().getDefiningOp() : nullptr;
  if (!repeat || !isa<tensor::ConcatOp, BroadcastOp>(repeat))
    return {};
  if (auto concat = dyn_cast<tensor::ConcatOp>(repeat); concat && !isPairOf(concat))
    return {};
  Value once = repeat->getOperand(0); // [.., r, 1]
  ArrayRef<int64_t> shape = shapeOf(once), repeated = shapeOf(repeat->getResult(0));
  if (shape.size() != repeated.size() || shape.back() != 1 || repeated.back() != 2 ||
      shape.drop_back() != repeated.drop_back())
    return {};
  // Neighbours are equal under whatever sizes.
  SmallVector<OpFoldResult> sizes = flat.getMixedSizes();
  sizes.back() = builder.getIndexAttr(shapeOf(table).back() / 2);
  return reshaped(builder, table.getLoc(), once, sizes);
}

// The same op on operands of r entries a row.
static Value rebuilt(OpBuilder &builder, Operation *op, bool interleaved) {
  Location loc = op->getLoc();
  int64_t width = shapeOf(op->getResult(0)).back();
  auto half = [&](Value operand) { return onePerPair(builder, operand, interleaved); };
  // An operand that is broadcast along the row is the same for half of it.
  auto repeatedOrHalf = [&](Value operand) {
    bool repeats = shapeOf(operand).empty() || shapeOf(operand).back() == 1;
    return repeats ? operand : half(operand);
  };
  auto halved = [&](SmallVector<OpFoldResult> sizes) {
    sizes.back() = builder.getIndexAttr(width / 2);
    return sizes;
  };
  Value input = op->getNumOperands() ? op->getOperand(0) : Value();
  bool keepsRows = input && isa<RankedTensorType>(input.getType()) && !shapeOf(input).empty() &&
                   shapeOf(input).back() == width;
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](UnaryOp unary) -> Value {
        Value x = half(input);
        return x ? UnaryOp::create(builder, loc, unary.getKind(), x) : Value();
      })
      .Case([&](CastOp cast) -> Value {
        Value x = half(input);
        return x ? CastOp::create(builder, loc,
                                  tensorTypeOf(x).clone(cast.getType().getElementType()), x)
                 : Value();
      })
      .Case([&](BinaryOp binary) -> Value {
        Value lhs = repeatedOrHalf(binary.getLhs()), rhs = repeatedOrHalf(binary.getRhs());
        return lhs && rhs ? BinaryOp::create(builder, loc, binary.getKind(), lhs, rhs) : Value();
      })
      .Case([&](ReshapeOp reshape) -> Value {
        Value x = keepsRows ? half(input) : Value();
        return x ? reshaped(builder, loc, x, halved(reshape.getMixedSizes())) : Value();
      })
      .Case([&](BroadcastOp broadcast) -> Value {
        Value x = repeatedOrHalf(input);
        return x ? BroadcastOp::create(builder, loc, x, halved(broadcast.getMixedSizes()))
                 : Value();
      })
      .Case([&](TransposeOp transpose) -> Value {
        bool lastStays = transpose.getPerm().back() == transpose.getType().getRank() - 1;
        Value x = lastStays ? half(input) : Value();
        return x ? TransposeOp::create(builder, loc, x, transpose.getPerm()) : Value();
      })
      .Case([&](GatherOp gather) -> Value {
        bool lastStays = static_cast<int64_t>(gather.getAxis()) < tensorTypeOf(input).getRank() - 1;
        Value x = lastStays ? half(input) : Value();
        return x ? GatherOp::create(builder, loc, x, gather.getIndices(), gather.getAxis())
                 : Value();
      })
      .Case([&](tensor::ExtractSliceOp slice) -> Value {
        Value x = keepsRows && slice.getSourceType().getRank() == slice.getType().getRank()
                      ? half(input)
                      : Value();
        return x ? tensor::ExtractSliceOp::create(builder, loc, x, slice.getMixedOffsets(),
                                                  halved(slice.getMixedSizes()),
                                                  slice.getMixedStrides())
                 : Value();
      })
      .Default([](Operation *) { return Value(); });
}

Value onePerPair(OpBuilder &builder, Value table, bool interleaved) {
  if (shapeOf(table).empty() || ShapedType::isDynamic(shapeOf(table).back()) ||
      shapeOf(table).back() == 0 || shapeOf(table).back() % 2)
    return {};
  DenseElementsAttr elements;
  if (matchPattern(table, m_Constant(&elements)))
    return constantOnePerPair(builder, table, elements, interleaved);
  if (Value once = doubledValue(builder, table, interleaved))
    return once;
  Operation *op = table.getDefiningOp();
  return op ? rebuilt(builder, op, interleaved) : Value();
}

Value tableOf(OpBuilder &builder, Value table, bool headsLast, int64_t rows, int64_t r) {
  ArrayRef<int64_t> shape = shapeOf(table);
  int64_t rank = shape.size(), rowDim = rank - (headsLast ? 3 : 2),
          headDim = rank - (headsLast ? 2 : 3);
  if (rank > 4 || rowDim < 0 || shape.back() != r || shape[rowDim] != rows ||
      (headDim >= 0 && shape[headDim] != 1))
    return {};
  // Dimensions of [b, h, s, r] that the table does not have repeat it.
  SmallVector<OpFoldResult> all = dimsOf(builder, table.getLoc(), table);
  OpFoldResult batch = rank == 4 ? all[0] : OpFoldResult(builder.getIndexAttr(1));
  return reshaped(builder, table.getLoc(), table, {batch, all[rowDim], all.back()});
}

} // namespace mlir::xf
