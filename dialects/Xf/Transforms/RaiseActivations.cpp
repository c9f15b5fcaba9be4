//===- RaiseActivations.cpp - GELU and SiLU from their arithmetic -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write 0.5 x (1 + erf(x / √2)) in every order of its factors. Rather than list the
// orders, both the argument of the transcendental function t and the whole expression are expanded
// into polynomials in x and t and compared with the definition:
//
//   x * (0.5 * (erf(x * 0.7071) + 1))  and  (x / 2) * (1 + erf(x / 1.4142))  both are  0.5 x + 0.5
//   x t,  t = erf(0.7071 x).
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Match.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>
#include <map>
#include <numbers>

namespace mlir::xf {
#define GEN_PASS_DEF_RAISEACTIVATIONS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

constexpr int maxDegree = 3, maxDepth = 8;

// Coefficients of x^i t^j, by (i, j); absent means 0.
using Polynomial = std::map<std::pair<int, int>, double>;

bool areClose(const Polynomial &a, const Polynomial &b, Type element) {
  return llvm::equal(a, b, [&](auto &x, auto &y) {
    return x.first == y.first && isClose(x.second, y.second, element);
  });
}

Polynomial sum(Polynomial a, const Polynomial &b, double sign) {
  for (auto &[power, coefficient] : b)
    a[power] += sign * coefficient;
  return a;
}

std::optional<Polynomial> product(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (auto &[p, x] : a)
    for (auto &[q, y] : b) {
      std::pair<int, int> power{p.first + q.first, p.second + q.second};
      if (power.first > maxDegree || power.second > 1)
        return std::nullopt;
      result[power] += x * y;
    }
  return result;
}

// `value` as a polynomial in `x` and `t`; none when it reads anything else.
std::optional<Polynomial> expand(Value value, Value x, Value t, int depth = maxDepth) {
  if (value == x)
    return Polynomial{{{1, 0}, 1.0}};
  if (value == t)
    return Polynomial{{{0, 1}, 1.0}};
  if (std::optional<double> constant = splatOf(value))
    return Polynomial{{{0, 0}, *constant}};
  if (depth == 0)
    return std::nullopt;
  if (Value negated = inputOf(value, UnaryKind::neg)) {
    std::optional<Polynomial> inner = expand(negated, x, t, depth - 1);
    return inner ? std::optional(sum({}, *inner, -1)) : std::nullopt;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op)
    return std::nullopt;
  std::optional<Polynomial> lhs = expand(op.getLhs(), x, t, depth - 1),
                            rhs = expand(op.getRhs(), x, t, depth - 1);
  if (!lhs || !rhs)
    return std::nullopt;
  std::optional<double> constant = splatOf(op.getRhs());
  switch (op.getKind()) {
  case BinaryKind::add:
    return sum(*lhs, *rhs, 1);
  case BinaryKind::sub:
    return sum(*lhs, *rhs, -1);
  case BinaryKind::mul:
    return product(*lhs, *rhs);
  case BinaryKind::div:
    return constant && *constant != 0 ? product(*lhs, {{{0, 0}, 1 / *constant}}) : std::nullopt;
  case BinaryKind::pow:
    if (constant == 2.0)
      return product(*lhs, *lhs);
    if (std::optional<Polynomial> square = constant == 3.0 ? product(*lhs, *lhs) : std::nullopt)
      return product(*square, *lhs);
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

// kind(x) = result(x, t) with t = function(argument(x)).
struct Definition {
  UnaryKind function;
  Polynomial argument, result;
  UnaryKind kind;
};

ArrayRef<Definition> definitions() {
  constexpr double halfRoot = 1 / std::numbers::sqrt2, cubic = 0.044715;
  static const double root = std::sqrt(2 / std::numbers::pi);
  static const Polynomial half{{{1, 0}, 0.5}, {{1, 1}, 0.5}}, full{{{1, 1}, 1.0}};
  static const Definition table[] = {
      {UnaryKind::erf, {{{1, 0}, halfRoot}}, half, UnaryKind::gelu_erf},
      {UnaryKind::tanh, {{{1, 0}, root}, {{3, 0}, root * cubic}}, half, UnaryKind::gelu_tanh},
      // (1 + tanh z) / 2 = sigmoid(2 z)
      {UnaryKind::sigmoid,
       {{{1, 0}, 2 * root}, {{3, 0}, 2 * root * cubic}},
       full,
       UnaryKind::gelu_tanh},
      {UnaryKind::sigmoid, {{{1, 0}, 1.0}}, full, UnaryKind::silu},
  };
  return table;
}

// What could be x: every value read by the arithmetic in front of the function, nearest first.
SetVector<Value> candidates(Value argument) {
  SetVector<Value> values;
  values.insert(argument);
  for (size_t i = 0; i < values.size() && values.size() < 32; ++i)
    if (Operation *op = values[i].getDefiningOp(); op && isa<BinaryOp, UnaryOp>(op))
      values.insert_range(op->getOperands());
  return values;
}

// The values computed from `t` by arithmetic, nearest first.
SetVector<Value> dependents(Value t) {
  SetVector<Value> values;
  values.insert(t);
  for (size_t i = 0; i < values.size() && values.size() < 32; ++i)
    for (Operation *user : values[i].getUsers())
      if (isa<BinaryOp>(user))
        values.insert(user->getResult(0));
  return values;
}

struct RaiseActivation : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    for (const Definition &definition : definitions())
      if (op.getKind() == definition.function && succeeded(raise(op, definition, rewriter)))
        return success();
    return rewriter.notifyMatchFailure(op, "not part of a known activation");
  }

  static LogicalResult raise(UnaryOp t, const Definition &definition, PatternRewriter &rewriter) {
    Type element = getElementTypeOrSelf(t.getType());
    for (Value x : candidates(t.getInput())) {
      std::optional<Polynomial> argument = expand(t.getInput(), x, Value());
      if (x.getType() != t.getType() || !argument ||
          !areClose(*argument, definition.argument, element))
        continue;
      for (Value y : dependents(t)) {
        std::optional<Polynomial> result = expand(y, x, t);
        if (y.getType() != x.getType() || !result || !areClose(*result, definition.result, element))
          continue;
        rewriter.setInsertionPoint(y.getDefiningOp());
        rewriter.replaceOpWithNewOp<UnaryOp>(y.getDefiningOp(), definition.kind, x);
        return success();
      }
    }
    return failure();
  }
};

// 1 / (1 + exp(−x)) = sigmoid(x), and a quotient with it is a product with the sigmoid.
struct RaiseSigmoid : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    Value x = op.getKind() == UnaryKind::exp ? inputOf(op.getInput(), UnaryKind::neg) : Value();
    if (!x)
      return rewriter.notifyMatchFailure(op, "not the exponential of a negated value");
    for (Operation *user : op->getUsers()) {
      std::optional<WithScalar> denominator =
          isa<BinaryOp>(user) ? withScalar(user->getResult(0), BinaryKind::add) : std::nullopt;
      if (!denominator || denominator->scalar != 1)
        continue;
      for (Operation *quotient : user->getUsers())
        if (succeeded(raise(quotient, user->getResult(0), x, rewriter)))
          return success();
    }
    return rewriter.notifyMatchFailure(op, "no quotient by 1 + exp(-x)");
  }

  static LogicalResult raise(Operation *quotient, Value denominator, Value x,
                             PatternRewriter &rewriter) {
    rewriter.setInsertionPoint(quotient);
    if (auto unary = dyn_cast<UnaryOp>(quotient);
        unary && unary.getKind() == UnaryKind::reciprocal) {
      rewriter.replaceOpWithNewOp<UnaryOp>(quotient, UnaryKind::sigmoid, x);
      return success();
    }
    auto division = dyn_cast<BinaryOp>(quotient);
    if (!division || division.getKind() != BinaryKind::div || division.getRhs() != denominator ||
        division.getType() != x.getType())
      return failure();
    Value sigmoid = UnaryOp::create(rewriter, quotient->getLoc(), UnaryKind::sigmoid, x);
    if (splatOf(division.getLhs()) == 1.0)
      rewriter.replaceOp(quotient, sigmoid);
    else
      rewriter.replaceOpWithNewOp<BinaryOp>(quotient, BinaryKind::mul, division.getLhs(), sigmoid);
    return success();
  }
};

struct RaiseActivations : impl::RaiseActivationsBase<RaiseActivations> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseActivation, RaiseSigmoid>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace mlir::xf
