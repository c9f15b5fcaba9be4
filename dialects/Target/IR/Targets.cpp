//===- Targets.cpp - the table of CPU levels -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Target/IR/Targets.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::target {

#define GET_CpuTable_IMPL
#include "dialects/Target/Targets.inc"

ArrayRef<CpuRecord> allCpuLevels() {
  return CpuTable;
}

CpuAttr cpuOfLevel(MLIRContext *context, StringRef name) {
  for (const CpuRecord &level : CpuTable)
    if (level.name == name)
      return CpuAttr::get(context, level.name, level.triple, level.processor, level.features,
                          level.lanes, level.registers, level.l1, level.l2, level.bf16Dot,
                          level.tiles);
  return {};
}

std::string cpuLevelNames() {
  SmallVector<StringRef> names;
  for (const CpuRecord &level : CpuTable)
    names.push_back(level.name);
  StringRef last = names.pop_back_val();
  return (llvm::join(names, ", ") + " or " + last).str();
}

} // namespace mlir::target
