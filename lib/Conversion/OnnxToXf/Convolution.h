//===- Convolution.h - what convolutions share -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H

#include "lib/Conversion/OnnxToXf/Node.h"

namespace tilewright {

/// The attributes of Conv for an input and a filter; nothing where the node has failed.
std::optional<TensorBuilder::Convolution> readConvolution(Node &n, TensorBuilder &b, Tensor input,
                                                          Tensor filter);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H
