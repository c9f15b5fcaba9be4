//===- FoldInserts.h - loops write straight into what their results are inserted in -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_FOLDINSERTS_H
#define TILEWRIGHT_LIB_CODEGEN_FOLDINSERTS_H

#include "mlir/IR/PatternMatch.h"

namespace tilewright {

/// Where a result of an scf.forall is only inserted into another tensor, the loop shares that
/// tensor instead of one of its own. Two results of one loop may go into one tensor (both halves of
/// a rotary embedding), which empty-tensor elimination cannot see through: the second destination
/// depends on the loop itself.
void foldInsertsIntoLoops(mlir::RewriterBase &rewriter, mlir::Block &block);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_FOLDINSERTS_H
