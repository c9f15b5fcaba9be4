//===- OnnxToXf.h - ONNX nodes to xf -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_ONNXTOXF_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_ONNXTOXF_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace tilewright {

/// A node that cannot be compiled, and why.
struct UnsupportedNode {
  mlir::Location location; ///< the node's name
  std::string domain, op;
  int64_t opset;
  std::string reason;
};

/// Converts the onnx nodes of `function` in place. Fails with every unsupported node in
/// `unsupported`; the function is then of no use. Reports no diagnostics itself.
llvm::LogicalResult convertOnnxToXf(mlir::func::FuncOp function,
                                    std::vector<UnsupportedNode> &unsupported);

/// [{"node": ..., "domain": ..., "op": ..., "opset": ..., "reason": ...}, ...]
void printUnsupported(llvm::ArrayRef<UnsupportedNode> nodes, llvm::raw_ostream &os);

/// An operator of the table with its first supported versions.
struct SupportedOp {
  std::string domain, op;
  std::vector<int64_t> since;
};

/// The operators that convert, by domain and name: `--list-ops` and the documentation print it.
std::vector<SupportedOp> listOps();

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_ONNXTOXF_H
