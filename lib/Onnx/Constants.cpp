//===- Constants.cpp - values for inputs that become constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Constants.h"

#include "lib/Onnx/ModelFile.h"
#include "lib/Onnx/Tensors.h"
#include "llvm/ADT/StringExtras.h"

namespace tilewright {

static llvm::Error inputError(const onnx::ValueInfoProto &input, const llvm::Twine &what) {
  return llvm::createStringError("constant for input '%s': %s", input.name().c_str(),
                                 what.str().c_str());
}

// A number appended to the field of the tensor's element type; false if the text is none.
static bool addNumber(onnx::TensorProto &tensor, llvm::StringRef text) {
  int64_t integer;
  double number;
  switch (tensor.data_type()) {
  case onnx::TensorProto::FLOAT:
    return llvm::to_float(text, number) && (tensor.add_float_data(number), true);
  case onnx::TensorProto::DOUBLE:
    return llvm::to_float(text, number) && (tensor.add_double_data(number), true);
  case onnx::TensorProto::INT64:
    return llvm::to_integer(text, integer, 10) && (tensor.add_int64_data(integer), true);
  case onnx::TensorProto::INT32:
  case onnx::TensorProto::BOOL:
    return llvm::to_integer(text, integer, 10) && (tensor.add_int32_data(integer), true);
  default:
    return false;
  }
}

// Nothing if `text` is no list of numbers.
static std::optional<onnx::TensorProto> parseNumbers(const onnx::TypeProto::Tensor &type,
                                                     llvm::StringRef text) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type.elem_type());
  llvm::SmallVector<llvm::StringRef> numbers;
  text.split(numbers, ',');
  for (llvm::StringRef number : numbers)
    if (!addNumber(tensor, number.trim()))
      return std::nullopt;
  if (type.shape().dim_size() > 0)
    tensor.add_dims(numbers.size());
  return tensor;
}

llvm::Expected<onnx::TensorProto> constantTensor(const onnx::ValueInfoProto &input,
                                                 llvm::StringRef text) {
  const onnx::TypeProto::Tensor &type = input.type().tensor_type();
  std::optional<onnx::TensorProto> tensor = parseNumbers(type, text);
  if (!tensor) {
    llvm::Expected<onnx::TensorProto> read = readTensor(text);
    if (!read)
      return inputError(input, "expects numbers separated by commas or a file; " +
                                   llvm::toString(read.takeError()));
    tensor = std::move(*read);
  }
  if (tensor->data_type() != type.elem_type())
    return inputError(input, "expects elements of type " + elementTypeName(type.elem_type()) +
                                 ", got " + elementTypeName(tensor->data_type()));
  bool fits = type.shape().dim_size() == tensor->dims_size();
  for (int i = 0; fits && i < tensor->dims_size(); ++i)
    fits =
        !type.shape().dim(i).has_dim_value() || type.shape().dim(i).dim_value() == tensor->dims(i);
  if (!fits)
    return inputError(input, "expects the rank and the sizes of the input");
  return std::move(*tensor);
}

} // namespace tilewright
