//===- PadRows.cpp - rows of buffers do not share cache sets -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_PADROWS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

constexpr int64_t kLine = 64;        // bytes of a cache line
constexpr int64_t kSetPeriod = 2048; // rows at multiples of this fall on two sets of an 8-way L1

// The buffer that a view is taken from.
memref::AllocOp bufferOf(Value view) {
  while (Operation *op = view.getDefiningOp()) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return alloc;
    if (!isa<memref::SubViewOp, memref::CollapseShapeOp, memref::ExpandShapeOp>(op))
      return {};
    view = op->getOperand(0);
  }
  return {};
}

// Elements between two rows of a matrix; none where it is not known.
std::optional<int64_t> rowStride(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (type.getRank() != 2 || failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(strides[0]))
    return std::nullopt;
  return strides[0];
}

// The first of the trailing dimensions that make a row of `elements`; none if no such dimensions
// do.
std::optional<int64_t> firstOfRow(MemRefType type, int64_t elements) {
  int64_t product = 1;
  for (int64_t dim = type.getRank() - 1; dim > 0; --dim) {
    if (type.isDynamicDim(dim))
      return std::nullopt;
    product *= type.getDimSize(dim);
    if (product == elements)
      return dim;
  }
  return std::nullopt;
}

// Whether every use of `value` and of its views is indifferent to the layout.
bool acceptsAnyLayout(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<memref::SubViewOp, memref::CollapseShapeOp, memref::ExpandShapeOp>(user))
      return acceptsAnyLayout(user->getResult(0));
    return !user->hasTrait<OpTrait::IsTerminator>() && !isa<RegionBranchOpInterface>(user) &&
           llvm::none_of(user->getResultTypes(), llvm::IsaPred<BaseMemRefType>);
  });
}

// Rows of `elements`, `distance` apart.
struct Rows {
  int64_t elements, distance;
};

// The type of a view of a buffer once its rows are further apart.
MemRefType paddedType(MemRefType type, Rows rows) {
  SmallVector<int64_t> strides;
  int64_t offset;
  LogicalResult strided = type.getStridesAndOffset(strides, offset);
  assert(succeeded(strided) && "views of a buffer are strided");
  (void)strided;
  auto moved = [&](int64_t position) {
    return ShapedType::isDynamic(position)
               ? position
               : position / rows.elements * rows.distance + position % rows.elements;
  };
  for (int64_t &stride : strides)
    stride = moved(stride);
  return MemRefType::get(type.getShape(), type.getElementType(),
                         StridedLayoutAttr::get(type.getContext(), moved(offset), strides));
}

// The same view of another source.
Value rebuildView(OpBuilder &b, Operation *view, Value source, Rows rows) {
  auto from = cast<MemRefType>(source.getType());
  auto old = cast<MemRefType>(view->getResult(0).getType());
  if (auto subview = dyn_cast<memref::SubViewOp>(view)) {
    MemRefType type = memref::SubViewOp::inferRankReducedResultType(
        old.getShape(), from, subview.getMixedOffsets(), subview.getMixedSizes(),
        subview.getMixedStrides());
    return memref::SubViewOp::create(b, view->getLoc(), type, source, subview.getMixedOffsets(),
                                     subview.getMixedSizes(), subview.getMixedStrides());
  }
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(view)) {
    Value result = memref::CollapseShapeOp::create(b, view->getLoc(), source,
                                                   collapse.getReassociationIndices());
    // Upstream gives up the stride of collapsed dynamic dimensions: the last one might have size 1,
    // where no stride is wrong.
    return memref::CastOp::create(b, view->getLoc(), paddedType(old, rows), result);
  }
  auto expand = cast<memref::ExpandShapeOp>(view);
  FailureOr<MemRefType> type = memref::ExpandShapeOp::computeExpandedType(
      from, old.getShape(), expand.getReassociationIndices());
  assert(succeeded(type) && "rows stay whole, so dimensions split as before");
  return memref::ExpandShapeOp::create(b, view->getLoc(), *type, source,
                                       expand.getReassociationIndices(),
                                       expand.getMixedOutputShape());
}

void replaceAll(OpBuilder &b, Value from, Value to, Rows rows) {
  for (OpOperand &use : llvm::make_early_inc_range(from.getUses())) {
    Operation *user = use.getOwner();
    if (!isa<memref::SubViewOp, memref::CollapseShapeOp, memref::ExpandShapeOp>(user)) {
      use.set(to);
      continue;
    }
    b.setInsertionPoint(user);
    replaceAll(b, user->getResult(0), rebuildView(b, user, to, rows), rows);
    user->erase();
  }
}

void pad(memref::AllocOp buffer, int64_t firstDim, int64_t elements) {
  MemRefType type = buffer.getType();
  Location loc = buffer.getLoc();
  OpBuilder b(buffer);
  int64_t line = kLine * 8 / type.getElementTypeBitWidth();
  SmallVector<int64_t> shape(type.getShape().take_front(firstDim));
  shape.push_back(elements + line);
  Value padded = memref::AllocOp::create(b, loc, MemRefType::get(shape, type.getElementType()),
                                         buffer.getDynamicSizes(), buffer.getAlignmentAttr());
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0)),
      ones(shape.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, loc, padded);
  sizes.back() = b.getIndexAttr(elements);
  Value view = memref::SubViewOp::create(b, loc, padded, offsets, sizes, ones);
  if (firstDim + 1 < type.getRank()) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < firstDim; ++dim)
      groups.push_back({dim});
    groups.push_back(llvm::to_vector(llvm::seq(firstDim, type.getRank())));
    sizes.pop_back();
    for (int64_t size : type.getShape().drop_front(firstDim))
      sizes.push_back(b.getIndexAttr(size));
    FailureOr<MemRefType> split = memref::ExpandShapeOp::computeExpandedType(
        cast<MemRefType>(view.getType()), type.getShape(), groups);
    assert(succeeded(split) && "a row is contiguous");
    view = memref::ExpandShapeOp::create(b, loc, *split, view, groups, sizes);
  }
  replaceAll(b, buffer, view, {elements, elements + line});
  buffer.erase();
}

struct PadRows : impl::PadRowsBase<PadRows> {
  void runOnOperation() override {
    llvm::MapVector<memref::AllocOp, int64_t> buffers; // elements of a row
    getOperation().walk([&](ContractOp op) {
      auto lhs = dyn_cast<MemRefType>(op.getLhs().getType());
      std::optional<int64_t> stride = lhs ? rowStride(lhs) : std::nullopt;
      if (!stride || *stride * lhs.getElementTypeBitWidth() / 8 % kSetPeriod)
        return;
      if (memref::AllocOp buffer = bufferOf(op.getLhs()))
        buffers.insert({buffer, *stride});
    });
    for (auto [buffer, elements] : buffers)
      if (std::optional<int64_t> dim = firstOfRow(buffer.getType(), elements);
          dim && buffer.getType().getLayout().isIdentity() && acceptsAnyLayout(buffer))
        pad(buffer, *dim, elements);
  }
};
} // namespace
} // namespace mlir::kernel
