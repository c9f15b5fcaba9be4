//===- IndexMathTest.cpp - index arithmetic in normal form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/IndexMath.h"

#include "dialects/Xf/IR/Xf.h"
#include "mlir/IR/BuiltinOps.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tilewright;

namespace {
class IndexMathTest : public ::testing::Test {
protected:
  IndexMathTest() {
    context.loadDialect<arith::ArithDialect, xf::XfDialect>();
    module = ModuleOp::create(UnknownLoc::get(&context));
    builder.setInsertionPointToStart(module->getBody());
  }

  OpFoldResult dim(StringRef name) { return math.dim(builder.getStringAttr(name)); }
  OpFoldResult number(int64_t value) { return math.constant(value); }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  OpBuilder builder{&context};
  IndexMath math{builder};
};
} // namespace

TEST_F(IndexMathTest, EqualSizesAreOneValue) {
  OpFoldResult a = math.add(dim("past"), dim("seq")), b = math.add(dim("seq"), dim("past"));
  EXPECT_EQ(a, b);
  EXPECT_EQ(math.sub(a, dim("past")), dim("seq"));
  EXPECT_EQ(math.mul(a, number(0)), number(0));
}

TEST_F(IndexMathTest, NormalFormLooksThroughForeignArithmetic) {
  Location loc = builder.getUnknownLoc();
  Value seq = xf::DimOp::create(builder, loc, builder.getIndexType(), builder.getStringAttr("seq"));
  Value two = arith::ConstantIndexOp::create(builder, loc, 2);
  Value twice = arith::MulIOp::create(builder, loc, seq, two);
  EXPECT_EQ(math.normalize(twice), math.add(dim("seq"), dim("seq")));
}

TEST_F(IndexMathTest, QuotientsCancel) {
  OpFoldResult total = math.add(dim("past"), dim("seq"));
  OpFoldResult elements = math.product({dim("batch"), total, number(64)});
  EXPECT_EQ(math.div(elements, math.mul(total, number(8))), math.mul(dim("batch"), number(8)));
  EXPECT_FALSE(math.divExactly(dim("seq"), number(2)));
  EXPECT_EQ(math.div(dim("seq"), number(2)), math.div(dim("seq"), number(2)));
  EXPECT_EQ(math.rem(math.mul(dim("seq"), number(4)), number(2)), number(0));
}

TEST_F(IndexMathTest, DivisionTruncatesAndSurvivesZero) {
  EXPECT_EQ(math.div(number(-7), number(2)), number(-3));
  EXPECT_EQ(math.div(dim("seq"), number(0)), number(0));
}

TEST_F(IndexMathTest, DimensionsAreNeverNegative) {
  OpFoldResult total = math.add(dim("past"), dim("seq"));
  EXPECT_TRUE(math.alwaysLessEqual(dim("past"), total));
  EXPECT_TRUE(math.neverEqual(dim("seq"), number(-1)));
  EXPECT_FALSE(math.neverEqual(dim("seq"), number(0)));
  EXPECT_EQ(math.min(dim("past"), total), dim("past"));
  EXPECT_EQ(math.max(math.sub(total, dim("past")), number(0)), dim("seq"));
  EXPECT_FALSE(math.alwaysNonNegative(math.sub(dim("past"), dim("seq"))));
}

TEST_F(IndexMathTest, BoundsDecideComparisons) {
  math.declare(builder.getStringAttr("seq"), 1, 128);
  EXPECT_TRUE(math.alwaysNonNegative(math.sub(dim("seq"), number(1))));
  EXPECT_TRUE(math.alwaysLessEqual(dim("seq"), number(128)));
  EXPECT_FALSE(math.alwaysLessEqual(dim("seq"), number(127)));
}

TEST_F(IndexMathTest, RequirementsAreRecordedOnce) {
  OpFoldResult total = math.add(dim("past"), dim("seq"));
  EXPECT_TRUE(math.requireAtMost(total, 1024));
  EXPECT_TRUE(math.requireAtMost(total, 2048)); // follows
  EXPECT_EQ(math.min(total, number(1024)), total);
  EXPECT_EQ(math.min(dim("past"), number(1024)), dim("past")); // past <= past + seq <= 1024
  math.requireEqual(dim("mask"), total);
  math.requireEqual(total, dim("mask"));
  SmallVector<IndexMath::Requirement> requirements = math.requirements();
  ASSERT_EQ(requirements.size(), 2u);
  EXPECT_EQ(requirements[0].upper, 1024);
  EXPECT_EQ(requirements[1].terms.size(), 3u);
  EXPECT_EQ(requirements[1].lower, 0);
  EXPECT_EQ(requirements[1].upper, 0);
}

TEST_F(IndexMathTest, OnlyLinearFormsCanBeRequired) {
  EXPECT_FALSE(math.requireAtMost(math.mul(dim("batch"), dim("seq")), 64));
  EXPECT_FALSE(math.requireAtLeast(math.div(dim("seq"), number(2)), 1));
}
