//===- MergeProjections.cpp - one contraction per input -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "dialects/Xf/Transforms/Views.h"
#include "dialects/Xf/Transforms/WeightSubgraphs.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::xf {
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// x · weight, and the rank-1 bias added to nothing else than it.
struct Projection {
  MatmulOp product;
  BinaryOp sum;
  Value bias;

  Operation *result() { return sum ? sum.getOperation() : product.getOperation(); }
  int64_t width() { return shapeOf(product).back(); }
};

class Merger {
public:
  explicit Merger(IRRewriter &rewriter) : rewriter(rewriter) {}

  // Projections of one input, in program order, up to the next attention: what stands behind it
  // belongs to another layer, or is better off with an epilogue of its own.
  void run(Block &block) {
    // By input and the number of attentions in front.
    llvm::MapVector<std::pair<Value, int>, SmallVector<Projection>> groups;
    int attentions = 0;
    for (Operation &op : block) {
      attentions += isa<AttentionOp, SoftmaxOp>(op);
      if (auto product = dyn_cast<MatmulOp>(op))
        if (std::optional<Projection> projection = projectionOf(product))
          groups[{product.getLhs(), attentions}].push_back(*projection);
    }
    for (auto &[input, projections] : groups)
      if (projections.size() > 1)
        merge(projections);
  }

private:
  std::optional<Projection> projectionOf(MatmulOp product) {
    ArrayRef<int64_t> weight = shapeOf(product.getRhs());
    if (weight.size() != 2 || ShapedType::isDynamicShape(weight) ||
        !weights.isKnown(product.getRhs()))
      return std::nullopt;
    Projection projection{product, {}, {}};
    auto sum = product->hasOneUse() ? dyn_cast<BinaryOp>(*product->user_begin()) : BinaryOp();
    if (!sum || sum.getKind() != BinaryKind::add || sum.getType() != product.getType())
      return projection;
    Value bias = sum.getLhs() == product ? sum.getRhs() : sum.getLhs();
    if (shapeOf(bias).size() == 1 && shapeOf(bias)[0] == projection.width() &&
        weights.isKnown(bias)) {
      projection.sum = sum;
      projection.bias = bias;
    }
    return projection;
  }

  // x · [w₀ w₁ ..] + [b₀ b₁ ..], of which the projections are slices. A missing bias is 0.
  void merge(MutableArrayRef<Projection> projections) {
    MatmulOp first = projections.front().product;
    rewriter.setInsertionPoint(first);
    SmallVector<Location> locations;
    SmallVector<Value> columns, biases;
    bool anyBias =
        llvm::any_of(projections, [](Projection &projection) { return projection.bias; });
    for (Projection &projection : projections) {
      locations.push_back(projection.product.getLoc());
      Value weight = projection.product.getRhs();
      hoist(weight, first);
      columns.push_back(projection.product.getTransposeRhs()
                            ? transposedLast(rewriter, first.getLoc(), weight)
                            : weight);
      if (anyBias)
        biases.push_back(biasOf(projection, first));
    }
    Location loc = rewriter.getFusedLoc(locations);
    Value result = MatmulOp::create(rewriter, loc, first.getLhs(),
                                    tensor::ConcatOp::create(rewriter, loc, 1, columns), false);
    if (anyBias)
      result = BinaryOp::create(rewriter, loc, BinaryKind::add, result,
                                tensor::ConcatOp::create(rewriter, loc, 0, biases));
    int64_t offset = 0;
    for (Projection &projection : projections) {
      Value slice =
          sliceLast(rewriter, projection.product.getLoc(), result, offset, projection.width());
      offset += projection.width();
      if (slice.getType() != projection.result()->getResult(0).getType())
        slice = tensor::CastOp::create(rewriter, loc, projection.result()->getResult(0).getType(),
                                       slice);
      rewriter.replaceOp(projection.result(), slice);
      if (projection.sum)
        rewriter.eraseOp(projection.product);
    }
  }

  Value biasOf(Projection &projection, Operation *position) {
    if (projection.bias) {
      hoist(projection.bias, position);
      return projection.bias;
    }
    Type element = projection.product.getType().getElementType();
    auto zero =
        DenseElementsAttr::get(RankedTensorType::get({}, element), rewriter.getZeroAttr(element));
    Value constant = arith::ConstantOp::create(rewriter, position->getLoc(), zero);
    return BroadcastOp::create(rewriter, position->getLoc(), constant,
                               ArrayRef<OpFoldResult>(rewriter.getIndexAttr(projection.width())));
  }

  IRRewriter &rewriter;
  WeightSubgraphs weights;
};

struct MergeProjections : impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (Block &block : getOperation().getBody())
      Merger(rewriter).run(block);
  }
};
} // namespace
} // namespace mlir::xf
