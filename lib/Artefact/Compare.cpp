//===- Compare.cpp - are two tensors the same, within a tolerance? ---------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Compare.h"
#include <cmath>

using namespace tilewright;

static bool sameType(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits;
}

Comparison tilewright::compare(const HostTensor &result, const HostTensor &expected,
                               const Tolerance &tolerance) {
  Comparison comparison;
  if (!sameType(result.dtype(), expected.dtype())) {
    comparison.problem =
        "expects " + dtypeName(expected.dtype()) + ", got " + dtypeName(result.dtype());
    return comparison;
  }
  if (result.shape() != expected.shape()) {
    comparison.problem =
        "expects shape " + shapeName(expected.shape()) + ", got " + shapeName(result.shape());
    return comparison;
  }
  bool isFloat = expected.dtype().code == kDLFloat || expected.dtype().code == kDLBfloat;
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    double got = result.at(i), wanted = expected.at(i);
    if (got == wanted || (std::isnan(got) && std::isnan(wanted)))
      continue; // infinities of equal sign, too
    if (!std::isfinite(got) || !std::isfinite(wanted)) {
      comparison.problem = "element " + std::to_string(i) + ": expects " + std::to_string(wanted) +
                           ", got " + std::to_string(got);
      return comparison;
    }
    double error = std::fabs(got - wanted);
    if (tolerance.perElement &&
        !(error <= tolerance.atol + (isFloat ? tolerance.rtol * std::fabs(wanted) : 0))) {
      comparison.problem = "element " + std::to_string(i) + ": expects " + std::to_string(wanted) +
                           ", got " + std::to_string(got);
      return comparison;
    }
    if (error > comparison.maxError) {
      comparison.maxError = error;
      comparison.worst = i;
    }
  }
  for (int64_t i = 0; i < expected.numElements(); ++i)
    if (double value = std::fabs(expected.at(i)); std::isfinite(value))
      comparison.maxExpected = std::fmax(comparison.maxExpected, value);
  comparison.passed = comparison.maxError <=
                      tolerance.atol + (isFloat ? tolerance.rtol * comparison.maxExpected : 0);
  return comparison;
}
