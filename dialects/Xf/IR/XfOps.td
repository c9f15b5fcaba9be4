//===- XfOps.td - the xf operations, by concept ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_OPS
#define TILEWRIGHT_XF_OPS

include "dialects/Xf/IR/XfWeights.td"
include "dialects/Xf/IR/XfElementwise.td"
include "dialects/Xf/IR/XfMovement.td"
include "dialects/Xf/IR/XfNeural.td"

#endif // TILEWRIGHT_XF_OPS
