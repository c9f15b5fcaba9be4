//===- ChecksTest.cpp - every message about a wrong request -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include <functional>
#include <gtest/gtest.h>

namespace {

using fake::Request;

class Checks : public testing::Test {
protected:
  Checks() {
    tw_options options = {};
    options.threads = 1;
    EXPECT_EQ(tw_create(model, &options, &instance, &error), TW_OK) << error.message;
  }
  ~Checks() override { tw_destroy(instance); }

  /// Spoils a request for 2 x 5 and expects this failure, with nothing written.
  void expectFailure(tw_status status, const std::string &message,
                     const std::function<void(Request &)> &spoil) {
    Request request(2, 5);
    spoil(request);
    EXPECT_EQ(request.run(instance, &error), status);
    EXPECT_EQ(error.status, status);
    EXPECT_EQ(error.message, message);
    for (float value : request.y)
      EXPECT_EQ(value, -1);
  }

  fake::Model model{0, nullptr, 8};
  tw_instance *instance = nullptr;
  tw_error error = {};
};

TEST_F(Checks, AcceptsWhatTheModelDeclares) {
  Request request(2, 5);
  ASSERT_EQ(request.run(instance, &error), TW_OK) << error.message;
  EXPECT_EQ(request.mismatches(), 0);
}

TEST_F(Checks, AcceptsEmptyTensors) {
  Request request(0, 5);
  ASSERT_EQ(request.run(instance, &error), TW_OK) << error.message;
  EXPECT_EQ(request.mismatches(), 0);
}

TEST_F(Checks, AcceptsExplicitStridesAndOffsets) {
  Request request(1, 5);
  // The stride of a dimension of size 1 does not matter.
  int64_t strides[] = {77, 1};
  request.inputs[0].strides = strides;
  request.inputs[0].data = reinterpret_cast<char *>(request.ids.data()) - 8;
  request.inputs[0].byte_offset = 8;
  ASSERT_EQ(request.run(instance, &error), TW_OK) << error.message;
  EXPECT_EQ(request.mismatches(), 0);
}

TEST_F(Checks, Rank) {
  expectFailure(TW_ERROR_RANK, "input 'ids': expects rank 2, got 3",
                [](Request &r) { r.inputs[0].ndim = 3; });
  expectFailure(TW_ERROR_RANK, "output 'n': expects rank 1, got 0",
                [](Request &r) { r.outputs[1].ndim = 0; });
}

TEST_F(Checks, ElementType) {
  expectFailure(TW_ERROR_DTYPE, "input 'ids': expects elements of type int64, got int32",
                [](Request &r) { r.inputs[0].dtype.bits = 32; });
  expectFailure(TW_ERROR_DTYPE, "input 'x': expects elements of type float32, got uint8 or bool",
                [](Request &r) { r.inputs[1].dtype = {6, 8, 1}; });
  expectFailure(
      TW_ERROR_DTYPE,
      "input 'x': expects elements of type float32, got DLPack type (2, 32 bits, 4 lanes)",
      [](Request &r) { r.inputs[1].dtype.lanes = 4; });
}

TEST_F(Checks, Sizes) {
  expectFailure(TW_ERROR_SHAPE, "input 'x': expects dimension 2 of 4, got 3",
                [](Request &r) { r.xShape[2] = 3; });
  expectFailure(TW_ERROR_SHAPE,
                "input 'x': expects dimension 1 ('seq') of 5 as in input 'ids', got 4",
                [](Request &r) { r.xShape[1] = 4; });
  expectFailure(TW_ERROR_SHAPE, "input 'x': expects dimension 0 not negative, got -2",
                [](Request &r) { r.xShape[0] = -2; });
  expectFailure(TW_ERROR_SHAPE, "output 'y': expects dimension 1 ('seq') of 5, got 6",
                [](Request &r) { r.yShape[1] = 6; });
  expectFailure(TW_ERROR_SHAPE, "output 'n': expects dimension 0 of 6, got 5",
                [](Request &r) { r.nShape[0] = 5; });
}

TEST_F(Checks, Ranges) {
  expectFailure(TW_ERROR_RANGE, "input 'ids': expects dimension 1 ('seq') in 1..512, got 600",
                [](Request &r) { r.idsShape[1] = 600; });
  fake::Model unbounded;
  int64_t sizes[] = {-1, 4}, dims[4];
  EXPECT_EQ(tw_output_shapes(unbounded, sizes, dims, &error), TW_ERROR_RANGE);
  EXPECT_STREQ(error.message, "expects 'batch' of at least 0, got -1");
  sizes[0] = 1, sizes[1] = 513;
  EXPECT_EQ(tw_output_shapes(unbounded, sizes, dims, &error), TW_ERROR_RANGE);
  EXPECT_STREQ(error.message, "expects 'seq' in 1..512, got 513");
}

TEST_F(Checks, ComputedSizes) {
  Request request(6, 5);
  EXPECT_EQ(request.run(instance, &error), TW_ERROR_RANGE);
  EXPECT_STREQ(error.message, "expects 'batch' + 1 to be no multiple of 7, got 'batch' of 6");
  int64_t symbols[] = {6, 5}, dims[4];
  EXPECT_EQ(tw_output_shapes(model, symbols, dims, &error), TW_ERROR_RANGE);
}

TEST_F(Checks, Memory) {
  expectFailure(TW_ERROR_ARGUMENT, "input 'x': expects data, got a null pointer",
                [](Request &r) { r.inputs[1].data = nullptr; });
  expectFailure(TW_ERROR_ARGUMENT, "output 'y': expects a shape, got a null pointer",
                [](Request &r) { r.outputs[0].shape = nullptr; });
  expectFailure(TW_ERROR_DEVICE, "output 'y': expects CPU memory (DLPack device 1), got device 2",
                [](Request &r) { r.outputs[0].device.device_type = kDLCUDA; });
  int64_t columnMajor[] = {1, 2}, gaps[] = {40, 8, 1};
  expectFailure(
      TW_ERROR_LAYOUT,
      "input 'ids': expects row-major data without gaps (stride 1 in dimension 1), got stride 2",
      [&](Request &r) { r.inputs[0].strides = columnMajor; });
  expectFailure(
      TW_ERROR_LAYOUT,
      "input 'x': expects row-major data without gaps (stride 4 in dimension 1), got stride 8",
      [&](Request &r) { r.inputs[1].strides = gaps; });
}

TEST_F(Checks, Alignment) {
  Request request(2, 5);
  request.inputs[0].byte_offset = 4;
  EXPECT_EQ(request.run(instance, &error), TW_ERROR_ALIGNMENT);
  EXPECT_TRUE(std::string(error.message)
                  .starts_with("input 'ids': expects data aligned to 8 bytes, got address 0x"));
}

TEST_F(Checks, Overlap) {
  expectFailure(TW_ERROR_OVERLAP, "output 'y': expects memory of its own, overlaps input 'x'",
                [](Request &r) { r.outputs[0].data = r.x.data(); });
  expectFailure(TW_ERROR_OVERLAP, "output 'n': expects memory of its own, overlaps output 'y'",
                [](Request &r) { r.outputs[1].data = r.y.data() + 20; });
}

TEST_F(Checks, Counts) {
  Request request(2, 5);
  EXPECT_EQ(tw_run(instance, request.inputs, 1, request.outputs, 2, &error), TW_ERROR_ARGUMENT);
  EXPECT_STREQ(error.message, "expects 2 inputs, got 1");
  EXPECT_EQ(tw_run(instance, nullptr, 2, request.outputs, 2, &error), TW_ERROR_ARGUMENT);
  EXPECT_STREQ(error.message, "expects inputs, got a null pointer");
  EXPECT_EQ(tw_run(instance, request.inputs, 2, request.outputs, 3, &error), TW_ERROR_ARGUMENT);
  EXPECT_STREQ(error.message, "expects 2 outputs, got 3");
  EXPECT_EQ(tw_symbols(model, request.inputs, 2, nullptr, &error), TW_ERROR_ARGUMENT);
  EXPECT_STREQ(error.message, "expects room for 2 sizes, got a null pointer");
}

TEST_F(Checks, ErrorIsOptional) {
  Request request(2, 5);
  request.inputs[0].ndim = 1;
  EXPECT_EQ(request.run(instance), TW_ERROR_RANK);
}

TEST(Requirements, BetweenSizes) {
  fake::Model model;
  const int64_t factors[] = {2, -1};
  const tw_requirement requirement = {factors, INT64_MIN, 8};
  model.model.requirements = &requirement, model.model.num_requirements = 1;
  const int64_t fitting[] = {4, 1}, one[] = {5, 1};
  // More than 63 bits: a tensor without elements may have such a dimension.
  const int64_t huge[] = {INT64_MAX, 1};
  int64_t dims[4];
  tw_error error;
  EXPECT_EQ(tw_output_shapes(model, fitting, dims, &error), TW_OK) << error.message;
  EXPECT_EQ(tw_output_shapes(model, one, dims, &error), TW_ERROR_RANGE);
  EXPECT_STREQ(error.message, "expects 2 * 'batch' - 'seq' of at most 8, got 9");
  EXPECT_EQ(tw_output_shapes(model, huge, dims, &error), TW_ERROR_RANGE);
  EXPECT_STREQ(error.message, "expects 2 * 'batch' - 'seq' of at most 8, got 9223372036854775807");
}

} // namespace
