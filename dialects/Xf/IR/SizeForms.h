//===- SizeForms.h - sizes in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two sizes are proven equal when their forms are. Differences and exact quotients cancel, and
// comparisons follow from the fact that dimensions are never negative:
//
//   (past + seq) − past = seq      (batch · seq · 64) / (seq · 64) = batch      past ≤ past + seq
//
// Forms stay small: a product that would have more than `maxTerms` terms or factors is an atom.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_SIZEFORMS_H
#define TILEWRIGHT_DIALECTS_XF_IR_SIZEFORMS_H

#include "mlir/IR/Builders.h"
#include <map>
#include <optional>
#include <vector>

namespace mlir::xf {

/// Σ coefficient · Π atoms, where atoms are numbers that one SizeForms has given out. Coefficients
/// wrap: ONNX files hold INT64_MAX as "to the end".
class SizeForm {
public:
  using Monomial = std::vector<unsigned>; ///< atoms in ascending order, repeated for powers
  /// By degree, then lexicographically: x < y implies x z < y z, so that long division ends.
  struct Order {
    bool operator()(const Monomial &x, const Monomial &y) const {
      return x.size() != y.size() ? x.size() < y.size() : x < y;
    }
  };
  static constexpr size_t maxTerms = 64;

  SizeForm(int64_t constant = 0) { add(Monomial(), constant); }
  static SizeForm ofMonomial(const Monomial &monomial);

  friend bool operator==(const SizeForm &a, const SizeForm &b) { return a.sum == b.sum; }
  /// Some total order.
  friend bool operator<(const SizeForm &a, const SizeForm &b) { return a.sum < b.sum; }
  friend SizeForm operator+(SizeForm a, const SizeForm &b) { return a.add(b, 1); }
  friend SizeForm operator-(SizeForm a, const SizeForm &b) { return a.add(b, -1); }
  /// a / b where that leaves no remainder, whatever the atoms are, and has at most `maxTerms`
  /// terms.
  static std::optional<SizeForm> quotient(SizeForm a, const SizeForm &b);

  /// Monomials, lowest first, and their coefficients, none of them 0.
  const std::map<Monomial, int64_t, Order> &terms() const { return sum; }
  /// The coefficient of the empty monomial.
  int64_t constantTerm() const;
  std::optional<int64_t> asConstant() const;

private:
  friend class SizeForms;
  static SizeForm product(const SizeForm &a, const SizeForm &b);
  /// The largest number of factors in a monomial.
  size_t degree() const { return sum.empty() ? 0 : sum.rbegin()->first.size(); }
  void add(const Monomial &monomial, int64_t coefficient);
  SizeForm &add(const SizeForm &other, int64_t factor);

  std::map<Monomial, int64_t, Order> sum;
};

/// Gives out the atoms: symbolic dimensions, quotients and the like of forms, and values of which
/// nothing is known. Equal operations on equal forms are one atom. Forms are remembered by value,
/// so a table must not outlive the IR that it has seen.
class SizeForms {
public:
  SizeForm of(OpFoldResult size);
  SizeForm dim(StringAttr name);
  SizeForm product(const SizeForm &a, const SizeForm &b);
  /// Truncated towards 0. A constant divisor 0 gives 0.
  SizeForm quotient(const SizeForm &a, const SizeForm &b);
  /// With the sign of the dividend. A constant divisor 0 gives 0.
  SizeForm remainder(const SizeForm &a, const SizeForm &b);
  SizeForm minimum(const SizeForm &a, const SizeForm &b);
  SizeForm maximum(const SizeForm &a, const SizeForm &b);

  /// The least value of `form` over all values of the atoms; nothing if there may be none, or it is
  /// beyond 64 bits.
  std::optional<int64_t> leastOf(const SizeForm &form) const;
  /// True when no values of the atoms make it negative; false when that is not known.
  bool isNonNegative(const SizeForm &form) const { return leastOf(form).value_or(-1) >= 0; }

  /// True when a <= b for all values of the atoms; false when that is not known.
  bool isAtMost(const SizeForm &a, const SizeForm &b) const;

  /// What is known of an atom.
  struct Range {
    std::optional<int64_t> lower, upper; ///< nothing: no limit
  };
  Range &rangeOf(unsigned atom) { return atoms[atom].range; }
  /// The name of a symbolic dimension, null for other atoms.
  StringAttr nameOf(unsigned atom) const { return atoms[atom].name; }

  /// The size of this form, one value for equal forms: the insertion point of `builder` must only
  /// move forward through one block between calls.
  OpFoldResult materialize(OpBuilder &builder, Location loc, const SizeForm &form);

private:
  struct Atom {
    StringAttr name;                ///< of a dimension,
    StringRef operation;            ///< or an operation of arith on two forms,
    std::vector<SizeForm> operands; ///< these,
    Value value;                    ///< or anything else.
    Range range;
  };
  /// What an atom is known by: a name, a value or an operation with its attributes; operands.
  using Key = std::tuple<const void *, const void *, std::vector<SizeForm>>;

  SizeForm intern(Key key, Atom atom);
  SizeForm ofResult(Value value);
  template <class Op>
  SizeForm operation(const SizeForm &a, const SizeForm &b, bool nonNegative);
  Value valueOf(OpBuilder &builder, Location loc, const SizeForm &form);
  Value valueOfAtom(OpBuilder &builder, Location loc, unsigned atom);
  Value valueOfMonomial(OpBuilder &builder, Location loc, const SizeForm::Monomial &monomial);

  std::vector<Atom> atoms;
  std::map<Key, unsigned> numbers;
  llvm::DenseMap<Value, SizeForm> forms;
  std::map<SizeForm, Value> materialized;
};

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_SIZEFORMS_H
