//===- WarpTest.cpp - instructions across lanes, blocks and functions --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Harness.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

Lanes counting(uint64_t factor = 1) {
  Lanes lanes(32);
  for (unsigned lane = 0; lane < 32; ++lane)
    lanes[lane] = lane * factor;
  return lanes;
}

TEST(PtxWarp, ShufflesMoveBetweenLanes) {
  struct {
    const char *instruction;
    unsigned (*source)(unsigned lane);
    bool (*isInside)(unsigned lane);
  } cases[] = {
      {"shfl.sync.bfly.b32 %d0|%d1, %a, 5, 31, -1", [](unsigned l) { return l ^ 5; },
       [](unsigned) { return true; }},
      {"shfl.sync.up.b32 %d0|%d1, %a, 3, 0, -1", [](unsigned l) { return l < 3 ? l : l - 3; },
       [](unsigned l) { return l >= 3; }},
      {"shfl.sync.down.b32 %d0|%d1, %a, 3, 31, -1", [](unsigned l) { return l > 28 ? l : l + 3; },
       [](unsigned l) { return l <= 28; }},
      {"shfl.sync.idx.b32 %d0|%d1, %a, 7, 31, -1", [](unsigned) { return 7u; },
       [](unsigned) { return true; }},
      // segments of 8 lanes: c = (32 - 8) << 8 | 7, of up 0
      {"shfl.sync.idx.b32 %d0|%d1, %a, 2, 0x181f, -1", [](unsigned l) { return (l & 24) + 2; },
       [](unsigned) { return true; }},
      {"shfl.sync.down.b32 %d0|%d1, %a, 1, 0x181f, -1",
       [](unsigned l) { return l % 8 == 7 ? l : l + 1; }, [](unsigned l) { return l % 8 != 7; }},
      {"shfl.sync.up.b32 %d0|%d1, %a, 1, 0x1800, -1", [](unsigned l) { return l % 8 ? l - 1 : l; },
       [](unsigned l) { return l % 8 != 0; }},
  };
  for (const auto &c : cases) {
    std::vector<Lanes> got = evaluate(c.instruction, {32, 1}, {{32, counting(10)}});
    for (unsigned lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(got[0][lane], c.source(lane) * 10) << c.instruction << " lane " << lane;
      EXPECT_EQ(got[1][lane], c.isInside(lane)) << c.instruction << " lane " << lane;
    }
  }
  EXPECT_EQ(evaluate("shfl.sync.idx.b32 %d0, %a, 3, 31, -1", {32}, {{32, counting()}})[0][9], 3u);
}

TEST(PtxWarp, VotesMatchesAndReductions) {
  Lanes odd(32), pairs(32);
  for (unsigned lane = 0; lane < 32; ++lane) {
    odd[lane] = lane & 1;
    pairs[lane] = lane / 2;
  }
  Input isOdd = {1, odd};
  auto first = [](StringRef text, unsigned bits, std::vector<Input> inputs) {
    return evaluateOne(text, bits, inputs);
  };
  EXPECT_EQ(first("vote.sync.any.pred %d0, %a, -1", 1, {isOdd}), 1u);
  EXPECT_EQ(first("vote.sync.all.pred %d0, %a, -1", 1, {isOdd}), 0u);
  EXPECT_EQ(first("vote.sync.uni.pred %d0, %a, -1", 1, {isOdd}), 0u);
  EXPECT_EQ(first("vote.sync.ballot.b32 %d0, %a, -1", 32, {isOdd}), 0xaaaaaaaau);
  EXPECT_EQ(first("vote.sync.ballot.b32 %d0, !%a, -1", 32, {isOdd}), 0x55555555u);
  EXPECT_EQ(evaluate("match.any.sync.b32 %d0, %a, -1", {32}, {{32, pairs}})[0][5], 0x30u);
}

TEST(PtxWarp, ReductionsOfAWarp) {
  auto reduce = [](StringRef op, Lanes lanes) {
    return evaluateOne(("redux.sync." + op + " %d0, %a, -1").str(), 32, {{32, lanes}});
  };
  EXPECT_EQ(reduce("add.s32", counting()), 496u);
  EXPECT_EQ(reduce("max.u32", counting(3)), 93u);
  EXPECT_EQ(reduce("min.s32", {5, uint32_t(-7), 3, 9}), uint32_t(-7));
  EXPECT_EQ(reduce("and.b32", {6, 3}), 2u);
  EXPECT_EQ(reduce("or.b32", {6, 1}), 7u);
  EXPECT_EQ(reduce("xor.b32", {6, 3}), 0u);
}

/// The words of the buffer, 0, 1, 2 ..., after a kernel of one warp; %d1 is the thread's word.
std::vector<uint32_t> wordsAfter(StringRef body, StringRef module = "") {
  Outcome outcome = runKernel(("mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d0, %d1;\n" + body).str(),
                              {32, 1, 1}, {1, 1, 1}, 64, module);
  EXPECT_EQ(outcome.messages(), "") << body.str();
  return outcome.words;
}

TEST(PtxWarp, AtomicsReturnTheOldValue) {
  struct {
    const char *operation;
    uint32_t after;
  } cases[] = {
      {"atom.global.add.u32 %r5, [%d0], 2;", 64},
      {"atom.global.max.s32 %r5, [%d0], %r0;", 31},
      {"atom.global.or.b32 %r5, [%d0], 5;", 5},
      {"atom.global.xor.b32 %r5, [%d0], 5;", 0},
      {"atom.global.inc.u32 %r5, [%d0], 6;", 32 % 7},
      {"atom.global.exch.b32 %r5, [%d0], 9;", 9},
      {"atom.global.cas.b32 %r5, [%d0], 0, 8;", 8},
      {"atom.relaxed.gpu.global.add.f32 %r5, [%d0], 0f3F800000;", 0x42000000},
      {"red.global.add.f32 [%d0], 0f3F800000;", 0x42000000},
      {"red.global.add.noftz.f16x2 [%d0], %r6;", 0x50005000},
  };
  for (const auto &c : cases)
    EXPECT_EQ(wordsAfter(std::string("mov.b32 %r6, 0x3c003c00;\n") + c.operation)[0], c.after)
        << c.operation;
  // 32 threads draw 32 different tickets
  std::vector<uint32_t> tickets = wordsAfter(
      "add.s64 %d2, %d1, 128; atom.global.add.u32 %r5, [%d0], 1; st.global.b32 [%d2], %r5;");
  std::sort(tickets.begin() + 32, tickets.end());
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(tickets[32 + i], i);
}

TEST(PtxWarp, LanesThatDivergeMeetAgain) {
  // Each lane loops as often as its number says; then all shuffle together.
  std::vector<uint32_t> words = wordsAfter(R"(
    mov.b32 %r4, 0; mov.b32 %r5, %r0;
  again:
    setp.eq.s32 %p0, %r5, 0;
    @%p0 bra done;
    add.s32 %r4, %r4, %r5; sub.s32 %r5, %r5, 1;
    bra again;
  done:
    shfl.sync.idx.b32 %r6, %r4, 31, 31, -1;
    add.s32 %r4, %r4, %r6;
    st.global.b32 [%d1], %r4;
  )");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(words[i], i * (i + 1) / 2 + 496);
}

TEST(PtxWarp, BranchTables) {
  std::vector<uint32_t> words = wordsAfter(R"(
    and.b32 %r4, %r0, 1;
  table: .branchtargets even, odd;
    brx.idx %r4, table;
  even: mov.b32 %r5, 10; bra.uni join;
  odd: mov.b32 %r5, 20;
  join: st.global.b32 [%d1], %r5;
  )");
  EXPECT_EQ(words[4], 10u);
  EXPECT_EQ(words[7], 20u);
}

TEST(PtxWarp, CallsPassParametersByMemory) {
  constexpr StringLiteral Functions = R"(
    .func (.param .b32 out) square(.param .b32 x);
    .func (.param .b32 out) sumOfSquares(.param .b32 x, .param .b64 y) {
      .reg .b32 %r<5>; .reg .b64 %d<2>;
      ld.param.b32 %r1, [x];
      ld.param.b64 %d1, [y];
      { .param .b32 p0; .param .b32 r0;
        st.param.b32 [p0], %r1; call.uni (r0), square, (p0); ld.param.b32 %r2, [r0]; }
      { .param .b32 p0; .param .b32 r0;
        cvt.u32.u64 %r3, %d1;
        st.param.b32 [p0], %r3; call.uni (r0), square, (p0); ld.param.b32 %r3, [r0]; }
      add.s32 %r2, %r2, %r3;
      st.param.b32 [out], %r2;
      ret;
    }
    .func (.param .b32 out) square(.param .b32 x) {
      .reg .b32 %r<3>; .reg .pred %p;
      ld.param.b32 %r1, [x];
      setp.gt.s32 %p, %r1, 20;
      @%p bra large;
      mul.lo.s32 %r1, %r1, %r1;
      st.param.b32 [out], %r1;
      ret;
    large:
      st.param.b32 [out], 7;
      ret;
    })";
  std::vector<uint32_t> words = wordsAfter(R"(
    { .param .b32 a; .param .b64 b; .param .b32 c;
      st.param.b32 [a], %r0; st.param.b64 [b], 3;
      call (c), sumOfSquares, (a, b);
      ld.param.b32 %r4, [c]; }
    st.global.b32 [%d1], %r4;)",
                                           Functions);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(words[i], (i > 20 ? 7 : i * i) + 9);
  Outcome outcome = runKernel("call f;", {1, 1, 1}, {1, 1, 1}, 4, ".func f() { call f; ret; }");
  EXPECT_EQ(outcome.kinds(), "limit");
}

TEST(PtxWarp, VectorsAndSmallTypesOfMemory) {
  std::vector<uint32_t> words = wordsAfter(R"(
    setp.ne.s32 %p0, %r0, 0; @%p0 ret;
    ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%d0+16];
    st.global.v2.b32 [%d0+64], {%r7, %r4};
    mov.b32 %r8, 0xfedc;
    st.global.b16 [%d0+72], %r8;
    ld.global.s8 %r9, [%d0+72]; st.global.b32 [%d0+76], %r9;
    ld.global.u8 %r9, [%d0+73]; st.global.b32 [%d0+80], %r9;
    ld.global.nc.L1::evict_last.L2::128B.b64 %d2, [%d0+8]; st.global.b64 [%d0+88], %d2;
  )");
  EXPECT_EQ(words[16], 7u);
  EXPECT_EQ(words[17], 4u);
  EXPECT_EQ(words[19], 0xffffffdcu);
  EXPECT_EQ(words[20], 0xfeu);
  EXPECT_EQ(words[22], 2u);
  EXPECT_EQ(words[23], 3u);
}

TEST(PtxWarp, CopiesOfAPartFillWithZeros) {
  std::vector<uint32_t> words = wordsAfter(R"(
    .shared .align 16 .b8 s[16];
    setp.ne.s32 %p0, %r0, 0; @%p0 ret;
    mov.u32 %r4, s; mov.b32 %r5, 8;
    cp.async.ca.shared.global.L2::128B [%r4], [%d0+16], 16, %r5;
    cp.async.wait_all;
    ld.shared.v4.b32 {%r4, %r5, %r6, %r7}, [s];
    st.global.v4.b32 [%d0], {%r4, %r5, %r6, %r7};
  )");
  EXPECT_EQ(words[0], 4u);
  EXPECT_EQ(words[1], 5u);
  EXPECT_EQ(words[2], 0u);
  EXPECT_EQ(words[3], 0u);
}

TEST(PtxWarp, CountersOfMemory) {
  auto count = [](StringRef body) {
    Outcome outcome =
        runKernel(body, {32, 1, 1}, {1, 1, 1}, 4096, ".shared .align 16 .b8 s[8192];");
    EXPECT_EQ(outcome.messages(), "");
    LineCounters sum;
    for (const LineCounters &line : outcome.report.counters.perOp) {
      sum.sectors += line.sectors;
      sum.idealSectors += line.idealSectors;
      sum.wavefronts += line.wavefronts;
      sum.idealWavefronts += line.idealWavefronts;
    }
    return std::array<uint64_t, 4>{sum.sectors, sum.idealSectors, sum.wavefronts,
                                   sum.idealWavefronts};
  };
  using Counts = std::array<uint64_t, 4>;
  auto global = [](int stride, StringRef load) {
    return ("mul.wide.u32 %d1, %r0, " + Twine(stride) + "; add.s64 %d1, %d0, %d1; " + load).str();
  };
  EXPECT_EQ(count(global(4, "ld.global.b32 %r4, [%d1];")), (Counts{4, 4, 0, 0}));
  EXPECT_EQ(count(global(16, "ld.global.v4.b32 {%r4,%r5,%r6,%r7}, [%d1];")),
            (Counts{16, 16, 0, 0}));
  EXPECT_EQ(count(global(128, "ld.global.b32 %r4, [%d1];")), (Counts{32, 4, 0, 0}));
  EXPECT_EQ(count(global(0, "ld.global.b32 %r4, [%d1];")), (Counts{1, 1, 0, 0}));
  auto shared = [](int stride, StringRef store) {
    return ("mov.u32 %r1, s; mad.lo.s32 %r1, %r0, " + Twine(stride) + ", %r1; " + store).str();
  };
  EXPECT_EQ(count(shared(4, "st.shared.b32 [%r1], %r0;")), (Counts{0, 0, 1, 1}));
  EXPECT_EQ(count(shared(8, "st.shared.b32 [%r1], %r0;")), (Counts{0, 0, 2, 1}));
  EXPECT_EQ(count(shared(128, "st.shared.b32 [%r1], %r0;")), (Counts{0, 0, 32, 1}));
  EXPECT_EQ(count(shared(132, "st.shared.b32 [%r1], %r0;")), (Counts{0, 0, 1, 1}));
  EXPECT_EQ(count(shared(16, "st.shared.v4.b32 [%r1], {%r0,%r0,%r0,%r0};")), (Counts{0, 0, 4, 4}));
  EXPECT_EQ(count(shared(8, "st.shared.v2.b32 [%r1], {%r0,%r0};")), (Counts{0, 0, 2, 2}));
}

} // namespace
