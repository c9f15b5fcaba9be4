//===- Tensor.h - tensors that may be known by their elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSOR_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include <optional>

namespace tilewright {

/// What the conversion knows of one tensor. A small tensor of sizes is held as its elements (see
/// ScalarMath) and becomes a value only when an operation on tensors needs it, so that shape
/// arithmetic leaves no tensors behind.
struct TensorState {
  mlir::RankedTensorType type;
  /// Null until materialised, when `elements` are there.
  mlir::Value value;
  std::optional<llvm::SmallVector<mlir::OpFoldResult>> elements;
  /// One per dimension, once asked for.
  std::optional<llvm::SmallVector<mlir::OpFoldResult>> sizes;
};

/// Handle on a tensor; null for an absent optional input and after a failure.
class Tensor {
public:
  Tensor() = default;
  explicit Tensor(TensorState *state) : state(state) {}

  explicit operator bool() const { return state; }
  mlir::RankedTensorType type() const { return state->type; }
  mlir::Type elementType() const { return state->type.getElementType(); }
  int64_t rank() const { return state->type.getRank(); }
  /// kDynamic where only known at run time.
  int64_t dim(int64_t i) const { return state->type.getDimSize(i); }
  llvm::ArrayRef<int64_t> shape() const { return state->type.getShape(); }

private:
  friend class TensorBuilder;
  TensorState *state = nullptr;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSOR_H
