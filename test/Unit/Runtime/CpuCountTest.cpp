//===- CpuCountTest.cpp - quotas of control groups --------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

extern "C" int32_t tw_cpu_quota(const char *root);
extern "C" int32_t tw_cpu_count(void);

namespace {

/// A folder with the files of a system; tests run in several processes at once.
struct System : testing::Test {
  std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / ("tilewright-quota-" + std::to_string(getpid()));
  System() { std::filesystem::remove_all(root); }
  ~System() override { std::filesystem::remove_all(root); }
  void file(const std::string &path, const std::string &text) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  int32_t quota() { return tw_cpu_quota(root.c_str()); }
};

TEST_F(System, WithoutGroups) {
  EXPECT_EQ(quota(), INT32_MAX);
  file("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(quota(), INT32_MAX);
}

TEST_F(System, LeastOnTheWayToTheRoot) {
  file("proc/self/cgroup", "0::/kube/pod/box\n");
  file("sys/fs/cgroup/kube/pod/box/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), INT32_MAX);
  file("sys/fs/cgroup/kube/pod/cpu.max", "250000 100000\n");
  EXPECT_EQ(quota(), 3);
  file("sys/fs/cgroup/kube/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2);
  file("sys/fs/cgroup/kube/pod/box/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota(), 1);
}

// Inside a container the group's path is the host's, and its own group is mounted at the root.
TEST_F(System, ContainerWithThePathOfItsHost) {
  file("proc/self/cgroup", "0::/system.slice/docker-123.scope\n");
  file("sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4);
}

TEST_F(System, Version1) {
  file("proc/self/cgroup", "5:cpuset:/a\n4:cpuacct,cpu:/a\n0::/\n");
  file("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  file("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), INT32_MAX);
  file("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "600000\n");
  EXPECT_EQ(quota(), 6);
}

TEST_F(System, Nonsense) {
  file("proc/self/cgroup", "::\n:\nnonsense\n0::" + std::string(5000, 'x'));
  file("sys/fs/cgroup/cpu.max", "-5 0\n");
  EXPECT_EQ(quota(), INT32_MAX);
}

TEST(CpuCount, IsPositive) {
  EXPECT_GE(tw_cpu_count(), 1);
}

} // namespace
