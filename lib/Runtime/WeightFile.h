//===- WeightFile.h - format of a file that holds the weights ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One page of header, then the bytes of tw_model.weights_size. Numbers are little-endian. Shared by
// the runtime (reader) and lib/Emit (writer), hence plain C.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_RUNTIME_WEIGHTFILE_H
#define TILEWRIGHT_LIB_RUNTIME_WEIGHTFILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TW_WEIGHT_FILE_MAGIC "TWWEIGHT"
#define TW_WEIGHT_FILE_VERSION 1
#define TW_WEIGHT_FILE_DATA 4096 // offset of the weights: a page, so that they can be mapped

typedef struct tw_weight_header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t size;     // bytes of weights
  uint64_t checksum; // tw_weight_checksum of them
} tw_weight_header;

/// Detects damage and mix-ups, not malice. Four lanes over 64-bit words w, so that it runs at
/// memory speed:
///   lane[i] = rotate(lane[i] ^ w, 31) * P;  the last block is filled up with zeros, size and lanes
///   are folded at the end.
static inline uint64_t tw_weight_checksum(const void *data, size_t size) {
  const uint64_t P = UINT64_C(0x9E3779B97F4A7C15); // 2^64 / golden ratio, odd
  uint64_t lanes[4] = {P, P ^ 1, P ^ 2, P ^ 3}, words[4];
  const char *bytes = (const char *)data;
  for (size_t at = 0; at < size; at += sizeof words) {
    size_t left = size - at;
    if (left < sizeof words)
      memset(words, 0, sizeof words);
    memcpy(words, bytes + at, left < sizeof words ? left : sizeof words);
    for (int i = 0; i < 4; ++i) {
      uint64_t mixed = lanes[i] ^ words[i];
      lanes[i] = (mixed << 31 | mixed >> 33) * P;
    }
  }
  uint64_t sum = size;
  for (int i = 0; i < 4; ++i) {
    sum = (sum ^ lanes[i]) * P;
    sum ^= sum >> 29;
  }
  return sum;
}

#endif // TILEWRIGHT_LIB_RUNTIME_WEIGHTFILE_H
