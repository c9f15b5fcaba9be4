//===- Definition.h - linalg ops that define an xf op -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_DEFINITION_H
#define TILEWRIGHT_DIALECTS_XF_IR_DEFINITION_H

#include "dialects/Xf/IR/Scalars.h"
#include "dialects/Xf/IR/Shapes.h"

namespace mlir::xf {

/// Emits the tensor-level ops of one op's definition at its place.
///
/// Bodies of `map`, `reduce` and `contract` compute in compute types (`computeType`): operands
/// arrive widened, results are rounded once to the element type of the output.
class Definition {
public:
  /// The value of one element from the operands' elements; a reduction's body gets the accumulator
  /// last.
  using Body = function_ref<Value(Scalars &, ValueRange)>;
  /// A tensor and where iteration (i₀, i₁, ..) reads it.
  struct Operand {
    Value value;
    AffineMap map;
  };

  Definition(OpBuilder &builder, Operation *op) : b(builder), loc(op->getLoc()) {}

  SmallVector<OpFoldResult> sizesOf(Value value) { return dimsOf(b, loc, value); }
  Value empty(ArrayRef<OpFoldResult> sizes, Type element);
  /// A tensor of `sizes` that holds `value` everywhere.
  Value full(ArrayRef<OpFoldResult> sizes, Value value);

  /// One elementwise generic: result[i..] = body(inputs[i..]) with numpy broadcasting into `sizes`.
  Value map(ValueRange inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body);
  /// The same, with explicit operand maps.
  Value map(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body);
  /// Like `map`, but elements are passed on in their own type: for moves and selections.
  Value move(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body);

  /// accumulator = body(inputs.., accumulator) over every loop that `result.map` does not use;
  /// `result.value` holds the initial values and has a compute type.
  Value contract(ArrayRef<Operand> inputs, Operand result, Body body);
  /// Reduction over `axes` of loops of `sizes`, without these dimensions; `start` has a compute
  /// type.
  Value reduce(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> axes,
               Value start, Body body);
  /// One generic with several results. Loops that no result map uses are reductions; then the body
  /// gets the accumulators last.
  SmallVector<Value> generic(ArrayRef<Operand> inputs, ArrayRef<Operand> results, bool computes,
                             function_ref<SmallVector<Value>(Scalars &, ValueRange)> body);

  /// `value` of a compute type, its elements rounded to `element`; itself when they are of that
  /// type.
  Value rounded(Value value, ArrayRef<OpFoldResult> sizes, Type element);
  /// `value` in the type that the op declares.
  Value as(Type declared, Value value);
  /// `value` of sizes `kept` with a dimension of size 1 at each of `axes`.
  Value withUnitDims(Value value, ArrayRef<OpFoldResult> kept, ArrayRef<int64_t> axes);
  /// [.., outer * inner, ..] as [.., outer, inner, ..] at dimension `dim`, whose entry in `sizes`
  /// is static.
  Value splitDim(Value value, ArrayRef<OpFoldResult> sizes, int64_t dim, int64_t outer);
  /// The product of sizes as a scalar of compute type `type`.
  Value count(ArrayRef<OpFoldResult> sizes, Type type);

  /// The map by which a tensor of `type` is broadcast into loops of `sizes`: aligned at the last, 0
  /// where its size is 1 and the loop's is not.
  AffineMap broadcastMap(RankedTensorType type, ArrayRef<OpFoldResult> sizes);
  AffineMap identity(int64_t rank) { return b.getMultiDimIdentityMap(rank); }
  /// The identity on `rank` dimensions without `axes`: how a row statistic is read.
  AffineMap without(int64_t rank, ArrayRef<int64_t> axes);
  /// (d0, .., d(rank-1)) -> (d(dims[0]), d(dims[1]), ..).
  AffineMap select(int64_t rank, ArrayRef<int64_t> dims);
  Scalars scalars() { return Scalars{b, loc}; }

  OpBuilder &b;
  Location loc;
};

/// `sizes` without those of `axes`.
SmallVector<OpFoldResult> sizesWithout(ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> axes);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_DEFINITION_H
