//===- WeightsTest.cpp - weights in a file ----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include "lib/Runtime/WeightFile.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace {

using fake::Request;

class Weights : public testing::Test {
protected:
  Weights() : path(testing::TempDir() + "tilewright-weights-" + std::to_string(getpid())) {
    memcpy(header.magic, TW_WEIGHT_FILE_MAGIC, sizeof header.magic);
    header.version = TW_WEIGHT_FILE_VERSION;
    header.size = sizeof fake::weights;
    header.checksum = tw_weight_checksum(fake::weights, sizeof fake::weights);
  }
  ~Weights() override { std::filesystem::remove(path); }

  void write(float first = fake::weights[0], size_t missing = 0) {
    std::vector<char> bytes(TW_WEIGHT_FILE_DATA + sizeof fake::weights);
    memcpy(bytes.data(), &header, sizeof header);
    memcpy(bytes.data() + TW_WEIGHT_FILE_DATA, fake::weights, sizeof fake::weights);
    memcpy(bytes.data() + TW_WEIGHT_FILE_DATA, &first, sizeof first);
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size() - missing));
  }

  tw_status create(const tw_options &options) {
    tw_destroy(instance);
    instance = nullptr;
    return tw_create(model, &options, &instance, &error);
  }

  void expectFailure(const std::string &message) {
    EXPECT_EQ(create(options), TW_ERROR_WEIGHTS);
    EXPECT_EQ(error.message, message);
  }

  void TearDown() override { tw_destroy(instance); }

  std::string path;
  tw_weight_header header = {};
  fake::Model model{0, "fake.weights", 8};
  tw_options options = {.threads = 1, .weights_file = path.c_str()};
  tw_instance *instance = nullptr;
  tw_error error = {};
};

TEST_F(Weights, AreMappedFromAFile) {
  write();
  ASSERT_EQ(create(options), TW_OK) << error.message;
  Request request(2, 3);
  ASSERT_EQ(request.run(instance), TW_OK);
  EXPECT_EQ(request.mismatches(), 0);
}

TEST_F(Weights, AreTakenFromTheCaller) {
  options.weights = fake::weights;
  options.weights_size = sizeof fake::weights;
  ASSERT_EQ(create(options), TW_OK) << error.message;
  Request request(2, 3);
  ASSERT_EQ(request.run(instance), TW_OK);
  EXPECT_EQ(request.mismatches(), 0);
  options.weights_size = 3;
  expectFailure("expects 64 bytes of weights, got 3");
  options.weights_size = 64;
  options.weights = fake::weights + 1;
  EXPECT_EQ(create(options), TW_ERROR_ALIGNMENT);
}

TEST_F(Weights, AreLookedForBesideTheArtefact) {
  options.weights_file = nullptr;
  EXPECT_EQ(create(options), TW_ERROR_WEIGHTS);
  EXPECT_TRUE(std::string(error.message).ends_with("/fake.weights': No such file or directory"))
      << error.message;
}

TEST_F(Weights, WrongFiles) {
  expectFailure("weight file '" + path + "': No such file or directory");
  write(0, TW_WEIGHT_FILE_DATA);
  expectFailure("weight file '" + path + "': expects 4160 bytes, got 64");
  write(100, 1);
  expectFailure("weight file '" + path + "': expects 4160 bytes, got 4159");
  header.checksum ^= 1;
  write();
  expectFailure("weight file '" + path +
                "': belongs to another model or another compilation of 'fake'");
  header.version = 9;
  write();
  expectFailure("weight file '" + path + "': expects format 1, got 9");
  header.magic[0] = 'X';
  write();
  expectFailure("weight file '" + path + "': expects a weight file of Tilewright");
}

TEST_F(Weights, DamageIsFoundOnRequest) {
  write(101);
  EXPECT_EQ(create(options), TW_OK);
  options.verify_weights = 1;
  expectFailure("weights of 'fake' are damaged: their checksum differs");
  write();
  EXPECT_EQ(create(options), TW_OK);
}

TEST(WeightChecksum, DependsOnEveryByteAndTheSize) {
  std::vector<unsigned char> bytes(100);
  for (size_t size : {0, 1, 31, 32, 33, 100}) {
    uint64_t sum = tw_weight_checksum(bytes.data(), size);
    EXPECT_NE(sum, tw_weight_checksum(bytes.data(), size + 1 - 2 * (size == 100)));
    for (size_t i = 0; i < size; ++i) {
      bytes[i] ^= 0x80;
      EXPECT_NE(sum, tw_weight_checksum(bytes.data(), size)) << i << " of " << size;
      bytes[i] ^= 0x80;
    }
  }
}

} // namespace
