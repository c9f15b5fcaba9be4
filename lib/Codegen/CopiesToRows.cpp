//===- CopiesToRows.cpp - movement and stray stores become regions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowRegions.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_COPIESTOROWS
#include "lib/Codegen/Passes.h.inc"

namespace {

// scf.forall over all dimensions but the last, one row per iteration.
void copyByRows(memref::CopyOp copy) {
  OpBuilder builder(copy);
  Location loc = copy.getLoc();
  int64_t rank = cast<MemRefType>(copy.getTarget().getType()).getRank();
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(builder, loc, copy.getTarget());
  SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
  auto loop =
      scf::ForallOp::create(builder, loc, ArrayRef(sizes).drop_back(), ValueRange(), std::nullopt);
  builder.setInsertionPointToStart(loop.getBody());
  for (int64_t i = 0; i + 1 < rank; ++i) {
    offsets[i] = loop.getInductionVar(i);
    sizes[i] = builder.getIndexAttr(1);
  }
  auto row = [&](Value buffer) -> Value {
    return memref::SubViewOp::create(builder, loc, buffer, offsets, sizes, strides);
  };
  Value source = row(copy.getSource());
  linalg::CopyOp::create(builder, loc, source, row(copy.getTarget()));
  copy.erase();
}

bool writesMemory(Operation *op) {
  return isa<linalg::LinalgOp, memref::StoreOp, memref::CopyOp>(op);
}

// One iteration around stray writes that stand next to each other.
void wrap(ArrayRef<Operation *> strays) {
  OpBuilder builder(strays.front());
  MLIRContext *context = builder.getContext();
  // Without a mapping, canonicalization removes a loop of one iteration.
  auto mapping =
      builder.getArrayAttr(gpu::GPUBlockMappingAttr::get(context, gpu::MappingId::LinearDim0));
  auto loop =
      scf::ForallOp::create(builder, strays.front()->getLoc(),
                            ArrayRef<OpFoldResult>{builder.getIndexAttr(1)}, ValueRange(), mapping);
  for (Operation *op : strays)
    op->moveBefore(loop.getBody()->getTerminator());
}

void wrapStrays(Block &block) {
  SmallVector<Operation *> strays;
  auto flush = [&] {
    if (!strays.empty())
      wrap(strays);
    strays.clear();
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (writesMemory(&op))
      strays.push_back(&op);
    else if (!isa<arith::ConstantOp>(op))
      flush();
  }
  flush();
}

struct CopiesToRows : impl::CopiesToRowsBase<CopiesToRows> {
  void runOnOperation() override {
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      bool inside = bool(copy->getParentOfType<scf::ForallOp>());
      if (!inside && cast<MemRefType>(copy.getTarget().getType()).getRank() > 1) {
        copyByRows(copy);
        continue;
      }
      OpBuilder builder(copy);
      linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
      copy.erase();
    }
    for (Block *block : ownBlocks(getOperation()))
      wrapStrays(*block);
  }
};
} // namespace
} // namespace tilewright
