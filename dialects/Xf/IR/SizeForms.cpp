//===- SizeForms.cpp - sizes in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/SizeForms.h"

#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::xf {

static int64_t wrapAdd(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
}
static int64_t wrapMul(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) * static_cast<uint64_t>(b);
}

//===----------------------------------------------------------------------===//
// One form
//===----------------------------------------------------------------------===//

void SizeForm::add(const Monomial &monomial, int64_t coefficient) {
  int64_t &slot = sum[monomial];
  slot = wrapAdd(slot, coefficient);
  if (slot == 0)
    sum.erase(monomial);
}

SizeForm &SizeForm::add(const SizeForm &other, int64_t factor) {
  for (const auto &[monomial, coefficient] : other.sum)
    add(monomial, wrapMul(coefficient, factor));
  return *this;
}

SizeForm SizeForm::ofMonomial(const Monomial &monomial) {
  SizeForm form;
  form.add(monomial, 1);
  return form;
}

SizeForm SizeForm::product(const SizeForm &a, const SizeForm &b) {
  SizeForm product;
  for (const auto &[x, p] : a.sum)
    for (const auto &[y, q] : b.sum) {
      Monomial monomial;
      std::merge(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(monomial));
      product.add(monomial, wrapMul(p, q));
    }
  return product;
}

// Long division by the leading monomials.
std::optional<SizeForm> SizeForm::quotient(SizeForm a, const SizeForm &b) {
  if (b.sum.empty())
    return std::nullopt;
  SizeForm quotient;
  const auto &[divisor, coefficient] = *b.sum.rbegin();
  while (!a.sum.empty()) {
    const auto &[monomial, value] = *a.sum.rbegin();
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), divisor.begin(), divisor.end(),
                        std::back_inserter(rest));
    if (rest.size() + divisor.size() != monomial.size() || quotient.sum.size() == maxTerms)
      return std::nullopt;
    SizeForm term;
    if (coefficient == -1) // the least integer has no quotient
      term.add(rest, wrapMul(value, -1));
    else if (value % coefficient == 0)
      term.add(rest, value / coefficient);
    else
      return std::nullopt;
    quotient.add(term, 1);
    a.add(product(term, b), -1);
  }
  return quotient;
}

int64_t SizeForm::constantTerm() const {
  auto term = sum.find({});
  return term == sum.end() ? 0 : term->second;
}

std::optional<int64_t> SizeForm::asConstant() const {
  if (sum.empty() || (sum.size() == 1 && sum.begin()->first.empty()))
    return constantTerm();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Atoms
//===----------------------------------------------------------------------===//

SizeForm SizeForms::intern(Key key, Atom atom) {
  auto [known, isNew] = numbers.try_emplace(std::move(key), atoms.size());
  if (isNew)
    atoms.push_back(std::move(atom));
  return SizeForm::ofMonomial({known->second});
}

SizeForm SizeForms::dim(StringAttr name) {
  return intern({name.getAsOpaquePointer(), nullptr, {}}, {name, {}, {}, {}, {0, {}}});
}

SizeForm SizeForms::of(OpFoldResult size) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return *constant;
  auto value = cast<Value>(size);
  if (auto known = forms.find(value); known != forms.end())
    return known->second;
  SizeForm form = ofResult(value);
  forms.try_emplace(value, form);
  return form;
}

SizeForm SizeForms::ofResult(Value value) {
  Atom unknown{{}, {}, {}, value, {}};
  Operation *op = value.getDefiningOp();
  if (!op)
    return intern({value.getAsOpaquePointer(), nullptr, {}}, unknown);
  auto lhs = [&] { return of(op->getOperand(0)); };
  auto rhs = [&] { return of(op->getOperand(1)); };
  return TypeSwitch<Operation *, SizeForm>(op)
      .Case([&](DimOp named) { return dim(named.getNameAttr()); })
      .Case([&](arith::AddIOp) { return lhs() + rhs(); })
      .Case([&](arith::SubIOp) { return lhs() - rhs(); })
      .Case([&](arith::MulIOp) { return product(lhs(), rhs()); })
      .Case([&](arith::DivSIOp) { return quotient(lhs(), rhs()); })
      .Case([&](arith::RemSIOp) { return remainder(lhs(), rhs()); })
      .Case([&](arith::MinSIOp) { return minimum(lhs(), rhs()); })
      .Case([&](arith::MaxSIOp) { return maximum(lhs(), rhs()); })
      .Case<arith::IndexCastOp, arith::ExtSIOp>([&](auto) { return lhs(); })
      .Default([&](Operation *) {
        if (isa<tensor::DimOp>(op))
          unknown.range.lower = 0;
        bool isFunctionOfSizes =
            isMemoryEffectFree(op) && !op->getNumRegions() && op->getNumResults() == 1 &&
            llvm::all_of(op->getOperandTypes(), [](Type type) { return type.isIntOrIndex(); });
        if (!isFunctionOfSizes)
          return intern({value.getAsOpaquePointer(), nullptr, {}}, unknown);
        std::vector<SizeForm> operands;
        for (Value operand : op->getOperands())
          operands.push_back(of(operand));
        return intern({op->getName().getAsOpaquePointer(),
                       op->getAttrDictionary().getAsOpaquePointer(), operands},
                      unknown);
      });
}

template <class Op>
SizeForm SizeForms::operation(const SizeForm &a, const SizeForm &b, bool nonNegative) {
  StringRef name = Op::getOperationName();
  Key key{name.data(), nullptr, {a, b}}, swapped{name.data(), nullptr, {b, a}};
  if (Op::template hasTrait<OpTrait::IsCommutative>() && numbers.count(swapped))
    key = swapped;
  Atom atom{{}, name, {a, b}, {}, {}};
  if (nonNegative)
    atom.range.lower = 0;
  return intern(std::move(key), std::move(atom));
}

SizeForm SizeForms::product(const SizeForm &a, const SizeForm &b) {
  if (a.terms().size() * b.terms().size() <= SizeForm::maxTerms &&
      a.degree() + b.degree() <= SizeForm::maxTerms)
    return SizeForm::product(a, b);
  return operation<arith::MulIOp>(a, b, isNonNegative(a) && isNonNegative(b));
}

SizeForm SizeForms::quotient(const SizeForm &a, const SizeForm &b) {
  std::optional<int64_t> x = a.asConstant(), y = b.asConstant();
  if (y == 0)
    return 0;
  if (x && y)
    return *y == -1 ? wrapMul(*x, -1) : *x / *y;
  if (std::optional<SizeForm> exact = SizeForm::quotient(a, b))
    return *exact;
  return operation<arith::DivSIOp>(a, b, isNonNegative(a) && isNonNegative(b));
}

SizeForm SizeForms::remainder(const SizeForm &a, const SizeForm &b) {
  std::optional<int64_t> x = a.asConstant(), y = b.asConstant();
  if (y == 0 || y == 1 || y == -1)
    return 0;
  if (x && y)
    return *x % *y;
  if (SizeForm::quotient(a, b))
    return 0;
  return operation<arith::RemSIOp>(a, b, isNonNegative(a));
}

SizeForm SizeForms::minimum(const SizeForm &a, const SizeForm &b) {
  if (isAtMost(a, b))
    return a;
  if (isAtMost(b, a))
    return b;
  return operation<arith::MinSIOp>(a, b, isNonNegative(a) && isNonNegative(b));
}

SizeForm SizeForms::maximum(const SizeForm &a, const SizeForm &b) {
  if (isAtMost(b, a))
    return a;
  if (isAtMost(a, b))
    return b;
  return operation<arith::MaxSIOp>(a, b, isNonNegative(a) || isNonNegative(b));
}

// Limits of slices are near the ends of the range of integers: b − a must not wrap.
bool SizeForms::isAtMost(const SizeForm &a, const SizeForm &b) const {
  std::optional<int64_t> x = a.asConstant(), y = b.asConstant();
  if (x && y)
    return *x <= *y;
  int64_t difference;
  return !llvm::SubOverflow(b.constantTerm(), a.constantTerm(), difference) && isNonNegative(b - a);
}

// A monomial of atoms that are never negative is least at their lower limits, and with a negative
// coefficient at their upper ones.
std::optional<int64_t> SizeForms::leastOf(const SizeForm &form) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : form.terms()) {
    int64_t least = coefficient;
    for (unsigned atom : monomial) {
      const Range &range = atoms[atom].range;
      std::optional<int64_t> extreme = coefficient < 0 ? range.upper : range.lower;
      if (!extreme || range.lower.value_or(-1) < 0 || llvm::MulOverflow(least, *extreme, least))
        return std::nullopt;
    }
    if (llvm::AddOverflow(sum, least, sum))
      return std::nullopt;
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Forms as values
//===----------------------------------------------------------------------===//

Value SizeForms::valueOfAtom(OpBuilder &builder, Location loc, unsigned number) {
  Atom atom = atoms[number];
  Type index = builder.getIndexType();
  if (atom.name)
    return DimOp::create(builder, loc, index, atom.name);
  if (atom.value)
    return atom.value.getType().isIndex()
               ? atom.value
               : arith::IndexCastOp::create(builder, loc, index, atom.value).getResult();
  Value lhs = valueOf(builder, loc, atom.operands[0]),
        rhs = valueOf(builder, loc, atom.operands[1]);
  return builder.create(loc, builder.getStringAttr(atom.operation), {lhs, rhs}, {index})
      ->getResult(0);
}

Value SizeForms::valueOfMonomial(OpBuilder &builder, Location loc,
                                 const SizeForm::Monomial &monomial) {
  Value &known = materialized[SizeForm::ofMonomial(monomial)];
  if (known)
    return known;
  unsigned last = monomial.back();
  if (monomial.size() == 1)
    return known = valueOfAtom(builder, loc, last);
  Value product = valueOfMonomial(builder, loc, {monomial.begin(), monomial.end() - 1});
  return known =
             arith::MulIOp::create(builder, loc, product, valueOfMonomial(builder, loc, {last}));
}

Value SizeForms::valueOf(OpBuilder &builder, Location loc, const SizeForm &form) {
  if (std::optional<int64_t> constant = form.asConstant())
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  if (auto known = materialized.find(form); known != materialized.end())
    return known->second;
  Value sum;
  // Highest monomials first, the constant last.
  for (const auto &[monomial, coefficient] : llvm::reverse(form.terms())) {
    bool negative = sum && coefficient < 0;
    int64_t factor = negative ? wrapMul(coefficient, -1) : coefficient;
    Value term;
    if (monomial.empty()) {
      term = arith::ConstantIndexOp::create(builder, loc, factor);
    } else {
      term = valueOfMonomial(builder, loc, monomial);
      if (factor != 1)
        term = arith::MulIOp::create(builder, loc, term,
                                     arith::ConstantIndexOp::create(builder, loc, factor));
    }
    if (!sum)
      sum = term;
    else if (negative)
      sum = arith::SubIOp::create(builder, loc, sum, term);
    else
      sum = arith::AddIOp::create(builder, loc, sum, term);
  }
  materialized.emplace(form, sum);
  return sum;
}

OpFoldResult SizeForms::materialize(OpBuilder &builder, Location loc, const SizeForm &form) {
  if (std::optional<int64_t> constant = form.asConstant())
    return builder.getIndexAttr(*constant);
  return valueOf(builder, loc, form);
}

} // namespace mlir::xf
