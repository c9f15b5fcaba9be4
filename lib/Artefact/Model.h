//===- Model.h - a compiled model, loaded into a tool ----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_MODEL_H
#define TILEWRIGHT_LIB_ARTEFACT_MODEL_H

#include "lib/Artefact/HostTensor.h"
#include "tilewright/Runtime.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>

namespace tilewright {

/// A shared object of compile-model. Stays loaded until the program ends.
llvm::Expected<const tw_model *> loadModel(llvm::StringRef path);

/// Position of the input or output called `name`, if there is one.
std::optional<int32_t> findTensor(const tw_tensor_info *tensors, int32_t count,
                                  llvm::StringRef name);

/// "ids (int64 [batch, seq]), x (float32 [4])"
std::string describeTensors(const tw_model *model, const tw_tensor_info *tensors, int32_t count);

/// A request and its results: inputs as given, outputs of the sizes that follow from them.
class Session {
public:
  /// Checks the inputs, makes an instance with workspace for them, and the outputs.
  static llvm::Expected<std::unique_ptr<Session>>
  create(const tw_model *model, std::vector<HostTensor> inputs, const tw_options &options);
  ~Session() { tw_destroy(instance); }
  Session(const Session &) = delete;

  llvm::Error run();

  const tw_model *model() const { return description; }
  const std::vector<HostTensor> &inputs() const { return inputTensors; }
  const std::vector<HostTensor> &outputs() const { return outputTensors; }
  llvm::ArrayRef<int64_t> symbols() const { return symbolSizes; }
  /// Times of the regions; empty unless tw_options.profile was set.
  llvm::ArrayRef<tw_region_time> profile() const;
  /// The target of the artefact whose code runs.
  llvm::StringRef isa() const { return tw_isa(instance); }

private:
  Session(const tw_model *model, std::vector<HostTensor> inputs)
      : description(model), inputTensors(std::move(inputs)) {}
  llvm::Error prepare(const tw_options &options);

  const tw_model *description;
  tw_instance *instance = nullptr;
  std::vector<int64_t> symbolSizes;
  std::vector<HostTensor> inputTensors, outputTensors;
  std::vector<DLTensor> inputViews, outputViews;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_MODEL_H
