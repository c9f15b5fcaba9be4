//===- WeightEvaluatorTest.cpp - weights read and computed ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/WeightEvaluator.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir;
using tilewright::WeightEvaluator;

namespace {

/// A folder with the file w.bin, removed at the end.
class WeightEvaluatorTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("tilewright-weights", folder));
    context.loadDialect<xf::XfDialect>();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  void writeFile(llvm::StringRef bytes) {
    std::error_code error;
    llvm::raw_fd_ostream(std::string(folder) + "/w.bin", error) << bytes;
    ASSERT_FALSE(error);
  }

  template <class T>
  void writeFile(llvm::ArrayRef<T> values) {
    writeFile(
        llvm::StringRef(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
  }

  /// The elements of weight @r of the module; empty after a failure, whose text is in `message`.
  template <class T>
  std::vector<T> evaluate(llvm::StringRef text) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    auto module = parseSourceString<ModuleOp>(text, &context);
    auto weight = module ? module->lookupSymbol<xf::WeightDataOp>("r") : nullptr;
    if (!weight)
      return {};
    std::vector<T> out(WeightEvaluator::sizeOf(cast<RankedTensorType>(weight.getType())) /
                       sizeof(T));
    WeightEvaluator evaluator(*module, folder);
    LogicalResult result =
        evaluator.evaluate(weight, {reinterpret_cast<char *>(out.data()), out.size() * sizeof(T)});
    return succeeded(result) ? out : std::vector<T>();
  }

  llvm::SmallString<128> folder;
  MLIRContext context;
  std::string message;
};

std::vector<float> iota(int n) {
  std::vector<float> values(n);
  for (int i = 0; i < n; ++i)
    values[i] = static_cast<float>(i);
  return values;
}

// 2x3 floats 0..5 as @w, four bytes into the file.
constexpr char Matrix[] = R"(
xf.weight_data @w : tensor<2x3xf32> from #xf.source<"w.bin", 4, 24, raw>
xf.weight_data @r : )";

class MatrixTest : public WeightEvaluatorTest {
protected:
  void SetUp() override {
    WeightEvaluatorTest::SetUp();
    std::vector<float> values = iota(6);
    values.insert(values.begin(), -1.0f);
    writeFile<float>(values);
  }
  template <class T = float>
  std::vector<T> compute(llvm::StringRef type, llvm::StringRef body) {
    return evaluate<T>((Matrix + type + " init {\n %0 = xf.weight @w : tensor<2x3xf32>\n" + body +
                        "\n xf.yield %r : " + type + "\n}")
                           .str());
  }
};

using Floats = std::vector<float>;

TEST_F(MatrixTest, Source) {
  EXPECT_EQ(
      evaluate<float>("xf.weight_data @r : tensor<2x3xf32> from #xf.source<\"w.bin\", 4, 24, raw>"),
      iota(6))
      << message;
}

TEST_F(MatrixTest, TransposeReshapeSlice) {
  EXPECT_EQ(compute("tensor<3x2xf32>",
                    "%r = xf.transpose %0 perm [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>"),
            (Floats{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(compute("tensor<6xf32>",
                    "%t = xf.transpose %0 perm [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>\n"
                    "%r = xf.reshape %t to [6] : tensor<3x2xf32> -> tensor<6xf32>"),
            (Floats{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(
      compute(
          "tensor<2xf32>",
          "%r = tensor.extract_slice %0[0, 1] [2, 1] [1, 1] : tensor<2x3xf32> to tensor<2xf32>"),
      (Floats{1, 4}));
  EXPECT_EQ(compute("tensor<1x6xf32>",
                    "%c = tensor.collapse_shape %0 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>\n"
                    "%r = tensor.expand_shape %c [[0, 1]] output_shape [1, 6] : tensor<6xf32> into "
                    "tensor<1x6xf32>"),
            iota(6));
  EXPECT_EQ(message, "");
}

TEST_F(MatrixTest, ConcatBroadcastGather) {
  EXPECT_EQ(compute("tensor<2x6xf32>", "%r = tensor.concat dim(1) %0, %0 : (tensor<2x3xf32>, "
                                       "tensor<2x3xf32>) -> tensor<2x6xf32>"),
            (Floats{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(compute("tensor<2x2x3xf32>",
                    "%r = xf.broadcast %0 to [2, 2, 3] : tensor<2x3xf32> -> tensor<2x2x3xf32>"),
            (Floats{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  // Negative indices count from the end, others are clamped.
  EXPECT_EQ(
      compute("tensor<2x3xf32>",
              "%i = arith.constant dense<[-1, 9, 0]> : tensor<3xi64>\n"
              "%r = xf.gather %0[%i] axis 1 : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<2x3xf32>"),
      (Floats{2, 2, 0, 5, 5, 3}));
  EXPECT_EQ(message, "");
}

TEST_F(MatrixTest, Pack) {
  // Columns in panels of 2, padded: KxN -> PxKxNR.
  EXPECT_EQ(compute("tensor<2x2x2xf32>",
                    "%pad = arith.constant 7.0 : f32\n%e = tensor.empty() : tensor<2x2x2xf32>\n"
                    "%r = linalg.pack %0 padding_value(%pad : f32) outer_dims_perm = [1, 0] "
                    "inner_dims_pos = [1] "
                    "inner_tiles = [2] into %e : tensor<2x3xf32> -> tensor<2x2x2xf32>"),
            (Floats{0, 1, 3, 4, 2, 7, 5, 7}));
  // Of a transposed matrix, with pairs of rows inside: PxK/2xNRx2.
  EXPECT_EQ(compute("tensor<1x2x2x2xf32>",
                    "%pad = arith.constant 0.0 : f32\n%e = tensor.empty() : tensor<1x2x2x2xf32>\n"
                    "%t = xf.transpose %0 perm [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>\n"
                    "%r = linalg.pack %t padding_value(%pad : f32) outer_dims_perm = [1, 0] "
                    "inner_dims_pos = [1, 0] inner_tiles = [2, 2] into %e : tensor<3x2xf32> -> "
                    "tensor<1x2x2x2xf32>"),
            (Floats{0, 1, 3, 4, 2, 0, 5, 0}));
  EXPECT_EQ(message, "");
}

TEST_F(MatrixTest, Arithmetic) {
  EXPECT_EQ(
      compute("tensor<2x3xf32>",
              "%s = arith.constant dense<[1.0, 2.0, 0.5]> : tensor<3xf32>\n"
              "%r = xf.binary mul %0, %s : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>"),
      (Floats{0, 2, 1, 3, 8, 2.5}));
  EXPECT_EQ(compute<int8_t>(
                "tensor<2x3xi8>",
                "%c = arith.constant dense<2.0> : tensor<f32>\n"
                "%a = xf.binary sub %c, %0 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>\n"
                "%r = xf.cast %a : (tensor<2x3xf32>) -> tensor<2x3xi8>"),
            (std::vector<int8_t>{2, 1, 0, -1, -2, -3}));
  EXPECT_EQ(compute<uint8_t>(
                "tensor<2x3xi1>",
                "%c = arith.constant dense<2.0> : tensor<f32>\n"
                "%r = xf.compare lt %0, %c : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xi1>"),
            (std::vector<uint8_t>{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(compute("tensor<2x3xf32>",
                    "%m = arith.constant dense<[true, false, true]> : tensor<3xi1>\n"
                    "%z = arith.constant dense<-1.0> : tensor<f32>\n"
                    "%r = xf.select %m, %0, %z : (tensor<3xi1>, tensor<2x3xf32>, tensor<f32>) -> "
                    "tensor<2x3xf32>"),
            (Floats{0, -1, 2, 3, -1, 5}));
  EXPECT_EQ(
      compute("tensor<2x3xf32>", "%r = xf.unary neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>"),
      (Floats{-0.0f, -1, -2, -3, -4, -5}));
  EXPECT_EQ(message, "");
}

TEST_F(MatrixTest, LayersAndChains) {
  // A stack of two layers, of which the second is taken: initialisers that read initialisers.
  EXPECT_EQ(evaluate<float>(R"(
xf.weight_data @w : tensor<2x3xf32> from #xf.source<"w.bin", 4, 24, raw>
xf.weight_data @stack : tensor<2x2x3xf32> init {
  %0 = xf.weight @w : tensor<2x3xf32>
  %n = xf.unary neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %a = xf.reshape %0 to [1, 2, 3] : tensor<2x3xf32> -> tensor<1x2x3xf32>
  %b = xf.reshape %n to [1, 2, 3] : tensor<2x3xf32> -> tensor<1x2x3xf32>
  %s = tensor.concat dim(0) %a, %b : (tensor<1x2x3xf32>, tensor<1x2x3xf32>) -> tensor<2x2x3xf32>
  xf.yield %s : tensor<2x2x3xf32>
}
xf.weight_data @r : tensor<3x2xf32> init {
  %c1 = arith.constant 1 : index
  %0 = xf.weight @stack[%c1] : tensor<2x3xf32>
  %1 = xf.transpose %0 perm [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  xf.yield %1 : tensor<3x2xf32>
})"),
            (Floats{-0.0f, -3, -1, -4, -2, -5}))
      << message;
}

TEST_F(WeightEvaluatorTest, HalfPrecisionRoundsOnce) {
  // 1 + 2^-8 + 2^-30 is above the middle of two bf16; rounding to f32 first would land on it.
  std::vector<double> values{1 + 0x1p-8 + 0x1p-30, 1 + 0x1p-8, 1 + 3 * 0x1p-8, -2.5};
  writeFile<double>(values);
  auto text = [](llvm::StringRef type) {
    return ("xf.weight_data @w : tensor<4xf64> from #xf.source<\"w.bin\", 0, 32, "
            "raw>\nxf.weight_data @r : tensor<4x" +
            type +
            "> init {\n%0 = xf.weight @w : tensor<4xf64>\n%1 = xf.cast %0 : (tensor<4xf64>) -> "
            "tensor<4x" +
            type + ">\nxf.yield %1 : tensor<4x" + type + ">\n}")
        .str();
  };
  EXPECT_EQ(evaluate<uint16_t>(text("bf16")),
            (std::vector<uint16_t>{0x3f81, 0x3f80, 0x3f82, 0xc020}))
      << message;
  EXPECT_EQ(evaluate<uint16_t>(text("f16")),
            (std::vector<uint16_t>{0x3c04, 0x3c04, 0x3c0c, 0xc100}))
      << message;
}

TEST_F(WeightEvaluatorTest, Varints) {
  // 1, 300, and -2 as ten bytes.
  writeFile(llvm::StringRef("\x01\xac\x02\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13));
  EXPECT_EQ(evaluate<int32_t>(
                "xf.weight_data @r : tensor<3xi32> from #xf.source<\"w.bin\", 0, 13, varint>"),
            (std::vector<int32_t>{1, 300, -2}))
      << message;
  EXPECT_TRUE(evaluate<int32_t>(
                  "xf.weight_data @r : tensor<4xi32> from #xf.source<\"w.bin\", 0, 13, varint>")
                  .empty());
  EXPECT_EQ(message, "expects 4 variable-length integers for weight @r at offset 0 of 'w.bin'");
}

TEST_F(WeightEvaluatorTest, TruncatedFile) {
  writeFile("12345678");
  EXPECT_TRUE(
      evaluate<float>("xf.weight_data @r : tensor<2xf32> from #xf.source<\"w.bin\", 4, 8, raw>")
          .empty());
  EXPECT_NE(message.find("expects 8 bytes of weight @r at offset 4 of '"), std::string::npos)
      << message;
  EXPECT_NE(message.find("w.bin', which has 8 bytes"), std::string::npos) << message;
}

TEST_F(WeightEvaluatorTest, MissingFile) {
  EXPECT_TRUE(
      evaluate<float>("xf.weight_data @r : tensor<2xf32> from #xf.source<\"none.bin\", 4, 8, raw>")
          .empty());
  EXPECT_NE(message.find("none.bin' with weight @r at offset 4: No such file or directory"),
            std::string::npos)
      << message;
}

TEST_F(WeightEvaluatorTest, Cycle) {
  evaluate<float>(R"(
xf.weight_data @r : tensor<2xf32> init {
  %0 = xf.weight @r : tensor<2xf32>
  %1 = xf.unary neg %0 : (tensor<2xf32>) -> tensor<2xf32>
  xf.yield %1 : tensor<2xf32>
})");
  EXPECT_EQ(message, "weight @r is computed from itself");
}

TEST_F(MatrixTest, UnsupportedOperation) {
  compute("tensor<2x3xf32>", "%r = xf.softmax %0 axis 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>");
  EXPECT_EQ(message, "a weight's initialiser cannot contain xf.softmax");
}

// Sizes that no block divides, against the definition.
TEST_F(WeightEvaluatorTest, LargeTranspose) {
  constexpr int rows = 103, columns = 75;
  writeFile<float>(iota(rows * columns));
  std::vector<float> result = evaluate<float>(R"(
xf.weight_data @w : tensor<103x75xf32> from #xf.source<"w.bin", 0, 30900, raw>
xf.weight_data @r : tensor<75x103xf32> init {
  %0 = xf.weight @w : tensor<103x75xf32>
  %1 = xf.transpose %0 perm [1, 0] : (tensor<103x75xf32>) -> tensor<75x103xf32>
  xf.yield %1 : tensor<75x103xf32>
})");
  ASSERT_EQ(result.size(), size_t(rows * columns)) << message;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      ASSERT_EQ(result[c * rows + r], r * columns + c);
}

} // namespace
