//===- Report.cpp - results as a table and as JSON -------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Report.h"
#include "lib/Support/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace tilewright;

namespace {

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

void printTimes(raw_ostream &out, StringRef who, const Samples &seconds) {
  out << "  " << left_justify(who, 20) << format("%6zu", seconds.size());
  for (double q : {0.5, 0.0, 0.9})
    out << right_justify(timeText(seconds.quantile(q)), 13);
}

void printRow(raw_ostream &out, const Row &row) {
  out << format("\n%d thread%s, %d of %d rounds quiet%s", row.threads, row.threads == 1 ? "" : "s",
                row.quiet, row.rounds, row.onlyQuiet ? ": only those count" : "");
  out << "\n                        runs       median          min          p90  speed-up   by CPU "
         "time  max difference\n";
  printTimes(out, "tilewright", row.seconds);
  out << "\n";
  for (const PeerRow &peer : row.peers) {
    printTimes(out, peer.name + " " + peer.version, peer.seconds);
    out << format("%9.2fx%12.2fx", peer.ratio.quantile(0.5), peer.cpuRatio.quantile(0.5));
    if (peer.worst >= 0)
      out << format("  %.2g of maximum", peer.worst);
    out << "\n";
  }
  if (row.fmaShare.size())
    out << format("  %.3f of the FMA burst (p90 %.3f), which was %.1f GFLOP/s\n",
                  row.fmaShare.quantile(0.5), row.fmaShare.quantile(0.9),
                  row.fmaBurst.quantile(0.5) * 1e-9);
  if (row.readShare.size())
    out << format("  %.3f of the read burst (p90 %.3f), which was %.1f GB/s\n",
                  row.readShare.quantile(0.5), row.readShare.quantile(0.9),
                  row.readBurst.quantile(0.5) * 1e-9);
}

json::Object toJson(const Samples &samples, StringRef unit) {
  json::Object object{{"samples", static_cast<int64_t>(samples.size())}};
  for (auto [name, q] : {std::pair("median", 0.5), std::pair("min", 0.0), std::pair("p90", 0.9)})
    object[(name + unit).str()] = samples.quantile(q);
  return object;
}

json::Object toJson(const Row &row) {
  json::Object result{{"threads", row.threads},
                      {"rounds", row.rounds},
                      {"quiet_rounds", row.quiet},
                      {"tilewright", toJson(row.seconds, "_s")},
                      {"tilewright_cpu", toJson(row.cpuSeconds, "_s")},
                      {"fma_burst_flops", row.fmaBurst.quantile(0.5)}};
  if (row.fmaShare.size())
    result["share_of_fma_burst"] = toJson(row.fmaShare, "");
  if (row.readShare.size()) {
    result["share_of_read_burst"] = toJson(row.readShare, "");
    result["read_burst_bytes_per_s"] = row.readBurst.quantile(0.5);
  }
  json::Array peers;
  for (const PeerRow &peer : row.peers) {
    json::Object object{{"name", peer.name},
                        {"version", peer.version},
                        {"time", toJson(peer.seconds, "_s")},
                        {"speedup", peer.ratio.quantile(0.5)},
                        {"speedup_by_cpu_time", peer.cpuRatio.quantile(0.5)}};
    if (peer.worst >= 0)
      object["max_relative_difference"] = peer.worst;
    peers.push_back(std::move(object));
  }
  result["peers"] = std::move(peers);
  return result;
}

} // namespace

void Report::print(raw_ostream &out) const {
  out << model->name << " (" << model->target << ", pipeline " << model->pipeline << ", compute "
      << model->compute << ") " << sizes << "\n";
  for (const Row &row : rows)
    printRow(out, row);
}

Error Report::writeJson(StringRef path) const {
  json::Array results;
  for (const Row &row : rows)
    results.push_back(toJson(row));
  json::Object report{{"model", model->name},         {"source", model->source},
                      {"target", model->target},      {"pipeline", model->pipeline},
                      {"compute", model->compute},    {"sizes", sizes},
                      {"results", std::move(results)}};
  return writeFile(path, [&](raw_ostream &out) {
    out << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  });
}
