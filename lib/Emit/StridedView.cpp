//===- StridedView.cpp - tensors in memory, seen through strides -----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/StridedView.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

using namespace llvm;

namespace tilewright {

int64_t elementBytes(mlir::Type type) {
  if (!type.isIntOrFloat())
    return type.isIndex() ? 8 : 0;
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits == 1 ? 1 : bits % 8 ? 0 : bits / 8;
}

SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

StridedView StridedView::contiguous(const char *data, mlir::RankedTensorType type,
                                    std::shared_ptr<const void> owner) {
  return {data, type.getElementType(), llvm::to_vector(type.getShape()),
          denseStrides(type.getShape()), std::move(owner)};
}

bool StridedView::isContiguous() const {
  SmallVector<int64_t> dense = denseStrides(shape);
  for (int64_t i = 0; i < rank(); ++i)
    if (shape[i] != 1 && strides[i] != dense[i])
      return false;
  return true;
}

StridedView StridedView::transposed(ArrayRef<int64_t> perm) const {
  StridedView view = *this;
  for (auto [i, dim] : llvm::enumerate(perm)) {
    view.shape[i] = shape[dim];
    view.strides[i] = strides[dim];
  }
  return view;
}

StridedView StridedView::broadcast(ArrayRef<int64_t> target) const {
  StridedView view = *this;
  view.shape.assign(target.begin(), target.end());
  view.strides.assign(target.size(), 0);
  size_t added = target.size() - shape.size();
  for (int64_t i = 0; i < rank(); ++i)
    view.strides[added + i] = shape[i] == 1 ? 0 : strides[i];
  return view;
}

StridedView StridedView::sliced(ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                                ArrayRef<int64_t> steps) const {
  StridedView view = *this;
  for (int64_t i = 0; i < rank(); ++i) {
    view.data += offsets[i] * strides[i] * elementBytes(element);
    view.shape[i] = sizes[i];
    view.strides[i] = strides[i] * steps[i];
  }
  return view;
}

StridedView StridedView::at(int64_t dim, int64_t index) const {
  StridedView view = *this;
  view.data += index * strides[dim] * elementBytes(element);
  view.shape.erase(view.shape.begin() + dim);
  view.strides.erase(view.strides.begin() + dim);
  return view;
}

LoopNest::LoopNest(ArrayRef<int64_t> sizes, ArrayRef<SmallVector<int64_t>> tensors) {
  strides.resize(tensors.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1)
      continue;
    bool merges = !shape.empty();
    for (size_t k = 0; merges && k < tensors.size(); ++k)
      merges = strides[k].back() == tensors[k][i] * sizes[i];
    if (merges)
      shape.back() *= sizes[i];
    else
      shape.push_back(sizes[i]);
    for (size_t k = 0; k < tensors.size(); ++k) {
      if (merges)
        strides[k].back() = tensors[k][i];
      else
        strides[k].push_back(tensors[k][i]);
    }
  }
  if (!shape.empty())
    return;
  shape.push_back(1);
  for (SmallVector<int64_t> &stride : strides)
    stride.push_back(1);
}

void LoopNest::forEachRow(function_ref<void(ArrayRef<int64_t>)> body) const {
  if (llvm::is_contained(shape, 0))
    return;
  SmallVector<int64_t> index(shape.size() - 1, 0), offsets(strides.size(), 0);
  while (true) {
    body(offsets);
    int64_t dim = static_cast<int64_t>(index.size()) - 1;
    for (; dim >= 0; --dim) {
      for (size_t k = 0; k < strides.size(); ++k)
        offsets[k] += strides[k][dim];
      if (++index[dim] < shape[dim])
        break;
      for (size_t k = 0; k < strides.size(); ++k)
        offsets[k] -= shape[dim] * strides[k][dim];
      index[dim] = 0;
    }
    if (dim < 0)
      return;
  }
}

// rows × columns elements of a fixed size, each side with strides of its own, in blocks.
template <int64_t bytes>
static void copyBlocked(char *target, const char *source, int64_t rows, int64_t columns,
                        ArrayRef<int64_t> to, ArrayRef<int64_t> from) {
  // A block of 32 cache lines on either side: 4 KB, well inside the first-level cache.
  constexpr int64_t block = 32;
  for (int64_t r0 = 0; r0 < rows; r0 += block)
    for (int64_t c0 = 0; c0 < columns; c0 += block)
      for (int64_t r = r0, end = std::min(rows, r0 + block); r < end; ++r) {
        char *out = target + (r * to[0] + c0 * to[1]) * bytes;
        const char *in = source + (r * from[0] + c0 * from[1]) * bytes;
        for (int64_t n = std::min(columns - c0, block); n > 0; --n) {
          std::memcpy(out, in, bytes);
          out += to[1] * bytes;
          in += from[1] * bytes;
        }
      }
}

static void copyMatrix(int64_t bytes, char *target, const char *source, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> to, ArrayRef<int64_t> from) {
  int64_t rows = shape[0], columns = shape[1];
  if (to[1] == 1 && from[1] == 1) {
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(target + r * to[0] * bytes, source + r * from[0] * bytes, columns * bytes);
    return;
  }
  switch (bytes) {
  case 1:
    return copyBlocked<1>(target, source, rows, columns, to, from);
  case 2:
    return copyBlocked<2>(target, source, rows, columns, to, from);
  case 4:
    return copyBlocked<4>(target, source, rows, columns, to, from);
  case 8:
    return copyBlocked<8>(target, source, rows, columns, to, from);
  default:
    llvm_unreachable("element sizes are 1, 2, 4 or 8 bytes");
  }
}

void copyStrided(char *target, ArrayRef<int64_t> targetStrides, const StridedView &source) {
  int64_t bytes = elementBytes(source.element);
  // The dimension along which the source is dense becomes the next-to-last, so that blocks cover
  // whole cache lines on both sides.
  SmallVector<int64_t> shape = source.shape, to(targetStrides), from = source.strides;
  if (shape.size() > 1 && from.back() != 1)
    for (size_t i = 0; i + 2 < shape.size(); ++i)
      if (from[i] == 1 && shape[i] > 1) {
        for (SmallVector<int64_t> *list : {&shape, &to, &from}) {
          int64_t moved = (*list)[i];
          list->erase(list->begin() + i);
          list->insert(list->end() - 1, moved);
        }
        break;
      }
  LoopNest nest(shape, {to, from});
  if (nest.shape.size() == 1) {
    nest.shape.insert(nest.shape.begin(), 1);
    for (SmallVector<int64_t> &stride : nest.strides)
      stride.insert(stride.begin(), 0);
  }
  // The innermost two dimensions are one matrix; the others are walked.
  ArrayRef<int64_t> inner = ArrayRef(nest.shape).take_back(2), toInner = nest.strides[0],
                    fromInner = nest.strides[1];
  LoopNest outer = nest;
  outer.shape.pop_back();
  outer.shape.back() = 1;
  for (SmallVector<int64_t> &stride : outer.strides)
    stride.pop_back();
  if (llvm::is_contained(nest.shape, 0))
    return;
  outer.forEachRow([&](ArrayRef<int64_t> offsets) {
    copyMatrix(bytes, target + offsets[0] * bytes, source.data + offsets[1] * bytes, inner,
               toInner.take_back(2), fromInner.take_back(2));
  });
}

} // namespace tilewright
