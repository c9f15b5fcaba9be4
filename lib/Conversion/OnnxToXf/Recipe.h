//===- Recipe.h - the table of ONNX operators -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operator costs one entry in the array of its family and one test:
//
//   {"", "Relu", 6, [](Node &n, TensorBuilder &b) { n.yield(b.unary(UnaryKind::relu, n.tensor(0)));
//   }},
//
// The entry with the highest `since` that is not above the opset of the model wins. An entry may be
// shared by later versions that mean the same; a version that means something else gets its own
// entry.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_RECIPE_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_RECIPE_H

#include "lib/Conversion/OnnxToXf/Node.h"

namespace tilewright {

struct Recipe {
  llvm::StringLiteral domain; ///< "" is ai.onnx
  llvm::StringLiteral op;
  int64_t since;
  void (*convert)(Node &, TensorBuilder &);
};

llvm::ArrayRef<Recipe> constantRecipes();
llvm::ArrayRef<Recipe> elementwiseRecipes();
llvm::ArrayRef<Recipe> movementRecipes();
llvm::ArrayRef<Recipe> sliceRecipes();
llvm::ArrayRef<Recipe> matmulRecipes();
llvm::ArrayRef<Recipe> einsumRecipes();
llvm::ArrayRef<Recipe> reductionRecipes();
llvm::ArrayRef<Recipe> normalizationRecipes();
llvm::ArrayRef<Recipe> convolutionRecipes();
llvm::ArrayRef<Recipe> convTransposeRecipes();
llvm::ArrayRef<Recipe> paddingRecipes();
llvm::ArrayRef<Recipe> poolingRecipes();
llvm::ArrayRef<Recipe> quantizationRecipes();
llvm::ArrayRef<Recipe> resizeRecipes();
llvm::ArrayRef<Recipe> scatterRecipes();
llvm::ArrayRef<Recipe> attentionRecipes();
llvm::ArrayRef<Recipe> contribAttentionRecipes();
llvm::ArrayRef<Recipe> groupQueryRecipes();
llvm::ArrayRef<Recipe> recurrentRecipes();
llvm::ArrayRef<Recipe> recurrentCellRecipes();
llvm::ArrayRef<Recipe> rotaryRecipes();
llvm::ArrayRef<Recipe> cacheWriteRecipes();

/// All recipes, ordered by domain, operator and version.
llvm::ArrayRef<Recipe> allRecipes();

/// The recipe of an operator in a model of this opset, or null.
const Recipe *findRecipe(llvm::StringRef domain, llvm::StringRef op, int64_t opset);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_RECIPE_H
