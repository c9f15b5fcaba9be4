//===- bench-model.cpp - how long does a run of an artefact take? ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Measure.h"
#include "Report.h"
#include "lib/Artefact/Model.h"
#include "lib/Support/Options.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

extern "C" int32_t tw_cpu_count(void); // lib/Runtime/CpuCount.c: what artefacts start by default

namespace {

struct Command {
  std::string artefact, json, threads = "0";
  int64_t seed = 0;
  MeasureOptions measure;
};

Command parseCommand(int argc, char **argv) {
  Command c;
  MeasureOptions &m = c.measure;
  Options options("bench-model", "Measures the latency of a model compiled by compile-model.");
  options.argument("MODEL.so", c.artefact);
  options.list("dim", "NAME=SIZE", m.inputs.dims,
               "size of a symbolic dimension (default: what follows from others,\n"
               "or its minimum)");
  options.text("threads", "N[,N...]", c.threads,
               "one line of results each (default: all CPUs that the process\nmay use, by affinity "
               "and CPU quota)");
  options.list("against", "PEER", m.peers,
               "compare with a peer in turns: onnxruntime=MODEL.onnx (npm's onnxruntime-node, in\n"
               "node_modules or NODE_PATH), tilewright=MODEL.so (another artefact, on the same\n"
               "inputs), or NAME=PROGRAM ARGUMENT... that speaks the protocol\n"
               "of lib/Artefact/Peer.h; may be given several times");
  options.real("seconds", "S", m.seconds, "measure at least so long (default 1)");
  options.real("flop", "N", m.flop, "work of one run: shows the share of an FMA burst beside it");
  options.real("bytes", "N", m.bytes, "traffic of one run: shows the share of a read burst");
  options.text("test-dir", "DIR", m.inputs.testDir, "inputs, named as for run-model");
  options.list("input", "NAME=FILE", m.inputs.files,
               "data of one input; the other inputs are random");
  options.integer("seed", "N", c.seed, "of the random values (default 0)");
  options.text("isa", "LEVEL", m.isa, "code variant to use (default: the best one for this CPU)");
  options.text("weights-file", "FILE", m.weightsFile,
               "weights of an artefact compiled with --weights file");
  options.text("json", "FILE", c.json, "write the results, too ('-': standard output)");
  options.examples(R"(
Random integers are 0 or 1, positions count up, masks are 1; give --input for inputs that must mean something.
Ratios are medians over rounds in which artefact and peers take turns. Rounds are disturbed where the bursts of FMAs
before and after the artefact differ by more than 3 %; where five or more are quiet, only those count.

examples:
  bench-model bert.so --dim batch=1 --dim seq=128 --threads 1,2
  bench-model bert.so --dim seq=128 --against onnxruntime=bert.onnx --json bert.json
)");
  options.parse(argc, argv);
  m.inputs.seed = static_cast<uint64_t>(c.seed);
  m.inputs.random = true;
  return c;
}

Error benchmark(const Command &c) {
  Expected<const tw_model *> model = loadModel(c.artefact);
  if (!model)
    return model.takeError();
  Report report{*model, {}, {}};
  SmallVector<StringRef> counts;
  StringRef(c.threads).split(counts, ',');
  for (StringRef count : counts) {
    int threads;
    if (count.getAsInteger(10, threads) || threads < 0)
      return createStringError("expects --threads N[,N...], got '" + c.threads + "'");
    if (threads == 0)
      threads = tw_cpu_count(); // peers must be told a number
    Expected<Row> row = measure(*model, c.measure, threads, report.sizes);
    if (!row)
      return row.takeError();
    report.rows.push_back(std::move(*row));
  }
  report.print(c.json == "-" ? errs() : outs());
  return c.json.empty() ? Error::success() : report.writeJson(c.json);
}

} // namespace

int main(int argc, char **argv) {
  Error error = benchmark(parseCommand(argc, argv));
  if (!error)
    return Fine;
  errs() << "bench-model: " << toString(std::move(error)) << "\n";
  return WrongInput;
}
