//===- Profile.cpp - where the time of a run goes, and what limits it ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Profile.h"
#include "lib/Artefact/Burst.h"
#include "lib/Artefact/Samples.h"
#include "lib/Support/OutputFile.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace tilewright;

namespace {

constexpr int kRounds = 5, kWarmUp = 2, kRunsPerRound = 4;

/// Runs once; fills in the work of the regions, and adds their times to `seconds`.
Error runOnce(Session &session, std::vector<RegionProfile> &regions,
              std::vector<Samples> &seconds) {
  std::vector<tw_region_time> before(session.profile());
  if (Error error = session.run())
    return error;
  for (auto [region, sample, from, to] : zip_equal(regions, seconds, before, session.profile())) {
    region.calls = static_cast<double>(to.calls - from.calls);
    region.flop = to.flop - from.flop;
    region.weightBytes = to.weight_bytes - from.weight_bytes;
    region.activationBytes = to.activation_bytes - from.activation_bytes;
    sample.add(static_cast<double>(to.nanoseconds - from.nanoseconds) * 1e-9);
  }
  return Error::success();
}

/// Workspace, inputs and outputs.
Expected<double> activationBytes(const Session &session, int threads) {
  size_t bytes = 0;
  tw_error error;
  if (tw_workspace_size(session.model(), session.symbols().data(), threads, &bytes, &error))
    return createStringError(error.message);
  for (ArrayRef<HostTensor> tensors : {ArrayRef(session.inputs()), ArrayRef(session.outputs())})
    for (const HostTensor &tensor : tensors)
      bytes += tensor.numBytes();
  return static_cast<double>(bytes);
}

} // namespace

Expected<Profile> tilewright::measureProfile(Session &session, int threads) {
  const tw_model *model = session.model();
  Expected<double> activations = activationBytes(session, threads);
  if (!activations)
    return activations.takeError();
  Profile profile{model->name,
                  session.isa().str(),
                  model->compute,
                  threads,
                  static_cast<double>(model->weights_size),
                  *activations,
                  0,
                  0,
                  0,
                  {}};
  for (const tw_region_time &time : session.profile())
    profile.regions.push_back({time.name, 0, 0, 0, 0, 0});
  std::vector<Samples> seconds(profile.regions.size());
  Samples fma, weights, reads;
  for (int round = 0; round < kRounds; ++round) {
    fma.add(fmaBurst(threads));
    weights.add(readBurst(threads, profile.weightBytes + profile.activationBytes));
    reads.add(readBurst(threads, profile.activationBytes));
    for (int run = 0; run < kWarmUp; ++run)
      if (Error error = session.run())
        return std::move(error);
    for (int run = 0; run < kRunsPerRound; ++run)
      if (Error error = runOnce(session, profile.regions, seconds))
        return std::move(error);
  }
  // Medians: another process that had the processor for a while is in few of the runs.
  for (auto [region, samples] : zip_equal(profile.regions, seconds))
    region.seconds = samples.quantile(0.5);
  profile.fmaBurst = fma.quantile(0.5);
  profile.weightBurst = weights.quantile(0.5);
  profile.activationBurst = reads.quantile(0.5);
  sort(profile.regions, [](auto &a, auto &b) { return a.seconds > b.seconds; });
  return profile;
}

void Profile::print(raw_ostream &out) const {
  double total = 0;
  for (const RegionProfile &region : regions)
    total += region.seconds;
  out << "\ncode for " << isa << ", " << threads << (threads == 1 ? " thread" : " threads")
      << "; the machine beside it: ";
  if (fmaBurst > 0)
    out << format("%.1f GFLOP/s of f32, ", fmaBurst * 1e-9);
  out << format("reads %.1f GB/s where weights fit (%.1f MB), %.1f GB/s where activations fit "
                "(%.2f MB)\n",
                weightBurst * 1e-9, weightBytes * 1e-6, activationBurst * 1e-9,
                activationBytes * 1e-6);
  out << "   share      us/run  calls/run  GFLOP/s     GB/s  roofline  bound    region\n";
  for (const RegionProfile &region : regions) {
    double seconds = std::max(region.seconds, 1e-12);
    double compute = computeSeconds(region), memory = memorySeconds(region);
    double bytes = region.weightBytes + region.activationBytes;
    out << format("%7.1f%%  %10.1f  %9.0f", 100 * region.seconds / std::max(total, 1e-12),
                  seconds * 1e6, region.calls);
    auto rate = [&](double work) {
      if (work > 0)
        out << format("  %7.1f", work / seconds * 1e-9);
      else
        out << "        -";
    };
    rate(region.flop);
    rate(bytes);
    if (double roofline = std::max(compute, memory); roofline > 0)
      out << format("  %7.1f%%", 100 * roofline / seconds)
          << (compute >= memory ? "  compute" : "  memory ");
    else
      out << "         -        -";
    out << "  " << region.name << "\n";
  }
}

Error Profile::writeJson(StringRef path) const {
  json::Array list;
  for (const RegionProfile &region : regions) {
    double compute = computeSeconds(region), memory = memorySeconds(region);
    json::Object object{{"name", region.name},
                        {"calls", region.calls},
                        {"seconds", region.seconds},
                        {"flop", region.flop},
                        {"weight_bytes", region.weightBytes},
                        {"activation_bytes", region.activationBytes}};
    if (std::max(compute, memory) > 0 && region.seconds > 0) {
      object["share_of_roofline"] = std::max(compute, memory) / region.seconds;
      object["bound"] = compute >= memory ? "compute" : "memory";
    }
    list.push_back(std::move(object));
  }
  json::Object report{{"model", model},
                      {"isa", isa},
                      {"compute", compute},
                      {"threads", threads},
                      {"weight_bytes", weightBytes},
                      {"activation_bytes", activationBytes},
                      {"fma_burst_flops", fmaBurst},
                      {"weight_burst_bytes_per_s", weightBurst},
                      {"activation_burst_bytes_per_s", activationBurst},
                      {"regions", std::move(list)}};
  return writeFile(path, [&](raw_ostream &out) {
    out << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  });
}
