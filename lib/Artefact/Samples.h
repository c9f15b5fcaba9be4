//===- Samples.h - repeated measurements -----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_SAMPLES_H
#define TILEWRIGHT_LIB_ARTEFACT_SAMPLES_H

#include <algorithm>
#include <vector>

namespace tilewright {

/// Numbers of which quantiles are reported.
class Samples {
public:
  void add(double value) { values.push_back(value); }
  void add(const std::vector<double> &more) {
    values.insert(values.end(), more.begin(), more.end());
  }
  size_t size() const { return values.size(); }

  /// 0: the smallest, 0.5: the median, 1: the largest. Needs at least one sample.
  double quantile(double q) const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
  }

private:
  std::vector<double> values;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_SAMPLES_H
