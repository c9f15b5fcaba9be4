//===- Match.cpp - looking through the spellings of exporters -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Match.h"
#include "dialects/Xf/IR/Fold.h"
#include <cmath>

namespace mlir::xf {

std::optional<double> splatOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<ReshapeOp, BroadcastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return splatOf(op->getOperand(0));
  auto cast = dyn_cast_or_null<CastOp>(op);
  if (!cast)
    return splatNumberOf(value);
  std::optional<double> splat = splatOf(cast.getInput());
  return splat ? castNumber(*splat, getElementTypeOrSelf(cast.getInput()),
                            getElementTypeOrSelf(cast.getType()))
               : std::nullopt;
}

bool isClose(double a, double b, Type element) {
  int precision = cast<FloatType>(element).getFPMantissaWidth();
  return std::abs(a - b) <= std::max(1e-4, std::ldexp(1, 1 - precision)) * std::abs(b);
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

Type commonFloat(Type a, Type b) {
  if (a == b)
    return a;
  return a.isF64() || b.isF64() ? Type(Float64Type::get(a.getContext()))
                                : Type(Float32Type::get(a.getContext()));
}

Value withElements(OpBuilder &builder, Value value, Type element) {
  RankedTensorType type = tensorTypeOf(value);
  if (type.getElementType() == element)
    return value;
  return CastOp::create(builder, value.getLoc(), type.clone(element), value);
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
