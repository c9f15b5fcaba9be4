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

uint64_t weightsSize(ArrayRef<ModuleOp> levels) {
  ModuleOp last = levels.back();
  auto size = last->getAttrOfType<IntegerAttr>("kernel.weights_size");
  return size ? size.getInt() : 0;
}

LogicalResult writeWeights(ArrayRef<ModuleOp> levels, MutableArrayRef<char> bytes) {
  llvm::DenseMap<StringAttr, xf::WeightDataOp> written;
  for (ModuleOp level : levels) {
    auto table = level->getAttrOfType<ArrayAttr>("kernel.weights");
    if (!table)
      continue;
    WeightEvaluator evaluator(level);
    for (auto entry : table.getAsRange<DictionaryAttr>()) {
      StringAttr name = entry.getAs<FlatSymbolRefAttr>("symbol").getAttr();
      auto data = level.lookupSymbol<xf::WeightDataOp>(name);
      if (xf::WeightDataOp first = written.lookup(name)) {
        if (data && !OperationEquivalence::isEquivalentTo(data, first,
                                                          OperationEquivalence::IgnoreLocations))
          return data.emitError("expects weight @")
                 << name.getValue() << " to be the same for all targets of an artefact";
        continue;
      }
      if (!data)
        return level.emitError("refers to unknown weight @") << name.getValue();
      size_t offset = entry.getAs<IntegerAttr>("offset").getInt();
      size_t size = entry.getAs<IntegerAttr>("bytes").getInt();
      if (failed(evaluator.evaluate(data, bytes.slice(offset, size))))
        return failure();
      written[name] = data;
    }
  }
  return success();
}

} // namespace tilewright
