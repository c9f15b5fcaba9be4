//===- FaultsTest.cpp - every kind of fault is found, and nothing else -------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Harness.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr StringLiteral Shared = ".shared .align 16 .b8 s[1024];";

/// Each thread's 4 bytes: %d1 in the buffer, %r1 in shared memory, %r2 its neighbour's.
constexpr StringLiteral Places = R"(
  mul.wide.u32 %d1, %r0, 4;
  add.s64 %d1, %d0, %d1;
  mov.u32 %r3, s;
  shl.b32 %r1, %r0, 2;
  add.s32 %r1, %r1, %r3;
  xor.b32 %r2, %r0, 32;
  shl.b32 %r2, %r2, 2;
  add.s32 %r2, %r2, %r3;
)";

struct Case {
  const char *name;
  const char *kinds; // "": no fault
  const char *body;
  Dim3 block = {64, 1, 1};
  Dim3 grid = {1, 1, 1};
};

const Case Cases[] = {
    // Memory
    {"global memory behind its end", "out-of-bounds", "ld.global.b32 %r4, [%d0+4096];"},
    {"global memory before its begin", "out-of-bounds", "st.global.b32 [%d0+-4], %r0;"},
    {"the last word", "", "ld.global.b32 %r4, [%d0+4092];"},
    {"a vector over the end", "out-of-bounds", "ld.global.v4.b32 {%r4,%r5,%r6,%r7}, [%d0+4096];"},
    {"a null pointer", "out-of-bounds", "mov.b64 %d2, 0; ld.global.b32 %r4, [%d2];"},
    {"a shared address taken as global", "out-of-bounds",
     "cvt.u64.u32 %d2, %r1; ld.global.b32 %r4, [%d2];"},
    {"shared memory behind its end", "out-of-bounds", "st.shared.b32 [%r3+2048], %r0;"},
    {"misaligned", "misaligned", "ld.global.b32 %r4, [%d0+2];"},
    {"a misaligned vector", "misaligned", "ld.global.v2.b32 {%r4, %r5}, [%d0+4];"},
    {"write to constant memory", "out-of-bounds", "mov.b64 %d2, c; st.global.b32 [%d2], %r0;"},
    {"constant memory", "", "ld.const.b32 %r4, [c+4]; st.global.b32 [%d1], %r4;"},
    {"shared memory that nothing wrote", "uninitialised-memory", "ld.shared.b32 %r4, [%r1];"},
    {"half of a word that nothing wrote", "uninitialised-memory",
     "cvt.u16.u32 %h0, %r0; st.shared.b16 [%r1], %h0; ld.shared.b32 %r4, [%r1];"},
    {"own shared memory", "", "st.shared.b32 [%r1], %r0; ld.shared.b32 %r4, [%r1];"},
    {"generic address of shared memory", "",
     "cvt.u64.u32 %d2, %r1; cvta.shared.u64 %d2, %d2; st.b32 [%d2], %r0; ld.shared.b32 %r4, "
     "[%r1];"},
    {"local memory that nothing wrote", "uninitialised-memory",
     ".local .b32 l[2]; ld.local.b32 %r4, [l];"},
    {"local memory", "", ".local .b32 l[2]; st.local.b32 [l+4], %r0; ld.local.b32 %r4, [l+4];"},
    {"local memory behind its end", "out-of-bounds", ".local .b32 l[2]; ld.local.b32 %r4, [l+8];"},
    {"parameters behind their end", "out-of-bounds", "ld.param.b64 %d2, [p+8];"},
    // Registers
    {"an undefined register", "undefined-register", "add.s32 %r4, %r5, 1;"},
    {"undefined in one lane", "undefined-register",
     "setp.ne.s32 %p0, %r0, 7; @%p0 mov.b32 %r5, 1; add.s32 %r4, %r5, 1;"},
    {"an undefined predicate", "undefined-register", "@%p1 mov.b32 %r4, 1;"},
    {"a copy of an undefined register", "", "mov.b32 %r4, %r5;"},
    {"use of such a copy", "undefined-register", "mov.b32 %r4, %r5; st.global.b32 [%d1], %r4;"},
    // Control
    {"division by zero", "arithmetic", "div.u32 %r4, 100, %r0;"},
    {"trap", "trap", "setp.eq.s32 %p0, %r0, 40; @%p0 trap;"},
    {"a loop without end", "limit", "again: bra again;"},
    {"shuffle of a part of a warp", "divergence",
     "setp.lt.s32 %p0, %r0, 40; @%p0 bra x; ret; x: bar.warp.sync 0xff; "
     "shfl.sync.bfly.b32 %r4, %r0, 16, 31, 0xff;"},
    {"shuffle in both branches", "divergence",
     "and.b32 %r4, %r0, 1; setp.eq.s32 %p0, %r4, 0; @%p0 bra x; "
     "shfl.sync.bfly.b32 %r5, %r0, 1, 31, -1; bra y; x: shfl.sync.bfly.b32 %r5, %r0, 1, 31, -1; "
     "y:"},
    {"shuffle within each branch", "",
     "and.b32 %r4, %r0, 1; setp.eq.s32 %p0, %r4, 0; @%p0 bra x; "
     "shfl.sync.bfly.b32 %r5, %r0, 2, 31, 0xaaaaaaaa; bra y; "
     "x: shfl.sync.bfly.b32 %r5, %r0, 2, 31, 0x55555555; y:"},
    {"barrier in both branches", "divergence",
     "and.b32 %r4, %r0, 1; setp.eq.s32 %p0, %r4, 0; @%p0 bra x; bar.sync 0; bra y; x: bar.sync 0; "
     "y:"},
    {"barrier of half a warp", "partial-barrier", "setp.lt.s32 %p0, %r0, 16; @%p0 bar.sync 0;"},
    {"barrier of one warp", "partial-barrier", "setp.lt.s32 %p0, %r0, 32; @%p0 bar.sync 0;"},
    {"barrier of warps that chose alike", "",
     "setp.lt.s32 %p0, %r0, 32; @%p0 bra x; bar.sync 0; bra y; x: bar.sync 0; y:"},
    {"two barriers crosswise", "deadlock",
     "setp.lt.s32 %p0, %r0, 32; @%p0 bra x; bar.sync 1; bar.sync 0; bra y; x: bar.sync 0; bar.sync "
     "1; y:"},
    {"a barrier of 33 threads", "partial-barrier", "bar.sync 0, 33;"},
    {"lanes that end early",
     "",
     "setp.ge.s32 %p0, %r0, 8; @%p0 ret; shfl.sync.bfly.b32 %r4, %r0, 1, 31, 0xff;",
     {32, 1, 1}},
    // Races
    {"exchange through shared memory without a barrier", "data-race uninitialised-memory",
     "st.shared.b32 [%r1], %r0; ld.shared.b32 %r4, [%r2];"},
    {"with a barrier", "", "st.shared.b32 [%r1], %r0; bar.sync 0; ld.shared.b32 %r4, [%r2];"},
    {"overwritten before it is read", "data-race",
     "st.shared.b32 [%r1], %r0; bar.sync 0; ld.shared.b32 %r4, [%r2]; st.shared.b32 [%r1], %r4;"},
    {"all write one word", "data-race", "st.shared.b32 [s], 7;"},
    {"neighbouring bytes", "",
     "cvt.u16.u32 %h0, %r0; add.s32 %r4, %r3, %r0; st.shared.b8 [%r4], %h0; bar.sync 0; "
     "ld.shared.b8 %h1, [%r4];"},
    {"overlapping halves", "data-race",
     "cvt.u16.u32 %h0, %r0; and.b32 %r4, %r0, 62; add.s32 %r4, %r3, %r4; st.shared.b16 [%r4], "
     "%h0;"},
    {"lanes of a warp without bar.warp.sync", "data-race",
     "xor.b32 %r5, %r1, 4; st.shared.b32 [%r1], %r0; ld.shared.b32 %r4, [%r5];"},
    {"lanes of a warp with it", "",
     "xor.b32 %r5, %r1, 4; st.shared.b32 [%r1], %r0; bar.warp.sync -1; ld.shared.b32 %r4, [%r5];"},
    {"bar.warp.sync orders no other warp", "data-race uninitialised-memory",
     "st.shared.b32 [%r1], %r0; bar.warp.sync -1; ld.shared.b32 %r4, [%r2];"},
    {"a named barrier of both warps", "",
     "st.shared.b32 [%r1], %r0; bar.sync 3, 64; ld.shared.b32 %r4, [%r2];"},
    {"a named barrier of other warps",
     "data-race",
     "setp.ge.s32 %p0, %r0, 64; st.shared.b32 [%r1], %r0; @%p0 bar.sync 1, 64; @!%p0 bar.sync 2, "
     "64; "
     "xor.b32 %r2, %r1, 256; bar.warp.sync -1; ld.shared.b32 %r4, [%r2];",
     {128, 1, 1}},
    {"arrive and wait", "",
     "setp.lt.s32 %p0, %r0, 32; @%p0 bra x; st.shared.b32 [%r1], %r0; bar.arrive 1, 64; bra y; "
     "x: bar.sync 1, 64; ld.shared.b32 %r4, [%r2]; y:"},
    {"atomics", "", "atom.shared.add.u32 %r4, [z], 1;"},
    {"an atomic and a plain read", "data-race",
     "red.global.add.u32 [%d0], 1; ld.global.b32 %r4, [%d0];"},
    {"blocks that write one word", "data-race", "st.global.b32 [%d0], 1;", {1, 1, 1}, {2, 1, 1}},
    {"blocks that read one word", "", "ld.global.b32 %r4, [%d0];", {1, 1, 1}, {2, 1, 1}},
    {"the last block reads what others published",
     "",
     "mov.u32 %r4, %ctaid.x; mul.wide.u32 %d1, %r4, 4; add.s64 %d1, %d0, %d1; "
     "st.global.b32 [%d1], %r4; membar.gl; atom.global.add.u32 %r5, [%d0+64], 1; "
     "setp.ne.s32 %p0, %r5, 19; @%p0 ret; membar.gl; ld.global.v4.b32 {%r4,%r5,%r6,%r7}, [%d0];",
     {1, 1, 1},
     {4, 1, 1}},
    {"the same without a fence",
     "data-race",
     "mov.u32 %r4, %ctaid.x; mul.wide.u32 %d1, %r4, 4; add.s64 %d1, %d0, %d1; "
     "st.global.b32 [%d1], %r4; atom.global.add.u32 %r5, [%d0+64], 1; "
     "setp.ne.s32 %p0, %r5, 19; @%p0 ret; membar.gl; ld.global.v4.b32 {%r4,%r5,%r6,%r7}, [%d0];",
     {1, 1, 1},
     {4, 1, 1}},
    {"blocks that add to one word", "", "red.global.add.u32 [%d0], 1;", {64, 1, 1}, {8, 1, 1}},
};

TEST(PtxFaults, EveryKindIsFound) {
  for (const Case &c : Cases)
    for (uint64_t seed : {0, 1, 2}) {
      std::string module =
          (Shared + ".shared .align 4 .b8 z[4];\n.const .b32 c[4] = {1, 2, 3, 4};").str();
      std::string body = c.body;
      if (StringRef(c.name) == "atomics")
        body = "setp.eq.s32 %p0, %r0, 0; @%p0 st.shared.b32 [z], 0; bar.sync 0; " + body;
      Outcome outcome = runKernel((Places + body).str(), c.block, c.grid, 1024, module, seed);
      // What is read too early has been written by nobody, if it is the reader's turn first.
      std::string kinds = outcome.kinds();
      bool fine = StringRef(c.kinds).contains(kinds) && kinds.empty() == StringRef(c.kinds).empty();
      EXPECT_TRUE(fine) << c.name << ", seed " << seed << ": expects '" << c.kinds << "', got\n"
                        << outcome.messages();
    }
}

TEST(PtxFaults, RacesNameBothSides) {
  Outcome outcome =
      runKernel((Places + "st.shared.b32 [%r1], %r0;\nbar.sync 0;\nld.shared.b32 %r4, [%r2];\n"
                          "st.shared.b32 [%r1], %r4;")
                    .str(),
                {64, 1, 1}, {1, 1, 1}, 1024, Shared);
  // The second warp reads what the first has overwritten, and overwrites what the first has read.
  ASSERT_EQ(outcome.report.faults.size(), 2u);
  const Fault &fault = outcome.report.faults[0];
  EXPECT_EQ(fault.kind, FaultKind::Race);
  EXPECT_EQ(fault.message.rfind("data race on shared memory s+0: ", 0), 0u) << fault.message;
  for (const char *part :
       {"read by thread (32,0,0)", "written by thread (0,0,0) of the same block",
        "ld.shared.b32 %r4, [%r2]", "st.shared.b32 [%r1], %r4", "no barrier between"})
    EXPECT_NE(fault.message.find(part), std::string::npos) << part << ": " << fault.message;
}

/// 16 bytes per thread go through shared memory.
std::string copyThrough(StringRef between) {
  return ("shl.b32 %r1, %r0, 4; add.s32 %r1, %r1, s; mul.wide.u32 %d1, %r0, 16; "
          "add.s64 %d1, %d0, %d1; xor.b32 %r2, %r1, 512;\n" +
          between)
      .str();
}

TEST(PtxFaults, CopiesLandAtTheirWait) {
  auto kinds = [](StringRef between) {
    std::string body = copyThrough(between);
    size_t at = body.find("add.s32 %r1, %r1, s;");
    body.replace(at, 20, "mov.u32 %r3, s; add.s32 %r1, %r1, %r3;");
    return runKernel(body, {64, 1, 1}, {1, 1, 1}, 1024, Shared).kinds();
  };
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.commit_group; "
                  "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r4, [%r2];"),
            "");
  EXPECT_EQ(kinds("cp.async.ca.shared.global [%r1], [%d1], 4; cp.async.wait_all; bar.sync 0; "
                  "ld.shared.b32 %r4, [%r2];"),
            "");
  // no wait; no commit; a wait that leaves one group
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.commit_group; bar.sync 0; "
                  "ld.shared.b32 %r4, [%r2];"),
            "uninitialised-memory");
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.wait_group 0; bar.sync 0; "
                  "ld.shared.b32 %r4, [%r2];"),
            "uninitialised-memory");
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.commit_group; "
                  "cp.async.wait_group 1; bar.sync 0; ld.shared.b32 %r4, [%r2];"),
            "uninitialised-memory");
  // the wait stands behind the barrier
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.commit_group; bar.sync 0; "
                  "cp.async.wait_group 0; ld.shared.b32 %r4, [%r2];"),
            "uninitialised-memory");
  // a copy into what others have read, and are about to
  EXPECT_EQ(kinds("st.shared.b32 [%r1], %r0; bar.sync 0; ld.shared.b32 %r4, [%r2]; "
                  "cp.async.cg.shared.global [%r1], [%d1], 16; cp.async.commit_group; bar.sync 0; "
                  "cp.async.wait_group 0;"),
            "uninitialised-memory data-race");
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1+8], [%d1], 16;"), "misaligned");
  EXPECT_EQ(kinds("cp.async.cg.shared.global [%r1], [%d1+4000], 16;"), "out-of-bounds");
}

} // namespace
