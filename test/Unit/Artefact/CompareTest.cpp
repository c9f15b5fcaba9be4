//===- CompareTest.cpp - when two tensors count as equal -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Compare.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace tilewright;

namespace {

HostTensor floats(std::vector<float> values) {
  HostTensor tensor =
      llvm::cantFail(HostTensor::create({kDLFloat, 32, 1}, {static_cast<int64_t>(values.size())}));
  memcpy(tensor.data(), values.data(), tensor.numBytes());
  return tensor;
}

HostTensor integers(std::vector<int64_t> values) {
  HostTensor tensor =
      llvm::cantFail(HostTensor::create({kDLInt, 64, 1}, {static_cast<int64_t>(values.size())}));
  memcpy(tensor.data(), values.data(), tensor.numBytes());
  return tensor;
}

TEST(Compare, ErrorsCountRelativeToTheMaximum) {
  Comparison result = compare(floats({1000, 0.05f}), floats({1000, 0}), Tolerance());
  EXPECT_TRUE(result.passed);
  EXPECT_NEAR(result.relative(), 5e-5, 1e-9);
  EXPECT_EQ(result.worst, 1);
  EXPECT_FALSE(compare(floats({1000, 0.2f}), floats({1000, 0}), Tolerance()).passed);
  EXPECT_TRUE(compare(floats({1000, 0.2f}), floats({1000, 0}), {0, 0.3}).passed);
}

TEST(Compare, IntegersAreExact) {
  EXPECT_FALSE(compare(integers({1000001}), integers({1000000}), Tolerance()).passed);
  EXPECT_TRUE(compare(integers({1000001}), integers({1000000}), {0, 1}).passed);
}

TEST(Compare, SpecialValues) {
  EXPECT_TRUE(compare(floats({NAN, INFINITY}), floats({NAN, INFINITY}), Tolerance()).passed);
  Comparison result = compare(floats({1, NAN}), floats({1, 2}), Tolerance());
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.problem, "element 1: expects 2.000000, got nan");
  EXPECT_FALSE(compare(floats({INFINITY}), floats({-INFINITY}), Tolerance()).passed);
}

TEST(Compare, TypesAndShapes) {
  EXPECT_EQ(compare(floats({1}), integers({1}), Tolerance()).problem, "expects int64, got float32");
  EXPECT_EQ(compare(floats({1, 2}), floats({1}), Tolerance()).problem, "expects shape 1, got 2");
  EXPECT_TRUE(compare(floats({}), floats({}), Tolerance()).passed);
}

} // namespace
