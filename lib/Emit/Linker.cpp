//===- Linker.cpp - LLD and archives, in process -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Linker.h"
#include "lld/Common/Driver.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace tilewright {

static llvm::Error runLld(llvm::ArrayRef<std::string> arguments) {
  std::vector<const char *> argv{"ld.lld"};
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  std::string text;
  llvm::raw_string_ostream messages(text);
  lld::Result result = lld::lldMain(argv, messages, messages, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return llvm::Error::success();
  return llvm::createStringError("cannot link the artefact: %s", text.c_str());
}

// LLD writes to mapped pages, where a full disk is a signal: there must be room for as much as goes
// in.
static llvm::Error checkSpace(llvm::StringRef output, llvm::ArrayRef<std::string> objects) {
  uint64_t needed = 0;
  for (const std::string &path : objects) {
    uint64_t size = 0;
    if (!llvm::sys::fs::file_size(path, size))
      needed += size;
  }
  llvm::StringRef folder = llvm::sys::path::parent_path(output);
  llvm::ErrorOr<llvm::sys::fs::space_info> space =
      llvm::sys::fs::disk_space(folder.empty() ? "." : folder);
  if (space && space->available < needed)
    return llvm::createStringError("cannot write '" + output + "': No space left on device");
  return llvm::Error::success();
}

llvm::Error linkShared(llvm::StringRef output, llvm::ArrayRef<std::string> objects,
                       llvm::ArrayRef<std::string> exported) {
  if (llvm::Error error = checkSpace(output, objects))
    return error;
  // Unresolved symbols are libc's, which the process that loads the artefact brings.
  std::vector<std::string> arguments{
      "-shared", "-o", output.str(), "--hash-style=gnu", "--gc-sections", "-z",
      "relro",   "-z", "now",        "--build-id=none"};
  arguments.push_back("-soname=" + llvm::sys::path::filename(output).str());
  for (const std::string &symbol : exported)
    arguments.push_back("--undefined=" + symbol);
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  return runLld(arguments);
}

llvm::Error linkRelocatable(llvm::StringRef output, llvm::ArrayRef<std::string> objects) {
  if (llvm::Error error = checkSpace(output, objects))
    return error;
  std::vector<std::string> arguments{"-r", "-o", output.str()};
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  return runLld(arguments);
}

llvm::Error writeArchive(llvm::StringRef output, llvm::ArrayRef<std::string> objects) {
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &path : objects) {
    llvm::Expected<llvm::NewArchiveMember> member =
        llvm::NewArchiveMember::getFile(path, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    members.push_back(std::move(*member));
  }
  return llvm::writeArchive(output, members, llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
}

} // namespace tilewright
