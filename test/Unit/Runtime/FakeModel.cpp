//===- FakeModel.cpp - a model written by hand, for tests of the runtime ----===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeModel.h"
#include "lib/Runtime/WeightFile.h"

namespace {

constexpr int64_t Width = 4;

struct Closure {
  const tw_call *call;
};

/// Rows [begin, end) of share tid.
struct Share {
  Share(int64_t rows, int64_t tid, int64_t threads)
      : begin(rows * tid / threads), end(rows * (tid + 1) / threads) {}
  int64_t begin, end;
};

void doubleInput(const void *closure, int64_t tid, int64_t threads) {
  const tw_call *call = static_cast<const Closure *>(closure)->call;
  auto *x = static_cast<const float *>(call->buffers[1]);
  auto *scratch = static_cast<float *>(call->workspace);
  Share rows(call->symbols[0] * call->symbols[1], tid, threads);
  for (int64_t i = rows.begin * Width; i < rows.end * Width; ++i)
    scratch[i] = 2 * x[i];
}

void reverseAndAdd(const void *closure, int64_t tid, int64_t threads) {
  const tw_call *call = static_cast<const Closure *>(closure)->call;
  auto *ids = static_cast<const int64_t *>(call->buffers[0]);
  auto *scratch = static_cast<const float *>(call->workspace);
  auto *weight = static_cast<const float *>(call->weights);
  auto *y = static_cast<float *>(call->buffers[2]), *n = static_cast<float *>(call->buffers[3]);
  int64_t seq = call->symbols[1];
  Share rows(call->symbols[0] * seq, tid, threads);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    int64_t mirrored = row / seq * seq + (seq - 1 - row % seq);
    for (int64_t i = 0; i < Width; ++i)
      y[row * Width + i] = scratch[mirrored * Width + i] + static_cast<float>(ids[row]) + weight[0];
  }
  if (tid == 0)
    for (int64_t i = 0; i <= seq; ++i)
      n[i] = static_cast<float>(i);
}

void run(const tw_call *call, int64_t tid) {
  Closure closure = {call};
  tw_launch(call, doubleInput, &closure, tid);
  tw_launch(call, reverseAndAdd, &closure, tid);
}

int64_t workspace(const int64_t *symbols, int64_t) {
  int64_t bytes;
  if (__builtin_mul_overflow(symbols[0], symbols[1] * Width * 4, &bytes))
    return -1;
  return bytes;
}

void shapes(const int64_t *symbols, int64_t *dims) {
  dims[0] = symbols[0], dims[1] = symbols[1], dims[2] = Width, dims[3] = symbols[1] + 1;
}

int64_t check(const int64_t *symbols) {
  return symbols[0] % 7 == 6 ? 0 : -1;
}
const char *const checks[] = {"'batch' + 1 to be no multiple of 7"};

void work(const int64_t *symbols, int64_t *work) {
  for (int64_t region = 0; region < 2; ++region) {
    int64_t *counts = work + region * TW_WORK_COUNTS;
    counts[TW_WORK_FLOP] = symbols[0] * symbols[1] * Width;
    counts[TW_WORK_WEIGHT_BYTES] = region * 4;
    counts[TW_WORK_ACTIVATION_BYTES] = 8 * counts[TW_WORK_FLOP];
  }
}

const tw_region_name regions[] = {{doubleInput, "double"}, {reverseAndAdd, "reverse"}};

constexpr tw_dim Batch = {-1, 0, 0}, Seq = {-1, 1, 0}, Columns = {Width, TW_DIM_STATIC, 0};
constexpr tw_dim Computed = {-1, TW_DIM_COMPUTED, 0};
const tw_dim matrix[] = {Batch, Seq}, cube[] = {Batch, Seq, Columns}, vector[] = {Computed};
constexpr DLDataType Int64 = {kDLInt, 64, 1}, Float32 = {kDLFloat, 32, 1};

DLTensor tensor(void *data, DLDataType type, std::vector<int64_t> &shape) {
  return {data, {kDLCPU, 0}, static_cast<int>(shape.size()), type, shape.data(), nullptr, 0};
}

} // namespace

alignas(TW_WEIGHTS_ALIGNMENT) const float fake::weights[16] = {100};

fake::Model::Model(uint64_t features, const char *file, int64_t maxBatch)
    : symbols{{"batch", 0, maxBatch}, {"seq", 1, 512}},
      inputs{{"ids", matrix, 2, 0, Int64, 8}, {"x", cube, 3, 0, Float32, 4}},
      outputs{{"y", cube, 3, 0, Float32, 4}, {"n", vector, 1, 3, Float32, 4}},
      variants{{"fancy", UINT64_C(1) << 63, run, workspace, shapes, check, work, 2, regions},
               {"plain", features, run, workspace, shapes, check, work, 2, regions}},
      implementation{2, variants.data(), checks} {
  model.abi_version = TW_ABI_VERSION;
  model.functions = &tw_runtime_functions;
  model.name = "fake";
  model.num_inputs = 2, model.num_outputs = 2, model.num_symbols = 2, model.num_output_dims = 4;
  model.inputs = inputs.data(), model.outputs = outputs.data(), model.symbols = symbols.data();
  model.weights_size = sizeof weights;
  model.weights_checksum = tw_weight_checksum(weights, sizeof weights);
  model.weights_file = file;
  model.weights = file ? nullptr : weights;
  model.implementation = &implementation;
}

fake::Request::Request(int64_t batch, int64_t seq)
    : batch(batch), seq(seq), ids(batch * seq), x(batch * seq * Width), y(x.size(), -1),
      n(seq + 1, -1), idsShape{batch, seq}, xShape{batch, seq, Width}, yShape(xShape),
      nShape{seq + 1},
      inputs{tensor(ids.data(), Int64, idsShape), tensor(x.data(), Float32, xShape)},
      outputs{tensor(y.data(), Float32, yShape), tensor(n.data(), Float32, nShape)} {
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int64_t>(i % 7);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i);
}

tw_status fake::Request::run(tw_instance *instance, tw_error *error) {
  return tw_run(instance, inputs, 2, outputs, 2, error);
}

int fake::Request::mismatches() const {
  int wrong = 0;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t s = 0; s < seq; ++s)
      for (int64_t i = 0; i < Width; ++i)
        wrong += y[(b * seq + s) * Width + i] != 2 * x[(b * seq + seq - 1 - s) * Width + i] +
                                                     static_cast<float>(ids[b * seq + s]) + 100;
  for (int64_t i = 0; i <= seq; ++i)
    wrong += n[i] != static_cast<float>(i);
  return wrong;
}
