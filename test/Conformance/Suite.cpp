//===- Suite.cpp - conformance cases and what is expected of them ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/Conformance/Suite.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace tilewright;

static Expected<std::unique_ptr<MemoryBuffer>> readText(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return createStringError("cannot read '" + path + "': " + file.getError().message());
  return std::move(*file);
}

static std::string join(StringRef a, StringRef b, StringRef c = "") {
  SmallString<128> path(a);
  sys::path::append(path, b, c);
  return path.str().str();
}

Expected<std::vector<ConformanceCase>> tilewright::readSuite(StringRef root, StringRef folder,
                                                             StringRef suite) {
  std::string path = join(root, suite, "MANIFEST.tsv");
  Expected<std::unique_ptr<MemoryBuffer>> text = readText(path);
  if (!text)
    return text.takeError();
  SmallVector<StringRef> lines, titles;
  (*text)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  lines.front().split(titles, '\t');
  auto column = [&](StringRef title) { return find(titles, title) - titles.begin(); };
  size_t name = column("name"), rtol = column("rtol"), atol = column("atol");
  std::vector<ConformanceCase> cases;
  for (StringRef line : drop_begin(lines)) {
    SmallVector<StringRef> fields;
    line.split(fields, '\t');
    ConformanceCase test;
    if (fields.size() <= std::max({name, rtol, atol}) ||
        !to_float(fields[rtol], test.tolerance.rtol) ||
        !to_float(fields[atol], test.tolerance.atol))
      return createStringError("'" + path + "': expects columns name, rtol and atol in '" + line +
                               "'");
    test.tolerance.perElement = true;
    test.name = (suite + "/" + fields[name]).str();
    test.folder = join(folder, suite, fields[name]);
    cases.push_back(std::move(test));
  }
  return cases;
}

Expected<StringMap<std::string>> tilewright::readExpectations(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> text = readText(path);
  if (!text)
    return text.takeError();
  SmallVector<StringRef> lines;
  (*text)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  StringMap<std::string> expectations;
  for (StringRef line : lines) {
    if (line.starts_with("#"))
      continue;
    auto [name, reason] = line.split('\t');
    if (reason.empty())
      return createStringError("'" + path + "': expects CASE<TAB>REASON, got '" + line + "'");
    expectations[name] = reason.str();
  }
  return expectations;
}
