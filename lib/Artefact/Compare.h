//===- Compare.h - are two tensors the same, within a tolerance? -----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_COMPARE_H
#define TILEWRIGHT_LIB_ARTEFACT_COMPARE_H

#include "lib/Artefact/HostTensor.h"

namespace tilewright {

/// Floats pass if  max |result - expected| <= atol + rtol * max |expected|.  Relative to the
/// tensor's maximum, because elements near zero are differences of large numbers. With `perElement`
/// each element has to pass for itself, as ONNX's own tests ask:
/// |result - expected| <= atol + rtol * |expected|. Integers and bools pass if they differ by at
/// most atol.
struct Tolerance {
  double rtol = 1e-4;
  double atol = 1e-6;
  bool perElement = false;
};

struct Comparison {
  bool passed = false;
  std::string problem;    // type, shape or a NaN in the way; then the numbers are meaningless
  double maxError = 0;    // max |result - expected|
  double maxExpected = 0; // max |expected|, finite elements only
  int64_t worst = 0;      // element where maxError occurs
  double relative() const { return maxError == 0 ? 0 : maxError / maxExpected; }
};

Comparison compare(const HostTensor &result, const HostTensor &expected,
                   const Tolerance &tolerance);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_COMPARE_H
