//===- HostTensor.cpp - tensors in the memory of a tool ------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/HostTensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace tilewright;

llvm::Expected<HostTensor> HostTensor::create(DLDataType dtype, std::vector<int64_t> shape) {
  HostTensor tensor;
  tensor.type = dtype;
  tensor.elements = 1;
  bool fits = true;
  for (int64_t size : shape)
    fits &= size >= 0 && !__builtin_mul_overflow(tensor.elements, size, &tensor.elements);
  constexpr int64_t MaxElements = int64_t(1) << 38; // 1 TiB of float
  if (fits && tensor.elements <= MaxElements) {
    size_t bytes = llvm::alignTo(std::max<size_t>(tensor.numBytes(), 1), 64);
    tensor.storage.reset(static_cast<char *>(aligned_alloc(64, bytes)));
    if (tensor.storage)
      memset(tensor.storage.get(), 0, bytes);
  }
  if (!tensor.storage)
    return llvm::createStringError("expects sizes of a tensor that fits into memory, got " +
                                   shapeName(shape));
  tensor.sizes = std::move(shape);
  return tensor;
}

float tilewright::bfloat16ToFloat(uint16_t bits) {
  return llvm::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

float tilewright::float16ToFloat(uint16_t bits) {
  llvm::APFloat value(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits));
  return value.convertToFloat();
}

uint16_t tilewright::floatToFloat16(float value) {
  llvm::APFloat wide(value);
  bool losesInfo;
  wide.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(wide.bitcastToAPInt().getZExtValue());
}

template <typename T>
static double element(const char *data, int64_t i) {
  T value;
  memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return static_cast<double>(value);
}

double HostTensor::at(int64_t i) const {
  const char *bytes = storage.get();
  switch (type.code << 8 | type.bits) {
  case kDLFloat << 8 | 64:
    return element<double>(bytes, i);
  case kDLFloat << 8 | 32:
    return element<float>(bytes, i);
  case kDLFloat << 8 | 16:
    return float16ToFloat(static_cast<uint16_t>(element<uint16_t>(bytes, i)));
  case kDLBfloat << 8 | 16:
    return bfloat16ToFloat(static_cast<uint16_t>(element<uint16_t>(bytes, i)));
  case kDLInt << 8 | 64:
    return element<int64_t>(bytes, i);
  case kDLInt << 8 | 32:
    return element<int32_t>(bytes, i);
  case kDLInt << 8 | 16:
    return element<int16_t>(bytes, i);
  case kDLInt << 8 | 8:
    return element<int8_t>(bytes, i);
  case kDLUInt << 8 | 64:
    return element<uint64_t>(bytes, i);
  case kDLUInt << 8 | 32:
    return element<uint32_t>(bytes, i);
  case kDLUInt << 8 | 16:
    return element<uint16_t>(bytes, i);
  default:
    return element<uint8_t>(bytes, i);
  }
}

DLTensor HostTensor::view() const {
  return {storage.get(),
          {kDLCPU, 0},
          static_cast<int>(sizes.size()),
          type,
          const_cast<int64_t *>(sizes.data()),
          nullptr,
          0};
}

std::string tilewright::dtypeName(DLDataType type) {
  static const char *const kinds[] = {"int", "uint", "float", "handle", "bfloat"};
  return (type.code < 5 ? kinds[type.code] : "unknown") + std::to_string(type.bits);
}

std::string tilewright::shapeName(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}
