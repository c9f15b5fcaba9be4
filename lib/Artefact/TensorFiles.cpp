//===- TensorFiles.cpp - tensors in files: ONNX's .pb, or numpy's .npy -----===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/TensorFiles.h"
#include "lib/Artefact/NpyFile.h"
#include "onnx/onnx.pb.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace tilewright;

namespace {

/// DLPack's type for ONNX's TensorProto.DataType; bits 0 if there is none here.
DLDataType dtypeOf(int32_t onnxType) {
  switch (onnxType) {
  case onnx::TensorProto::FLOAT:
    return {kDLFloat, 32, 1};
  case onnx::TensorProto::DOUBLE:
    return {kDLFloat, 64, 1};
  case onnx::TensorProto::FLOAT16:
    return {kDLFloat, 16, 1};
  case onnx::TensorProto::BFLOAT16:
    return {kDLBfloat, 16, 1};
  case onnx::TensorProto::INT8:
    return {kDLInt, 8, 1};
  case onnx::TensorProto::INT16:
    return {kDLInt, 16, 1};
  case onnx::TensorProto::INT32:
    return {kDLInt, 32, 1};
  case onnx::TensorProto::INT64:
    return {kDLInt, 64, 1};
  case onnx::TensorProto::BOOL:
  case onnx::TensorProto::UINT8:
    return {kDLUInt, 8, 1};
  case onnx::TensorProto::UINT16:
    return {kDLUInt, 16, 1};
  case onnx::TensorProto::UINT32:
    return {kDLUInt, 32, 1};
  case onnx::TensorProto::UINT64:
    return {kDLUInt, 64, 1};
  default:
    return {kDLFloat, 0, 1};
  }
}

/// Copies a typed field, whose elements are at least as wide as the tensor's: int32_data holds all
/// integers up to 32 bits and the bits of 16-bit floats (onnx.proto, TensorProto).
template <typename Field>
bool copyField(const Field &field, HostTensor &tensor) {
  if (field.size() != tensor.numElements())
    return false;
  char *to = tensor.data();
  for (auto value : field) {
    memcpy(to, &value, tensor.elementBytes()); // little-endian: the low bytes come first
    to += tensor.elementBytes();
  }
  return true;
}

bool copyTypedField(const onnx::TensorProto &proto, HostTensor &tensor) {
  switch (proto.data_type()) {
  case onnx::TensorProto::FLOAT:
    return copyField(proto.float_data(), tensor);
  case onnx::TensorProto::DOUBLE:
    return copyField(proto.double_data(), tensor);
  case onnx::TensorProto::INT64:
    return copyField(proto.int64_data(), tensor);
  case onnx::TensorProto::UINT32:
  case onnx::TensorProto::UINT64:
    return copyField(proto.uint64_data(), tensor);
  default:
    return copyField(proto.int32_data(), tensor);
  }
}

Expected<HostTensor> parseTensorProto(StringRef bytes, StringRef path) {
  auto fail = [&](const Twine &what) {
    return createStringError("'" + path + "': expects " + what);
  };
  onnx::TensorProto proto;
  if (bytes.size() > INT32_MAX ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !proto.has_data_type())
    return fail("a tensor in numpy's format (.npy) or ONNX's TensorProto (.pb)");
  DLDataType type = dtypeOf(proto.data_type());
  if (type.bits == 0)
    return fail("a tensor of integers, bool or floats of 8 to 64 bits, got ONNX type " +
                Twine(proto.data_type()));
  std::vector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  int64_t elements = 1;
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(elements, size, &elements) || elements > INT32_MAX)
      return fail("a shape of less than 2^31 elements, got " + shapeName(shape));
  if (proto.external_data_size())
    return fail("the data in the file itself, got external data");
  Expected<HostTensor> tensor = HostTensor::create(type, std::move(shape));
  if (!tensor)
    return tensor;
  if (!proto.has_raw_data()) {
    if (!copyTypedField(proto, *tensor))
      return fail(Twine(tensor->numElements()) + " elements, as its shape says");
    return tensor;
  }
  if (proto.raw_data().size() != tensor->numBytes())
    return fail(Twine(tensor->numBytes()) + " bytes of data, as its shape says, got " +
                Twine(proto.raw_data().size()));
  memcpy(tensor->data(), proto.raw_data().data(), tensor->numBytes());
  return tensor;
}

} // namespace

Expected<HostTensor> tilewright::readTensorFile(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read '" + path + "': " + file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  return isNpy(bytes) ? parseNpy(bytes, path) : parseTensorProto(bytes, path);
}
