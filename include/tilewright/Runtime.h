//===- Runtime.h - calling a model that Tilewright compiled -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An artefact NAME.so, NAME.a or NAME.o exports one function,
// `const tw_model *tw_NAME_model(void)`, and a shared object also TW_ENTRY for dlopen. The model
// behind it describes itself (names, types, sizes, limits) and brings its own code; there is no
// library to link. The generated NAME.h names inputs, outputs and dimensions.
//
//   const tw_model *model = tw_bert_model();
//   tw_error error;
//   tw_instance *instance;
//   // Everything that can be slow: threads, memory, weights.
//   if (tw_create(model, NULL, &instance, &error) != TW_OK)
//     return fprintf(stderr, "%s\n", error.message);
//   // No allocation, no lock; threads that wait long sleep in the kernel (docs/Artefact.md).
//   tw_run(instance, inputs, 2, outputs, 1, &error);
//   tw_destroy(instance);
//
// Rules. A failed call returns a code, explains it in `error` (which may be null) and has written
// no output. A model is immutable and may be used by all threads; an instance runs one request at a
// time, several instances run side by side over one image of the weights. Threads of an instance do
// not survive fork().
//
// Compatibility. Artefacts carry TW_ABI_VERSION; structures grow at their end only, and only with a
// new version.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_RUNTIME_H
#define TILEWRIGHT_RUNTIME_H

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TW_ABI_VERSION 2
// In a shared object, whatever the model's name: `const tw_model *tw_artefact_model(void)`.
#define TW_ENTRY "tw_artefact_model"
#define TW_WORKSPACE_ALIGNMENT 64 // bytes, of a workspace that the caller provides
#define TW_WEIGHTS_ALIGNMENT 64   // bytes, of weights that the caller provides

typedef enum tw_status {
  TW_OK = 0,
  TW_ERROR_ARGUMENT = 1,   // a null pointer, a wrong count, an impossible option
  TW_ERROR_VERSION = 2,    // artefact and caller speak different versions of this header
  TW_ERROR_CPU = 3,        // the CPU lacks instructions that the artefact was compiled for
  TW_ERROR_MEMORY = 4,     // the system refuses memory
  TW_ERROR_THREADS = 5,    // the system refuses threads
  TW_ERROR_WEIGHTS = 6,    // the weight file is missing, damaged or another model's
  TW_ERROR_RANK = 7,       // a tensor has the wrong number of dimensions
  TW_ERROR_DTYPE = 8,      // a tensor has the wrong element type
  TW_ERROR_SHAPE = 9,      // a dimension contradicts the model or another tensor
  TW_ERROR_RANGE = 10,     // a dimension is outside its declared range
  TW_ERROR_LAYOUT = 11,    // a tensor is not row-major without gaps
  TW_ERROR_ALIGNMENT = 12, // data not aligned as documented
  TW_ERROR_DEVICE = 13,    // a tensor does not lie in CPU memory
  TW_ERROR_OVERLAP = 14,   // an output shares memory with another tensor
  TW_ERROR_WORKSPACE = 15, // these dimensions need more workspace: tw_reserve
  TW_ERROR_BUSY = 16       // the instance is running in another thread
} tw_status;

typedef struct tw_error {
  tw_status status;
  char message[252]; // e.g. input 'ids': expects dimension 1 ('seq') in 1..512, got 600
} tw_error;

//===----------------------------------------------------------------------===//
// What a model says about itself
//===----------------------------------------------------------------------===//

enum {
  TW_DIM_STATIC = -1, // always `size`
  // Of outputs only: follows from the symbols in a way that only tw_output_shapes knows.
  TW_DIM_COMPUTED = -2
};

typedef struct tw_dim {
  int64_t size;   // -1 unless static
  int32_t symbol; // index into tw_model.symbols, or TW_DIM_STATIC, or TW_DIM_COMPUTED
  int32_t reserved;
} tw_dim;

typedef struct tw_tensor_info {
  const char *name;   // as in the ONNX file
  const tw_dim *dims; // `rank` of them
  int32_t rank;
  int32_t first_dim; // outputs: where its sizes stand in the array that tw_output_shapes fills
  DLDataType dtype;  // bool is {kDLUInt, 8, 1}
  int32_t alignment; // bytes; data at a multiple of it is accepted
} tw_tensor_info;

typedef struct tw_symbol_info {
  const char *name; // of the dimension, as in the ONNX file
  int64_t min, max; // declared range, inclusive; max is INT64_MAX if there is none
} tw_symbol_info;

/// What the code takes for granted about several symbols together: the sum of factors[i] times
/// symbol i is in [min, max].
typedef struct tw_requirement {
  const int64_t *factors; // num_symbols of them
  int64_t min, max;       // inclusive
} tw_requirement;

typedef struct tw_model {
  uint32_t abi_version; // TW_ABI_VERSION of the compiler
  uint32_t reserved;
  const struct tw_functions *functions; // call through the functions at the end of this file
  const char *name;                     // of the artefact, a C identifier
  const char *producer;                 // "tilewright 0.1.0"
  const char *source;                   // file name of the model
  const char *target;                   // as given to --target, e.g. "x86-64-v3,x86-64-v4"
  const char *pipeline;                 // "default" or "reference"
  const char *compute;                  // precision of contractions: "f32", "bf16x3", "bf16"
  int32_t num_inputs, num_outputs, num_symbols;
  int32_t num_output_dims; // sum of the ranks of all outputs
  const tw_tensor_info *inputs, *outputs;
  const tw_symbol_info *symbols;
  uint64_t weights_size;     // bytes
  uint64_t weights_checksum; // of these bytes; see docs/Artefact.md
  const char *weights_file;  // file name that holds them, null if they are in the artefact
  const void *weights;       // null if they are in a file
  const struct tw_implementation *implementation;
  const tw_requirement *requirements;
  int64_t num_requirements;
} tw_model;

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

typedef struct tw_instance tw_instance;

/// Runs body(argument, i) for each i in [0, n), in parallel or not, and returns when all are done.
typedef void (*tw_parallel_for)(void *context, int64_t n, void (*body)(void *argument, int64_t i),
                                void *argument);

/// All zero (or a null pointer to tw_create) means: own threads on all CPUs the process may use,
/// memory from the system.
typedef struct tw_options {
  int32_t threads; // including the caller of tw_run; 0: all CPUs that affinity and cgroups allow
  int32_t profile; // 1: measure regions, see tw_profile
  const char *isa; // the --target to run, for tests; null: $TILEWRIGHT_ISA, or the best for the CPU

  // Host threads instead of own ones: the model splits its work into `threads` shares and hands
  // them to the host.
  tw_parallel_for parallel_for;
  void *parallel_context;

  // Workspace of the caller, kept until tw_destroy. Null: mapped by tw_create (if all dimensions
  // are bounded) or tw_reserve.
  void *workspace;
  size_t workspace_size;

  // Only for artefacts whose weights are in a file: the bytes themselves (without the file's
  // header), kept until tw_destroy, or the path. Both null: tw_model.weights_file beside the
  // artefact.
  const void *weights;
  size_t weights_size;
  const char *weights_file;
  int32_t verify_weights; // 1: compare all bytes with the checksum, which reads them; 0: compare
                          // size and stamp only
  int32_t reserved;
} tw_options;

/// One region (one parallel step) of the model, summed over runs: time as the calling thread sees
/// it, and the work that the sizes ask for, 0 where that is not known. A region is named after the
/// ONNX node that it computes last, and how many nodes were merged with that one:
/// "region_3:/layer.0/attention/query/MatMul+2". Of layers that run as a loop it is the first
/// layer's node.
typedef struct tw_region_time {
  const char *name;
  int64_t calls;
  int64_t nanoseconds;
  double flop;             // multiplications and additions of products and attention, no others
  double weight_bytes;     // of weights that are read, each once
  double activation_bytes; // of everything else that is read or written, each once
} tw_region_time;

// The functions below go through this table, which each artefact brings along.
typedef struct tw_functions {
  tw_status (*symbols)(const tw_model *, const DLTensor *inputs, int32_t num_inputs,
                       int64_t *symbols, tw_error *);
  tw_status (*output_shapes)(const tw_model *, const int64_t *symbols, int64_t *dims, tw_error *);
  tw_status (*workspace_size)(const tw_model *, const int64_t *symbols, int32_t threads,
                              size_t *bytes, tw_error *);
  tw_status (*create)(const tw_model *, const tw_options *, tw_instance **, tw_error *);
  tw_status (*reserve)(tw_instance *, const int64_t *symbols, tw_error *);
  tw_status (*run)(tw_instance *, const DLTensor *inputs, int32_t num_inputs,
                   const DLTensor *outputs, int32_t num_outputs, tw_error *);
  void (*destroy)(tw_instance *);
  int32_t (*profile)(const tw_instance *, const tw_region_time **);
  const char *(*isa)(const tw_instance *);
} tw_functions;

/// First member of every instance.
typedef struct tw_instance_base {
  const tw_model *model;
} tw_instance_base;

/// Checks the inputs and finds the sizes of all symbolic dimensions: symbols[num_symbols].
static inline tw_status tw_symbols(const tw_model *model, const DLTensor *inputs,
                                   int32_t num_inputs, int64_t *symbols, tw_error *error) {
  return model->functions->symbols(model, inputs, num_inputs, symbols, error);
}

/// Fills dims[num_output_dims] with the sizes of all outputs, one after the other.
static inline tw_status tw_output_shapes(const tw_model *model, const int64_t *symbols,
                                         int64_t *dims, tw_error *error) {
  return model->functions->output_shapes(model, symbols, dims, error);
}

/// Bytes of workspace that a run with these sizes and this number of threads (0: the default of
/// tw_options) needs.
static inline tw_status tw_workspace_size(const tw_model *model, const int64_t *symbols,
                                          int32_t threads, size_t *bytes, tw_error *error) {
  return model->functions->workspace_size(model, symbols, threads, bytes, error);
}

/// Makes an instance: chooses the code for this CPU, maps weights and workspace, starts threads.
static inline tw_status tw_create(const tw_model *model, const tw_options *options,
                                  tw_instance **instance, tw_error *error) {
  if (model->abi_version != TW_ABI_VERSION) { // before anything else of the model is trusted
    static const char message[] =
        "expects an artefact of this version of tilewright/Runtime.h; compile the model again";
    if (error) {
      error->status = TW_ERROR_VERSION;
      memcpy(error->message, message, sizeof message);
    }
    return TW_ERROR_VERSION;
  }
  return model->functions->create(model, options, instance, error);
}

/// Makes sure that runs up to these sizes have workspace; needed once if a dimension has no
/// declared maximum.
static inline tw_status tw_reserve(tw_instance *instance, const int64_t *symbols, tw_error *error) {
  return ((const tw_instance_base *)instance)->model->functions->reserve(instance, symbols, error);
}

/// Computes outputs[num_outputs], whose memory and sizes the caller provides, from
/// inputs[num_inputs]. Tensors are row-major without gaps (strides null or equal to that), in CPU
/// memory, and do not overlap outputs.
static inline tw_status tw_run(tw_instance *instance, const DLTensor *inputs, int32_t num_inputs,
                               const DLTensor *outputs, int32_t num_outputs, tw_error *error) {
  return ((const tw_instance_base *)instance)
      ->model->functions->run(instance, inputs, num_inputs, outputs, num_outputs, error);
}

/// Ends the instance; null is allowed.
static inline void tw_destroy(tw_instance *instance) {
  if (instance)
    ((const tw_instance_base *)instance)->model->functions->destroy(instance);
}

/// With tw_options.profile: the number of regions, and their times since tw_create. Without: 0.
static inline int32_t tw_profile(const tw_instance *instance, const tw_region_time **times) {
  return ((const tw_instance_base *)instance)->model->functions->profile(instance, times);
}

/// The --target whose code this instance runs, e.g. "x86-64-v4".
static inline const char *tw_isa(const tw_instance *instance) {
  return ((const tw_instance_base *)instance)->model->functions->isa(instance);
}

#ifdef __cplusplus
}
#endif

#endif // TILEWRIGHT_RUNTIME_H
