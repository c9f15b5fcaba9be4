//===- CopiesToLinalg.cpp - copies as loops -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_COPIESTOLINALG
#include "lib/Codegen/Passes.h.inc"

namespace {
struct CopiesToLinalg : impl::CopiesToLinalgBase<CopiesToLinalg> {
  void runOnOperation() override {
    getOperation().walk([](memref::CopyOp op) {
      OpBuilder builder(op);
      linalg::makeMemRefCopyOp(builder, op.getLoc(), op.getSource(), op.getTarget());
      op.erase();
    });
  }
};
} // namespace
} // namespace tilewright
