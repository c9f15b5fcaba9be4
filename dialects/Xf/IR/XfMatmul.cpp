//===- XfMatmul.cpp - contractions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::xf;

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = tensorTypeOf(adaptor.getLhs()), rhs = tensorTypeOf(adaptor.getRhs());
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emitOptionalError(loc, "expects operands of rank 2 or more, got ", lhs, " and ", rhs);
  int64_t n = rhs.getDimSize(rhs.getRank() - (adaptor.getTransposeRhs() ? 2 : 1));
  FailureOr<SmallVector<int64_t>> shape =
      broadcastShapes(lhs.getShape().drop_back(2), rhs.getShape().drop_back(2));
  if (failed(shape))
    return emitOptionalError(loc, "expects batch dimensions that broadcast, got ", lhs, " and ",
                             rhs);
  shape->append({lhs.getDimSize(lhs.getRank() - 2), n});
  types.push_back(RankedTensorType::get(*shape, lhs.getElementType()));
  return success();
}

LogicalResult MatmulOp::verify() {
  Type element = getElementTypeOrSelf(getLhs());
  if (!isa<FloatType, IntegerType>(element) || element.isInteger(1))
    return emitOpError("expects floats or integers, got ") << element;
  RankedTensorType lhs = tensorTypeOf(getLhs()), rhs = tensorTypeOf(getRhs());
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return success(); // inferReturnTypes, which is asked after this, refuses them
  int64_t k = lhs.getDimSize(lhs.getRank() - 1),
          other = rhs.getDimSize(rhs.getRank() - (getTransposeRhs() ? 1 : 2));
  if (differ(k, other))
    return emitOpError("expects one contracted size, got ") << k << " and " << other;
  return success();
}

FailureOr<OpFoldResult> MatmulOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  RankedTensorType lhs = tensorTypeOf(getLhs()), rhs = tensorTypeOf(getRhs());
  int64_t rank = std::max(lhs.getRank(), rhs.getRank());
  if (dim == rank - 2)
    return dimOf(builder, getLoc(), getLhs(), lhs.getRank() - 2);
  if (dim == rank - 1)
    return dimOf(builder, getLoc(), getRhs(), rhs.getRank() - (getTransposeRhs() ? 2 : 1));
  return broadcastSize(builder, getLoc(), {getLhs(), getRhs()}, dim);
}

// Loops (batch.., m, k, n), so that the innermost one runs along rows of rhs and result; (batch..,
// m, n, k) where rhs is transposed and the contracted dimension is contiguous in both.
FailureOr<SmallVector<Value>> MatmulOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  ReifiedRankedShapedTypeDims reified;
  if (failed(reifyResultShapes(builder, reified)))
    return failure();
  ArrayRef<OpFoldResult> sizes = reified[0];
  int64_t batch = sizes.size() - 2, loops = batch + 3;
  int64_t m = batch, k = batch + (getTransposeRhs() ? 2 : 1),
          n = batch + (getTransposeRhs() ? 1 : 2);
  auto map = [&](Value value, int64_t row, int64_t column) {
    ArrayRef<int64_t> shape = tensorTypeOf(value).getShape();
    SmallVector<AffineExpr> results;
    for (auto [i, size] : llvm::enumerate(shape.drop_back(2)))
      results.push_back(size == 1 ? builder.getAffineConstantExpr(0)
                                  : builder.getAffineDimExpr(batch - (shape.size() - 2) + i));
    results.append({builder.getAffineDimExpr(row), builder.getAffineDimExpr(column)});
    return AffineMap::get(loops, 0, results, builder.getContext());
  };
  SmallVector<int64_t> resultDims = llvm::to_vector(llvm::seq<int64_t>(0, batch));
  resultDims.append({m, n});
  Type element = getElementTypeOrSelf(getType()), compute = computeType(element);
  Value zero = d.full(sizes, d.scalars().constant(compute, 0));
  AffineMap rhsMap = getTransposeRhs() ? map(getRhs(), n, k) : map(getRhs(), k, n);
  Value result = d.contract(
      {{getLhs(), map(getLhs(), m, k)}, {getRhs(), rhsMap}}, {zero, d.select(loops, resultDims)},
      [](Scalars &s, ValueRange x) { return s.add(x[2], s.mul(x[0], x[1])); });
  return SmallVector<Value>{d.as(getType(), d.rounded(result, sizes, element))};
}

namespace {
// A transposed activation is read in place; transposing a weight is left to the folding of weights.
struct FoldTransposedRhs : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getRhs().getDefiningOp<TransposeOp>();
    if (!transpose || transpose.getInput().getDefiningOp<WeightOp>())
      return rewriter.notifyMatchFailure(op, "rhs is no transposed activation");
    SmallVector<int64_t> swapped =
        llvm::to_vector(llvm::seq<int64_t>(0, transpose.getPerm().size()));
    std::swap(swapped[swapped.size() - 2], swapped.back());
    if (transpose.getPerm() != ArrayRef(swapped))
      return rewriter.notifyMatchFailure(op, "more than the last two dimensions are transposed");
    rewriter.modifyOpInPlace(op, [&] {
      op.getRhsMutable().assign(transpose.getInput());
      op.setTransposeRhs(!op.getTransposeRhs());
    });
    return success();
  }
};
} // namespace

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldTransposedRhs>(context);
}
