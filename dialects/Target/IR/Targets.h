//===- Targets.h - the table of CPU levels -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_TARGET_IR_TARGETS_H
#define TILEWRIGHT_DIALECTS_TARGET_IR_TARGETS_H

#include "dialects/Target/IR/Target.h"
#include <string>

namespace mlir::target {

/// A record of Targets.td; the fields are explained there.
struct CpuRecord {
  const char *name, *summary, *triple, *processor, *features;
  int64_t lanes, registers, l1, l2;
  bool bf16Dot, tiles;
};

/// All levels, in the order of their names.
ArrayRef<CpuRecord> allCpuLevels();

/// The level `name` as an attribute; null if there is none.
CpuAttr cpuOfLevel(MLIRContext *context, StringRef name);

/// "aarch64, sapphirerapids or x86-64-v3", for messages.
std::string cpuLevelNames();

} // namespace mlir::target

#endif // TILEWRIGHT_DIALECTS_TARGET_IR_TARGETS_H
