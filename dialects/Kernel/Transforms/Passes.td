//===- Passes.td - passes of the kernel dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_PASSES
#define TILEWRIGHT_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

def FuseEpilogues : Pass<"kernel-fuse-epilogues"> {
  let summary = "Elementwise consumers of a contraction are its epilogue, roundings of an attention are its own";
  let description = [{
    A `linalg.generic` that is elementwise over the contraction's result, the result's only reader, and needs no other operand than
    whole rows and columns (bias, residual, scale per row, scalars) moves into the epilogue region; `tensor.expand_shape` of rows in between
    moves behind. Repeated, so that bias, activation and residual sum are one epilogue. It may change the element type. An attention
    whose result is only read rounded to bf16 writes bf16.
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

def FormRegions : Pass<"kernel-form-regions"> {
  let summary = "Every contraction and attention stands alone in a kernel.region";
  let description = [{
    An operand whose last dimension has a stride (every second column, one of several channels) is copied first: vectors are loaded along it.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def Tile : Pass<"kernel-tile"> {
  let summary = "scheduled contractions and attentions become scf.forall over register tiles; their regions are dissolved";
  let description = [{
    A contraction's loop is (row block, panel unit, row tile), the last fastest: a contiguous share of it, which is what a
    thread gets, reads a panel once while its rows stay in L2. Tile heights are balanced and even: 16 rows are 8 + 8, not 14 + 2. Matrices of a
    batch come one after the other; with a plain right operand, or in AMX tiles, a tile is a row block × one
    panel.
  }];
  let dependentDialects = ["mlir::scf::SCFDialect"];
}

def CountWork : Pass<"kernel-count-work", "::mlir::func::FuncOp"> {
  let summary = "Every region says what one launch of it has to do";
  let description = [{
    Puts a `kernel.work` into each outermost `scf.forall`: formulas of the sizes outside. A view whose place moves with the loop covers its
    buffer in that dimension, any other one only itself; elements read at computed places are as many as there are results, at most the
    whole buffer. What the region itself wrote before is not read from memory. Attention counts visible keys of causal masks and windows only.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def PadRows : Pass<"kernel-pad-rows", "::mlir::func::FuncOp"> {
  let summary = "No contraction reads rows of a buffer that fall on the same few sets of the L1 cache";
  let description = [{
    A register tile walks along some 14 rows at once. Where they are a multiple of 2 KB apart (widths of 1024, 3072, 4096 ... f32), their
    lines compete for one or two sets, and each is fetched again and again: a quarter of the time at a width of 3072. Buffers of
    that kind get one cache line between rows. Inputs of the model stay as the caller lays them out.
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect"];
}

def Expand : Pass<"kernel-expand"> {
  let summary = "register tiles on memrefs become vector code with register accumulators";
  let description = [{
    Runs behind bufferization. Scratch is `memref.alloc` at the start of the enclosing scf.forall body, for the memory plan to place.
  }];
  let dependentDialects = [
    "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect", "mlir::vector::VectorDialect",
    "mlir::amx::AMXDialect", "mlir::x86vector::X86VectorDialect"
  ];
}

def SerialRegions : Pass<"kernel-serial-regions", "::mlir::func::FuncOp"> {
  let summary = "Everything with side effects stands in an scf.forall, if need be in one of a single iteration";
  let description = [{
    Neighbouring ops that no parallel loop holds become one region, so the whole of a reference model is one. Sizes, allocations and reads
    of inputs stay outside. Canonicalization folds loops of one iteration, so it must not run between this pass and outlining.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def ExportWork : Pass<"kernel-export-work", "::mlir::ModuleOp"> {
  let summary = "@main_work computes the work of all regions from the symbols; kernel.work is gone";
  let description = [{
    `@main_work(symbols…, work)` fills work[3 · K ..] with flop, weight and activation bytes of region K, in the order in which
    `kernel-outline-regions` numbers them. What does not follow from the symbols is 0. Nothing of it is left in code that runs.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def PlanArena : Pass<"kernel-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Every buffer is a view of the workspace or on the stack, and @main_workspace computes the workspace's size";
  let description = [{
    The smallest static buffers of a region go to the stack, all of them together up to the limit. Other buffers inside a region are each thread's own; buffers outside
    are shared. Buffers whose lives do not overlap share a slot, whose size is the maximum of its tenants'. A life reaches from
    the first to the last use; a use in a loop that does not hold the buffer counts as the whole loop. A buffer whose size depends
    on the index of a loop or a tile gets an upper bound (ValueBoundsOpInterface), a number before one in symbols. Offsets and
    sizes are arithmetic on symbols, computed once at the start of the function:

      workspace = shared + threads · private,  all parts multiples of 64 bytes.

    `@main_workspace` gives -1 where that, or a size of a result, does not fit into 63 bits.
  }];
  let options = [
    Option<"stackLimit", "stack-limit", "int64_t", "4096", "bytes of stack that the buffers of a region may take">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def LayoutWeights : Pass<"kernel-layout-weights", "::mlir::ModuleOp"> {
  let summary = "Every weight that code refers to has its place in the artefact's weights";
  let description = [{
    `kernel.weights` on the module becomes the table `[{symbol = @w, offset = N, bytes = N}, ...]`, in order of first use, and
    `kernel.weights_size` its extent; each `kernel.weight` becomes a view of the machine function's weights. Tensors begin at
    multiples of 64 bytes. Layer `l` of a stacked weight lies at offset + l · (bytes / layers).

    A table that is there already is continued: levels of one artefact share the weights that they lay out alike.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def OutlineRegions : Pass<"kernel-outline-regions", "::mlir::ModuleOp"> {
  let summary = "Every scf.forall of the machine function is a function of its own, called by kernel.launch";
  let description = [{
    `@main_region_K:NODE(captures…, tid, threads)` runs a contiguous, balanced share of the iterations: those from total·tid/threads up to
    total·(tid+1)/threads. Indices of the first iteration are found by division, the next ones by add and carry: two divisions per row cost
    15 % of a short softmax row. Pure computations are repeated inside instead of captured, so that captures are addresses
    and symbols. NODE is the first ONNX node of the loop's location: profiles and debuggers show it.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
}

def VerifyLaunches : Pass<"kernel-verify-launches", "::mlir::func::FuncOp"> {
  let summary = "Nothing outside launches has side effects, else this is an error";
  let description = [{
    All threads run the machine function, so a store outside a launch is a race, an allocation is one per thread. Reading single
    elements of inputs and weights is allowed: all threads see the same. A read of an output or of the workspace is a race.
  }];
}

#endif // TILEWRIGHT_KERNEL_PASSES
