//===- Scores.cpp - what stands between q kᵀ and the softmax -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Scores.h"
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Views.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace mlir::xf {

// Exporters hide a key by -inf, by the least finite number, or by -1e4 (the least that fp16
// training needed). A sum of a score and a number from -1e9 on is that number, as long as the score
// is below 32 (half an ulp of f32).
static constexpr double leastHidden = -1e4, absorbing = -1e9;

static Value scalar(OpBuilder &builder, Location loc, Type element, double number) {
  auto type = RankedTensorType::get({}, element);
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, builder.getFloatAttr(element, number)));
}

// The scores at one rank: `parts` collects from the softmax inwards.
static LogicalResult collect(OpBuilder &builder, Value value, Scores &parts, StringRef &reason);

static bool hasMasks(const Scores &parts) {
  return !parts.added.empty() || !parts.kept.empty();
}

// Masks come last in xf.attention: nothing may have been done to the masked scores.
static bool isMaskedLast(const Scores &parts) {
  return parts.scale == 1 && parts.softcap == 0;
}

// One operand is the scores, the other is added to them.
static LogicalResult collectSum(OpBuilder &builder, BinaryOp sum, Scores &parts,
                                StringRef &reason) {
  if (!isMaskedLast(parts)) {
    reason = "scores are scaled or capped after a mask was added";
    return failure();
  }
  for (auto [scores, mask] :
       {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())}) {
    Scores attempt = parts;
    attempt.added.push_back(mask);
    if (scores.getType() == sum.getType() && succeeded(collect(builder, scores, attempt, reason))) {
      parts = attempt;
      return success();
    }
  }
  return failure();
}

// where(keep, scores, -inf), or where(hide, -inf, scores). A finite number is added instead: the
// same where it absorbs the score, or the row sees another key.
static LogicalResult collectSelect(OpBuilder &builder, SelectOp select, Scores &parts,
                                   StringRef &reason) {
  Value condition = select.getCondition(), scores = select.getOnTrue();
  std::optional<double> hidden = splatOf(select.getOnFalse());
  bool keeps = hidden.has_value();
  if (!keeps) {
    hidden = splatOf(select.getOnTrue());
    scores = select.getOnFalse();
  }
  if (!hidden || *hidden > leastHidden || !isMaskedLast(parts) ||
      scores.getType() != select.getType()) {
    reason = "a choice between scores and something that does not hide them";
    return failure();
  }
  if (std::isinf(*hidden)) {
    if (!keeps)
      condition = UnaryOp::create(builder, select.getLoc(), UnaryKind::logical_not, condition);
    parts.kept.push_back(condition);
    return collect(builder, scores, parts, reason);
  }
  Type element = select.getType().getElementType();
  Value zero = scalar(builder, select.getLoc(), element, 0),
        least = scalar(builder, select.getLoc(), element, *hidden);
  parts.added.push_back(SelectOp::create(builder, select.getLoc(), condition, keeps ? zero : least,
                                         keeps ? least : zero));
  if (*hidden > absorbing)
    parts.weak.push_back(parts.added.back());
  return collect(builder, scores, parts, reason);
}

// [b, h, sq, skv] seen through [b h, sq, skv]: masks have been applied to the former.
static LogicalResult collectReshape(OpBuilder &builder, ReshapeOp reshape, Scores &parts,
                                    StringRef &reason) {
  SmallVector<OpFoldResult> outer = dimsOf(builder, reshape.getLoc(), reshape),
                            inner = dimsOf(builder, reshape.getLoc(), reshape.getInput());
  if (outer.size() < 2 || inner.size() < 2 ||
      !areEqualSizes(ArrayRef(outer).take_back(2), ArrayRef(inner).take_back(2))) {
    reason = "scores are reshaped across rows or keys";
    return failure();
  }
  if (outer.size() != 4 || inner.size() != 3) {
    if (hasMasks(parts) && !areEqualSizes(outer, inner)) {
      reason = "scores are reshaped after a mask was added";
      return failure();
    }
    return collect(builder, reshape.getInput(), parts, reason);
  }
  parts.batchAndHeads = {outer[0], outer[1]};
  size_t added = parts.added.size(), kept = parts.kept.size();
  if (failed(collect(builder, reshape.getInput(), parts, reason)))
    return failure();
  // A mask of [b h] is one of [b, h].
  auto bring = [&](MutableArrayRef<Value> masks) {
    for (Value &mask : masks) {
      if (shapeOf(mask).size() < 3 || shapeOf(mask)[0] == 1)
        continue;
      SmallVector<OpFoldResult> sizes{outer[0], outer[1]};
      llvm::append_range(sizes,
                         ArrayRef(dimsOf(builder, mask.getLoc(), mask)).drop_front().take_front(2));
      Value brought = reshaped(builder, mask.getLoc(), mask, sizes);
      llvm::replace(parts.weak, mask, brought);
      mask = brought;
    }
  };
  bring(MutableArrayRef(parts.added).drop_front(added));
  bring(MutableArrayRef(parts.kept).drop_front(kept));
  return success();
}

static LogicalResult collect(OpBuilder &builder, Value value, Scores &parts, StringRef &reason) {
  if (auto product = value.getDefiningOp<MatmulOp>()) {
    parts.product = product;
    return success();
  }
  if (std::optional<WithScalar> scaled = peelFactor(value)) {
    parts.scale *= scaled->scalar;
    return collect(builder, scaled->other, parts, reason);
  }
  if (Value inner = inputOf(value, UnaryKind::tanh);
      inner && parts.softcap == 0 && parts.scale != 0) {
    // c tanh(s / c): the factor met so far is c, and what stands inside is scaled by 1 / c. The
    // tanh is odd: of a negative c the sign goes to the scale.
    parts.softcap = std::abs(parts.scale);
    return collect(builder, inner, parts, reason);
  }
  if (BinaryOp sum = binaryOf(value, BinaryKind::add))
    return collectSum(builder, sum, parts, reason);
  if (auto select = value.getDefiningOp<SelectOp>())
    return collectSelect(builder, select, parts, reason);
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    return collectReshape(builder, reshape, parts, reason);
  if (auto cast = value.getDefiningOp<CastOp>();
      cast && isa<FloatType>(tensorTypeOf(cast.getInput()).getElementType()))
    return collect(builder, cast.getInput(), parts, reason);
  reason = "scores are not a product, scaled and masked";
  return failure();
}

std::optional<Scores> scoresOf(OpBuilder &builder, Value value, StringRef &reason) {
  Scores parts;
  if (failed(collect(builder, value, parts, reason)))
    return std::nullopt;
  return parts;
}

//===----------------------------------------------------------------------===//
// Causal masks
//===----------------------------------------------------------------------===//

// Both operands of every conjunction.
static void splitConjunction(Value condition, SmallVectorImpl<Value> &conditions) {
  if (BinaryOp both = binaryOf(condition, BinaryKind::logical_and)) {
    splitConjunction(both.getLhs(), conditions);
    splitConjunction(both.getRhs(), conditions);
    return;
  }
  conditions.push_back(condition);
}

static void splitSum(Value mask, SmallVectorImpl<Value> &terms) {
  if (BinaryOp sum = binaryOf(mask, BinaryKind::add)) {
    splitSum(sum.getLhs(), terms);
    splitSum(sum.getRhs(), terms);
    return;
  }
  terms.push_back(mask);
}

namespace {
class VisibilityBuilder {
public:
  VisibilityBuilder(OpBuilder &builder, const Scores &scores)
      : builder(builder), loc(MatmulOp(scores.product).getLoc()),
        product(shapeOf(MatmulOp(scores.product))) {
    for (Value condition : scores.kept)
      splitConjunction(condition, conditions);
    for (Value mask : scores.added)
      splitSum(mask, terms);
    weak = scores.weak;
  }

  std::optional<Visibility> run() {
    llvm::erase_if(conditions,
                   [&](Value condition) { return takeIn(condition, 1, 0, /*exact=*/true); });
    bool alone = conditions.empty();
    SmallVector<Value> rest;
    for (Value term : terms) {
      std::optional<Diagonals> diagonals = diagonalsOf(builder, sizes, term);
      if (diagonals && diagonals->limits.empty() && diagonals->values[0] == 0)
        continue;
      // With a finite number a row that sees no key averages over all of them. A row that sees a
      // key does not notice.
      double least = diagonals ? *llvm::min_element(diagonals->values) : 0;
      bool exact = std::isinf(least) || (alone && terms.size() == 1);
      if (least > leastHidden || !takeIn(term, 0, least, exact))
        rest.push_back(term);
    }
    if (llvm::any_of(rest, [&](Value term) { return llvm::is_contained(weak, term); }))
      return std::nullopt;
    if (offset != SizeForm())
      result.offset =
          getValueOrCreateConstantIndexOp(builder, loc, sizes.materialize(builder, loc, offset));
    result.mask = combined(rest);
    return result;
  }

private:
  // Takes `mask`, which is `visible` or `hidden`, into causal and window, if it is one of these.
  bool takeIn(Value mask, double visible, double hidden, bool exact) {
    std::optional<Diagonals> diagonals = diagonalsOf(builder, sizes, mask);
    if (!diagonals || !exact || result.causal || !spansScores(mask))
      return false;
    ArrayRef<double> values = diagonals->values;
    bool finite = !std::isinf(hidden) && visible == 0;
    if (values == ArrayRef<double>{visible, hidden}) {
      // Key 0 is visible to every row iff the offset is not negative.
      if (finite && !sizes.isNonNegative(diagonals->limits[0]))
        return false;
      result.causal = true;
      offset = diagonals->limits[0];
      return true;
    }
    if (values != ArrayRef<double>{hidden, visible, hidden} || finite)
      return false;
    std::optional<int64_t> width = (diagonals->limits[1] - diagonals->limits[0]).asConstant();
    if (!width || *width < 1)
      return false;
    result.causal = true;
    offset = diagonals->limits[1];
    result.window = *width - 1;
    return true;
  }

  // One row of a mask that is repeated for all rows of the scores says nothing about their
  // diagonals.
  bool spansScores(Value mask) {
    ArrayRef<int64_t> shape = shapeOf(mask);
    if (shape.size() < 2)
      return false;
    return llvm::all_of(llvm::zip(shape.take_back(2), product.take_back(2)), [](auto sizes) {
      return std::get<0>(sizes) != 1 || std::get<1>(sizes) == 1;
    });
  }

  Value combined(ArrayRef<Value> rest) {
    Value keep;
    for (Value condition : conditions)
      keep =
          keep
              ? BinaryOp::create(builder, loc, BinaryKind::logical_and, keep, condition).getResult()
              : condition;
    Value sum;
    for (Value term : rest)
      sum = sum ? added(sum, term) : term;
    if (!keep || !sum)
      return keep ? keep : sum;
    Type element = tensorTypeOf(sum).getElementType();
    return SelectOp::create(builder, loc, keep, sum, scalar(builder, loc, element, -INFINITY));
  }

  Value added(Value a, Value b) {
    Type element = commonFloat(tensorTypeOf(a).getElementType(), tensorTypeOf(b).getElementType());
    return BinaryOp::create(builder, loc, BinaryKind::add, withElements(builder, a, element),
                            withElements(builder, b, element));
  }

  OpBuilder &builder;
  Location loc;
  ArrayRef<int64_t> product;
  SmallVector<Value> conditions, terms, weak;
  SizeForms sizes;
  SizeForm offset;
  Visibility result;
};
} // namespace

std::optional<Visibility> visibilityOf(OpBuilder &builder, const Scores &scores) {
  return VisibilityBuilder(builder, scores).run();
}

} // namespace mlir::xf
