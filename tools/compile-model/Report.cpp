//===- Report.cpp - what compile-model tells about a compilation -----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "tools/compile-model/Report.h"
#include "lib/Support/OutputFile.h"
#include "lib/Support/Version.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/resource.h>

using namespace llvm;
using namespace tilewright;

namespace {

/// The name of the ONNX node or value that a location stands for, and the file.
std::pair<std::string, std::string> describe(mlir::Location location) {
  std::string node, file;
  location->walk([&](mlir::Location part) {
    if (auto name = dyn_cast<mlir::NameLoc>(part); name && node.empty())
      node = name.getName().str();
    if (auto position = dyn_cast<mlir::FileLineColLoc>(part); position && file.empty()) {
      file = position.getFilename().str();
      if (position.getLine() != 0) // an ONNX file has no lines
        file +=
            ":" + std::to_string(position.getLine()) + ":" + std::to_string(position.getColumn());
    }
    return mlir::WalkResult::advance();
  });
  return {node, file};
}

std::string severityName(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return "error: ";
  case mlir::DiagnosticSeverity::Warning:
    return "warning: ";
  case mlir::DiagnosticSeverity::Remark:
  case mlir::DiagnosticSeverity::Note:
    break;
  }
  return "note: ";
}

void print(const mlir::Diagnostic &diagnostic) {
  auto [node, file] = describe(diagnostic.getLocation());
  errs() << (file.empty() ? "compile-model" : file) << ": "
         << severityName(diagnostic.getSeverity());
  if (!node.empty())
    errs() << "node '" << node << "': ";
  errs() << diagnostic.str() << "\n";
  for (const mlir::Diagnostic &note : diagnostic.getNotes())
    print(note);
}

json::Array toJson(const ModelInterface &model, ArrayRef<TensorInterface> tensors) {
  json::Array list;
  for (const TensorInterface &tensor : tensors)
    list.push_back(json::Object{
        {"name", tensor.name}, {"dtype", tensor.dtype}, {"shape", shapeText(model, tensor)}});
  return list;
}

json::Object toJson(const ModelInterface &model) {
  json::Array symbols;
  for (const SymbolInterface &symbol : model.symbols) {
    json::Object entry{{"name", symbol.name}, {"min", symbol.min}};
    entry["max"] = symbol.isBounded() ? json::Value(symbol.max) : json::Value(nullptr);
    symbols.push_back(std::move(entry));
  }
  return json::Object{{"inputs", toJson(model, model.inputs)},
                      {"outputs", toJson(model, model.outputs)},
                      {"symbols", std::move(symbols)}};
}

} // namespace

Report::Report(const Command &command, mlir::MLIRContext &context)
    : command(command), handler(&context, [this](mlir::Diagnostic &diagnostic) {
        print(diagnostic);
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
          auto [node, file] = describe(diagnostic.getLocation());
          errors.push_back(json::Object{{"node", node}, {"message", diagnostic.str()}});
        }
        return mlir::success();
      }) {}

void Report::addTime(StringRef step, double seconds) {
  times.emplace_back(step.str(), seconds);
  if (command.verbose)
    errs() << format("%10.1f ms  ", seconds * 1e3) << step << "\n";
}

void Report::fail(const Twine &message) {
  errs() << "compile-model: " << message << "\n";
  errors.push_back(json::Object{{"node", ""}, {"message", message.str()}});
}

Error Report::write(int exitCode) const {
  if (command.report.empty())
    return Error::success();
  json::Object seconds;
  for (const auto &[step, time] : times)
    // Several targets: the sum.
    seconds[step] = seconds.getNumber(step).value_or(0) + time;
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  json::Object report{{"producer", "tilewright " TILEWRIGHT_VERSION},
                      {"model", command.model},
                      {"output", command.output},
                      {"target", command.target},
                      {"pipeline", command.pipeline},
                      {"exit_code", exitCode},
                      {"errors", json::Array(errors)},
                      {"seconds", std::move(seconds)},
                      {"peak_memory_bytes", static_cast<int64_t>(usage.ru_maxrss) * 1024}};
  if (interface)
    report["interface"] = toJson(*interface);
  if (uint64_t size = 0; exitCode == 0 && !sys::fs::file_size(command.output, size))
    report["output_bytes"] = static_cast<int64_t>(size);
  return writeFile(command.report, [&](raw_ostream &out) {
    out << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  });
}
