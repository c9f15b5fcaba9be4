//===- Passes.td - passes of lib/Codegen -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_CODEGEN_PASSES
#define TILEWRIGHT_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def FuseRows : Pass<"codegen-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "Every linalg op on tensors stands in an scf.forall over rows, together with the ops it shares its rows with";
  let description = [{
    Ops are partitioned into regions first: an op joins the region of its consumers if they all stand in one, if each row of
    that region needs exactly one row of the op, and if no way from the op through another op leads back into the region.
    What several regions need is materialised, unless it is cheap to compute again (masks, positions, casts). Inside a region
    elementwise ops are fused and the root is tiled by ones over everything but its row; the other ops follow.
    Ops with regions other than `scf.for` and `scf.if` are left alone, and so is what stands inside them.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect"];
}

def Privatize : Pass<"codegen-privatize", "::mlir::func::FuncOp"> {
  let summary = "No two ops share a destination that bufferization would have to copy or to serialise";
  let description = [{
    One `tensor.empty` and one fill for each use, elementwise ops overwrite an operand that dies in them, and a row that is
    both consumed and a result is computed once, straight into the result. Runs after the last CSE, which would undo it.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def BufferizeModel : Pass<"codegen-bufferize-model", "::mlir::func::FuncOp"> {
  let summary = "The model function works on memrefs: inputs are read-only, nothing returns";
  let description = [{
    Tensor arguments become memrefs of identity layout, then upstream's one-shot bufferization runs on the function alone (the
    module also holds weights' initialisers, which are evaluated at emission and stay tensors).
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ResultsToOuts : Pass<"codegen-results-to-outs", "::mlir::func::FuncOp"> {
  let summary = "Results of public functions are written into memref arguments that follow the inputs";
  let description = [{
    Of an expanded tensor the operand is written, into the collapsed argument: eliminate-empty-tensors does not look through reshapes.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def CopiesToRows : Pass<"codegen-copies-to-rows", "::mlir::func::FuncOp"> {
  let summary = "No memref.copy is left, and nothing writes memory outside an scf.forall";
  let description = [{
    A `memref.copy` outside a region becomes a region of its own, row by row; inside one it becomes a `linalg.copy`. Ops on
    single elements that stand outside (a loop of one iteration was folded, `tensor.insert`) are wrapped into a region of one
    iteration, marked with a mapping so that canonicalization keeps it.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::gpu::GPUDialect"];
}

def RowsToVectorLoops : Pass<"codegen-rows-to-vector-loops", "::mlir::func::FuncOp"> {
  let summary = "linalg ops on memrefs become loops over native vectors, consecutive ops of one extent share a loop";
  let description = [{
    Main loop without masks, then one masked loop of native width (scalar steps where the machine has no masked moves for the
    element type), reductions carried in registers, values that do not move with the row loaded once. Transpositions of the
    contiguous dimension go through register tiles. What does not fit becomes scalar loops.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "0", "f32 elements of a vector register; 0: from the module's target.cpu, else 16">,
    Option<"unroll", "unroll", "int64_t", "4", "registers per step of the main loop; a power of two">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def Polynomials : Pass<"codegen-polynomials"> {
  let summary = "Transcendental functions become polynomials: no call of a mathematical library is left for f16, bf16 and f32";
  let description = [{
    Errors against the exact value, for every f32 on a machine with fused multiplication and addition: exp, exp2 and log 1 ulp,
    erf 2.7 ulp, tanh 3.2 ulp, log1p and expm1 3 ulp; sin and cos 2e-7 absolute up to |x| = 1e6; atan 3e-6 absolute; pow(x, y) 1.5 ulp
    for |y| < 16 and 16 ulp else; the remainder of f32 is exact. Results of exp, exp2 and pow below 2^-125.5 are zero, and the logarithm of a subnormal number is
    that of 2^-126. Measured by test/Codegen/functions.py.

    `arith.maxnumf` and `minnumf` become one comparison and one selection: the second operand wins when the
    first is NaN, and a NaN in the second operand stays.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def LowerVectors : Pass<"codegen-lower-vectors"> {
  let summary = "Vector ops are of one dimension and have a direct LLVM counterpart";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def ExpandDynamicShapes : Pass<"codegen-expand-dynamic-shapes"> {
  let summary = "No memref.expand_shape splits one dimension into several dynamic ones";
  let description = [{
    Such an op becomes a memref.reinterpret_cast of its source. To run before expand-strided-metadata, which of LLVM 22 crashes on
    it: it takes the strides of a group from static sizes.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def CarryInPlace : Pass<"codegen-carry-in-place", "::mlir::func::FuncOp"> {
  let summary = "What an scf.for outside regions yields is written to the tensor that it carries";
  let description = [{
    Bufferization wants a loop over layers to return in each iteration the buffer it got. With eliminate-empty-tensors behind it, the
    layer's last op computes straight into that buffer where nothing reads it any more; else one copy per layer is left. A tensor that
    the body expands to yield it is carried collapsed.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::tensor::TensorDialect"];
}

def StripSignedness : Pass<"codegen-strip-signedness", "::mlir::func::FuncOp"> {
  let summary = "No integer type carries a sign";
  let description = [{
    ONNX's uint8 and the like are types of the model's interface; arith knows the sign from its operations. Bits stay what they are. Runs
    when compute ops are linalg: xf ops read the sign of their operands from types.
  }];
}

def CopiesToLinalg : Pass<"codegen-copies-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Every memref.copy is a linalg op, which becomes a loop instead of a call of a library";
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

#endif // TILEWRIGHT_CODEGEN_PASSES
