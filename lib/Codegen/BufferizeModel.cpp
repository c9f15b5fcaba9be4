//===- BufferizeModel.cpp - tensors of the model function become memrefs -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace tilewright {
#define GEN_PASS_DEF_BUFFERIZEMODEL
#include "lib/Codegen/Passes.h.inc"

namespace {
struct BufferizeModel : impl::BufferizeModelBase<BufferizeModel> {
  void runOnOperation() override {
    func::FuncOp main = getOperation();
    if (main.isPrivate() || main.isDeclaration())
      return;
    bindInputs(main);
    OneShotBufferizationOptions options;
    options.setFunctionBoundaryTypeConversion(LayoutMapOption::IdentityLayoutMap);
    // Layouts of intermediate buffers are known: they come from tensor.empty.
    options.unknownTypeConverterFn = [](TensorType type, Attribute space,
                                        const BufferizationOptions &) -> BaseMemRefType {
      return getMemRefTypeWithStaticIdentityLayout(type, space);
    };
    BufferizationState state;
    if (failed(runOneShotBufferize(main, options, state)))
      signalPassFailure();
  }

  // A tensor argument is a view of a buffer that is never written and overlaps no other.
  static void bindInputs(func::FuncOp main) {
    OpBuilder builder = OpBuilder::atBlockBegin(&main.getBody().front());
    for (BlockArgument argument : main.getArguments()) {
      auto tensor = dyn_cast<RankedTensorType>(argument.getType());
      if (!tensor)
        continue;
      argument.setType(MemRefType::get(tensor.getShape(), tensor.getElementType()));
      auto view = ToTensorOp::create(builder, argument.getLoc(), tensor, argument,
                                     /*restrict=*/true, /*writable=*/false);
      argument.replaceAllUsesExcept(view.getResult(), view);
    }
    main.setType(FunctionType::get(main.getContext(), main.getBody().front().getArgumentTypes(),
                                   main.getResultTypes()));
  }
};
} // namespace
} // namespace tilewright
