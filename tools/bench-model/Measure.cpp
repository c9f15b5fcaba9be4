//===- Measure.cpp - latencies of an artefact and of its peers -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Measure.h"
#include "lib/Artefact/Burst.h"
#include "lib/Artefact/Compare.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>
#include <cmath>
#include <thread>

using namespace llvm;
using namespace tilewright;

namespace {

constexpr double kDisturbed = 0.03;   // difference of two bursts
constexpr int kEnoughQuietRounds = 5; // fewer: all rounds count
constexpr double kBlockSeconds = 0.05;

double medianOf(const std::vector<double> &values) {
  Samples samples;
  samples.add(values);
  return samples.quantile(0.5);
}

/// What one round gave.
struct Round {
  RunTimes ours;
  std::vector<RunTimes> peers;
  double fmaBurst = 0, readBurst = 0;
  bool quiet = false;
};

class Measurement {
public:
  Measurement(const tw_model *model, const MeasureOptions &options, int threads)
      : model(model), options(options), threads(threads) {}

  Expected<Row> run(std::string &sizes) {
    if (Error error = open())
      return std::move(error);
    sizes.clear();
    for (auto [i, size] : enumerate(session->symbols()))
      sizes += (i ? " " : "") + std::string(model->symbols[i].name) + "=" + std::to_string(size);
    double spent = 0;
    std::vector<Round> rounds;
    do {
      Expected<Round> round = takeRound();
      if (!round)
        return round.takeError();
      for (double seconds : round->ours.seconds)
        spent += seconds;
      rounds.push_back(std::move(*round));
    } while (spent < options.seconds);
    Row row = summarize(rounds);
    for (auto [i, peer] : enumerate(peers))
      if (Error error = compareWith(*peer, row.peers[i]))
        return std::move(error);
    return row;
  }

private:
  Error open() {
    Expected<std::vector<HostTensor>> inputs = collectInputs(model, options.inputs);
    if (!inputs)
      return inputs.takeError();
    tw_options given = {};
    given.threads = threads;
    given.isa = options.isa.empty() ? nullptr : options.isa.c_str();
    given.weights_file = options.weightsFile.empty() ? nullptr : options.weightsFile.c_str();
    Expected<std::unique_ptr<Session>> opened = Session::create(model, std::move(*inputs), given);
    if (!opened)
      return opened.takeError();
    session = std::move(*opened);
    for (const std::string &what : options.peers) {
      Expected<std::unique_ptr<Peer>> peer = Peer::create(what, model, session->inputs(), threads);
      if (!peer)
        return peer.takeError();
      peers.push_back(std::move(*peer));
    }
    return Error::success();
  }

  /// A block of some 50 ms. It begins with runs that do not count, after the other's threads have
  /// stopped spinning.
  Expected<RunTimes> block(function_ref<Expected<RunTimes>(int64_t)> run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Expected<RunTimes> warm = run(3);
    if (!warm)
      return warm;
    double expected = *min_element(warm->seconds);
    auto runs = static_cast<int64_t>(kBlockSeconds / std::max(expected, 1e-7));
    return run(std::clamp<int64_t>(runs, 2, 10000));
  }

  Expected<Round> takeRound() {
    Round round;
    double before = fmaBurst(threads);
    Expected<RunTimes> ours = block([&](int64_t runs) { return timeRuns(*session, runs); });
    if (!ours)
      return ours.takeError();
    double after = fmaBurst(threads);
    round.ours = std::move(*ours);
    round.fmaBurst = (before + after) / 2;
    round.quiet = std::abs(before - after) <= kDisturbed * round.fmaBurst;
    if (options.bytes > 0)
      round.readBurst = readBurst(threads);
    for (const std::unique_ptr<Peer> &peer : peers) {
      Expected<RunTimes> theirs = block([&](int64_t runs) { return peer->run(runs); });
      if (!theirs)
        return theirs.takeError();
      round.peers.push_back(std::move(*theirs));
    }
    return round;
  }

  Row summarize(ArrayRef<Round> rounds) const {
    Row row;
    row.threads = threads;
    row.rounds = static_cast<int>(rounds.size());
    row.quiet = static_cast<int>(count_if(rounds, [](const Round &round) { return round.quiet; }));
    row.onlyQuiet = row.quiet >= kEnoughQuietRounds && row.quiet < row.rounds;
    for (const std::unique_ptr<Peer> &peer : peers)
      row.peers.push_back({peer->name, peer->version, {}, {}, {}, -1});
    for (const Round &round : rounds) {
      if (row.onlyQuiet && !round.quiet)
        continue;
      double median = medianOf(round.ours.seconds);
      double cpu = round.ours.cpuSeconds / static_cast<double>(round.ours.seconds.size());
      row.seconds.add(round.ours.seconds);
      row.cpuSeconds.add(cpu);
      row.fmaBurst.add(round.fmaBurst);
      if (options.flop > 0 && round.fmaBurst > 0)
        // One thread's CPU time leaves out what other processes took; more threads wait for each
        // other.
        row.fmaShare.add(options.flop / (threads == 1 ? cpu : median) / round.fmaBurst);
      if (options.bytes > 0) {
        row.readBurst.add(round.readBurst);
        row.readShare.add(options.bytes / median / round.readBurst);
      }
      for (auto [peer, times] : zip(row.peers, round.peers)) {
        peer.seconds.add(times.seconds);
        peer.ratio.add(medianOf(times.seconds) / median);
        peer.cpuRatio.add(times.cpuSeconds / static_cast<double>(times.seconds.size()) / cpu);
      }
    }
    return row;
  }

  Error compareWith(Peer &peer, PeerRow &row) {
    Expected<std::vector<HostTensor>> outputs = peer.outputs();
    if (!outputs)
      return outputs.takeError();
    for (auto [i, output] : enumerate(*outputs)) {
      Comparison comparison = compare(session->outputs()[i], output, Tolerance());
      if (!comparison.problem.empty())
        return createStringError("output '" + Twine(model->outputs[i].name) + "' and " + peer.name +
                                 ": " + comparison.problem);
      row.worst = std::max(row.worst, comparison.relative());
    }
    return Error::success();
  }

  const tw_model *model;
  const MeasureOptions &options;
  int threads;
  std::unique_ptr<Session> session;
  std::vector<std::unique_ptr<Peer>> peers;
};

} // namespace

Expected<Row> tilewright::measure(const tw_model *model, const MeasureOptions &options, int threads,
                                  std::string &sizes) {
  return Measurement(model, options, threads).run(sizes);
}
