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

namespace tilewright {

// Wrapping arithmetic: ONNX files hold INT64_MAX as "to the end".
static int64_t wrapAdd(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
}
static int64_t wrapMul(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) * static_cast<uint64_t>(b);
}

template <class Polynomial>
static void accumulate(Polynomial &form, const typename Polynomial::key_type &monomial,
                       int64_t coefficient) {
  int64_t &slot = form[monomial];
  slot = wrapAdd(slot, coefficient);
  if (slot == 0)
    form.erase(monomial);
}

template <class Polynomial>
static Polynomial addForms(Polynomial a, const Polynomial &b, int64_t factor) {
  for (const auto &[monomial, coefficient] : b)
    accumulate(a, monomial, wrapMul(coefficient, factor));
  return a;
}

template <class Polynomial>
static Polynomial mulForms(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (const auto &[x, p] : a)
    for (const auto &[y, q] : b) {
      typename Polynomial::key_type monomial;
      std::merge(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(monomial));
      accumulate(result, monomial, wrapMul(p, q));
    }
  return result;
}

// Long division by the leading monomials; nothing unless the remainder is 0.
template <class Polynomial>
static std::optional<Polynomial> divForms(Polynomial a, const Polynomial &b) {
  if (b.empty())
    return std::nullopt;
  Polynomial quotient;
  const auto &[divisor, coefficient] = *b.rbegin();
  while (!a.empty()) {
    const auto &[monomial, value] = *a.rbegin();
    typename Polynomial::key_type rest;
    std::set_difference(monomial.begin(), monomial.end(), divisor.begin(), divisor.end(),
                        std::back_inserter(rest));
    if (rest.size() + divisor.size() != monomial.size() || value % coefficient)
      return std::nullopt;
    Polynomial term{{rest, value / coefficient}};
    quotient = addForms(std::move(quotient), term, 1);
    Polynomial remainder = addForms(a, mulForms(term, b), -1);
    // Lexicographic order is not a monomial order for every operand, so progress is checked rather
    // than assumed.
    if (!remainder.empty() && !(remainder.rbegin()->first < a.rbegin()->first))
      return std::nullopt;
    a = std::move(remainder);
  }
  return quotient;
}

IndexMath::Polynomial IndexMath::atom(Value value, bool nonNegative) {
  Polynomial form{{{static_cast<unsigned>(atoms.size())}, 1}};
  atoms.push_back(
      {value, nonNegative ? std::optional<int64_t>(0) : std::nullopt, std::nullopt, {}});
  forms[value] = form;
  emitted.emplace(form, value);
  return form;
}

unsigned IndexMath::atomOf(StringAttr name) {
  auto [known, isNew] = dims.try_emplace(name, atoms.size());
  if (isNew) {
    atom(xf::DimOp::create(builder, builder.getUnknownLoc(), builder.getIndexType(), name),
         /*nonNegative=*/true);
    atoms.back().name = name;
  }
  return known->second;
}

OpFoldResult IndexMath::dim(StringAttr name) {
  return atoms[atomOf(name)].value;
}

IndexMath::Polynomial IndexMath::formOf(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant ? Polynomial{{{}, *constant}} : Polynomial();
  Value ssa = cast<Value>(value);
  if (auto known = forms.find(ssa); known != forms.end())
    return known->second;
  Operation *op = ssa.getDefiningOp();
  Polynomial form;
  if (auto named = dyn_cast_or_null<xf::DimOp>(op))
    form = formOf(dim(named.getNameAttr()));
  else if (auto add = dyn_cast_or_null<arith::AddIOp>(op))
    form = addForms(formOf(add.getLhs()), formOf(add.getRhs()), 1);
  else if (auto sub = dyn_cast_or_null<arith::SubIOp>(op))
    form = addForms(formOf(sub.getLhs()), formOf(sub.getRhs()), -1);
  else if (auto mul = dyn_cast_or_null<arith::MulIOp>(op))
    form = mulForms(formOf(mul.getLhs()), formOf(mul.getRhs()));
  else
    return atom(ssa, isa_and_nonnull<tensor::DimOp>(op));
  forms[ssa] = form;
  return form;
}

Value IndexMath::materialize(OpFoldResult value) {
  if (auto ssa = dyn_cast<Value>(value))
    return ssa;
  return arith::ConstantIndexOp::create(builder, builder.getUnknownLoc(),
                                        *getConstantIntValue(value));
}

Value IndexMath::emitMonomial(const Monomial &monomial) {
  auto [known, isNew] = emitted.try_emplace(Polynomial{{monomial, 1}});
  if (isNew) {
    Monomial prefix(monomial.begin(), monomial.end() - 1);
    Value product = emitMonomial(prefix);
    known->second = arith::MulIOp::create(builder, builder.getUnknownLoc(), product,
                                          atoms[monomial.back()].value);
    forms[known->second] = known->first;
  }
  return known->second;
}

OpFoldResult IndexMath::emit(const Polynomial &form) {
  if (form.empty())
    return constant(0);
  if (form.size() == 1 && form.begin()->first.empty())
    return constant(form.begin()->second);
  if (auto known = emitted.find(form); known != emitted.end())
    return known->second;
  Location loc = builder.getUnknownLoc();
  Value sum;
  // Highest monomials first, the constant last.
  for (const auto &[monomial, coefficient] : llvm::reverse(form)) {
    bool negative = sum && coefficient < 0;
    int64_t factor = negative ? -coefficient : coefficient;
    Value term;
    if (monomial.empty()) {
      term = materialize(constant(factor));
    } else {
      term = emitMonomial(monomial);
      if (factor != 1)
        term = arith::MulIOp::create(builder, loc, term, materialize(constant(factor)));
    }
    if (!sum)
      sum = term;
    else if (negative)
      sum = arith::SubIOp::create(builder, loc, sum, term);
    else
      sum = arith::AddIOp::create(builder, loc, sum, term);
  }
  forms[sum] = form;
  emitted.emplace(form, sum);
  return sum;
}

template <class Op>
OpFoldResult IndexMath::opaque(OpFoldResult a, OpFoldResult b, bool nonNegative) {
  OpFoldResult x = normalize(a), y = normalize(b);
  std::tuple key(Op::getOperationName().data(), static_cast<const void *>(x.getOpaqueValue()),
                 static_cast<const void *>(y.getOpaqueValue()));
  Value &value = opaques[key];
  if (!value) {
    value = Op::create(builder, builder.getUnknownLoc(), materialize(x), materialize(y));
    atom(value, nonNegative);
  }
  return value;
}

OpFoldResult IndexMath::normalize(OpFoldResult value) {
  return emit(formOf(value));
}

OpFoldResult IndexMath::add(OpFoldResult a, OpFoldResult b) {
  return emit(addForms(formOf(a), formOf(b), 1));
}
OpFoldResult IndexMath::sub(OpFoldResult a, OpFoldResult b) {
  return emit(addForms(formOf(a), formOf(b), -1));
}
OpFoldResult IndexMath::mul(OpFoldResult a, OpFoldResult b) {
  return emit(mulForms(formOf(a), formOf(b)));
}

std::optional<OpFoldResult> IndexMath::divExactly(OpFoldResult a, OpFoldResult b) {
  std::optional<Polynomial> quotient = divForms(formOf(a), formOf(b));
  if (!quotient)
    return std::nullopt;
  return emit(*quotient);
}

OpFoldResult IndexMath::div(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (y == 0)
    return constant(0);
  if (x && y)
    return constant(*y == -1 ? wrapMul(*x, -1) : *x / *y);
  if (std::optional<OpFoldResult> exact = divExactly(a, b))
    return *exact;
  return opaque<arith::DivSIOp>(a, safeDivisor(b), alwaysNonNegative(a) && alwaysNonNegative(b));
}

OpFoldResult IndexMath::safeDivisor(OpFoldResult divisor) {
  return alwaysNonNegative(divisor) ? max(divisor, constant(1)) : divisor;
}

OpFoldResult IndexMath::rem(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (y == 0 || y == 1 || y == -1)
    return constant(0);
  if (x && y)
    return constant(*x % *y);
  if (divExactly(a, b))
    return constant(0);
  return opaque<arith::RemSIOp>(a, safeDivisor(b), alwaysNonNegative(a));
}

OpFoldResult IndexMath::min(OpFoldResult a, OpFoldResult b) {
  if (alwaysLessEqual(a, b))
    return a;
  if (alwaysLessEqual(b, a))
    return b;
  return opaque<arith::MinSIOp>(a, b, alwaysNonNegative(a) && alwaysNonNegative(b));
}

OpFoldResult IndexMath::max(OpFoldResult a, OpFoldResult b) {
  if (alwaysLessEqual(a, b))
    return b;
  if (alwaysLessEqual(b, a))
    return a;
  return opaque<arith::MaxSIOp>(a, b, alwaysNonNegative(a) || alwaysNonNegative(b));
}

OpFoldResult IndexMath::product(ArrayRef<OpFoldResult> values) {
  Polynomial form{{{}, 1}};
  for (OpFoldResult value : values)
    form = mulForms(form, formOf(value));
  return emit(form);
}

// A monomial of atoms that are never negative is least at their minima, and with a negative
// coefficient at their maxima.
std::optional<int64_t> IndexMath::minimumOf(const Polynomial &form) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : form) {
    int64_t least = coefficient;
    for (unsigned id : monomial) {
      std::optional<int64_t> extreme = coefficient < 0 ? atoms[id].maximum : atoms[id].minimum;
      if (!extreme || atoms[id].minimum.value_or(-1) < 0)
        return std::nullopt;
      least = wrapMul(least, *extreme);
    }
    sum = wrapAdd(sum, least);
  }
  return sum;
}

void IndexMath::declare(StringAttr name, int64_t lower, int64_t upper) {
  Atom &dimension = atoms[atomOf(name)];
  dimension.minimum = lower;
  if (upper <= std::numeric_limits<int32_t>::max()) // products of maxima must not overflow
    dimension.maximum = upper;
}

bool IndexMath::require(Polynomial form, int64_t lower, int64_t upper) {
  int64_t constant = 0;
  if (auto term = form.find({}); term != form.end()) {
    constant = term->second;
    form.erase(term);
  }
  if (form.empty() || !llvm::all_of(form, [&](const auto &term) {
        return term.first.size() == 1 && atoms[term.first.front()].name;
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
  const auto &[monomial, factor] = *form.begin();
  if (form.size() == 1 && factor == 1) {
    Atom &dimension = atoms[monomial.front()];
    declare(dimension.name, std::max(lower, dimension.minimum.value_or(0)),
            std::min(upper, dimension.maximum.value_or(upper)));
  }
  return true;
}

bool IndexMath::isOfDims(OpFoldResult a) {
  return llvm::all_of(formOf(a), [&](const auto &term) {
    return llvm::all_of(term.first, [&](unsigned id) {
      return atoms[id].value.template getDefiningOp<xf::DimOp>();
    });
  });
}

bool IndexMath::requireAtLeast(OpFoldResult size, int64_t limit) {
  return alwaysLessEqual(constant(limit), size) ||
         require(formOf(size), limit, std::numeric_limits<int64_t>::max());
}

bool IndexMath::requireAtMost(OpFoldResult size, int64_t limit) {
  return alwaysLessEqual(size, constant(limit)) ||
         require(formOf(size), std::numeric_limits<int64_t>::min(), limit);
}

bool IndexMath::requireEqual(OpFoldResult a, OpFoldResult b) {
  Polynomial difference = addForms(formOf(a), formOf(b), -1);
  if (difference.empty())
    return true;
  // One sign, so that the same requirement is recorded once.
  if (difference.rbegin()->second < 0)
    difference = addForms(Polynomial(), difference, -1);
  return require(difference, 0, 0);
}

SmallVector<IndexMath::Requirement> IndexMath::requirements() const {
  SmallVector<Requirement> result;
  for (const auto &[form, range] : required) {
    Requirement &requirement = result.emplace_back();
    for (const auto &[monomial, factor] : form)
      requirement.terms.push_back({atoms[monomial.front()].name, factor});
    std::tie(requirement.lower, requirement.upper) = range;
  }
  return result;
}

bool IndexMath::alwaysLessEqual(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return *x <= *y;
  Polynomial form = formOf(a);
  if (isNonNegative(addForms(formOf(b), form, -1)))
    return true;
  // What is required of a larger size bounds the smaller one.
  return y && llvm::any_of(required, [&](const auto &entry) {
           return entry.second.second <= *y && isNonNegative(addForms(entry.first, form, -1));
         });
}

bool IndexMath::alwaysEqual(OpFoldResult a, OpFoldResult b) {
  return addForms(formOf(b), formOf(a), -1).empty();
}

bool IndexMath::neverEqual(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return *x != *y;
  Polynomial p = formOf(a), q = formOf(b);
  return minimumOf(addForms(q, p, -1)).value_or(0) > 0 ||
         minimumOf(addForms(p, q, -1)).value_or(0) > 0;
}

} // namespace tilewright
