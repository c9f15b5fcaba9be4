//===- Inputs.cpp - where the tensors of a request come from ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Inputs.h"
#include "lib/Artefact/DimSolver.h"
#include "lib/Artefact/Model.h"
#include "lib/Artefact/TensorFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <random>

using namespace llvm;
using namespace tilewright;

std::optional<std::string> tilewright::findTestFile(StringRef directory, StringRef role,
                                                    int32_t index, StringRef name) {
  // File names cannot hold every ONNX name: what exporters replace by '_' is not compared.
  std::string prefix = (role + "_" + Twine(index)).str();
  std::error_code error;
  for (sys::fs::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    StringRef file = sys::path::filename(entry->path()), stem = sys::path::stem(file),
              extension = sys::path::extension(file);
    if (extension != ".pb" && extension != ".npy")
      continue;
    if (stem == prefix || stem.starts_with(prefix + "_") || (extension == ".npy" && stem == name))
      return entry->path();
  }
  return std::nullopt;
}

Expected<StringMap<std::string>> tilewright::parseFiles(const tw_model *model, bool outputs,
                                                        ArrayRef<std::string> arguments) {
  const tw_tensor_info *tensors = outputs ? model->outputs : model->inputs;
  int32_t count = outputs ? model->num_outputs : model->num_inputs;
  StringMap<std::string> files;
  for (StringRef argument : arguments) {
    auto [name, file] = argument.split('=');
    if (file.empty())
      return createStringError("expects NAME=FILE, got '" + argument + "'");
    if (!findTensor(tensors, count, name))
      return createStringError("the model has no " + Twine(outputs ? "output" : "input") + " '" +
                               name + "', but " + describeTensors(model, tensors, count));
    files[name] = file.str();
  }
  return files;
}

namespace {

class Collector {
public:
  Collector(const tw_model *model, const InputChoice &choice)
      : model(model), choice(choice), sizes(static_cast<size_t>(model->num_symbols), -1),
        random(choice.seed) {}

  Expected<std::vector<HostTensor>> collect() {
    Expected<StringMap<std::string>> files = parseFiles(model, /*outputs=*/false, choice.files);
    if (!files)
      return files.takeError();
    if (Error error = parseDims())
      return std::move(error);
    std::vector<HostTensor> tensors(static_cast<size_t>(model->num_inputs));
    std::vector<int32_t> missing;
    for (int32_t i = 0; i < model->num_inputs; ++i) {
      std::optional<std::string> file = fileOf(i, *files);
      if (!file) {
        missing.push_back(i);
        continue;
      }
      Expected<HostTensor> tensor = readTensorFile(*file);
      if (!tensor)
        return tensor.takeError();
      tensors[static_cast<size_t>(i)] = std::move(*tensor);
      bindSizes(i, tensors[static_cast<size_t>(i)].shape());
    }
    if (!missing.empty() && !choice.random)
      return missingInput(missing.front());
    sizes = solveDims(model, sizes);
    for (int32_t i : missing) {
      Expected<HostTensor> tensor = makeUp(model->inputs[i]);
      if (!tensor)
        return tensor.takeError();
      tensors[static_cast<size_t>(i)] = std::move(*tensor);
    }
    return tensors;
  }

private:
  Error parseDims() {
    for (StringRef argument : choice.dims) {
      auto [name, text] = argument.split('=');
      int64_t size;
      if (text.getAsInteger(10, size) || size < 0)
        return createStringError("expects --dim NAME=SIZE, got '" + argument + "'");
      bool known = false;
      std::string names;
      for (int32_t i = 0; i < model->num_symbols; ++i) {
        names += (i ? ", " : "") + std::string(model->symbols[i].name);
        if (name == model->symbols[i].name) {
          sizes[static_cast<size_t>(i)] = size;
          known = true;
        }
      }
      if (!known)
        return createStringError(
            "the model has no symbolic dimension '" + name + "'" +
            (names.empty() ? Twine(": all are fixed") : ", but " + Twine(names)));
    }
    return Error::success();
  }

  std::optional<std::string> fileOf(int32_t i, const StringMap<std::string> &files) {
    StringRef name = model->inputs[i].name;
    if (auto given = files.find(name); given != files.end())
      return given->second;
    return choice.testDir.empty() ? std::nullopt : findTestFile(choice.testDir, "input", i, name);
  }

  Error missingInput(int32_t i) {
    std::string where = choice.testDir.empty()
                            ? "give --test-dir, --input NAME=FILE for each of them, or --random"
                            : "looked for input_" + std::to_string(i) + ".pb, input_" +
                                  std::to_string(i) + "_*.npy and " + model->inputs[i].name +
                                  ".npy in '" + choice.testDir + "'";
    return createStringError("no data for input '" + Twine(model->inputs[i].name) + "' of " +
                             describeTensors(model, model->inputs, model->num_inputs) + "; " +
                             where);
  }

  /// Made-up inputs have the sizes of the given ones.
  void bindSizes(int32_t input, ArrayRef<int64_t> shape) {
    const tw_tensor_info &info = model->inputs[input];
    for (int32_t d = 0; d < info.rank && d < static_cast<int32_t>(shape.size()); ++d)
      if (info.dims[d].symbol >= 0 && sizes[static_cast<size_t>(info.dims[d].symbol)] < 0)
        sizes[static_cast<size_t>(info.dims[d].symbol)] = shape[static_cast<size_t>(d)];
  }

  int64_t sizeOf(const tw_dim &dim) const {
    return dim.symbol < 0 ? dim.size : sizes[static_cast<size_t>(dim.symbol)];
  }

  Expected<HostTensor> makeUp(const tw_tensor_info &info) {
    std::vector<int64_t> shape;
    for (int32_t d = 0; d < info.rank; ++d)
      shape.push_back(sizeOf(info.dims[d]));
    Expected<HostTensor> tensor = HostTensor::create(info.dtype, std::move(shape));
    if (!tensor)
      return tensor;
    if (info.dtype.code == kDLFloat || info.dtype.code == kDLBfloat)
      fillNormal(*tensor);
    else
      fillIntegers(*tensor, info.name);
    return tensor;
  }

  void fillNormal(HostTensor &tensor) {
    // The sum of four uniform numbers, centred: near enough to normal, and the same on every
    // machine.
    for (int64_t i = 0; i < tensor.numElements(); ++i) {
      double sum = 0;
      for (int k = 0; k < 4; ++k)
        sum += static_cast<double>(random() >> 11) * 0x1p-53;
      auto value = static_cast<float>((sum - 2) * 1.7320508); // variance 1
      char *to = tensor.data() + i * static_cast<int64_t>(tensor.elementBytes());
      if (tensor.dtype().bits == 64) {
        double wide = value;
        memcpy(to, &wide, sizeof wide);
      } else if (tensor.dtype().bits == 32) {
        memcpy(to, &value, sizeof value);
      } else {
        uint16_t bits = tensor.dtype().code == kDLBfloat
                            ? static_cast<uint16_t>(bit_cast<uint32_t>(value) >> 16)
                            : floatToFloat16(value);
        memcpy(to, &bits, sizeof bits);
      }
    }
  }

  void fillIntegers(HostTensor &tensor, StringRef name) {
    int64_t last = tensor.shape().empty() ? 1 : std::max<int64_t>(tensor.shape().back(), 1);
    for (int64_t i = 0; i < tensor.numElements(); ++i) {
      int64_t value = name.contains_insensitive("position") ? i % last
                      : name.contains_insensitive("mask")   ? 1
                                                            : static_cast<int64_t>(random() >> 63);
      memcpy(tensor.data() + i * static_cast<int64_t>(tensor.elementBytes()), &value,
             tensor.elementBytes());
    }
  }

  const tw_model *model;
  const InputChoice &choice;
  std::vector<int64_t> sizes; // of the symbols; -1: not known
  std::mt19937_64 random;
};

} // namespace

Expected<std::vector<HostTensor>> tilewright::collectInputs(const tw_model *model,
                                                            const InputChoice &choice) {
  if (!choice.testDir.empty() && !sys::fs::is_directory(choice.testDir))
    return createStringError("expects a folder of test data, got '" + choice.testDir + "'");
  return Collector(model, choice).collect();
}
