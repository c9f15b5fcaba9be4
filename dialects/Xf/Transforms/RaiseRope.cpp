//===- RaiseRope.cpp - rotary embedding from its arithmetic -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two families of spellings. By pairs, the tables have one entry per pair:
//
//   first = x₀ cos − x₁ sin,  second = x₀ sin + x₁ cos,  joined as halves or interleaved
//
// By whole vectors, the tables hold each entry twice:
//
//   x cos + turned(x) sin,  turned = (−x₁, x₀) as halves or interleaved
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "dialects/Xf/Transforms/RopeTables.h"
#include "dialects/Xf/Transforms/Views.h"

namespace mlir::xf {
#define GEN_PASS_DEF_RAISEROPE
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// The first 2r elements of every row of `source`, as pairs.
struct Pairs {
  Value source;
  int64_t r;
  bool interleaved;
};

using Both = std::array<std::pair<Value, Value>, 2>;
Both bothOrders(BinaryOp op) {
  return {{{op.getLhs(), op.getRhs()}, {op.getRhs(), op.getLhs()}}};
}

// The last dimension of size 1 that a reshape of `value` added, removed again; else null.
Value withoutLastUnit(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape || shapeOf(reshape).back() != 1)
    return {};
  SmallVector<OpFoldResult> sizes = reshape.getMixedSizes();
  return haveEqualSizes(reshape.getInput(), ArrayRef(sizes).drop_back()) ? reshape.getInput()
                                                                         : Value();
}

// x[.., i, k] of a view [.., r, 2] of `source`, when `value` is that.
std::optional<LastSlice> memberOf(OpBuilder &builder, Value value) {
  auto drop = value.getDefiningOp<ReshapeOp>();
  std::optional<LastSlice> slice = drop ? lastSliceOf(builder, drop.getInput()) : std::nullopt;
  auto split = slice ? slice->source.getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!split || slice->size != 1 || shapeOf(split).size() < 2 || shapeOf(split).back() != 2)
    return std::nullopt;
  SmallVector<OpFoldResult> sizes = split.getMixedSizes();
  sizes.pop_back();
  std::optional<int64_t> r = getConstantIntValue(sizes.back());
  if (!r || !haveEqualSizes(value, sizes))
    return std::nullopt;
  sizes.back() = builder.getIndexAttr(2 * *r);
  if (!haveEqualSizes(split.getInput(), sizes))
    return std::nullopt;
  return LastSlice{split.getInput(), slice->offset, *r, 2};
}

std::optional<Pairs> pairsOf(OpBuilder &builder, Value first, Value second) {
  std::optional<LastSlice> x0 = lastSliceOf(builder, first), x1 = lastSliceOf(builder, second);
  if (!x0 || !x1) {
    x0 = memberOf(builder, first);
    x1 = memberOf(builder, second);
  }
  if (!x0 || !x1 || x0->source != x1->source || x0->offset != 0 || x0->size != x1->size ||
      x0->stride != x1->stride)
    return std::nullopt;
  if (x0->stride == 1 && x1->offset == x0->size)
    return Pairs{x0->source, x0->size, false};
  if (x0->stride == 2 && x1->offset == 1)
    return Pairs{x0->source, x0->size, true};
  return std::nullopt;
}

// The two members that `value` joins into one row: as halves by concatenation, or interleaved by
// stacking.
struct Joined {
  Value first, second;
  bool interleaved;
};
std::optional<Joined> joinedOf(Value value) {
  auto halves = value.getDefiningOp<tensor::ConcatOp>();
  if (halves && halves.getInputs().size() == 2 &&
      static_cast<int64_t>(halves.getDim()) == halves.getType().getRank() - 1)
    return Joined{halves.getInputs()[0], halves.getInputs()[1], false};
  auto flat = value.getDefiningOp<ReshapeOp>();
  auto stack = flat ? flat.getInput().getDefiningOp<tensor::ConcatOp>() : tensor::ConcatOp();
  if (!stack || stack.getInputs().size() != 2 ||
      static_cast<int64_t>(stack.getDim()) != stack.getType().getRank() - 1)
    return std::nullopt;
  Value first = withoutLastUnit(stack.getInputs()[0]),
        second = withoutLastUnit(stack.getInputs()[1]);
  if (!first || !second)
    return std::nullopt;
  return Joined{first, second, true};
}

// first = x₀ cos − x₁ sin and second = x₀ sin + x₁ cos.
struct Rotation {
  Value x0, x1, cos, sin;
};
std::optional<Rotation> rotationOf(Value first, Value second) {
  BinaryOp difference = binaryOf(first, BinaryKind::sub), sum = binaryOf(second, BinaryKind::add);
  if (!difference || !sum)
    return std::nullopt;
  BinaryOp a = binaryOf(difference.getLhs(), BinaryKind::mul),
           b = binaryOf(difference.getRhs(), BinaryKind::mul),
           c = binaryOf(sum.getLhs(), BinaryKind::mul), d = binaryOf(sum.getRhs(), BinaryKind::mul);
  if (!a || !b || !c || !d)
    return std::nullopt;
  auto isProduct = [](BinaryOp op, Value x, Value y) {
    return (op.getLhs() == x && op.getRhs() == y) || (op.getLhs() == y && op.getRhs() == x);
  };
  for (auto [x0, cos] : bothOrders(a))
    for (auto [x1, sin] : bothOrders(b))
      if ((isProduct(c, x0, sin) && isProduct(d, x1, cos)) ||
          (isProduct(d, x0, sin) && isProduct(c, x1, cos)))
        return Rotation{x0, x1, cos, sin};
  return std::nullopt;
}

// The pairs of which `value` is (−x₁, x₀).
std::optional<Pairs> turnedOf(OpBuilder &builder, Value value) {
  std::optional<Joined> joined = joinedOf(value);
  std::optional<WithScalar> negated = joined ? peelFactor(joined->first) : std::nullopt;
  if (!negated || negated->scalar != -1)
    return std::nullopt;
  std::optional<Pairs> pairs = pairsOf(builder, joined->second, negated->other);
  return pairs && pairs->interleaved == joined->interleaved ? pairs : std::nullopt;
}

class Raiser {
public:
  Raiser(Operation *op, IRRewriter &rewriter) : op(op), loc(op->getLoc()), rewriter(rewriter) {
    rewriter.setInsertionPoint(op);
  }

  LogicalResult run() {
    if (auto sum = dyn_cast<BinaryOp>(op))
      return raiseVectors(sum);
    if (succeeded(raisePairs()))
      return success();
    return isa<tensor::ConcatOp>(op) ? takeInRest(cast<tensor::ConcatOp>(op)) : failure();
  }

private:
  // x cos + turned(x) sin
  LogicalResult raiseVectors(BinaryOp sum) {
    if (sum.getKind() != BinaryKind::add)
      return rewriter.notifyMatchFailure(op, "not a sum");
    for (auto [left, right] : bothOrders(sum)) {
      BinaryOp straight = binaryOf(left, BinaryKind::mul),
               crossed = binaryOf(right, BinaryKind::mul);
      if (!straight || !crossed)
        continue;
      for (auto [turned, sin] : bothOrders(crossed)) {
        std::optional<Pairs> pairs = turnedOf(rewriter, turned);
        if (!pairs || pairs->source.getType() != sum.getType() ||
            shapeOf(pairs->source).back() != 2 * pairs->r)
          continue;
        for (auto [x, cos] : bothOrders(straight))
          if (x == pairs->source)
            return replace(*pairs, onePerPair(rewriter, cos, pairs->interleaved),
                           onePerPair(rewriter, sin, pairs->interleaved));
      }
    }
    return rewriter.notifyMatchFailure(op, "not x * cos + turned(x) * sin");
  }

  // (x₀ cos − x₁ sin, x₀ sin + x₁ cos), joined as they were split
  LogicalResult raisePairs() {
    std::optional<Joined> joined = joinedOf(op->getResult(0));
    std::optional<Rotation> rotation =
        joined ? rotationOf(joined->first, joined->second) : std::nullopt;
    if (!rotation)
      return rewriter.notifyMatchFailure(op, "no rotation of pairs in front of it");
    std::optional<Pairs> pairs = pairsOf(rewriter, rotation->x0, rotation->x1);
    if (!pairs || pairs->interleaved != joined->interleaved ||
        shapeOf(pairs->source).back() != 2 * pairs->r ||
        shapeOf(pairs->source) != shapeOf(op->getResult(0)))
      return rewriter.notifyMatchFailure(op, "pairs are not joined as they were split");
    return replace(*pairs, rotation->cos, rotation->sin);
  }

  // (rope(x[.., : 2r]), x[.., 2r :]) is the rope of x: the rest is copied.
  LogicalResult takeInRest(tensor::ConcatOp concat) {
    if (concat.getInputs().size() != 2 || static_cast<int64_t>(concat.getDim()) != 3)
      return rewriter.notifyMatchFailure(op, "not two parts of a row");
    auto rope = concat.getInputs()[0].getDefiningOp<RopeOp>();
    std::optional<LastSlice> front = rope ? lastSliceOf(rewriter, rope.getInput()) : std::nullopt;
    std::optional<LastSlice> rest = lastSliceOf(rewriter, concat.getInputs()[1]);
    if (!front || !rest || front->source != rest->source || front->offset != 0 ||
        front->stride != 1 || rest->stride != 1 || rest->offset != front->size ||
        shapeOf(front->source).back() != front->size + rest->size ||
        2 * shapeOf(rope.getCos()).back() > front->size)
      return rewriter.notifyMatchFailure(op,
                                         "the parts are not a rotated and a plain part of one row");
    rewriter.replaceOpWithNewOp<RopeOp>(op, concat.getType(), front->source, rope.getCos(),
                                        rope.getSin(), rope.getInterleaved());
    return success();
  }

  // Tables broadcast over heads; heads may be dimension 1 or, before a transpose, dimension 2.
  LogicalResult replace(const Pairs &pairs, Value cos, Value sin) {
    if (!cos || !sin)
      return rewriter.notifyMatchFailure(op,
                                         "not known that both elements of a pair have one angle");
    if (shapeOf(pairs.source).size() != 4)
      return rewriter.notifyMatchFailure(op, "expects rows by batch, head and position");
    for (bool headsLast : {false, true}) {
      ArrayRef<int64_t> input = shapeOf(pairs.source);
      int64_t rows = headsLast ? 1 : 2;
      Value cosTable = tableOf(rewriter, cos, headsLast, input[rows], pairs.r);
      Value sinTable = tableOf(rewriter, sin, headsLast, input[rows], pairs.r);
      if (!cosTable || !sinTable)
        continue;
      Value x = headsLast ? transposed(rewriter, loc, pairs.source, {0, 2, 1, 3}) : pairs.source;
      Value y =
          RopeOp::create(rewriter, loc, x.getType(), x, cosTable, sinTable, pairs.interleaved);
      if (headsLast)
        y = transposed(rewriter, loc, y, {0, 2, 1, 3});
      if (y.getType() != op->getResult(0).getType())
        y = reshaped(rewriter, loc, y, dimsOf(rewriter, loc, op->getResult(0)));
      rewriter.replaceOp(op, y);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "the tables differ by head, or have too few rows");
  }

  Operation *op;
  Location loc;
  IRRewriter &rewriter;
};

struct RaiseRope : impl::RaiseRopeBase<RaiseRope> {
  void runOnOperation() override {
    // Roots in program order: a rope exists before the concatenation that adds the part it leaves
    // alone.
    SmallVector<Operation *> roots;
    getOperation()->walk([&](Operation *op) {
      if (isa<BinaryOp, ReshapeOp, tensor::ConcatOp>(op) && !op->getParentOfType<WeightDataOp>())
        roots.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : roots)
      (void)Raiser(op, rewriter).run();
  }
};
} // namespace
} // namespace mlir::xf
