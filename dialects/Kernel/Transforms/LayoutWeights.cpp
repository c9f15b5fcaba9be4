//===- LayoutWeights.cpp - handles become addresses --------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_LAYOUTWEIGHTS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

struct Place {
  int64_t offset = 0, bytes = 0;
};

int64_t bytesOf(ShapedType type) {
  // Booleans stand one to a byte; narrower integers never reach this level unpacked.
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

struct LayoutWeights : impl::LayoutWeightsBase<LayoutWeights> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<MachineFunction> machine = MachineFunction::findIn(module);
    if (failed(machine))
      return signalPassFailure();
    SmallVector<WeightOp> handles;
    machine->function().walk([&](WeightOp op) { handles.push_back(op); });

    // What the levels before this one refer to; weights of one name are the same weight.
    llvm::MapVector<StringAttr, Place> places;
    int64_t end = 0;
    if (auto table = module->getAttrOfType<ArrayAttr>("kernel.weights")) {
      for (auto entry : table.getAsRange<DictionaryAttr>())
        places[entry.getAs<FlatSymbolRefAttr>("symbol").getAttr()] = {
            entry.getAs<IntegerAttr>("offset").getInt(),
            entry.getAs<IntegerAttr>("bytes").getInt()};
      end = module->getAttrOfType<IntegerAttr>("kernel.weights_size").getInt();
    }
    for (WeightOp handle : handles) {
      auto [place, isNew] = places.insert({handle.getWeightAttr().getAttr(), Place()});
      if (!isNew)
        continue;
      FailureOr<ShapedType> type = typeOfData(handle);
      if (failed(type))
        return signalPassFailure();
      place->second = {end, bytesOf(*type)};
      end = llvm::alignTo(end + place->second.bytes, MachineFunction::kAlignment);
    }
    for (WeightOp handle : handles)
      replaceByView(handle, places.find(handle.getWeightAttr().getAttr())->second,
                    machine->weights());

    Builder builder(&getContext());
    SmallVector<Attribute> table;
    for (auto &[symbol, place] : places)
      table.push_back(builder.getDictionaryAttr({
          builder.getNamedAttr("symbol", FlatSymbolRefAttr::get(symbol)),
          builder.getNamedAttr("offset", builder.getI64IntegerAttr(place.offset)),
          builder.getNamedAttr("bytes", builder.getI64IntegerAttr(place.bytes)),
      }));
    module->setAttr("kernel.weights", builder.getArrayAttr(table));
    module->setAttr("kernel.weights_size", builder.getI64IntegerAttr(end));
  }

  // The whole weight's type, which a handle on one layer does not show. Weight data is an op of the
  // model level, known here only by its `type`.
  FailureOr<ShapedType> typeOfData(WeightOp handle) {
    if (!handle.getLayer())
      return cast<ShapedType>(handle.getType());
    Operation *data = SymbolTable::lookupNearestSymbolFrom(handle, handle.getWeightAttr());
    auto type = data ? data->getAttrOfType<TypeAttr>("type") : TypeAttr();
    if (!type)
      return handle.emitOpError("refers to unknown weight @") << handle.getWeight();
    return cast<ShapedType>(type.getValue());
  }

  void replaceByView(WeightOp handle, Place place, Value weights) {
    OpBuilder builder(handle);
    Location loc = handle.getLoc();
    auto type = cast<MemRefType>(handle.getType());
    Value offset = arith::ConstantIndexOp::create(builder, loc, place.offset);
    if (Value layer = handle.getLayer()) {
      Value stride = arith::ConstantIndexOp::create(builder, loc, bytesOf(type));
      offset = arith::AddIOp::create(builder, loc, offset,
                                     arith::MulIOp::create(builder, loc, layer, stride));
    }
    handle.replaceAllUsesWith(
        memref::ViewOp::create(builder, loc, type, weights, offset, ValueRange()).getResult());
    handle.erase();
  }
};
} // namespace
} // namespace mlir::kernel
