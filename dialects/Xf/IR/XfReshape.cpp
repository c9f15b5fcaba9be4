//===- XfReshape.cpp - broadcast and reshape: ops that list their result sizes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "dialects/Xf/IR/Fold.h"
#include "dialects/Xf/IR/SizeForms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::xf;

// Operands and type of an op that lists its result sizes.
static void buildSized(OpBuilder &builder, OperationState &state, Value input,
                       ArrayRef<OpFoldResult> sizes,
                       function_ref<void(Type, ValueRange, ArrayRef<int64_t>)> build) {
  SmallVector<int64_t> statics;
  SmallVector<Value> dynamics;
  SmallVector<OpFoldResult> folded(sizes);
  for (OpFoldResult &size : folded) // SSA constants become static sizes
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      size = builder.getIndexAttr(*constant);
  dispatchIndexOpFoldResults(folded, dynamics, statics);
  build(RankedTensorType::get(statics, tensorTypeOf(input).getElementType()), dynamics, statics);
}

template <class Op>
static LogicalResult verifySized(Op op) {
  int64_t dynamic = llvm::count_if(op.getStaticSizes(), ShapedType::isDynamic);
  if (dynamic != static_cast<int64_t>(op.getSizes().size()))
    return op.emitOpError("expects ") << dynamic << " dynamic sizes, got " << op.getSizes().size();
  auto type = cast<RankedTensorType>(op.getType());
  if (failed(verifyCompatibleShape(type.getShape(), op.getStaticSizes())))
    return op.emitOpError("expects a result shape that matches its sizes, got ") << type;
  if (type.getElementType() != tensorTypeOf(op.getInput()).getElementType())
    return op.emitOpError("expects the element type of the input to stay, got ")
           << tensorTypeOf(op.getInput()).getElementType() << " and " << type.getElementType();
  return success();
}

//===----------------------------------------------------------------------===//
// broadcast
//===----------------------------------------------------------------------===//

void BroadcastOp::build(OpBuilder &builder, OperationState &state, Value input,
                        ArrayRef<OpFoldResult> sizes) {
  buildSized(builder, state, input, sizes,
             [&](Type type, ValueRange dynamics, ArrayRef<int64_t> statics) {
               build(builder, state, type, input, dynamics, statics);
             });
}

SmallVector<OpFoldResult> BroadcastOp::getMixedSizes() {
  return mlir::getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult BroadcastOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), sizes = getStaticSizes();
  if (input.size() > sizes.size())
    return emitOpError("expects at least as many sizes as the input has dimensions");
  for (auto [from, to] : llvm::zip(input, sizes.take_back(input.size())))
    if (from != 1 && differ(from, to))
      return emitOpError("expects input dimensions of 1 or of the size given, got ")
             << from << " for " << to;
  return verifySized(*this);
}

FailureOr<OpFoldResult> BroadcastOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return getMixedSizes()[dim];
}

FailureOr<SmallVector<Value>> BroadcastOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> sizes = getMixedSizes();
  RankedTensorType input = tensorTypeOf(getInput());
  Value result = d.move({{getInput(), d.broadcastMap(input, sizes)}}, sizes, input.getElementType(),
                        [](Scalars &, ValueRange x) { return x[0]; });
  return SmallVector<Value>{d.as(getType(), result)};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() && haveEqualSizes(getInput(), getMixedSizes())
             ? getInput()
             : Value();
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

void ReshapeOp::build(OpBuilder &builder, OperationState &state, Value input,
                      ArrayRef<OpFoldResult> sizes) {
  buildSized(builder, state, input, sizes,
             [&](Type type, ValueRange dynamics, ArrayRef<int64_t> statics) {
               build(builder, state, type, input, dynamics, statics);
             });
}

SmallVector<OpFoldResult> ReshapeOp::getMixedSizes() {
  return mlir::getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult ReshapeOp::verify() {
  auto input = tensorTypeOf(getInput()), result = tensorTypeOf(getResult());
  if (input.hasStaticShape() && result.hasStaticShape() &&
      input.getNumElements() != result.getNumElements())
    return emitOpError("expects ")
           << input.getNumElements() << " elements, got " << result.getNumElements();
  return verifySized(*this);
}

FailureOr<OpFoldResult> ReshapeOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return getMixedSizes()[dim];
}

namespace {
// Input dimensions that together hold the elements of a run of result dimensions.
struct Group {
  ReassociationIndices from, to;
};

// Cuts both lists of sizes into the shortest runs of equal products: from the front as far as sizes
// can be told apart, then from the back; what is left in the middle is one group.
class Grouping {
public:
  Grouping(ArrayRef<OpFoldResult> from, ArrayRef<OpFoldResult> to)
      : from(from), to(to), fromEnd(from.size()), toEnd(to.size()) {
    while (auto run = shortest(/*back=*/false)) {
      front.push_back(group(fromBegin, fromBegin + run->first, toBegin, toBegin + run->second));
      fromBegin += run->first, toBegin += run->second;
    }
    SmallVector<Group> back;
    while (auto run = shortest(/*back=*/true)) {
      back.push_back(group(fromEnd - run->first, fromEnd, toEnd - run->second, toEnd));
      fromEnd -= run->first, toEnd -= run->second;
    }
    addMiddle(back);
    front.append(back.rbegin(), back.rend());
  }
  ArrayRef<Group> groups() const { return front; }

private:
  static Group group(int64_t fromBegin, int64_t fromEnd, int64_t toBegin, int64_t toEnd) {
    return {llvm::to_vector<2>(llvm::seq(fromBegin, fromEnd)),
            llvm::to_vector<2>(llvm::seq(toBegin, toEnd))};
  }

  // Unmatched dimensions of one side only are ones: they join a neighbour.
  void addMiddle(SmallVectorImpl<Group> &back) {
    if (fromBegin == fromEnd && toBegin == toEnd)
      return;
    Group middle = group(fromBegin, fromEnd, toBegin, toEnd);
    if (fromBegin < fromEnd && toBegin < toEnd) {
      front.push_back(middle);
    } else if (!front.empty()) {
      front.back().from.append(middle.from);
      front.back().to.append(middle.to);
    } else if (!back.empty()) {
      back.back().from.insert(back.back().from.begin(), middle.from.begin(), middle.from.end());
      back.back().to.insert(back.back().to.begin(), middle.to.begin(), middle.to.end());
    }
  }

  // Lengths of the shortest runs of equal products at the front or back of what is left.
  std::optional<std::pair<int64_t, int64_t>> shortest(bool back) {
    SizeForm left = 1;
    for (int64_t i = 1; i <= fromEnd - fromBegin; ++i) {
      left = forms.product(left, forms.of(back ? from[fromEnd - i] : from[fromBegin + i - 1]));
      SizeForm right = 1;
      for (int64_t j = 1; j <= toEnd - toBegin; ++j) {
        right = forms.product(right, forms.of(back ? to[toEnd - j] : to[toBegin + j - 1]));
        if (left == right)
          return std::pair(i, j);
      }
    }
    return std::nullopt;
  }

  SizeForms forms;
  ArrayRef<OpFoldResult> from, to;
  int64_t fromBegin = 0, fromEnd, toBegin = 0, toEnd;
  SmallVector<Group> front;
};
} // namespace

// The type between collapse and expansion: one dimension per group, static where all of its result
// sizes are.
static RankedTensorType middleType(ArrayRef<Group> groups, ArrayRef<int64_t> to, Type element) {
  SmallVector<int64_t> shape;
  for (const Group &group : groups) {
    int64_t size = 1;
    for (int64_t dim : group.to)
      size = ShapedType::isDynamic(size) || ShapedType::isDynamic(to[dim]) ? ShapedType::kDynamic
                                                                           : size * to[dim];
    shape.push_back(size);
  }
  return RankedTensorType::get(shape, element);
}

FailureOr<SmallVector<Value>> ReshapeOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> from = d.sizesOf(getInput()), to = getMixedSizes();
  RankedTensorType input = tensorTypeOf(getInput());
  auto result = RankedTensorType::get(staticShape(to), input.getElementType());
  if (llvm::is_contained(input.getShape(), 0) || llvm::is_contained(result.getShape(), 0))
    return SmallVector<Value>{d.as(getType(), d.empty(to, input.getElementType()))};
  // A scalar has no dimension to group: its side is the empty reassociation.
  Value value = getInput();
  if (from.empty() || to.empty()) {
    if (!to.empty())
      value = tensor::ExpandShapeOp::create(builder, getLoc(), result, value,
                                            ArrayRef<ReassociationIndices>(), to);
    else if (!from.empty())
      value = tensor::CollapseShapeOp::create(
          builder, getLoc(), result,
          d.as(RankedTensorType::get(SmallVector<int64_t>(from.size(), 1), input.getElementType()),
               value),
          ArrayRef<ReassociationIndices>());
    return SmallVector<Value>{d.as(getType(), value)};
  }
  Grouping grouping(from, to);
  ArrayRef<Group> groups = grouping.groups();
  auto part = [&](ReassociationIndices Group::*side) {
    return llvm::map_to_vector(groups, [&](const Group &group) { return group.*side; });
  };
  if (groups.size() < from.size())
    value = tensor::CollapseShapeOp::create(builder, getLoc(), value, part(&Group::from));
  value = d.as(middleType(groups, result.getShape(), input.getElementType()), value);
  if (groups.size() < to.size())
    value = tensor::ExpandShapeOp::create(builder, getLoc(), result, value, part(&Group::to), to);
  return SmallVector<Value>{d.as(getType(), value)};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  // With one dynamic size the number of elements decides, unless there are none.
  ArrayRef<int64_t> shape = shapeOf(getResult());
  bool decided = llvm::count_if(shape, ShapedType::isDynamic) < 2 && !llvm::is_contained(shape, 0);
  if (getInput().getType() == getType() && (decided || haveEqualSizes(getInput(), getMixedSizes())))
    return getInput();
  return foldReshape(adaptor.getInput(), tensorTypeOf(getResult()));
}

namespace {
// Only the sizes of the last reshape matter.
struct ComposeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no reshape in front of it");
    rewriter.modifyOpInPlace(op, [&] { op.getInputMutable().assign(inner.getInput()); });
    return success();
  }
};

// Sizes that became constants are static; users that want the old type get a cast.
struct StaticSizes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    if (llvm::none_of(op.getSizes(),
                      [](Value size) { return getConstantIntValue(size).has_value(); }))
      return rewriter.notifyMatchFailure(op, "no size is a constant");
    Value refined = ReshapeOp::create(rewriter, op.getLoc(), op.getInput(), op.getMixedSizes());
    if (refined.getType() != op.getType())
      refined = tensor::CastOp::create(rewriter, op.getLoc(), op.getType(), refined);
    rewriter.replaceOp(op, refined);
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ComposeReshapes, StaticSizes>(context);
}
