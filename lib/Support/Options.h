//===- Options.h - command lines of the tools ------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Not llvm::cl: its options are global, those of LLVM's passes included, and their names collide
// with ours.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_SUPPORT_OPTIONS_H
#define TILEWRIGHT_LIB_SUPPORT_OPTIONS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace tilewright {

/// What a command exits with, in every tool.
enum ExitCode {
  Fine = 0,
  ComparisonFailed = 1,
  WrongInput = 2, // the user's input is wrong or unsupported; the message says what would help
  InternalError = 3
};

/// Declares options bound to variables, whose values are the defaults; then parses. Options are
/// written `--name VALUE` or `--name=VALUE`, one letter also `-x VALUE`; `--` ends them.
class Options {
public:
  Options(llvm::StringRef tool, llvm::StringRef overview) : tool(tool), overview(overview) {}

  void argument(llvm::StringRef meta, std::string &value, bool required = true);
  void flag(llvm::StringRef name, bool &value, llvm::StringRef help);
  void text(llvm::StringRef name, llvm::StringRef meta, std::string &value, llvm::StringRef help);
  /// May be given several times.
  void list(llvm::StringRef name, llvm::StringRef meta, std::vector<std::string> &values,
            llvm::StringRef help);
  void choice(llvm::StringRef name, std::vector<std::string> values, std::string &value,
              llvm::StringRef help);
  void integer(llvm::StringRef name, llvm::StringRef meta, int64_t &value, llvm::StringRef help);
  void real(llvm::StringRef name, llvm::StringRef meta, double &value, llvm::StringRef help);
  /// Printed after the options.
  void examples(llvm::StringRef text) { closing = text.str(); }

  /// Reads the command line. Prints the help and ends the program on --help, the version on
  /// --version. On a mistake prints it and ends the program with WrongInput.
  void parse(int argc, char **argv);

  /// As parse, but returns the mistake.
  llvm::Error parse(llvm::ArrayRef<const char *> arguments);
  void printHelp(llvm::raw_ostream &out) const;

private:
  struct Option {
    std::string name, meta, help; // an empty meta: takes no value
    std::function<bool(llvm::StringRef)> set;
    std::string expects; // what a value must be, for messages
  };
  struct Argument {
    std::string meta;
    std::string *value;
    bool required;
  };
  void add(llvm::StringRef name, llvm::StringRef meta, llvm::StringRef help,
           llvm::StringRef expects, std::function<bool(llvm::StringRef)> set);
  const Option *find(llvm::StringRef name) const;
  llvm::Error unknown(llvm::StringRef name) const;

  std::string tool, overview, closing;
  std::vector<Option> options;
  std::vector<Argument> arguments;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_SUPPORT_OPTIONS_H
