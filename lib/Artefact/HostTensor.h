//===- HostTensor.h - tensors in the memory of a tool --------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_HOSTTENSOR_H
#define TILEWRIGHT_LIB_ARTEFACT_HOSTTENSOR_H

#include "tilewright/Runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace tilewright {

/// A row-major tensor that owns its data, aligned to 64 bytes.
class HostTensor {
public:
  HostTensor() = default;
  /// All elements zero. Fails if the sizes are negative or the memory cannot be had.
  static llvm::Expected<HostTensor> create(DLDataType dtype, std::vector<int64_t> shape);

  DLDataType dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return sizes; }
  int64_t numElements() const { return elements; }
  size_t numBytes() const { return static_cast<size_t>(elements) * elementBytes(); }
  size_t elementBytes() const { return type.bits / 8u; }
  char *data() const { return storage.get(); }

  /// Element `i` in row-major order as a number; 64-bit integers beyond 2^53 are rounded.
  double at(int64_t i) const;

  /// As the runtime wants it; valid as long as this tensor is.
  DLTensor view() const;

private:
  struct Free {
    void operator()(char *memory) const { free(memory); }
  };
  DLDataType type = {kDLFloat, 32, 1};
  std::vector<int64_t> sizes;
  int64_t elements = 0;
  std::unique_ptr<char, Free> storage;
};

/// numpy's name of an element type: "float32", "int64"; uint8 also stands for bool.
std::string dtypeName(DLDataType type);

/// "2x5x4", "scalar" for rank 0.
std::string shapeName(llvm::ArrayRef<int64_t> shape);

/// float -> bfloat16 -> float keeps the upper half of the bits.
float bfloat16ToFloat(uint16_t bits);
/// IEEE half precision, rounded to nearest even.
float float16ToFloat(uint16_t bits);
uint16_t floatToFloat16(float value);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_HOSTTENSOR_H
