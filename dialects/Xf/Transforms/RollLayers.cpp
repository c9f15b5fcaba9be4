//===- RollLayers.cpp - identical layers become a loop -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Layers.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::xf {
#define GEN_PASS_DEF_ROLLLAYERS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// Adds `op` and what it is computed from, in order, to `slice`; false when an attention is among
// it.
bool collectSlice(Operation *op, Block *block, SetVector<Operation *> &slice) {
  if (slice.contains(op) || op->getBlock() != block)
    return true;
  if (isa<AttentionOp>(op) || op->getNumRegions())
    return false;
  for (Value operand : op->getOperands())
    if (Operation *producer = operand.getDefiningOp();
        producer && !collectSlice(producer, block, slice))
      return false;
  slice.insert(op);
  return true;
}

// Masks and tables stand where the first layer needs them, which makes that layer longer than the
// others. Values whose readers lie at least two attentions apart belong to no layer: they and what
// they are computed from move to the front.
void hoistShared(Block &block) {
  llvm::DenseMap<Operation *, size_t> attentionsBefore;
  size_t count = 0;
  for (Operation &op : block) {
    attentionsBefore[&op] = count;
    count += isa<AttentionOp>(op);
  }
  SetVector<Operation *> front;
  llvm::DenseMap<Operation *, bool> leaves;
  for (Operation &op : block) {
    size_t first = count, last = 0;
    for (Operation *user : op.getUsers()) {
      first = std::min(first, attentionsBefore.lookup(user));
      last = std::max(last, attentionsBefore.lookup(user));
    }
    if (!isLeaf(&op, leaves) && last < first + 2)
      continue;
    SetVector<Operation *> slice = front;
    if (collectSlice(&op, &block, slice))
      front = std::move(slice);
  }
  Operation *previous = nullptr;
  for (Operation *op : front) {
    if (previous)
      op->moveAfter(previous);
    else
      op->moveBefore(&block, block.begin());
    previous = op;
  }
}

class Roller {
public:
  Roller(LayerStack stack, SymbolTable &symbols, IRRewriter &rewriter)
      : stack(std::move(stack)), symbols(symbols), rewriter(rewriter) {}

  void run() {
    Operation *first = this->stack.ops.front();
    Location loc = first->getLoc();
    rewriter.setInsertionPoint(first);
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(rewriter, loc, value).getResult();
    };
    auto inits = llvm::map_to_vector(
        stack.carried, [](const LayerStack::Carried &carried) { return carried.init; });
    auto loop = scf::ForOp::create(rewriter, loc, index(0), index(stack.count), index(1), inits,
                                   [&](OpBuilder &builder, Location, Value layer,
                                       ValueRange carried) { buildBody(builder, layer, carried); });
    for (auto [slot, result] : llvm::zip(stack.carried, loop.getResults())) {
      Value last = stack.at(stack.count - 1, slot.place)->getResult(slot.result);
      rewriter.replaceUsesWithIf(last, result, [&](OpOperand &use) {
        return !llvm::is_contained(stack.ops, use.getOwner());
      });
    }
    for (Operation *op : llvm::reverse(stack.ops))
      rewriter.eraseOp(op);
  }

private:
  // Copy 0 with carried values as arguments and weights as slices of stacks.
  void buildBody(OpBuilder &builder, Value layer, ValueRange carried) {
    IRMapping mapping;
    llvm::DenseMap<StringAttr, Value> slices;
    for (size_t place = 0; place < stack.period; ++place) {
      Operation *op = stack.at(0, place);
      SmallVector<Value> operands;
      for (auto [value, operand] : llvm::zip(op->getOperands(), stack.operands[place]))
        operands.push_back(operand.kind == LayerOperand::Carried ? carried[operand.slot]
                           : operand.kind == LayerOperand::PerLayer
                               ? sliceOf(builder, operand.values, layer, slices)
                               : mapping.lookupOrDefault(value));
      Operation *clone = builder.clone(*op, mapping);
      clone->setOperands(operands);
    }
    auto yields = llvm::map_to_vector(stack.carried, [&](const LayerStack::Carried &slot) {
      return mapping.lookup(stack.at(0, slot.place)->getResult(slot.result));
    });
    scf::YieldOp::create(builder, stack.ops.front()->getLoc(), yields);
  }

  Value sliceOf(OpBuilder &builder, ArrayRef<Value> values, Value layer,
                llvm::DenseMap<StringAttr, Value> &slices) {
    StringAttr name = stacked(values);
    Value &slice = slices[name];
    if (!slice)
      slice = WeightOp::create(builder, values[0].getLoc(), values[0].getType(),
                               FlatSymbolRefAttr::get(name), layer);
    return slice;
  }

  // @w.stacked : L x ..., the concatenation of the weights of all layers.
  StringAttr stacked(ArrayRef<Value> values) {
    for (auto &[known, name] : stacks)
      if (llvm::equal(known, values))
        return name;
    OpBuilder::InsertionGuard guard(rewriter);
    Location loc = values[0].getLoc();
    auto type = cast<RankedTensorType>(values[0].getType());
    SmallVector<int64_t> single(type.getShape()), all(type.getShape());
    single.insert(single.begin(), 1);
    all.insert(all.begin(), values.size());
    auto weight = values[0].getDefiningOp<WeightOp>();
    std::string name = ((weight ? weight.getWeight() : "constant") + ".stacked").str();
    auto function = stack.ops.front()->getParentOfType<func::FuncOp>();
    rewriter.setInsertionPoint(function);
    auto data = WeightDataOp::create(rewriter, loc, name, type.clone(all), SourceAttr());
    rewriter.setInsertionPointToStart(&data.getInit().emplaceBlock());
    SmallVector<Value> layers;
    for (Value value : values) {
      Value handle = rewriter.clone(*value.getDefiningOp())->getResult(0);
      layers.push_back(ReshapeOp::create(rewriter, loc, handle,
                                         getAsIndexOpFoldResult(rewriter.getContext(), single)));
    }
    YieldOp::create(rewriter, loc, tensor::ConcatOp::create(rewriter, loc, 0, layers));
    StringAttr symbol = symbols.insert(data, Block::iterator(function));
    stacks.emplace_back(llvm::to_vector(values), symbol);
    return symbol;
  }

  LayerStack stack;
  SymbolTable &symbols;
  IRRewriter &rewriter;
  SmallVector<std::pair<SmallVector<Value>, StringAttr>> stacks;
};

struct RollLayers : impl::RollLayersBase<RollLayers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    IRRewriter rewriter(&getContext());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.getBody().hasOneBlock())
        continue;
      // An encoder and a decoder are two stacks.
      while (std::optional<LayerStack> stack = findIn(function.getBody().front()))
        Roller(*stack, symbols, rewriter).run();
    }
  }

  static std::optional<LayerStack> findIn(Block &block) {
    hoistShared(block);
    llvm::DenseMap<Operation *, bool> leaves;
    SmallVector<Operation *> ops;
    for (Operation &op : block.without_terminator())
      if (!isLeaf(&op, leaves))
        ops.push_back(&op);
    return findLayers(ops);
  }
};
} // namespace
} // namespace mlir::xf
