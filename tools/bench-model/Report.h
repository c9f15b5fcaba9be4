//===- Report.h - results as a table and as JSON ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_BENCH_MODEL_REPORT_H
#define TILEWRIGHT_TOOLS_BENCH_MODEL_REPORT_H

#include "Measure.h"
#include "llvm/Support/raw_ostream.h"

namespace tilewright {

struct Report {
  const tw_model *model;
  std::string sizes; // "batch=1 seq=128"
  std::vector<Row> rows;

  void print(llvm::raw_ostream &out) const;
  /// '-' is standard output.
  llvm::Error writeJson(llvm::StringRef path) const;
};

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_BENCH_MODEL_REPORT_H
