//===- IndexMath.cpp - index arithmetic in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/IndexMath.h"

#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using mlir::xf::SizeForm;
using mlir::xf::SizeForms;

namespace tilewright {

OpFoldResult IndexMath::emit(const SizeForm &form) {
  return sizes.materialize(builder, builder.getUnknownLoc(), form);
}

OpFoldResult IndexMath::dim(StringAttr name) {
  return emit(sizes.dim(name));
}

Value IndexMath::materialize(OpFoldResult value) {
  if (auto ssa = dyn_cast<Value>(value))
    return ssa;
  return arith::ConstantIndexOp::create(builder, builder.getUnknownLoc(),
                                        *getConstantIntValue(value));
}

OpFoldResult IndexMath::normalize(OpFoldResult value) {
  return emit(sizes.of(value));
}
OpFoldResult IndexMath::add(OpFoldResult a, OpFoldResult b) {
  return emit(sizes.of(a) + sizes.of(b));
}
OpFoldResult IndexMath::sub(OpFoldResult a, OpFoldResult b) {
  return emit(sizes.of(a) - sizes.of(b));
}
OpFoldResult IndexMath::mul(OpFoldResult a, OpFoldResult b) {
  return emit(sizes.product(sizes.of(a), sizes.of(b)));
}
OpFoldResult IndexMath::div(OpFoldResult a, OpFoldResult b) {
  return emit(sizes.quotient(sizes.of(a), sizes.of(safeDivisor(a, b))));
}
OpFoldResult IndexMath::rem(OpFoldResult a, OpFoldResult b) {
  return emit(sizes.remainder(sizes.of(a), sizes.of(safeDivisor(a, b))));
}

OpFoldResult IndexMath::safeDivisor(OpFoldResult dividend, OpFoldResult divisor) {
  bool isDivided =
      !getConstantIntValue(divisor) && !SizeForm::quotient(sizes.of(dividend), sizes.of(divisor));
  return isDivided && alwaysNonNegative(divisor) ? max(divisor, constant(1)) : divisor;
}

std::optional<OpFoldResult> IndexMath::divExactly(OpFoldResult a, OpFoldResult b) {
  std::optional<SizeForm> quotient = SizeForm::quotient(sizes.of(a), sizes.of(b));
  if (!quotient)
    return std::nullopt;
  return emit(*quotient);
}

// What is required decides more than the ranges of single dimensions, which `sizes` knows.
OpFoldResult IndexMath::min(OpFoldResult a, OpFoldResult b) {
  if (alwaysLessEqual(a, b))
    return a;
  if (alwaysLessEqual(b, a))
    return b;
  return emit(sizes.minimum(sizes.of(a), sizes.of(b)));
}

OpFoldResult IndexMath::max(OpFoldResult a, OpFoldResult b) {
  if (alwaysLessEqual(a, b))
    return b;
  if (alwaysLessEqual(b, a))
    return a;
  return emit(sizes.maximum(sizes.of(a), sizes.of(b)));
}

OpFoldResult IndexMath::product(ArrayRef<OpFoldResult> values) {
  SizeForm form = 1;
  for (OpFoldResult value : values)
    form = sizes.product(form, sizes.of(value));
  return emit(form);
}

void IndexMath::declare(StringAttr name, int64_t lower, int64_t upper) {
  SizeForms::Range &range = sizes.rangeOf(sizes.dim(name).terms().begin()->first.front());
  range.lower = lower;
  if (upper <= std::numeric_limits<int32_t>::max()) // products of maxima must not overflow
    range.upper = upper;
}

bool IndexMath::require(SizeForm form, int64_t lower, int64_t upper) {
  int64_t constant = form.constantTerm();
  form = form - constant;
  if (form.asConstant() || !llvm::all_of(form.terms(), [&](const auto &term) {
        return term.first.size() == 1 && sizes.nameOf(term.first.front());
      }))
    return false;
  auto shift = [&](int64_t limit) {
    bool open = limit == std::numeric_limits<int64_t>::max() ||
                limit == std::numeric_limits<int64_t>::min();
    return open ? limit : limit - constant;
  };
  lower = shift(lower);
  upper = shift(upper);
  auto known = llvm::find_if(required, [&](const auto &entry) { return entry.first == form; });
  if (known == required.end()) {
    required.push_back({form, {lower, upper}});
  } else {
    lower = known->second.first = std::max(known->second.first, lower);
    upper = known->second.second = std::min(known->second.second, upper);
  }
  const auto &[monomial, factor] = *form.terms().begin();
  if (form.terms().size() == 1 && factor == 1) {
    SizeForms::Range range = sizes.rangeOf(monomial.front());
    declare(sizes.nameOf(monomial.front()), std::max(lower, range.lower.value_or(0)),
            std::min(upper, range.upper.value_or(upper)));
  }
  return true;
}

bool IndexMath::isOfDims(OpFoldResult a) {
  SizeForm form = sizes.of(a);
  return llvm::all_of(form.terms(), [&](const auto &term) {
    return llvm::all_of(term.first, [&](unsigned atom) { return bool(sizes.nameOf(atom)); });
  });
}

bool IndexMath::requireAtLeast(OpFoldResult size, int64_t limit) {
  return alwaysLessEqual(constant(limit), size) ||
         require(sizes.of(size), limit, std::numeric_limits<int64_t>::max());
}

bool IndexMath::requireAtMost(OpFoldResult size, int64_t limit) {
  return alwaysLessEqual(size, constant(limit)) ||
         require(sizes.of(size), std::numeric_limits<int64_t>::min(), limit);
}

bool IndexMath::requireEqual(OpFoldResult a, OpFoldResult b) {
  SizeForm difference = sizes.of(a) - sizes.of(b);
  if (difference == SizeForm())
    return true;
  // One sign, so that the same requirement is recorded once.
  if (difference.terms().rbegin()->second < 0)
    difference = SizeForm() - difference;
  return require(difference, 0, 0);
}

SmallVector<IndexMath::Requirement> IndexMath::requirements() const {
  SmallVector<Requirement> result;
  for (const auto &[form, range] : required) {
    Requirement &requirement = result.emplace_back();
    for (const auto &[monomial, factor] : form.terms())
      requirement.terms.push_back({sizes.nameOf(monomial.front()), factor});
    std::tie(requirement.lower, requirement.upper) = range;
  }
  return result;
}

bool IndexMath::alwaysLessEqual(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return *x <= *y;
  SizeForm form = sizes.of(a);
  if (sizes.isNonNegative(sizes.of(b) - form))
    return true;
  // What is required of a larger size bounds the smaller one.
  return y && llvm::any_of(required, [&](const auto &entry) {
           return entry.second.second <= *y && sizes.isNonNegative(entry.first - form);
         });
}

bool IndexMath::alwaysEqual(OpFoldResult a, OpFoldResult b) {
  return sizes.of(a) == sizes.of(b);
}

bool IndexMath::neverEqual(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return *x != *y;
  SizeForm difference = sizes.of(a) - sizes.of(b);
  return sizes.leastOf(difference).value_or(0) > 0 ||
         sizes.leastOf(SizeForm() - difference).value_or(0) > 0;
}

} // namespace tilewright
