//===- Team.c - the threads of an instance ----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One persistent team per instance. A run invites all workers; every thread that comes executes the
// whole model function. At each launch a thread claims its share, runs it, and waits until all
// shares are done.
//
//   thread 0 (caller)            worker
//   invite, start.generation++   wait(start), accept
//   run(call, 0)                 run(call, tid)
//     claim share 0, run it        claim share tid, run it       as often as the model has regions
//     wait for the launch          wait for the launch
//   withdraw invitations, wait   leave
//   for those inside
//
// A thread that has waited as long as its own share took runs shares that nobody has begun: their
// thread is still waking up, or has no processor. It finds its share taken when it comes, and goes
// on to where the others are. So a team on busy processors is about as fast as one thread, instead
// of waiting for the scheduler at each launch.
//
// Waiting spins for some 30 microseconds, then sleeps in a futex. No two threads of a team stay on
// one CPU while another is free.
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // syscall
#include "lib/Runtime/Instance.h"
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
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

/// Sleeps until the generation is no longer `seen`.
static void sleepAtGate(tw_gate *gate, uint32_t seen) {
  // The opener changes the generation and then reads `sleepers`; we count ourselves and then read
  // the generation. All four are sequentially consistent, so one of us sees the other, and the
  // futex compares once more before it sleeps.
  atomic_fetch_add(&gate->sleepers, 1);
  while (atomic_load(&gate->generation) == seen)
    futex(&gate->generation, FUTEX_WAIT, seen);
  atomic_fetch_sub(&gate->sleepers, 1);
}

/// Waits until the generation is no longer `seen`.
static void waitGate(tw_gate *gate, uint32_t seen) {
  uint64_t start = ticks(), limit = spinTicks();
  do {
    if (atomic_load_explicit(&gate->generation, memory_order_acquire) != seen)
      return;
    pauseCpu();
  } while (ticks() - start < limit);
  sleepAtGate(gate, seen);
}

static void setGate(tw_gate *gate, uint32_t generation) {
  atomic_store(&gate->generation, generation);
  if (atomic_load(&gate->sleepers))
    futex(&gate->generation, FUTEX_WAKE, INT_MAX);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// One launch, as one thread sees it. Launches are numbered through all runs, modulo 2^32.
typedef struct Launch {
  uint32_t number;
  tw_region region;
  const void *closure;
  int64_t tid;
} Launch;

/// Runs share `i` unless somebody has begun it. What earlier launches wrote is visible: both its
/// thread and its helpers have waited for them.
static bool runShare(tw_team *team, const Launch *launch, int64_t i) {
  uint32_t expected = launch->number;
  if (!atomic_compare_exchange_strong_explicit(&team->slots[i].claimed, &expected, expected + 1,
                                               memory_order_relaxed, memory_order_relaxed))
    return false;
  launch->region(launch->closure, i, team->threads);
  if (atomic_fetch_add_explicit(&team->done, 1, memory_order_acq_rel) + 1 ==
      (uint32_t)team->threads) {
    atomic_store_explicit(&team->done, 0, memory_order_relaxed);
    setGate(&team->launches, launch->number + 1);
  }
  return true;
}

/// Runs all shares that nobody has begun; says whether there were any.
static bool runOthersShares(tw_team *team, const Launch *launch) {
  bool any = false;
  for (int64_t i = launch->tid + 1; i < team->threads; ++i)
    any |= runShare(team, launch, i);
  for (int64_t i = 0; i < launch->tid; ++i)
    any |= runShare(team, launch, i);
  return any;
}

static void runLaunch(tw_team *team, tw_region region, const void *closure, int64_t tid) {
  // Less is no absence: so long threads differ on their way out of a barrier.
  const uint64_t MinPatience = spinTicks() / 32;
  tw_slot *slot = &team->slots[tid];
  Launch launch = {slot->next++, region, closure, tid};
  uint64_t start = ticks();
  runShare(team, &launch, tid);
  uint64_t end = ticks(), patience = end - start < MinPatience ? MinPatience : end - start;
  // Who was absent at the last launch hardly comes now.
  if (slot->helped)
    patience = 0;
  slot->helped = false;
  for (bool mayHelp = true;;) {
    uint32_t complete = atomic_load_explicit(&team->launches.generation, memory_order_acquire);
    if ((int32_t)(complete - launch.number) > 0)
      return;
    uint64_t waited = ticks() - end;
    if (mayHelp && waited >= patience) {
      slot->helped = runOthersShares(team, &launch);
      mayHelp = false; // now all are begun
      end = ticks();
    } else if (waited < spinTicks()) {
      pauseCpu();
    } else {
      sleepAtGate(&team->launches, complete);
    }
  }
}

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
  if (team->slots)
    runLaunch(team, region, closure, tid);
  else
    region(closure, tid, team->threads);
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

// Generations of tw_slot.presence. A worker is starting until its thread has made the system calls
// that begin one: they belong to tw_create, not to a run.
enum { Starting, Idle, Invited, Inside };

/// Notes where this thread runs. A worker that shares its CPU with a thread before it moves to an
/// allowed CPU that none of the team was seen on. Left alone, the kernel may keep threads that
/// sleep and wake each other on one CPU for seconds, beside an idle one: whenever it looks, only
/// one of them wants to run. Measured on two CPUs of Linux 6.18: 235 us instead of 83 for each run.
static void leaveSharedCpu(tw_team *team, int64_t tid) {
  int32_t cpu = sched_getcpu();
  atomic_store_explicit(&team->slots[tid].cpu, cpu, memory_order_relaxed);
  bool shared = false;
  for (int64_t i = 0; i < tid; ++i)
    shared |= atomic_load_explicit(&team->slots[i].cpu, memory_order_relaxed) == cpu;
  cpu_set_t allowed, others;
  if (!shared || sched_getaffinity(0, sizeof allowed, &allowed))
    return;
  others = allowed;
  for (int64_t i = 0; i < team->threads; ++i) {
    int32_t taken = atomic_load_explicit(&team->slots[i].cpu, memory_order_relaxed);
    if (taken >= 0 && taken < CPU_SETSIZE)
      CPU_CLR(taken, &others);
  }
  if (sched_setaffinity(0, sizeof others, &others)) // fails if there is none
    return;
  atomic_store_explicit(&team->slots[tid].cpu, sched_getcpu(), memory_order_relaxed);
  sched_setaffinity(0, sizeof allowed, &allowed);
}

static void *work(void *argument) {
  struct tw_worker *worker = argument;
  tw_team *team = worker->team;
  tw_slot *slot = &team->slots[worker->tid];
  leaveSharedCpu(team, worker->tid);
  setGate(&slot->presence, Idle);
  for (;; leaveSharedCpu(team, worker->tid)) {
    // Read first: an invitation that comes after we looked for one changes it.
    uint32_t seen = atomic_load_explicit(&team->start.generation, memory_order_acquire);
    if (team->stop)
      return NULL;
    uint32_t expected = Invited;
    if (!atomic_compare_exchange_strong(&slot->presence.generation, &expected, Inside)) {
      waitGate(&team->start, seen);
      continue;
    }
    slot->next = team->first_launch;
    team->run(team->call, worker->tid);
    setGate(&slot->presence, Idle);
  }
}

/// Wakes the first `count` workers for the last time and waits for their end.
static void joinWorkers(tw_team *team, int32_t count) {
  team->stop = true;
  setGate(&team->start, team->start.generation + 1);
  for (int32_t i = 0; i < count; ++i)
    pthread_join(team->workers[i].thread, NULL);
  free(team->workers);
  free(team->slots);
  team->workers = NULL;
  team->slots = NULL;
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
  size_t size = (size_t)threads * sizeof *team->slots;
  team->slots = aligned_alloc(TW_CACHE_LINE, size);
  if (team->slots)
    memset(team->slots, 0, size);
  if (!team->workers || !team->slots) {
    joinWorkers(team, 0);
    return tw_fail(error, TW_ERROR_MEMORY, "expects memory for %d threads", threads);
  }
  for (int32_t i = 1; i < threads; ++i)
    team->slots[i].cpu = -1;
  leaveSharedCpu(team, 0);
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
  for (int32_t i = 1; i < threads; ++i)
    waitGate(&team->slots[i].presence, Starting);
  return TW_OK;
}

void tw_team_stop(tw_team *team) {
  if (team->workers)
    joinWorkers(team, team->threads - 1);
}

void tw_team_run(tw_team *team, const tw_call *call) {
  if (!team->slots) {
    team->run(call, 0);
    return;
  }
  team->call = call;
  team->first_launch = team->slots[0].next;
  leaveSharedCpu(team, 0);
  for (int32_t i = 1; i < team->threads; ++i)
    atomic_store(&team->slots[i].presence.generation, Invited);
  setGate(&team->start, team->start.generation + 1);
  team->run(call, 0);
  // All launches are complete. Who has not come is not needed any more; who is inside may still
  // look at `call` and the inputs.
  for (int32_t i = 1; i < team->threads; ++i) {
    uint32_t expected = Invited;
    if (!atomic_compare_exchange_strong(&team->slots[i].presence.generation, &expected, Idle))
      waitGate(&team->slots[i].presence, Inside);
  }
}
