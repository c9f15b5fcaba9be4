//===- Weights.cpp - bytes of the weights that code refers to -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Weights.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Emit/WeightEvaluator.h"

using namespace mlir;

namespace tilewright {

uint64_t weightsSize(ModuleOp module) {
  auto size = module->getAttrOfType<IntegerAttr>("kernel.weights_size");
  return size ? size.getInt() : 0;
}

LogicalResult writeWeights(ModuleOp module, MutableArrayRef<char> bytes) {
  auto table = module->getAttrOfType<ArrayAttr>("kernel.weights");
  if (!table)
    return success();
  WeightEvaluator evaluator(module);
  for (auto entry : table.getAsRange<DictionaryAttr>()) {
    auto symbol = entry.getAs<FlatSymbolRefAttr>("symbol");
    auto data = module.lookupSymbol<xf::WeightDataOp>(symbol.getAttr());
    if (!data)
      return module.emitError("refers to unknown weight ") << symbol;
    size_t offset = entry.getAs<IntegerAttr>("offset").getInt();
    size_t size = entry.getAs<IntegerAttr>("bytes").getInt();
    if (failed(evaluator.evaluate(data, bytes.slice(offset, size))))
      return failure();
  }
  return success();
}

} // namespace tilewright
