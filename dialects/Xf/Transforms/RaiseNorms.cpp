//===- RaiseNorms.cpp - LayerNorm and RMSNorm from their arithmetic -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Match.h"
#include "dialects/Xf/Transforms/Passes.h"

namespace mlir::xf {
#define GEN_PASS_DEF_RAISENORMS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// A mean over trailing axes, kept as dimensions of size 1.
struct Mean {
  Value input;
  int64_t axis;
};

// mean(x), or sum(x) divided by the static number of elements.
std::optional<Mean> meanOf(Value value) {
  double factor = 1;
  if (std::optional<WithScalar> peeled = peelFactor(value);
      peeled && peeled->other.getDefiningOp<ReduceOp>()) {
    value = peeled->other;
    factor = peeled->scalar;
  }
  auto reduce = value.getDefiningOp<ReduceOp>();
  if (!reduce || !reduce.getKeepDims())
    return std::nullopt;
  int64_t rank = tensorTypeOf(reduce.getInput()).getRank();
  if (!areTrailing(reduce.getAxes(), rank))
    return std::nullopt;
  int64_t axis = rank - reduce.getAxes().size();
  ArrayRef<int64_t> reduced = shapeOf(reduce.getInput()).drop_front(axis);
  if (reduce.getKind() == ReduceKind::sum && !ShapedType::isDynamicShape(reduced))
    factor *= ShapedType::getNumElements(reduced);
  else if (reduce.getKind() != ReduceKind::mean)
    return std::nullopt;
  Type element = getElementTypeOrSelf(value);
  if (!isa<FloatType>(element) || !isClose(factor, 1, element))
    return std::nullopt;
  return Mean{reduce.getInput(), axis};
}

// mean(x²) + epsilon under the root of `value` = x / √… .
struct Normalized {
  Value input;
  int64_t axis;
  double epsilon;
};

// The mean square and epsilon of `value` = mean(x²) + epsilon.
std::optional<Normalized> meanSquareOf(Value value) {
  std::optional<WithScalar> sum = withScalar(value, BinaryKind::add);
  if (!sum)
    return std::nullopt;
  std::optional<Mean> mean = meanOf(sum->other);
  Value x = mean ? underSquare(mean->input) : Value();
  if (!x)
    return std::nullopt;
  return Normalized{x, mean->axis, sum->scalar};
}

// x / √(mean(x²) + epsilon) as a quotient or as a product with the inverse root.
std::optional<Normalized> normalizedOf(BinaryOp op) {
  auto accept = [](Value x, Value square) -> std::optional<Normalized> {
    std::optional<Normalized> result = square ? meanSquareOf(square) : std::nullopt;
    return result && result->input == x ? result : std::nullopt;
  };
  if (op.getKind() == BinaryKind::div)
    return accept(op.getLhs(), underRoot(op.getRhs()));
  if (op.getKind() != BinaryKind::mul)
    return std::nullopt;
  if (auto result = accept(op.getLhs(), underInverseRoot(op.getRhs())))
    return result;
  return accept(op.getRhs(), underInverseRoot(op.getLhs()));
}

// The x of `value` = x − mean(x) over the dimensions from `axis`, else null.
Value centredOf(Value value, int64_t axis) {
  BinaryOp difference = binaryOf(value, BinaryKind::sub);
  if (!difference)
    return {};
  std::optional<Mean> mean = meanOf(difference.getRhs());
  return mean && mean->input == difference.getLhs() && mean->axis == axis ? mean->input : Value();
}

// y = d / √(mean(d²) + ε): LayerNorm when d = x − mean(x), else RMSNorm of d.
struct RaiseNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<Normalized> norm = normalizedOf(op);
    if (!norm)
      return rewriter.notifyMatchFailure(
          op, "not a value divided by the root of its mean square plus epsilon");
    IntegerAttr axis = rewriter.getI64IntegerAttr(norm->axis);
    FloatAttr epsilon = rewriter.getF64FloatAttr(norm->epsilon);
    if (Value x = centredOf(norm->input, norm->axis))
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), x, Value(), Value(), axis,
                                               epsilon);
    else
      rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), norm->input, Value(), axis, epsilon);
    return success();
  }
};

// TensorFlow's batch-normalisation spelling of LayerNorm: s = γ / √(var + ε); y = x · s + (β − mean
// · s).
struct RaiseAffineLayerNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::add)
      return rewriter.notifyMatchFailure(op, "not a sum");
    for (auto [scaled, shift] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())})
      if (succeeded(raise(op, binaryOf(scaled, BinaryKind::mul), binaryOf(shift, BinaryKind::sub),
                          rewriter)))
        return success();
    return rewriter.notifyMatchFailure(op, "not x * s + (bias - mean * s)");
  }

  static LogicalResult raise(BinaryOp op, BinaryOp scaled, BinaryOp shift,
                             PatternRewriter &rewriter) {
    BinaryOp scaledMean = shift ? binaryOf(shift.getRhs(), BinaryKind::mul) : BinaryOp();
    if (!scaled || !scaledMean)
      return failure();
    for (auto [x, s] : {std::pair(scaled.getLhs(), scaled.getRhs()),
                        std::pair(scaled.getRhs(), scaled.getLhs())}) {
      BinaryOp product = binaryOf(s, BinaryKind::mul);
      if (!product || (scaledMean.getLhs() != s && scaledMean.getRhs() != s))
        continue;
      Value mean = scaledMean.getLhs() == s ? scaledMean.getRhs() : scaledMean.getLhs();
      for (auto [inverse, scale] : {std::pair(product.getLhs(), product.getRhs()),
                                    std::pair(product.getRhs(), product.getLhs())}) {
        Value square = underInverseRoot(inverse);
        std::optional<Normalized> variance = square ? meanSquareOf(square) : std::nullopt;
        std::optional<Mean> centre = meanOf(mean);
        if (!variance || !centre || centre->input != x || centre->axis != variance->axis ||
            centredOf(variance->input, variance->axis) != x)
          continue;
        auto norm = LayerNormOp::create(rewriter, op.getLoc(), x.getType(), x, Value(), Value(),
                                        rewriter.getI64IntegerAttr(variance->axis),
                                        rewriter.getF64FloatAttr(variance->epsilon));
        auto times = BinaryOp::create(rewriter, op.getLoc(), BinaryKind::mul, norm, scale);
        rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::add, times,
                                              shift.getLhs());
        return success();
      }
    }
    return failure();
  }
};

// `value` as a parameter of a norm of `norm`: exactly the trailing static sizes from `axis`,
// leading sizes of 1 dropped; else null.
Value asParameter(Value value, Value norm, int64_t axis, PatternRewriter &rewriter) {
  ArrayRef<int64_t> wanted = shapeOf(norm).drop_front(axis), shape = shapeOf(value);
  if (ShapedType::isDynamicShape(wanted) || shape.size() < wanted.size() ||
      shape.take_back(wanted.size()) != wanted)
    return {};
  if (llvm::any_of(shape.drop_back(wanted.size()), [](int64_t size) { return size != 1; }))
    return {};
  if (shape.size() == wanted.size())
    return value;
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(rewriter.getContext(), wanted);
  return ReshapeOp::create(rewriter, value.getLoc(), value, sizes);
}

// norm(x) · γ and norm(x) + β take the parameter in.
template <class NormOp>
struct FoldParameterIntoNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern<BinaryOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    for (auto [side, other] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = side.template getDefiningOp<NormOp>();
      if (!norm || !norm->hasOneUse() || norm.getType() != op.getType() ||
          !takes(norm, op.getKind()))
        continue;
      Value parameter = asParameter(other, norm, norm.getAxis(), rewriter);
      if (!parameter)
        continue;
      replace(op, norm, parameter, rewriter);
      return success();
    }
    return rewriter.notifyMatchFailure(
        op, "no norm that could take the other operand as its parameter");
  }

  // A scale comes before a bias, and there is one of each.
  static bool takes(NormOp norm, BinaryKind kind) {
    if constexpr (std::is_same_v<NormOp, LayerNormOp>)
      return !norm.getBias() &&
             (kind == BinaryKind::add || (kind == BinaryKind::mul && !norm.getScale()));
    return kind == BinaryKind::mul && !norm.getScale();
  }

  static void replace(BinaryOp op, NormOp norm, Value parameter, PatternRewriter &rewriter) {
    if constexpr (std::is_same_v<NormOp, LayerNormOp>) {
      bool scale = op.getKind() == BinaryKind::mul;
      rewriter.replaceOpWithNewOp<LayerNormOp>(
          op, op.getType(), norm.getInput(), scale ? parameter : norm.getScale(),
          scale ? Value() : parameter, norm.getAxisAttr(), norm.getEpsilonAttr());
    } else {
      rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), norm.getInput(), parameter,
                                             norm.getAxisAttr(), norm.getEpsilonAttr());
    }
  }
};

struct RaiseNorms : impl::RaiseNormsBase<RaiseNorms> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseNorm, RaiseAffineLayerNorm, FoldParameterIntoNorm<LayerNormOp>,
                 FoldParameterIntoNorm<RmsNormOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace mlir::xf
