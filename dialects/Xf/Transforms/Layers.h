//===- Layers.h - repetitions in a model -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stack of L layers is a run of L·p ops in which op i and op i + p are the same, operands aside.
// Operands of the copies fall into five classes; anything else ends the repetition:
//
//   internal    the result of an op of the same copy, at the same place in each copy
//   carried     the result of an op of the copy before; in copy 0 any value in front of the layers
//   per layer   weights and constants of one type: copy c reads slice c of a stacked weight
//   input       inputs of the model of one type and equal dimensions (caches), one per copy
//   invariant   one value for all copies (a mask, rotary tables, sizes)
//
// Results are read inside; behind the stack either only that of the last copy is read, which is
// carried, or all are results of the model, of one type and equal sizes (the grown caches).
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LAYERS_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LAYERS_H

#include "dialects/Xf/IR/Xf.h"

namespace mlir::xf {

/// How an operand of an op of copy 0 is provided to every copy.
struct LayerOperand {
  enum Class { Internal, Carried, PerLayer, Input, Invariant } kind;
  /// Carried: index into LayerStack::carried.
  size_t slot = 0;
  /// PerLayer, Input: the values of all copies.
  SmallVector<Value> values;
};

/// `count` copies of `period` ops each, back to back in `ops`, verified op by op.
struct LayerStack {
  SmallVector<Operation *> ops;
  size_t period = 0, count = 0;
  struct Carried {
    Value init;
    /// The result of copy c that copy c + 1 reads: `result` of op `place`.
    size_t place, result;
  };
  SmallVector<Carried> carried;
  /// Result `result` of op `place` of copy c is the model's result number `numbers[c]`.
  struct Returned {
    size_t place, result;
    SmallVector<unsigned> numbers;
  };
  SmallVector<Returned> returned;
  /// By place of the op in a copy, then by operand.
  SmallVector<SmallVector<LayerOperand>> operands;

  Operation *at(size_t copy, size_t place) const { return ops[copy * period + place]; }
};

/// Whether an op is no part of any layer: weights, constants, sizes, and what is computed from
/// sizes alone.
bool isLeaf(Operation *op, llvm::DenseMap<Operation *, bool> &known);

/// The longest stack of layers among `ops`, the ops of a block without leaves, in order; none when
/// nothing repeats.
std::optional<LayerStack> findLayers(ArrayRef<Operation *> ops);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_LAYERS_H
