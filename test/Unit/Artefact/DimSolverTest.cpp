//===- DimSolverTest.cpp - sizes that follow from other sizes --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/DimSolver.h"
#include <gtest/gtest.h>

using namespace tilewright;

namespace {

std::optional<int64_t> sizeOf(llvm::StringRef name) {
  if (name == "past")
    return 7;
  if (name == "seq_len")
    return 3;
  if (name == "x-y")
    return 5;
  return std::nullopt;
}

TEST(EvaluateName, SumsOfProducts) {
  EXPECT_EQ(evaluateName("past + seq_len", sizeOf), 10);
  EXPECT_EQ(evaluateName("past+1", sizeOf), 8);
  EXPECT_EQ(evaluateName("2*past - seq_len * 2", sizeOf), 8);
  EXPECT_EQ(evaluateName("x-y + 1", sizeOf), 6);
}

TEST(EvaluateName, NothingElse) {
  EXPECT_EQ(evaluateName("past", sizeOf), std::nullopt); // a name, no expression
  EXPECT_EQ(evaluateName("past + other", sizeOf), std::nullopt);
  EXPECT_EQ(evaluateName("past +", sizeOf), std::nullopt);
  EXPECT_EQ(evaluateName("", sizeOf), std::nullopt);
}

class Solve : public testing::Test {
protected:
  std::vector<int64_t> solve(std::vector<int64_t> sizes) {
    tw_model model = {};
    model.symbols = symbols;
    model.num_symbols = 4;
    model.requirements = requirements;
    model.num_requirements = 2;
    return solveDims(&model, sizes);
  }
  // total - past - seq = 0, and past <= 100.
  int64_t sum[4] = {-1, -1, 1, 0}, most[4] = {1, 0, 0, 0};
  tw_requirement requirements[2] = {{sum, 0, 0}, {most, INT64_MIN, 100}};
  tw_symbol_info symbols[4] = {
      {"past", 0, INT64_MAX}, {"seq", 1, 64}, {"total", 2, INT64_MAX}, {"total + 1", 0, INT64_MAX}};
};

TEST_F(Solve, FollowsEquationsAndNames) {
  EXPECT_EQ(solve({7, 3, -1, -1}), (std::vector<int64_t>{7, 3, 10, 11}));
  EXPECT_EQ(solve({-1, 3, 10, -1}), (std::vector<int64_t>{7, 3, 10, 11}));
}

TEST_F(Solve, TakesTheLeastOtherwise) {
  EXPECT_EQ(solve({-1, -1, -1, -1}), (std::vector<int64_t>{1, 1, 2, 3}));
  EXPECT_EQ(solve({-1, 3, -1, -1}), (std::vector<int64_t>{1, 3, 4, 5}));
}

TEST_F(Solve, KeepsWhatWasGiven) {
  EXPECT_EQ(solve({7, 3, 9, -1}), (std::vector<int64_t>{7, 3, 9, 10}));
}

} // namespace
