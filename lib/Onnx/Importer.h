//===- Importer.h - an ONNX file becomes onnx.node IR -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ONNX_IMPORTER_H
#define TILEWRIGHT_LIB_ONNX_IMPORTER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

namespace tilewright {

/// Declared range of a symbolic dimension, inclusive; min == max fixes it.
struct DimRange {
  int64_t min = 0;
  int64_t max = 0;
};

struct ImportOptions {
  /// By ONNX dimension name. A name that no input has is an error.
  llvm::StringMap<DimRange> dims;
  /// Inputs that become constants, by name: "3" or "1,2" (a scalar or a vector of numbers), or the
  /// path of a serialised TensorProto. Their dimensions are fixed with them.
  llvm::StringMap<std::string> constants;
};

/// Reads an ONNX file of opset 7 or later into a module with one `func.func @main` of `onnx.node`
/// ops (see docs/Architecture.md). Initialisers above 4 KB become `xf.weight_data`; model-local
/// functions are inlined; nodes are put in topological order. Every error is a diagnostic that
/// names the file and the node, tensor or dimension; the result is then null.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path, mlir::MLIRContext &context,
                                             const ImportOptions &options);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ONNX_IMPORTER_H
