//===- Layers.cpp - repetitions in a model -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Layers.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::xf {

bool isLeaf(Operation *op, llvm::DenseMap<Operation *, bool> &known) {
  if (auto it = known.find(op); it != known.end())
    return it->second;
  bool leaf = isa<WeightOp, arith::ConstantOp, DimOp>(op);
  if (!leaf && isPure(op) && op->getNumResults() == 1 && op->getResult(0).getType().isIntOrIndex())
    leaf = llvm::all_of(op->getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && isLeaf(operand.getDefiningOp(), known);
    });
  known[op] = leaf;
  return leaf;
}

namespace {

// Equal but for operands. Ops with regions are not repeated.
bool isSame(Operation *a, Operation *b) {
  return a->getName() == b->getName() && a->getAttrDictionary() == b->getAttrDictionary() &&
         a->getResultTypes() == b->getResultTypes() &&
         a->getOperandTypes() == b->getOperandTypes() && a->getNumRegions() == 0 &&
         b->getNumRegions() == 0;
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
    if (!resultsStayInside())
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
      result.kind = LayerOperand::PerLayer;
      for (Value value : values) {
        auto weight = value.getDefiningOp<WeightOp>();
        bool constant =
            value.getDefiningOp<arith::ConstantOp>() && isa<RankedTensorType>(value.getType());
        if (value.getType() != values[0].getType() || !((weight && !weight.getLayer()) || constant))
          return false;
      }
      result.values = values;
    }
    stack.operands[place].push_back(result);
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

  // Results are read in their own copy and, where carried, in the next; what follows the stack
  // reads only what the last copy would carry on.
  bool resultsStayInside() {
    for (auto [index, op] : llvm::enumerate(stack.ops))
      for (OpResult result : op->getResults()) {
        size_t copy = index / stack.period, place = index % stack.period;
        bool carried = llvm::any_of(stack.carried, [&](const LayerStack::Carried &slot) {
          return slot.place == place && slot.result == result.getResultNumber();
        });
        for (Operation *user : result.getUsers()) {
          auto it = positions.find(user);
          size_t reader = it == positions.end() ? stack.count : it->second / stack.period;
          if (reader != copy && !(carried && reader == copy + 1))
            return false;
        }
      }
    return true;
  }

  LayerStack stack;
  llvm::DenseMap<Operation *, size_t> positions;
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
