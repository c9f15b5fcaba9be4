//===- OptionsTest.cpp - command lines -------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Support/Options.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace tilewright;

namespace {

struct Command {
  std::string file, output = "a.so", kind = "fast";
  std::vector<std::string> dims;
  int64_t threads = 0;
  double rtol = 1;
  bool verbose = false;

  std::string parse(std::vector<const char *> words) {
    Options options("tool", "Does things.");
    options.argument("FILE", file);
    options.text("o", "OUT", output, "output");
    options.list("dim", "NAME=N", dims, "a size");
    options.choice("kind", {"fast", "slow"}, kind, "how");
    options.integer("threads", "N", threads, "first line\nsecond line");
    options.real("rtol", "R", rtol, "tolerance");
    options.flag("verbose", verbose, "say more");
    llvm::raw_string_ostream out(help);
    options.printHelp(out);
    llvm::Error error = options.parse(words);
    return llvm::toString(std::move(error));
  }
  std::string help;
};

TEST(Options, ValuesInBothSpellings) {
  Command c;
  EXPECT_EQ(c.parse({"x.onnx", "-o", "y.so", "--dim=a=1", "--dim", "b=2..3", "--threads", "-1",
                     "--rtol=1e-3", "--verbose"}),
            "");
  EXPECT_EQ(c.file, "x.onnx");
  EXPECT_EQ(c.output, "y.so");
  EXPECT_EQ(c.dims, (std::vector<std::string>{"a=1", "b=2..3"}));
  EXPECT_EQ(c.threads, -1);
  EXPECT_EQ(c.rtol, 1e-3);
  EXPECT_TRUE(c.verbose);
  EXPECT_EQ(c.kind, "fast");
}

TEST(Options, DashesAreFilesAfterTwoOfThem) {
  Command c;
  EXPECT_EQ(c.parse({"--", "--odd"}), "");
  EXPECT_EQ(c.file, "--odd");
}

TEST(Options, Mistakes) {
  Command c;
  EXPECT_EQ(c.parse({}), "expects FILE; see --help");
  EXPECT_EQ(c.parse({"x", "y"}), "expects at most 1 file, got 'y'");
  EXPECT_EQ(c.parse({"x", "--verbos"}), "unknown option '--verbos', did you mean '--verbose'?");
  EXPECT_EQ(c.parse({"x", "--quiet"}), "unknown option '--quiet'; see --help");
  EXPECT_EQ(c.parse({"x", "--threads"}), "option '--threads' expects an integer");
  EXPECT_EQ(c.parse({"x", "--threads=two"}), "option '--threads' expects an integer, got 'two'");
  EXPECT_EQ(c.parse({"x", "--rtol=low"}), "option '--rtol' expects a number, got 'low'");
  EXPECT_EQ(c.parse({"x", "--kind=medium"}), "option '--kind' expects fast|slow, got 'medium'");
  EXPECT_EQ(c.parse({"x", "--verbose=1"}), "option '--verbose' takes no value");
}

TEST(Options, Help) {
  Command c;
  c.parse({"x"});
  EXPECT_TRUE(llvm::StringRef(c.help).starts_with("Does things.\n\nusage: tool FILE [options]\n\n"
                                                  "  -o OUT                          output\n"))
      << c.help;
  EXPECT_TRUE(llvm::StringRef(c.help).contains("  --threads N                     first line\n"
                                               "                                  second line\n"))
      << c.help;
}

} // namespace
