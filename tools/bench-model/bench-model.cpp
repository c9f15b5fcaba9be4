//===- bench-model.cpp - how long does a run of an artefact take? ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Compare.h"
#include "lib/Artefact/Inputs.h"
#include "lib/Artefact/Model.h"
#include "lib/Artefact/OnnxRuntime.h"
#include "lib/Support/Options.h"
#include "lib/Support/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <thread>

using namespace llvm;
using namespace tilewright;

namespace {

struct Command {
  std::string artefact, testDir, against, json, isa, weightsFile, threads = "0";
  std::vector<std::string> inputs, dims;
  double seconds = 1;
  int64_t seed = 0;
};

Command parseCommand(int argc, char **argv) {
  Command c;
  Options options("bench-model", "Measures the latency of a model compiled by compile-model.");
  options.argument("MODEL.so", c.artefact);
  options.list("dim", "NAME=SIZE", c.dims, "size of a symbolic dimension (default: its minimum)");
  options.text("threads", "N[,N...]", c.threads, "one line of results each (default: all CPUs)");
  options.text("against", "onnxruntime=MODEL.onnx", c.against,
               "compare with npm's onnxruntime-node (in node_modules or\nNODE_PATH): same inputs, "
               "in turns, results compared");
  options.real("seconds", "S", c.seconds, "measure at least so long (default 1)");
  options.text("test-dir", "DIR", c.testDir, "inputs, named as for run-model");
  options.list("input", "NAME=FILE", c.inputs, "data of one input; the other inputs are random");
  options.integer("seed", "N", c.seed, "of the random values (default 0)");
  options.text("isa", "LEVEL", c.isa, "code variant to use (default: the best one for this CPU)");
  options.text("weights-file", "FILE", c.weightsFile,
               "weights of an artefact compiled with --weights file");
  options.text("json", "FILE", c.json, "write the results, too ('-': standard output)");
  options.examples(R"(
Random integers are 0 or 1, positions count up, masks are 1; give --input for inputs that must mean something.

examples:
  bench-model bert.so --dim batch=1 --dim seq=128 --threads 1,2
  bench-model bert.so --dim seq=128 --against onnxruntime=bert.onnx --json bert.json
)");
  options.parse(argc, argv);
  return c;
}

/// Sorted times of single runs, in seconds.
struct Times {
  std::vector<double> seconds;
  double quantile(double q) const {
    return seconds[static_cast<size_t>(q * static_cast<double>(seconds.size() - 1))];
  }
  void add(std::vector<double> more) {
    seconds.insert(seconds.end(), more.begin(), more.end());
    sort(seconds);
  }
};

struct Row {
  int threads = 0;
  Times ours, theirs;
  double worstError = 0; // of ours against theirs, relative to the maximum of an output
};

std::string timeText(double seconds) {
  std::string text;
  raw_string_ostream out(text);
  if (seconds < 1e-3)
    out << format("%.2f us", seconds * 1e6);
  else if (seconds < 1)
    out << format("%.3f ms", seconds * 1e3);
  else
    out << format("%.3f s", seconds);
  return text;
}

class Benchmark {
public:
  Benchmark(const Command &command, const tw_model *model) : c(command), model(model) {}

  Expected<std::vector<Row>> run() {
    SmallVector<StringRef> counts;
    StringRef(c.threads).split(counts, ',');
    std::vector<Row> rows;
    for (StringRef count : counts) {
      Row row;
      if (count.getAsInteger(10, row.threads) || row.threads < 0)
        return createStringError("expects --threads N[,N...], got '" + c.threads + "'");
      if (row.threads == 0)
        row.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
      if (Error error = measure(row))
        return std::move(error);
      rows.push_back(std::move(row));
    }
    return rows;
  }

  std::string sizes, peer; // "batch=1 seq=128", "onnxruntime 1.30.0"

private:
  Expected<std::unique_ptr<Session>> open(int threads) {
    InputChoice choice;
    choice.testDir = c.testDir;
    choice.files = c.inputs;
    choice.dims = c.dims;
    choice.seed = static_cast<uint64_t>(c.seed);
    choice.random = true;
    Expected<std::vector<HostTensor>> inputs = collectInputs(model, choice);
    if (!inputs)
      return inputs.takeError();
    tw_options options = {};
    options.threads = threads;
    options.isa = c.isa.empty() ? nullptr : c.isa.c_str();
    options.weights_file = c.weightsFile.empty() ? nullptr : c.weightsFile.c_str();
    return Session::create(model, std::move(*inputs), options);
  }

  Expected<std::unique_ptr<OnnxRuntime>> openPeer(const Session &session, int threads) {
    auto [kind, path] = StringRef(c.against).split('=');
    if (kind != "onnxruntime" || path.empty())
      return createStringError("expects --against onnxruntime=MODEL.onnx, got '" + c.against + "'");
    Expected<std::unique_ptr<OnnxRuntime>> other =
        OnnxRuntime::create(path, model, session.inputs(), threads);
    if (other)
      peer = "onnxruntime " + (*other)->version;
    return other;
  }

  Expected<std::vector<double>> runOurs(Session &session, int64_t runs) {
    std::vector<double> times;
    for (int64_t i = 0; i < runs; ++i) {
      auto start = std::chrono::steady_clock::now();
      if (Error error = session.run())
        return std::move(error);
      times.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return times;
  }

  /// Blocks of some 50 ms in turns, so that both see the same machine. Each block begins with runs
  /// that do not count, after the other's threads have stopped spinning.
  Error measure(Row &row) {
    Expected<std::unique_ptr<Session>> session = open(row.threads);
    if (!session)
      return session.takeError();
    noteSizes(**session);
    std::unique_ptr<OnnxRuntime> other;
    if (!c.against.empty()) {
      Expected<std::unique_ptr<OnnxRuntime>> opened = openPeer(**session, row.threads);
      if (!opened)
        return opened.takeError();
      other = std::move(*opened);
    }
    double spent = 0;
    do {
      Expected<double> time =
          block([&](int64_t runs) { return runOurs(**session, runs); }, row.ours);
      if (!time)
        return time.takeError();
      spent += *time;
      if (!other)
        continue;
      time = block([&](int64_t runs) { return other->run(runs); }, row.theirs);
      if (!time)
        return time.takeError();
    } while (spent < c.seconds);
    return other ? compareWith(*other, **session, row) : Error::success();
  }

  /// Returns the seconds that the runs which count took.
  Expected<double> block(function_ref<Expected<std::vector<double>>(int64_t)> run, Times &times) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Expected<std::vector<double>> warm = run(3);
    if (!warm)
      return warm.takeError();
    double expected = *std::min_element(warm->begin(), warm->end());
    auto runs = static_cast<int64_t>(0.05 / std::max(expected, 1e-7));
    Expected<std::vector<double>> counted = run(std::clamp<int64_t>(runs, 2, 10000));
    if (!counted)
      return counted.takeError();
    double sum = 0;
    for (double time : *counted)
      sum += time;
    times.add(std::move(*counted));
    return sum;
  }

  Error compareWith(OnnxRuntime &other, const Session &session, Row &row) {
    Expected<std::vector<HostTensor>> outputs = other.outputs(model);
    if (!outputs)
      return outputs.takeError();
    for (int32_t i = 0; i < model->num_outputs; ++i) {
      auto at = static_cast<size_t>(i);
      Comparison comparison = compare(session.outputs()[at], (*outputs)[at], Tolerance());
      if (!comparison.problem.empty())
        return createStringError("output '" + Twine(model->outputs[i].name) + "' and " + peer +
                                 ": " + comparison.problem);
      row.worstError = std::max(row.worstError, comparison.relative());
    }
    return Error::success();
  }

  void noteSizes(const Session &session) {
    sizes.clear();
    for (auto [i, size] : enumerate(session.symbols()))
      sizes += (i ? " " : "") + std::string(model->symbols[i].name) + "=" + std::to_string(size);
  }

  const Command &c;
  const tw_model *model;
};

void print(raw_ostream &out, const tw_model *model, const Benchmark &benchmark,
           ArrayRef<Row> rows) {
  bool compared = !benchmark.peer.empty();
  out << model->name << " (" << model->target << ", pipeline " << model->pipeline << ", compute "
      << model->compute << ") " << benchmark.sizes << "\n\n";
  auto cells = [&](const Times &times) {
    out << format("%6zu", times.seconds.size());
    for (double q : {0.5, 0.0, 0.9})
      out << "  " << right_justify(timeText(times.quantile(q)), 11);
  };
  out << (compared ? "                     tilewright                            " +
                         benchmark.peer + "\n"
                   : "");
  out << "threads    runs       median          min          p90";
  out << (compared ? "    runs       median          min          p90   speed-up  max difference\n"
                   : "\n");
  for (const Row &row : rows) {
    out << format("%7d  ", row.threads);
    cells(row.ours);
    if (compared) {
      out << "  ";
      cells(row.theirs);
      out << format("  %8.2fx  %.2g of maximum", row.theirs.quantile(0.5) / row.ours.quantile(0.5),
                    row.worstError);
    }
    out << "\n";
  }
}

json::Object toJson(const Times &times) {
  return json::Object{{"runs", static_cast<int64_t>(times.seconds.size())},
                      {"median_s", times.quantile(0.5)},
                      {"min_s", times.quantile(0)},
                      {"p90_s", times.quantile(0.9)}};
}

Error writeJson(const Command &c, const tw_model *model, const Benchmark &benchmark,
                ArrayRef<Row> rows) {
  json::Array results;
  for (const Row &row : rows) {
    json::Object result{{"threads", row.threads}, {"tilewright", toJson(row.ours)}};
    if (!benchmark.peer.empty()) {
      result["onnxruntime"] = toJson(row.theirs);
      result["speedup"] = row.theirs.quantile(0.5) / row.ours.quantile(0.5);
      result["max_relative_difference"] = row.worstError;
    }
    results.push_back(std::move(result));
  }
  json::Object report{{"model", model->name},      {"source", model->source},
                      {"target", model->target},   {"pipeline", model->pipeline},
                      {"compute", model->compute}, {"sizes", benchmark.sizes},
                      {"peer", benchmark.peer},    {"results", std::move(results)}};
  return writeFile(c.json, [&](raw_ostream &out) {
    out << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  });
}

Error benchmark(const Command &c) {
  Expected<const tw_model *> model = loadModel(c.artefact);
  if (!model)
    return model.takeError();
  Benchmark benchmark(c, *model);
  Expected<std::vector<Row>> rows = benchmark.run();
  if (!rows)
    return rows.takeError();
  print(c.json == "-" ? errs() : outs(), *model, benchmark, *rows);
  return c.json.empty() ? Error::success() : writeJson(c, *model, benchmark, *rows);
}

} // namespace

int main(int argc, char **argv) {
  Error error = benchmark(parseCommand(argc, argv));
  if (!error)
    return Fine;
  errs() << "bench-model: " << toString(std::move(error)) << "\n";
  return WrongInput;
}
