//===- WeightImage.cpp - the bytes of all weights, as part of the output ---===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/WeightImage.h"
#include "lib/Runtime/WeightFile.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include <fcntl.h>

using namespace llvm;
using namespace tilewright;

namespace {

constexpr uint64_t Page = TW_WEIGHT_FILE_DATA;

/// Everything of the object but the data fits into its first page:
///   file header | symbols | strings | section headers | 0 ... | weights
struct ObjectHeader {
  ELF::Elf64_Ehdr file = {};
  ELF::Elf64_Sym symbols[2] = {};
  char strings[256] = {};
  ELF::Elf64_Shdr sections[5] = {};
};
static_assert(sizeof(ObjectHeader) <= Page);

enum Section { Null, Weights, Symbols, Strings, NoExecStack, NumSections };

/// Adds a string to the table and returns its offset.
uint32_t addString(ObjectHeader &header, uint32_t &used, StringRef text) {
  uint32_t at = used;
  memcpy(header.strings + at, text.data(), text.size());
  used += static_cast<uint32_t>(text.size()) + 1;
  return at;
}

ObjectHeader objectHeader(uint64_t size, const Triple &triple, StringRef symbol) {
  ObjectHeader h;
  memcpy(h.file.e_ident, ELF::ElfMagic, 4);
  h.file.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  h.file.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  h.file.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  h.file.e_type = ELF::ET_REL;
  h.file.e_machine = triple.getArch() == Triple::aarch64 ? ELF::EM_AARCH64 : ELF::EM_X86_64;
  h.file.e_version = ELF::EV_CURRENT;
  h.file.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  h.file.e_shoff = offsetof(ObjectHeader, sections);
  h.file.e_shentsize = sizeof(ELF::Elf64_Shdr);
  h.file.e_shnum = NumSections;
  h.file.e_shstrndx = Strings;

  uint32_t used = 1;
  h.symbols[1].st_name = addString(h, used, symbol);
  h.symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  h.symbols[1].st_other = ELF::STV_HIDDEN;
  h.symbols[1].st_shndx = Weights;
  h.symbols[1].st_size = size;

  auto section = [&](Section index, StringRef name, uint32_t type, uint64_t offset, uint64_t bytes,
                     uint64_t alignment) {
    h.sections[index].sh_name = addString(h, used, name);
    h.sections[index].sh_type = type;
    h.sections[index].sh_offset = offset;
    h.sections[index].sh_size = bytes;
    h.sections[index].sh_addralign = alignment;
  };
  section(Weights, ".tw_weights", ELF::SHT_PROGBITS, Page, size, Page);
  h.sections[Weights].sh_flags = ELF::SHF_ALLOC;
  // Far from the code, so that the distances between the other sections stay below 2 GiB.
  if (triple.getArch() == Triple::x86_64 && size >= (uint64_t(1) << 30))
    h.sections[Weights].sh_flags |= ELF::SHF_X86_64_LARGE;
  section(Symbols, ".symtab", ELF::SHT_SYMTAB, offsetof(ObjectHeader, symbols), sizeof h.symbols,
          8);
  h.sections[Symbols].sh_entsize = sizeof(ELF::Elf64_Sym);
  h.sections[Symbols].sh_link = Strings;
  h.sections[Symbols].sh_info = 1; // the first global symbol
  section(Strings, ".strtab", ELF::SHT_STRTAB, offsetof(ObjectHeader, strings), sizeof h.strings,
          1);
  section(NoExecStack, ".note.GNU-stack", ELF::SHT_PROGBITS, Page, 0, 1);
  return h;
}

} // namespace

/// A temporary file beside `path`, with all of its blocks: a full disk shows here, and not as a
/// signal at a later write to the mapped pages.
struct WeightImage::MappedFile {
  static Expected<std::shared_ptr<MappedFile>> create(StringRef path, uint64_t bytes) {
    auto fail = [&](const Twine &reason) {
      return createStringError("cannot write '" + path + "': " + reason);
    };
    Expected<sys::fs::TempFile> temporary =
        sys::fs::TempFile::create(path + ".%%%%%%", sys::fs::all_read | sys::fs::all_write);
    if (!temporary)
      return fail(toString(temporary.takeError()));
    std::shared_ptr<MappedFile> file(new MappedFile(path, std::move(*temporary)));
    if (int code = posix_fallocate(file->temporary.FD, 0, static_cast<off_t>(bytes)))
      return fail(std::generic_category().message(code));
    std::error_code error;
    file->region =
        sys::fs::mapped_file_region(sys::fs::convertFDToNativeFile(file->temporary.FD),
                                    sys::fs::mapped_file_region::readwrite, bytes, 0, error);
    if (error)
      return fail(error.message());
    return file;
  }

  ~MappedFile() {
    region.unmap();
    consumeError(temporary.discard()); // does nothing after `keep`
  }

  Error keep() {
    region.unmap();
    if (Error error = temporary.keep(path))
      return createStringError("cannot write '" + path + "': " + toString(std::move(error)));
    return Error::success();
  }

  std::string path;
  sys::fs::TempFile temporary;
  sys::fs::mapped_file_region region;

private:
  MappedFile(StringRef path, sys::fs::TempFile temporary)
      : path(path.str()), temporary(std::move(temporary)) {}
};

Expected<WeightImage> WeightImage::createObject(StringRef path, uint64_t size, const Triple &triple,
                                                StringRef symbol) {
  // The strings besides the symbol take 60 bytes.
  if (symbol.size() > sizeof(ObjectHeader::strings) - 64)
    return createStringError("expects a name of the artefact below 180 characters, got " +
                             Twine(symbol.size()));
  Expected<std::shared_ptr<MappedFile>> file = MappedFile::create(path, Page + size);
  if (!file)
    return file.takeError();
  ObjectHeader header = objectHeader(size, triple, symbol);
  memcpy((*file)->region.data(), &header, sizeof header);
  return WeightImage(std::move(*file), Page, size, /*hasHeader=*/false);
}

Expected<WeightImage> WeightImage::createFile(StringRef path, uint64_t size) {
  Expected<std::shared_ptr<MappedFile>> file = MappedFile::create(path, Page + size);
  if (!file)
    return file.takeError();
  return WeightImage(std::move(*file), Page, size, /*hasHeader=*/true);
}

MutableArrayRef<char> WeightImage::data() const {
  return {file->region.data() + offset, static_cast<size_t>(size)};
}

Expected<uint64_t> WeightImage::commit() {
  uint64_t checksum = tw_weight_checksum(data().data(), size);
  if (hasHeader) {
    tw_weight_header header = {};
    memcpy(header.magic, TW_WEIGHT_FILE_MAGIC, sizeof header.magic);
    header.version = TW_WEIGHT_FILE_VERSION;
    header.size = size;
    header.checksum = checksum;
    memcpy(file->region.data(), &header, sizeof header);
  }
  if (Error error = file->keep())
    return std::move(error);
  return checksum;
}

std::string tilewright::weightSymbol(StringRef name) {
  return ("tw_" + name + "_weights").str();
}
