//===- Profile.h - where the time of a run goes, and what limits it --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A region can take no less than its operations at the rate of the FMA burst, and no less than its
// bytes at the rates of the read bursts. The larger of the two is its roofline, its share of the
// roofline that over the time it took. Weights come from where all weights fit, activations from
// where all activations fit: memory or some cache.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_RUN_MODEL_PROFILE_H
#define TILEWRIGHT_TOOLS_RUN_MODEL_PROFILE_H

#include "lib/Artefact/Model.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace tilewright {

/// One region; everything per run, times are medians.
struct RegionProfile {
  std::string name;
  double calls, seconds, flop, weightBytes, activationBytes;
};

struct Profile {
  std::string model, isa, compute;
  int threads;
  double weightBytes, activationBytes; ///< that a run has in use
  double fmaBurst;                     ///< FLOP/s in f32; 0: not known
  double weightBurst, activationBurst; ///< bytes/s of reading that many bytes
  std::vector<RegionProfile> regions;  ///< the one that takes longest first

  /// Seconds that the operations, and that the bytes of a region take at least.
  double computeSeconds(const RegionProfile &region) const {
    return fmaBurst > 0 ? region.flop / fmaBurst : 0;
  }
  double memorySeconds(const RegionProfile &region) const {
    return region.weightBytes / weightBurst + region.activationBytes / activationBurst;
  }

  void print(llvm::raw_ostream &out) const;
  /// '-' is standard output.
  llvm::Error writeJson(llvm::StringRef path) const;
};

/// Runs some more, warm, in turns with the bursts. The session has been made with
/// tw_options.profile.
llvm::Expected<Profile> measureProfile(Session &session, int threads);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_RUN_MODEL_PROFILE_H
