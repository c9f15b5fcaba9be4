//===- XfToKernel.h - the parts of convert-xf-to-kernel -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_XFTOKERNEL_XFTOKERNEL_H
#define TILEWRIGHT_LIB_CONVERSION_XFTOKERNEL_XFTOKERNEL_H

#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Target/IR/Target.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/Compute.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace tilewright {

/// f32 products. A rhs that is a weight [k, n] or, transposed, [n, k] is packed into panels for
/// `cpu` by a derived weight, with the precision of `compute`. Fails, without a trace, for other
/// element types.
mlir::LogicalResult convertMatmul(mlir::RewriterBase &rewriter, mlir::xf::MatmulOp op,
                                  mlir::SymbolTable &symbols, mlir::target::CpuAttr cpu,
                                  Compute compute);

/// f32 attention. Transposes before and behind it that leave the head elements last are absorbed.
mlir::LogicalResult convertAttention(mlir::RewriterBase &rewriter, mlir::xf::AttentionOp op);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_XFTOKERNEL_XFTOKERNEL_H
