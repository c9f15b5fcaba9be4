//===- RecurrentCells.cpp - recipes of RNN, GRU and LSTM ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The projections of all steps, x Wᵀ + Wb, are one product in front of a loop over steps, which
// adds h Rᵀ + Rb and applies the gates. Sources: https://onnx.ai/onnx/operators/onnx__RNN.html,
// onnx__GRU.html, onnx__LSTM.html
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

namespace {
using Tensors = SmallVector<Tensor>;

enum class Cell { rnn, gru, lstm };

/// An activation of the attribute `activations` with its parameters.
struct Activation {
  std::string name;
  double alpha, beta;
};

/// What all directions share.
struct Layer {
  Cell cell;
  int64_t hidden, gates;
  bool linearBeforeReset, inputForget;
  double clip;
  Tensor lengths; ///< [batch] or null
};

/// One direction: weights without their first dimension.
struct Direction {
  Tensor w, r, wBias, rBias,
      peepholes;  ///< [g h, i], [g h, h], [g h], [g h], [3 h]; biases may be null
  Tensors states; ///< h, and c of an LSTM: [batch, h]
  ArrayRef<Activation> activations;
  bool reversed;
};
} // namespace

static Tensor activate(TensorBuilder &b, const Activation &f, Tensor x) {
  if (!x)
    return {};
  Type type = x.elementType();
  auto number = [&](double value) { return b.scalar(value, type); };
  auto affine = [&] { return b.add(b.mul(x, number(f.alpha)), number(f.beta)); };
  if (f.name == "sigmoid")
    return b.unary(UnaryKind::sigmoid, x);
  if (f.name == "tanh")
    return b.unary(UnaryKind::tanh, x);
  if (f.name == "relu")
    return b.unary(UnaryKind::relu, x);
  if (f.name == "softplus")
    return b.unary(UnaryKind::softplus, x);
  if (f.name == "softsign")
    return b.div(x, b.add(number(1), b.unary(UnaryKind::abs, x)));
  if (f.name == "affine")
    return affine();
  if (f.name == "hardsigmoid")
    return b.binary(BinaryKind::min, b.binary(BinaryKind::max, affine(), number(0)), number(1));
  if (f.name == "leakyrelu")
    return b.select(b.compare(CompareKind::lt, x, number(0)), b.mul(x, number(f.alpha)), x);
  return b.fail("does not support activation '" + f.name + "'");
}

// `activations` of all directions, the parameters of which come from two lists that only those read
// that have any.
static SmallVector<Activation> readActivations(Node &n, ArrayRef<StringRef> defaults,
                                               size_t directions) {
  SmallVector<std::string> names;
  for (size_t i = 0; i < directions; ++i)
    llvm::append_range(names, defaults);
  if (std::optional<SmallVector<std::string>> given = n.texts("activations"))
    names = *given;
  auto alphas = n.numbers("activation_alpha").value_or(SmallVector<double>());
  auto betas = n.numbers("activation_beta").value_or(SmallVector<double>());
  size_t alpha = 0, beta = 0;
  SmallVector<Activation> result;
  for (StringRef name : names) {
    Activation f{name.lower(), 0, 0};
    auto take = [](ArrayRef<double> values, size_t &next, double fallback) {
      return next < values.size() ? values[next++] : fallback;
    };
    if (f.name == "hardsigmoid" || f.name == "affine") {
      f.alpha = take(alphas, alpha, f.name == "affine" ? 1.0 : 0.2);
      f.beta = take(betas, beta, f.name == "affine" ? 0.0 : 0.5);
    } else if (f.name == "leakyrelu") {
      f.alpha = take(alphas, alpha, 0.01);
    }
    result.push_back(f);
  }
  return result;
}

// h, z, r and the like: columns [gate * hidden, (gate + 1) * hidden) of x.
static Tensor gateOf(TensorBuilder &b, const Layer &layer, Tensor x, int64_t gate) {
  return x ? b.slice(x, x.rank() - 1, b.index.constant(gate * layer.hidden),
                     b.index.constant(layer.hidden))
           : Tensor();
}

static Tensor clipped(TensorBuilder &b, const Layer &layer, Tensor x) {
  if (!x || layer.clip <= 0)
    return x;
  return b.binary(BinaryKind::min,
                  b.binary(BinaryKind::max, x, b.scalar(-layer.clip, x.elementType())),
                  b.scalar(layer.clip, x.elementType()));
}

static Tensor plus(TensorBuilder &b, Tensor x, Tensor y) {
  return y ? b.add(x, y) : x;
}

// h R_gateᵀ + Rb_gate
static Tensor recur(TensorBuilder &b, const Layer &layer, const Direction &d, Tensor h,
                    int64_t gate) {
  Tensor rows =
      b.slice(d.r, 0, b.index.constant(gate * layer.hidden), b.index.constant(layer.hidden));
  return plus(b, b.matmul(h, rows, /*transposeRhs=*/true), gateOf(b, layer, d.rBias, gate));
}

// z = f(x_z + h_z), r = f(x_r + h_r), n = g(x_n + (r h) R_nᵀ), or g(x_n + r (h R_nᵀ)) with
// linear_before_reset; h' = (1 - z) n + z h.
static Tensors stepGru(TensorBuilder &b, const Layer &layer, const Direction &d, Tensor x,
                       ArrayRef<Tensor> states) {
  Tensor h = states[0];
  auto gate = [&](int64_t i) {
    Tensor sum = b.add(gateOf(b, layer, x, i), recur(b, layer, d, h, i));
    return activate(b, d.activations[0], clipped(b, layer, sum));
  };
  Tensor z = gate(0), r = gate(1);
  Tensor inner = layer.linearBeforeReset ? b.mul(r, recur(b, layer, d, h, 2))
                                         : recur(b, layer, d, b.mul(r, h), 2);
  Tensor n = activate(b, d.activations[1], clipped(b, layer, b.add(gateOf(b, layer, x, 2), inner)));
  // h' = n + z (h - n)
  return {b.add(n, b.mul(z, b.sub(h, n)))};
}

// i, o, f, c = x + h Rᵀ; c' = f c + i c~, h' = o h(c'), with peepholes of c in the gates.
static Tensors stepLstm(TensorBuilder &b, const Layer &layer, const Direction &d, Tensor x,
                        ArrayRef<Tensor> states) {
  Tensor h = states[0], c = states[1];
  Tensor sums = b.add(x, plus(b, b.matmul(h, d.r, /*transposeRhs=*/true), d.rBias));
  auto gate = [&](int64_t i, int64_t peephole, Tensor seen) {
    Tensor sum = gateOf(b, layer, sums, i);
    if (d.peepholes)
      sum = b.add(sum, b.mul(gateOf(b, layer, d.peepholes, peephole), seen));
    return activate(b, d.activations[0], clipped(b, layer, sum));
  };
  Tensor input = gate(0, 0, c);
  Tensor forget = layer.inputForget ? b.sub(b.scalar(1, h.elementType()), input) : gate(2, 2, c);
  Tensor fresh = activate(b, d.activations[1], clipped(b, layer, gateOf(b, layer, sums, 3)));
  Tensor cell = b.add(b.mul(forget, c), b.mul(input, fresh));
  Tensor output = gate(1, 1, cell);
  return {b.mul(output, activate(b, d.activations[2], cell)), cell};
}

static Tensors stepCell(TensorBuilder &b, const Layer &layer, const Direction &d, Tensor x,
                        ArrayRef<Tensor> states) {
  if (layer.cell == Cell::gru)
    return stepGru(b, layer, d, x, states);
  if (layer.cell == Cell::lstm)
    return stepLstm(b, layer, d, x, states);
  Tensor sum = b.add(x, recur(b, layer, d, states[0], 0));
  return {activate(b, d.activations[0], clipped(b, layer, sum))};
}

// The last states, then y [seq, batch, h], of x [seq, batch, i]. Steps behind the length of a row
// leave its state alone and give 0; backwards these come first.
static Tensors runDirection(TensorBuilder &b, const Layer &layer, const Direction &d, Tensor x) {
  Tensor projected = plus(b, b.matmul(x, d.w, /*transposeRhs=*/true), d.wBias);
  if (!projected)
    return {};
  if (d.reversed)
    projected = b.reverse(projected, 0);
  OpFoldResult count = b.size(x, 0);
  Type i64 = b.builder.getI64Type();
  Tensor lengths = layer.lengths ? b.cast(layer.lengths, i64) : Tensor();
  Tensors results = b.loop(
      count, d.states, {projected},
      [&](Tensor step, ArrayRef<Tensor> states, ArrayRef<Tensor> now) -> TensorBuilder::Step {
        Tensors next = stepCell(b, layer, d, now[0], states);
        if (!lengths || !b.ok())
          return {next, {next.empty() ? Tensor() : next[0]}};
        Tensor last = b.known(i64, {}, {b.index.sub(count, b.index.constant(1))});
        Tensor time = d.reversed ? b.sub(last, step) : step;
        Tensor active = b.unsqueeze(b.compare(CompareKind::lt, time, lengths), {1});
        for (auto [value, before] : llvm::zip(next, states))
          value = b.select(active, value, before);
        Tensor zero = b.scalar(0, x.elementType());
        return {next, {b.select(active, next[0], zero)}};
      });
  if (!results.empty() && d.reversed)
    results.back() = b.reverse(results.back(), 0);
  return results;
}

// Element i of the first dimension.
static Tensor part(TensorBuilder &b, Tensor x, int64_t i) {
  return x ? b.squeeze(b.slice(x, 0, b.index.constant(i), b.index.constant(1)), {0}) : Tensor();
}

static Direction readDirection(Node &n, TensorBuilder &b, const Layer &layer, int64_t i, Tensor x,
                               bool batchFirst) {
  Direction d;
  d.w = part(b, n.tensor(1), i);
  d.r = part(b, n.tensor(2), i);
  if (Tensor biases = part(b, n.optional(3), i)) {
    OpFoldResult each = b.index.constant(layer.gates * layer.hidden);
    d.wBias = b.slice(biases, 0, b.index.constant(0), each);
    d.rBias = b.slice(biases, 0, each, each);
  }
  for (unsigned s = 0; s < (layer.cell == Cell::lstm ? 2 : 1); ++s) {
    Tensor given = n.optional(5 + s);
    if (given && batchFirst)
      given = b.transpose(given, {1, 0, 2});
    d.states.push_back(given ? part(b, given, i)
                             : b.broadcast(b.scalar(0, x.elementType()),
                                           {b.size(x, 1), b.index.constant(layer.hidden)}));
  }
  if (layer.cell == Cell::lstm)
    d.peepholes = part(b, n.optional(7), i);
  return d;
}

template <Cell cell>
static void convertRecurrent(Node &n, TensorBuilder &b) {
  static constexpr StringRef defaults[] = {"Sigmoid", "Tanh", "Tanh"};
  constexpr int64_t gates = cell == Cell::rnn ? 1 : cell == Cell::gru ? 3 : 4;
  constexpr size_t functions = cell == Cell::rnn ? 1 : cell == Cell::gru ? 2 : 3;
  Tensor x = n.tensor(0), recurrence = n.tensor(2);
  std::string direction = n.choice("direction", {"forward", "reverse", "bidirectional"});
  size_t directions = direction == "bidirectional" ? 2 : 1;
  ArrayRef<StringRef> usual = ArrayRef(defaults).slice(cell == Cell::rnn ? 1 : 0, functions);
  SmallVector<Activation> activations = readActivations(n, usual, directions);
  bool batchFirst = n.flag("layout", false);
  Layer layer{cell, 0, gates, false, false, n.number("clip", 0), n.optional(4)};
  if constexpr (cell == Cell::gru)
    layer.linearBeforeReset = n.flag("linear_before_reset", false);
  if constexpr (cell == Cell::lstm)
    layer.inputForget = n.flag("input_forget", false);
  n.ignore("output_sequence"); // before opset 7; what is wanted shows
  n.ignore("hidden_size");     // the recurrence weight tells
  if (!n.ok())
    return;
  if (x.rank() != 3 || recurrence.rank() != 3 || recurrence.type().isDynamicDim(2) ||
      activations.size() != functions * directions)
    return (void)b.fail("expects an input of rank 3, a static recurrence weight and " +
                        Twine(functions) + " activations for each direction");
  layer.hidden = recurrence.dim(2);
  if (batchFirst)
    x = b.transpose(x, {1, 0, 2});
  SmallVector<Tensors> results(cell == Cell::lstm ? 3 : 2); // last states, y
  for (size_t i = 0; i < directions && n.ok(); ++i) {
    Direction d = readDirection(n, b, layer, i, x, batchFirst);
    d.activations = ArrayRef(activations).slice(i * functions, functions);
    d.reversed = direction == "reverse" || i == 1;
    if (!n.ok())
      return;
    Tensors made = runDirection(b, layer, d, x);
    if (!n.ok())
      return;
    for (auto [all, one] : llvm::zip_equal(results, made))
      all.push_back(b.unsqueeze(one, {one.rank() == 3 ? 1 : 0}));
  }
  // y [seq, directions, batch, h]; states [directions, batch, h]
  Tensors outputs{b.concat(results.back(), 1)};
  for (const Tensors &state : ArrayRef(results).drop_back())
    outputs.push_back(b.concat(state, 0));
  if (batchFirst) {
    outputs[0] = b.transpose(outputs[0], {2, 0, 1, 3});
    for (Tensor &state : MutableArrayRef(outputs).drop_front())
      state = b.transpose(state, {1, 0, 2});
  }
  n.yield(outputs);
}

static const Recipe recipes[] = {
    {"", "GRU", 7, convertRecurrent<Cell::gru>},
    {"", "LSTM", 7, convertRecurrent<Cell::lstm>},
    {"", "RNN", 7, convertRecurrent<Cell::rnn>},
};

ArrayRef<Recipe> recurrentCellRecipes() {
  return recipes;
}

} // namespace tilewright
