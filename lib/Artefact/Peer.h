//===- Peer.h - competitors and witnesses in child processes ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A peer is another artefact, or a process that does the same work on the same inputs. It answers
// each line of JSON on its standard input with one on its standard output; files hold raw
// little-endian elements:
//
//   <- {"model": path, "threads": n, "inputs": [{"name", "type", "dims", "file"}]}
//   -> {"version": "1.30.0"}
//   <- {"runs": n}
//   -> {"nanoseconds": [n times], "cpu_nanoseconds": n}
//   <- {"outputs": directory}
//   -> {"outputs": [{"name", "type", "dims", "file"}]}
//
// The first answer means: ready to run. Nanoseconds are the wall time of each run, and the CPU time
// of all. Outputs are those of the last run, in the model's order; an empty list: not compared.
// {"error": message} answers what cannot be done.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_PEER_H
#define TILEWRIGHT_LIB_ARTEFACT_PEER_H

#include "lib/Artefact/Model.h"

namespace tilewright {

/// Times of some runs, one after the other.
struct RunTimes {
  std::vector<double> seconds; ///< wall time of each
  double cpuSeconds = 0;       ///< of all threads and all runs together
};

/// Runs so often and measures each run.
llvm::Expected<RunTimes> timeRuns(Session &session, int64_t runs);

class Peer {
public:
  /// `what` is "onnxruntime=MODEL.onnx", "tilewright=MODEL.so" for another artefact, which runs in
  /// this process, or "NAME=PROGRAM ARGUMENT..." for a program that speaks as above (its "model" is
  /// empty). ONNX Runtime is npm's onnxruntime-node, looked for in node_modules of the working
  /// directory and its parents, and in NODE_PATH.
  static llvm::Expected<std::unique_ptr<Peer>> create(llvm::StringRef what, const tw_model *model,
                                                      llvm::ArrayRef<HostTensor> inputs,
                                                      int threads);
  virtual ~Peer() = default;

  /// Runs so often. Through node, a call costs some 20 microseconds more than through the C
  /// interface.
  virtual llvm::Expected<RunTimes> run(int64_t runs) = 0;

  /// The outputs of the last run, in the order of the artefact's; none if the peer gives none.
  virtual llvm::Expected<std::vector<HostTensor>> outputs() = 0;

  std::string name, version;

protected:
  Peer(std::string name, std::string version)
      : name(std::move(name)), version(std::move(version)) {}
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_PEER_H
