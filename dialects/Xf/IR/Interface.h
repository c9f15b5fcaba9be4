//===- Interface.h - what a compiled model says about itself ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_INTERFACE_H
#define TILEWRIGHT_DIALECTS_XF_IR_INTERFACE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::xf {

/// An input or output as the caller sees it. `dims` names the dynamic dimensions, "" where a size
/// is static or is computed from symbols in a way that only the shape function knows.
struct TensorInterface {
  std::string name;
  RankedTensorType type;
  SmallVector<std::string> dims;
};

/// A symbolic dimension with its declared range, inclusive; `max` is INT64_MAX where none was
/// declared.
struct SymbolInterface {
  std::string name;
  int64_t min, max;
};

/// Inputs and outputs in the file's order; symbols in order of first appearance among the inputs.
/// `checks` says in words what @main_checks computes: "'n' * 4 to be a multiple of 6".
struct ModelInterface {
  SmallVector<TensorInterface> inputs, outputs;
  SmallVector<SymbolInterface> symbols;
  SmallVector<std::string> checks;
};

/// Attribute of an argument or result of the model function: the positions of the caller's buffers
/// (inputs, then outputs) that it stands for. Several: buffers of one type, stacked along a new
/// first dimension in this order, one per layer.
constexpr StringLiteral kBuffers = "xf.buffers";

/// Attribute of the module: the interface below.
constexpr StringLiteral kInterface = "xf.interface";

/// Whether `attribute` encodes an interface, as the verifier of the dialect demands.
bool isModelInterface(Attribute attribute);

/// Whether `xf-export-interface` has run.
bool hasModelInterface(ModuleOp module);

/// The interface that `xf-export-interface` recorded in the module, which survives the lowering of
/// the model function. Fails with a diagnostic if there is none.
FailureOr<ModelInterface> getModelInterface(ModuleOp module);

/// Records `interface` as the module's attribute; ranges come from `xf.bounds` and
/// are not repeated.
void setModelInterface(ModuleOp module, const ModelInterface &interface);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_INTERFACE_H
