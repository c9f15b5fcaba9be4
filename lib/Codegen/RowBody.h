//===- RowBody.h - one step of a loop over vectors -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ROWBODY_H
#define TILEWRIGHT_LIB_CODEGEN_ROWBODY_H

#include "lib/Codegen/RowLoops.h"
#include "mlir/IR/IRMapping.h"

namespace tilewright {

/// The indices at which an operand with indexing map `map` is accessed when the row is at `i`
/// (null: it does not move).
llvm::SmallVector<mlir::Value> indicesOf(mlir::OpBuilder &builder, Row &row, mlir::AffineMap map,
                                         mlir::Value i);

/// Emits the bodies of rows for the elements [i, i + width). What one row writes, the next ones
/// find in registers.
class RowBody {
public:
  RowBody(mlir::OpBuilder &builder, int64_t width, mlir::Value i, mlir::Value mask,
          const llvm::DenseMap<mlir::OpOperand *, mlir::Value> &uniform)
      : mask(mask), b(builder), width(width), i(i), uniform(uniform) {}

  /// Lanes that take part; null: all.
  mlir::Value mask;

  /// Emits `row`; of a reduction it returns the new accumulators, lanes that are off keep the old
  /// ones.
  llvm::SmallVector<mlir::Value> emit(Row &row, mlir::ValueRange accumulators);

private:
  struct Stored {
    mlir::Value buffer;
    mlir::AffineMap access; // Row::accessOf
    mlir::Value value;
  };

  mlir::OpBuilder &b;
  int64_t width;
  mlir::Value i;
  const llvm::DenseMap<mlir::OpOperand *, mlir::Value> &uniform;
  llvm::SmallVector<Stored> stored;
  mlir::IRMapping scalars;
  llvm::DenseMap<mlir::Value, mlir::Value> vectors;    // what moves with the row
  llvm::DenseMap<mlir::Value, mlir::Value> broadcasts; // what does not, widened

  mlir::VectorType vectorOf(mlir::Type element) { return mlir::VectorType::get({width}, element); }
  mlir::Value asVector(mlir::Value value);
  bool isUniform(mlir::Value value) { return !vectors.contains(value); }
  void readOperand(Row &row, mlir::OpOperand &operand);
  mlir::Value readStrided(Row &row, mlir::OpOperand &operand);
  llvm::SmallVector<mlir::Value> emitOps(Row &row);
  void emitOp(Row &row, mlir::Operation &op);
  void emitLoad(Row &row, mlir::memref::LoadOp load);
  mlir::Value rowPlusUniform(Row &row, mlir::Value index);
  llvm::SmallVector<mlir::Value> emitInner(Row &row, llvm::ArrayRef<unsigned> loops,
                                           mlir::ValueRange accumulators);
  void write(Row &row, llvm::ArrayRef<mlir::Value> values);
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ROWBODY_H
