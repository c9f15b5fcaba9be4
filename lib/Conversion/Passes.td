//===- Passes.td - passes of lib/Conversion -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_CONVERSION_PASSES
#define TILEWRIGHT_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def ConvertOnnxToXf : Pass<"convert-onnx-to-xf", "::mlir::func::FuncOp"> {
  let summary = "Every onnx.node is replaced by what its recipe says, with all shape arithmetic evaluated";
  let description = [{
    Recipes (`lib/Conversion/OnnxToXf`) are a table by domain, operator and version. Small tensors of sizes are evaluated element by
    element, so only `index` arithmetic on `xf.dim` is left of a Shape/Gather/Concat/Reshape chain. Nodes that cannot be converted are
    all reported in one run. The function's result types become the actual ones. Where the code is only right for a dimension of at
    least some size (the last element of a sequence), `xf.bounds` of the module says so.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::xf::XfDialect"];
}

def BindSymbols : Pass<"bind-symbols", "::mlir::ModuleOp"> {
  let summary = "The model is a machine function: symbolic dimensions are arguments, the caller's buffers are kernel.buffer";
  let description = [{
    See dialects/Kernel/IR/MachineFunction.h for the signature. `xf.dim` becomes an argument of @main, @main_shapes and @main_checks,
    `memref.dim` of an input its symbol, of an output what @main_shapes says. Inputs and outputs become `kernel.buffer`. Of an
    argument that stands for several (caches, stacked over layers) only views of one layer may be left, else this is an error:
    each becomes a view of the buffer whose position follows from the layer.
  }];
  let dependentDialects = ["::mlir::kernel::KernelDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def ConvertWeightsToKernel : Pass<"convert-weights-to-kernel", "::mlir::func::FuncOp"> {
  let summary = "Every xf.weight of the model function is a kernel.weight";
  let dependentDialects = ["::mlir::kernel::KernelDialect"];
}

def ConvertLaunchesToLLVM : Pass<"convert-launches-to-llvm", "::mlir::ModuleOp"> {
  let summary = "kernel.launch calls the runtime, and the entry points of lib/Runtime/Model.h exist";
  let description = [{
    A launch stores its captures in a closure on the stack and calls `tw_launch(call, region, closure, tid)`. Of a memref with
    identity layout only address and dynamic sizes are stored, so that LLVM sees in the region how strides follow from sizes.
    `tw_model_run`, `tw_model_workspace`, `tw_model_shapes` and, where sizes have to be checked, `tw_model_check` unpack tw_call and the
    symbols.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertMachineToLLVM : Pass<"convert-machine-to-llvm", "::mlir::ModuleOp"> {
  let summary = "All code is in the LLVM dialect; weights stay what they are";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertXfToKernel : Pass<"convert-xf-to-kernel", "::mlir::ModuleOp"> {
  let summary = "f32 matmuls are kernel.contract, on packed weights where the right side is one; attention is kernel.attention";
  let description = [{
    The weight of a linear layer becomes a derived weight `@w.panelsN`, packed for the module's `target.cpu` and evaluated at
    emission; leading dimensions of the other side are collapsed to rows. Where all that is made of a projection is act(gate) · up of its two
    halves, the weight is `@w.pairsN`, both halves in one panel, and the product the epilogue. A right side that is no weight stays
    plain and is packed when it is read. Transposes around an attention become the order in which its
    operands are read and its result is written, so that slices of a merged projection are views. Boolean masks become
    added ones (0 or -inf), once for all heads. What has no kernel (other element types) stays.

    With `compute` = bf16, weights of linear layers are packed as pairs of bf16 (`@w.panelsN.bf16`), half the bytes, and where the
    target sums products of bf16 in one instruction the other side is rounded to bf16 too. Layers of an odd k stay f32.
    With bf16x3 and tiles a layer is the product of [high, low, high] and [high, high, low] (`@w.panelsN.bf16x3`), the parts of either side.
  }];
  let options = [Option<"compute", "compute", "Compute", "Compute::f32", "precision of products with weights", [{computeValues()}]>];
  let dependentDialects = ["::mlir::kernel::KernelDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::target::TargetDialect", "::mlir::xf::XfDialect"];
}

#endif // TILEWRIGHT_CONVERSION_PASSES
