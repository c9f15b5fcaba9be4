//===- WeightImage.h - the bytes of all weights, as part of the output -----===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_WEIGHTIMAGE_H
#define TILEWRIGHT_LIB_EMIT_WEIGHTIMAGE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>

namespace tilewright {

/// A file of weights that is filled in place: its pages are mapped, so that gigabytes never pass
/// through LLVM, and the compiler holds no second copy. The file appears under its name when it is
/// complete, and not at all if anything fails.
class WeightImage {
public:
  /// An ELF object for `triple` with one page-aligned read-only section and the hidden symbol
  /// `symbol` on its start.
  static llvm::Expected<WeightImage> createObject(llvm::StringRef path, uint64_t size,
                                                  const llvm::Triple &triple,
                                                  llvm::StringRef symbol);

  /// A weight file of lib/Runtime/WeightFile.h.
  static llvm::Expected<WeightImage> createFile(llvm::StringRef path, uint64_t size);

  /// The weights, all zero at first.
  llvm::MutableArrayRef<char> data() const;

  /// Writes the file out and gives it its name. Returns tw_weight_checksum of the weights.
  llvm::Expected<uint64_t> commit();

  struct MappedFile;

private:
  WeightImage(std::shared_ptr<MappedFile> file, uint64_t offset, uint64_t size, bool hasHeader)
      : file(std::move(file)), offset(offset), size(size), hasHeader(hasHeader) {}

  std::shared_ptr<MappedFile> file;
  uint64_t offset, size;
  bool hasHeader;
};

/// Name of the symbol on the weights of the artefact `name`; distinct, so that several models can
/// be linked together.
std::string weightSymbol(llvm::StringRef name);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_WEIGHTIMAGE_H
