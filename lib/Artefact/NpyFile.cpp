//===- NpyFile.cpp - numpy's .npy ------------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   \x93NUMPY | major | minor | header size (2 bytes, from version 2 on 4) | header | data
//
// The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 5), }
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/NpyFile.h"
#include "lib/Support/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

namespace {

constexpr StringLiteral Magic = "\x93NUMPY";

/// What follows `'key':` in the dictionary, up to the comma at the same depth.
StringRef entry(StringRef header, StringRef key) {
  StringRef value = header.split(("'" + key + "':").str()).second.ltrim();
  if (value.starts_with("("))
    return value.take_front(value.find(')') + 1);
  return value.take_until([](char c) { return c == ',' || c == '}'; }).trim();
}

/// '<f4' -> float32. Big-endian data and other kinds are not read.
bool parseType(StringRef text, DLDataType &type) {
  unsigned bytes;
  if (text.size() < 3 || !StringRef("<|=").contains(text[0]) ||
      text.drop_front(2).getAsInteger(10, bytes) || bytes > 8)
    return false;
  size_t kind = StringRef("iufb").find(text[1]);
  if (kind == StringRef::npos)
    return false;
  const uint8_t codes[] = {kDLInt, kDLUInt, kDLFloat, kDLUInt};
  type = {codes[kind], static_cast<uint8_t>(bytes * 8), 1};
  return isPowerOf2_32(bytes) && !(type.code == kDLFloat && bytes == 1);
}

bool parseShape(StringRef text, std::vector<int64_t> &shape) {
  if (!text.consume_front("(") || !text.consume_back(")"))
    return false;
  SmallVector<StringRef> parts;
  text.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t size;
    if (part.trim().empty())
      continue;
    if (part.trim().getAsInteger(10, size) || size < 0)
      return false;
    shape.push_back(size);
  }
  return true;
}

/// Bytes of a tensor of that shape, if they fit into memory at all.
std::optional<uint64_t> checkedBytes(ArrayRef<int64_t> shape, uint64_t elementBytes) {
  uint64_t bytes = elementBytes;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) || bytes > uint64_t(1)
                                                                                          << 46)
      return std::nullopt;
  return bytes;
}

} // namespace

bool tilewright::isNpy(StringRef bytes) {
  return bytes.starts_with(Magic);
}

Expected<HostTensor> tilewright::parseNpy(StringRef bytes, StringRef path) {
  auto fail = [&](const Twine &what) {
    return createStringError("'" + path + "': expects " + what);
  };
  bytes = bytes.drop_front(Magic.size());
  if (bytes.empty() || bytes[0] < 1 || bytes[0] > 3)
    return fail("the format .npy of version 1 to 3");
  bool longHeader = bytes[0] > 1;
  size_t start = longHeader ? 6 : 4;
  if (bytes.size() < start)
    return fail("a header, the file ends before");
  size_t size = longHeader ? support::endian::read32le(bytes.data() + 2)
                           : support::endian::read16le(bytes.data() + 2);
  if (bytes.size() - start < size)
    return fail("a header of " + Twine(size) + " bytes, the file ends before");
  StringRef header = bytes.substr(start, size), data = bytes.substr(start + size);

  DLDataType type;
  std::vector<int64_t> shape;
  StringRef typeText = entry(header, "descr").trim('\'');
  if (!parseType(typeText, type))
    return fail("little-endian numbers or bool of 1 to 8 bytes, got numpy type '" + typeText + "'");
  if (entry(header, "fortran_order") != "False")
    return fail("row-major data (numpy.ascontiguousarray)");
  if (!parseShape(entry(header, "shape"), shape))
    return fail("a shape, got '" + entry(header, "shape") + "'");
  std::optional<uint64_t> expected = checkedBytes(shape, type.bits / 8u);
  if (!expected || *expected != data.size())
    return fail("as much data as its shape " + shapeName(shape) + " of " + dtypeName(type) +
                " needs, got " + Twine(data.size()) + " bytes");
  Expected<HostTensor> tensor = HostTensor::create(type, std::move(shape));
  if (tensor)
    memcpy(tensor->data(), data.data(), data.size());
  return tensor;
}

Error tilewright::writeNpyFile(StringRef path, const HostTensor &tensor) {
  HostTensor widened;
  const HostTensor *written = &tensor;
  if (tensor.dtype().code == kDLBfloat) {
    Expected<HostTensor> created = HostTensor::create({kDLFloat, 32, 1}, tensor.shape().vec());
    if (!created)
      return created.takeError();
    widened = std::move(*created);
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      reinterpret_cast<float *>(widened.data())[i] = static_cast<float>(tensor.at(i));
    written = &widened;
  }
  const char kinds[] = {'i', 'u', 'f'};
  std::string header = "{'descr': '";
  header += written->elementBytes() == 1 ? '|' : '<';
  header += kinds[written->dtype().code];
  header += std::to_string(written->elementBytes()) + "', 'fortran_order': False, 'shape': (";
  for (int64_t size : written->shape())
    header += std::to_string(size) + ",";
  header += "), }";
  // The data begins at a multiple of 64 bytes.
  header.append(63 - (Magic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';

  return writeFile(path, [&](raw_ostream &out) -> Error {
    out << Magic << '\x01' << '\0';
    support::endian::write<uint16_t>(out, static_cast<uint16_t>(header.size()), endianness::little);
    out << header;
    out.write(written->data(), written->numBytes());
    return Error::success();
  });
}
