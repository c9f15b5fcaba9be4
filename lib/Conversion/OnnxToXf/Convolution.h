//===- Convolution.h - what convolutions and pools share -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H

#include "lib/Conversion/OnnxToXf/Node.h"

namespace tilewright {

/// How a kernel moves over the spatial dimensions, 2 on of an input [n, c, x..]; one number each.
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations;
  llvm::SmallVector<int64_t> low, high; ///< pads in front and behind

  /// Elements from the first to the last of the window along spatial dimension i.
  int64_t reach(size_t i) const { return dilations[i] * (kernel[i] - 1) + 1; }
};

/// Attributes strides, dilations, pads and auto_pad for an input and the sizes of a kernel; nothing
/// where the node has failed.
std::optional<Window> readWindow(Node &n, TensorBuilder &b, Tensor input,
                                 llvm::ArrayRef<int64_t> kernel);

/// The attributes of Conv for an input and a filter; nothing where the node has failed.
std::optional<TensorBuilder::Convolution> readConvolution(Node &n, TensorBuilder &b, Tensor input,
                                                          Tensor filter);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_CONVOLUTION_H
