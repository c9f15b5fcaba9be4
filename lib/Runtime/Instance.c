//===- Instance.c - creating, running and ending instances ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // MAP_NORESERVE
#include "lib/Runtime/Instance.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MaxThreads = 4096 };

static int32_t resolveThreads(int32_t threads, tw_error *error) {
  if (threads < 0 || threads > MaxThreads) {
    tw_fail(error, TW_ERROR_ARGUMENT, "expects 0..%d threads, got %d", MaxThreads, threads);
    return -1;
  }
  return threads ? threads : tw_cpu_count();
}

//===----------------------------------------------------------------------===//
// Questions about a model
//===----------------------------------------------------------------------===//

static tw_status outputShapes(const tw_model *model, const int64_t *symbols, int64_t *dims,
                              tw_error *error) {
  tw_status status = tw_check_symbols(model, symbols, error);
  if (status != TW_OK)
    return status;
  if (model->num_output_dims && !dims)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects room for %d sizes, got a null pointer",
                   model->num_output_dims);
  const tw_variant *variant;
  if ((status = tw_check_requirements(model, symbols, error)) != TW_OK ||
      (status = tw_pick_variant(model, NULL, &variant, error)) != TW_OK ||
      (status = tw_check_computed(model, variant, symbols, error)) != TW_OK)
    return status;
  variant->shapes(symbols, dims);
  return TW_OK;
}

/// Finds the bytes that the variant needs.
static tw_status workspaceBytes(const tw_variant *variant, const int64_t *symbols, int32_t threads,
                                int64_t *bytes, tw_error *error) {
  *bytes = variant->workspace ? variant->workspace(symbols, threads) : 0;
  if (*bytes < 0)
    return tw_fail(error, TW_ERROR_WORKSPACE, "expects sizes whose workspace fits into memory");
  return TW_OK;
}

static tw_status workspaceSize(const tw_model *model, const int64_t *symbols, int32_t threads,
                               size_t *bytes, tw_error *error) {
  tw_status status = tw_check_symbols(model, symbols, error);
  if (status != TW_OK)
    return status;
  if ((threads = resolveThreads(threads, error)) < 0)
    return TW_ERROR_ARGUMENT;
  const tw_variant *best;
  if ((status = tw_pick_variant(model, NULL, &best, error)) != TW_OK)
    return status;
  // tw_options.isa may choose any variant that this CPU can run: enough for each of them.
  const struct tw_implementation *implementation = model->implementation;
  uint64_t features = tw_cpu_features();
  *bytes = 0;
  for (int64_t i = 0; i < implementation->num_variants; ++i) {
    const tw_variant *variant = &implementation->variants[i];
    if (variant->features & ~features)
      continue;
    int64_t needed;
    if ((status = workspaceBytes(variant, symbols, threads, &needed, error)) != TW_OK)
      return status;
    if ((size_t)needed > *bytes)
      *bytes = (size_t)needed;
  }
  return TW_OK;
}

//===----------------------------------------------------------------------===//
// Workspace
//===----------------------------------------------------------------------===//

static void releaseWorkspace(tw_instance *instance) {
  if (instance->owns_workspace)
    munmap(instance->workspace, instance->workspace_size);
  instance->workspace = NULL;
  instance->workspace_size = 0;
  instance->owns_workspace = false;
}

/// Replaces the instance's own workspace by a larger one. Pages cost memory only when they are
/// first written.
static tw_status growWorkspace(tw_instance *instance, int64_t bytes, tw_error *error) {
  if (bytes <= (int64_t)instance->workspace_size)
    return TW_OK;
  void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return tw_fail(error, TW_ERROR_MEMORY, "expects a workspace of %" PRId64 " bytes: %s", bytes,
                   strerror(errno));
  releaseWorkspace(instance);
  instance->workspace = memory;
  instance->workspace_size = (size_t)bytes;
  instance->owns_workspace = true;
  return TW_OK;
}

static tw_status reserveLocked(tw_instance *instance, const int64_t *symbols, tw_error *error) {
  int64_t bytes;
  tw_status status =
      workspaceBytes(instance->variant, symbols, instance->team.threads, &bytes, error);
  if (status != TW_OK)
    return status;
  bool callers = instance->workspace && !instance->owns_workspace;
  if (callers && bytes > (int64_t)instance->workspace_size)
    return tw_fail(error, TW_ERROR_WORKSPACE,
                   "expects a workspace of %" PRId64 " bytes, tw_create was given %zu", bytes,
                   instance->workspace_size);
  return growWorkspace(instance, bytes, error);
}

/// One request at a time: takes the instance, or says who has it.
static tw_status acquire(tw_instance *instance, tw_error *error) {
  if (atomic_exchange_explicit(&instance->busy, 1, memory_order_acquire))
    return tw_fail(error, TW_ERROR_BUSY,
                   "expects one call at a time for an instance; make an instance per thread");
  return TW_OK;
}

static void release(tw_instance *instance) {
  atomic_store_explicit(&instance->busy, 0, memory_order_release);
}

static tw_status reserve(tw_instance *instance, const int64_t *symbols, tw_error *error) {
  tw_status status = tw_check_symbols(instance->base.model, symbols, error);
  if (status == TW_OK && (status = acquire(instance, error)) == TW_OK) {
    status = reserveLocked(instance, symbols, error);
    release(instance);
  }
  return status;
}

/// If every dimension has a maximum, the workspace for all of them is mapped at once. Where that is
/// impossible, tw_run says how much the actual sizes need.
static void reserveMaximum(tw_instance *instance) {
  const tw_model *model = instance->base.model;
  for (int32_t i = 0; i < model->num_symbols; ++i) {
    if (model->symbols[i].max == INT64_MAX)
      return;
    instance->symbols[i] = model->symbols[i].max;
  }
  reserveLocked(instance, instance->symbols, NULL);
}

//===----------------------------------------------------------------------===//
// Life of an instance
//===----------------------------------------------------------------------===//

static void destroy(tw_instance *instance) {
  tw_team_stop(&instance->team);
  tw_unmap_weights(&instance->weights);
  releaseWorkspace(instance);
  tw_profiler_free(&instance->team.profiler);
  free(instance);
}

/// The instance and its arrays in one piece of memory.
static tw_instance *allocate(const tw_model *model) {
  size_t numSymbols = (size_t)model->num_symbols, numDims = (size_t)model->num_output_dims;
  size_t numBuffers = (size_t)model->num_inputs + (size_t)model->num_outputs;
  size_t size =
      sizeof(tw_instance) + (numSymbols + numDims) * sizeof(int64_t) + numBuffers * sizeof(void *);
  size = (size + TW_CACHE_LINE - 1) / TW_CACHE_LINE * TW_CACHE_LINE;
  tw_instance *instance = aligned_alloc(TW_CACHE_LINE, size);
  if (!instance)
    return NULL;
  memset(instance, 0, size);
  instance->base.model = model;
  instance->symbols = (int64_t *)(instance + 1);
  instance->output_dims = instance->symbols + numSymbols;
  instance->buffers = (void **)(instance->output_dims + numDims);
  return instance;
}

static tw_status checkOptions(const tw_options *options, tw_error *error) {
  if (options->workspace && (uintptr_t)options->workspace % TW_WORKSPACE_ALIGNMENT)
    return tw_fail(error, TW_ERROR_ALIGNMENT,
                   "expects a workspace aligned to %d bytes, got address %p",
                   TW_WORKSPACE_ALIGNMENT, options->workspace);
  if (!options->workspace && options->workspace_size)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects a workspace of %zu bytes, got a null pointer",
                   options->workspace_size);
  return TW_OK;
}

static tw_status setUp(tw_instance *instance, const tw_options *options, tw_error *error) {
  const tw_model *model = instance->base.model;
  tw_status status = checkOptions(options, error);
  if (status != TW_OK)
    return status;
  int32_t threads = resolveThreads(options->threads, error);
  if (threads < 0)
    return TW_ERROR_ARGUMENT;
  if ((status = tw_pick_variant(model, options->isa, &instance->variant, error)) != TW_OK)
    return status;
  if ((status = tw_map_weights(model, options, &instance->weights, error)) != TW_OK ||
      (status = tw_profiler_init(&instance->team.profiler, instance->variant, options->profile,
                                 error)) != TW_OK ||
      (status = tw_team_start(&instance->team, instance->variant, options, threads, error)) !=
          TW_OK)
    return status;
  instance->workspace = options->workspace;
  instance->workspace_size = options->workspace_size;
  if (!options->workspace)
    reserveMaximum(instance);
  return TW_OK;
}

static tw_status create(const tw_model *model, const tw_options *options, tw_instance **result,
                        tw_error *error) {
  static const tw_options defaults = {0};
  tw_instance *instance = allocate(model);
  if (!instance)
    return tw_fail(error, TW_ERROR_MEMORY, "expects memory for an instance");
  tw_status status = setUp(instance, options ? options : &defaults, error);
  if (status != TW_OK)
    destroy(instance);
  else
    *result = instance;
  return status;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

static tw_status prepare(tw_instance *instance, const DLTensor *inputs, int32_t numInputs,
                         const DLTensor *outputs, int32_t numOutputs, tw_error *error) {
  const tw_model *model = instance->base.model;
  tw_status status = tw_check_inputs(model, inputs, numInputs, instance->symbols, error);
  if (status == TW_OK)
    status = tw_check_computed(model, instance->variant, instance->symbols, error);
  if (status != TW_OK)
    return status;
  instance->variant->shapes(instance->symbols, instance->output_dims);
  if ((status = tw_check_outputs(model, outputs, numOutputs, instance->output_dims, error)) !=
          TW_OK ||
      (status = tw_check_overlap(model, inputs, outputs, error)) != TW_OK)
    return status;
  int64_t bytes;
  if ((status = workspaceBytes(instance->variant, instance->symbols, instance->team.threads, &bytes,
                               error)) != TW_OK)
    return status;
  if (bytes > (int64_t)instance->workspace_size)
    return tw_fail(error, TW_ERROR_WORKSPACE,
                   "expects a workspace of %" PRId64
                   " bytes for these sizes, has %zu: call tw_reserve with the greatest sizes",
                   bytes, instance->workspace_size);
  return TW_OK;
}

static void fillCall(tw_instance *instance, const DLTensor *inputs, int32_t numInputs,
                     const DLTensor *outputs, int32_t numOutputs) {
  for (int32_t i = 0; i < numInputs; ++i)
    instance->buffers[i] = (char *)inputs[i].data + inputs[i].byte_offset;
  for (int32_t i = 0; i < numOutputs; ++i)
    instance->buffers[numInputs + i] = (char *)outputs[i].data + outputs[i].byte_offset;
  instance->call = (tw_call){
      .buffers = instance->buffers,
      .symbols = instance->symbols,
      .workspace = instance->workspace,
      .weights = instance->weights.data,
      .threads = instance->team.threads,
      .team = &instance->team,
  };
}

static tw_status run(tw_instance *instance, const DLTensor *inputs, int32_t numInputs,
                     const DLTensor *outputs, int32_t numOutputs, tw_error *error) {
  tw_status status = acquire(instance, error);
  if (status != TW_OK)
    return status;
  status = prepare(instance, inputs, numInputs, outputs, numOutputs, error);
  if (status == TW_OK) {
    fillCall(instance, inputs, numInputs, outputs, numOutputs);
    tw_profiler_begin(&instance->team.profiler, instance->symbols);
    tw_team_run(&instance->team, &instance->call);
  }
  release(instance);
  return status;
}

static int32_t profile(const tw_instance *instance, const tw_region_time **times) {
  *times = instance->team.profiler.times;
  return *times ? (int32_t)instance->variant->num_regions : 0;
}

static const char *isa(const tw_instance *instance) {
  return instance->variant->isa;
}

const tw_functions tw_runtime_functions = {
    .symbols = tw_check_inputs,
    .output_shapes = outputShapes,
    .workspace_size = workspaceSize,
    .create = create,
    .reserve = reserve,
    .run = run,
    .destroy = destroy,
    .profile = profile,
    .isa = isa,
};
