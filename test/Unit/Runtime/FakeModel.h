//===- FakeModel.h - a model written by hand, for tests of the runtime ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   inputs   ids  int64   [batch, seq]        batch: any, seq: 1..512
//            x    float32 [batch, seq, 4]
//   outputs  y    float32 [batch, seq, 4]     y[b, s, :] = 2 * x[b, seq - 1 - s, :] + ids[b, s] +
//   weight[0]
//            n    float32 [seq + 1]           n[i] = i
//
// Two regions: the first writes 2x into the workspace, the second reads what other threads wrote.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_FAKEMODEL_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_FAKEMODEL_H

#include "lib/Runtime/Model.h"
#include <string>
#include <vector>

namespace fake {

extern const float weights[16];

/// The model with a declared range of seq; `features` are required of the CPU, `file` holds its
/// weights if not null.
class Model {
public:
  explicit Model(uint64_t features = 0, const char *file = nullptr, int64_t maxBatch = INT64_MAX);
  Model(const Model &) = delete;
  operator const tw_model *() const { return &model; }
  tw_model model = {};

private:
  std::vector<tw_symbol_info> symbols;
  std::vector<tw_tensor_info> inputs, outputs;
  std::vector<tw_variant> variants;
  tw_implementation implementation;
};

/// Tensors of a request whose results are known.
struct Request {
  explicit Request(int64_t batch, int64_t seq);
  Request(const Request &) = delete;
  /// Number of elements of `y` and `n` that differ from the definition above.
  int mismatches() const;
  tw_status run(tw_instance *instance, tw_error *error = nullptr);

  int64_t batch, seq;
  std::vector<int64_t> ids;
  std::vector<float> x, y, n;
  std::vector<int64_t> idsShape, xShape, yShape, nShape;
  DLTensor inputs[2], outputs[2];
};

} // namespace fake

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_FAKEMODEL_H
