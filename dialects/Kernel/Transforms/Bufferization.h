//===- Bufferization.h - the kernel ops on memrefs -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_BUFFERIZATION_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_BUFFERIZATION_H

namespace mlir {
class DialectRegistry;
namespace kernel {
/// Attaches BufferizableOpInterface to the kernel ops.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);
} // namespace kernel
} // namespace mlir

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_BUFFERIZATION_H
