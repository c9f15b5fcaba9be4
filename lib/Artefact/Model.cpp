//===- Model.cpp - a compiled model, loaded into a tool --------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Model.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>

using namespace llvm;
using namespace tilewright;

Expected<const tw_model *> tilewright::loadModel(StringRef path) {
  // dlopen looks for names without a slash in the system's folders.
  SmallString<128> absolute(path);
  sys::fs::make_absolute(absolute);
  if (!sys::fs::exists(absolute))
    return createStringError("cannot read '" + path + "': no such file");
  void *library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return createStringError("expects a shared object of compile-model for this machine: " +
                             Twine(dlerror()));
  auto entry = reinterpret_cast<const tw_model *(*)()>(dlsym(library, TW_ENTRY));
  if (!entry)
    return createStringError("'" + path +
                             "': expects a shared object of compile-model, it has no " TW_ENTRY);
  const tw_model *model = entry();
  if (model->abi_version != TW_ABI_VERSION)
    return createStringError("'" + path + "': expects version " + Twine(TW_ABI_VERSION) +
                             " of the C interface, got " + Twine(model->abi_version) +
                             "; compile the model again");
  return model;
}

std::optional<int32_t> tilewright::findTensor(const tw_tensor_info *tensors, int32_t count,
                                              StringRef name) {
  for (int32_t i = 0; i < count; ++i)
    if (name == tensors[i].name)
      return i;
  return std::nullopt;
}

std::string tilewright::describeTensors(const tw_model *model, const tw_tensor_info *tensors,
                                        int32_t count) {
  std::string text;
  for (int32_t i = 0; i < count; ++i) {
    text +=
        (i ? ", " : "") + std::string(tensors[i].name) + " (" + dtypeName(tensors[i].dtype) + " [";
    ListSeparator comma;
    for (int32_t d = 0; d < tensors[i].rank; ++d) {
      const tw_dim &dim = tensors[i].dims[d];
      text += StringRef(comma);
      text += dim.symbol >= 0               ? model->symbols[dim.symbol].name
              : dim.symbol == TW_DIM_STATIC ? std::to_string(dim.size)
                                            : "?";
    }
    text += "])";
  }
  return text;
}

Expected<std::unique_ptr<Session>>
Session::create(const tw_model *model, std::vector<HostTensor> inputs, const tw_options &options) {
  std::unique_ptr<Session> session(new Session(model, std::move(inputs)));
  if (Error error = session->prepare(options))
    return std::move(error);
  return session;
}

static Error check(tw_status status, const tw_error &error) {
  return status == TW_OK ? Error::success() : createStringError(error.message);
}

Error Session::prepare(const tw_options &options) {
  tw_error error;
  for (const HostTensor &tensor : inputTensors)
    inputViews.push_back(tensor.view());
  symbolSizes.resize(static_cast<size_t>(description->num_symbols));
  std::vector<int64_t> dims(static_cast<size_t>(description->num_output_dims));
  auto numInputs = static_cast<int32_t>(inputViews.size());
  if (Error e = check(
          tw_symbols(description, inputViews.data(), numInputs, symbolSizes.data(), &error), error))
    return e;
  if (Error e =
          check(tw_output_shapes(description, symbolSizes.data(), dims.data(), &error), error))
    return e;
  for (int32_t i = 0; i < description->num_outputs; ++i) {
    const tw_tensor_info &info = description->outputs[i];
    const int64_t *first = dims.data() + info.first_dim;
    Expected<HostTensor> tensor =
        HostTensor::create(info.dtype, std::vector<int64_t>(first, first + info.rank));
    if (!tensor)
      return tensor.takeError();
    outputTensors.push_back(std::move(*tensor));
  }
  for (const HostTensor &tensor : outputTensors)
    outputViews.push_back(tensor.view());
  if (Error e = check(tw_create(description, &options, &instance, &error), error))
    return e;
  return check(tw_reserve(instance, symbolSizes.data(), &error), error);
}

Error Session::run() {
  tw_error error;
  return check(tw_run(instance, inputViews.data(), static_cast<int32_t>(inputViews.size()),
                      outputViews.data(), static_cast<int32_t>(outputViews.size()), &error),
               error);
}

ArrayRef<tw_region_time> Session::profile() const {
  const tw_region_time *times = nullptr;
  int32_t count = tw_profile(instance, &times);
  return {times, static_cast<size_t>(count)};
}
