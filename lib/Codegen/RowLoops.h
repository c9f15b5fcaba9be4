//===- RowLoops.h - linalg ops on memrefs to loops over vectors -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ROWLOOPS_H
#define TILEWRIGHT_LIB_CODEGEN_ROWLOOPS_H

#include "lib/Codegen/VectorTarget.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tilewright {

/// How an operand, or a load in the body, moves with the row.
enum class Motion { Uniform, Contiguous, Strided };

/// One linalg op on memrefs as vector code sees it.
struct Row {
  explicit Row(mlir::linalg::LinalgOp op) : op(op) {}

  mlir::linalg::LinalgOp op;
  int loop = -1;             ///< the loop that vectors run along; -1: every loop has one iteration
  bool reduces = false;      ///< the row is a reduction
  mlir::OpFoldResult extent; ///< iterations of the row
  llvm::SmallVector<mlir::Value>
      at; ///< index of every loop but the row; constant zero for unit loops
  llvm::SmallVector<unsigned> inner; ///< reductions that run inside one vector of a parallel row
  llvm::SmallVector<mlir::Range> ranges; ///< of all loops

  Motion motionOf(mlir::OpOperand &operand);
  /// The indices of `operand` at d0 of the row and 0 of every other loop: what an op without outer
  /// and inner loops accesses.
  mlir::AffineMap accessOf(mlir::OpOperand &operand);
};

/// Describes `op`; `outer` receives the loops that must run around the row. Fails if `op` has no
/// vector form: then scalar loops are right.
mlir::FailureOr<Row> asRow(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                           llvm::SmallVectorImpl<unsigned> &outer);

/// The operation that combines the `k`-th result of a reduction, or null if there is more than one.
mlir::Operation *combinerOf(mlir::linalg::LinalgOp op, unsigned k);

/// Emits one loop over vectors for all `rows` (same extent, in program order) at the insertion
/// point and erases the ops.
void emitRows(mlir::OpBuilder &builder, llvm::ArrayRef<Row> rows, const VectorTarget &target);

/// Emits scalar code for an op of one iteration and erases it.
void emitScalar(mlir::OpBuilder &builder, Row row);

/// Transposes by register tiles, if `op` is a transposition; erases it then.
bool emitTransposition(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                       const VectorTarget &target);

/// `vector.load` or, with a mask, `vector.maskedload` (zero elsewhere); elements of type i1 are
/// bytes in memory.
mlir::Value loadVector(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value buffer,
                       mlir::ValueRange at, mlir::VectorType type, mlir::Value mask);
void storeVector(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                 mlir::Value buffer, mlir::ValueRange at, mlir::Value mask);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ROWLOOPS_H
