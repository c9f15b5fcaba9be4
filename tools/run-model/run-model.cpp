//===- run-model.cpp - run an artefact and compare its results -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Profile.h"
#include "lib/Artefact/Expectations.h"
#include "lib/Artefact/Inputs.h"
#include "lib/Artefact/NpyFile.h"
#include "lib/Support/Options.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

extern "C" int32_t tw_cpu_count(void); // lib/Runtime/CpuCount.c: what artefacts start by default

namespace {

/// The command line, with its defaults.
struct Command {
  std::string artefact, testDir, outputDir, isa, weightsFile, json;
  std::vector<std::string> inputs, expected, dims;
  double rtol = -1, atol = -1; // negative: not given
  int64_t threads = 0, seed = 0;
  bool random = false, profile = false;
};

Command parseCommand(int argc, char **argv) {
  Command c;
  Options options("run-model", "Runs a model compiled by compile-model and compares its outputs.");
  options.argument("MODEL.so", c.artefact);
  options.text("test-dir", "DIR", c.testDir,
               "inputs and expected outputs, named input_K.pb as in ONNX's\ntest data, "
               "input_K_NAME.npy or NAME.npy");
  options.list("input", "NAME=FILE", c.inputs,
               "data of one input (.npy or .pb); goes before --test-dir");
  options.list("expect", "NAME=FILE", c.expected,
               "expected data of one output; goes before --test-dir");
  options.real("rtol", "R", c.rtol,
               "tolerance relative to the largest expected value (default 1e-4,\nfor models "
               "compiled with --compute bf16 3e-2, bf16x3 3e-4)");
  options.real("atol", "A", c.atol, "absolute tolerance (default 1e-6)");
  options.text("output-dir", "DIR", c.outputDir, "write the outputs as output_K_NAME.npy");
  options.flag("random", c.random, "fill inputs without data with random values");
  options.list("dim", "NAME=SIZE", c.dims,
               "size of a symbolic dimension, for inputs without data (default:\nwhat follows from "
               "others, or its minimum)");
  options.integer("seed", "N", c.seed, "of the random values (default 0)");
  options.integer("threads", "N", c.threads, "default: all CPUs that the process may use");
  options.text("isa", "LEVEL", c.isa,
               "target of the artefact to run (default: the best one for\nthis CPU)");
  options.text(
      "weights-file", "FILE", c.weightsFile,
      "weights of an artefact compiled with --weights file\n(default: the file beside it)");
  options.flag("profile", c.profile,
               "print time, FLOP/s, GB/s and share of the roofline of each region");
  options.text("json", "FILE", c.json, "write the profile, too ('-': standard output)");
  options.examples(R"(
examples:
  run-model bert.so --test-dir bert/test_data_set_0        compare with ONNX's test data
  run-model bert.so --input ids=ids.npy --output-dir out   write out/output_0_logits.npy
  run-model bert.so --random --dim seq=128 --profile       where does the time go?

exit code: 0 fine, 1 a comparison failed, 2 wrong use
)");
  options.parse(argc, argv);
  c.profile |= !c.json.empty();
  return c;
}

Error writeOutputs(const Command &c, const Session &session) {
  if (std::error_code error = sys::fs::create_directories(c.outputDir))
    return createStringError("cannot create '" + c.outputDir + "': " + error.message());
  for (int32_t i = 0; i < session.model()->num_outputs; ++i) {
    std::string name = session.model()->outputs[i].name;
    std::replace(name.begin(), name.end(), '/', '_');
    SmallString<128> path(c.outputDir);
    sys::path::append(path, "output_" + Twine(i) + "_" + name + ".npy");
    if (Error error = writeNpyFile(path, session.outputs()[static_cast<size_t>(i)]))
      return error;
  }
  return Error::success();
}

/// To a file if one is named, else as a table.
Error profileRuns(const Command &c, Session &session) {
  int threads = c.threads ? static_cast<int>(c.threads) : tw_cpu_count();
  Expected<Profile> profile = measureProfile(session, threads);
  if (!profile)
    return profile.takeError();
  if (c.json != "-")
    profile->print(outs());
  return c.json.empty() ? Error::success() : profile->writeJson(c.json);
}

Expected<bool> runModel(const Command &c) {
  Expected<const tw_model *> model = loadModel(c.artefact);
  if (!model)
    return model.takeError();
  InputChoice choice;
  choice.testDir = c.testDir;
  choice.files = c.inputs;
  choice.dims = c.dims;
  choice.seed = static_cast<uint64_t>(c.seed);
  choice.random = c.random;
  Expected<std::vector<HostTensor>> inputs = collectInputs(*model, choice);
  if (!inputs)
    return inputs.takeError();
  tw_options options = {};
  options.threads = static_cast<int32_t>(c.threads);
  options.profile = c.profile;
  options.isa = c.isa.empty() ? nullptr : c.isa.c_str();
  options.weights_file = c.weightsFile.empty() ? nullptr : c.weightsFile.c_str();
  Expected<std::unique_ptr<Session>> session = Session::create(*model, std::move(*inputs), options);
  if (!session)
    return session.takeError();
  if (Error error = (*session)->run())
    return std::move(error);
  Tolerance tolerance = toleranceOf(*model);
  if (c.rtol >= 0)
    tolerance.rtol = c.rtol;
  if (c.atol >= 0)
    tolerance.atol = c.atol;
  Expected<bool> passed = compareOutputs(**session, {c.testDir, c.expected}, tolerance, outs());
  if (!passed)
    return passed;
  if (c.profile)
    if (Error error = profileRuns(c, **session))
      return std::move(error);
  if (!c.outputDir.empty())
    if (Error error = writeOutputs(c, **session))
      return std::move(error);
  return passed;
}

} // namespace

int main(int argc, char **argv) {
  Expected<bool> passed = runModel(parseCommand(argc, argv));
  if (passed)
    return *passed ? Fine : ComparisonFailed;
  errs() << "run-model: " << toString(passed.takeError()) << "\n";
  return WrongInput;
}
