//===- RowPipeline.h - the steps from linalg on tensors to vector code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four step lists, run in this order. What lies between them (schedules, outlining of regions, the
// arena) is the business of lib/Pipeline. All of them accept ops of other dialects and leave them
// alone.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ROWPIPELINE_H
#define TILEWRIGHT_LIB_CODEGEN_ROWPIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace tilewright {

struct RowOptions {
  int64_t lanes = 0;  ///< f32 elements of a vector register; 0: from the module's target.cpu
  int64_t unroll = 4; ///< registers per step of a main loop
};

/// linalg on tensors becomes one scf.forall per region of rows. Foreign regions (scf.forall,
/// kernel.region) stay as they are.
void buildRowRegions(mlir::OpPassManager &pm);

/// Tensors become memrefs: results leave through arguments, rows are computed in place, copies and
/// stray stores are regions. Afterwards scf.forall has no results and memref.alloc is the only
/// allocation.
void buildBufferize(mlir::OpPassManager &pm);

/// linalg on memrefs becomes vector loops; what has no vector form becomes scalar loops.
void buildRowLoops(mlir::OpPassManager &pm, const RowOptions &options = {});

/// Vector and math ops become what convert-to-llvm translates one to one, without any call of a
/// library.
void buildVectorLowering(mlir::OpPassManager &pm, const RowOptions &options = {});

/// `codegen-rows`: all of the above in a row, for tests and for tilewright-opt.
void registerRowPipelines();

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ROWPIPELINE_H
