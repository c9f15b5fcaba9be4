//===- Harness.h - small kernels for tests -----------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TEST_UNIT_PTXSIM_HARNESS_H
#define TILEWRIGHT_TEST_UNIT_PTXSIM_HARNESS_H

#include "lib/PtxSim/Launch.h"
#include <bit>
#include <gtest/gtest.h>

namespace tilewright::ptx {

/// A register of each lane's input, widened.
using Lanes = std::vector<uint64_t>;

struct Input {
  unsigned bits; // 1: a predicate
  Lanes values;  // fewer than 32: repeated
};

/// What one instruction computes in each of 32 lanes. It names its results %d0, %d1 ... and its
/// inputs %a, %b, %c, %e, %f ... %k; `resultBits` has one size per result, 1 for a predicate.
std::vector<Lanes> evaluate(llvm::StringRef instruction, std::vector<unsigned> resultBits,
                            const std::vector<Input> &inputs);

/// One result, on inputs of one lane.
uint64_t evaluateOne(llvm::StringRef instruction, unsigned resultBits,
                     const std::vector<Input> &inputs);

struct Outcome {
  std::string mistake; // of text or configuration
  Report report;
  std::vector<uint32_t> words; // of the buffer
  /// Names of the faults' kinds, without repetition.
  std::string kinds() const;
  std::string messages() const;
};

/// Runs `body` as the kernel k(.param .u64 buffer), with registers %r0 to %r19 (32 bits), %d0 to
/// %d19 (64), %h0 to %h9 (16) and %p0 to %p9, on a buffer of the words 0, 1, 2 ... %d0 holds its
/// address, %r0 the number of the thread. `module` stands in front.
Outcome runKernel(llvm::StringRef body, Dim3 block = {32, 1, 1}, Dim3 grid = {1, 1, 1},
                  unsigned words = 1024, llvm::StringRef module = "", uint64_t seed = 0);

inline uint64_t bitsOf(float value) {
  return std::bit_cast<uint32_t>(value);
}
inline uint64_t bitsOf(double value) {
  return std::bit_cast<uint64_t>(value);
}

} // namespace tilewright::ptx

#endif // TILEWRIGHT_TEST_UNIT_PTXSIM_HARNESS_H
