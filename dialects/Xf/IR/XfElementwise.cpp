//===- XfElementwise.cpp - one element in, one element out -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

using namespace mlir;
using namespace mlir::xf;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

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

OpFoldResult UnaryOp::fold(FoldAdaptor) {
  return {};
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
    return element.isInteger(1) ? success()
                                : emitOpError("expects elements of i1, got ") << element;
  if (isa<FloatType, IntegerType>(element) && !element.isInteger(1))
    return success();
  return emitOpError("expects ") << stringifyBinaryKind(getKind()) << " of floats or integers, got "
                                 << element;
}

FailureOr<OpFoldResult> BinaryOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return broadcastSize(builder, getLoc(), getOperands(), dim);
}

// The number that a tensor constant holds everywhere, if it is one.
static std::optional<double> splatOf(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType())) {
    APFloat number = elements.getSplatValue<APFloat>();
    bool inexact;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return number.convertToDouble();
  }
  APInt number = elements.getSplatValue<APInt>();
  return elements.getElementType().isUnsignedInteger() ? number.roundToDouble(false)
                                                       : number.roundToDouble(true);
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
  std::optional<double> exponent = getKind() == BinaryKind::pow ? splatOf(getRhs()) : std::nullopt;
  auto body = [&](Scalars &s, ValueRange x) -> Value {
    if (exponent)
      if (Value power = constantPower(s, x[0], *exponent))
        return power;
    return s.binary(getKind(), x[0], x[1], element.isUnsignedInteger());
  };
  return SmallVector<Value>{d.as(getType(), d.map(getOperands(), sizes, element, body))};
}

OpFoldResult BinaryOp::fold(FoldAdaptor) {
  return {};
}

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

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
    operands.push_back(
        {value, d.broadcastMap(cast<RankedTensorType>(value.getType()), sizes.size())});
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

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}
