//===- Recipe.cpp - the table of ONNX operators -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

static auto keyOf(const Recipe &recipe) {
  return std::tuple(StringRef(recipe.domain), StringRef(recipe.op), recipe.since);
}

ArrayRef<Recipe> allRecipes() {
  static const std::vector<Recipe> table = [] {
    std::vector<Recipe> all;
    for (ArrayRef<Recipe> family :
         {constantRecipes(),      elementwiseRecipes(),      movementRecipes(),
          sliceRecipes(),         matmulRecipes(),           einsumRecipes(),
          reductionRecipes(),     normalizationRecipes(),    convolutionRecipes(),
          convTransposeRecipes(), paddingRecipes(),          poolingRecipes(),
          quantizationRecipes(),  resizeRecipes(),           scatterRecipes(),
          attentionRecipes(),     contribAttentionRecipes(), groupQueryRecipes(),
          recurrentRecipes(),     recurrentCellRecipes(),    rotaryRecipes(),
          cacheWriteRecipes()})
      all.insert(all.end(), family.begin(), family.end());
    llvm::sort(all, [](const Recipe &a, const Recipe &b) { return keyOf(a) < keyOf(b); });
    return all;
  }();
  return table;
}

const Recipe *findRecipe(StringRef domain, StringRef op, int64_t opset) {
  std::tuple wanted(domain, op, opset);
  ArrayRef<Recipe> all = allRecipes();
  // The last entry that is not above (domain, op, opset).
  const Recipe *next = llvm::upper_bound(
      all, wanted, [](const auto &key, const Recipe &r) { return key < keyOf(r); });
  if (next == all.begin())
    return nullptr;
  const Recipe *recipe = next - 1;
  return recipe->domain == domain && recipe->op == op ? recipe : nullptr;
}

} // namespace tilewright
