//===- OnnxRuntime.cpp - ONNX Runtime as a competitor and witness ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/OnnxRuntime.h"
#include "lib/Artefact/OnnxRuntimeScript.inc"
#include "lib/Artefact/TensorFiles.h"
#include "lib/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

namespace {

json::Array toJson(ArrayRef<int64_t> values) {
  json::Array array;
  for (int64_t value : values)
    array.push_back(value);
  return array;
}

/// Reads the raw elements of one output.
Expected<HostTensor> readOutput(const json::Object &answer, const tw_tensor_info &info) {
  std::vector<int64_t> shape;
  if (const json::Array *dims = answer.getArray("dims"))
    for (const json::Value &dim : *dims)
      shape.push_back(dim.getAsInteger().value_or(-1));
  Expected<HostTensor> tensor = HostTensor::create(info.dtype, std::move(shape));
  if (!tensor)
    return tensor;
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(
      answer.getString("file").value_or(""), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file || (*file)->getBufferSize() != tensor->numBytes())
    return createStringError("expects " + Twine(tensor->numBytes()) + " bytes of output '" +
                             info.name + "' from onnxruntime, got " +
                             (file ? Twine((*file)->getBufferSize()) : Twine("none")));
  memcpy(tensor->data(), (*file)->getBufferStart(), tensor->numBytes());
  return tensor;
}

} // namespace

OnnxRuntime::~OnnxRuntime() {
  child.reset();
  if (!directory.empty())
    sys::fs::remove_directories(directory);
}

Expected<std::unique_ptr<OnnxRuntime>> OnnxRuntime::create(StringRef path, const tw_model *model,
                                                           ArrayRef<HostTensor> inputs,
                                                           int threads) {
  if (!sys::fs::exists(path))
    return createStringError("cannot read '" + path + "': no such file");
  SmallString<128> directory;
  if (std::error_code error = sys::fs::createUniqueDirectory("tilewright-bench", directory))
    return createStringError("cannot create a temporary folder: " + error.message());
  std::unique_ptr<OnnxRuntime> peer(new OnnxRuntime);
  peer->directory = directory.str().str();
  json::Array list;
  for (auto [i, input] : enumerate(inputs)) {
    std::string file = (directory + "/input_" + Twine(i) + ".bin").str();
    Error error = writeFile(file, [&, &input = input](raw_ostream &out) {
      out.write(input.data(), input.numBytes());
      return Error::success();
    });
    if (error)
      return std::move(error);
    list.push_back(json::Object{{"name", model->inputs[i].name},
                                {"type", dtypeName(input.dtype())},
                                {"dims", toJson(input.shape())},
                                {"file", file}});
  }
  Expected<std::unique_ptr<Child>> child = Child::start({"node", "-e", onnxRuntimeScript});
  if (!child)
    return child.takeError();
  peer->child = std::move(*child);
  SmallString<128> absolute(path);
  sys::fs::make_absolute(absolute);
  Expected<json::Object> answer = peer->child->ask(
      json::Object{{"model", absolute.str()}, {"threads", threads}, {"inputs", std::move(list)}});
  if (!answer)
    return answer.takeError();
  peer->version = answer->getString("version").value_or("").str();
  return peer;
}

Expected<std::vector<double>> OnnxRuntime::run(int64_t runs) {
  Expected<json::Object> answer = child->ask(json::Object{{"runs", runs}});
  if (!answer)
    return answer.takeError();
  std::vector<double> seconds;
  if (const json::Array *times = answer->getArray("nanoseconds"))
    for (const json::Value &time : *times)
      seconds.push_back(time.getAsNumber().value_or(0) * 1e-9);
  return seconds;
}

Expected<std::vector<HostTensor>> OnnxRuntime::outputs(const tw_model *model) {
  Expected<json::Object> answer = child->ask(json::Object{{"outputs", directory}});
  if (!answer)
    return answer.takeError();
  const json::Array *list = answer->getArray("outputs");
  std::vector<HostTensor> tensors;
  for (int32_t i = 0; list && i < model->num_outputs && i < static_cast<int32_t>(list->size());
       ++i) {
    Expected<HostTensor> tensor =
        readOutput(*(*list)[static_cast<size_t>(i)].getAsObject(), model->outputs[i]);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  if (static_cast<int32_t>(tensors.size()) != model->num_outputs)
    return createStringError("expects " + Twine(model->num_outputs) +
                             " outputs from onnxruntime, got " + Twine(tensors.size()));
  return tensors;
}
