//===- Weights.cpp - bytes of the weights that code refers to -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Weights.h"
#include "dialects/Xf/IR/Xf.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace tilewright {

namespace {

// Files stay mapped while weights are written: many tensors come from one file.
class Files {
public:
  FailureOr<StringRef> bytes(xf::WeightDataOp data) {
    xf::SourceAttr source = *data.getSource();
    std::unique_ptr<llvm::MemoryBuffer> &file = open[source.getFile()];
    if (!file) {
      auto mapped = llvm::MemoryBuffer::getFile(source.getFile(), /*IsText=*/false,
                                                /*RequiresNullTerminator=*/false);
      if (!mapped)
        return data.emitError("cannot read weight @")
               << data.getSymName() << " from '" << source.getFile()
               << "': " << mapped.getError().message();
      file = std::move(*mapped);
    }
    uint64_t offset = source.getOffset(), length = source.getLength();
    if (offset > file->getBufferSize() || length > file->getBufferSize() - offset)
      return data.emitError("expects weight @")
             << data.getSymName() << " at bytes " << offset << " to " << offset + length << " of '"
             << source.getFile() << "', which has " << file->getBufferSize();
    return file->getBuffer().substr(offset, length);
  }

private:
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> open;
};

// Protobuf's packed varints, each cut to the element's bytes (two's complement, little endian).
LogicalResult unpackVarints(xf::WeightDataOp data, StringRef bytes, MutableArrayRef<char> to) {
  auto type = cast<RankedTensorType>(data.getType());
  size_t width = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  const uint8_t *at = bytes.bytes_begin();
  for (size_t i = 0; i < to.size(); i += width) {
    unsigned length = 0;
    const char *problem = nullptr;
    uint64_t value = llvm::decodeULEB128(at, &length, bytes.bytes_end(), &problem);
    if (problem)
      return data.emitError("expects ") << to.size() / width << " varints for weight @"
                                        << data.getSymName() << ", got " << i / width;
    at += length;
    for (size_t byte = 0; byte < width; ++byte)
      to[i + byte] = static_cast<char>(value >> (8 * byte));
  }
  return success();
}

LogicalResult writeWeight(xf::WeightDataOp data, Files &files, MutableArrayRef<char> to) {
  if (!data.getSource())
    return data.emitError("expects weight @") << data.getSymName() << " to come from a file";
  FailureOr<StringRef> bytes = files.bytes(data);
  if (failed(bytes))
    return failure();
  if (data.getSource()->getEncoding() == xf::Encoding::varint)
    return unpackVarints(data, *bytes, to);
  if (bytes->size() != to.size())
    return data.emitError("expects ") << to.size() << " bytes of data for weight @"
                                      << data.getSymName() << ", got " << bytes->size();
  llvm::copy(*bytes, to.begin());
  return success();
}

} // namespace

uint64_t weightsSize(ModuleOp module) {
  auto size = module->getAttrOfType<IntegerAttr>("kernel.weights_size");
  return size ? size.getInt() : 0;
}

LogicalResult writeWeights(ModuleOp module, MutableArrayRef<char> bytes) {
  auto table = module->getAttrOfType<ArrayAttr>("kernel.weights");
  if (!table)
    return success();
  Files files;
  for (auto entry : table.getAsRange<DictionaryAttr>()) {
    auto symbol = entry.getAs<FlatSymbolRefAttr>("symbol");
    auto data = module.lookupSymbol<xf::WeightDataOp>(symbol.getAttr());
    if (!data)
      return module.emitError("refers to unknown weight ") << symbol;
    size_t offset = entry.getAs<IntegerAttr>("offset").getInt();
    size_t size = entry.getAs<IntegerAttr>("bytes").getInt();
    if (failed(writeWeight(data, files, bytes.slice(offset, size))))
      return failure();
  }
  return success();
}

} // namespace tilewright
