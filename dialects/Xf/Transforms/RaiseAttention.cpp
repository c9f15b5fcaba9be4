//===- RaiseAttention.cpp - attention from matmul, softmax and matmul -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "dialects/Xf/Transforms/Scores.h"
#include "dialects/Xf/Transforms/Views.h"

namespace mlir::xf {
#define GEN_PASS_DEF_RAISEATTENTION
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// Whether `reader` is the only op that reads `value`; a test for NaN whose only reader is `reader`
// does not count.
bool isReadOnlyBy(Value value, Operation *reader) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    bool test = isa<UnaryOp>(user) && cast<UnaryOp>(user).getKind() == UnaryKind::is_nan &&
                user->hasOneUse();
    return user == reader || (test && *user->user_begin() == reader);
  });
}

// The softmax over keys whose probabilities `product` alone reads, through a conversion and through
// where(isnan(p), 0, p): exporters add that because a row without keys is NaN in theirs; it is 0 in
// ours.
SoftmaxOp softmaxOf(MatmulOp product) {
  Operation *reader = product;
  Value value = product.getLhs();
  while (isReadOnlyBy(value, reader)) {
    reader = value.getDefiningOp();
    if (auto softmax = dyn_cast_or_null<SoftmaxOp>(reader))
      return static_cast<int64_t>(softmax.getAxis()) == softmax.getType().getRank() - 1
                 ? softmax
                 : SoftmaxOp();
    auto select = dyn_cast_or_null<SelectOp>(reader);
    auto cast = dyn_cast_or_null<CastOp>(reader);
    if (select && inputOf(select.getCondition(), UnaryKind::is_nan) == select.getOnFalse() &&
        splatOf(select.getOnTrue()) == 0.0)
      value = select.getOnFalse();
    else if (cast && isa<FloatType>(tensorTypeOf(cast.getInput()).getElementType()))
      value = cast.getInput();
    else
      return {};
  }
  return {};
}

// `value` = factor · other, with factors found below views and rotations, which are linear, and the
// views built again.
WithScalar unscaled(OpBuilder &builder, Value value) {
  WithScalar here = peelFactors(value);
  Operation *op = here.other.getDefiningOp();
  if (!op || !isa<TransposeOp, ReshapeOp, RopeOp>(op))
    return here;
  WithScalar below = unscaled(builder, op->getOperand(0));
  if (below.scalar == 1)
    return here;
  Operation *clone = builder.clone(*op);
  clone->setOperand(0, below.other);
  return {clone->getResult(0), here.scalar * below.scalar};
}

// Heads repeated for grouped queries: [b, h, s, d] -> [b, h, 1, s, d] -> [b, h, n, s, d] -> [b, h
// n, s, d], or one head broadcast.
struct Repeated {
  Value once;
  int64_t times;
};
Repeated repeatedHeadsOf(OpBuilder &builder, Value value) {
  Repeated none{value, 1};
  Location loc = value.getLoc();
  auto merge = value.getDefiningOp<ReshapeOp>();
  auto expand =
      merge ? merge.getInput().getDefiningOp<BroadcastOp>() : value.getDefiningOp<BroadcastOp>();
  if (!expand)
    return none;
  Value input = expand.getInput();
  ArrayRef<int64_t> from = shapeOf(input), to = shapeOf(expand), shape = shapeOf(value);
  int64_t grown = merge ? 2 : 1, rank = merge ? 5 : 4;
  if (shape.size() != 4 || static_cast<int64_t>(to.size()) != rank ||
      static_cast<int64_t>(from.size()) != rank || from[grown] != 1 ||
      ShapedType::isDynamic(to[grown]) || ShapedType::isDynamic(shape[1]) ||
      shape[1] != from[1] * to[grown])
    return none;
  SmallVector<OpFoldResult> before = dimsOf(builder, loc, input),
                            after = dimsOf(builder, loc, expand);
  for (int64_t i = 0; i < rank; ++i)
    if (i != grown && !areEqualSizes(before[i], after[i]))
      return none;
  SmallVector<OpFoldResult> sizes = dimsOf(builder, loc, value);
  sizes[1] = builder.getIndexAttr(from[1]);
  // Batch, positions and features are not merged with heads.
  if (!areEqualSizes(before[0], sizes[0]) || !areEqualSizes(before[rank - 2], sizes[2]) ||
      !areEqualSizes(before[rank - 1], sizes[3]))
    return none;
  return {reshaped(builder, loc, input, sizes), to[grown]};
}

class Raiser {
public:
  Raiser(MatmulOp op, IRRewriter &rewriter) : op(op), loc(op.getLoc()), rewriter(rewriter) {
    rewriter.setInsertionPoint(op);
  }

  LogicalResult run() {
    SoftmaxOp softmax = softmaxOf(op);
    if (!softmax)
      return fail("its left side is no softmax over keys, or the probabilities have other readers");
    StringRef reason;
    std::optional<Scores> scores = scoresOf(rewriter, softmax.getInput(), reason);
    if (!scores)
      return fail(reason);
    if (failed(findOperands(*scores)) || failed(bringToRank4(*scores)))
      return failure();
    shareHeads();
    return build(*scores);
  }

private:
  LogicalResult fail(const Twine &reason) { return rewriter.notifyMatchFailure(op, reason); }

  LogicalResult findOperands(Scores &scores) {
    WithScalar q = unscaled(rewriter, scores.product.getLhs()),
               k = unscaled(rewriter, scores.product.getRhs());
    scores.scale *= q.scalar * k.scalar;
    query = q.other;
    key = scores.product.getTransposeRhs() ? k.other : transposedLast(rewriter, loc, k.other);
    value = op.getTransposeRhs() ? transposedLast(rewriter, loc, op.getRhs()) : op.getRhs();
    int64_t rank = shapeOf(query).size();
    if ((rank != 3 && rank != 4) || static_cast<int64_t>(shapeOf(key).size()) != rank ||
        (shapeOf(value).size() != 3 && shapeOf(value).size() != 4))
      return fail("expects operands by batch and head");
    return success();
  }

  // [b h, s, d] as [b, h, s, d] where a mask or an operand tells b and h, else as [b h, 1, s, d].
  LogicalResult bringToRank4(Scores &scores) {
    int64_t masked = scores.batchAndHeads ? 4 : shapeOf(scores.product).size();
    for (SmallVector<Value> *masks : {&scores.added, &scores.kept})
      for (Value &mask : *masks)
        if (failed(bringMaskToRank4(mask, masked)))
          return failure();
    if (!scores.batchAndHeads)
      scores.batchAndHeads = headsOf(query);
    if (ShapedType::isDynamic(staticShape({scores.batchAndHeads->second})[0]))
      return fail("expects a static number of heads");
    for (Value *operand : {&query, &key, &value}) {
      SmallVector<OpFoldResult> sizes = dimsOf(rewriter, loc, *operand);
      if (sizes.size() == 4)
        continue;
      sizes[0] = scores.batchAndHeads->second;
      sizes.insert(sizes.begin(), scores.batchAndHeads->first);
      *operand = reshaped(rewriter, loc, *operand, sizes);
    }
    return success();
  }

  LogicalResult bringMaskToRank4(Value &mask, int64_t appliedAt) {
    int64_t rank = shapeOf(mask).size();
    if (rank <= 2 || appliedAt == 4)
      return rank <= 4 ? success() : fail("expects a mask of rank 4 or less");
    if (rank != 3)
      return fail("expects a mask of the scores' rank");
    SmallVector<OpFoldResult> sizes = dimsOf(rewriter, loc, mask);
    sizes.insert(sizes.begin() + 1, rewriter.getIndexAttr(1));
    mask = reshaped(rewriter, loc, mask, sizes);
    return success();
  }

  // Without a mask of rank 4 merged heads stay merged with the batch: [b h, 1].
  std::pair<OpFoldResult, OpFoldResult> headsOf(Value query) {
    bool merged = shapeOf(query).size() == 3;
    return {dimOf(rewriter, loc, query, 0),
            merged ? rewriter.getIndexAttr(1) : dimOf(rewriter, loc, query, 1)};
  }

  // Key and value heads repeated alike are read by groups of queries instead.
  void shareHeads() {
    Repeated keys = repeatedHeadsOf(rewriter, key), values = repeatedHeadsOf(rewriter, value);
    if (keys.times == values.times && keys.times > 1) {
      key = keys.once;
      value = values.once;
    }
  }

  LogicalResult build(const Scores &scores) {
    int64_t heads = shapeOf(query)[1], keyHeads = shapeOf(key)[1];
    if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads) || keyHeads == 0 ||
        heads % keyHeads || shapeOf(value)[1] != keyHeads)
      return fail("expects static numbers of heads, query heads a multiple of key and value heads");
    OpFoldResult batch = dimOf(rewriter, loc, query, 0);
    if (!areEqualSizes(batch, dimOf(rewriter, loc, key, 0)) ||
        !areEqualSizes(batch, dimOf(rewriter, loc, value, 0)))
      return fail("expects one batch size of query, key and value");
    std::optional<Visibility> visible = visibilityOf(rewriter, scores);
    if (!visible)
      return fail("scores are replaced by a number that a row without keys would show");
    // Scores in f16 under probabilities in f32: the op has one type, which holds both.
    Type element = commonFloat(tensorTypeOf(query).getElementType(), op.getType().getElementType());
    for (Value *operand : {&query, &key, &value})
      *operand = withElements(rewriter, *operand, element);
    SmallVector<int64_t> shape(shapeOf(query));
    shape.back() = shapeOf(value).back();
    Value attended = AttentionOp::create(
        rewriter, loc, RankedTensorType::get(shape, element), query, key, value, visible->mask,
        visible->offset, Value(), rewriter.getF64FloatAttr(rounded(scores.scale)),
        visible->causal ? rewriter.getUnitAttr() : UnitAttr(),
        rewriter.getF64FloatAttr(scores.softcap), rewriter.getI64IntegerAttr(visible->window));
    attended = withElements(rewriter, attended, op.getType().getElementType());
    if (shapeOf(op).size() != 4)
      attended = reshaped(rewriter, loc, attended, dimsOf(rewriter, loc, op));
    if (attended.getType() != op.getType())
      attended = tensor::CastOp::create(rewriter, loc, op.getType(), attended);
    rewriter.replaceOp(op, attended);
    return success();
  }

  // A factor is a number of the element type, in whatever spelling it came: s / √d and s · 1/√d are
  // one scale.
  double rounded(double factor) {
    APFloat number(factor);
    bool losesInfo;
    number.convert(cast<FloatType>(op.getType().getElementType()).getFloatSemantics(),
                   APFloat::rmNearestTiesToEven, &losesInfo);
    return number.convertToDouble();
  }

  MatmulOp op;
  Location loc;
  IRRewriter &rewriter;
  Value query, key, value;
};

struct RaiseAttention : impl::RaiseAttentionBase<RaiseAttention> {
  void runOnOperation() override {
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (MatmulOp op : products)
      (void)Raiser(op, rewriter).run();
  }
};
} // namespace
} // namespace mlir::xf
