//===- Interface.h - a model as its caller sees it -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read once from @main while it still has its tensors; the descriptor inside the artefact, the C
// header and reports are written from it.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_INTERFACE_H
#define TILEWRIGHT_LIB_EMIT_INTERFACE_H

#include "mlir/IR/BuiltinOps.h"
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tilewright {

/// A symbolic dimension and its declared range, inclusive.
struct SymbolInterface {
  std::string name;
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max(); // that value: none declared
  bool isBounded() const { return max != std::numeric_limits<int64_t>::max(); }
};

/// The sum of factors[i] times symbol i is in [min, max].
struct RequirementInterface {
  std::vector<int64_t> factors; // one per symbol
  int64_t min = 0, max = 0;
};

/// One dimension of an input or output: a size, a symbol, or (outputs) something computed from
/// symbols.
struct DimInterface {
  int64_t size = -1;   // unless static: -1
  int32_t symbol = -1; // index into ModelInterface::symbols, or TW_DIM_STATIC, or TW_DIM_COMPUTED
  std::string name;    // the ONNX name, also of computed dimensions; may be empty
};

struct TensorInterface {
  std::string name;
  std::vector<DimInterface> dims;
  uint8_t code = 0; // DLDataTypeCode
  uint8_t bits = 0;
  /// As in numpy: "float32", "int64", "bool" ...
  std::string dtype;
};

struct ModelInterface {
  std::string name; // a C identifier: names the accessor, the header's enumerators and the weights
  std::string source;   // file name of the model
  std::string target;   // as on the command line
  std::string pipeline; // "default" or "reference"
  std::string compute;  // "f32", "bf16x3", "bf16"
  std::vector<TensorInterface> inputs, outputs;
  std::vector<SymbolInterface> symbols; // in order of first appearance among the inputs
  std::vector<RequirementInterface> requirements;
  std::vector<std::string> checks; // what tw_model_check compares, in words
};

/// Reads inputs, outputs and symbols from `xf.interface`, before that is recorded from
/// `func.func @main` of the model stage (docs/Architecture.md, "Model function"). The strings other
/// than names of tensors are left to the caller. Emits a diagnostic if a type cannot cross the C
/// interface.
mlir::FailureOr<ModelInterface> readInterface(mlir::ModuleOp module);

/// The C identifier for an artefact written to `path`: its file name without extension, other
/// characters than letters, digits and '_' replaced by '_'.
std::string artefactName(llvm::StringRef path);

/// Name of the function that a program calls to get the model: tw_NAME_model.
std::string accessorName(const ModelInterface &model);

/// "[batch, seq, 512]"
std::string shapeText(const ModelInterface &model, const TensorInterface &tensor);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_INTERFACE_H
