//===- ElementaryFunctions.h - exp, tanh, erf, sin, cos, pow for f32 -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H
#define TILEWRIGHT_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H

#include "mlir/IR/Builders.h"

namespace tilewright {

/// Branch-free code for functions of f32, scalar or vector, at the builder's insertion point.
/// Coefficients are minimax fits of the relative error by iteratively reweighted least squares,
/// rounded to f32. NaN gives NaN.
class ElementaryFunctions {
public:
  /// `fused`: the machine has fused multiplication and addition; without it the two operations are
  /// emitted.
  ElementaryFunctions(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, bool fused)
      : b(builder), loc(loc), type(type), fused(fused) {}

  mlir::Value exp(mlir::Value x);  ///< 1 ulp; below 2^-125.5 zero, above 88.73 infinity
  mlir::Value exp2(mlir::Value x); ///< 1 ulp, likewise
  mlir::Value tanh(mlir::Value x); ///< 3.2 ulp
  mlir::Value erf(mlir::Value x);  ///< 2.7 ulp
  mlir::Value sin(mlir::Value x);  ///< 2e-7 absolute for |x| < 1e6
  mlir::Value cos(mlir::Value x);  ///< likewise
  mlir::Value pow(mlir::Value x, mlir::Value y); ///< 1.5 ulp for |y| < 16, else 16; cases as in C
  mlir::Value maxNum(mlir::Value x, mlir::Value y); ///< x > y ? x : y
  mlir::Value minNum(mlir::Value x, mlir::Value y); ///< x < y ? x : y

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
  bool fused;

  mlir::Type intType();
  mlir::Value constant(double value);
  mlir::Value intConstant(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value bitsOf(mlir::Value x);
  mlir::Value ofBits(mlir::Value x);
  mlir::Value negate(mlir::Value x);
  mlir::Value clamp(mlir::Value x, double low, double high);
  mlir::Value horner(mlir::Value x, llvm::ArrayRef<double> coefficients);
  mlir::Value oddQuotient(mlir::Value x, double limit, double h, llvm::ArrayRef<double> p,
                          llvm::ArrayRef<double> q);
  std::pair<mlir::Value, mlir::Value> nearest(mlir::Value x);
  mlir::Value scaledExp(mlir::Value r, mlir::Value shifted);
  mlir::Value sinOrCos(mlir::Value x, int64_t quadrant);
  std::pair<mlir::Value, mlir::Value> log2Parts(mlir::Value x);
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H
