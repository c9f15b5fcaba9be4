//===- Tensors.h - ONNX element types and tensor values as MLIR types and attributes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ONNX_TENSORS_H
#define TILEWRIGHT_LIB_ONNX_TENSORS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "onnx/onnx.pb.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// The MLIR type of an ONNX element type (TensorProto.DataType, newer values than the schema's
/// included), or null if there is none (strings, complex numbers). Signed integers are signless,
/// unsigned ones `ui8` to `ui64`; bool is `i1`.
mlir::Type elementType(mlir::MLIRContext *context, int32_t onnxType);

/// ONNX's name of an element type, for messages.
std::string elementTypeName(int32_t onnxType);

/// Bytes of `elements` elements as ONNX stores them: bool in a byte, 4-bit types two to a byte.
int64_t storedBytes(mlir::Type element, int64_t elements);

/// The product of `sizes`, of which dynamic ones count as 1, or nothing if memory holds no such
/// number of elements.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> sizes);

/// Type of a tensor: static shape, product of sizes checked against overflow.
llvm::Expected<mlir::RankedTensorType> tensorType(mlir::MLIRContext *context,
                                                  const onnx::TensorProto &tensor);

/// Value of a tensor whose data is in the message, raw or in typed fields.
llvm::Expected<mlir::DenseElementsAttr> tensorValue(const onnx::TensorProto &tensor,
                                                    mlir::RankedTensorType type);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ONNX_TENSORS_H
