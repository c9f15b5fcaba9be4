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

#endif // TILEWRIGHT_CONVERSION_PASSES
