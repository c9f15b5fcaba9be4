//===- XfMovement.cpp - iota, transpose, gather -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::xf;

//===----------------------------------------------------------------------===//
// iota
//===----------------------------------------------------------------------===//

FailureOr<OpFoldResult> IotaOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return getAsOpFoldResult(getSize());
}

FailureOr<SmallVector<Value>> IotaOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  Type element = getElementTypeOrSelf(getType());
  auto body = [&](Scalars &s, ValueRange) -> Value {
    Value index = linalg::IndexOp::create(s.b, s.loc, 0);
    Value number = arith::AddIOp::create(s.b, s.loc, getStart(), index);
    return arith::IndexCastOp::create(s.b, s.loc, element, number);
  };
  Value result = d.move({}, OpFoldResult(getAsOpFoldResult(getSize())), element, body);
  return SmallVector<Value>{d.as(getType(), result)};
}

static Value pass(Scalars &, ValueRange elements) {
  return elements[0];
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorTypeOf(adaptor.getInput());
  SmallVector<int64_t> shape;
  for (int64_t dim : adaptor.getPerm()) {
    if (dim < 0 || dim >= input.getRank())
      return emitOptionalError(loc, "expects perm to hold dimensions of ", input, ", got ", dim);
    shape.push_back(input.getDimSize(dim));
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult TransposeOp::verify() {
  if (static_cast<int64_t>(getPerm().size()) != tensorTypeOf(getInput()).getRank() ||
      !isPermutationVector(getPerm()))
    return emitOpError("expects perm to be a permutation of ")
           << tensorTypeOf(getInput()).getRank() << " dimensions";
  return success();
}

FailureOr<OpFoldResult> TransposeOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), getPerm()[dim]);
}

FailureOr<SmallVector<Value>> TransposeOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> input = d.sizesOf(getInput());
  auto sizes = llvm::map_to_vector(getPerm(), [&](int64_t dim) { return input[dim]; });
  // result[i..] = input[j..] with j[perm[k]] = i[k].
  AffineMap map = d.select(sizes.size(), invertPermutationVector(getPerm()));
  Value result = d.move({{getInput(), map}}, sizes, getElementTypeOrSelf(getType()), pass);
  return SmallVector<Value>{d.as(getType(), result)};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentityPermutation(getPerm()) && getInput().getType() == getType())
    return getInput();
  auto type = cast<RankedTensorType>(getType());
  auto constant = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput());
  return constant && type.hasStaticShape() ? constant.resizeSplat(type) : Attribute();
}

namespace {
// transpose(transpose(x)) is one transpose.
struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no transpose in front of it");
    auto perm =
        llvm::map_to_vector(op.getPerm(), [&](int64_t dim) { return inner.getPerm()[dim]; });
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(), perm);
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComposeTransposes>(context);
}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorTypeOf(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= input.getRank())
    return emitOptionalError(loc, "expects axis below rank ", input.getRank(), ", got ", axis);
  SmallVector<int64_t> shape(input.getShape().take_front(axis));
  llvm::append_range(shape, tensorTypeOf(adaptor.getIndices()).getShape());
  llvm::append_range(shape, input.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

FailureOr<OpFoldResult> GatherOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  int64_t axis = getAxis(), inner = tensorTypeOf(getIndices()).getRank();
  if (dim < axis)
    return dimOf(builder, getLoc(), getInput(), dim);
  if (dim < axis + inner)
    return dimOf(builder, getLoc(), getIndices(), dim - axis);
  return dimOf(builder, getLoc(), getInput(), dim - inner + 1);
}

// An index from the end counts backwards; anything else outside [0, size) is clamped.
static Value boundedIndex(Scalars &s, Value raw, Value size, Value last) {
  Value index = arith::IndexCastOp::create(s.b, s.loc, s.b.getIndexType(), raw);
  Value zero = arith::ConstantIndexOp::create(s.b, s.loc, 0);
  Value wrapped = s.select(s.compare(CompareKind::lt, index, zero), s.add(index, size), index);
  return s.max(s.min(wrapped, last), zero);
}

FailureOr<SmallVector<Value>> GatherOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  int64_t axis = getAxis(), rank = tensorTypeOf(getResult()).getRank();
  int64_t inner = tensorTypeOf(getIndices()).getRank();
  SmallVector<OpFoldResult> input = d.sizesOf(getInput()), sizes(input);
  sizes.erase(sizes.begin() + axis);
  SmallVector<OpFoldResult> indexSizes = d.sizesOf(getIndices());
  sizes.insert(sizes.begin() + axis, indexSizes.begin(), indexSizes.end());
  Value size = getValueOrCreateConstantIndexOp(builder, getLoc(), input[axis]);
  Value last = getValueOrCreateConstantIndexOp(
      builder, getLoc(), subSizes(builder, getLoc(), input[axis], builder.getIndexAttr(1)));
  auto body = [&](Scalars &s, ValueRange x) -> Value {
    SmallVector<Value> position;
    for (int64_t i = 0; i < rank; ++i) {
      if (i == axis)
        position.push_back(boundedIndex(s, x[0], size, last));
      if (i < axis || i >= axis + inner)
        position.push_back(linalg::IndexOp::create(s.b, s.loc, i));
    }
    if (axis == rank) // a scalar index of the last dimension
      position.push_back(boundedIndex(s, x[0], size, last));
    return tensor::ExtractOp::create(s.b, s.loc, getInput(), position);
  };
  AffineMap map = d.select(rank, llvm::to_vector(llvm::seq(axis, axis + inner)));
  Value result = d.move({{getIndices(), map}}, sizes, getElementTypeOrSelf(getType()), body);
  return SmallVector<Value>{d.as(getType(), result)};
}
