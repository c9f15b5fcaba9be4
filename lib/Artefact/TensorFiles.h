//===- TensorFiles.h - tensors in files: numpy's .npy and ONNX's .pb -------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_TENSORFILES_H
#define TILEWRIGHT_LIB_ARTEFACT_TENSORFILES_H

#include "lib/Artefact/HostTensor.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Reads a tensor: numpy's format (versions 1 to 3) if the file begins like it, otherwise ONNX's
/// TensorProto. Errors name the file and what was expected.
llvm::Expected<HostTensor> readTensorFile(llvm::StringRef path);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_TENSORFILES_H
