//===- Layers.cpp - repetitions in a model -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Layers.h"
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Shapes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::xf {

bool isLeaf(Operation *op, llvm::DenseMap<Operation *, bool> &known) {
  if (auto it = known.find(op); it != known.end())
    return it->second;
  bool leaf = isa<WeightOp, arith::ConstantOp, DimOp>(op);
  if (!leaf && isMemoryEffectFree(op) && op->getNumResults() == 1 &&
      op->getResult(0).getType().isIntOrIndex())
    leaf = llvm::all_of(op->getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && isLeaf(operand.getDefiningOp(), known);
    });
  known[op] = leaf;
  return leaf;
}

namespace {

// Equal but for operands. Regions are the same; what they capture is one value for all layers.
bool isSame(Operation *a, Operation *b) {
  return a->getName() == b->getName() && a->getAttrDictionary() == b->getAttrDictionary() &&
         a->getResultTypes() == b->getResultTypes() &&
         a->getOperandTypes() == b->getOperandTypes() && a->getNumRegions() == b->getNumRegions() &&
         llvm::all_of(llvm::zip(a->getRegions(), b->getRegions()), [](auto regions) {
           return OperationEquivalence::isRegionEquivalentTo(
               &std::get<0>(regions), &std::get<1>(regions), OperationEquivalence::IgnoreLocations);
         });
}

// Stands for one of the caller's buffers, and is not a stack already.
bool isSingleBuffer(Attribute attribute) {
  auto buffers = dyn_cast_or_null<DenseI64ArrayAttr>(attribute);
  return buffers && buffers.size() == 1;
}

// An attribute of an argument of the model function; null for other values.
Attribute argumentAttr(Value value, StringRef name) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
  return function ? function.getArgAttr(argument.getArgNumber(), name) : Attribute();
}

// One size for all layers, known in front of them.
bool haveEqualKnownSizes(ArrayRef<Value> values) {
  Block scratch;
  OpBuilder builder(values[0].getContext());
  builder.setInsertionPointToEnd(&scratch);
  SmallVector<OpFoldResult> sizes = dimsOf(builder, values[0].getLoc(), values[0]);
  llvm::DenseMap<Operation *, bool> leaves;
  return llvm::all_of(sizes,
                      [&](OpFoldResult size) {
                        auto value = dyn_cast<Value>(size);
                        return !value ||
                               (value.getDefiningOp() && isLeaf(value.getDefiningOp(), leaves));
                      }) &&
         llvm::all_of(values.drop_front(),
                      [&](Value value) { return haveEqualSizes(value, sizes); });
}

class StackVerifier {
public:
  StackVerifier(ArrayRef<Operation *> ops, size_t period, size_t count) {
    stack.ops.assign(ops.begin(), ops.begin() + period * count);
    stack.period = period;
    stack.count = count;
    for (auto [i, op] : llvm::enumerate(stack.ops))
      positions[op] = i;
  }

  std::optional<LayerStack> run() {
    stack.operands.resize(stack.period);
    for (size_t place = 0; place < stack.period; ++place)
      for (size_t operand = 0; operand < stack.at(0, place)->getNumOperands(); ++operand)
        if (!classify(place, operand))
          return std::nullopt;
    if (!classifyResults())
      return std::nullopt;
    return stack;
  }

private:
  // Copy and place of the op that defines `value`; none for what comes from outside.
  std::optional<std::pair<size_t, size_t>> origin(Value value) {
    auto it = positions.find(value.getDefiningOp());
    if (!value.getDefiningOp() || it == positions.end())
      return std::nullopt;
    return std::pair(it->second / stack.period, it->second % stack.period);
  }

  bool classify(size_t place, size_t operand) {
    auto values = llvm::map_to_vector(llvm::seq(stack.count), [&](size_t copy) {
      return stack.at(copy, place)->getOperand(operand);
    });
    LayerOperand result{LayerOperand::Invariant, 0, {}};
    if (origin(values[0])) {
      result.kind = LayerOperand::Internal;
      if (!comesFrom(values, 0))
        return false;
    } else if (origin(values[1])) {
      result.kind = LayerOperand::Carried;
      if (!comesFrom(values, 1) || values[0].getType() != values[1].getType())
        return false;
      result.slot = slotOf(values);
    } else if (!llvm::all_equal(values)) {
      if (!llvm::all_equal(llvm::map_range(values, [](Value value) { return value.getType(); })))
        return false;
      if (llvm::all_of(values, isData))
        result.kind = LayerOperand::PerLayer;
      else if (areInputs(values))
        result.kind = LayerOperand::Input;
      else
        return false;
      result.values = values;
    }
    stack.operands[place].push_back(result);
    return true;
  }

  // A weight or constant that can be stacked.
  static bool isData(Value value) {
    if (auto weight = value.getDefiningOp<WeightOp>())
      return !weight.getLayer();
    return value.getDefiningOp<arith::ConstantOp>() && isa<RankedTensorType>(value.getType());
  }

  // Different inputs of the model with equal dimensions, none of which is in another stack.
  bool areInputs(ArrayRef<Value> values) {
    for (auto [copy, value] : llvm::enumerate(values)) {
      if (!isSingleBuffer(argumentAttr(value, kBuffers)) ||
          argumentAttr(value, "xf.dims") != argumentAttr(values[0], "xf.dims"))
        return false;
      auto [place, isNew] = inputs.insert({value, {values[0], copy}});
      if (place->second != std::pair(values[0], copy))
        return false;
    }
    return true;
  }

  // values[c], for c from `distance` on, is one result of one place of copy c − distance.
  bool comesFrom(ArrayRef<Value> values, size_t distance) {
    auto number = [](Value value) { return cast<OpResult>(value).getResultNumber(); };
    Value first = values[distance];
    for (size_t copy = distance; copy < values.size(); ++copy) {
      auto from = origin(values[copy]);
      if (!from || from->first != copy - distance || from->second != origin(first)->second ||
          number(values[copy]) != number(first))
        return false;
    }
    return true;
  }

  size_t slotOf(ArrayRef<Value> values) {
    size_t place = origin(values[1])->second, result = cast<OpResult>(values[1]).getResultNumber();
    for (auto [slot, carried] : llvm::enumerate(stack.carried))
      if (carried.init == values[0] && carried.place == place && carried.result == result)
        return slot;
    stack.carried.push_back({values[0], place, result});
    return stack.carried.size() - 1;
  }

  // Results are read in their own copy and, where carried, in the next.
  bool classifyResults() {
    for (size_t place = 0; place < stack.period; ++place)
      for (size_t result = 0; result < stack.at(0, place)->getNumResults(); ++result) {
        bool carried = llvm::any_of(stack.carried, [&](const LayerStack::Carried &slot) {
          return slot.place == place && slot.result == result;
        });
        SmallVector<SmallVector<OpOperand *>> outside(stack.count);
        for (size_t copy = 0; copy < stack.count; ++copy)
          for (OpOperand &use : stack.at(copy, place)->getResult(result).getUses()) {
            auto it = positions.find(use.getOwner());
            if (it == positions.end())
              outside[copy].push_back(&use);
            else if (size_t reader = it->second / stack.period;
                     reader != copy && !(carried && reader == copy + 1))
              return false;
          }
        bool onlyLast =
            llvm::all_of(ArrayRef(outside).drop_back(), [](auto &uses) { return uses.empty(); });
        if (onlyLast ? !carried && !outside.back().empty()
                     : !addReturned(place, result, carried, outside))
          return false;
      }
    return true;
  }

  // What each copy computes is one result of the model; of the last one, if carried, others may
  // read it as well.
  bool addReturned(size_t place, size_t result, bool carried,
                   ArrayRef<SmallVector<OpOperand *>> outside) {
    LayerStack::Returned returned{place, result, {}};
    SmallVector<Value> values;
    for (auto [copy, uses] : llvm::enumerate(outside)) {
      for (OpOperand *use : uses) {
        auto end = dyn_cast<func::ReturnOp>(use->getOwner());
        if (!end && carried && copy + 1 == stack.count)
          continue;
        if (!end || values.size() > copy ||
            !isSingleBuffer(end->getParentOfType<func::FuncOp>().getResultAttr(
                use->getOperandNumber(), kBuffers)))
          return false;
        returned.numbers.push_back(use->getOperandNumber());
        values.push_back(use->get());
      }
      if (values.size() == copy)
        return false;
    }
    if (!haveEqualKnownSizes(values))
      return false;
    stack.returned.push_back(returned);
    return true;
  }

  LayerStack stack;
  llvm::DenseMap<Operation *, size_t> positions;
  // Input -> the input of copy 0 that it is stacked with, and its copy.
  llvm::DenseMap<Value, std::pair<Value, size_t>> inputs;
};

// Distances between neighbouring equal attentions: where layers differ in nothing else, one of
// these is the period.
SetVector<size_t> candidatePeriods(ArrayRef<Operation *> ops) {
  SmallVector<size_t> anchors;
  for (auto [i, op] : llvm::enumerate(ops))
    if (isa<AttentionOp>(op))
      anchors.push_back(i);
  SetVector<size_t> periods;
  // A layer may hold two attentions (to itself and to an encoder), or alternate with another kind.
  for (size_t distance : {1, 2, 3, 4})
    for (size_t i = 0; i + distance < anchors.size(); ++i)
      if (isSame(ops[anchors[i]], ops[anchors[i + distance]]))
        periods.insert(anchors[i + distance] - anchors[i]);
  return periods;
}

} // namespace

std::optional<LayerStack> findLayers(ArrayRef<Operation *> ops) {
  std::optional<LayerStack> best;
  auto covered = [](const std::optional<LayerStack> &stack) {
    return stack ? stack->ops.size() : 0;
  };
  for (size_t period : candidatePeriods(ops)) {
    for (size_t begin = 0; begin + period < ops.size();) {
      size_t end = begin;
      while (end + period < ops.size() && isSame(ops[end], ops[end + period]))
        ++end;
      // ops[begin, end + period) repeats; every start within the first period cuts it into layers
      // differently.
      for (size_t start = begin; start < end && start < begin + period; ++start) {
        size_t count = (end + period - start) / period;
        if (count < 2 || count * period < covered(best))
          continue;
        std::optional<LayerStack> stack = StackVerifier(ops.drop_front(start), period, count).run();
        bool fewer = stack && best && stack->ops.size() == best->ops.size() &&
                     stack->carried.size() >= best->carried.size();
        if (stack && !fewer)
          best = stack;
      }
      begin = end + 1;
    }
  }
  return best;
}

} // namespace mlir::xf
