//===- Diagonals.cpp - masks that depend on column minus row -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Diagonals.h"
#include "dialects/Xf/IR/Evaluator.h"
#include "dialects/Xf/IR/Fold.h"
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Match.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace mlir::xf {
namespace {

// start + index along one dimension, counted from the last, which is not of size 1; without an axis
// all elements are `start`.
struct Positions {
  SizeForm start;
  std::optional<int64_t> axis;
};

// Element types in which positions do not wrap or round.
bool holdsPositions(Type type) {
  return type.isIndex() ||
         (type.isIntOrFloat() && type.getIntOrFloatBitWidth() >= 32 && !type.isUnsignedInteger());
}

// Neighbouring equal values become one. Masks with a NaN, which is unequal to itself, are none.
std::optional<Diagonals> simplified(const Diagonals &input) {
  Diagonals result{{}, {input.values.front()}};
  for (size_t i = 0; i < input.limits.size(); ++i)
    if (input.values[i + 1] != result.values.back()) {
      result.limits.push_back(input.limits[i]);
      result.values.push_back(input.values[i + 1]);
    }
  if (llvm::any_of(input.values, [](double value) { return std::isnan(value); }))
    return std::nullopt;
  return result;
}

// A constant matrix, with leading dimensions of size 1.
std::optional<Diagonals> constantDiagonals(DenseElementsAttr elements) {
  ArrayRef<int64_t> shape = elements.getType().getShape();
  if (shape.size() < 2 || llvm::any_of(shape.drop_back(2), [](int64_t size) { return size != 1; }))
    return std::nullopt;
  std::optional<SmallVector<double>> numbers = numbersOf(elements);
  if (!numbers || numbers->empty())
    return std::nullopt;
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  Diagonals result;
  for (int64_t d = 1 - rows; d < columns; ++d) {
    int64_t first = std::max<int64_t>(0, -d);
    double value = (*numbers)[first * columns + first + d];
    for (int64_t i = first; i < rows && i + d < columns; ++i)
      if ((*numbers)[i * columns + i + d] != value)
        return std::nullopt;
    result.values.push_back(value);
    if (d > 1 - rows)
      result.limits.push_back(d - 1);
  }
  return simplified(result);
}

// Masks are built in many steps and read again and again: each value is looked at once.
class Finder {
public:
  Finder(OpBuilder &builder, SizeForms &sizes) : builder(builder), sizes(sizes) {}

  std::optional<Diagonals> diagonalsOf(Value value) {
    if (auto it = knownDiagonals.find(value); it != knownDiagonals.end())
      return it->second;
    return knownDiagonals[value] = findDiagonals(value);
  }

private:
  std::optional<Positions> positionsOf(Value value) {
    if (auto it = knownPositions.find(value); it != knownPositions.end())
      return it->second;
    std::optional<Positions> positions = findPositions(value);
    if (positions && positions->axis && shapeOf(value).drop_back(*positions->axis).back() == 1)
      positions->axis = std::nullopt; // index 0
    return knownPositions[value] = positions;
  }

  bool hasSameSize(Value a, Value b, int64_t fromEnd) {
    int64_t i = shapeOf(a).size() - 1 - fromEnd, j = shapeOf(b).size() - 1 - fromEnd;
    if (i < 0 || j < 0)
      return false;
    return sizes.of(dimOf(builder, a.getLoc(), a, i)) == sizes.of(dimOf(builder, b.getLoc(), b, j));
  }

  // A vector with dimensions of size 1 around it, before and after.
  std::optional<Positions> reshapedPositions(ReshapeOp reshape) {
    std::optional<Positions> input = positionsOf(reshape.getInput());
    if (!input || !input->axis)
      return input;
    auto isLong = [](int64_t size) { return size != 1; };
    ArrayRef<int64_t> shape = shapeOf(reshape);
    if (llvm::count_if(shapeOf(reshape.getInput()), isLong) != 1 ||
        llvm::count_if(shape, isLong) > 1)
      return std::nullopt;
    const int64_t *dim = llvm::find_if(shape, isLong);
    if (dim == shape.end())
      return Positions{input->start, {}};
    return Positions{input->start, shape.end() - dim - 1};
  }

  std::optional<Positions> findPositions(Value value) {
    if (std::optional<double> splat = splatOf(value))
      return *splat == std::floor(*splat) && std::abs(*splat) < 0x1p53
                 ? std::optional(Positions{static_cast<int64_t>(*splat), {}})
                 : std::nullopt;
    Operation *op = value.getDefiningOp();
    if (!op || !holdsPositions(getElementTypeOrSelf(value)))
      return std::nullopt;
    return TypeSwitch<Operation *, std::optional<Positions>>(op)
        .Case([&](IotaOp iota) { return Positions{sizes.of(iota.getStart()), 0}; })
        .Case([&](tensor::FromElementsOp scalar) -> std::optional<Positions> {
          if (scalar.getElements().size() != 1 || !scalar.getElements()[0].getType().isIntOrIndex())
            return std::nullopt;
          return Positions{sizes.of(scalar.getElements()[0]), {}};
        })
        .Case([&](CastOp cast) { return positionsOf(cast.getInput()); })
        .Case([&](ReshapeOp reshape) { return reshapedPositions(reshape); })
        .Case([&](BroadcastOp broadcast) -> std::optional<Positions> {
          std::optional<Positions> input = positionsOf(broadcast.getInput());
          bool keepsAxis =
              !input || !input->axis || hasSameSize(broadcast.getInput(), value, *input->axis);
          return keepsAxis ? input : std::nullopt;
        })
        .Case([&](tensor::ExtractSliceOp slice) -> std::optional<Positions> {
          std::optional<Positions> input = positionsOf(slice.getSource());
          if (!input || slice.getSourceType().getRank() != 1 || slice.getType().getRank() != 1 ||
              getConstantIntValue(slice.getMixedStrides()[0]) != 1)
            return std::nullopt;
          return Positions{input->axis ? input->start + sizes.of(slice.getMixedOffsets()[0])
                                       : input->start,
                           input->axis};
        })
        .Case([&](BinaryOp binary) -> std::optional<Positions> {
          std::optional<Positions> a = positionsOf(binary.getLhs()),
                                   b = positionsOf(binary.getRhs());
          if (!a || !b || (a->axis && b->axis))
            return std::nullopt;
          if (binary.getKind() == BinaryKind::add)
            return Positions{a->start + b->start, a->axis ? a->axis : b->axis};
          if (binary.getKind() == BinaryKind::sub && !b->axis)
            return Positions{a->start - b->start, a->axis};
          return std::nullopt;
        })
        .Default([](Operation *) { return std::nullopt; });
  }

  // The op on every interval between the limits of all operands; none when their order is not
  // known.
  std::optional<Diagonals> pointwise(Operation *op, ArrayRef<Diagonals> operands) {
    Formula formula = formulaOf(op);
    if (!formula)
      return std::nullopt;
    auto evaluatorOf = [](Value value) { return Evaluator(getElementTypeOrSelf(value)); };
    SmallVector<size_t> at(operands.size(), 0);
    auto current = [&] {
      SmallVector<Number> x;
      for (auto [k, operand] : llvm::enumerate(op->getOperands()))
        x.push_back(evaluatorOf(operand).number(operands[k].values[at[k]]));
      Evaluator result = evaluatorOf(op->getResult(0));
      return result.toDouble(result.rounded(formula(x)));
    };
    Diagonals result{{}, {current()}};
    while (true) {
      std::optional<SizeForm> next;
      for (auto [k, operand] : llvm::enumerate(operands)) {
        if (at[k] == operand.limits.size())
          continue;
        const SizeForm &limit = operand.limits[at[k]];
        if (!next || sizes.isAtMost(limit, *next))
          next = limit;
        else if (!sizes.isAtMost(*next, limit))
          return std::nullopt;
      }
      if (!next)
        return simplified(result);
      for (auto [k, operand] : llvm::enumerate(operands))
        if (at[k] < operand.limits.size() && operand.limits[at[k]] == *next)
          ++at[k];
      result.limits.push_back(*next);
      result.values.push_back(current());
    }
  }

  // An elementwise op. Operands that are not splats have the rows and columns of the result, or
  // rows would be repeated.
  std::optional<Diagonals> elementwise(Operation *op) {
    SmallVector<Diagonals> operands;
    for (Value operand : op->getOperands()) {
      std::optional<Diagonals> diagonals = diagonalsOf(operand);
      if (!diagonals)
        return std::nullopt;
      if (!diagonals->limits.empty() && (!hasSameSize(operand, op->getResult(0), 0) ||
                                         !hasSameSize(operand, op->getResult(0), 1)))
        return std::nullopt;
      operands.push_back(*diagonals);
    }
    return pointwise(op, operands);
  }

  // row + i ? column + j as a condition on j - i.
  std::optional<Diagonals> comparedPositions(CompareOp compare) {
    std::optional<Positions> row = positionsOf(compare.getLhs()),
                             column = positionsOf(compare.getRhs());
    if (!row || !column || shapeOf(compare).size() < 2)
      return std::nullopt;
    CompareKind kind = compare.getKind();
    if (row->axis == 0) {
      std::swap(row, column);
      kind = kind == CompareKind::lt   ? CompareKind::gt
             : kind == CompareKind::gt ? CompareKind::lt
             : kind == CompareKind::le ? CompareKind::ge
             : kind == CompareKind::ge ? CompareKind::le
                                       : kind;
    }
    // A single row has index 0, whatever it is compared with.
    bool isRow = row->axis == 1 || (!row->axis && shapeOf(compare).drop_back().back() == 1);
    if (!isRow || column->axis != 0)
      return std::nullopt;
    SizeForm offset = row->start - column->start;
    switch (kind) {
    case CompareKind::ge:
      return Diagonals{{offset}, {1, 0}};
    case CompareKind::gt:
      return Diagonals{{offset - 1}, {1, 0}};
    case CompareKind::le:
      return Diagonals{{offset - 1}, {0, 1}};
    case CompareKind::lt:
      return Diagonals{{offset}, {0, 1}};
    case CompareKind::eq:
      return Diagonals{{offset - 1, offset}, {0, 1, 0}};
    case CompareKind::ne:
      return Diagonals{{offset - 1, offset}, {1, 0, 1}};
    }
    llvm_unreachable("all kinds are covered");
  }

  // [v .. v, d]: a matrix widened by columns to its left, which continue its lowest diagonals.
  std::optional<Diagonals> widenedDiagonals(tensor::ConcatOp concat) {
    int64_t rank = concat.getType().getRank();
    if (concat.getInputs().size() != 2 || static_cast<int64_t>(concat.getDim()) != rank - 1)
      return std::nullopt;
    Value left = concat.getInputs()[0];
    std::optional<double> filler = splatOf(left);
    std::optional<Diagonals> right = diagonalsOf(concat.getInputs()[1]);
    if (!filler || !right || *filler != right->values.front())
      return std::nullopt;
    // Row 0 has the widest run of the lowest value: its columns 0 .. width − 1 are diagonals up to
    // width − 1.
    if (!right->limits.empty() && !sizes.isNonNegative(right->limits.front() + 1))
      return std::nullopt;
    SizeForm width = sizes.of(dimOf(builder, concat.getLoc(), left, rank - 1));
    for (SizeForm &limit : right->limits)
      limit = limit + width;
    return right;
  }

  std::optional<Diagonals> slicedDiagonals(tensor::ExtractSliceOp slice) {
    int64_t rank = slice.getSourceType().getRank();
    std::optional<Diagonals> source = diagonalsOf(slice.getSource());
    if (!source || rank < 2 || slice.getType().getRank() != rank ||
        llvm::any_of(
            slice.getMixedStrides(),
            [](OpFoldResult stride) { return getConstantIntValue(stride) != 1; }))
      return std::nullopt;
    // (i + row, j + column) is on diagonal (j − i) + (column − row).
    SizeForm shift =
        sizes.of(slice.getMixedOffsets()[rank - 2]) - sizes.of(slice.getMixedOffsets()[rank - 1]);
    for (SizeForm &limit : source->limits)
      limit = limit + shift;
    return source;
  }

  std::optional<Diagonals> findDiagonals(Value value) {
    if (std::optional<double> splat = splatOf(value))
      return Diagonals{{}, {*splat}};
    DenseElementsAttr elements;
    if (matchPattern(value, m_Constant(&elements)))
      return constantDiagonals(elements);
    Operation *op = value.getDefiningOp();
    if (!op)
      return std::nullopt;
    return TypeSwitch<Operation *, std::optional<Diagonals>>(op)
        .Case([&](CompareOp compare) {
          std::optional<Diagonals> positions = comparedPositions(compare);
          return positions ? positions : elementwise(op);
        })
        .Case<UnaryOp, BinaryOp, SelectOp, CastOp>([&](auto) { return elementwise(op); })
        .Case<ReshapeOp, BroadcastOp>([&](auto) -> std::optional<Diagonals> {
          if (!hasSameSize(op->getOperand(0), value, 0) ||
              !hasSameSize(op->getOperand(0), value, 1))
            return std::nullopt;
          return diagonalsOf(op->getOperand(0));
        })
        .Case([&](tensor::ConcatOp concat) { return widenedDiagonals(concat); })
        .Case([&](tensor::ExtractSliceOp slice) { return slicedDiagonals(slice); })
        .Default([](Operation *) { return std::nullopt; });
  }

  OpBuilder &builder;
  SizeForms &sizes;
  llvm::DenseMap<Value, std::optional<Positions>> knownPositions;
  llvm::DenseMap<Value, std::optional<Diagonals>> knownDiagonals;
};
} // namespace

std::optional<Diagonals> diagonalsOf(OpBuilder &builder, SizeForms &sizes, Value value) {
  return Finder(builder, sizes).diagonalsOf(value);
}

} // namespace mlir::xf
