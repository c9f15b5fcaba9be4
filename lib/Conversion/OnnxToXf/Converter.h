//===- Converter.h - the nodes of a function, front to back ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVERTER_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVERTER_H

#include "lib/Conversion/OnnxToXf/Recipe.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tilewright {

/// The domain of a node, "" for ai.onnx.
llvm::StringRef domainOf(mlir::onnx::NodeOp node);

/// Converts the nodes of one function, front to back, in place.
class Converter {
public:
  explicit Converter(mlir::func::FuncOp function)
      : function(function), ops(function.getContext()), builder(ops) {}

  /// On failure every unsupported node has been reported, and the function is of no use.
  llvm::LogicalResult run();

private:
  void convertNode(mlir::onnx::NodeOp node);
  /// Runs a recipe; on success the results stand in `tensors`.
  void apply(mlir::onnx::NodeOp node, llvm::function_ref<void(Node &)> convert);
  void checkTypes(mlir::onnx::NodeOp node);
  void convertBlock(mlir::Block &block);
  std::string missingRecipe(mlir::onnx::NodeOp node);
  void reject(mlir::onnx::NodeOp node, llvm::StringRef reason);
  /// Nodes that read the results of `node` are not reported for it.
  void poison(mlir::onnx::NodeOp node) { poisoned.insert_range(node.getResults()); }
  void readBounds();
  llvm::LogicalResult finishFunction();
  llvm::LogicalResult writeBounds();

  Tensor tensorOf(mlir::Value value);
  bool isPoisoned(mlir::Value value) const { return poisoned.contains(value); }

  // Nodes with sub-graphs: ControlFlow.cpp
  // ------------------------------------------------------------------------------------------------

  using Tensors = llvm::SmallVector<Tensor>;
  using ControlFlow = void (Converter::*)(Node &);

  /// How a node with sub-graphs is converted; null for all others.
  static ControlFlow controlFlowOf(mlir::onnx::NodeOp node);
  void convertIf(Node &node);
  void convertLoop(Node &node);
  void convertScan(Node &node);
  /// Before opset 9 a Scan had a batch in front.
  void convertBatchedScan(Node &node);

  /// The sub-graph of this name with `arguments` arguments; null, and a failure, if there is none.
  mlir::Block *graphOf(Node &node, llvm::StringRef name, size_t arguments);
  /// Converts a sub-graph where the builder stands. A result that a rejected node makes is null.
  Tensors convertGraph(mlir::Block &graph, llvm::ArrayRef<Tensor> arguments);
  struct ScanAxes;
  Tensors scan(mlir::Block &graph, llvm::ArrayRef<Tensor> states, llvm::ArrayRef<Tensor> inputs,
               const ScanAxes &axes);

  mlir::func::FuncOp function;
  bool rejected = false; ///< some node, of the sub-graph that is being converted
  mlir::OpBuilder ops;
  TensorBuilder builder;
  /// Results of converted nodes.
  llvm::DenseMap<mlir::Value, Tensor> tensors;
  /// Results of nodes that were rejected, and of those that read them.
  llvm::DenseSet<mlir::Value> poisoned;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVERTER_H
