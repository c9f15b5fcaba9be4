//===- Report.cpp - what a launch found, as text and JSON -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

LineCounters total(const Counters &counters) {
  LineCounters sum;
  for (const LineCounters &line : counters.perOp) {
    sum.sectors += line.sectors;
    sum.idealSectors += line.idealSectors;
    sum.wavefronts += line.wavefronts;
    sum.idealWavefronts += line.idealWavefronts;
  }
  return sum;
}

bool isWasteful(const LineCounters &line) {
  return line.sectors > line.idealSectors || line.wavefronts > line.idealWavefronts;
}

} // namespace

void tilewright::ptx::printFaults(raw_ostream &out, const Program &program, const Report &report) {
  for (const Fault &fault : report.faults)
    out << program.module->path << ":" << fault.line << ": " << faultName(fault.kind) << ": "
        << fault.message << "\n";
}

void tilewright::ptx::printCounters(raw_ostream &out, const Program &program,
                                    const Counters &counters) {
  LineCounters sum = total(counters);
  auto row = [&](StringRef name, uint64_t value, StringRef remark = "") {
    out << format("%14llu  ", static_cast<unsigned long long>(value)) << name << remark << "\n";
  };
  auto ideal = [](uint64_t value) { return " (ideal " + std::to_string(value) + ")"; };
  row("instructions of warps", counters.warpInstructions);
  row("instructions of threads", counters.threadInstructions);
  row("barriers", counters.barriers);
  row("mma", counters.mma);
  row("multiply-adds in mma", counters.multiplyAdds);
  row("sectors of global memory", sum.sectors, ideal(sum.idealSectors));
  row("wavefronts of shared memory", sum.wavefronts, ideal(sum.idealWavefronts));
  if (none_of(counters.perOp, isWasteful))
    return;
  out << "\naccesses that cost more than their bytes need\n"
         "   line   executed  sectors/ideal  wavefronts/ideal  instruction\n";
  for (auto [op, line] : zip(program.ops, counters.perOp))
    if (isWasteful(line))
      out << format(
          "%7u %10llu  %13s  %16s  %s\n", op.line, static_cast<unsigned long long>(line.executed),
          (std::to_string(line.sectors) + "/" + std::to_string(line.idealSectors)).c_str(),
          (std::to_string(line.wavefronts) + "/" + std::to_string(line.idealWavefronts)).c_str(),
          op.text);
}

json::Value tilewright::ptx::toJson(const Program &program, const Report &report) {
  auto number = [](uint64_t value) { return static_cast<int64_t>(value); };
  json::Array faults, lines;
  for (const Fault &fault : report.faults)
    faults.push_back(json::Object{
        {"kind", faultName(fault.kind)}, {"line", fault.line}, {"message", fault.message}});
  const Counters &counters = report.counters;
  LineCounters sum = total(counters);
  auto memory = [&](const LineCounters &line) {
    return json::Object{{"sectors", number(line.sectors)},
                        {"ideal_sectors", number(line.idealSectors)},
                        {"wavefronts", number(line.wavefronts)},
                        {"ideal_wavefronts", number(line.idealWavefronts)}};
  };
  for (auto [op, line] : zip(program.ops, counters.perOp)) {
    if (!line.executed)
      continue;
    json::Object object = memory(line);
    object["line"] = op.line;
    object["executed"] = number(line.executed);
    object["instruction"] = op.text;
    lines.push_back(std::move(object));
  }
  json::Object totals = memory(sum);
  totals["warp_instructions"] = number(counters.warpInstructions);
  totals["thread_instructions"] = number(counters.threadInstructions);
  totals["barriers"] = number(counters.barriers);
  totals["mma"] = number(counters.mma);
  totals["multiply_adds"] = number(counters.multiplyAdds);
  totals["lines"] = std::move(lines);
  return json::Object{{"kernel", program.function->name},
                      {"target", program.module->target},
                      {"shared_bytes", number(program.sharedBytes)},
                      {"faults", std::move(faults)},
                      {"counters", std::move(totals)}};
}
