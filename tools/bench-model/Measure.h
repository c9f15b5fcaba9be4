//===- Measure.h - latencies of an artefact and of its peers ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_BENCH_MODEL_MEASURE_H
#define TILEWRIGHT_TOOLS_BENCH_MODEL_MEASURE_H

#include "lib/Artefact/Inputs.h"
#include "lib/Artefact/Peer.h"
#include "lib/Artefact/Samples.h"
#include <string>
#include <vector>

namespace tilewright {

/// What one peer took, and how the artefact compares in the rounds that count.
struct PeerRow {
  std::string name, version;
  Samples seconds;   // of single runs
  Samples ratio;     // by round: its median wall time / ours
  Samples cpuRatio;  // by round: its CPU time per run / ours
  double worst = -1; // largest difference, relative to the maximum of an output; -1: not compared
};

/// One thread count.
struct Row {
  int threads = 0;
  Samples seconds;           // wall time of single runs of the artefact
  Samples cpuSeconds;        // by round: CPU time per run
  Samples fmaShare;          // by round: FLOP/s over the FMA burst's; with --flop
  Samples readShare;         // by round: bytes/s over the read burst's; with --bytes
  Samples fmaBurst;          // FLOP/s
  Samples readBurst;         // bytes/s
  int rounds = 0, quiet = 0; // a round is quiet if the bursts around it agree
  bool onlyQuiet = false;    // disturbed rounds are left out
  std::vector<PeerRow> peers;
};

struct MeasureOptions {
  InputChoice inputs;
  std::vector<std::string> peers; // as Peer::create takes them
  std::string isa, weightsFile;   // empty: the default
  double seconds = 1;             // measure the artefact at least so long
  double flop = 0, bytes = 0;     // work of one run; 0: not known
};

/// Measures in rounds, in each of which the artefact and its peers take turns, so that all see the
/// same machine. Rounds in which the bursts before and after the artefact differ by more than 3 %
/// are disturbed; where enough quiet ones are left only those count. `sizes` becomes
/// "batch=1 seq=128".
llvm::Expected<Row> measure(const tw_model *model, const MeasureOptions &options, int threads,
                            std::string &sizes);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_BENCH_MODEL_MEASURE_H
