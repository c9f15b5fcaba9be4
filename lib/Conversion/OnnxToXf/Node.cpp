//===- Node.cpp - an ONNX node as recipes read it -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Node.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tilewright {

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Tensor Node::tensor(unsigned i) {
  if (Tensor input = optional(i))
    return input;
  return builder.fail("expects input " + Twine(i) + ", which is absent");
}

SmallVector<Tensor> Node::tensors() {
  return llvm::map_to_vector(llvm::seq<unsigned>(0, numInputs()),
                             [&](unsigned i) { return tensor(i); });
}

Sizes Node::indices(unsigned i) {
  Tensor input = tensor(i);
  if (!input)
    return {};
  const Sizes *elements = builder.elements(input);
  if (elements && isa<IntegerType>(input.elementType()) && !input.elementType().isInteger(1))
    return *elements;
  builder.fail("expects integers in input " + Twine(i) +
               " that follow from constants and dimensions" + constantHint(i));
  return {};
}

// Adds the inputs of the model from which `value`, a scalar or vector, is computed.
static void collectInputs(Value value, llvm::SetVector<Value> &inputs, DenseSet<Value> &visited) {
  if (!visited.insert(value).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (isa<func::FuncOp>(argument.getOwner()->getParentOp()) && type && type.getRank() <= 1)
      inputs.insert(value);
  } else if (auto node = value.getDefiningOp<onnx::NodeOp>(); node && node.getOpType() != "Shape") {
    for (Value input : node.getInputs())
      collectInputs(input, inputs, visited);
  }
}

std::string Node::constantHint(unsigned i) {
  llvm::SetVector<Value> inputs;
  DenseSet<Value> visited;
  if (i < op.getInputs().size())
    collectInputs(op.getInputs()[i], inputs, visited);
  std::string flags;
  for (Value input : inputs) {
    auto argument = cast<BlockArgument>(input);
    auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "xf.name"))
      flags += (flags.empty() ? "; " : " ") + ("--constant '" + name.str() + "=VALUE'");
  }
  if (flags.empty())
    return "";
  return flags +
         (inputs.size() == 1 ? " fixes that input of the model" : " fix those inputs of the model");
}

SmallVector<int64_t> Node::integersAt(unsigned i) {
  SmallVector<int64_t> result;
  for (OpFoldResult element : indices(i)) {
    std::optional<int64_t> value = constantInteger(element);
    if (!value)
      builder.fail("expects constants in input " + Twine(i) + constantHint(i));
    result.push_back(value.value_or(0));
  }
  return result;
}

void Node::refuse(unsigned i, StringRef name) {
  if (optional(i))
    builder.fail("does not support input " + Twine(i) + " (" + name + ")");
}

OpFoldResult Node::declaredSize(unsigned i, int64_t dim) {
  if (i >= numOutputs())
    return {};
  Value output = op.getOutputs()[i];
  auto type = dyn_cast<RankedTensorType>(output.getType());
  if (type && dim < type.getRank() && !type.isDynamicDim(dim))
    return builder.index.constant(type.getDimSize(dim));
  for (OpOperand &use : output.getUses()) {
    auto function = dyn_cast<func::FuncOp>(use.getOwner()->getParentOp());
    auto names = function && isa<func::ReturnOp>(use.getOwner())
                     ? function.getResultAttrOfType<ArrayAttr>(use.getOperandNumber(), "xf.dims")
                     : ArrayAttr();
    auto name = names && dim < static_cast<int64_t>(names.size()) ? dyn_cast<StringAttr>(names[dim])
                                                                  : StringAttr();
    if (name && !name.empty())
      for (unsigned argument = 0; argument < function.getNumArguments(); ++argument)
        if (auto dims = function.getArgAttrOfType<ArrayAttr>(argument, "xf.dims");
            dims && llvm::is_contained(dims, name))
          return builder.index.dim(name);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

template <class Attr>
Attr Node::find(StringRef name, StringRef kind) {
  read.insert(name);
  Attribute attr = op.getAttrs().get(name);
  auto typed = dyn_cast_if_present<Attr>(attr);
  if (attr && !typed)
    builder.fail("expects attribute '" + name + "' to be " + kind);
  return typed;
}

void Node::missing(StringRef name) {
  builder.fail("expects attribute '" + name + "'");
}

int64_t Node::integer(StringRef name, std::optional<int64_t> fallback) {
  if (auto attr = find<IntegerAttr>(name, "an integer"))
    return attr.getValue().getSExtValue();
  if (!fallback)
    missing(name);
  return fallback.value_or(0);
}

double Node::number(StringRef name, std::optional<double> fallback) {
  if (auto attr = find<FloatAttr>(name, "a float"))
    return attr.getValueAsDouble();
  if (!fallback)
    missing(name);
  return fallback.value_or(0);
}

std::string Node::text(StringRef name, std::optional<StringRef> fallback) {
  if (auto attr = find<StringAttr>(name, "a string"))
    return attr.str();
  if (!fallback)
    missing(name);
  return fallback.value_or("").str();
}

std::string Node::choice(StringRef name, ArrayRef<StringRef> choices) {
  std::string value = text(name, choices.front());
  if (!llvm::is_contained(choices, value))
    builder.fail("expects attribute '" + name + "' to be one of " + llvm::join(choices, ", ") +
                 ", got '" + value + "'");
  return value;
}

std::optional<SmallVector<int64_t>> Node::integers(StringRef name) {
  auto attr = find<DenseI64ArrayAttr>(name, "a list of integers");
  return attr ? std::optional(SmallVector<int64_t>(attr.asArrayRef())) : std::nullopt;
}

std::optional<SmallVector<double>> Node::numbers(StringRef name) {
  auto attr = find<DenseF32ArrayAttr>(name, "a list of floats");
  return attr ? std::optional(SmallVector<double>(attr.asArrayRef())) : std::nullopt;
}

std::optional<SmallVector<std::string>> Node::texts(StringRef name) {
  auto attr = find<ArrayAttr>(name, "a list of strings");
  if (!attr)
    return std::nullopt;
  SmallVector<std::string> result;
  for (Attribute text : attr)
    result.push_back(cast<StringAttr>(text).str());
  return result;
}

DenseElementsAttr Node::elements(StringRef name) {
  return find<DenseElementsAttr>(name, "a tensor");
}

int64_t Node::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  builder.fail("expects an axis in [-" + Twine(rank) + ", " + Twine(rank) + "), got " +
               Twine(axis));
  return 0;
}

SmallVector<int64_t> Node::normalizeAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result =
      llvm::map_to_vector(axes, [&](int64_t axis) { return normalizeAxis(axis, rank); });
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    builder.fail("expects distinct axes");
  return result;
}

int64_t Node::axis(Tensor x, StringRef name, std::optional<int64_t> fallback) {
  int64_t value = integer(name, fallback);
  return ok() ? normalizeAxis(value, x.rank()) : 0;
}

void Node::expect(StringRef name, int64_t only) {
  int64_t value = integer(name, only);
  if (value != only)
    builder.fail("expects attribute '" + name + "' to be " + Twine(only) + ", got " + Twine(value));
}

Type Node::elementType(int64_t dataType) {
  Builder &types = builder.builder;
  switch (dataType) {
  case 1:
    return types.getF32Type();
  case 2:
    return types.getIntegerType(8, /*isSigned=*/false);
  case 4:
    return types.getIntegerType(16, /*isSigned=*/false);
  case 12:
    return types.getIntegerType(32, /*isSigned=*/false);
  case 13:
    return types.getIntegerType(64, /*isSigned=*/false);
  case 3:
    return types.getI8Type();
  case 5:
    return types.getI16Type();
  case 6:
    return types.getI32Type();
  case 7:
    return types.getI64Type();
  case 9:
    return types.getI1Type();
  case 10:
    return types.getF16Type();
  case 11:
    return types.getF64Type();
  case 16:
    return types.getBF16Type();
  default:
    builder.fail("expects an element type among float32, float16, bfloat16, float64, int8 to "
                 "int64, uint8 to uint64 and bool, got "
                 "TensorProto.DataType " +
                 Twine(dataType));
    return types.getF32Type();
  }
}

void Node::checkAllRead() {
  for (NamedAttribute attr : op.getAttrs())
    if (!read.contains(attr.getName().getValue()))
      builder.fail("does not know attribute '" + attr.getName().getValue() + "'");
}

} // namespace tilewright
