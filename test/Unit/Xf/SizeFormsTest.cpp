//===- SizeFormsTest.cpp - sizes in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/SizeForms.h"

#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/IR/BuiltinOps.h"
#include "gtest/gtest.h"
#include <limits>

using namespace mlir;
using namespace mlir::xf;

namespace {
// Every value is an op of its own, as before CSE.
class SizeFormsTest : public ::testing::Test {
protected:
  SizeFormsTest() {
    context.loadDialect<arith::ArithDialect, tensor::TensorDialect, XfDialect>();
    module = ModuleOp::create(UnknownLoc::get(&context));
    builder.setInsertionPointToStart(module->getBody());
  }

  template <class Op, class... Operands>
  Value make(Operands... operands) {
    return Op::create(builder, builder.getUnknownLoc(), operands...);
  }
  Value dim(StringRef name) {
    return make<DimOp>(builder.getIndexType(), builder.getStringAttr(name));
  }
  Value number(int64_t value) { return make<arith::ConstantIndexOp>(value); }
  Value add(Value a, Value b) { return make<arith::AddIOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubIOp>(a, b); }
  Value mul(Value a, Value b) { return make<arith::MulIOp>(a, b); }
  Value div(Value a, Value b) { return make<arith::DivSIOp>(a, b); }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  OpBuilder builder{&context};
};
} // namespace

TEST_F(SizeFormsTest, SumsAndProductsAreEqualInAnyOrder) {
  EXPECT_TRUE(areEqualSizes(add(dim("a"), dim("b")), add(dim("b"), dim("a"))));
  EXPECT_TRUE(areEqualSizes(sub(add(dim("a"), dim("b")), dim("a")), dim("b")));
  EXPECT_TRUE(areEqualSizes(mul(add(dim("a"), number(1)), dim("b")),
                            add(mul(dim("b"), dim("a")), dim("b"))));
  EXPECT_FALSE(areEqualSizes(dim("a"), dim("b")));
  EXPECT_FALSE(areEqualSizes(dim("a"), number(1)));
}

TEST_F(SizeFormsTest, ExactQuotientsCancel) {
  EXPECT_TRUE(areEqualSizes(div(mul(dim("a"), number(12)), number(12)), dim("a")));
  EXPECT_FALSE(areEqualSizes(mul(div(dim("a"), number(12)), number(12)), dim("a")));
}

TEST_F(SizeFormsTest, OtherOperationsAreComparedByTheirOperands) {
  auto halfOf = [&](Value value) { return div(value, number(2)); };
  EXPECT_TRUE(areEqualSizes(halfOf(add(dim("a"), dim("b"))), halfOf(add(dim("b"), dim("a")))));
  EXPECT_FALSE(areEqualSizes(halfOf(dim("a")), halfOf(dim("b"))));
  auto ceilOf = [&](Value value) { return make<arith::CeilDivSIOp>(value, number(2)); };
  EXPECT_TRUE(areEqualSizes(ceilOf(dim("a")), ceilOf(dim("a"))));
  EXPECT_FALSE(areEqualSizes(ceilOf(dim("a")), halfOf(dim("a"))));
  EXPECT_TRUE(areEqualSizes(make<arith::MinSIOp>(dim("a"), dim("b")),
                            make<arith::MinSIOp>(dim("b"), dim("a"))));
  EXPECT_TRUE(areEqualSizes(make<arith::MaxSIOp>(dim("a"), add(dim("a"), dim("b"))),
                            add(dim("b"), dim("a"))));
}

TEST_F(SizeFormsTest, ValuesOfWhichNothingIsKnownEqualThemselves) {
  auto ofTensor = [&] {
    Value tensor = make<tensor::EmptyOp>(SmallVector<OpFoldResult>{dim("a")}, builder.getF32Type());
    return make<tensor::DimOp>(tensor, 0);
  };
  Value size = ofTensor();
  EXPECT_TRUE(areEqualSizes(add(size, number(1)), add(number(1), size)));
  EXPECT_FALSE(areEqualSizes(size, ofTensor()));
}

TEST_F(SizeFormsTest, EqualFormsAreOneValue) {
  SizeForms forms;
  Location loc = builder.getUnknownLoc();
  SizeForm sum = forms.of(add(dim("a"), div(dim("b"), number(2))));
  OpFoldResult once = forms.materialize(builder, loc, sum);
  EXPECT_EQ(forms.materialize(builder, loc, forms.of(once)), once);
  EXPECT_EQ(forms.materialize(builder, loc, sum - sum), OpFoldResult(builder.getIndexAttr(0)));
}

TEST_F(SizeFormsTest, DivisionEnds) {
  // y / (y − x y) is a power series, whichever of the two is known first.
  for (auto [x, y] : {std::pair("a", "b"), std::pair("b", "a")}) {
    SizeForms forms;
    forms.dim(builder.getStringAttr("a"));
    Value divisor = sub(dim(y), mul(dim(x), dim(y)));
    SizeForm quotient = forms.of(div(dim(y), divisor));
    EXPECT_FALSE(quotient.asConstant());
  }
}

TEST_F(SizeFormsTest, ProductsStaySmall) {
  SizeForms forms;
  SizeForm product = 1, power = 1;
  for (int64_t i = 0; i < 40; ++i) {
    SizeForm x = forms.dim(builder.getStringAttr("d" + std::to_string(i)));
    product = forms.product(product, x + 1);
    power = forms.product(power, forms.product(power, x));
  }
  EXPECT_LE(product.terms().size(), SizeForm::maxTerms);
  EXPECT_LE(power.terms().rbegin()->first.size(), SizeForm::maxTerms);
  EXPECT_TRUE(forms.isNonNegative(product));
}

TEST_F(SizeFormsTest, ProofsDoNotWrap) {
  SizeForms forms;
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(forms.minimum(least, 1), SizeForm(least));
  EXPECT_EQ(forms.maximum(least, 1), SizeForm(1));
  SizeForm x = forms.dim(builder.getStringAttr("x"));
  forms.rangeOf(x.terms().begin()->first.front()).upper = 512;
  EXPECT_FALSE(forms.isAtMost(x, least));
  EXPECT_FALSE(forms.leastOf(SizeForm(least) - x));
}
