//===- WeightSubgraphs.h - what can be computed before the model runs -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_WEIGHTSUBGRAPHS_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_WEIGHTSUBGRAPHS_H

#include "dialects/Xf/Transforms/Match.h"

namespace mlir::xf {

/// Values that depend on nothing but weights and constants, through operations that a weight's
/// initialiser may hold. Answers are remembered: the IR in front of a value must not change between
/// questions.
class WeightSubgraphs {
public:
  bool isKnown(Value value);

private:
  llvm::DenseMap<Value, bool> answers;
};

/// Moves a known value and all that it is computed from in front of `position`, where they are not.
void hoist(Value value, Operation *position);

/// The first weight that a known value is computed from; null where it is from constants alone.
WeightOp firstWeightOf(Value value);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_WEIGHTSUBGRAPHS_H
