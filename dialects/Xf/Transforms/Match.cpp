//===- Match.cpp - looking through the spellings of exporters -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Match.h"
#include "mlir/IR/Matchers.h"

namespace mlir::xf {

std::optional<double> splatOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ReshapeOp, BroadcastOp, CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  if (elements.getElementType().isInteger(1))
    return elements.getSplatValue<bool>() ? 1.0 : 0.0;
  return static_cast<double>(elements.getSplatValue<APInt>().getSExtValue());
}

bool isClose(double a, double b) {
  return std::abs(a - b) <= 1e-4 * std::abs(b);
}

bool isSplat(Value value, double number) {
  std::optional<double> splat = splatOf(value);
  return splat && isClose(*splat, number);
}

UnaryOp unaryOf(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

BinaryOp binaryOf(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

Value inputOf(Value value, UnaryKind kind) {
  UnaryOp op = unaryOf(value, kind);
  return op ? op.getInput() : Value();
}

std::optional<WithScalar> withScalar(Value value, BinaryKind kind) {
  BinaryOp op = binaryOf(value, kind);
  if (!op)
    return std::nullopt;
  if (std::optional<double> scalar = splatOf(op.getRhs());
      scalar && op.getLhs().getType() == op.getType())
    return WithScalar{op.getLhs(), *scalar};
  bool commutes = kind == BinaryKind::add || kind == BinaryKind::mul || kind == BinaryKind::max ||
                  kind == BinaryKind::min;
  if (!commutes)
    return std::nullopt;
  if (std::optional<double> scalar = splatOf(op.getLhs());
      scalar && op.getRhs().getType() == op.getType())
    return WithScalar{op.getRhs(), *scalar};
  return std::nullopt;
}

std::optional<WithScalar> peelFactor(Value value) {
  if (std::optional<WithScalar> product = withScalar(value, BinaryKind::mul))
    return product;
  if (std::optional<WithScalar> quotient = withScalar(value, BinaryKind::div);
      quotient && quotient->scalar != 0 && isa<FloatType>(tensorTypeOf(value).getElementType()))
    return WithScalar{quotient->other, 1 / quotient->scalar};
  if (Value negated = inputOf(value, UnaryKind::neg))
    return WithScalar{negated, -1};
  return std::nullopt;
}

WithScalar peelFactors(Value value) {
  WithScalar all{value, 1};
  while (std::optional<WithScalar> one = peelFactor(all.other))
    all = {one->other, all.scalar * one->scalar};
  return all;
}

Value underRoot(Value value) {
  if (Value x = inputOf(value, UnaryKind::sqrt))
    return x;
  std::optional<WithScalar> power = withScalar(value, BinaryKind::pow);
  return power && power->scalar == 0.5 ? power->other : Value();
}

Value underInverseRoot(Value value) {
  if (Value x = inputOf(value, UnaryKind::rsqrt))
    return x;
  if (Value root = inputOf(value, UnaryKind::reciprocal))
    return underRoot(root);
  if (BinaryOp quotient = binaryOf(value, BinaryKind::div);
      quotient && splatOf(quotient.getLhs()) == 1.0)
    return underRoot(quotient.getRhs());
  std::optional<WithScalar> power = withScalar(value, BinaryKind::pow);
  return power && power->scalar == -0.5 ? power->other : Value();
}

Value underSquare(Value value) {
  if (BinaryOp product = binaryOf(value, BinaryKind::mul))
    return product.getLhs() == product.getRhs() ? product.getLhs() : Value();
  std::optional<WithScalar> power = withScalar(value, BinaryKind::pow);
  return power && power->scalar == 2 ? power->other : Value();
}

bool areTrailing(ArrayRef<int64_t> axes, int64_t rank) {
  if (axes.empty())
    return false;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  for (auto [i, axis] : llvm::enumerate(sorted))
    if (axis != rank - static_cast<int64_t>(sorted.size() - i))
      return false;
  return true;
}

} // namespace mlir::xf
