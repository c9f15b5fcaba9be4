//===- TilingUtils.cpp - what the tilable ops share -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/TilingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

Value kernel::takeSlice(OpBuilder &b, Location loc, Value source, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes, SmallVectorImpl<Operation *> &slices) {
  // Upstream has no slice where an offset of 0 is behind the end.
  if (isEmpty(source.getType()))
    return tensor::EmptyOp::create(b, loc, sizes, getElementTypeOrSelf(source.getType()));
  SmallVector<OpFoldResult> ones(offsets.size(), b.getIndexAttr(1));
  auto slice = tensor::ExtractSliceOp::create(b, loc, source, offsets, sizes, ones);
  slices.push_back(slice);
  return slice;
}

TilingResult kernel::cloneTile(OpBuilder &b, Operation *op, ValueRange operands, ValueRange inits,
                               ArrayRef<Operation *> slices) {
  IRMapping mapping;
  Operation *tile = op->cloneWithoutRegions();
  b.insert(tile);
  for (auto [from, to] : llvm::zip(op->getRegions(), tile->getRegions()))
    from.cloneInto(&to, mapping);
  tile->setOperands(operands);
  for (auto [result, init] : llvm::zip(tile->getResults(), inits))
    result.setType(init.getType());
  return {{tile}, SmallVector<Value>(tile->getResults()), SmallVector<Operation *>(slices)};
}

void kernel::addTileEffects(
    Operation *op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  auto destination = cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (destination.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}
