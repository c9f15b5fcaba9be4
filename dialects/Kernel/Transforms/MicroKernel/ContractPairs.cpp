//===- ContractPairs.cpp - products with a packed right operand of bf16 -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of the k loop is a pair of k. A vector of rhs holds one pair for each of its columns.
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/Contract.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace mlir::kernel;

// lhs of bf16: one instruction sums both products of each pair in f32 (AVX512-BF16).
ProductOperands ContractExpander::pairsOf(function_ref<Value(int64_t i)> rowAt,
                                          ProductOperands::Load loadPairs) {
  Type bf16 = b.getBF16Type(), i32 = b.getI32Type();
  ProductOperands operands;
  operands.loadA = [=, this](Value k, int64_t i, int64_t) -> Value {
    Value pair = vector::LoadOp::create(b, VectorType::get({2}, bf16), op.getLhs(),
                                        ValueRange{rowAt(i), b.mulIndex(k, b.index(2))});
    pair = vector::BitCastOp::create(b, VectorType::get({1}, i32), pair);
    pair = b.broadcast(vector::ExtractOp::create(b, pair, 0));
    return vector::BitCastOp::create(b, VectorType::get({2 * lanes}, bf16), pair);
  };
  operands.loadB = std::move(loadPairs);
  operands.multiplyAdd = [this](Value x, Value y, Value sum) -> Value {
    return x86vector::DotBF16Op::create(b, sum, x, y);
  };
  return operands;
}

// lhs of f32: both halves of the pairs become f32, whose upper half a bf16 is.
ProductOperands ContractExpander::widenedPairsOf(function_ref<Value(int64_t i)> rowAt,
                                                 ProductOperands::Load loadPairs) {
  Type i32 = b.getI32Type();
  ProductOperands operands;
  operands.parts = 2;
  operands.loadA = [=, this](Value k, int64_t i, int64_t part) {
    Value at = b.addIndex(b.mulIndex(k, b.index(2)), part);
    return b.broadcast(b.scalar(op.getLhs(), {rowAt(i), at}));
  };
  operands.loadB = [=, this](Value k, int64_t j, int64_t part) -> Value {
    Value pairs = vector::BitCastOp::create(b, b.vectorType(i32), loadPairs(k, j, part));
    if (part == 0)
      pairs = arith::ShLIOp::create(b, pairs, b.splatInt(i32, 16));
    else
      pairs = arith::AndIOp::create(b, pairs, b.splatInt(i32, -65536));
    return vector::BitCastOp::create(b, b.vectorType(), pairs);
  };
  operands.multiplyAdd = [this](Value x, Value y, Value sum) { return b.fma(x, y, sum); };
  return operands;
}
