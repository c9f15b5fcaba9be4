//===- Expectations.cpp - comparing all outputs of a run -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Expectations.h"
#include "lib/Artefact/Inputs.h"
#include "lib/Artefact/TensorFiles.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

namespace {

std::string verdict(const Comparison &result) {
  if (!result.problem.empty())
    return "DIFFERS: " + result.problem;
  return result.passed ? "ok" : "DIFFERS at element " + std::to_string(result.worst);
}

void printNumbers(const Comparison &result, raw_ostream &out) {
  if (result.problem.empty())
    out << format("%-10.3g  %-10.3g  ", result.maxError, result.relative());
  else
    out << "-           -           ";
}

} // namespace

Tolerance tilewright::toleranceOf(const tw_model *model) {
  Tolerance tolerance;
  if (StringRef(model->compute) == "bf16")
    tolerance.rtol = 3e-2;
  if (StringRef(model->compute) == "bf16x3")
    tolerance.rtol = 3e-4;
  return tolerance;
}

Expected<bool> tilewright::compareOutputs(const Session &session, const ExpectedOutputs &expected,
                                          const Tolerance &tolerance, raw_ostream &out) {
  const tw_model *model = session.model();
  Expected<StringMap<std::string>> files = parseFiles(model, /*outputs=*/true, expected.files);
  if (!files)
    return files.takeError();
  size_t width = 6;
  for (int32_t i = 0; i < model->num_outputs; ++i)
    width = std::max(width, strlen(model->outputs[i].name));
  out << left_justify("output", width)
      << "  type      shape             max error   of maximum  verdict\n";
  bool passed = true;
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    const HostTensor &output = session.outputs()[static_cast<size_t>(i)];
    StringRef name = model->outputs[i].name;
    std::optional<std::string> file;
    if (auto given = files->find(name); given != files->end())
      file = given->second;
    else if (!expected.testDir.empty())
      file = findTestFile(expected.testDir, "output", i, name);
    out << left_justify(name, width) << "  " << left_justify(dtypeName(output.dtype()), 8) << "  "
        << left_justify(shapeName(output.shape()), 16) << "  ";
    if (!file) {
      out << "-           -           not compared\n";
      continue;
    }
    Expected<HostTensor> wanted = readTensorFile(*file);
    if (!wanted) {
      out << "\n";
      return wanted.takeError();
    }
    Comparison result = compare(output, *wanted, tolerance);
    passed &= result.passed;
    printNumbers(result, out);
    out << verdict(result) << "\n";
  }
  return passed;
}
