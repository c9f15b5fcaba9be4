//===- RowShape.h - which loop of a linalg op is the row -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ROWSHAPE_H
#define TILEWRIGHT_LIB_CODEGEN_ROWSHAPE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tilewright {

/// The loop of `op` that vectors run along: the one that most operands hold contiguously, the
/// innermost of equals; -1 if every loop has one iteration. It may be a reduction.
int rowLoop(mlir::linalg::LinalgOp op);

/// The position of `loop` among the dimensions of `operand`; -1 if the operand does not move with
/// that loop.
int positionOf(mlir::linalg::LinalgOp op, mlir::OpOperand &operand, int loop);

/// Is `op` a copy whose source and target have different contiguous dimensions? Then `rows` is the
/// loop along which the target is contiguous and `columns` the one of the source.
bool isTransposition(mlir::linalg::LinalgOp op, int &rows, int &columns);

/// Does the body of `op` cost no more than a few cycles per vector, so that computing it twice
/// beats storing it?
bool isCheap(mlir::linalg::LinalgOp op);

/// Does `op` only look up elements, so that reading its result costs no less than computing it?
bool isGather(mlir::linalg::LinalgOp op);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ROWSHAPE_H
