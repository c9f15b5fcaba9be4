//===- RowRegions.h - which ops share a loop over rows -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ROWREGIONS_H
#define TILEWRIGHT_LIB_CODEGEN_ROWREGIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tilewright {

/// The blocks of `function` whose linalg ops may be rearranged: its body and the bodies of scf.for
/// and scf.if.
llvm::SmallVector<mlir::Block *> ownBlocks(mlir::func::FuncOp function);

/// The loops of `root` that a region iterates over, one iteration of the region for each of their
/// tuples: all parallel loops but the row, all parallel loops of a row statistic, and all but two
/// of a transposition.
llvm::SmallVector<unsigned> tiledLoops(mlir::linalg::LinalgOp root);

/// Moves the linalg ops of `block` into `scf.execute_region` ops, one for each region; what is
/// cheap and needed by several is cloned. The block stays in dominance order.
llvm::SmallVector<mlir::scf::ExecuteRegionOp> formRowRegions(mlir::Block &block);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ROWREGIONS_H
