//===- ModelFile.cpp - an ONNX file, parsed without its weights -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/ModelFile.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace tilewright {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Key of the external_data entry that marks data inside the model file; no file can be named by it,
// as it has no location.
constexpr char kInModel[] = "tilewright.in_model";
constexpr char kVarint[] = "varint";

llvm::Error fileError(llvm::StringRef path, const llvm::Twine &what) {
  return llvm::createStringError("%s: %s", path.str().c_str(), what.str().c_str());
}

// The messages of the ONNX schema through which tensors are reached, and the numbers of the fields
// that lead on.
enum class Message { Model, Graph, Node, Attribute, Function, Tensor };

std::optional<Message> nested(Message message, int field) {
  switch (message) {
  case Message::Model:
    return field == 7    ? std::optional(Message::Graph)
           : field == 25 ? std::optional(Message::Function)
                         : std::nullopt;
  case Message::Graph:
    return field == 1   ? std::optional(Message::Node)
           : field == 5 ? std::optional(Message::Tensor)
                        : std::nullopt;
  case Message::Node:
    return field == 5 ? std::optional(Message::Attribute) : std::nullopt;
  case Message::Function:
    return field == 7 ? std::optional(Message::Node) : std::nullopt;
  case Message::Attribute:
    return field == 5 || field == 10   ? std::optional(Message::Tensor)
           : field == 6 || field == 11 ? std::optional(Message::Graph)
                                       : std::nullopt;
  case Message::Tensor:
    return std::nullopt;
  }
  return std::nullopt;
}

// Whether a field of TensorProto holds elements, and how. Packed floats and doubles are
// little-endian: raw data in all but name.
enum class Elements { None, Raw, Varint };
Elements elementsOf(int field) {
  switch (field) {
  case 9:  // raw_data
  case 4:  // float_data
  case 10: // double_data
    return Elements::Raw;
  case 5:  // int32_data
  case 7:  // int64_data
  case 11: // uint64_data
    return Elements::Varint;
  default:
    return Elements::None;
  }
}

// Copies a serialised model without its large tensor data, so that libprotobuf never sees it: a 438
// MB file is parsed as some hundred kilobytes, and the weights stay in the page cache.
class Slimmer {
public:
  explicit Slimmer(llvm::StringRef bytes) : bytes(bytes) {}

  // The message in [begin, end) as slim bytes; nullopt if the wire format is broken.
  std::optional<std::string> slim(Message message, int begin, int end, int depth = 0) {
    if (depth > 64) // protobuf's own limit is 100 levels
      return std::nullopt;
    std::string result;
    CodedInputStream in(reinterpret_cast<const uint8_t *>(bytes.data()) + begin, end - begin);
    while (uint32_t tag = in.ReadTag()) {
      int field = tag >> 3, wire = tag & 7, start = begin + in.CurrentPosition();
      uint64_t scalar;
      uint32_t length;
      switch (wire) {
      case 0:
        if (!in.ReadVarint64(&scalar))
          return std::nullopt;
        break;
      case 1:
        if (!in.Skip(8))
          return std::nullopt;
        break;
      case 5:
        if (!in.Skip(4))
          return std::nullopt;
        break;
      case 2: {
        if (!in.ReadVarint32(&length))
          return std::nullopt;
        int at = begin + in.CurrentPosition();
        if (length > static_cast<uint32_t>(end - at) || !in.Skip(length))
          return std::nullopt;
        if (!appendNested(result, message, field, tag, at, at + length, depth))
          return std::nullopt;
        continue;
      }
      default:
        return std::nullopt; // groups are not part of the schema
      }
      appendTag(result, tag);
      result.append(bytes.data() + start, begin + in.CurrentPosition() - start);
    }
    if (!in.ConsumedEntireMessage() || begin + in.CurrentPosition() != end)
      return std::nullopt;
    return result;
  }

private:
  static void appendTag(std::string &out, uint32_t tag) {
    StringOutputStream stream(&out);
    CodedOutputStream(&stream).WriteVarint32(tag);
  }
  static void appendBytes(std::string &out, uint32_t tag, llvm::StringRef value) {
    {
      StringOutputStream stream(&out);
      CodedOutputStream coded(&stream);
      coded.WriteVarint32(tag);
      coded.WriteVarint32(value.size());
    }
    out.append(value.data(), value.size());
  }

  bool appendNested(std::string &out, Message message, int field, uint32_t tag, int begin, int end,
                    int depth) {
    if (std::optional<Message> inner = nested(message, field)) {
      std::optional<std::string> slimmed = slim(*inner, begin, end, depth + 1);
      if (slimmed)
        appendBytes(out, tag, *slimmed);
      return slimmed.has_value();
    }
    Elements elements = message == Message::Tensor ? elementsOf(field) : Elements::None;
    if (elements == Elements::None || end - begin <= kMaxConstantBytes) {
      appendBytes(out, tag, bytes.slice(begin, end));
      return true;
    }
    // data_location = EXTERNAL and an entry with the place in this file.
    onnx::TensorProto reference;
    reference.set_data_location(onnx::TensorProto::EXTERNAL);
    auto add = [&](const char *key, const std::string &value) {
      auto *entry = reference.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add(kInModel, elements == Elements::Varint ? kVarint : "raw");
    add("offset", std::to_string(begin));
    add("length", std::to_string(end - begin));
    out += reference.SerializePartialAsString();
    return true;
  }

  llvm::StringRef bytes;
};

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> mapFile(llvm::StringRef path) {
  if (llvm::sys::fs::is_directory(path))
    return fileError(path, "is a folder, expects a file");
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fileError(path, "cannot be read: " + buffer.getError().message());
  if ((*buffer)->getBufferSize() == 0)
    return fileError(path, "is empty, expects an ONNX file");
  if ((*buffer)->getBufferSize() > static_cast<uint64_t>(INT32_MAX))
    return fileError(path,
                     "is larger than 2 GiB, protobuf's limit; save the weights as external data");
  return std::move(*buffer);
}

// The external_data entry with the given key, or an empty string.
std::string entry(const onnx::TensorProto &tensor, llvm::StringRef key) {
  for (const auto &pair : tensor.external_data())
    if (pair.key() == key)
      return pair.value();
  return {};
}

// The path of an external file below the model's folder.
llvm::Expected<std::string> resolveExternal(const onnx::TensorProto &tensor,
                                            llvm::StringRef modelPath) {
  std::string location = entry(tensor, "location");
  auto refuse = [&](const llvm::Twine &why) {
    return fileError(modelPath, "tensor '" + tensor.name() + "' has external data at '" + location +
                                    "', " + why);
  };
  if (location.empty())
    return refuse("which names no file");
  if (llvm::sys::path::is_absolute(location))
    return refuse("expects a path relative to the model's folder");
  llvm::SmallString<256> folder(llvm::sys::path::parent_path(modelPath)), path, realFolder,
      realPath;
  if (folder.empty())
    folder = ".";
  path = folder;
  llvm::sys::path::append(path, location);
  if (llvm::sys::fs::real_path(folder, realFolder) || llvm::sys::fs::real_path(path, realPath))
    return refuse("which does not exist");
  llvm::StringRef below = realPath;
  if (!below.consume_front(realFolder) || !(below.starts_with("/") || realFolder == "/"))
    return refuse("which leaves the model's folder");
  if (llvm::sys::fs::is_directory(realPath))
    return refuse("which is a folder");
  return std::string(path);
}

} // namespace

llvm::Expected<onnx::ModelProto> readModel(llvm::StringRef path) {
  auto buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef bytes = (*buffer)->getBuffer();
  std::optional<std::string> slim = Slimmer(bytes).slim(Message::Model, 0, bytes.size());
  onnx::ModelProto model;
  if (!slim || !model.ParsePartialFromString(*slim))
    return fileError(
        path, "is not an ONNX file: it is truncated or no protobuf message of onnx.ModelProto");
  if (!model.has_graph())
    return fileError(path, "holds no graph; expects an ONNX model (onnx.ModelProto)");
  return model;
}

llvm::Expected<TensorLocation> locateTensor(const onnx::TensorProto &tensor,
                                            llvm::StringRef modelPath, int64_t bytes) {
  TensorLocation result;
  std::string inModel = entry(tensor, kInModel), offset = entry(tensor, "offset"),
              length = entry(tensor, "length");
  auto refuse = [&](const llvm::Twine &why) {
    return fileError(modelPath, "tensor '" + tensor.name() + "' " + why);
  };
  if (inModel.empty()) {
    llvm::Expected<std::string> path = resolveExternal(tensor, modelPath);
    if (!path)
      return path.takeError();
    result.file = *path;
  } else {
    result.file = modelPath.str();
    result.varint = inModel == kVarint;
  }
  result.length = bytes;
  if ((!offset.empty() && llvm::to_integer(offset, result.offset, 10) == false) ||
      result.offset < 0)
    return refuse("has external data with offset '" + offset + "', expects a number of bytes");
  if ((!length.empty() && llvm::to_integer(length, result.length, 10) == false) ||
      result.length < 0)
    return refuse("has external data with length '" + length + "', expects a number of bytes");
  if (!result.varint && result.length != bytes)
    return refuse("expects " + llvm::Twine(bytes) + " bytes of data for its type and shape, got " +
                  llvm::Twine(result.length));
  uint64_t size;
  if (std::error_code error = llvm::sys::fs::file_size(result.file, size))
    return refuse("has external data in '" + result.file + "': " + error.message());
  if (static_cast<uint64_t>(result.offset) > size ||
      size - result.offset < static_cast<uint64_t>(result.length))
    return refuse("has data at bytes " + llvm::Twine(result.offset) + " to " +
                  llvm::Twine(result.offset + result.length) + " of '" + result.file +
                  "', which has only " + llvm::Twine(size));
  return result;
}

llvm::Expected<onnx::TensorProto> readTensor(llvm::StringRef path) {
  auto buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  onnx::TensorProto tensor;
  if (!tensor.ParsePartialFromArray((*buffer)->getBufferStart(), (*buffer)->getBufferSize()))
    return fileError(path, "is truncated or no protobuf message of onnx.TensorProto");
  return tensor;
}

} // namespace tilewright
