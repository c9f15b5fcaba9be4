//===- RollLayers.cpp - identical layers become a loop -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Shapes.h"
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
// others. Values whose readers lie at least `apart` attentions apart belong to no layer: they and
// what they are computed from move to the front.
void hoistShared(Block &block, size_t apart) {
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
      if (user->hasTrait<OpTrait::IsTerminator>()) // a result of the model, wherever it is computed
        continue;
      first = std::min(first, attentionsBefore.lookup(user));
      last = std::max(last, attentionsBefore.lookup(user));
    }
    if (!isLeaf(&op, leaves) && last < first + apart)
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
      : stack(std::move(stack)), function(this->stack.ops.front()->getParentOfType<func::FuncOp>()),
        symbols(symbols), rewriter(rewriter) {}

  void run() {
    Operation *first = stack.ops.front();
    Location loc = first->getLoc();
    rewriter.setInsertionPoint(first);
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(rewriter, loc, value).getResult();
    };
    auto inits = llvm::map_to_vector(
        stack.carried, [](const LayerStack::Carried &carried) { return carried.init; });
    for (const LayerStack::Returned &returned : stack.returned)
      inits.push_back(emptyStack(returned));
    auto loop = scf::ForOp::create(rewriter, loc, index(0), index(stack.count), index(1), inits);
    buildBody(OpBuilder::atBlockBegin(loop.getBody()), loop.getInductionVar(),
              loop.getRegionIterArgs());
    ValueRange results = loop.getResults();
    for (auto [slot, result] : llvm::zip(stack.carried, results)) {
      Value last = stack.at(stack.count - 1, slot.place)->getResult(slot.result);
      rewriter.replaceUsesWithIf(last, result, [&](OpOperand &use) {
        return !llvm::is_contained(stack.ops, use.getOwner());
      });
    }
    returnStacks(results.drop_front(stack.carried.size()));
    for (Operation *op : llvm::reverse(stack.ops))
      rewriter.eraseOp(op);
    removeStackedInputs();
  }

private:
  // Copy 0 with carried values as arguments, weights and inputs as slices of stacks; what the model
  // returns of each layer is inserted into stacks.
  void buildBody(OpBuilder builder, Value layer, ValueRange carried) {
    IRMapping mapping;
    for (size_t place = 0; place < stack.period; ++place) {
      Operation *op = stack.at(0, place);
      SmallVector<Value> operands;
      for (auto [value, operand] : llvm::zip(op->getOperands(), stack.operands[place])) {
        switch (operand.kind) {
        case LayerOperand::Carried:
          operands.push_back(carried[operand.slot]);
          break;
        case LayerOperand::PerLayer:
          operands.push_back(weightOf(builder, operand.values, layer));
          break;
        case LayerOperand::Input:
          operands.push_back(
              sliceOf(builder, stackedInput(operand.values), value.getType(), layer));
          break;
        case LayerOperand::Internal:
        case LayerOperand::Invariant:
          operands.push_back(mapping.lookupOrDefault(value));
        }
      }
      Operation *clone = builder.clone(*op, mapping);
      clone->setOperands(operands);
    }
    auto yields = llvm::map_to_vector(stack.carried, [&](const LayerStack::Carried &slot) {
      return mapping.lookup(stack.at(0, slot.place)->getResult(slot.result));
    });
    for (const LayerStack::Returned &slot : stack.returned)
      yields.push_back(insertInto(builder, carried[yields.size()],
                                  mapping.lookup(stack.at(0, slot.place)->getResult(slot.result)),
                                  layer));
    scf::YieldOp::create(builder, stack.ops.front()->getLoc(), yields);
  }

  Value weightOf(OpBuilder &builder, ArrayRef<Value> values, Value layer) {
    return WeightOp::create(builder, values[0].getLoc(), values[0].getType(),
                            FlatSymbolRefAttr::get(stackedWeight(values)), layer);
  }

  // Layer `layer` of `stacked`: its offsets, sizes and strides.
  struct Place {
    SmallVector<OpFoldResult> offsets, sizes, strides;

    Place(OpBuilder &builder, Value stacked, OpFoldResult layer) {
      int64_t rank = cast<RankedTensorType>(stacked.getType()).getRank();
      offsets.assign(rank, builder.getIndexAttr(0));
      strides.assign(rank, builder.getIndexAttr(1));
      sizes = dimsOf(builder, stacked.getLoc(), stacked);
      offsets[0] = layer;
      sizes[0] = builder.getIndexAttr(1);
    }
  };

  // Upstream has no slice where an offset of 0 is behind the end of a dimension.
  static bool isEmpty(Value value) {
    return llvm::is_contained(cast<RankedTensorType>(value.getType()).getShape(), 0);
  }

  static Value sliceOf(OpBuilder &builder, Value stacked, Type type, OpFoldResult layer) {
    if (isEmpty(stacked)) {
      auto sizes = llvm::drop_begin(dimsOf(builder, stacked.getLoc(), stacked));
      return tensor::EmptyOp::create(builder, stacked.getLoc(), llvm::to_vector(sizes),
                                     getElementTypeOrSelf(type));
    }
    Place place(builder, stacked, layer);
    return tensor::ExtractSliceOp::create(builder, stacked.getLoc(), cast<RankedTensorType>(type),
                                          stacked, place.offsets, place.sizes, place.strides);
  }

  static Value insertInto(OpBuilder &builder, Value stacked, Value value, Value layer) {
    if (isEmpty(stacked))
      return stacked;
    Place place(builder, stacked, layer);
    return tensor::InsertSliceOp::create(builder, value.getLoc(), value, stacked, place.offsets,
                                         place.sizes, place.strides);
  }

  static RankedTensorType stackedType(Type single, int64_t count) {
    auto type = cast<RankedTensorType>(single);
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), count);
    return type.clone(shape);
  }

  // xf.buffers and xf.dims of the stack of those that have `attributes`.
  DictionaryAttr stackedAttrs(ArrayRef<DictionaryAttr> attributes) {
    SmallVector<int64_t> buffers;
    for (DictionaryAttr single : attributes)
      llvm::append_range(buffers, single.getAs<DenseI64ArrayAttr>(kBuffers).asArrayRef());
    NamedAttrList all;
    all.set(kBuffers, rewriter.getDenseI64ArrayAttr(buffers));
    if (auto dims = attributes[0].getAs<ArrayAttr>("xf.dims")) {
      SmallVector<Attribute> names(dims.begin(), dims.end());
      names.insert(names.begin(), rewriter.getStringAttr(""));
      all.set("xf.dims", rewriter.getArrayAttr(names));
    }
    return all.getDictionary(rewriter.getContext());
  }

  // The argument that takes the place of the arguments `values`.
  Value stackedInput(ArrayRef<Value> values) {
    Value &stacked = inputs[values[0]];
    if (stacked)
      return stacked;
    SmallVector<DictionaryAttr> attributes;
    for (Value value : values)
      attributes.push_back(function.getArgAttrDict(cast<BlockArgument>(value).getArgNumber()));
    unsigned position = cast<BlockArgument>(values[0]).getArgNumber();
    (void)function.insertArgument(position, stackedType(values[0].getType(), stack.count),
                                  stackedAttrs(attributes), values[0].getLoc());
    stacked = function.getArgument(position);
    for (auto [layer, value] : llvm::enumerate(values))
      stackedInputs.emplace_back(cast<BlockArgument>(value), stacked, layer);
    return stacked;
  }

  // Other readers of the inputs get their layer of the stack.
  void removeStackedInputs() {
    rewriter.setInsertionPointToStart(&function.getBody().front());
    for (auto [input, stacked, layer] : stackedInputs)
      if (!input.use_empty())
        rewriter.replaceAllUsesWith(
            input, sliceOf(rewriter, stacked, input.getType(), rewriter.getIndexAttr(layer)));
    llvm::BitVector erased(function.getNumArguments());
    for (auto [input, stacked, layer] : stackedInputs)
      erased.set(input.getArgNumber());
    (void)function.eraseArguments(erased);
  }

  Value emptyStack(const LayerStack::Returned &returned) {
    Value first = stack.at(0, returned.place)->getResult(returned.result);
    SmallVector<OpFoldResult> sizes = dimsOf(rewriter, first.getLoc(), first);
    sizes.insert(sizes.begin(), rewriter.getIndexAttr(stack.count));
    return tensor::EmptyOp::create(rewriter, first.getLoc(), sizes,
                                   getElementTypeOrSelf(first.getType()));
  }

  // Each stack takes the place of the results that it is made of.
  void returnStacks(ValueRange stacks) {
    Operation *end = function.getBody().front().getTerminator();
    SmallVector<Type> types(function.getResultTypes());
    llvm::BitVector erased(types.size());
    for (auto [returned, stacked] : llvm::zip(stack.returned, stacks)) {
      unsigned number = *llvm::min_element(returned.numbers);
      auto attributes = llvm::map_to_vector(
          returned.numbers, [&](unsigned n) { return function.getResultAttrDict(n); });
      types[number] = stacked.getType();
      end->setOperand(number, stacked);
      function.setFunctionType(
          FunctionType::get(function.getContext(), function.getArgumentTypes(), types));
      function.setResultAttrs(number, stackedAttrs(attributes));
      for (unsigned other : returned.numbers)
        if (other != number)
          erased.set(other);
    }
    end->eraseOperands(erased);
    (void)function.eraseResults(erased);
  }

  // @w.stacked : L x ..., the concatenation of the weights of all layers.
  StringAttr stackedWeight(ArrayRef<Value> values) {
    for (auto &[known, name] : weights)
      if (llvm::equal(known, values))
        return name;
    OpBuilder::InsertionGuard guard(rewriter);
    Location loc = values[0].getLoc();
    RankedTensorType single = stackedType(values[0].getType(), 1);
    auto weight = values[0].getDefiningOp<WeightOp>();
    std::string name = ((weight ? weight.getWeight() : "constant") + ".stacked").str();
    rewriter.setInsertionPoint(function);
    auto data = WeightDataOp::create(rewriter, loc, name,
                                     stackedType(values[0].getType(), stack.count), SourceAttr());
    rewriter.setInsertionPointToStart(&data.getInit().emplaceBlock());
    SmallVector<Value> layers;
    for (Value value : values) {
      Value handle = rewriter.clone(*value.getDefiningOp())->getResult(0);
      layers.push_back(ReshapeOp::create(
          rewriter, loc, handle, getAsIndexOpFoldResult(rewriter.getContext(), single.getShape())));
    }
    YieldOp::create(rewriter, loc, tensor::ConcatOp::create(rewriter, loc, 0, layers));
    StringAttr symbol = symbols.insert(data, Block::iterator(function));
    weights.emplace_back(llvm::to_vector(values), symbol);
    return symbol;
  }

  LayerStack stack;
  func::FuncOp function;
  SymbolTable &symbols;
  IRRewriter &rewriter;
  SmallVector<std::pair<SmallVector<Value>, StringAttr>> weights;
  llvm::DenseMap<Value, Value> inputs; // of copy 0 -> the stack
  SmallVector<std::tuple<BlockArgument, Value, int64_t>> stackedInputs;
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
    // Readers of a residual, and of a norm in front of attention and feed-forward, are one
    // attention apart; but so are those of a mask in a stack of two layers.
    for (size_t apart : {2, 1}) {
      hoistShared(block, apart);
      llvm::DenseMap<Operation *, bool> leaves;
      SmallVector<Operation *> ops;
      for (Operation &op : block.without_terminator())
        if (!isLeaf(&op, leaves))
          ops.push_back(&op);
      if (std::optional<LayerStack> stack = findLayers(ops))
        return stack;
    }
    return std::nullopt;
  }
};
} // namespace
} // namespace mlir::xf
