//===- EvaluatorTest.cpp - numbers against the definitions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every kind on every element type: what Evaluator computes, and what upstream's folders make of
// the arith and math ops that Scalars emits for the same operands.
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Evaluator.h"

#include "dialects/Xf/IR/Scalars.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "gtest/gtest.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace mlir::xf;

namespace {
class EvaluatorTest : public ::testing::Test {
protected:
  EvaluatorTest() {
    context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect, XfDialect>();
  }

  Type type(StringRef name) {
    MLIRContext *c = &context;
    if (name == "ui8" || name == "ui64")
      return IntegerType::get(c, name == "ui8" ? 8 : 64, IntegerType::Unsigned);
    if (name[0] == 'i')
      return IntegerType::get(c, std::stoi(name.drop_front().str()));
    return name == "f16"    ? Type(Float16Type::get(c))
           : name == "bf16" ? Type(BFloat16Type::get(c))
           : name == "f32"  ? Type(Float32Type::get(c))
                            : Type(Float64Type::get(c));
  }

  std::vector<Number> samples(Type element) {
    std::vector<Number> result;
    Evaluator evaluator(element);
    if (isa<FloatType>(element)) {
      for (double x : {0.0,
                       -0.0,
                       1.0,
                       -1.0,
                       0.5,
                       1.5,
                       2.5,
                       -2.5,
                       3.0,
                       -7.0,
                       0.3,
                       -0.7,
                       11.0,
                       -11.0,
                       127.6,
                       -128.9,
                       300.0,
                       3e4,
                       -3e4,
                       1e-3,
                       double(INFINITY),
                       -double(INFINITY),
                       double(NAN)})
        result.push_back(evaluator.rounded({.real = x}));
      return result;
    }
    unsigned width = element.getIntOrFloatBitWidth();
    for (int64_t x : {0, 1, 2, 3, 5, 7, 100, -1, -2, -3, -100})
      result.push_back(evaluator.number(APInt(64, x, true).trunc(width)));
    result.push_back(evaluator.number(APInt::getSignedMinValue(width)));
    result.push_back(evaluator.number(APInt::getSignedMaxValue(width)));
    return result;
  }

  // What the definition gives for constant operands: emitted, folded, read back as `to`.
  template <class Emit>
  std::optional<Number> defined(ArrayRef<Number> operands, Type from, Type to, Emit emit) {
    OpBuilder b(&context);
    Location loc = b.getUnknownLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    b.setInsertionPointToStart(module->getBody());
    auto function = func::FuncOp::create(b, loc, "f", b.getFunctionType({}, {}));
    b.setInsertionPointToStart(function.addEntryBlock());
    SmallVector<Value> x;
    for (Number operand : operands) {
      Type compute = computeType(from);
      Attribute value = Evaluator(compute).attribute(operand);
      x.push_back(arith::ConstantOp::create(b, loc, cast<TypedAttr>(value)));
    }
    Scalars scalars{b, loc};
    Value result = emit(scalars, x);
    // Unsigned integers are signless in arith.
    Type narrow = isa<FloatType>(to) ? to : result.getType();
    auto end = func::ReturnOp::create(b, loc, scalars.narrow(result, narrow));
    function.setFunctionType(b.getFunctionType({}, {end.getOperand(0).getType()}));
    RewritePatternSet patterns(&context);
    (void)applyPatternsGreedily(*module, std::move(patterns));
    Attribute constant;
    if (!matchPattern(end.getOperand(0), m_Constant(&constant)))
      return std::nullopt;
    Evaluator evaluator(to);
    if (auto real = dyn_cast<FloatAttr>(constant))
      return evaluator.number(real.getValue());
    return evaluator.number(cast<IntegerAttr>(constant).getValue());
  }

  // Floats within the roundings of f32 arithmetic, NaN, infinities and signs of zeros alike.
  // `magnitude`: of what cancels inside the formula.
  ::testing::AssertionResult same(Number got, Number want, Type element, double magnitude = 0) {
    if (!isa<FloatType>(element))
      return got.integer == want.integer
                 ? ::testing::AssertionSuccess()
                 : ::testing::AssertionFailure() << got.integer << ", defined " << want.integer;
    double x = Evaluator(element).rounded(got).real, y = want.real;
    double unit = element.isF64() ? 1e-14 : element.isF32() ? 4e-7 : element.isF16() ? 1e-3 : 8e-3;
    bool close = std::isnan(x) == std::isnan(y) &&
                 (std::isnan(x) || x == y ||
                  std::abs(x - y) <= unit * (std::abs(y) + std::abs(magnitude) + 1e-3));
    if (close && (x != 0 || y != 0 || std::signbit(x) == std::signbit(y)))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << x << ", defined " << y;
  }

  MLIRContext context;
};

constexpr StringLiteral floats[] = {"f64", "f32", "f16", "bf16"};
constexpr StringLiteral integers[] = {"i8", "i16", "i32", "i64", "ui8", "ui64"};
} // namespace

TEST_F(EvaluatorTest, UnaryOnFloats) {
  std::map<UnaryKind, int> compared;
  for (StringRef name : floats)
    for (uint32_t k = 0; k <= getMaxEnumValForUnaryKind(); ++k) {
      UnaryKind kind = *symbolizeUnaryKind(k);
      if (kind == UnaryKind::logical_not)
        continue;
      Type element = type(name), i1 = type("i1");
      bool test = kind == UnaryKind::is_nan || kind == UnaryKind::is_inf;
      Type result = test ? i1 : element;
      for (Number x : samples(element)) {
        std::optional<Number> want = defined(
            {x}, element, result, [&](Scalars &s, ValueRange v) { return s.unary(kind, v[0]); });
        if (!want)
          continue; // upstream has no folder, or none outside the domain
        ++compared[kind];
        bool cancels = kind == UnaryKind::gelu_erf || kind == UnaryKind::gelu_tanh;
        EXPECT_TRUE(same(Evaluator(element).unary(kind, x), *want, result, cancels ? x.real : 0))
            << name.str() << " " << stringifyUnaryKind(kind).str() << " " << x.real;
      }
    }
  for (uint32_t k = 0; k <= getMaxEnumValForUnaryKind(); ++k)
    if (UnaryKind kind = *symbolizeUnaryKind(k);
        !llvm::is_contained({UnaryKind::logical_not, UnaryKind::cos, UnaryKind::sin}, kind))
      EXPECT_GT(compared[kind], 20) << stringifyUnaryKind(kind).str();
}

TEST_F(EvaluatorTest, UnaryOnIntegers) {
  for (StringRef name : integers)
    for (UnaryKind kind : {UnaryKind::abs, UnaryKind::neg, UnaryKind::relu, UnaryKind::sign}) {
      Type element = type(name);
      for (Number x : samples(element)) {
        std::optional<Number> want = defined({x}, element, element, [&](Scalars &s, ValueRange v) {
          return s.unary(kind, v[0], element.isUnsignedInteger());
        });
        ASSERT_TRUE(want) << name.str() << " " << stringifyUnaryKind(kind).str() << x.integer;
        EXPECT_TRUE(same(Evaluator(element).unary(kind, x), *want, element))
            << name.str() << " " << stringifyUnaryKind(kind).str() << " " << x.integer;
      }
    }
}

TEST_F(EvaluatorTest, Binary) {
  std::map<BinaryKind, int> compared;
  for (StringRef name : {"f64", "f32", "f16", "bf16", "i8", "i16", "i32", "i64", "ui8", "ui64"})
    for (uint32_t k = 0; k <= getMaxEnumValForBinaryKind(); ++k) {
      BinaryKind kind = *symbolizeBinaryKind(k);
      Type element = type(name);
      if (k > static_cast<uint32_t>(BinaryKind::rem) && isa<FloatType>(element))
        continue; // logical
      // Folding a power takes six ops a bit.
      if (kind == BinaryKind::pow && element.isInteger() && element.getIntOrFloatBitWidth() > 16)
        continue;
      for (Number x : samples(element))
        for (Number y : samples(element)) {
          std::optional<Number> want =
              defined({x, y}, element, element, [&](Scalars &s, ValueRange v) {
                return s.binary(kind, v[0], v[1], element.isUnsignedInteger());
              });
          if (!want)
            continue;
          ++compared[kind];
          double a = Evaluator(element).toDouble(x), b = Evaluator(element).toDouble(y);
          EXPECT_TRUE(same(Evaluator(element).binary(kind, x, y), *want, element))
              << name.str() << " " << stringifyBinaryKind(kind).str() << " " << a << " " << b;
        }
    }
  for (uint32_t k = 0; k <= getMaxEnumValForBinaryKind(); ++k)
    EXPECT_GT(compared[*symbolizeBinaryKind(k)], 500) << k;
}

TEST_F(EvaluatorTest, Booleans) {
  Type i1 = type("i1");
  Evaluator evaluator(i1);
  for (int64_t x : {0, 1}) {
    Number a{.integer = x};
    EXPECT_EQ(evaluator.unary(UnaryKind::logical_not, a).integer, !x);
    for (int64_t y : {0, 1}) {
      Number b{.integer = y};
      for (BinaryKind kind :
           {BinaryKind::logical_and, BinaryKind::logical_or, BinaryKind::logical_xor}) {
        std::optional<Number> want = defined(
            {a, b}, i1, i1, [&](Scalars &s, ValueRange v) { return s.binary(kind, v[0], v[1]); });
        ASSERT_TRUE(want);
        EXPECT_EQ(evaluator.binary(kind, a, b).integer, want->integer);
      }
    }
  }
}

TEST_F(EvaluatorTest, Compare) {
  for (StringRef name : {"f64", "f32", "f16", "bf16", "i8", "i64", "ui8", "ui64", "i1"})
    for (uint32_t k = 0; k <= getMaxEnumValForCompareKind(); ++k) {
      CompareKind kind = *symbolizeCompareKind(k);
      Type element = type(name);
      for (Number x : samples(element))
        for (Number y : samples(element)) {
          std::optional<Number> want =
              defined({x, y}, element, type("i1"), [&](Scalars &s, ValueRange v) {
                return s.compare(kind, v[0], v[1], element.isUnsignedInteger());
              });
          ASSERT_TRUE(want);
          EXPECT_EQ(Evaluator(element).compare(kind, x, y), want->integer)
              << name.str() << " " << stringifyCompareKind(kind).str() << " "
              << Evaluator(element).toDouble(x) << " " << Evaluator(element).toDouble(y);
        }
    }
}

TEST_F(EvaluatorTest, Cast) {
  StringRef names[] = {"f64", "f32", "f16", "bf16", "i8", "i16", "i32", "i64", "ui8", "ui64", "i1"};
  for (StringRef source : names)
    for (StringRef target : names) {
      int compared = 0;
      Type from = type(source), to = type(target);
      for (Number x : samples(from)) {
        std::optional<Number> want = defined(
            {x}, from, to, [&](Scalars &s, ValueRange v) { return s.convert(v[0], from, to); });
        if (!want)
          continue; // upstream rounds only what it can hold
        ++compared;
        EXPECT_TRUE(same(Evaluator(from).cast(x, Evaluator(to)), *want, to))
            << source.str() << " to " << target.str() << " of " << Evaluator(from).toDouble(x);
      }
      EXPECT_GE(compared, 7) << source.str() << " to " << target.str();
    }
}
