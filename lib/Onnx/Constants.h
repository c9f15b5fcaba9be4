//===- Constants.h - values for inputs that become constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ONNX_CONSTANTS_H
#define TILEWRIGHT_LIB_ONNX_CONSTANTS_H

#include "onnx/onnx.pb.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// The tensor that `text` gives for `input`: numbers separated by commas (a scalar or a vector, as
/// the input's rank says), or the path of a serialised TensorProto. Element type and sizes must be
/// those of the input.
llvm::Expected<onnx::TensorProto> constantTensor(const onnx::ValueInfoProto &input,
                                                 llvm::StringRef text);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ONNX_CONSTANTS_H
