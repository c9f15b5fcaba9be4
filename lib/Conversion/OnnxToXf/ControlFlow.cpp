//===- ControlFlow.cpp - If, Loop and Scan --------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Converter.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using mlir::xf::BinaryKind;

namespace tilewright {

struct Converter::ScanAxes {
  SmallVector<int64_t> inputs, outputs;
  SmallVector<bool> reversedInputs, reversedOutputs;
};

Converter::ControlFlow Converter::controlFlowOf(onnx::NodeOp node) {
  if (!domainOf(node).empty())
    return nullptr;
  return StringSwitch<ControlFlow>(node.getOpType())
      .Case("If", &Converter::convertIf)
      .Case("Loop", &Converter::convertLoop)
      .Case("Scan",
            node.getVersion() < 9 ? &Converter::convertBatchedScan : &Converter::convertScan)
      .Default(nullptr);
}

Block *Converter::graphOf(Node &node, StringRef name, size_t arguments) {
  if (node.op.getGraphNames())
    for (auto [known, graph] :
         llvm::zip(node.op.getGraphNames()->getAsRange<StringAttr>(), node.op.getGraphs()))
      if (known == name) {
        if (graph.front().getNumArguments() == arguments)
          return &graph.front();
        builder.fail("expects a graph '" + name + "' of " + Twine(arguments) + " inputs, got " +
                     Twine(graph.front().getNumArguments()));
        return nullptr;
      }
  builder.fail("expects a graph '" + name + "'");
  return nullptr;
}

Converter::Tensors Converter::convertGraph(Block &graph, ArrayRef<Tensor> arguments) {
  for (auto [argument, tensor] : llvm::zip(graph.getArguments(), arguments))
    tensors[argument] = tensor;
  Location loc = builder.location();
  convertBlock(graph);
  builder.start(loc); // what failed has been reported
  return llvm::map_to_vector(graph.getTerminator()->getOperands(), [&](Value value) {
    return isPoisoned(value) ? Tensor() : tensorOf(value);
  });
}

static std::optional<bool> knownCondition(TensorBuilder &b, Tensor condition) {
  const Sizes *elements = b.elements(condition);
  return elements && elements->size() == 1 ? constantBoolean(elements->front()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

// A branch that is known stands where the If was. Otherwise both are computed, and the condition
// selects: nothing that a branch computes can fail.
void Converter::convertIf(Node &node) {
  Tensor condition = node.tensor(0);
  Block *branches[] = {graphOf(node, "then_branch", 0), graphOf(node, "else_branch", 0)};
  if (!node.ok())
    return;
  if (std::optional<bool> taken = knownCondition(builder, condition))
    return node.yield(convertGraph(*branches[*taken ? 0 : 1], {}));
  Tensors yes = convertGraph(*branches[0], {}), no = convertGraph(*branches[1], {}), results;
  condition = builder.reshape(condition, {});
  if (rejected || yes.size() != no.size())
    return;
  for (auto [a, b] : llvm::zip(yes, no)) {
    if (!a || !b || a.elementType() != b.elementType() || a.rank() != b.rank())
      return (void)builder.fail("expects a condition known at compile time or branches whose "
                                "results have one element type and rank");
    for (auto [x, y] : llvm::zip(builder.sizes(a), builder.sizes(b)))
      builder.require(x, y);
    results.push_back(builder.select(condition, a, b));
  }
  node.yield(results);
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

// Whether a Loop goes on as long as its trip count says: its body gives back the condition that it
// gets, or true.
static bool runsToItsEnd(Block &body) {
  Value condition = body.getTerminator()->getOperand(0);
  while (auto node = condition.getDefiningOp<onnx::NodeOp>()) {
    if (node.getOpType() == "Constant") {
      auto value = node.getAttrs().getAs<DenseElementsAttr>("value");
      return value && value.getElementType().isInteger(1) && value.isSplat() &&
             value.getSplatValue<bool>();
    }
    if (node.getOpType() != "Identity" && node.getOpType() != "Cast")
      return false;
    condition = node.getInputs().front();
  }
  DenseElementsAttr value;
  if (matchPattern(condition, m_Constant(&value)))
    return value.getElementType().isInteger(1) && value.isSplat() && value.getSplatValue<bool>();
  return condition == body.getArgument(1);
}

// A loop that may end early runs all of its steps, and keeps what it carries from that one on.
void Converter::convertLoop(Node &node) {
  Tensor trips = node.optional(0), condition = node.optional(1);
  Block *body = graphOf(node, "body", node.numInputs());
  if (!node.ok())
    return;
  const Sizes *count = builder.elements(trips);
  if (!count || count->size() != 1)
    return (void)builder.fail("expects a trip count that follows from constants and dimensions" +
                              node.constantHint(0));
  std::optional<bool> starts = condition ? knownCondition(builder, condition) : true;
  OpFoldResult steps = starts.value_or(true)
                           ? builder.index.max(count->front(), builder.index.constant(0))
                           : builder.index.constant(0);
  bool early = !starts || !runsToItsEnd(*body);
  size_t states = node.numInputs() - 2;
  if (early && node.numOutputs() > states)
    return (void)builder.fail("expects a condition that is always true of a loop that stacks "
                              "outputs");
  Type boolean = builder.builder.getI1Type();
  Tensors initial = llvm::map_to_vector(llvm::seq<unsigned>(2, node.numInputs()),
                                        [&](unsigned i) { return node.tensor(i); });
  if (early)
    initial.push_back(starts ? builder.scalar(true, boolean) : builder.reshape(condition, {}));
  Tensors results = builder.loop(
      steps, initial, {},
      [&](Tensor step, ArrayRef<Tensor> carried, ArrayRef<Tensor>) -> TensorBuilder::Step {
        Tensors arguments{step, early ? carried.back() : builder.scalar(true, boolean)};
        llvm::append_range(arguments, carried.take_front(states));
        Tensors made = convertGraph(*body, arguments);
        ArrayRef<Tensor> next = ArrayRef(made).drop_front();
        if (next.size() < states || !made.front())
          return {};
        TensorBuilder::Step last{Tensors(next.take_front(states)),
                                 Tensors(next.drop_front(states))};
        if (early) {
          for (auto [now, before] : llvm::zip(last.carried, carried))
            now = builder.select(carried.back(), now, before);
          last.carried.push_back(builder.binary(BinaryKind::logical_and, carried.back(),
                                                builder.reshape(made.front(), {})));
        }
        return last;
      });
  if (early && !results.empty())
    results.pop_back();
  node.yield(results);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> movedFront(int64_t rank, int64_t axis) {
  SmallVector<int64_t> perm{axis};
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      perm.push_back(i);
  return perm;
}

// Moves dimension `axis` to the front.
static Tensor toFront(TensorBuilder &b, Tensor x, int64_t axis) {
  return x ? b.transpose(x, movedFront(x.rank(), axis)) : x;
}

static Tensor fromFront(TensorBuilder &b, Tensor x, int64_t axis) {
  return x ? b.transpose(x, invertPermutationVector(movedFront(x.rank(), axis))) : x;
}

Converter::Tensors Converter::scan(Block &graph, ArrayRef<Tensor> states, ArrayRef<Tensor> inputs,
                                   const ScanAxes &axes) {
  Tensors slices;
  for (auto [input, axis, reversed] : llvm::zip(inputs, axes.inputs, axes.reversedInputs)) {
    Tensor front = toFront(builder, input, axis);
    slices.push_back(reversed ? builder.reverse(front, 0) : front);
  }
  if (!builder.ok() || slices.empty())
    return builder.fail("expects an input to scan"), Tensors();
  OpFoldResult count = builder.size(slices.front(), 0);
  for (Tensor slice : ArrayRef(slices).drop_front())
    count = builder.equalSize(count, builder.size(slice, 0));
  Tensors results = builder.loop(
      count, states, slices,
      [&](Tensor, ArrayRef<Tensor> carried, ArrayRef<Tensor> current) -> TensorBuilder::Step {
        Tensors arguments(carried);
        llvm::append_range(arguments, current);
        Tensors made = convertGraph(graph, arguments);
        if (made.size() < states.size())
          return {};
        return {Tensors(ArrayRef(made).take_front(states.size())),
                Tensors(ArrayRef(made).drop_front(states.size()))};
      });
  for (size_t i = states.size(); i < results.size(); ++i) {
    size_t output = i - states.size();
    if (output < axes.reversedOutputs.size() && axes.reversedOutputs[output])
      results[i] = builder.reverse(results[i], 0);
    if (output < axes.outputs.size() && results[i])
      results[i] = fromFront(builder, results[i],
                             axes.outputs[output] < 0 ? axes.outputs[output] + results[i].rank()
                                                      : axes.outputs[output]);
  }
  return results;
}

void Converter::convertScan(Node &node) {
  Tensors all = node.tensors();
  int64_t scanned = node.integer("num_scan_inputs");
  Block *graph = graphOf(node, "body", all.size());
  if (!node.ok())
    return;
  int64_t states = static_cast<int64_t>(all.size()) - scanned;
  if (states < 0 || scanned < 1)
    return (void)builder.fail("expects num_scan_inputs in [1, " + Twine(all.size()) + "], got " +
                              Twine(scanned));
  int64_t outputs = static_cast<int64_t>(node.numOutputs()) - states;
  auto list = [&](StringRef name, int64_t size) {
    SmallVector<int64_t> values =
        node.integers(name).value_or(SmallVector<int64_t>(std::max<int64_t>(size, 0), 0));
    if (static_cast<int64_t>(values.size()) != size)
      builder.fail("expects " + Twine(size) + " values in attribute '" + name + "', got " +
                   Twine(values.size()));
    return values;
  };
  ScanAxes axes;
  axes.inputs = list("scan_input_axes", scanned);
  axes.outputs = list("scan_output_axes", outputs);
  for (int64_t direction : list("scan_input_directions", scanned))
    axes.reversedInputs.push_back(direction != 0);
  for (int64_t direction : list("scan_output_directions", outputs))
    axes.reversedOutputs.push_back(direction != 0);
  ArrayRef<Tensor> inputs = ArrayRef(all).drop_front(states);
  for (int64_t i = 0; i < scanned && node.ok(); ++i)
    axes.inputs[i] = node.normalizeAxis(axes.inputs[i], inputs[i].rank());
  if (node.ok())
    node.yield(scan(*graph, ArrayRef(all).take_front(states), inputs, axes));
}

// Each row of the batch is a scan of its own.
void Converter::convertBatchedScan(Node &node) {
  node.refuse(0, "sequence_lens");
  int64_t scanned = node.integer("num_scan_inputs");
  SmallVector<int64_t> directions =
      node.integers("directions").value_or(SmallVector<int64_t>(std::max<int64_t>(scanned, 0), 0));
  Tensors all;
  for (unsigned i = 1; i < node.numInputs(); ++i)
    all.push_back(node.tensor(i));
  int64_t states = static_cast<int64_t>(all.size()) - scanned;
  Block *graph = graphOf(node, "body", all.size());
  if (!node.ok())
    return;
  if (states < 0 || scanned < 1 || static_cast<int64_t>(directions.size()) != scanned)
    return (void)builder.fail("expects num_scan_inputs in [1, " + Twine(all.size()) +
                              "] and as many directions");
  ScanAxes axes;
  axes.inputs.assign(scanned, 0);
  for (int64_t direction : directions)
    axes.reversedInputs.push_back(direction != 0);
  for (Tensor x : all)
    if (x.rank() < 1)
      return (void)builder.fail("expects a batch in front of each input");
  OpFoldResult batch = builder.size(all.front(), 0);
  for (Tensor x : ArrayRef(all).drop_front())
    batch = builder.equalSize(batch, builder.size(x, 0));
  node.yield(builder.loop(
      batch, {}, all, [&](Tensor, ArrayRef<Tensor>, ArrayRef<Tensor> row) -> TensorBuilder::Step {
        return {{}, scan(*graph, row.take_front(states), row.drop_front(states), axes)};
      }));
}

} // namespace tilewright
