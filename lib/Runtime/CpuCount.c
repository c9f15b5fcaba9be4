//===- CpuCount.c - how many threads are worth starting ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CPUs that the process may run on, but no more than its control groups give it time for
// (Linux, Documentation/admin-guide/cgroup-v2.rst "cpu.max", scheduler/sched-bwc.rst for version
// 1). A group's quota limits the groups below it, so all groups on the way to the root count.
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // sched_getaffinity
#include "lib/Runtime/Instance.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The host's thread may have little stack.
enum { MaxText = 4096, MaxPath = 1024, MaxNumbers = 64 };

/// The beginning of a file, ended by a zero; empty if it cannot be read.
static void readText(const char *path, char *text, size_t capacity) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? 0 : read(file, text, capacity - 1);
  text[size > 0 ? size : 0] = 0;
  if (file >= 0)
    close(file);
}

/// CPUs' worth of time per period, rounded up; INT32_MAX without a limit.
static int32_t cpusOf(long long quota, long long period) {
  if (quota <= 0 || period <= 0 || quota / period >= INT32_MAX)
    return INT32_MAX;
  return (int32_t)((quota + period - 1) / period);
}

/// The quota of one group of version 2.
static int32_t quotaOf(const char *folder) {
  char path[MaxPath + 32], text[MaxNumbers], *end;
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  readText(path, text, sizeof text); // "max 100000" or "150000 100000"
  long long quota = strtoll(text, &end, 10);
  return end == text ? INT32_MAX : cpusOf(quota, strtoll(end, NULL, 10));
}

/// The quota of one group of version 1.
static int32_t oldQuotaOf(const char *folder) {
  char path[MaxPath + 32], quota[MaxNumbers], period[MaxNumbers];
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  readText(path, quota, sizeof quota); // -1 for none
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  readText(path, period, sizeof period);
  return cpusOf(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/// Whether "cpu" is one of the words between commas in [list, end).
static bool hasCpu(const char *list, const char *end) {
  for (const char *word = list; word < end;) {
    const char *comma = memchr(word, ',', (size_t)(end - word)), *stop = comma ? comma : end;
    if (stop - word == 3 && memcmp(word, "cpu", 3) == 0)
      return true;
    word = stop + 1;
  }
  return false;
}

int32_t tw_cpu_quota(const char *root) {
  char path[MaxPath], text[MaxText], folder[MaxPath];
  snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  readText(path, text, sizeof text);
  int32_t cpus = INT32_MAX;
  // Each line is ID:CONTROLLERS:PATH, without controllers for version 2.
  for (char *line = text, *next; *line; line = next) {
    size_t length = strcspn(line, "\n");
    next = line + length + (line[length] != 0);
    line[length] = 0;
    char *controllers = strchr(line, ':'),
         *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
      continue;
    bool isOld = group != controllers + 1;
    if (isOld && !hasCpu(controllers + 1, group))
      continue;
    int mount = snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s", root, isOld ? "/cpu" : "");
    int all = snprintf(folder + mount, sizeof folder - (size_t)mount, "%s", group + 1) + mount;
    // In a container the path may be the host's and lead nowhere: then only the mount says
    // anything.
    for (int end = all < MaxPath ? all : MaxPath - 1; end >= mount; --end) {
      if (end > mount && end != all && folder[end] != '/')
        continue;
      folder[end] = 0;
      int32_t quota = isOld ? oldQuotaOf(folder) : quotaOf(folder);
      cpus = quota < cpus ? quota : cpus;
    }
  }
  return cpus;
}

int32_t tw_cpu_count(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  long count;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    count = CPU_COUNT(&set);
  else
    count = sysconf(_SC_NPROCESSORS_ONLN); // more CPUs than a cpu_set_t holds
  int32_t quota = tw_cpu_quota("");
  count = count < quota ? count : quota;
  return count > 0 ? (int32_t)count : 1;
}
