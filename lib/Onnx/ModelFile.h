//===- ModelFile.h - an ONNX file, parsed without its weights -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ONNX_MODELFILE_H
#define TILEWRIGHT_LIB_ONNX_MODELFILE_H

#include "onnx/onnx.pb.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Tensor data larger than this stays in its file and becomes a weight; smaller data becomes a
/// constant.
constexpr int64_t kMaxConstantBytes = 4096;

/// Reads `path` as a ModelProto. Large tensor data is not copied: each such tensor is left with
/// `data_location = EXTERNAL` and entries that `locateTensor` understands, pointing into the model
/// file itself. Fails with a message that names the file and what is wrong with it: missing, empty,
/// truncated, not protobuf, no graph.
llvm::Expected<onnx::ModelProto> readModel(llvm::StringRef path);

/// Where the bytes of a tensor stand.
struct TensorLocation {
  std::string file;
  int64_t offset = 0;
  int64_t length = 0;
  bool varint = false; ///< protobuf packed varints instead of raw elements
};

/// The location of a tensor whose data is outside the message (`data_location == EXTERNAL`), for a
/// model read from `modelPath`. External files must stay in or below the model's folder and hold
/// the stated range; `bytes` is the size that type and shape ask for and the default length.
llvm::Expected<TensorLocation> locateTensor(const onnx::TensorProto &tensor,
                                            llvm::StringRef modelPath, int64_t bytes);

/// Reads a serialised TensorProto (`input_0.pb` of ONNX's test layout).
llvm::Expected<onnx::TensorProto> readTensor(llvm::StringRef path);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ONNX_MODELFILE_H
