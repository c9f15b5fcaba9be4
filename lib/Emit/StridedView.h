//===- StridedView.h - tensors in memory, seen through strides -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_STRIDEDVIEW_H
#define TILEWRIGHT_LIB_EMIT_STRIDEDVIEW_H

#include "mlir/IR/BuiltinTypes.h"
#include <memory>

namespace tilewright {

/// Bytes of an element in memory and in files: booleans take one, types below a byte are not
/// supported (0).
int64_t elementBytes(mlir::Type type);

/// A tensor as elements at data + Σ index · stride. Transposes, slices and broadcasts of a mapped
/// file are views; nothing is copied until a result is written. `data` need not be aligned.
struct StridedView {
  const char *data = nullptr;
  mlir::Type element;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> strides; ///< in elements; 0 repeats
  std::shared_ptr<const void> owner;  ///< keeps a temporary alive; null for mapped files

  static StridedView contiguous(const char *data, mlir::RankedTensorType type,
                                std::shared_ptr<const void> owner = nullptr);
  int64_t rank() const { return shape.size(); }
  int64_t numElements() const { return mlir::ShapedType::getNumElements(shape); }
  bool isContiguous() const;

  StridedView transposed(llvm::ArrayRef<int64_t> perm) const;
  /// Repeated to `target`, aligned at the last dimension.
  StridedView broadcast(llvm::ArrayRef<int64_t> target) const;
  /// element (i..) = this(offset + i · step ..)
  StridedView sliced(llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes,
                     llvm::ArrayRef<int64_t> steps) const;
  /// The slice at `index` of dimension `dim`, without that dimension.
  StridedView at(int64_t dim, int64_t index) const;
};

/// Strides of a dense row-major tensor.
llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape);

/// Dimensions of one shape with the strides of several tensors over it, neighbours merged where all
/// tensors allow it. There is always at least one dimension.
struct LoopNest {
  LoopNest(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<llvm::SmallVector<int64_t>> strides);

  /// Calls `body` with the element offsets of all tensors at the start of every innermost loop.
  void forEachRow(llvm::function_ref<void(llvm::ArrayRef<int64_t> offsets)> body) const;

  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides; ///< per tensor
};

/// Writes `source` to memory with strides of its own (in elements). Transposed sources are copied
/// by blocks that stay in the cache.
void copyStrided(char *target, llvm::ArrayRef<int64_t> targetStrides, const StridedView &source);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_STRIDEDVIEW_H
