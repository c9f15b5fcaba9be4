//===- Peer.cpp - competitors and witnesses --------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Peer.h"
#include "lib/Artefact/Child.h"
#include "lib/Artefact/OnnxRuntimeScript.inc"
#include "lib/Artefact/TensorFiles.h"
#include "lib/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <ctime>

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

class ProcessPeer : public Peer {
public:
  static Expected<std::unique_ptr<Peer>> start(StringRef name,
                                               const std::vector<std::string> &command,
                                               StringRef path, const tw_model *model,
                                               ArrayRef<HostTensor> inputs, int threads);
  ~ProcessPeer() override {
    child.reset();
    sys::fs::remove_directories(directory);
  }
  Expected<RunTimes> run(int64_t runs) override;
  Expected<std::vector<HostTensor>> outputs() override;

private:
  ProcessPeer(StringRef name, const tw_model *model, StringRef directory)
      : Peer(name.str(), ""), model(model), directory(directory.str()) {}

  const tw_model *model;
  std::string directory; // of files that both processes read
  std::unique_ptr<Child> child;
};

// The inputs as files in `directory`, and their description.
Expected<json::Array> writeInputs(const tw_model *model, ArrayRef<HostTensor> inputs,
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

Expected<std::unique_ptr<Peer>> ProcessPeer::start(StringRef name,
                                                   const std::vector<std::string> &command,
                                                   StringRef path, const tw_model *model,
                                                   ArrayRef<HostTensor> inputs, int threads) {
  SmallString<128> directory;
  if (std::error_code error = sys::fs::createUniqueDirectory("tilewright-bench", directory))
    return createStringError("cannot create a temporary folder: " + error.message());
  std::unique_ptr<ProcessPeer> peer(new ProcessPeer(name, model, directory));
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

Expected<RunTimes> ProcessPeer::run(int64_t runs) {
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

Expected<std::vector<HostTensor>> ProcessPeer::outputs() {
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

/// Another artefact.
class ArtefactPeer : public Peer {
public:
  static Expected<std::unique_ptr<Peer>> load(StringRef path, ArrayRef<HostTensor> inputs,
                                              int threads) {
    Expected<const tw_model *> model = loadModel(path);
    if (!model)
      return model.takeError();
    std::vector<HostTensor> copies;
    for (const HostTensor &input : inputs) {
      Expected<HostTensor> copy = copyOf(input);
      if (!copy)
        return copy.takeError();
      copies.push_back(std::move(*copy));
    }
    tw_options options = {};
    options.threads = threads;
    Expected<std::unique_ptr<Session>> session =
        Session::create(*model, std::move(copies), options);
    if (!session)
      return createStringError("'" + path + "': " + toString(session.takeError()));
    return std::unique_ptr<Peer>(new ArtefactPeer(std::move(*session)));
  }
  Expected<RunTimes> run(int64_t runs) override { return timeRuns(*session, runs); }
  Expected<std::vector<HostTensor>> outputs() override {
    std::vector<HostTensor> copies;
    for (const HostTensor &output : session->outputs()) {
      Expected<HostTensor> copy = copyOf(output);
      if (!copy)
        return copy.takeError();
      copies.push_back(std::move(*copy));
    }
    return copies;
  }

private:
  explicit ArtefactPeer(std::unique_ptr<Session> opened)
      : Peer("tilewright", opened->model()->name), session(std::move(opened)) {}
  static Expected<HostTensor> copyOf(const HostTensor &tensor) {
    Expected<HostTensor> copy = HostTensor::create(tensor.dtype(), tensor.shape().vec());
    if (copy)
      memcpy(copy->data(), tensor.data(), tensor.numBytes());
    return copy;
  }

  std::unique_ptr<Session> session;
};

} // namespace

Expected<RunTimes> tilewright::timeRuns(Session &session, int64_t runs) {
  auto processSeconds = [] {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  RunTimes times;
  double cpu = processSeconds();
  for (int64_t i = 0; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    if (Error error = session.run())
      return std::move(error);
    times.seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  times.cpuSeconds = processSeconds() - cpu;
  return times;
}

Expected<std::unique_ptr<Peer>> Peer::create(StringRef what, const tw_model *model,
                                             ArrayRef<HostTensor> inputs, int threads) {
  auto [name, argument] = what.split('=');
  if (name.empty() || argument.empty())
    return createStringError("expects onnxruntime=MODEL.onnx, tilewright=MODEL.so or "
                             "NAME=PROGRAM ARGUMENT..., got '" +
                             what + "'");
  if (name == "tilewright")
    return ArtefactPeer::load(argument, inputs, threads);
  if (name == "onnxruntime") {
    if (!sys::fs::exists(argument))
      return createStringError("cannot read '" + argument + "': no such file");
    SmallString<128> path = argument;
    sys::fs::make_absolute(path);
    return ProcessPeer::start(name, {"node", "-e", onnxRuntimeScript}, path, model, inputs,
                              threads);
  }
  SmallVector<StringRef> words;
  argument.split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  return ProcessPeer::start(name, std::vector<std::string>(words.begin(), words.end()), "", model,
                            inputs, threads);
}
