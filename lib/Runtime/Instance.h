//===- Instance.h - inside of the runtime -----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_RUNTIME_INSTANCE_H
#define TILEWRIGHT_LIB_RUNTIME_INSTANCE_H

#include "lib/Runtime/Model.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

//===----------------------------------------------------------------------===//
// Error.c
//===----------------------------------------------------------------------===//

/// Fills *error, if there is one, and returns `status`.
__attribute__((format(printf, 3, 4))) tw_status tw_fail(tw_error *error, tw_status status,
                                                        const char *format, ...);

//===----------------------------------------------------------------------===//
// Cpu.c
//===----------------------------------------------------------------------===//

/// Features (CpuFeatures.def) that this CPU and operating system offer to the process, and those
/// that $TILEWRIGHT_EMULATED adds. Read once.
uint64_t tw_cpu_features(void);

/// Writes the names of `features` to text[size], separated by commas.
void tw_cpu_names(uint64_t features, char *text, size_t size);

/// The variant named `isa` (null: $TILEWRIGHT_ISA, or the best one), if this CPU can run it and the
/// system grants the state that it needs beyond what every process has (AMX tiles).
tw_status tw_pick_variant(const tw_model *model, const char *isa, const tw_variant **variant,
                          tw_error *error);

//===----------------------------------------------------------------------===//
// CpuCount.c
//===----------------------------------------------------------------------===//

/// CPUs that the process may use all the time: by its affinity and by the quota of its control
/// groups.
int32_t tw_cpu_count(void);

/// What the control groups in the file system below `root` allow this process; INT32_MAX if that is
/// no limit.
int32_t tw_cpu_quota(const char *root);

//===----------------------------------------------------------------------===//
// Checks.c
//===----------------------------------------------------------------------===//

/// As tw_symbols in Runtime.h, with tw_check_requirements.
tw_status tw_check_inputs(const tw_model *model, const DLTensor *inputs, int32_t count,
                          int64_t *symbols, tw_error *error);

/// Compares the outputs with dims[num_output_dims], the result of the model's shape function.
tw_status tw_check_outputs(const tw_model *model, const DLTensor *outputs, int32_t count,
                           const int64_t *dims, tw_error *error);

/// Fails if an output shares memory with an input or another output.
tw_status tw_check_overlap(const tw_model *model, const DLTensor *inputs, const DLTensor *outputs,
                           tw_error *error);

/// Whether what the code takes for granted about several sizes together holds
/// (tw_model.requirements).
tw_status tw_check_requirements(const tw_model *model, const int64_t *symbols, tw_error *error);

/// Whether what the variant computes from the sizes holds (tw_implementation.checks).
tw_status tw_check_computed(const tw_model *model, const tw_variant *variant,
                            const int64_t *symbols, tw_error *error);

/// Compares sizes with the declared ranges, each on its own.
tw_status tw_check_symbols(const tw_model *model, const int64_t *symbols, tw_error *error);

//===----------------------------------------------------------------------===//
// Weights.c
//===----------------------------------------------------------------------===//

typedef struct tw_weights {
  const void *data; // null if the model has none
  void *mapping;    // what tw_unmap_weights releases
  size_t mapping_size;
} tw_weights;

tw_status tw_map_weights(const tw_model *model, const tw_options *options, tw_weights *weights,
                         tw_error *error);
void tw_unmap_weights(tw_weights *weights);

//===----------------------------------------------------------------------===//
// Profile.c
//===----------------------------------------------------------------------===//

typedef struct tw_profiler {
  const tw_variant *variant;
  tw_region_time *times; // variant->num_regions of them; null: not measuring
  int64_t *work;         // of one call of each region, in this run
} tw_profiler;

tw_status tw_profiler_init(tw_profiler *profiler, const tw_variant *variant, bool enabled,
                           tw_error *error);
void tw_profiler_free(tw_profiler *profiler);

/// A run with these sizes begins.
void tw_profiler_begin(tw_profiler *profiler, const int64_t *symbols);
int64_t tw_profiler_now(void);
void tw_profiler_add(tw_profiler *profiler, tw_region region, int64_t nanoseconds);

//===----------------------------------------------------------------------===//
// Team.c
//===----------------------------------------------------------------------===//

/// Counters that several threads write stand on cache lines of their own.
#define TW_CACHE_LINE 64

/// A number that threads wait on: they spin first, then sleep in the kernel.
typedef struct tw_gate {
  _Alignas(TW_CACHE_LINE) _Atomic uint32_t generation;
  _Atomic uint32_t sleepers;
} tw_gate;

/// What one thread of a team shows the others, and its own notes.
typedef struct tw_slot {
  _Alignas(TW_CACHE_LINE) _Atomic uint32_t claimed; // launches whose share of this thread is begun
  uint32_t next;                                    // number of the thread's next launch
  bool helped;         // at its last launch it ran other threads' shares
  _Atomic int32_t cpu; // where it was last seen; -1: not yet
  tw_gate presence;    // of a worker in the run: see Team.c
} tw_slot;

/// Threads of one instance. Thread 0 is the caller of tw_run.
typedef struct tw_team {
  tw_gate start;    // opened by thread 0 for each run
  tw_gate launches; // complete ones; opened by the thread that finishes the last share
  _Alignas(TW_CACHE_LINE) _Atomic uint32_t done; // shares of the launch that is not complete
  _Alignas(TW_CACHE_LINE) const tw_call *call;
  uint32_t first_launch; // of the run
  void (*run)(const tw_call *call, int64_t tid);
  int32_t threads;
  _Atomic bool stop;
  tw_parallel_for parallel_for;
  void *parallel_context;
  struct tw_worker *workers; // threads - 1 of them; null with the host's threads
  tw_slot *slots;            // one per thread; null with the host's threads, or with one
  tw_profiler profiler;
} tw_team;

/// Starts the threads. On failure nothing is left running.
tw_status tw_team_start(tw_team *team, const tw_variant *variant, const tw_options *options,
                        int32_t threads, tw_error *error);
void tw_team_stop(tw_team *team);

/// Runs the model on all threads and returns when all have finished.
void tw_team_run(tw_team *team, const tw_call *call);

//===----------------------------------------------------------------------===//
// Instance.c
//===----------------------------------------------------------------------===//

struct tw_instance {
  tw_instance_base base;
  const tw_variant *variant;
  _Atomic uint32_t busy;
  tw_team team;
  tw_weights weights;
  tw_call call;
  // Filled by each run: sizes of symbols, sizes of outputs, addresses of tensors.
  int64_t *symbols;
  int64_t *output_dims;
  void **buffers;
  void *workspace;
  size_t workspace_size;
  bool owns_workspace;
};

#endif // TILEWRIGHT_LIB_RUNTIME_INSTANCE_H
