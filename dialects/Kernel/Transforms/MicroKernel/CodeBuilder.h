//===- CodeBuilder.h - short names for register-level code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CODEBUILDER_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CODEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <functional>

namespace mlir::kernel {

/// Builds vector code for one element type and one vector width.
class CodeBuilder : public ImplicitLocOpBuilder {
public:
  CodeBuilder(Operation *before, Type element, int64_t lanes)
      : ImplicitLocOpBuilder(before->getLoc(), before), root(before), element(element),
        lanes(lanes) {}

  Type getElement() const { return element; }
  int64_t getLanes() const { return lanes; }
  VectorType vectorType() const { return VectorType::get({lanes}, element); }
  VectorType vectorType(Type type) const { return VectorType::get({lanes}, type); }

  Value index(int64_t value);
  Value addIndex(Value x, int64_t y);
  Value addIndex(Value x, Value y);
  Value subIndex(Value x, Value y);
  Value mulIndex(Value x, Value y);
  Value minIndex(Value x, Value y);
  Value maxIndex(Value x, Value y);
  Value dim(Value memref, int64_t i);
  Value less(Value x, Value y); ///< signed x < y

  Value splat(double value);
  Value splatInt(Type type, int64_t value);
  Value broadcast(Value scalar);
  Value iota(Type type); ///< 0, 1, ..., lanes - 1
  /// The part of `memref` from `at` on, along each dimension.
  Value restFrom(Value memref, ValueRange at);
  Value load(Value memref, ValueRange at);
  Value scalar(Value memref, ValueRange at);
  void store(Value vector, Value memref, ValueRange at);
  void storeScalar(Value scalar, Value memref, ValueRange at);
  /// The first `count` (index) lanes as a mask.
  Value firstLanes(Value count);
  Value maskedLoad(Value memref, ValueRange at, Value mask);
  void maskedStore(Value vector, Value memref, ValueRange at, Value mask);

  Value select(Value condition, Value x, Value y);
  /// The largest element (no NaN among them), the sum of all elements of a vector.
  Value reduceMax(Value vector);
  Value reduceSum(Value vector);

  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value fma(Value x, Value y, Value z); ///< x y + z
  /// The larger one, y if either is NaN: one instruction on x86, where arith.maximumf takes four.
  Value max(Value x, Value y);

  /// for (iv = from; iv < to; iv += step) carrying `inits`; inside `body` this builder stands in
  /// the loop.
  using LoopBody = function_ref<SmallVector<Value>(Value iv, ValueRange carried)>;
  SmallVector<Value> loop(Value from, Value to, int64_t step, ValueRange inits, LoopBody body);
  void loop(Value from, Value to, int64_t step, function_ref<void(Value iv)> body);
  /// if (condition) then() else otherwise(); `otherwise` may be null.
  void branch(Value condition, function_ref<void()> then, function_ref<void()> otherwise = nullptr);
  /// One specialised body per case of `value`; nothing for other values.
  void specialise(Value value, ArrayRef<int64_t> cases, function_ref<void(int64_t)> body);

  /// An uninitialised buffer, one per call, aligned to 64 bytes, at the start of the enclosing
  /// parallel loop (or function), so that each thread has its own. Who plans memory decides whether
  /// it stands on the stack or in the workspace.
  Value scratch(ArrayRef<int64_t> shape, Type type);

private:
  Operation *root;
  Type element;
  int64_t lanes;
};

/// What is multiplied in step k of a product: element (or pair of elements) i of the left operand
/// in all lanes, vector j of the right one. In `parts` > 1 products where one operand of a multiply
/// instruction does not hold all of a step.
struct ProductOperands {
  using Load = std::function<Value(Value k, int64_t index, int64_t part)>;
  Load loadA, loadB;
  std::function<Value(Value a, Value b, Value sum)> multiplyAdd;
  int64_t parts = 1;
};

/// Register-tiled product: acc[i · nv + j] += Σ_k A(k, i) · B(k, j) for i < mr, j < nv and
/// k < kEnd. The accumulators are loop-carried SSA values of one native vector each, so that they
/// stay in registers: mr · nv + parts · min(mr, nv) + 1 registers are needed. `prefetch` is called
/// once per k.
SmallVector<Value> emitProductLoop(CodeBuilder &b, int64_t mr, int64_t nv, Value kEnd,
                                   int64_t unroll, ValueRange init, const ProductOperands &operands,
                                   function_ref<void(Value k)> prefetch = nullptr);

/// The same with broadcast scalars A, vectors B and fused multiply-adds.
using LoadOperand = function_ref<Value(Value k, int64_t i)>;
SmallVector<Value> emitFmaLoop(CodeBuilder &b, int64_t mr, int64_t nv, Value kEnd, int64_t unroll,
                               ValueRange init, LoadOperand loadA, LoadOperand loadB);

/// 2^t for f32 t ≤ 127, at most 1.5 ulp off; exactly 0 for t ≤ -127, -inf included; NaN stays NaN.
Value emitExp2(CodeBuilder &b, Value t);

/// Transposes lanes × lanes elements held in `rows`, in log2(lanes) steps of register shuffles.
void emitTranspose(CodeBuilder &b, MutableArrayRef<Value> rows);

/// Lane i is the sum of all lanes of `rows[i]`. Overwrites `rows`.
Value emitRowSums(CodeBuilder &b, MutableArrayRef<Value> rows);

class AttentionOp;
class ContractOp;
/// Replace a tile on memrefs by vector code.
void expandContract(ContractOp op);
void expandAttention(AttentionOp op);

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CODEBUILDER_H
