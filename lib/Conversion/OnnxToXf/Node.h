//===- Node.h - an ONNX node as recipes read it -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_NODE_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_NODE_H

#include "dialects/Onnx/IR/Onnx.h"
#include "lib/Conversion/OnnxToXf/TensorBuilder.h"
#include "llvm/ADT/StringSet.h"

namespace tilewright {

/// Operands and attributes of one node. What is missing, of the wrong kind or unsupported becomes
/// the failure of the node (TensorBuilder::fail) and the accessor gives a harmless value: a recipe
/// that inspects types or sizes asks `ok()` once after reading.
class Node {
public:
  Node(mlir::onnx::NodeOp op, llvm::ArrayRef<Tensor> inputs, TensorBuilder &builder)
      : op(op), inputs(inputs), builder(builder) {}

  mlir::onnx::NodeOp op;

  bool ok() const { return builder.ok(); }
  int64_t opset() { return op.getVersion(); }
  llvm::StringRef domain() { return op.getDomain(); }

  // Operands
  // ---------------------------------------------------------------------------------------------------------------------

  unsigned numInputs() const { return inputs.size(); }
  /// Operand `i`; a node that leaves it out cannot be converted.
  Tensor tensor(unsigned i);
  /// Operand `i`, null where the node leaves it out.
  Tensor optional(unsigned i) const { return i < inputs.size() ? inputs[i] : Tensor(); }
  /// All operands, none of them absent.
  llvm::SmallVector<Tensor> tensors();
  /// The elements of integer operand `i`, which must follow from constants and dimensions.
  Sizes indices(unsigned i);
  /// The elements of integer operand `i`, which must be constants.
  llvm::SmallVector<int64_t> integersAt(unsigned i);
  /// Says of operand `i`, if it follows from small inputs of the model, how their values can be
  /// given at compile time.
  std::string constantHint(unsigned i);
  /// Fails if operand `i`, which would change the result in a way that is not supported, is there.
  void refuse(unsigned i, llvm::StringRef name);

  // Results
  // ----------------------------------------------------------------------------------------------------------------------

  unsigned numOutputs() { return op.getOutputs().size(); }
  /// Some other node or the model reads output `i`.
  bool wants(unsigned i) { return i < numOutputs() && !op.getOutputs()[i].use_empty(); }
  /// Dimension `dim` of output `i` as the file declares it, where that is a number or, for an
  /// output of the model, a dimension of an input; null otherwise.
  mlir::OpFoldResult declaredSize(unsigned i, int64_t dim);
  void yield(llvm::ArrayRef<Tensor> tensors) { results.assign(tensors.begin(), tensors.end()); }
  llvm::ArrayRef<Tensor> yielded() const { return results; }

  // Attributes
  // -------------------------------------------------------------------------------------------------------------------

  bool has(llvm::StringRef name) { return op.getAttrs().contains(name); }
  /// Attribute `name`, or `fallback` when it is absent; without a fallback the attribute is
  /// required.
  int64_t integer(llvm::StringRef name, std::optional<int64_t> fallback = std::nullopt);
  double number(llvm::StringRef name, std::optional<double> fallback = std::nullopt);
  std::string text(llvm::StringRef name, std::optional<llvm::StringRef> fallback = std::nullopt);
  /// A text among `choices`, the first of which is the default.
  std::string choice(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> choices);
  bool flag(llvm::StringRef name, bool fallback) { return integer(name, fallback) != 0; }
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name);
  std::optional<llvm::SmallVector<double>> numbers(llvm::StringRef name);
  std::optional<llvm::SmallVector<std::string>> texts(llvm::StringRef name);
  mlir::DenseElementsAttr elements(llvm::StringRef name);
  /// Attribute `name` as a dimension of `x`, negative ones counted from the end, in [0, rank of x).
  int64_t axis(Tensor x, llvm::StringRef name, std::optional<int64_t> fallback = std::nullopt);
  /// An attribute that changes nothing here.
  void ignore(llvm::StringRef name) { read.insert(name); }
  /// Refuses every value of the attribute but `only`, which is also the default.
  void expect(llvm::StringRef name, int64_t only);

  /// `axis` in [0, rank); fails on others.
  int64_t normalizeAxis(int64_t axis, int64_t rank);
  llvm::SmallVector<int64_t> normalizeAxes(llvm::ArrayRef<int64_t> axes, int64_t rank);
  /// The element type of an ONNX TensorProto.DataType.
  mlir::Type elementType(int64_t dataType);

  /// Fails when an attribute was never read.
  void checkAllRead();

private:
  template <class Attr>
  Attr find(llvm::StringRef name, llvm::StringRef kind);
  void missing(llvm::StringRef name);

  llvm::ArrayRef<Tensor> inputs;
  TensorBuilder &builder;
  llvm::StringSet<> read;
  llvm::SmallVector<Tensor> results;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_NODE_H
