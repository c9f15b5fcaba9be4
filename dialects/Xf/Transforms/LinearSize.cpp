//===- LinearSize.cpp - sizes as sums of named dimensions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/LinearSize.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace mlir::xf {

LinearSize &LinearSize::add(const LinearSize &other, int64_t factor) {
  constant += factor * other.constant;
  for (auto &[key, term] : other.terms) {
    auto it = terms.try_emplace(key, Term{0, term.value, term.isDimension}).first;
    it->second.coefficient += factor * term.coefficient;
    if (it->second.coefficient == 0)
      terms.erase(it);
  }
  return *this;
}

LinearSize LinearSize::of(OpFoldResult size) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return *constant;
  Value value = cast<Value>(size);
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::AddIOp>(op))
    return of(op->getOperand(0)) + of(op->getOperand(1));
  if (isa_and_nonnull<arith::SubIOp>(op))
    return of(op->getOperand(0)) - of(op->getOperand(1));
  if (isa_and_nonnull<arith::IndexCastOp, arith::ExtSIOp>(op))
    return of(op->getOperand(0));
  if (isa_and_nonnull<arith::MulIOp>(op)) {
    LinearSize lhs = of(op->getOperand(0)), rhs = of(op->getOperand(1)), product;
    if (std::optional<int64_t> factor = rhs.asConstant())
      return product.add(lhs, *factor);
    if (std::optional<int64_t> factor = lhs.asConstant())
      return product.add(rhs, *factor);
  }
  if (isa_and_nonnull<arith::MaxSIOp>(op)) {
    // max(a, b) = a where a − b is never negative
    LinearSize lhs = of(op->getOperand(0)), rhs = of(op->getOperand(1));
    if ((lhs - rhs).isNeverNegative())
      return lhs;
    if ((rhs - lhs).isNeverNegative())
      return rhs;
  }
  LinearSize result;
  if (auto dim = dyn_cast_or_null<DimOp>(op))
    result.terms[dim.getNameAttr().getAsOpaquePointer()] = Term{1, value, true};
  else
    result.terms[value.getAsOpaquePointer()] = Term{1, value, false};
  return result;
}

std::optional<int64_t> LinearSize::asConstant() const {
  return terms.empty() ? std::optional(constant) : std::nullopt;
}

bool LinearSize::isNeverNegative() const {
  return constant >= 0 && llvm::all_of(terms, [](auto &entry) {
           return entry.second.isDimension && entry.second.coefficient >= 0;
         });
}

Value LinearSize::materialize(OpBuilder &builder, Location loc) const {
  Value sum;
  for (auto &[key, term] : terms) {
    Value value = term.value;
    if (term.isDimension)
      value = DimOp::create(builder, loc, builder.getIndexType(),
                            value.getDefiningOp<DimOp>().getNameAttr());
    if (!value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
    if (term.coefficient != 1)
      value = arith::MulIOp::create(builder, loc, value,
                                    arith::ConstantIndexOp::create(builder, loc, term.coefficient));
    sum = sum ? arith::AddIOp::create(builder, loc, sum, value) : value;
  }
  if (sum && constant == 0)
    return sum;
  Value offset = arith::ConstantIndexOp::create(builder, loc, constant);
  return sum ? arith::AddIOp::create(builder, loc, sum, offset).getResult() : offset;
}

bool areProvablyEqual(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b) {
  return llvm::equal(a, b, [](OpFoldResult x, OpFoldResult y) { return areProvablyEqual(x, y); });
}

} // namespace mlir::xf
