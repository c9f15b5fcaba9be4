//===- ParserTest.cpp - PTX text ---------------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Program.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr StringLiteral Head = ".version 7.0\n.target sm_80\n.address_size 64\n";

std::string mistake(const Twine &text) {
  Expected<Module> module = parseModule((Head + text).str(), "k.ptx");
  return module ? "" : toString(module.takeError());
}

/// The mistake in one instruction of a kernel with some registers.
std::string mistakeIn(StringRef instruction) {
  std::string text = (Head +
                      ".entry k(.param .u64 a) {\n.reg .pred p, q;\n.reg .b16 h<9>;\n"
                      ".reg .b32 r<9>;\n.reg .b64 d<9>;\n" +
                      instruction + "\n}\n")
                         .str();
  Expected<Module> module = parseModule(text, "k.ptx");
  if (!module)
    return toString(module.takeError());
  Expected<Program> program = decodeProgram(*module, "k", {});
  return program ? "" : toString(program.takeError());
}

TEST(PtxParser, MistakesNameTheirLine) {
  EXPECT_EQ(mistake(".entry k() {\n  add.s32 %r1 %r2;\n}"), "k.ptx:5: expects ',', got '%r2'");
  EXPECT_EQ(mistake(".entry k() {\n  ret"), "k.ptx:5: expects an operand, got the end of the file");
  EXPECT_EQ(mistake(".reg .b32 x;"), "k.ptx:4: expects a directive, got '.reg'");
  EXPECT_EQ(mistake(".entry k() {}\n.entry k() {}"),
            "k.ptx:5: 'k' is defined twice, before in line 4");
  EXPECT_EQ(mistake(".entry k() {\na:\na:\n}"), "k.ptx:7: label 'a' stands twice");
  EXPECT_EQ(mistake(".shared .b7 x[3];"), "k.ptx:4: expects a type, got '.b7'");
  EXPECT_NE(mistake("}").find("k.ptx:4"), std::string::npos);
  Expected<Module> empty = parseModule("hello", "k.ptx");
  ASSERT_FALSE(bool(empty));
  EXPECT_EQ(toString(empty.takeError()), "k.ptx:1: expects a directive, got 'hello'");
}

TEST(PtxParser, OperandsAreChecked) {
  EXPECT_EQ(mistakeIn("add.s32 r1, r2, d1;"),
            "k.ptx:9: register 'd1' has 64 bits, the instruction takes 32: add.s32 r1, r2, d1");
  EXPECT_EQ(mistakeIn("add.s32 r1, r2;"), "k.ptx:9: expects more operands: add.s32 r1, r2");
  EXPECT_EQ(mistakeIn("add.s32 r1, r2, 1, 2;"),
            "k.ptx:9: expects fewer operands: add.s32 r1, r2, 1, 2");
  EXPECT_EQ(mistakeIn("add.sat.u32 r1, r2, r3;"),
            "k.ptx:9: 'add.u32' does not take .sat: add.sat.u32 r1, r2, r3");
  EXPECT_EQ(mistakeIn("add.s32 1, r2, r3;"),
            "k.ptx:9: expects a register as the result: add.s32 1, r2, r3");
  EXPECT_EQ(mistakeIn("bra nowhere;"),
            "k.ptx:9: label 'nowhere' stands nowhere in 'k': bra nowhere");
  EXPECT_EQ(mistakeIn("mov.u32 r1, %nosuch;"),
            "k.ptx:9: register '%nosuch' is neither declared nor known: mov.u32 r1, %nosuch");
  EXPECT_EQ(mistakeIn("ld.global.f32 r1, r2;"),
            "k.ptx:9: expects an address in brackets: ld.global.f32 r1, r2");
  EXPECT_EQ(mistakeIn("@r1 bra x;"), "k.ptx:9: expects a predicate after '@', got 'r1'");
  EXPECT_EQ(mistakeIn("cvt.f32.s32 r1, r2;"),
            "k.ptx:9: expects a rounding mode: cvt.f32.s32 r1, r2");
  EXPECT_EQ(mistakeIn("wgmma.fence.sync.aligned;"),
            "k.ptx:9: instruction 'wgmma.fence.sync.aligned' is not known to the simulator: "
            "wgmma.fence.sync.aligned");
  EXPECT_EQ(mistakeIn("call f, (r1);"), "k.ptx:9: function 'f' is declared nowhere: call f, (r1)");
}

TEST(PtxParser, CommentsAndDebugLinesCount) {
  Expected<Module> module = parseModule(
      (Head + "/* two\nlines */ .global .align 16 .b8 table[8] = {1, 2, 0xff};\n"
              ".extern .shared .align 16 .b8 dynamic[];\n"
              ".func (.param .b32 out) f(.param .b64 x);\n"
              ".visible .entry k(.param .u64 .ptr .global .align 16 a, .param .align 8 .b8 s[12])\n"
              ".maxntid 128, 2\n{\n.reg .b32 %r<3>;\n.loc 1 2 3\n"
              "@!%p0 mov.b32 %r1, -5; // why\n}\n")
          .str(),
      "k.ptx");
  // %p0 is not declared
  ASSERT_FALSE(bool(module));
  EXPECT_EQ(toString(module.takeError()), "k.ptx:13: expects a predicate after '@', got '%p0'");
}

TEST(PtxParser, VariablesHaveSizeAlignmentAndValues) {
  Expected<Module> module = parseModule(
      (Head + ".global .align 16 .b8 table[8] = {1, 2, 0xff};\n"
              ".const .f32 half = 0f3F000000;\n"
              ".visible .entry k(.param .u64 .ptr .global .align 16 a, .param .align 8 .b8 s[12])\n"
              ".maxntid 128, 2\n.reqntid 64\n{\nret;\n}\n")
          .str(),
      "k.ptx");
  ASSERT_TRUE(bool(module)) << toString(module.takeError());
  const Variable &table = module->variables[0];
  EXPECT_EQ(table.bytes, 8u);
  EXPECT_EQ(table.align, 16u);
  EXPECT_EQ(table.initialiser, (std::vector<uint8_t>{1, 2, 0xff}));
  EXPECT_EQ(module->variables[1].initialiser, (std::vector<uint8_t>{0, 0, 0, 0x3f}));
  const Function &k = *module->find("k");
  EXPECT_EQ(k.parameters[0].align, 8u);
  EXPECT_EQ(k.parameters[1].bytes, 12u);
  EXPECT_EQ(k.parameters[1].align, 8u);
  EXPECT_EQ(k.maximumThreads, (std::array<uint32_t, 3>{128, 2, 1}));
  EXPECT_EQ(k.requiredThreads, (std::array<uint32_t, 3>{64, 1, 1}));
}

} // namespace
