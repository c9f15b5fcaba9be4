//===- Case.cpp - one conformance case, compiled and run -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Model.h"
#include "lib/Artefact/TensorFiles.h"
#include "lib/Emit/Emit.h"
#include "lib/Emit/Targets.h"
#include "lib/Onnx/Importer.h"
#include "lib/Onnx/ModelFile.h"
#include "lib/Pipeline/Pipeline.h"
#include "test/Conformance/Suite.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace tilewright;

namespace {

class Trial {
public:
  Trial(const ConformanceCase &test, mlir::MLIRContext &context, StringRef scratch)
      : test(test), context(context), artefact((scratch + ".so").str()) {}

  Error run() {
    if (Error error = readInputNames())
      return error;
    if (Error error = compileWithConstants())
      return error;
    Expected<const tw_model *> model = loadModel(artefact);
    sys::fs::remove(artefact);
    return model ? compareOutputs(*model) : model.takeError();
  }

private:
  std::string dataFile(StringRef role, size_t index) const {
    return test.folder + "/test_data_set_0/" + role.str() + "_" + std::to_string(index) + ".pb";
  }

  // The number of an input's file is its position among the graph's inputs. Initialised ones do not
  // count where there are fewer files than inputs.
  Error readInputNames() {
    Expected<::onnx::ModelProto> model = readModel(test.folder + "/model.onnx");
    if (!model)
      return model.takeError();
    StringSet<> initialised;
    for (const auto &tensor : model->graph().initializer())
      initialised.insert(tensor.name());
    size_t files = 0;
    while (sys::fs::exists(dataFile("input", files)))
      ++files;
    bool all = files == static_cast<size_t>(model->graph().input_size());
    size_t number = 0;
    for (const auto &input : model->graph().input())
      if (all || !initialised.contains(input.name()))
        inputFiles[input.name()] = dataFile("input", number++);
    return Error::success();
  }

  // The compiler names the inputs whose values it has to know.
  Error compileWithConstants() {
    ImportOptions options;
    while (true) {
      Error error = compile(options);
      if (!error)
        return Error::success();
      std::string message = toString(std::move(error));
      StringRef rest = message;
      bool added = false;
      while (rest.contains("--constant '")) {
        rest = rest.split("--constant '").second;
        StringRef name = rest.split("=VALUE'").first;
        if (auto file = inputFiles.find(name); file != inputFiles.end())
          added |= options.constants.try_emplace(name, file->second).second;
      }
      if (!added)
        return createStringError(message.substr(0, message.find('\n')));
    }
  }

  Error compile(const ImportOptions &options) {
    std::string messages;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
        messages += diagnostic.str() + "\n";
      return mlir::success();
    });
    mlir::OwningOpRef<mlir::ModuleOp> module =
        importOnnx(test.folder + "/model.onnx", context, options);
    if (!module)
      return createStringError(messages);
    (*module)->setAttr("target.cpu", makeTarget(&context, "native"));
    CompileOptions compileOptions;
    compileOptions.first = Stage::import;
    EmitOptions emitOptions;
    emitOptions.output = artefact;
    if (failed(runPipeline(*module, compileOptions)) || failed(emitArtefact(*module, emitOptions)))
      return createStringError(messages);
    return Error::success();
  }

  Error compareOutputs(const tw_model *model) {
    std::vector<HostTensor> inputs;
    for (int32_t i = 0; i < model->num_inputs; ++i) {
      Expected<HostTensor> tensor = readTensorFile(inputFiles.lookup(model->inputs[i].name));
      if (!tensor)
        return tensor.takeError();
      inputs.push_back(std::move(*tensor));
    }
    tw_options options = {};
    options.threads = 1;
    Expected<std::unique_ptr<Session>> session = Session::create(model, std::move(inputs), options);
    if (!session)
      return session.takeError();
    if (Error error = (*session)->run())
      return error;
    for (size_t i = 0; i < (*session)->outputs().size(); ++i) {
      Expected<HostTensor> wanted = readTensorFile(dataFile("output", i));
      if (!wanted)
        return wanted.takeError();
      Comparison result = compare((*session)->outputs()[i], *wanted, test.tolerance);
      if (!result.passed)
        return createStringError("output '" + Twine(model->outputs[i].name) +
                                 "': " + result.problem);
    }
    return Error::success();
  }

  const ConformanceCase &test;
  mlir::MLIRContext &context;
  std::string artefact;
  StringMap<std::string> inputFiles;
};

} // namespace

Error tilewright::runCase(const ConformanceCase &test, mlir::MLIRContext &context,
                          StringRef scratch) {
  return Trial(test, context, scratch).run();
}
