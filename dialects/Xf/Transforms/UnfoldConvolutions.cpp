//===- UnfoldConvolutions.cpp - convolutions as products of windows -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "dialects/Xf/Transforms/Views.h"
#include "dialects/Xf/Transforms/WeightSubgraphs.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::xf {
#define GEN_PASS_DEF_UNFOLDCONVOLUTIONS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// [n, x.., c] is [n, c, x..] transposed by this,
SmallVector<int64_t> channelsLast(int64_t rank) {
  SmallVector<int64_t> perm{0};
  llvm::append_range(perm, llvm::seq<int64_t>(2, rank));
  perm.push_back(1);
  return perm;
}
// and [n, c, x..] is [n, x.., c] transposed by this.
SmallVector<int64_t> channelsFirst(int64_t rank) {
  return invertPermutationVector(channelsLast(rank));
}

// Sums of f16 and bf16 are rounded once, behind the bias: a product would be rounded before it.
bool isUnfoldable(ConvOp op) {
  RankedTensorType filter = tensorTypeOf(op.getFilter());
  return op.getGroup() == 1 && filter.getElementType().isF32() && filter.hasStaticShape() &&
         filter.getNumElements() > 0;
}

class Unfolding {
public:
  Unfolding(IRRewriter &rewriter, ConvOp op)
      : rewriter(rewriter), op(op), loc(op.getLoc()), kernel(shapeOf(op.getFilter()).drop_front(2)),
        spatial(kernel.size()), channels(shapeOf(op.getFilter())[1]) {}

  // The convolution's value, as a transpose of a product.
  Value run() {
    rewriter.setInsertionPoint(op);
    Value rows = windows(padded(transposed(rewriter, loc, op.getInput(), channelsLast(rank()))));
    SmallVector<int64_t> perm = channelsLast(rank()); // as the rows have them, then the maps
    std::rotate(perm.begin(), perm.begin() + 1, perm.end());
    Value filter = transposed(rewriter, loc, op.getFilter(), perm);
    OpFoldResult sizes[] = {size(rowLength()), size(shapeOf(op.getFilter())[0])};
    Value result = MatmulOp::create(rewriter, loc, rows, reshaped(rewriter, loc, filter, sizes),
                                    /*transposeRhs=*/false);
    if (op.getBias())
      result = BinaryOp::create(rewriter, loc, BinaryKind::add, result, op.getBias());
    return TransposeOp::create(rewriter, loc, result, channelsFirst(rank()));
  }

private:
  int64_t rank() { return spatial + 2; }
  int64_t rowLength() { return channels * ShapedType::getNumElements(kernel); }
  OpFoldResult size(int64_t value) { return rewriter.getIndexAttr(value); }

  // [n, x.., c] with zeros around x.
  Value padded(Value input) {
    ArrayRef<int64_t> pads = op.getPads();
    if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
      return input;
    SmallVector<OpFoldResult> low(rank(), size(0)), high(low), sizes = dims(input);
    for (int64_t i = 0; i < spatial; ++i) {
      low[i + 1] = size(pads[i]);
      high[i + 1] = size(pads[i + spatial]);
      sizes[i + 1] = addSizes(rewriter, loc, sizes[i + 1], size(pads[i] + pads[i + spatial]));
    }
    Type element = getElementTypeOrSelf(input);
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
    auto type = RankedTensorType::get(staticShape(sizes), element);
    return tensor::PadOp::create(rewriter, loc, type, input, low, high, zero);
  }

  // [n, o.., k.. · c]: the elements that each output reads. Along the last spatial dimension, where
  // nothing lies between, those of all taps are one run of memory:
  //
  //   rows[n, o.., k.., (k', c)] = input[n, o · stride + k · dilation .., o' · stride · C + (k',
  //   c)]
  //
  // with o', k' of the last spatial dimension, of which input has x' · C elements.
  Value windows(Value input) {
    ArrayRef<int64_t> strides = op.getStrides(), dilations = op.getDilations();
    auto ones = [](ArrayRef<int64_t> values) {
      return llvm::all_of(values, [](int64_t value) { return value == 1; });
    };
    if (ones(kernel) && ones(strides))
      return input;
    int64_t last = spatial - 1;
    bool isRun = kernel[last] == 1 || dilations[last] == 1;
    SmallVector<OpFoldResult> positions = dims(op.getResult()), sizes{positions[0]};
    positions.erase(positions.begin(), positions.begin() + 2);
    llvm::append_range(sizes, positions);
    for (int64_t i = 0; i < spatial - isRun; ++i)
      sizes.push_back(size(kernel[i]));
    sizes.push_back(size(isRun ? kernel[last] * channels : channels));

    int64_t loops = sizes.size(), firstTap = 1 + spatial;
    auto loop = [&](int64_t i) { return rewriter.getAffineDimExpr(i); };
    SmallVector<AffineExpr> map{loop(0)};
    for (int64_t i = 0; i < spatial - isRun; ++i)
      map.push_back(loop(1 + i) * strides[i] + loop(firstTap + i) * dilations[i]);
    if (isRun) {
      SmallVector<OpFoldResult> merged = dims(input);
      merged.pop_back();
      merged.back() = mulSizes(rewriter, loc, merged.back(), size(channels));
      input = ReshapeOp::create(rewriter, loc, input, merged);
      map.push_back(loop(1 + last) * (strides[last] * channels) + loop(loops - 1));
    } else {
      map.push_back(loop(loops - 1));
    }
    Definition d(rewriter, op);
    Value rows = d.move({{input, AffineMap::get(loops, 0, map, rewriter.getContext())}}, sizes,
                        getElementTypeOrSelf(input),
                        [](Scalars &, ValueRange elements) { return elements[0]; });
    sizes.resize(firstTap);
    sizes.push_back(size(rowLength()));
    return reshaped(rewriter, loc, rows, sizes);
  }

  SmallVector<OpFoldResult> dims(Value value) { return dimsOf(rewriter, loc, value); }

  IRRewriter &rewriter;
  ConvOp op;
  Location loc;
  ArrayRef<int64_t> kernel;
  int64_t spatial, channels;
};

// Moves the transpose behind a convolution behind elementwise ops, too: they become the product's
// epilogue, and the transpose meets one that undoes it.
class Sinking {
public:
  explicit Sinking(IRRewriter &rewriter) : rewriter(rewriter) {}

  void run(TransposeOp transpose) {
    SmallVector<TransposeOp> worklist{transpose};
    while (!worklist.empty()) {
      TransposeOp next = worklist.pop_back_val();
      for (Operation *user : SetVector<Operation *>(llvm::from_range, next->getUsers())) {
        rewriter.setInsertionPoint(user);
        if (TransposeOp behind = sinkBelow(next, user))
          worklist.push_back(behind);
      }
      if (next->use_empty())
        rewriter.eraseOp(next);
    }
  }

private:
  TransposeOp sinkBelow(TransposeOp transpose, Operation *user) {
    Location loc = user->getLoc();
    Value value = transpose.getInput();
    SmallVector<int64_t> perm(transpose.getPerm());
    Value moved;
    if (auto unary = dyn_cast<UnaryOp>(user)) {
      moved = UnaryOp::create(rewriter, loc, unary.getKind(), value);
    } else if (auto binary = dyn_cast<BinaryOp>(user)) {
      SmallVector<Value, 2> operands;
      for (Value operand : binary->getOperands())
        operands.push_back(operand == transpose ? value : untransposed(operand, perm, loc));
      if (llvm::is_contained(operands, Value()))
        return {};
      moved = BinaryOp::create(rewriter, loc, binary.getKind(), operands[0], operands[1]);
    } else if (auto reshape = dyn_cast<ReshapeOp>(user); reshape && joinsPositions(reshape)) {
      SmallVector<OpFoldResult> sizes = reshape.getMixedSizes();
      std::swap(sizes[1], sizes[2]);
      moved = ReshapeOp::create(rewriter, loc, value, sizes);
      perm = channelsFirst(3);
    } else {
      return {};
    }
    auto behind = TransposeOp::create(rewriter, loc, moved, perm);
    if (behind.getType() != user->getResult(0).getType()) {
      rewriter.eraseOp(behind);
      return {};
    }
    rewriter.replaceOp(user, behind);
    return behind;
  }

  // What `operand` of an elementwise op is the transpose of; null where it takes work at run time.
  Value untransposed(Value operand, ArrayRef<int64_t> perm, Location loc) {
    if (auto transpose = operand.getDefiningOp<TransposeOp>();
        transpose && transpose.getPerm() == perm)
      return transpose.getInput();
    RankedTensorType type = tensorTypeOf(operand);
    int64_t rank = perm.size();
    if (type.getRank() > rank || !weights.isKnown(operand))
      return {};
    SmallVector<int64_t> shape(rank - type.getRank(), 1), wide;
    llvm::append_range(shape, type.getShape());
    for (int64_t i = 0; i < rank; ++i)
      if (shape[i] != 1)
        wide.push_back(i);
    if (wide.size() > 1)
      return transposed(
          rewriter, loc,
          reshaped(rewriter, loc, operand, getAsIndexOpFoldResult(rewriter.getContext(), shape)),
          invertPermutationVector(perm));
    // One number, or one of each channel: the dimension in its new place, ones behind it.
    SmallVector<int64_t> one(wide.empty() ? 0 : rank - perm[wide[0]], 1);
    if (!wide.empty())
      one[0] = shape[wide[0]];
    return rewriter.createOrFold<ReshapeOp>(loc, operand,
                                            getAsIndexOpFoldResult(rewriter.getContext(), one));
  }

  // [n, c, x..] as [n, c, product of x].
  static bool joinsPositions(ReshapeOp op) {
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    if (sizes.size() != 3 || shapeOf(op.getInput()).size() < 3)
      return false;
    Block scratch;
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToEnd(&scratch);
    return areEqualSizes(dimOf(builder, op.getLoc(), op.getInput(), 0), sizes[0]) &&
           areEqualSizes(dimOf(builder, op.getLoc(), op.getInput(), 1), sizes[1]);
  }

  IRRewriter &rewriter;
  WeightSubgraphs weights;
};

struct UnfoldConvolutions : impl::UnfoldConvolutionsBase<UnfoldConvolutions> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<ConvOp> convolutions;
    getOperation().walk([&](ConvOp op) {
      if (isUnfoldable(op))
        convolutions.push_back(op);
    });
    for (ConvOp op : convolutions) {
      Value result = Unfolding(rewriter, op).run();
      auto transpose = result.getDefiningOp<TransposeOp>();
      if (result.getType() != op.getType())
        result = tensor::CastOp::create(rewriter, op.getLoc(), op.getType(), result);
      rewriter.replaceOp(op, result);
      Sinking(rewriter).run(transpose);
    }
  }
};
} // namespace
} // namespace mlir::xf
