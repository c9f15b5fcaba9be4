//===- Tensors.cpp - ONNX element types and tensor values as MLIR types and attributes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Tensors.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;

namespace tilewright {

// One row per element type of the format: number (onnx.proto3 of ONNX 1.22), name, MLIR type.
namespace {
struct ElementRow {
  int32_t number;
  const char *name;
  Type (*type)(Builder &);
};
#define TW_ELEMENT(NUMBER, NAME, TYPE) {NUMBER, NAME, [](Builder &b) -> Type { return TYPE; }}
Type integer(Builder &b, unsigned bits, bool isSigned) {
  return isSigned ? b.getIntegerType(bits)
                  : IntegerType::get(b.getContext(), bits, IntegerType::Unsigned);
}
const ElementRow elementRows[] = {
    TW_ELEMENT(1, "float", b.getF32Type()),
    TW_ELEMENT(2, "uint8", integer(b, 8, false)),
    TW_ELEMENT(3, "int8", integer(b, 8, true)),
    TW_ELEMENT(4, "uint16", integer(b, 16, false)),
    TW_ELEMENT(5, "int16", integer(b, 16, true)),
    TW_ELEMENT(6, "int32", integer(b, 32, true)),
    TW_ELEMENT(7, "int64", integer(b, 64, true)),
    TW_ELEMENT(8, "string", Type()),
    TW_ELEMENT(9, "bool", b.getI1Type()),
    TW_ELEMENT(10, "float16", b.getF16Type()),
    TW_ELEMENT(11, "double", b.getF64Type()),
    TW_ELEMENT(12, "uint32", integer(b, 32, false)),
    TW_ELEMENT(13, "uint64", integer(b, 64, false)),
    TW_ELEMENT(14, "complex64", Type()),
    TW_ELEMENT(15, "complex128", Type()),
    TW_ELEMENT(16, "bfloat16", b.getBF16Type()),
    TW_ELEMENT(17, "float8e4m3fn", b.getType<Float8E4M3FNType>()),
    TW_ELEMENT(18, "float8e4m3fnuz", b.getType<Float8E4M3FNUZType>()),
    TW_ELEMENT(19, "float8e5m2", b.getType<Float8E5M2Type>()),
    TW_ELEMENT(20, "float8e5m2fnuz", b.getType<Float8E5M2FNUZType>()),
    TW_ELEMENT(21, "uint4", integer(b, 4, false)),
    TW_ELEMENT(22, "int4", integer(b, 4, true)),
    TW_ELEMENT(23, "float4e2m1", b.getType<Float4E2M1FNType>()),
    TW_ELEMENT(24, "float8e8m0", b.getType<Float8E8M0FNUType>()),
    TW_ELEMENT(25, "uint2", integer(b, 2, false)),
    TW_ELEMENT(26, "int2", integer(b, 2, true)),
};
#undef TW_ELEMENT

llvm::Error tensorError(const onnx::TensorProto &tensor, const Twine &what) {
  return llvm::createStringError("tensor '%s' %s", tensor.name().c_str(), what.str().c_str());
}

// Elements of a typed field as raw bytes of the element's width; wider integers are truncated, as
// the format says.
template <class Stored, class Field>
std::string packed(const Field &field) {
  std::string bytes;
  for (auto value : field) {
    auto narrow = static_cast<Stored>(value);
    bytes.append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
  }
  return bytes;
}

std::string typedData(const onnx::TensorProto &tensor, unsigned bits) {
  switch (tensor.data_type()) {
  case 1:
    return packed<float>(tensor.float_data());
  case 11:
    return packed<double>(tensor.double_data());
  case 7:
    return packed<int64_t>(tensor.int64_data());
  case 12:
    return packed<uint32_t>(tensor.uint64_data());
  case 13:
    return packed<uint64_t>(tensor.uint64_data());
  default:
    return bits <= 8    ? packed<uint8_t>(tensor.int32_data())
           : bits == 16 ? packed<uint16_t>(tensor.int32_data())
                        : packed<int32_t>(tensor.int32_data());
  }
}

// One byte per element from elements of 2 or 4 bits, first element in the low bits; signed ones
// extended.
std::string unpackSubByte(StringRef bytes, IntegerType type, int64_t elements) {
  unsigned bits = type.getWidth(), perByte = 8 / bits;
  std::string result;
  for (int64_t i = 0; i < elements; ++i) {
    unsigned shift = (i % perByte) * bits;
    int value = (static_cast<uint8_t>(bytes[i / perByte]) >> shift) & ((1 << bits) - 1);
    if (!type.isUnsigned() && (value >> (bits - 1)))
      value -= 1 << bits;
    result.push_back(static_cast<char>(value));
  }
  return result;
}
} // namespace

Type elementType(MLIRContext *context, int32_t onnxType) {
  Builder builder(context);
  for (const ElementRow &row : elementRows)
    if (row.number == onnxType)
      return row.type(builder);
  return {};
}

std::string elementTypeName(int32_t onnxType) {
  for (const ElementRow &row : elementRows)
    if (row.number == onnxType)
      return row.name;
  return "element type " + std::to_string(onnxType);
}

int64_t storedBytes(Type element, int64_t elements) {
  int64_t bits = element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth();
  return (elements * bits + 7) / 8;
}

std::optional<int64_t> countElements(ArrayRef<int64_t> sizes) {
  int64_t elements = 1;
  for (int64_t size : sizes) {
    std::optional<int64_t> product =
        llvm::checkedMul(elements, ShapedType::isDynamic(size) ? 1 : size);
    if (!product || *product > INT64_MAX / 16)
      return std::nullopt;
    elements = *product;
  }
  return elements;
}

llvm::Expected<RankedTensorType> tensorType(MLIRContext *context, const onnx::TensorProto &tensor) {
  Type element = elementType(context, tensor.data_type());
  if (!element)
    return tensorError(tensor, "has elements of type " + elementTypeName(tensor.data_type()) +
                                   ", which Tilewright lacks");
  SmallVector<int64_t> sizes(tensor.dims().begin(), tensor.dims().end());
  for (int64_t size : sizes)
    if (size < 0)
      return tensorError(tensor, "has a negative size " + Twine(size));
  if (!countElements(sizes))
    return tensorError(tensor, "has more elements than memory can hold");
  return RankedTensorType::get(sizes, element);
}

llvm::Expected<DenseElementsAttr> tensorValue(const onnx::TensorProto &tensor,
                                              RankedTensorType type) {
  Type element = type.getElementType();
  int64_t elements = type.getNumElements();
  bool raw = tensor.has_raw_data();
  std::string bytes = raw ? tensor.raw_data() : typedData(tensor, element.getIntOrFloatBitWidth());
  auto subByte = dyn_cast<IntegerType>(element);
  if (subByte && subByte.getWidth() != 2 && subByte.getWidth() != 4)
    subByte = {};
  if (static_cast<int64_t>(bytes.size()) != storedBytes(element, elements))
    return tensorError(tensor, "expects " + Twine(storedBytes(element, elements)) +
                                   " bytes of data for its type and shape, got " +
                                   Twine(bytes.size()));
  if (element.isInteger(1)) {
    SmallVector<bool> values;
    for (char byte : bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, values);
  }
  if (subByte)
    bytes = unpackSubByte(bytes, subByte, elements);
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(bytes.data(), bytes.size()));
}

} // namespace tilewright
