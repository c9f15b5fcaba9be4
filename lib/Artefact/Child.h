//===- Child.h - a helper process that answers in lines --------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_CHILD_H
#define TILEWRIGHT_LIB_ARTEFACT_CHILD_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdio>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tilewright {

/// A process with pipes on its standard input and output, found in PATH. Ends with its owner.
class Child {
public:
  static llvm::Expected<std::unique_ptr<Child>> start(const std::vector<std::string> &command);
  ~Child();
  Child(const Child &) = delete;

  /// Sends one line of JSON and waits for the answer. An answer with an "error" becomes an error.
  llvm::Expected<llvm::json::Object> ask(llvm::json::Object request);

private:
  Child() = default;
  std::string name;
  pid_t process = -1;
  FILE *input = nullptr, *output = nullptr; // of the child
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_CHILD_H
