//===- Passes.td - passes of the kernel dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_PASSES
#define TILEWRIGHT_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

def Tile : Pass<"kernel-tile"> {
  let summary = "scheduled contractions and attentions become scf.forall over register tiles; their regions are dissolved";
  let description = [{
    A contraction's loop is (row block, panel unit, row tile), the last fastest: a contiguous share of it, which is what a
    thread gets, reads a panel once while its rows stay in L2. Tile heights are balanced: 16 rows are 8 + 8, not 14 + 2.
  }];
  let dependentDialects = ["mlir::scf::SCFDialect"];
}

def Expand : Pass<"kernel-expand"> {
  let summary = "register tiles on memrefs become vector code with register accumulators";
  let description = [{
    Runs behind bufferization. Scratch is `memref.alloca` at the start of the enclosing scf.forall body.
  }];
  let dependentDialects = [
    "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"
  ];
}

#endif // TILEWRIGHT_KERNEL_PASSES
