//===- Compute.h - how exactly contractions are computed -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_COMPUTE_H
#define TILEWRIGHT_LIB_CONVERSION_COMPUTE_H

#include "llvm/Support/CommandLine.h"

namespace tilewright {

/// Precision of f32 products with weights; sums are f32 in all of them.
enum class Compute {
  f32,    ///< exact products of f32
  bf16x3, ///< both sides are sums of two bf16, of whose four products the least is left out, where
          ///< the target multiplies tiles of bf16; f32 elsewhere, which is faster there
  bf16,   ///< weights, and the other side where the target multiplies bf16, are rounded to bf16
};

/// The name on the command line.
inline llvm::StringRef nameOf(Compute compute) {
  return compute == Compute::bf16 ? "bf16" : compute == Compute::bf16x3 ? "bf16x3" : "f32";
}

/// The values of a command line option.
inline llvm::cl::ValuesClass computeValues() {
  return llvm::cl::values(
      clEnumValN(Compute::f32, "f32", "exact f32 products"),
      clEnumValN(Compute::bf16x3, "bf16x3", "three products of bf16, almost as exact, in tiles"),
      clEnumValN(Compute::bf16, "bf16", "products of operands rounded to bf16"));
}

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_COMPUTE_H
