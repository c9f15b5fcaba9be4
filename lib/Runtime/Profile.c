//===- Profile.c - time per region ------------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // clock_gettime
#include "lib/Runtime/Instance.h"
#include <stdlib.h>
#include <time.h>

tw_status tw_profiler_init(tw_profiler *profiler, const tw_variant *variant, bool enabled,
                           tw_error *error) {
  profiler->variant = variant;
  profiler->times = NULL;
  profiler->work = NULL;
  if (!enabled || variant->num_regions == 0)
    return TW_OK;
  size_t regions = (size_t)variant->num_regions;
  profiler->times = calloc(regions, sizeof(tw_region_time));
  profiler->work = calloc(regions * TW_WORK_COUNTS, sizeof(int64_t));
  if (!profiler->times || !profiler->work)
    return tw_fail(error, TW_ERROR_MEMORY, "expects memory for the times of %d regions",
                   (int)variant->num_regions);
  for (int64_t i = 0; i < variant->num_regions; ++i)
    profiler->times[i].name = variant->regions[i].name;
  return TW_OK;
}

void tw_profiler_free(tw_profiler *profiler) {
  free(profiler->times);
  free(profiler->work);
}

void tw_profiler_begin(tw_profiler *profiler, const int64_t *symbols) {
  if (profiler->times)
    profiler->variant->work(symbols, profiler->work);
}

int64_t tw_profiler_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now); // read from the vDSO, not a system call
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void tw_profiler_add(tw_profiler *profiler, tw_region region, int64_t nanoseconds) {
  for (int64_t i = 0; i < profiler->variant->num_regions; ++i)
    if (profiler->variant->regions[i].region == region) {
      tw_region_time *time = &profiler->times[i];
      const int64_t *work = &profiler->work[i * TW_WORK_COUNTS];
      ++time->calls;
      time->nanoseconds += nanoseconds;
      time->flop += (double)work[TW_WORK_FLOP];
      time->weight_bytes += (double)work[TW_WORK_WEIGHT_BYTES];
      time->activation_bytes += (double)work[TW_WORK_ACTIVATION_BYTES];
      return;
    }
}
