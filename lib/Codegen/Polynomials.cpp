//===- Polynomials.cpp - transcendental functions without a library -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/ElementaryFunctions.h"
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/VectorTarget.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_POLYNOMIALS
#include "lib/Codegen/Passes.h.inc"

namespace {

// An op of one f32 operand by the function of the same name.
template <class Op, Value (ElementaryFunctions::*function)(Value)>
struct ByPolynomial : OpRewritePattern<Op> {
  ByPolynomial(MLIRContext *context, bool fused)
      : OpRewritePattern<Op>(context, /*benefit=*/2), fused(fused) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expects f32");
    ElementaryFunctions functions(rewriter, op.getLoc(), op.getType(), fused);
    rewriter.replaceOp(op, (functions.*function)(op.getOperand()));
    return success();
  }
  bool fused;
};

struct PowByPolynomial : OpRewritePattern<math::PowFOp> {
  PowByPolynomial(MLIRContext *context, bool fused) : OpRewritePattern(context, 2), fused(fused) {}

  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expects f32");
    Location loc = op.getLoc();
    Value x = op.getLhs();
    if (std::optional<double> exponent = constantExponent(op.getRhs())) {
      if (*exponent == 2 || *exponent == 3) {
        Value square = arith::MulFOp::create(rewriter, loc, x, x);
        rewriter.replaceOp(op, *exponent == 2
                                   ? square
                                   : arith::MulFOp::create(rewriter, loc, square, x).getResult());
        return success();
      }
    }
    ElementaryFunctions functions(rewriter, loc, op.getType(), fused);
    rewriter.replaceOp(op, functions.pow(x, op.getRhs()));
    return success();
  }
  static std::optional<double> constantExponent(Value value) {
    if (auto wide = value.getDefiningOp<vector::BroadcastOp>())
      value = wide.getSource();
    FloatAttr scalar;
    DenseElementsAttr splat;
    if (matchPattern(value, m_Constant(&scalar)))
      return scalar.getValueAsDouble();
    if (matchPattern(value, m_Constant(&splat)) && splat.isSplat())
      return splat.getSplatValue<APFloat>().convertToDouble();
    return std::nullopt;
  }
  bool fused;
};

// One comparison and one selection instead of three instructions for the NaN rule of maxnumf.
// Constants and accumulators go to the right: a NaN from memory loses against them.
template <class Op, Value (ElementaryFunctions::*function)(Value, Value)>
struct BySelection : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto isSteady = [](Value value) {
      Operation *def = value.getDefiningOp();
      return !def || def->hasTrait<OpTrait::ConstantLike>();
    };
    Value x = op.getLhs(), y = op.getRhs();
    if (isSteady(x) && !isSteady(y))
      std::swap(x, y);
    ElementaryFunctions functions(rewriter, op.getLoc(), op.getType(), false);
    rewriter.replaceOp(op, (functions.*function)(x, y));
    return success();
  }
};

// fmod without a library: long division in f64, 28 bits of the quotient at a time. |y| 2^(28 k) is
// taken off |x| as often as it fits, for k = 9 ... 0. Quotients stay below 2^28, as |x| < 2^128 and
// |y| >= 2^-149, so that their products with the 24 bits of y and all differences are exact, and a
// quotient of f32 is too far from the next integer to be rounded to it.
struct RemainderByLongDivision : OpRewritePattern<arith::RemFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::RemFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "expects f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type wide = b.getF64Type();
    if (auto vector = dyn_cast<VectorType>(op.getType()))
      wide = vector.clone(wide);
    auto constant = [&](double value) -> Value {
      TypedAttr attr = b.getF64FloatAttr(value);
      if (auto vector = dyn_cast<VectorType>(wide))
        attr = DenseElementsAttr::get(vector, Attribute(attr));
      return arith::ConstantOp::create(b, attr);
    };
    auto magnitude = [&](Value x) -> Value {
      return math::AbsFOp::create(b, arith::ExtFOp::create(b, wide, x));
    };
    Value rest = magnitude(op.getLhs());
    Value divisor = arith::MulFOp::create(b, magnitude(op.getRhs()), constant(0x1p252));
    Value zero = constant(0), scale = constant(0x1p-28);
    Value from = arith::ConstantIndexOp::create(b, 0), to = arith::ConstantIndexOp::create(b, 10);
    Value one = arith::ConstantIndexOp::create(b, 1);
    auto step = [&](OpBuilder &nested, Location loc, Value, ValueRange carried) {
      ImplicitLocOpBuilder b(loc, nested);
      Value rest = carried[0], divisor = carried[1];
      Value quotient =
          math::TruncOp::create(b, arith::DivFOp::create(b, rest, divisor).getResult());
      Value less =
          arith::SubFOp::create(b, rest, arith::MulFOp::create(b, quotient, divisor).getResult());
      // An infinite divisor: 0 times infinity would be NaN.
      Value fits = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, quotient, zero);
      rest = arith::SelectOp::create(b, fits, less, rest);
      divisor = arith::MulFOp::create(b, divisor, scale);
      scf::YieldOp::create(b, ValueRange{rest, divisor});
    };
    auto loop = scf::ForOp::create(b, from, to, one, ValueRange{rest, divisor}, step);
    Value result = arith::TruncFOp::create(b, op.getType(), loop.getResult(0));
    rewriter.replaceOpWithNewOp<math::CopySignOp>(op, result, op.getLhs());
    return success();
  }
};

// Of f64, which has no wider type: x - trunc(x / y) y, as exact as that product.
struct RemainderByQuotient : OpRewritePattern<arith::RemFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::RemFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "expects f64");
    Location loc = op.getLoc();
    Value quotient = math::TruncOp::create(
        rewriter, loc, arith::DivFOp::create(rewriter, loc, op.getLhs(), op.getRhs()));
    Value product = arith::MulFOp::create(rewriter, loc, quotient, op.getRhs());
    rewriter.replaceOpWithNewOp<arith::SubFOp>(op, op.getLhs(), product);
    return success();
  }
};

// f32 to bf16 with rounding to nearest, ties to even, in integers: LLVM would call __truncsfbf2 for
// each element on machines without the instruction. NaN stays NaN.
struct RoundToBf16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &b) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return b.notifyMatchFailure(op, "expects f32 to bf16");
    Location loc = op.getLoc();
    auto like = [&](Type element) -> Type {
      auto vector = dyn_cast<VectorType>(op.getType());
      return vector ? Type(vector.clone(element)) : element;
    };
    Type i32 = like(b.getI32Type());
    auto constant = [&](int64_t value) -> Value {
      TypedAttr attr = b.getI32IntegerAttr(value);
      if (auto vector = dyn_cast<VectorType>(i32))
        attr = DenseElementsAttr::get(vector, Attribute(attr));
      return arith::ConstantOp::create(b, loc, attr);
    };
    Value bits = arith::BitcastOp::create(b, loc, i32, op.getIn());
    Value upper = arith::ShRUIOp::create(b, loc, bits, constant(16));
    Value lowest = arith::AndIOp::create(b, loc, upper, constant(1));
    Value bias = arith::AddIOp::create(b, loc, lowest, constant(0x7fff));
    Value rounded =
        arith::ShRUIOp::create(b, loc, arith::AddIOp::create(b, loc, bits, bias), constant(16));
    Value quiet = arith::OrIOp::create(b, loc, upper, constant(0x40));
    Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, op.getIn(), op.getIn());
    Value chosen = arith::SelectOp::create(b, loc, isNan, quiet, rounded);
    Value narrow = arith::TruncIOp::create(b, loc, like(b.getI16Type()), chosen);
    b.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), narrow);
    return success();
  }
};

struct Polynomials : impl::PolynomialsBase<Polynomials> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    bool fused = vectorTargetOf(getOperation()).fusedMultiplyAdd;
    RewritePatternSet patterns(context);
    using F = ElementaryFunctions;
    patterns.add<ByPolynomial<math::ExpOp, &F::exp>, ByPolynomial<math::Exp2Op, &F::exp2>,
                 ByPolynomial<math::TanhOp, &F::tanh>, ByPolynomial<math::ErfOp, &F::erf>,
                 ByPolynomial<math::SinOp, &F::sin>, ByPolynomial<math::CosOp, &F::cos>,
                 PowByPolynomial>(context, fused);
    patterns
        .add<BySelection<arith::MaxNumFOp, &F::maxNum>, BySelection<arith::MinNumFOp, &F::minNum>,
             RemainderByLongDivision, RemainderByQuotient, RoundToBf16>(context);
    // The rare functions by upstream's approximations and identities; 16-bit floats are computed in
    // f32.
    auto rare = [](StringRef name) {
      return llvm::is_contained({"math.log", "math.log2", "math.log1p", "math.expm1", "math.atan",
                                 "math.atan2", "math.asin", "math.acos", "math.cbrt", "math.erfc"},
                                name);
    };
    populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; });
    populateMathPolynomialApproximationPatterns(patterns, rare);
    math::populateExpansionPatterns(patterns,
                                    {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "fpowi"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace tilewright
