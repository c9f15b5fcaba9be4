//===- DimSolver.cpp - sizes that follow from other sizes ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/DimSolver.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace tilewright;

using SizeOf = function_ref<std::optional<int64_t>(StringRef)>;

static std::optional<int64_t> evaluateProduct(StringRef text, SizeOf sizeOf) {
  SmallVector<StringRef> factors;
  text.split(factors, '*');
  int64_t product = 1;
  for (StringRef factor : factors) {
    factor = factor.trim();
    int64_t number;
    if (factor.getAsInteger(10, number)) {
      std::optional<int64_t> size = sizeOf(factor);
      if (!size)
        return std::nullopt;
      number = *size;
    }
    if (__builtin_mul_overflow(product, number, &product))
      return std::nullopt;
  }
  return product;
}

std::optional<int64_t> tilewright::evaluateName(StringRef name, SizeOf sizeOf) {
  if (!name.contains('+') && !name.contains('*') && !name.contains(" - "))
    return std::nullopt;
  int64_t sum = 0, sign = 1;
  while (true) {
    // A name may hold a '-' of its own; a difference has blanks around it.
    size_t plus = name.find('+'), minus = name.find(" - ");
    size_t end = std::min(plus, minus);
    std::optional<int64_t> term = evaluateProduct(name.take_front(end), sizeOf);
    if (!term || __builtin_add_overflow(sum, sign * *term, &sum))
      return std::nullopt;
    if (end == StringRef::npos)
      return sum;
    sign = end == plus ? 1 : -1;
    name = name.drop_front(end + (end == plus ? 1 : 3));
  }
}

namespace {

class Solver {
public:
  Solver(const tw_model *model, ArrayRef<int64_t> given) : model(model), sizes(given) {}

  std::vector<int64_t> run() {
    derive();
    // Plain names first: expressions of them may follow.
    for (bool plain : {true, false})
      for (int32_t i = 0; i < model->num_symbols; ++i)
        if (sizes[i] < 0 && (!plain || !isExpression(i))) {
          sizes[i] = std::max<int64_t>(model->symbols[i].min, 1);
          derive();
        }
    return std::move(sizes);
  }

private:
  // All that follows from what is known.
  void derive() {
    for (bool changed = true; changed;) {
      changed = false;
      for (int32_t i = 0; i < model->num_symbols; ++i)
        if (sizes[i] < 0)
          if (std::optional<int64_t> size = evaluateName(
                  model->symbols[i].name, [&](StringRef name) { return sizeOf(name); }))
            changed |= set(i, *size);
      for (int64_t r = 0; r < model->num_requirements; ++r)
        changed |= solve(model->requirements[r]);
    }
  }

  // An equation with one unknown: factor * x = value - rest.
  bool solve(const tw_requirement &requirement) {
    if (requirement.min != requirement.max)
      return false;
    int32_t unknown = -1;
    int64_t rest = requirement.min;
    for (int32_t i = 0; i < model->num_symbols; ++i) {
      if (requirement.factors[i] == 0)
        continue;
      if (sizes[i] >= 0)
        rest -= requirement.factors[i] * sizes[i];
      else if (unknown >= 0)
        return false;
      else
        unknown = i;
    }
    return unknown >= 0 && rest % requirement.factors[unknown] == 0 &&
           set(unknown, rest / requirement.factors[unknown]);
  }

  bool set(int32_t symbol, int64_t size) {
    if (size < 0)
      return false;
    sizes[symbol] = size;
    return true;
  }

  bool isExpression(int32_t symbol) const {
    return evaluateName(model->symbols[symbol].name,
                        [&](StringRef name) {
                          return symbolOf(name) ? std::optional<int64_t>(0) : std::nullopt;
                        })
        .has_value();
  }

  std::optional<int32_t> symbolOf(StringRef name) const {
    for (int32_t i = 0; i < model->num_symbols; ++i)
      if (name == model->symbols[i].name)
        return i;
    return std::nullopt;
  }

  std::optional<int64_t> sizeOf(StringRef name) const {
    std::optional<int32_t> symbol = symbolOf(name);
    return symbol && sizes[*symbol] >= 0 ? std::optional(sizes[*symbol]) : std::nullopt;
  }

  const tw_model *model;
  std::vector<int64_t> sizes;
};

} // namespace

std::vector<int64_t> tilewright::solveDims(const tw_model *model, ArrayRef<int64_t> sizes) {
  return Solver(model, sizes).run();
}
