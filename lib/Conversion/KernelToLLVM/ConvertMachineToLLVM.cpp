//===- ConvertMachineToLLVM.cpp - everything that runs, in the LLVM dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CONVERTMACHINETOLLVM
#include "lib/Conversion/Passes.h.inc"

namespace {
struct ConvertMachineToLLVM : impl::ConvertMachineToLLVMBase<ConvertMachineToLLVM> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    LLVMTypeConverter types(context);
    LLVMConversionTarget target(*context);
    RewritePatternSet patterns(context);
    for (Dialect *dialect : context->getLoadedDialects())
      if (auto *conversion = dyn_cast<ConvertToLLVMPatternInterface>(dialect))
        conversion->populateConvertToLLVMConversionPatterns(target, types, patterns);
    target.addLegalOp<ModuleOp>();
    // Initialisers of weights are evaluated, not compiled.
    target.addLegalOp<xf::WeightDataOp>();
    target.markOpRecursivelyLegal<xf::WeightDataOp>();
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace tilewright
