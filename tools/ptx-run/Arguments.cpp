//===- Arguments.cpp - arguments of a kernel on the command line ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arguments.h"
#include "lib/Artefact/NpyFile.h"
#include "lib/PtxSim/Numbers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::ptx;

namespace {

DLDataType dtypeOf(Type type) {
  uint8_t code = type.kind == 'B'   ? kDLBfloat
                 : type.kind == 'f' ? kDLFloat
                 : type.kind == 's' ? kDLInt
                                    : kDLUInt;
  return {code, type.bits, 1};
}

/// "f32", "bf16", "s8", "u64" ...; i32 is taken for s32.
Expected<Type> parseType(StringRef name) {
  std::string spelled = name.str();
  if (name.starts_with("i"))
    spelled[0] = 's';
  Type type = Type::parse(spelled);
  if (!type || type.lanes != 1 || type.kind == 'T' || type.kind == 'p' || type.bits > 64)
    return createStringError("'" + name + "' is no type of elements (f32, f16, bf16, s8, u64 ...)");
  return type;
}

Expected<HostTensor> readTensor(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return createStringError("cannot read '" + path + "': " + file.getError().message());
  if (!isNpy((*file)->getBuffer()))
    return createStringError("'" + path + "': expects numpy's format .npy");
  return parseNpy((*file)->getBuffer(), path);
}

/// numpy has no bfloat16, so its tensors come as other floats.
Expected<HostTensor> toBfloat16(const HostTensor &from) {
  Expected<HostTensor> to = HostTensor::create({kDLBfloat, 16, 1}, from.shape().vec());
  if (to)
    for (int64_t i = 0; i < from.numElements(); ++i)
      reinterpret_cast<uint16_t *>(to->data())[i] = BF16::store(from.at(i));
  return to;
}

Expected<uint64_t> scalarBits(Type type, StringRef text) {
  if (type.isFloat()) {
    double value = 0;
    if (text.getAsDouble(value))
      return createStringError("expects a number, got '" + text + "'");
    return type.kind == 'B'  ? BF16::store(value)
           : type.bits == 16 ? F16::store(value)
           : type.bits == 32 ? F32::store(static_cast<float>(value))
                             : F64::store(value);
  }
  int64_t value = 0;
  uint64_t large = 0;
  bool fits =
      !text.getAsInteger(0, value)
          ? (type.isSigned() ? isIntN(type.bits, value)
                             : value >= 0 && isUIntN(type.bits, static_cast<uint64_t>(value)))
          : !text.getAsInteger(0, large) && type.bits == 64 && !type.isSigned();
  if (!fits)
    return createStringError("expects an integer of " + Twine(type.bits) + " bits, got '" + text +
                             "'");
  return large ? large : static_cast<uint64_t>(value);
}

class Reader {
public:
  Reader(DeviceMemory &memory, Arguments &arguments) : memory(memory), arguments(arguments) {}

  /// Value and bytes of one argument.
  Expected<std::pair<uint64_t, uint64_t>> read(StringRef text, size_t position);

private:
  Expected<uint64_t> input(StringRef value, size_t position, bool isAlsoOutput);
  Expected<uint64_t> output(StringRef value, size_t position);
  Expected<uint64_t> allocate(const HostTensor &tensor, size_t position) {
    return memory.allocate(tensor.numBytes(), "argument " + Twine(position));
  }

  DeviceMemory &memory;
  Arguments &arguments;
  std::vector<uint64_t> values;
};

/// FILE, FILE:bf16; of inout FILE:OUT
Expected<uint64_t> Reader::input(StringRef value, size_t position, bool isAlsoOutput) {
  auto [path, second] = value.split(':');
  Expected<HostTensor> tensor = readTensor(path);
  if (!tensor)
    return tensor.takeError();
  if (!isAlsoOutput && second == "bf16") {
    tensor = toBfloat16(*tensor);
    if (!tensor)
      return tensor.takeError();
  } else if (!isAlsoOutput && !second.empty()) {
    return createStringError("only ':bf16' may follow the file, got ':" + second + "'");
  }
  Expected<uint64_t> address = allocate(*tensor, position);
  if (!address)
    return address;
  if (Error error = memory.write(
          *address, {reinterpret_cast<const uint8_t *>(tensor->data()), tensor->numBytes()}))
    return std::move(error);
  if (isAlsoOutput)
    arguments.outputs.push_back(
        {*address, std::move(*tensor), (second.empty() ? path : second).str()});
  return address;
}

/// FILE:TYPE:2x5x4
Expected<uint64_t> Reader::output(StringRef value, size_t position) {
  auto [rest, shapeText] = value.rsplit(':');
  auto [path, typeText] = rest.rsplit(':');
  Expected<Type> type = parseType(typeText);
  if (!type)
    return type.takeError();
  std::vector<int64_t> shape;
  for (StringRef size : split(shapeText, 'x')) {
    shape.emplace_back();
    if (size.getAsInteger(10, shape.back()) || shape.back() < 0)
      return createStringError("expects a shape like 2x5x4, got '" + shapeText + "'");
  }
  Expected<HostTensor> tensor = HostTensor::create(dtypeOf(*type), std::move(shape));
  if (!tensor)
    return tensor.takeError();
  Expected<uint64_t> address = allocate(*tensor, position);
  if (address)
    arguments.outputs.push_back({*address, std::move(*tensor), path.str()});
  return address;
}

Expected<std::pair<uint64_t, uint64_t>> Reader::read(StringRef text, size_t position) {
  auto [kind, value] = text.split('=');
  Expected<uint64_t> bits = 0;
  uint64_t bytes = 8;
  size_t same = 0;
  if (kind == "in" || kind == "inout") {
    bits = input(value, position, kind == "inout");
  } else if (kind == "out") {
    bits = output(value, position);
  } else if (kind == "same") {
    if (value.getAsInteger(10, same) || same >= values.size())
      return createStringError("expects the position of an argument before this one");
    bits = values[same];
  } else {
    Expected<Type> type = parseType(kind);
    if (!type) {
      consumeError(type.takeError());
      return createStringError("expects in=, out=, inout=, same= or TYPE=VALUE");
    }
    bytes = type->bits / 8u;
    bits = scalarBits(*type, value);
  }
  if (!bits)
    return bits.takeError();
  values.push_back(*bits);
  return std::pair(*bits, bytes);
}

} // namespace

Expected<Arguments> readArguments(ArrayRef<std::string> texts, const Program &program,
                                  DeviceMemory &memory) {
  const std::vector<Variable> &parameters = program.function->parameters;
  if (texts.size() != parameters.size())
    return createStringError("kernel '" + program.function->name + "' has " +
                             Twine(parameters.size()) + " parameters, got " + Twine(texts.size()) +
                             " times --arg");
  Arguments arguments;
  arguments.parameters.resize(program.parameterBytes);
  Reader reader(memory, arguments);
  for (auto [position, text] : enumerate(texts)) {
    const Variable &parameter = parameters[position];
    auto value = reader.read(text, position);
    if (!value)
      return createStringError("--arg " + text + ": " + toString(value.takeError()));
    if (value->second != parameter.bytes)
      return createStringError("--arg " + text + ": parameter " + Twine(position) + " has " +
                               Twine(parameter.bytes) + " bytes, the value " +
                               Twine(value->second));
    memcpy(arguments.parameters.data() + program.parameters.lookup(parameter.name), &value->first,
           value->second);
  }
  return arguments;
}

Error writeOutputs(Arguments &arguments, DeviceMemory &memory) {
  for (Output &output : arguments.outputs) {
    if (Error error =
            memory.read(output.address, {reinterpret_cast<uint8_t *>(output.tensor.data()),
                                         output.tensor.numBytes()}))
      return error;
    if (Error error = writeNpyFile(output.path, output.tensor))
      return error;
  }
  return Error::success();
}
