//===- ScheduleTest.cpp - schedules by shape and target -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Schedule/Schedule.h"

#include <gtest/gtest.h>

using namespace tilewright;

namespace {
constexpr CpuDescription sse{4, 16, 32768, 262144}, avx2{8, 16, 32768, 524288};
constexpr CpuDescription avx512{16, 32, 32768, 1048576}, neon{4, 32, 65536, 524288};

TEST(Schedule, PanelWidths) {
  EXPECT_EQ(choosePanelWidth(768, avx512), 32);
  EXPECT_EQ(choosePanelWidth(17, avx512), 32);
  EXPECT_EQ(choosePanelWidth(16, avx512), 16);
  EXPECT_EQ(choosePanelWidth(1, avx512), 16);
  EXPECT_EQ(choosePanelWidth(0, avx512), 16);
  EXPECT_EQ(choosePanelWidth(768, avx2), 16);
  EXPECT_EQ(choosePanelWidth(768, sse), 8);
  EXPECT_EQ(choosePanelWidth(768, neon), 12);
}

TEST(Schedule, RegisterTiles) {
  EXPECT_EQ(scheduleContract(768, 768, 32, avx512).mr, 14);
  EXPECT_EQ(scheduleContract(16, 768, 16, avx512).mr, 14);
  EXPECT_EQ(scheduleContract(768, 768, 16, avx2).mr, 6);
  EXPECT_EQ(scheduleContract(768, 768, 12, neon).mr, 8);
}

// Accumulators, the shorter side and one streamed vector fit the registers.
TEST(Schedule, NothingSpills) {
  for (const CpuDescription &cpu : {sse, avx2, avx512, neon})
    for (int64_t n : {1, 8, 33, 768, 50257}) {
      int64_t width = choosePanelWidth(n, cpu), vectors = width / cpu.lanes;
      ContractSchedule schedule = scheduleContract(n, 768, width, cpu);
      EXPECT_LE(schedule.mr * vectors + std::min(schedule.mr, vectors) + 1, cpu.registers);
      for (size_t i = 0; i < schedule.fewRows.size(); ++i) {
        int64_t wide = schedule.fewPanels[i] * vectors;
        EXPECT_LE(schedule.fewRows[i] * wide + schedule.fewRows[i] + 1, cpu.registers);
      }
      AttentionSchedule attention = scheduleAttention(64, 64, 1, cpu);
      EXPECT_LE(attention.mr * attention.keyVectors + std::min(attention.mr, attention.keyVectors) +
                    1,
                cpu.registers);
    }
}

// Both halves of a panel's pairs and the constant that separates them need registers, too.
TEST(Schedule, WidenedPairs) {
  for (const CpuDescription &cpu : {sse, avx2, avx512, neon}) {
    int64_t width = choosePanelWidth(768, cpu), vectors = width / cpu.lanes;
    ContractSchedule schedule = scheduleContract(768, 384, width, cpu, /*widened=*/true);
    EXPECT_LE(schedule.mr * vectors + 2 * vectors + 2, cpu.registers);
    for (size_t i = 0; i < schedule.fewRows.size(); ++i)
      EXPECT_LE(schedule.fewRows[i] * (schedule.fewPanels[i] * vectors + 2) + 2, cpu.registers);
  }
  EXPECT_EQ(scheduleContract(768, 384, 32, avx512, true).mr, 12);
  EXPECT_EQ(scheduleContract(768, 384, 12, neon, true).mr, 6);
}

TEST(Schedule, Tiles) {
  CpuDescription amx{16, 32, 49152, 2097152, /*tiles=*/true};
  ContractSchedule schedule = scheduleTiles(3072, 384, 32, amx);
  EXPECT_TRUE(schedule.tiles);
  EXPECT_EQ(schedule.mr, 32);
  EXPECT_EQ(schedule.rowBlock, 256);
  EXPECT_EQ(scheduleTiles(768, 1536, 32, amx).rowBlock, 160); // 160 · 1536 · 4 B = 960 KiB
  EXPECT_EQ(schedule.fewRows, (std::vector<int64_t>{2, 4}));
}

TEST(Schedule, RowsStayInL2) {
  EXPECT_EQ(scheduleContract(3072, 768, 32, avx512).rowBlock, 168); // 168 · 768 · 4 B = 504 KiB
  EXPECT_EQ(scheduleContract(768, 3072, 32, avx512).rowBlock, 112); // eight tiles at least
}

TEST(Schedule, FewRowsTakeSeveralPanels) {
  ContractSchedule wide = scheduleContract(768, 768, 32, avx512);
  EXPECT_EQ(wide.fewRows, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(wide.fewPanels, (std::vector<int64_t>{6, 3}));
  ContractSchedule narrow = scheduleContract(64, 768, 32, avx512); // only two panels
  EXPECT_EQ(narrow.fewPanels, (std::vector<int64_t>{2, 2}));
  EXPECT_TRUE(scheduleContract(16, 768, 16, avx512).fewRows.empty());
}

TEST(Schedule, ProductsOfActivations) {
  ContractSchedule schedule = scheduleProduct(32, avx512);
  EXPECT_EQ(schedule.mr, 14);
  EXPECT_EQ(schedule.rowBlock, 112); // eight tiles share a packed panel
  EXPECT_EQ(schedule.depth, 256);    // 256 · 32 · 4 B = L1
  EXPECT_EQ(scheduleProduct(8, sse).depth, 256);
}

TEST(Schedule, AttentionBlocks) {
  EXPECT_EQ(scheduleAttention(64, 64, 1, avx512), (AttentionSchedule{6, 16, 4, 4, 72, 512, 2, 2}));
  EXPECT_EQ(scheduleAttention(256, 256, 1, avx512).keys, 256); // 2 · 256 · 256 · 4 B = 512 KiB
  EXPECT_EQ(scheduleAttention(0, 0, 1, avx512).keys, 512);     // heads without elements
  EXPECT_EQ(scheduleAttention(64, 64, 71, avx512).rows, 72);
  EXPECT_EQ(scheduleAttention(64, 64, 100, avx512).rows, 102);
}
} // namespace
