//===- XfElementwise.cpp - one element in, one element out -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "dialects/Xf/IR/Fold.h"

using namespace mlir;
using namespace mlir::xf;

// The broadcast of `values` as the shape of the only result.
static LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange values, Type element,
                                    SmallVectorImpl<Type> &types) {
  SmallVector<int64_t> shape;
  for (Value value : values) {
    FailureOr<SmallVector<int64_t>> next = broadcastShapes(shape, shapeOf(value));
    if (failed(next))
      return emitOptionalError(loc, "expects shapes that broadcast, got ", values.getTypes());
    shape = *next;
  }
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

//===----------------------------------------------------------------------===//
// unary
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                        Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  bool test = adaptor.getKind() == UnaryKind::is_nan || adaptor.getKind() == UnaryKind::is_inf;
  types.push_back(test ? type.clone(IntegerType::get(context, 1)) : type);
  return success();
}

// Kinds that exist on integers too; the others take floats.
static bool takesIntegers(UnaryKind kind) {
  return kind == UnaryKind::abs || kind == UnaryKind::neg || kind == UnaryKind::relu ||
         kind == UnaryKind::sign;
}

LogicalResult UnaryOp::verify() {
  Type element = getElementTypeOrSelf(getInput());
  if (getKind() == UnaryKind::logical_not)
    return element.isInteger(1) ? success()
                                : emitOpError("expects elements of i1, got ") << element;
  bool number = isa<IntegerType>(element) && !element.isInteger(1);
  if (isa<FloatType>(element) || (number && takesIntegers(getKind())))
    return success();
  return emitOpError("expects ") << stringifyUnaryKind(getKind()) << " of floats"
                                 << (takesIntegers(getKind()) ? " or integers" : "") << ", got "
                                 << element;
}

FailureOr<OpFoldResult> UnaryOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

FailureOr<SmallVector<Value>> UnaryOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  bool isUnsigned = getElementTypeOrSelf(getInput()).isUnsignedInteger();
  Value result =
      d.map(getInput(), d.sizesOf(getInput()), getElementTypeOrSelf(getType()),
            [&](Scalars &s, ValueRange x) { return s.unary(getKind(), x[0], isUnsigned); });
  return SmallVector<Value>{d.as(getType(), result)};
}

OpFoldResult UnaryOp::fold(FoldAdaptor adaptor) {
  UnaryKind kind = getKind();
  if (auto inner = getInput().getDefiningOp<UnaryOp>();
      inner && inner.getKind() == kind && inner.getType() == getType()) {
    if (kind == UnaryKind::neg || kind == UnaryKind::logical_not)
      return inner.getInput().getType() == getType() ? inner.getInput() : Value();
    if (kind == UnaryKind::abs || kind == UnaryKind::relu || kind == UnaryKind::sign)
      return inner.getResult();
  }
  return foldUnary(kind, adaptor.getInput(), cast<RankedTensorType>(getType()));
}

//===----------------------------------------------------------------------===//
// binary
//===----------------------------------------------------------------------===//

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), getElementTypeOrSelf(adaptor.getLhs()), types);
}

static bool isLogical(BinaryKind kind) {
  return kind == BinaryKind::logical_and || kind == BinaryKind::logical_or ||
         kind == BinaryKind::logical_xor;
}

LogicalResult BinaryOp::verify() {
  Type element = getElementTypeOrSelf(getLhs());
  if (isLogical(getKind()))
    return isa<IntegerType>(element)
               ? success()
               : emitOpError("expects elements of i1, or integers for their bits, got ") << element;
  if (isa<FloatType, IntegerType>(element) && !element.isInteger(1))
    return success();
  return emitOpError("expects ") << stringifyBinaryKind(getKind()) << " of floats or integers, got "
                                 << element;
}

FailureOr<OpFoldResult> BinaryOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return broadcastSize(builder, getLoc(), getOperands(), dim);
}

// x to a constant power by multiplications or a root, or null where that is no shorter.
static Value constantPower(Scalars &s, Value x, double exponent) {
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return s.mul(x, x);
  if (exponent == 3)
    return s.mul(s.mul(x, x), x);
  if (isa<FloatType>(x.getType()) && exponent == 0.5)
    return s.sqrt(x);
  return {};
}

FailureOr<SmallVector<Value>> BinaryOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  Type element = getElementTypeOrSelf(getType());
  SmallVector<OpFoldResult> sizes = broadcastSizes(builder, getLoc(), getOperands());
  std::optional<double> exponent =
      getKind() == BinaryKind::pow ? splatNumberOf(getRhs()) : std::nullopt;
  auto body = [&](Scalars &s, ValueRange x) -> Value {
    if (exponent)
      if (Value power = constantPower(s, x[0], *exponent))
        return power;
    return s.binary(getKind(), x[0], x[1], element.isUnsignedInteger());
  };
  return SmallVector<Value>{d.as(getType(), d.map(getOperands(), sizes, element, body))};
}

// Whether `other` adds no size to a broadcast with `value`, so that the result has the shape of
// `value`.
static bool keepsShape(Value value, Value other, Type result) {
  ArrayRef<int64_t> shape = shapeOf(value), added = shapeOf(other);
  if (value.getType() != result || added.size() > shape.size())
    return false;
  return llvm::all_of(llvm::zip(shape.take_back(added.size()), added), [](auto sizes) {
    auto [size, from] = sizes;
    return from == 1 || (ShapedType::isStatic(from) && from == size);
  });
}

// The number that changes nothing on the right side, and on the left side too if the kind commutes.
// Of zeros the sign may change: x + 0 is x, also where x is −0.
static std::optional<double> neutralOf(BinaryKind kind, Type element) {
  switch (kind) {
  case BinaryKind::add:
  case BinaryKind::sub:
  case BinaryKind::logical_or:
  case BinaryKind::logical_xor:
    return 0;
  case BinaryKind::mul:
  case BinaryKind::div:
  case BinaryKind::pow:
    return 1;
  case BinaryKind::logical_and: // all bits
    return element.isInteger(1) ? 1 : -1;
  default:
    return std::nullopt;
  }
}

static bool commutes(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::sub:
  case BinaryKind::div:
  case BinaryKind::pow:
  case BinaryKind::mod:
  case BinaryKind::rem:
    return false;
  default:
    return true;
  }
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  std::optional<double> neutral = neutralOf(getKind(), getElementTypeOrSelf(getType()));
  std::optional<double> lhs = splatNumberOf(adaptor.getLhs()),
                        rhs = splatNumberOf(adaptor.getRhs());
  if (neutral && rhs == neutral && keepsShape(getLhs(), getRhs(), getType()))
    return getLhs();
  if (neutral && lhs == neutral && commutes(getKind()) && keepsShape(getRhs(), getLhs(), getType()))
    return getRhs();
  return foldBinary(getKind(), adaptor.getLhs(), adaptor.getRhs(),
                    cast<RankedTensorType>(getType()));
}

namespace {
// A broadcast operand may stay small where another operand brings the sizes it was given.
struct DropBroadcast : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      Value other = op->getOperand(1 - operand.getOperandNumber());
      if (!broadcast || !brings(other, broadcast))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getInput()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no broadcast operand of the other operand's sizes");
  }

  // Each dimension that the broadcast repeats is one of `other` and not statically 1 there.
  static bool brings(Value other, BroadcastOp broadcast) {
    ArrayRef<int64_t> input = shapeOf(broadcast.getInput()), result = shapeOf(broadcast),
                      sizes = shapeOf(other);
    int64_t rank = result.size();
    if (static_cast<int64_t>(sizes.size()) < rank)
      return false;
    for (int64_t i = 1; i <= rank; ++i) {
      bool repeats = i > static_cast<int64_t>(input.size()) || input[input.size() - i] == 1;
      if (repeats && result[rank - i] != 1 && sizes[sizes.size() - i] == 1)
        return false;
    }
    return true;
  }
};

// x / 2ᵏ = x · 2⁻ᵏ exactly.
struct MultiplyByInverse : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<double> divisor =
        op.getKind() == BinaryKind::div ? splatNumberOf(op.getRhs()) : std::nullopt;
    auto type = cast<RankedTensorType>(op.getRhs().getType());
    int exponent = 0;
    if (!divisor || !isa<FloatType>(type.getElementType()) || !std::isfinite(*divisor) ||
        std::abs(std::frexp(*divisor, &exponent)) != 0.5 || std::abs(exponent) > 14)
      return rewriter.notifyMatchFailure(op, "not divided by a power of two");
    auto inverse =
        DenseElementsAttr::get(type, rewriter.getFloatAttr(type.getElementType(), 1 / *divisor));
    Value factor = arith::ConstantOp::create(rewriter, op.getLoc(), inverse);
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::mul, op.getLhs(), factor);
    return success();
  }
};
} // namespace

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropBroadcast, MultiplyByInverse>(context);
}

//===----------------------------------------------------------------------===//
// compare
//===----------------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), IntegerType::get(context, 1), types);
}

FailureOr<OpFoldResult> CompareOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return broadcastSize(builder, getLoc(), getOperands(), dim);
}

FailureOr<SmallVector<Value>> CompareOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  bool isUnsigned = getElementTypeOrSelf(getLhs()).isUnsignedInteger();
  Value result =
      d.map(getOperands(), broadcastSizes(builder, getLoc(), getOperands()), builder.getI1Type(),
            [&](Scalars &s, ValueRange x) { return s.compare(getKind(), x[0], x[1], isUnsigned); });
  return SmallVector<Value>{d.as(getType(), result)};
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), getElementTypeOrSelf(adaptor.getOnTrue()),
                        types);
}

LogicalResult SelectOp::verify() {
  if (!getElementTypeOrSelf(getCondition()).isInteger(1))
    return emitOpError("expects a condition of i1, got ") << getCondition().getType();
  if (getElementTypeOrSelf(getOnTrue()) != getElementTypeOrSelf(getOnFalse()))
    return emitOpError("expects both values of one element type, got ")
           << getOnTrue().getType() << " and " << getOnFalse().getType();
  return success();
}

FailureOr<OpFoldResult> SelectOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return broadcastSize(builder, getLoc(), getOperands(), dim);
}

FailureOr<SmallVector<Value>> SelectOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> sizes = broadcastSizes(builder, getLoc(), getOperands());
  SmallVector<Definition::Operand> operands;
  for (Value value : getOperands())
    operands.push_back({value, d.broadcastMap(cast<RankedTensorType>(value.getType()), sizes)});
  Value result = d.move(operands, sizes, getElementTypeOrSelf(getType()),
                        [](Scalars &s, ValueRange x) { return s.select(x[0], x[1], x[2]); });
  return SmallVector<Value>{d.as(getType(), result)};
}

//===----------------------------------------------------------------------===//
// cast
//===----------------------------------------------------------------------===//

LogicalResult CastOp::verify() {
  if (failed(verifyCompatibleShape(getInput().getType(), getType())))
    return emitOpError("expects input and result of one shape, got ")
           << getInput().getType() << " and " << getType();
  for (Type type : {getInput().getType(), getType()})
    if (!getElementTypeOrSelf(type).isIntOrFloat())
      return emitOpError("expects elements that are floats or integers, got ") << type;
  return success();
}

FailureOr<OpFoldResult> CastOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

FailureOr<SmallVector<Value>> CastOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  Type from = getElementTypeOrSelf(getInput()), to = getElementTypeOrSelf(getType());
  Value result = d.map(getInput(), d.sizesOf(getInput()), to,
                       [&](Scalars &s, ValueRange x) { return s.convert(x[0], from, to); });
  return SmallVector<Value>{d.as(getType(), result)};
}

// Whether every value of `from` is one of `to`.
static bool isLossless(Type from, Type to) {
  if (from == to)
    return true;
  if (auto source = dyn_cast<FloatType>(from)) {
    auto target = dyn_cast<FloatType>(to);
    return target && source.getWidth() < target.getWidth();
  }
  unsigned bits = from.getIntOrFloatBitWidth();
  if (auto target = dyn_cast<FloatType>(to))
    return bits <= target.getFPMantissaWidth();
  bool isUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  return to.getIntOrFloatBitWidth() > bits && (isUnsigned || !to.isUnsignedInteger());
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (Attribute constant = foldCast(adaptor.getInput(), cast<RankedTensorType>(getType())))
    return constant;
  // A cast of a lossless cast is one cast, but a float is clamped to the integers that its type
  // holds, and an integer wraps.
  auto inner = getInput().getDefiningOp<CastOp>();
  if (!inner)
    return {};
  Type from = getElementTypeOrSelf(inner.getInput()), over = getElementTypeOrSelf(getInput());
  Type to = getElementTypeOrSelf(getType());
  bool clamps = isa<FloatType>(over) && isa<IntegerType>(to) && from != to &&
                computeType(from) != computeType(over);
  if (!isLossless(from, over) || clamps)
    return {};
  getInputMutable().assign(inner.getInput());
  return getResult();
}
