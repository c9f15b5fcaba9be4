//===- FuseEpilogues.cpp - elementwise consumers into their producers -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

// How an operand of the consumer is read in the epilogue.
struct Extra {
  Value value;
  AffineMap map; // (batch.., m, n) -> indices of `value`
};

class EpilogueFusion {
public:
  EpilogueFusion(RewriterBase &rewriter, ContractOp contract)
      : rewriter(rewriter), contract(contract) {}

  /// The contraction that does its consumer's work as well; null if that cannot be.
  ContractOp run();

private:
  bool findConsumer();
  std::optional<Extra> extraOf(Value value, AffineMap map);
  Value collapseRows(Value value, bool withColumns, int64_t constants);
  void cloneBodies(ContractOp fused, ArrayRef<unsigned> inputs);

  RewriterBase &rewriter;
  ContractOp contract;
  linalg::GenericOp consumer;
  tensor::ExpandShapeOp expand; // between the two; may be null
  Value result;                 // what the consumer reads
};

// The result's only reader, through an expand_shape of the rows alone.
bool EpilogueFusion::findConsumer() {
  if (contract->getNumResults() != 1 || !contract->hasOneUse())
    return false;
  result = contract.getResult(0);
  Operation *user = *result.user_begin();
  if ((expand = dyn_cast<tensor::ExpandShapeOp>(user))) {
    if (!expand->hasOneUse() || expand.getSrcType().getRank() != 2 ||
        expand.getReassociationIndices()[1].size() != 1)
      return false;
    result = expand.getResult();
    user = *result.user_begin();
  }
  consumer = dyn_cast<linalg::GenericOp>(user);
  if (!consumer || consumer.getNumParallelLoops() != consumer.getNumLoops() ||
      consumer->getNumResults() != 1 || consumer->getBlock() != contract->getBlock() ||
      consumer.hasIndexSemantics())
    return false;
  OpOperand *init = consumer.getDpsInitOperand(0);
  if (init->get() == result || !consumer.getMatchingIndexingMap(init).isIdentity() ||
      consumer.payloadUsesValueFromOperand(init))
    return false;
  if (cast<ShapedType>(consumer->getResult(0).getType()).getShape() !=
      cast<ShapedType>(result.getType()).getShape())
    return false;
  return llvm::all_of(consumer.getBody()->without_terminator(), [](Operation &op) {
    return op.hasTrait<OpTrait::ConstantLike>() || OpTrait::hasElementwiseMappableTraits(&op);
  });
}

// [rows.., columns] or [rows..] with their rows collapsed.
Value EpilogueFusion::collapseRows(Value value, bool withColumns, int64_t constants) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  int64_t rows = rank - withColumns - constants;
  if (rows <= 1)
    return value;
  SmallVector<ReassociationIndices> groups(1);
  for (int64_t i = 0; i < rows; ++i)
    groups[0].push_back(i);
  for (int64_t i = rows; i < rank; ++i)
    groups.push_back({i});
  return tensor::CollapseShapeOp::create(rewriter, value.getLoc(), value, groups);
}

// The consumer's dimensions are the contraction's, or, where its rows were expanded, all of them
// but the last are one dimension m. Then supported are all rows or none of them, in order, then the
// column or a constant 0. A row dimension of size 1 may be read or not.
std::optional<Extra> EpilogueFusion::extraOf(Value value, AffineMap map) {
  if (!expand)
    return ContractOp::isExtraMap(map) ? std::optional(Extra{value, map}) : std::nullopt;
  MLIRContext *context = rewriter.getContext();
  AffineExpr m = getAffineDimExpr(0, context), n = getAffineDimExpr(1, context);
  AffineExpr zero = getAffineConstantExpr(0, context);
  SmallVector<int64_t> ranges = consumer.getStaticLoopRanges();
  int64_t last = map.getNumDims() - 1, next = 0, rows = 0, constants = 0;
  auto skipUnits = [&](int64_t end) {
    while (next < end && ranges[next] == 1)
      ++next;
    return next == end;
  };
  bool column = false, moves = false; // with n, with m
  SmallVector<AffineExpr> indices;    // when no row takes part
  for (AffineExpr e : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    int64_t position = dim ? dim.getPosition() : -1;
    if (e == zero) {
      ++constants;
    } else if (position == last && !column) {
      column = true;
    } else if (dim && position < last && !column && !constants && skipUnits(position)) {
      ++rows;
      ++next;
      moves |= ranges[position] != 1;
    } else {
      return std::nullopt;
    }
    indices.push_back(position == last ? n : zero);
  }
  if (moves && (!skipUnits(last) || (column && constants)))
    return std::nullopt;
  if (moves) {
    indices.erase(indices.begin(), indices.begin() + rows);
    indices.insert(indices.begin(), m);
  }
  map = AffineMap::get(2, 0, indices, context);
  if (!ContractOp::isExtraMap(map))
    return std::nullopt;
  return Extra{moves ? collapseRows(value, column, constants) : value, map};
}

// The old epilogue, then the consumer's body on its value.
void EpilogueFusion::cloneBodies(ContractOp fused, ArrayRef<unsigned> inputs) {
  OpBuilder::InsertionGuard guard(rewriter);
  Location loc = fused.getLoc();
  Block *body = rewriter.createBlock(&fused.getEpilogue());
  IRMapping mapping;
  Block &old = contract.getEpilogue().front();
  for (BlockArgument argument : old.getArguments())
    mapping.map(argument, body->addArgument(argument.getType(), loc));
  for (unsigned i : inputs) {
    BlockArgument argument = consumer.getBody()->getArgument(i);
    mapping.map(argument, body->addArgument(argument.getType(), loc));
  }
  for (Operation &op : old.without_terminator())
    rewriter.clone(op, mapping);
  Value sum = mapping.lookupOrDefault(old.getTerminator()->getOperand(0));
  for (auto [i, input] : llvm::enumerate(consumer.getInputs()))
    if (input == result)
      mapping.map(consumer.getBody()->getArgument(i), sum);
  for (Operation &op : consumer.getBody()->without_terminator())
    rewriter.clone(op, mapping);
  YieldOp::create(rewriter, loc,
                  mapping.lookupOrDefault(consumer.getBody()->getTerminator()->getOperand(0)));
}

ContractOp EpilogueFusion::run() {
  if (!findConsumer())
    return {};
  rewriter.setInsertionPoint(consumer);
  SmallVector<Value> extras(contract.getExtras());
  SmallVector<Attribute> maps(contract.getExtraMaps().begin(), contract.getExtraMaps().end());
  SmallVector<unsigned> inputs;
  for (auto [i, input] : llvm::enumerate(consumer.getInputs())) {
    AffineMap map = consumer.getMatchingIndexingMap(consumer.getDpsInputOperand(i));
    if (input == result) {
      if (!map.isIdentity())
        return {};
      continue;
    }
    std::optional<Extra> extra = extraOf(input, map);
    if (!extra)
      return {};
    extras.push_back(extra->value);
    maps.push_back(AffineMapAttr::get(extra->map));
    inputs.push_back(i);
  }
  Type element = getElementTypeOrSelf(consumer->getResult(0).getType());
  Value init = contract.getInit();
  if (getElementTypeOrSelf(init.getType()) != element)
    init =
        tensor::EmptyOp::create(rewriter, contract.getLoc(),
                                tensor::getMixedSizes(rewriter, contract.getLoc(), init), element);
  auto fused = ContractOp::create(rewriter, consumer.getLoc(), init.getType(), contract.getLhs(),
                                  contract.getRhs(), extras, init, contract.getAhead(),
                                  rewriter.getArrayAttr(maps), contract.getScheduleAttr(),
                                  contract.getFullPanelsAttr(), contract.getPanelWidthAttr(),
                                  contract.getTransposeRhsAttr(), contract.getSumsAttr());
  cloneBodies(fused, inputs);
  Value whole = fused.getResult(0);
  if (expand) {
    // The sizes are operands of the expand_shape that stood before the consumer.
    whole = tensor::ExpandShapeOp::create(
        rewriter, expand.getLoc(), consumer->getResult(0).getType(), whole,
        expand.getReassociationIndices(), expand.getMixedOutputShape());
  }
  rewriter.replaceOp(consumer, whole);
  if (expand)
    rewriter.eraseOp(expand);
  rewriter.eraseOp(contract);
  return fused;
}

// All that is made of an attention is its result rounded to bf16, with some dimensions collapsed:
// it writes bf16.
void roundInAttention(RewriterBase &rewriter, AttentionOp op) {
  if (op->getNumResults() != 1 || !op->hasOneUse())
    return;
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(*op->user_begin());
  if (collapse && !collapse->hasOneUse())
    return;
  Value read = collapse ? collapse.getResult() : op.getResult(0);
  auto consumer = dyn_cast<linalg::GenericOp>(*read.user_begin());
  if (!consumer || consumer.getNumDpsInputs() != 1 || consumer->getNumResults() != 1 ||
      consumer.getDpsInputs()[0] != read || !linalg::isElementwise(consumer) ||
      !llvm::all_of(consumer.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return;
  Block &body = *consumer.getBody();
  auto round = body.getTerminator()->getOperand(0).getDefiningOp<arith::TruncFOp>();
  if (!round || round.getIn() != body.getArgument(0) || !round.getType().isBF16())
    return;
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  Value init = tensor::EmptyOp::create(
      rewriter, loc, tensor::getMixedSizes(rewriter, loc, op.getInit()), round.getType());
  rewriter.modifyOpInPlace(op, [&] {
    op.getInitMutable().assign(init);
    op.getResult(0).setType(cast<RankedTensorType>(init.getType()));
  });
  if (collapse) {
    rewriter.modifyOpInPlace(collapse, [&] {
      collapse.getResult().setType(cast<RankedTensorType>(consumer->getResult(0).getType()));
    });
  }
  rewriter.replaceOp(consumer, read);
}

struct FuseEpilogues : impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<ContractOp> contracts;
    SmallVector<AttentionOp> attentions;
    getOperation()->walk([&](ContractOp op) { contracts.push_back(op); });
    getOperation()->walk([&](AttentionOp op) { attentions.push_back(op); });
    for (AttentionOp attention : attentions)
      roundInAttention(rewriter, attention);
    for (ContractOp contract : contracts)
      while (contract)
        contract = EpilogueFusion(rewriter, contract).run();
  }
};
} // namespace
} // namespace mlir::kernel
