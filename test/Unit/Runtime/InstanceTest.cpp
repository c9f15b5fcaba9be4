//===- InstanceTest.cpp - creating instances, threads, memory ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <set>
#include <sstream>
#include <thread>

namespace {

using fake::Request;

/// An instance that ends with its scope.
struct Instance {
  Instance(const tw_model *model, const tw_options &options) {
    status = tw_create(model, &options, &handle, &error);
  }
  Instance(const tw_model *model, int32_t threads) : Instance(model, withThreads(threads)) {}
  ~Instance() { tw_destroy(handle); }
  static tw_options withThreads(int32_t threads) {
    tw_options options = {};
    options.threads = threads;
    return options;
  }
  tw_instance *handle = nullptr;
  tw_error error = {};
  tw_status status;
};

std::set<pid_t> threadIds() {
  std::set<pid_t> ids;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task"))
    ids.insert(std::stoi(entry.path().filename()));
  return ids;
}

std::string readTaskFile(pid_t thread, const char *name) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Field 39 of the file (proc(5)); the second is a name in parentheses.
int lastCpu(pid_t thread) {
  std::string stat = readTaskFile(thread, "stat"), field;
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  for (int i = 3; i <= 39; ++i)
    fields >> field;
  return std::stoi(field);
}

/// How often the thread has gone to sleep.
int sleeps(pid_t thread) {
  const std::string key = "\nvoluntary_ctxt_switches:", status = readTaskFile(thread, "status");
  return std::stoi(status.substr(status.find(key) + key.size()));
}

TEST(Instance, DescribesOutputsAndWorkspaceBeforehand) {
  fake::Model model;
  Request request(3, 7);
  int64_t symbols[2], dims[4];
  size_t bytes;
  ASSERT_EQ(tw_symbols(model, request.inputs, 2, symbols, nullptr), TW_OK);
  EXPECT_EQ(symbols[0], 3);
  EXPECT_EQ(symbols[1], 7);
  ASSERT_EQ(tw_output_shapes(model, symbols, dims, nullptr), TW_OK);
  EXPECT_EQ(dims[model.model.outputs[1].first_dim], 8);
  ASSERT_EQ(tw_workspace_size(model, symbols, 1, &bytes, nullptr), TW_OK);
  EXPECT_EQ(bytes, 3u * 7 * 4 * 4);
}

TEST(Instance, RunsOnAnyNumberOfThreads) {
  fake::Model model(0, nullptr, 64);
  for (int32_t threads : {1, 2, 3, 7, 40}) { // more than processors: some come late, or not at all
    Instance instance(model, threads);
    ASSERT_EQ(instance.status, TW_OK) << instance.error.message;
    for (int64_t round = 0; round < 200; ++round) {
      Request request(1 + round % 5, 1 + round % 33);
      ASSERT_EQ(request.run(instance.handle, &instance.error), TW_OK) << instance.error.message;
      ASSERT_EQ(request.mismatches(), 0) << threads << " threads, round " << round;
    }
  }
}

TEST(Instance, ThreadsThatSleepWakeUp) {
  fake::Model model(0, nullptr, 64);
  Instance instance(model, 3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // far longer than workers spin
    Request request(4, 64);
    ASSERT_EQ(request.run(instance.handle), TW_OK);
    ASSERT_EQ(request.mismatches(), 0);
  }
}

// The kernel may leave a team on one CPU; its workers do not.
TEST(Instance, WorkersLeaveTheCpuOfTheCaller) {
  cpu_set_t allowed, one, now;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2) // a worker has nowhere to go then
    GTEST_SKIP() << "expects a process that may use two CPUs";
  std::set<pid_t> before = threadIds();
  fake::Model model(0, nullptr, 64);
  Instance instance(model, 2);
  std::set<pid_t> workers = threadIds();
  for (pid_t id : before)
    workers.erase(id);
  ASSERT_EQ(workers.size(), 1u);
  pid_t worker = *workers.begin();

  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  Request request(4, 64);
  int apart = 0;
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(sched_setaffinity(worker, sizeof one, &one), 0);
    while (lastCpu(worker) != sched_getcpu()) // a worker need not come in time for a run
      ASSERT_EQ(request.run(instance.handle), TW_OK);
    ASSERT_EQ(sched_setaffinity(worker, sizeof allowed, &allowed), 0);
    int before = sleeps(worker);
    while (sleeps(worker) < before + 3) // one may be that of the way to another CPU
      ASSERT_EQ(request.run(instance.handle), TW_OK);
    apart += lastCpu(worker) != sched_getcpu();
  }
  EXPECT_GE(apart, 3); // of 10: the kernel may bring it back, above all on a busy machine
  EXPECT_EQ(request.mismatches(), 0);
  ASSERT_EQ(sched_getaffinity(worker, sizeof now, &now), 0);
  EXPECT_TRUE(CPU_EQUAL(&now, &allowed));
  ASSERT_EQ(sched_setaffinity(0, sizeof allowed, &allowed), 0);
}

TEST(Instance, SeveralAtOnceOverOneImageOfTheWeights) {
  fake::Model model(0, nullptr, 64);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      Instance instance(model, 1 + caller % 2);
      for (int round = 0; round < 100; ++round) {
        Request request(2, 1 + (round + caller) % 40);
        wrong += request.run(instance.handle) != TW_OK || request.mismatches() != 0;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Instance, OneCallAtATime) {
  // The host's parallel_for calls back into the instance that is running.
  struct Context {
    tw_instance *instance = nullptr;
    tw_status status = TW_OK;
    tw_error error;
  } context;
  tw_options options = Instance::withThreads(2);
  options.parallel_context = &context;
  options.parallel_for = [](void *opaque, int64_t n, void (*body)(void *, int64_t),
                            void *argument) {
    auto *context = static_cast<Context *>(opaque);
    Request nested(1, 1);
    context->status = nested.run(context->instance, &context->error);
    for (int64_t i = 0; i < n; ++i)
      body(argument, i);
  };
  fake::Model model(0, nullptr, 8);
  Instance instance(model, options);
  context.instance = instance.handle;
  Request request(2, 9);
  ASSERT_EQ(request.run(instance.handle), TW_OK);
  EXPECT_EQ(request.mismatches(), 0);
  EXPECT_EQ(context.status, TW_ERROR_BUSY);
  EXPECT_STREQ(context.error.message,
               "expects one call at a time for an instance; make an instance per thread");
}

TEST(Instance, HostThreads) {
  std::atomic<int> shares = 0;
  tw_options options = Instance::withThreads(5);
  options.parallel_context = &shares;
  options.parallel_for = [](void *context, int64_t n, void (*body)(void *, int64_t),
                            void *argument) {
    std::vector<std::thread> threads;
    for (int64_t i = n - 1; i >= 0; --i)
      threads.emplace_back([=] { body(argument, i); });
    for (std::thread &thread : threads)
      thread.join();
    *static_cast<std::atomic<int> *>(context) += static_cast<int>(n);
  };
  fake::Model model(0, nullptr, 8);
  Instance instance(model, options);
  Request request(8, 31);
  ASSERT_EQ(request.run(instance.handle), TW_OK);
  EXPECT_EQ(request.mismatches(), 0);
  EXPECT_EQ(shares, 10); // two regions
}

TEST(Instance, WorkspaceOfTheCaller) {
  alignas(TW_WORKSPACE_ALIGNMENT) static char memory[1024];
  fake::Model model;
  tw_options options = Instance::withThreads(2);
  options.workspace = memory;
  options.workspace_size = sizeof memory;
  Instance instance(model, options);
  ASSERT_EQ(instance.status, TW_OK) << instance.error.message;
  Request fits(4, 16), tooLarge(4, 17);
  EXPECT_EQ(fits.run(instance.handle), TW_OK);
  EXPECT_EQ(fits.mismatches(), 0);
  EXPECT_EQ(tooLarge.run(instance.handle, &instance.error), TW_ERROR_WORKSPACE);
  EXPECT_STREQ(instance.error.message,
               "expects a workspace of 1088 bytes for these sizes, has 1024: call tw_reserve with "
               "the greatest sizes");
  int64_t symbols[] = {4, 17};
  EXPECT_EQ(tw_reserve(instance.handle, symbols, &instance.error), TW_ERROR_WORKSPACE);
  EXPECT_STREQ(instance.error.message,
               "expects a workspace of 1088 bytes, tw_create was given 1024");
}

TEST(Instance, WorkspaceWithoutDeclaredMaximum) {
  fake::Model model;
  Instance instance(model, 2);
  Request request(4, 17);
  EXPECT_EQ(request.run(instance.handle), TW_ERROR_WORKSPACE);
  int64_t symbols[] = {4, 17};
  ASSERT_EQ(tw_reserve(instance.handle, symbols, nullptr), TW_OK);
  EXPECT_EQ(request.run(instance.handle), TW_OK);
  EXPECT_EQ(request.mismatches(), 0);
  symbols[0] = INT64_MAX;
  EXPECT_EQ(tw_reserve(instance.handle, symbols, &instance.error), TW_ERROR_WORKSPACE);
  EXPECT_STREQ(instance.error.message, "expects sizes whose workspace fits into memory");
  symbols[0] = int64_t(1) << 53;
  EXPECT_EQ(tw_reserve(instance.handle, symbols, &instance.error), TW_ERROR_MEMORY);
}

TEST(Instance, WrongOptions) {
  fake::Model model;
  Instance negative(model, -1);
  EXPECT_EQ(negative.status, TW_ERROR_ARGUMENT);
  EXPECT_STREQ(negative.error.message, "expects 0..4096 threads, got -1");
  alignas(64) static char memory[128];
  tw_options options = Instance::withThreads(1);
  options.workspace = memory + 8;
  Instance misaligned(model, options);
  EXPECT_EQ(misaligned.status, TW_ERROR_ALIGNMENT);
  options.workspace = nullptr;
  options.workspace_size = 128;
  Instance missing(model, options);
  EXPECT_EQ(missing.status, TW_ERROR_ARGUMENT);
  EXPECT_STREQ(missing.error.message, "expects a workspace of 128 bytes, got a null pointer");
}

TEST(Instance, OtherVersionOfTheHeader) {
  fake::Model model;
  model.model.abi_version = TW_ABI_VERSION + 1;
  Instance instance(model, 1);
  EXPECT_EQ(instance.status, TW_ERROR_VERSION);
  EXPECT_STREQ(
      instance.error.message,
      "expects an artefact of this version of tilewright/Runtime.h; compile the model again");
}

TEST(Instance, TakesTheBestVariantThatTheCpuHas) {
  fake::Model model(0, nullptr, 8);
  Instance best(model, 1);
  EXPECT_EQ(best.status, TW_OK);
  EXPECT_STREQ(tw_isa(best.handle), "plain");
  tw_options options = Instance::withThreads(1);
  options.isa = "fancy";
  Instance fancy(model, options);
  EXPECT_EQ(fancy.status, TW_ERROR_CPU);
  options.isa = "unheard-of";
  Instance unheardOf(model, options);
  EXPECT_EQ(unheardOf.status, TW_ERROR_ARGUMENT);
  EXPECT_STREQ(unheardOf.error.message,
               "expects a target of the artefact ('fancy', 'plain'), got 'unheard-of'");
}

TEST(Instance, MissingCpuFeatures) {
  fake::Model model(UINT64_C(1) << 63 | UINT64_C(1) << 62, nullptr, 8);
  Instance instance(model, 1);
  EXPECT_EQ(instance.status, TW_ERROR_CPU);
  EXPECT_TRUE(std::string(instance.error.message).starts_with("expects a CPU with "));
}

TEST(Instance, Profile) {
  fake::Model model(0, nullptr, 8);
  const tw_region_time *times;
  tw_options options = Instance::withThreads(2);
  Instance silent(model, options);
  EXPECT_EQ(tw_profile(silent.handle, &times), 0);
  options.profile = 1;
  Instance instance(model, options);
  for (int round = 0; round < 3; ++round)
    ASSERT_EQ(Request(2, 100).run(instance.handle), TW_OK);
  ASSERT_EQ(tw_profile(instance.handle, &times), 2);
  EXPECT_STREQ(times[1].name, "reverse");
  EXPECT_EQ(times[1].calls, 3);
  EXPECT_GT(times[1].nanoseconds, 0);
  EXPECT_EQ(times[1].flop, 3.0 * 2 * 100 * 4);
  EXPECT_EQ(times[1].weight_bytes, 3.0 * 4);
  EXPECT_EQ(times[0].activation_bytes, 3.0 * 2 * 100 * 4 * 8);
}

} // namespace
