//===- WeightEvaluator.h - the bytes of weights, read and computed ---------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_WEIGHTEVALUATOR_H
#define TILEWRIGHT_LIB_EMIT_WEIGHTEVALUATOR_H

#include "dialects/Xf/IR/Xf.h"
#include "lib/Emit/StridedView.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

namespace tilewright {

/// Writes weights one by one, straight to where they belong. Files are mapped; transposes and
/// slices are views of them, and the last operation of an initialiser (pack, concat, cast) writes
/// the result. Temporaries exist only between two operations that compute.
///
/// Initialisers may use xf.weight (whole or one layer), xf.transpose, xf.reshape, xf.broadcast,
/// xf.cast, xf.unary, xf.binary, xf.compare, xf.select, xf.gather, xf.iota, tensor.concat,
/// tensor.extract_slice, tensor.expand_shape, tensor.collapse_shape, tensor.cast, linalg.pack and
/// arith.constant.
class WeightEvaluator {
public:
  /// Paths of sources that are not absolute are relative to `baseDirectory`.
  explicit WeightEvaluator(mlir::ModuleOp module, llvm::StringRef baseDirectory = "");

  /// Bytes of a weight of this type, little-endian elements in row-major order; booleans take one.
  static uint64_t sizeOf(mlir::RankedTensorType type);

  /// Writes `weight` to `out`, of sizeOf(its type) bytes. Failures are reported at the weight and
  /// name it, the file and the offset.
  llvm::LogicalResult evaluate(mlir::xf::WeightDataOp weight, llvm::MutableArrayRef<char> out);

private:
  using View = llvm::FailureOr<StridedView>;

  llvm::LogicalResult write(mlir::Value value, char *out);
  View view(mlir::Value value);
  View viewOfWeight(mlir::xf::WeightDataOp weight);
  View viewOfSource(mlir::xf::WeightDataOp weight);
  View viewOfConstant(mlir::DenseElementsAttr elements);
  View computed(mlir::Value value);
  View reshaped(mlir::Value input, mlir::RankedTensorType type);
  llvm::LogicalResult writeConcat(mlir::tensor::ConcatOp op, char *out);
  llvm::LogicalResult writePack(mlir::linalg::PackOp op, char *out);
  llvm::LogicalResult writeGather(mlir::xf::GatherOp op, char *out);
  llvm::LogicalResult writeIota(mlir::xf::IotaOp op, char *out);
  llvm::FailureOr<const llvm::MemoryBuffer *> fileOf(mlir::xf::WeightDataOp weight);

  mlir::SymbolTable symbols;
  std::string baseDirectory;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  /// Weights whose initialiser is being evaluated, to find cycles.
  llvm::SmallVector<mlir::xf::WeightDataOp> active;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_WEIGHTEVALUATOR_H
