//===- Report.h - what a launch found, as text and JSON -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_REPORT_H
#define TILEWRIGHT_LIB_PTXSIM_REPORT_H

#include "lib/PtxSim/Launch.h"
#include "llvm/Support/JSON.h"

namespace tilewright::ptx {

/// "FILE:LINE: KIND: MESSAGE", one fault a line.
void printFaults(llvm::raw_ostream &out, const Program &program, const Report &report);

/// Totals, then a line for each access to memory that costs more than its bytes need.
void printCounters(llvm::raw_ostream &out, const Program &program, const Counters &counters);

/// Both, for programs: {"kernel", "faults": [...], "counters": {..., "lines": [...]}}.
llvm::json::Value toJson(const Program &program, const Report &report);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_REPORT_H
