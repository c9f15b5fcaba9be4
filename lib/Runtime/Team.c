//===- Team.c - the threads of an instance ----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One persistent team per instance. A run opens the `start` gate; every thread executes the whole
// model function, and the threads meet at a barrier after each region and at the end.
//
//   thread 0 (caller)          worker
//   start.generation++  ----->  wait(start)
//   run(call, 0)                run(call, tid)
//     region, barrier  <----->    region, barrier      as often as the model has regions
//   barrier            <----->  barrier                the run is over: `call` may change again
//
// Waiting spins for some 30 microseconds, then sleeps in a futex: 0.2 us between two running
// threads, and no wasted time slices where there are more threads than cores.
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // syscall
#include "lib/Runtime/Instance.h"
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct tw_worker {
  tw_team *team;
  pthread_t thread;
  int64_t tid;
};

//===----------------------------------------------------------------------===//
// Gates
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)
static inline void pauseCpu(void) {
  __builtin_ia32_pause();
}
static inline uint64_t ticks(void) {
  return __builtin_ia32_rdtsc();
}
static uint64_t spinTicks(void) {
  return 80000;
} // 25-40 us at 2-3.3 GHz
#elif defined(__aarch64__)
static inline void pauseCpu(void) {
  __asm__ volatile("isb" ::: "memory");
}
static inline uint64_t ticks(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
}
static uint64_t spinTicks(void) {
  uint64_t frequency;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency >> 15; // 30 us
}
#endif

static void futex(_Atomic uint32_t *word, int operation, uint32_t value) {
  syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

/// Waits until the generation is no longer `seen`.
static void waitGate(tw_gate *gate, uint32_t seen) {
  uint64_t start = ticks(), limit = spinTicks();
  do {
    if (atomic_load_explicit(&gate->generation, memory_order_acquire) != seen)
      return;
    pauseCpu();
  } while (ticks() - start < limit);
  // The opener changes the generation and then reads `sleepers`; we count ourselves and then read
  // the generation. All four are sequentially consistent, so one of us sees the other, and the
  // futex compares once more before it sleeps.
  atomic_fetch_add(&gate->sleepers, 1);
  while (atomic_load(&gate->generation) == seen)
    futex(&gate->generation, FUTEX_WAIT, seen);
  atomic_fetch_sub(&gate->sleepers, 1);
}

static void openGate(tw_gate *gate) {
  atomic_fetch_add(&gate->generation, 1);
  if (atomic_load(&gate->sleepers))
    futex(&gate->generation, FUTEX_WAKE, INT_MAX);
}

static void waitForAll(tw_team *team) {
  if (team->threads == 1)
    return;
  // Read before arriving: the gate cannot open without us.
  uint32_t seen = atomic_load_explicit(&team->barrier.generation, memory_order_relaxed);
  uint32_t arrived = atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1;
  if (arrived < (uint32_t)team->threads) {
    waitGate(&team->barrier, seen);
    return;
  }
  atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
  openGate(&team->barrier);
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

typedef struct HostShare {
  tw_region region;
  const void *closure;
  int64_t threads;
} HostShare;

static void runHostShare(void *argument, int64_t tid) {
  const HostShare *share = argument;
  share->region(share->closure, tid, share->threads);
}

static void runRegion(tw_team *team, tw_region region, const void *closure, int64_t tid) {
  if (team->parallel_for && team->threads > 1) {
    HostShare share = {region, closure, team->threads};
    team->parallel_for(team->parallel_context, team->threads, runHostShare, &share);
    return;
  }
  region(closure, tid, team->threads);
  if (!team->parallel_for)
    waitForAll(team);
}

void tw_launch(const tw_call *call, tw_region region, const void *closure, int64_t tid) {
  tw_team *team = call->team;
  if (!team) {
    region(closure, tid, call->threads);
    return;
  }
  if (__builtin_expect(!team->profiler.times || tid != 0, 1)) {
    runRegion(team, region, closure, tid);
    return;
  }
  int64_t start = tw_profiler_now();
  runRegion(team, region, closure, tid);
  tw_profiler_add(&team->profiler, region, tw_profiler_now() - start);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

static void *work(void *argument) {
  struct tw_worker *worker = argument;
  tw_team *team = worker->team;
  for (uint32_t run = 0;; ++run) {
    waitGate(&team->start, run);
    if (team->stop)
      return NULL;
    team->run(team->call, worker->tid);
    waitForAll(team);
  }
}

/// Wakes the first `count` workers for the last time and waits for their end.
static void joinWorkers(tw_team *team, int32_t count) {
  team->stop = true;
  openGate(&team->start);
  for (int32_t i = 0; i < count; ++i)
    pthread_join(team->workers[i].thread, NULL);
  free(team->workers);
  team->workers = NULL;
}

tw_status tw_team_start(tw_team *team, const tw_variant *variant, const tw_options *options,
                        int32_t threads, tw_error *error) {
  team->run = variant->run;
  team->threads = threads;
  team->parallel_for = options->parallel_for;
  team->parallel_context = options->parallel_context;
  if (options->parallel_for || threads == 1)
    return TW_OK;
  int32_t workers = threads - 1;
  team->workers = calloc((size_t)workers, sizeof *team->workers);
  if (!team->workers)
    return tw_fail(error, TW_ERROR_MEMORY, "expects memory for %d threads", threads);
  for (int32_t i = 0; i < workers; ++i) {
    team->workers[i].team = team;
    team->workers[i].tid = i + 1;
    int code = pthread_create(&team->workers[i].thread, NULL, work, &team->workers[i]);
    if (code) {
      joinWorkers(team, i);
      return tw_fail(error, TW_ERROR_THREADS, "expects %d threads, the system gave %d (error %d)",
                     threads, i + 1, code);
    }
  }
  return TW_OK;
}

void tw_team_stop(tw_team *team) {
  if (team->workers)
    joinWorkers(team, team->threads - 1);
}

void tw_team_run(tw_team *team, const tw_call *call) {
  if (!team->workers) {
    team->run(call, 0);
    return;
  }
  team->call = call;
  openGate(&team->start);
  team->run(call, 0);
  waitForAll(team);
}
