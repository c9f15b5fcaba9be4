//===- Peer.cpp - competitors and witnesses in child processes -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Peer.h"
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
                             info.name + "' from the peer, got " +
                             (file ? Twine((*file)->getBufferSize()) : Twine("none")));
  memcpy(tensor->data(), (*file)->getBufferStart(), tensor->numBytes());
  return tensor;
}

} // namespace

Peer::~Peer() {
  child.reset();
  if (!directory.empty())
    sys::fs::remove_directories(directory);
}

// The inputs as files in `directory`, and their description.
static Expected<json::Array> writeInputs(const tw_model *model, ArrayRef<HostTensor> inputs,
                                         StringRef directory) {
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
  return list;
}

Expected<std::unique_ptr<Peer>> Peer::create(StringRef what, const tw_model *model,
                                             ArrayRef<HostTensor> inputs, int threads) {
  auto [name, argument] = what.split('=');
  if (name.empty() || argument.empty())
    return createStringError("expects onnxruntime=MODEL.onnx or NAME=PROGRAM ARGUMENT..., got '" +
                             what + "'");
  std::vector<std::string> command{"node", "-e", onnxRuntimeScript};
  SmallString<128> path;
  if (name == "onnxruntime") {
    if (!sys::fs::exists(argument))
      return createStringError("cannot read '" + argument + "': no such file");
    path = argument;
    sys::fs::make_absolute(path);
  } else {
    SmallVector<StringRef> words;
    argument.split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    command.assign(words.begin(), words.end());
  }
  SmallString<128> directory;
  if (std::error_code error = sys::fs::createUniqueDirectory("tilewright-bench", directory))
    return createStringError("cannot create a temporary folder: " + error.message());
  std::unique_ptr<Peer> peer(new Peer);
  peer->name = name.str();
  peer->directory = directory.str().str();
  Expected<json::Array> list = writeInputs(model, inputs, directory);
  if (!list)
    return list.takeError();
  Expected<std::unique_ptr<Child>> child = Child::start(command);
  if (!child)
    return child.takeError();
  peer->child = std::move(*child);
  Expected<json::Object> answer = peer->child->ask(
      json::Object{{"model", path.str()}, {"threads", threads}, {"inputs", std::move(*list)}});
  if (!answer)
    return answer.takeError();
  peer->version = answer->getString("version").value_or("").str();
  return peer;
}

Expected<RunTimes> Peer::run(int64_t runs) {
  Expected<json::Object> answer = child->ask(json::Object{{"runs", runs}});
  if (!answer)
    return answer.takeError();
  RunTimes result;
  if (const json::Array *times = answer->getArray("nanoseconds"))
    for (const json::Value &time : *times)
      result.seconds.push_back(time.getAsNumber().value_or(0) * 1e-9);
  result.cpuSeconds = answer->getNumber("cpu_nanoseconds").value_or(0) * 1e-9;
  if (static_cast<int64_t>(result.seconds.size()) != runs)
    return createStringError("expects " + Twine(runs) + " times from '" + name + "', got " +
                             Twine(result.seconds.size()));
  return result;
}

Expected<std::vector<HostTensor>> Peer::outputs(const tw_model *model) {
  Expected<json::Object> answer = child->ask(json::Object{{"outputs", directory}});
  if (!answer)
    return answer.takeError();
  const json::Array *list = answer->getArray("outputs");
  std::vector<HostTensor> tensors;
  if (list && list->empty())
    return tensors;
  for (int32_t i = 0; list && i < model->num_outputs && i < static_cast<int32_t>(list->size());
       ++i) {
    const json::Object *output = (*list)[static_cast<size_t>(i)].getAsObject();
    if (!output)
      return createStringError("expects an object as output " + Twine(i) + " of '" + name + "'");
    Expected<HostTensor> tensor = readOutput(*output, model->outputs[i]);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  if (static_cast<int32_t>(tensors.size()) != model->num_outputs)
    return createStringError("expects " + Twine(model->num_outputs) + " outputs from '" + name +
                             "', got " + Twine(tensors.size()));
  return tensors;
}
