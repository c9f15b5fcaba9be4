//===- Report.h - what compile-model tells about a compilation -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TOOLS_COMPILE_MODEL_REPORT_H
#define TILEWRIGHT_TOOLS_COMPILE_MODEL_REPORT_H

#include "lib/Emit/Interface.h"
#include "mlir/IR/Diagnostics.h"
#include "tools/compile-model/Command.h"
#include "llvm/Support/JSON.h"
#include <optional>

namespace tilewright {

/// Collects errors and times while the compiler runs; writes them as JSON for --report, times as
/// text for --verbose.
class Report {
public:
  Report(const Command &command, mlir::MLIRContext &context);

  /// A stage or step of emission took so many seconds.
  void addTime(llvm::StringRef step, double seconds);
  void setInterface(ModelInterface model) { interface = std::move(model); }
  /// A message that is no diagnostic of the IR.
  void fail(const llvm::Twine &message);

  /// Writes the report, if one is wanted.
  llvm::Error write(int exitCode) const;

private:
  const Command &command;
  std::vector<std::pair<std::string, double>> times;
  llvm::json::Array errors;
  std::optional<ModelInterface> interface;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_COMPILE_MODEL_REPORT_H
