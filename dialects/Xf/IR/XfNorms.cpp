//===- XfNorms.cpp - softmax and norms: row statistics, then one pass over the row -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

using namespace mlir;
using namespace mlir::xf;

// Ops whose result has the shape and type of their first operand.
static LogicalResult inferLikeInput(Value input, SmallVectorImpl<Type> &types) {
  types.push_back(input.getType());
  return success();
}
// A float input that has dimension `axis`.
template <class Op>
static LogicalResult verifyAxis(Op op) {
  RankedTensorType input = tensorTypeOf(op.getInput());
  auto axis = static_cast<int64_t>(op.getAxis());
  if (axis < 0 || axis >= input.getRank())
    return op.emitOpError("expects axis below rank ") << input.getRank() << ", got " << axis;
  if (!isa<FloatType>(input.getElementType()))
    return op.emitOpError("expects floats, got ") << input.getElementType();
  return success();
}

// A parameter broadcasts to the normalised dimensions. It may be f32 whatever the input is.
template <class Op>
static LogicalResult verifyParameter(Op op, Value parameter, StringRef name) {
  if (!parameter)
    return success();
  RankedTensorType input = tensorTypeOf(op.getInput()), type = tensorTypeOf(parameter);
  ArrayRef<int64_t> normalized = input.getShape().drop_front(op.getAxis());
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(normalized, type.getShape());
  if (type.getRank() > static_cast<int64_t>(normalized.size()) || failed(shape) ||
      failed(verifyCompatibleShape(*shape, normalized)))
    return op.emitOpError("expects ") << name << " to broadcast to the dimensions of " << input
                                      << " from axis " << op.getAxis() << ", got " << type;
  Type element = type.getElementType();
  if (element != input.getElementType() && !element.isF32())
    return op.emitOpError("expects ")
           << name << " of " << input.getElementType() << " or f32, got " << element;
  return success();
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult SoftmaxOp::verify() {
  return verifyAxis(*this);
}
FailureOr<OpFoldResult> SoftmaxOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

// Starts from −∞ and ignores NaNs in the maximum: x − max makes the whole row NaN anyway, as in
// numpy.
FailureOr<SmallVector<Value>> SoftmaxOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> sizes = d.sizesOf(getInput());
  int64_t rank = sizes.size(), axis = getAxis();
  SmallVector<OpFoldResult> rows = sizesWithout(sizes, axis);
  AffineMap element = d.identity(rank), row = d.without(rank, axis);
  Type type = getElementTypeOrSelf(getType()), compute = computeType(type);
  Value max = d.reduce({{getInput(), element}}, sizes, axis, d.scalars().minusInfinity(compute),
                       [](Scalars &s, ValueRange x) { return s.maxNumber(x[0], x[1]); });
  Value exp = d.map({{getInput(), element}, {max, row}}, sizes, compute,
                    [](Scalars &s, ValueRange x) { return s.exp(s.sub(x[0], x[1])); });
  Value sum = d.reduce({{exp, element}}, sizes, axis, d.scalars().constant(compute, 0),
                       [](Scalars &s, ValueRange x) { return s.add(x[1], x[0]); });
  Value inverse = d.map(sum, rows, compute, [&](Scalars &s, ValueRange x) {
    return s.unary(UnaryKind::reciprocal, x[0]);
  });
  Value result = d.map({{exp, element}, {inverse, row}}, sizes, type,
                       [](Scalars &s, ValueRange x) { return s.mul(x[0], x[1]); });
  return SmallVector<Value>{d.as(getType(), result)};
}

//===----------------------------------------------------------------------===//
// layer_norm, rms_norm
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult LayerNormOp::verify() {
  if (failed(verifyAxis(*this)) || failed(verifyParameter(*this, getScale(), "scale")))
    return failure();
  return verifyParameter(*this, getBias(), "bias");
}
FailureOr<OpFoldResult> LayerNormOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

namespace {
// What both norms share: the statistics of rows over the dimensions from `axis`, and how they are
// applied.
struct Norm {
  Norm(OpBuilder &builder, Operation *op, Value input, int64_t axis)
      : d(builder, op), input(input), sizes(d.sizesOf(input)),
        axes(llvm::to_vector(llvm::seq<int64_t>(axis, sizes.size()))),
        rows(sizesWithout(sizes, axes)), element(d.identity(sizes.size())),
        row(d.without(sizes.size(), axes)),
        compute(computeType(tensorTypeOf(input).getElementType())),
        count(d.count(ArrayRef(sizes).drop_front(axis), compute)) {}

  Value sum(ArrayRef<Definition::Operand> inputs, Definition::Body term) {
    return d.reduce(
        inputs, sizes, axes, d.scalars().constant(compute, 0),
        [&](Scalars &s, ValueRange x) { return s.add(x.back(), term(s, x.drop_back())); });
  }
  // 1 / √(squares / count + epsilon)
  Value inverseRoot(Value squares, double epsilon) {
    return d.map(squares, rows, compute, [&](Scalars &s, ValueRange x) {
      Value shifted = s.add(s.div(x[0], count), s.constant(compute, epsilon));
      return s.unary(UnaryKind::rsqrt, shifted);
    });
  }
  // A parameter is broadcast into the row.
  Definition::Operand parameter(Value value) {
    return {value, d.broadcastMap(tensorTypeOf(value), sizes)};
  }

  Definition d;
  Value input;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> axes;
  SmallVector<OpFoldResult> rows;
  AffineMap element, row;
  Type compute;
  Value count;
};
} // namespace

static Value square(Scalars &s, Value x) {
  return s.mul(x, x);
}

FailureOr<SmallVector<Value>> LayerNormOp::decomposeOperation(OpBuilder &builder) {
  Norm norm(builder, *this, getInput(), getAxis());
  Definition::Operand input{getInput(), norm.element};
  Value sum = norm.sum(input, [](Scalars &, ValueRange x) { return x[0]; });
  Value mean = norm.d.map(sum, norm.rows, norm.compute,
                          [&](Scalars &s, ValueRange x) { return s.div(x[0], norm.count); });
  Value squares = norm.sum({input, {mean, norm.row}},
                           [](Scalars &s, ValueRange x) { return square(s, s.sub(x[0], x[1])); });
  Value inverse = norm.inverseRoot(squares, getEpsilon().convertToDouble());
  SmallVector<Definition::Operand> operands{input, {mean, norm.row}, {inverse, norm.row}};
  for (Value parameter : {getScale(), getBias()})
    if (parameter)
      operands.push_back(norm.parameter(parameter));
  Type type = getElementTypeOrSelf(getType());
  auto body = [&](Scalars &s, ValueRange x) {
    Value result = s.mul(s.sub(x[0], x[1]), x[2]);
    if (getScale())
      result = s.mul(result, s.asFloat(x[3], norm.compute));
    return getBias() ? s.add(result, s.asFloat(x.back(), norm.compute)) : result;
  };
  return SmallVector<Value>{norm.d.as(getType(), norm.d.map(operands, norm.sizes, type, body))};
}

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult RmsNormOp::verify() {
  if (failed(verifyAxis(*this)))
    return failure();
  return verifyParameter(*this, getScale(), "scale");
}
FailureOr<OpFoldResult> RmsNormOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

FailureOr<SmallVector<Value>> RmsNormOp::decomposeOperation(OpBuilder &builder) {
  Norm norm(builder, *this, getInput(), getAxis());
  Definition::Operand input{getInput(), norm.element};
  Value squares = norm.sum(input, [](Scalars &s, ValueRange x) { return square(s, x[0]); });
  Value inverse = norm.inverseRoot(squares, getEpsilon().convertToDouble());
  SmallVector<Definition::Operand> operands{input, {inverse, norm.row}};
  if (getScale())
    operands.push_back(norm.parameter(getScale()));
  auto body = [&](Scalars &s, ValueRange x) {
    Value result = s.mul(x[0], x[1]);
    return getScale() ? s.mul(result, s.asFloat(x[2], norm.compute)) : result;
  };
  Type type = getElementTypeOrSelf(getType());
  return SmallVector<Value>{norm.d.as(getType(), norm.d.map(operands, norm.sizes, type, body))};
}
