//===- XfAttention.cpp - attention by heads -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "dialects/Xf/IR/Fold.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace mlir::xf;

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType query = tensorTypeOf(adaptor.getQuery()),
                   value = tensorTypeOf(adaptor.getValue());
  if (query.getRank() != 4 || value.getRank() != 4)
    return emitOptionalError(loc, "expects query, key and value of rank 4, got ", query, " and ",
                             value);
  SmallVector<int64_t> shape(query.getShape().drop_back());
  shape.push_back(value.getDimSize(3));
  types.push_back(RankedTensorType::get(shape, query.getElementType()));
  return success();
}

static LogicalResult verifyMask(AttentionOp op) {
  RankedTensorType mask = tensorTypeOf(op.getMask()), query = tensorTypeOf(op.getQuery());
  if (!isa<FloatType>(mask.getElementType()) && !mask.getElementType().isInteger(1))
    return op.emitOpError("expects a mask of floats or i1, got ") << mask;
  SmallVector<int64_t> scores(query.getShape().drop_back());
  scores.push_back(tensorTypeOf(op.getKey()).getDimSize(2));
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(scores, mask.getShape());
  if (mask.getRank() > 4 || failed(shape) || failed(verifyCompatibleShape(*shape, scores)))
    return op.emitOpError("expects a mask that broadcasts to ")
           << RankedTensorType::get(scores, mask.getElementType()) << ", got " << mask;
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType query = tensorTypeOf(getQuery()), key = tensorTypeOf(getKey()),
                   value = tensorTypeOf(getValue());
  if (query.getRank() != 4 || value.getRank() != 4)
    return success(); // inferReturnTypes, which is asked after this, refuses them
  if (key.getRank() != 4)
    return emitOpError("expects key of rank 4, got ") << key;
  Type element = query.getElementType();
  if (!isa<FloatType>(element) || key.getElementType() != element ||
      value.getElementType() != element)
    return emitOpError("expects query, key and value of one float type, got ")
           << element << ", " << key.getElementType() << " and " << value.getElementType();
  int64_t heads = query.getDimSize(1), keyHeads = key.getDimSize(1);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads) ||
      ShapedType::isDynamic(value.getDimSize(1)))
    return emitOpError("expects static numbers of heads");
  if (keyHeads == 0 || heads % keyHeads)
    return emitOpError("expects the number of query heads to be a multiple of key heads, got ")
           << heads << " and " << keyHeads;
  if (differ(query.getDimSize(3), key.getDimSize(3)))
    return emitOpError("expects query and key of one head size, got ")
           << query.getDimSize(3) << " and " << key.getDimSize(3);
  if (differ(query.getDimSize(0), key.getDimSize(0)) ||
      differ(query.getDimSize(0), value.getDimSize(0)))
    return emitOpError("expects query, key and value of one batch size, got ")
           << query << ", " << key << " and " << value;
  if (keyHeads != value.getDimSize(1) || differ(key.getDimSize(2), value.getDimSize(2)))
    return emitOpError("expects as many keys and key heads as values, got ")
           << key << " and " << value;
  if (getMask() && failed(verifyMask(*this)))
    return failure();
  if (getKvLengths() && differ(tensorTypeOf(getKvLengths()).getDimSize(0), query.getDimSize(0)))
    return emitOpError("expects kv_lengths for a batch of ")
           << query.getDimSize(0) << ", got " << getKvLengths().getType();
  if (getSoftcap().convertToDouble() < 0)
    return emitOpError("expects softcap of 0 (none) or more, got ")
           << getSoftcap().convertToDouble();
  if (static_cast<int64_t>(getWindow()) < -1)
    return emitOpError("expects window of -1 (none) or more, got ")
           << static_cast<int64_t>(getWindow());
  if (getOffset() && !getCausal() && static_cast<int64_t>(getWindow()) < 0)
    return emitOpError("expects offset only with causal or a window");
  return success();
}

FailureOr<OpFoldResult> AttentionOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), dim == 3 ? getValue() : getQuery(), dim);
}

namespace {
// The definition of one attention. All its tensors have the loops (b, h, [g], i, ..): key head,
// query head of its group (only in grouped-query attention), query.
class AttentionDefinition {
public:
  AttentionDefinition(OpBuilder &builder, AttentionOp op)
      : d(builder, op), op(op), sizes(d.sizesOf(op.getQuery())),
        keys(dimOf(builder, d.loc, op.getKey(), 2)), width(dimOf(builder, d.loc, op.getValue(), 3)),
        keyHeads(tensorTypeOf(op.getKey()).getDimSize(1)),
        group(tensorTypeOf(op.getQuery()).getDimSize(1) / keyHeads), query(group > 1 ? 3 : 2),
        element(getElementTypeOrSelf(op.getType())), compute(computeType(element)) {
    rows.assign({sizes[0], builder.getIndexAttr(keyHeads)});
    if (group > 1)
      rows.push_back(builder.getIndexAttr(group));
    rows.push_back(sizes[2]);
  }

  Value build() {
    Value logits = maskedScores(scores());
    SmallVector<OpFoldResult> all = with(keys);
    int64_t rank = all.size(), axis = rank - 1;
    AffineMap each = d.identity(rank), row = d.without(rank, axis);
    Value highest = d.reduce({{logits, each}}, all, axis, d.scalars().minusInfinity(compute),
                             [](Scalars &s, ValueRange x) { return s.maxNumber(x[0], x[1]); });
    // Where no key is visible, −∞ − max would be a NaN: such a row subtracts 0, so that its
    // exponentials are 0.
    Value shift = d.map(highest, rows, compute, [&](Scalars &s, ValueRange x) {
      Value none = s.compare(CompareKind::eq, x[0], s.minusInfinity(compute));
      return s.select(none, s.constant(compute, 0), x[0]);
    });
    Value exp = d.map({{logits, each}, {shift, row}}, all, compute,
                      [](Scalars &s, ValueRange x) { return s.exp(s.sub(x[0], x[1])); });
    Value sum = d.reduce({{exp, each}}, all, axis, d.scalars().constant(compute, 0),
                         [](Scalars &s, ValueRange x) { return s.add(x[1], x[0]); });
    Value inverse = d.map(sum, rows, compute, [&](Scalars &s, ValueRange x) {
      Value none = s.compare(CompareKind::eq, x[0], s.constant(compute, 0));
      return s.select(none, x[0], s.unary(UnaryKind::reciprocal, x[0]));
    });
    SmallVector<OpFoldResult> result = with(width);
    Value scaled = d.map({{weightedSum(exp), d.identity(rank)}, {inverse, row}}, result, element,
                         [](Scalars &s, ValueRange x) { return s.mul(x[0], x[1]); });
    return group > 1 ? mergeGroups(scaled) : scaled;
  }

private:
  SmallVector<OpFoldResult> with(OpFoldResult last) {
    SmallVector<OpFoldResult> result(rows);
    result.push_back(last);
    return result;
  }

  // scores[b, h, g, i, j] = Σ query[b, h, g, i, d] key[b, h, j, d]
  Value scores() {
    int64_t loops = query + 3, key = query + 1, depth = query + 2;
    SmallVector<int64_t> queryDims = leading(), result = leading();
    queryDims.append({query, depth});
    result.append({query, key});
    return contraction({{splitGroups(op.getQuery(), 1), d.select(loops, queryDims)},
                        {op.getKey(), d.select(loops, {0, 1, key, depth})}},
                       with(keys), d.select(loops, result));
  }

  // result[b, h, g, i, e] = Σ weights[b, h, g, i, j] value[b, h, j, e]
  Value weightedSum(Value weights) {
    int64_t loops = query + 3, key = query + 1, column = query + 2;
    SmallVector<int64_t> weightDims = leading(), result = leading();
    weightDims.append({query, key});
    result.append({query, column});
    return contraction({{weights, d.select(loops, weightDims)},
                        {op.getValue(), d.select(loops, {0, 1, key, column})}},
                       with(width), d.select(loops, result));
  }

  Value contraction(ArrayRef<Definition::Operand> inputs, ArrayRef<OpFoldResult> resultSizes,
                    AffineMap result) {
    return d.contract(inputs, {d.full(resultSizes, d.scalars().constant(compute, 0)), result},
                      [](Scalars &s, ValueRange x) { return s.add(x[2], s.mul(x[0], x[1])); });
  }

  // Scale, softcap and mask; −∞ where a key is not visible.
  Value maskedScores(Value scores) {
    SmallVector<OpFoldResult> all = with(keys);
    int64_t rank = all.size();
    SmallVector<Definition::Operand> inputs{{scores, d.identity(rank)}};
    if (op.getMask())
      inputs.push_back(maskOperand(rank));
    if (op.getKvLengths())
      inputs.push_back({op.getKvLengths(), d.select(rank, {0})});
    return d.map(inputs, all, compute, [&](Scalars &s, ValueRange x) {
      Value logit = s.mul(x[0], s.constant(compute, op.getScale().convertToDouble()));
      if (double cap = op.getSoftcap().convertToDouble()) {
        Value bounded = s.unary(UnaryKind::tanh, s.mul(logit, s.constant(compute, 1 / cap)));
        logit = s.mul(bounded, s.constant(compute, cap));
      }
      SmallVector<Value> conditions = visibility(s, op.getKvLengths() ? x.back() : Value());
      if (op.getMask()) {
        if (x[1].getType().isInteger(1))
          conditions.push_back(x[1]);
        else
          logit = s.add(logit, s.asFloat(x[1], compute));
      }
      for (Value condition : conditions)
        logit = s.select(condition, logit, s.minusInfinity(compute));
      return logit;
    });
  }

  // causal: j ≤ i + offset; window: j ≥ i + offset − w; kv_lengths: j < length.
  SmallVector<Value> visibility(Scalars &s, Value length) {
    SmallVector<Value> conditions;
    auto window = static_cast<int64_t>(op.getWindow());
    auto index = [&](int64_t dim) -> Value { return linalg::IndexOp::create(s.b, s.loc, dim); };
    auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) {
      conditions.push_back(arith::CmpIOp::create(s.b, s.loc, predicate, x, y));
    };
    if (op.getCausal() || window >= 0) {
      Value key = index(query + 1), diagonal = index(query);
      if (op.getOffset())
        diagonal = s.add(diagonal, op.getOffset());
      if (op.getCausal())
        compare(arith::CmpIPredicate::sle, key, diagonal);
      if (window >= 0) {
        Value width = arith::ConstantIndexOp::create(s.b, s.loc, window);
        compare(arith::CmpIPredicate::sge, s.add(key, width), diagonal);
      }
    }
    if (length)
      compare(arith::CmpIPredicate::slt, index(query + 1),
              arith::IndexCastOp::create(s.b, s.loc, s.b.getIndexType(), length));
    return conditions;
  }

  // The mask and its map: dimensions aligned at the last, 0 where a size is 1.
  Definition::Operand maskOperand(int64_t rank) {
    RankedTensorType type = tensorTypeOf(op.getMask());
    int64_t head = type.getRank() - 3; // the mask's head dimension, if it has one
    bool byHead = head >= 0 && type.getDimSize(head) != 1;
    Value mask = byHead ? splitGroups(op.getMask(), head) : op.getMask();
    SmallVector<AffineExpr> results;
    const int64_t loopOfDim[] = {0, 1, query, query + 1};
    for (auto [i, size] : llvm::enumerate(type.getShape())) {
      int64_t dim = i + 4 - type.getRank();
      results.push_back(size == 1 ? d.b.getAffineConstantExpr(0)
                                  : d.b.getAffineDimExpr(loopOfDim[dim]));
      if (dim == 1 && byHead && group > 1)
        results.push_back(d.b.getAffineDimExpr(2));
    }
    return {mask, AffineMap::get(rank, 0, results, d.b.getContext())};
  }

  // [.., hq, ..] as [.., hkv, group, ..] at dimension `dim`; the value itself without groups.
  Value splitGroups(Value value, int64_t dim) {
    if (group == 1)
      return value;
    SmallVector<OpFoldResult> split = d.sizesOf(value);
    split[dim] = d.b.getIndexAttr(keyHeads * group);
    return d.splitDim(value, split, dim, keyHeads);
  }

  // [b, hkv, group, i, e] as [b, hq, i, e].
  Value mergeGroups(Value value) {
    SmallVector<ReassociationIndices> groups{{0}, {1, 2}, {3}, {4}};
    return tensor::CollapseShapeOp::create(d.b, d.loc, value, groups);
  }

  SmallVector<int64_t> leading() { return llvm::to_vector(llvm::seq<int64_t>(0, query)); }

  Definition d;
  AttentionOp op;
  SmallVector<OpFoldResult> sizes, rows;
  OpFoldResult keys, width;
  int64_t keyHeads, group, query;
  Type element, compute;
};
} // namespace

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &builder) {
  Value result = AttentionDefinition(builder, *this).build();
  return SmallVector<Value>{Definition(builder, *this).as(getType(), result)};
}

namespace {
// A mask broadcasts by itself, one that masks nothing is none, and so is an offset of 0.
struct SimplifyOperands : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const override {
    if (op.getOffset() && getConstantIntValue(op.getOffset()) == 0) {
      rewriter.modifyOpInPlace(op, [&] { op.getOffsetMutable().clear(); });
      return success();
    }
    Value mask = op.getMask();
    if (!mask)
      return rewriter.notifyMatchFailure(op, "neither a mask nor an offset of 0");
    double nothing = getElementTypeOrSelf(mask).isInteger(1) ? 1 : 0;
    if (splatNumberOf(mask) == nothing) {
      rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().clear(); });
      return success();
    }
    auto broadcast = mask.getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "the mask is needed as it is");
    rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().assign(broadcast.getInput()); });
    return success();
  }
};
} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SimplifyOperands>(context);
}
