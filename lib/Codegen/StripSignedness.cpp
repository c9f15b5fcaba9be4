//===- StripSignedness.cpp - integers without sign -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_STRIPSIGNEDNESS
#include "lib/Codegen/Passes.h.inc"

namespace {

Type withoutSign(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(withoutSign(shaped.getElementType()));
  return type;
}

struct StripSignedness : impl::StripSignednessBase<StripSignedness> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    function.walk([](Operation *op) {
      for (Value result : op->getResults())
        result.setType(withoutSign(result.getType()));
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            argument.setType(withoutSign(argument.getType()));
      if (auto constant = dyn_cast<arith::ConstantOp>(op))
        constant.setValueAttr(valueWithoutSign(constant.getValue()));
    });
    Builder builder(&getContext());
    function.setType(
        builder.getFunctionType(llvm::map_to_vector(function.getArgumentTypes(), withoutSign),
                                llvm::map_to_vector(function.getResultTypes(), withoutSign)));
    // What stood between a tensor's unsigned elements and arithmetic is gone.
    function.walk([](UnrealizedConversionCastOp op) {
      if (op->getOperandTypes() != op->getResultTypes())
        return;
      op->replaceAllUsesWith(op->getOperands());
      op->erase();
    });
  }

  static TypedAttr valueWithoutSign(TypedAttr value) {
    if (auto integer = dyn_cast<IntegerAttr>(value))
      return IntegerAttr::get(withoutSign(integer.getType()), integer.getValue());
    if (auto elements = dyn_cast<DenseElementsAttr>(value))
      return elements.bitcast(withoutSign(elements.getElementType()));
    return value;
  }
};
} // namespace
} // namespace tilewright
