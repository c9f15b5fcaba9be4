//===- Model.h - contract between generated code and the runtime ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the emitter generates (tw_implementation and the functions in it), and what generated code
// calls (tw_launch). lib/Emit/Descriptor.cpp writes these structures as LLVM constants: change both
// together.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_RUNTIME_MODEL_H
#define TILEWRIGHT_LIB_RUNTIME_MODEL_H

#include "tilewright/Runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One request, as the generated code sees it.
typedef struct tw_call {
  void *const *buffers;   // data of the inputs, then of the outputs
  const int64_t *symbols; // tw_model.num_symbols sizes
  void *workspace;        // aligned to TW_WORKSPACE_ALIGNMENT
  const void *weights;    // aligned to TW_WEIGHTS_ALIGNMENT
  int64_t threads;        // shares of every region
  void *team; // struct tw_team; null: tw_launch runs the share of `tid` and does not wait
} tw_call;

/// The share `tid` of `threads` of one region.
typedef void (*tw_region)(const void *closure, int64_t tid, int64_t threads);

/// Runs a region. With own threads every thread of the team calls this in the same order; each runs
/// its share and waits for the others. With the host's threads one thread calls it and the host
/// runs the shares.
void tw_launch(const tw_call *call, tw_region region, const void *closure, int64_t tid);

typedef struct tw_region_name {
  tw_region region;
  const char *name;
} tw_region_name;

/// What tw_variant.work tells of a region, for profiles: the fields of tw_region_time, in order.
enum { TW_WORK_FLOP, TW_WORK_WEIGHT_BYTES, TW_WORK_ACTIVATION_BYTES, TW_WORK_COUNTS };

/// The generated code for one instruction set.
typedef struct tw_variant {
  const char *isa;                               // e.g. "x86-64-v4"
  uint64_t features;                             // bits of CpuFeatures.def that it needs
  void (*run)(const tw_call *call, int64_t tid); // tw_model_run
  int64_t (*workspace)(const int64_t *symbols, int64_t threads); // bytes, negative if they do not
                                                                 // fit into 63 bits; null: none
  void (*shapes)(const int64_t *symbols, int64_t *dims);         // sizes of all outputs
  int64_t (*check)(const int64_t *symbols); // number of the first of tw_implementation.checks that
                                            // does not hold, or -1; null: there are none
  void (*work)(const int64_t *symbols, int64_t *work); // TW_WORK_COUNTS numbers for each region
  int64_t num_regions;
  const tw_region_name *regions; // for profiles
} tw_variant;

struct tw_implementation {
  int64_t num_variants;
  const tw_variant *variants; // best first
  const char *const *checks;  // what sizes must fulfil: "'n' * 4 to be a multiple of 6"
};

/// The runtime as the functions of tw_model.
extern const tw_functions tw_runtime_functions;

#ifdef __cplusplus
}
#endif

#endif // TILEWRIGHT_LIB_RUNTIME_MODEL_H
