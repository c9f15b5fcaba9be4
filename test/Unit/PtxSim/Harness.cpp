//===- Harness.cpp - small kernels for tests ---------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Harness.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

constexpr StringLiteral Head = ".version 8.0\n.target sm_80\n.address_size 64\n";
constexpr unsigned Stride = 32 * 16; // bytes of one register of all lanes, 16 per lane

std::string sized(unsigned bits) {
  return std::to_string(bits == 1 ? 32 : bits);
}

/// Loads %NAME from slot `position` of the buffer; a predicate is one if its word is not zero.
std::string loaded(StringRef name, unsigned bits, size_t position) {
  std::string word = bits == 1 ? "%w" : ("%" + name).str();
  std::string text = "ld.global.b" + sized(bits) + " " + word + ", [%base+" +
                     std::to_string(position * Stride) + "];\n";
  if (bits == 1)
    text += ("setp.ne.b32 %" + name + ", %w, 0;\n").str();
  return text;
}

std::string stored(StringRef name, unsigned bits, size_t position) {
  std::string text = bits == 1 ? ("selp.b32 %w, 1, 0, %" + name + ";\n").str() : "";
  return text + "st.global.b" + sized(bits) + " [%base+" + std::to_string(position * Stride) +
         "], " + (bits == 1 ? std::string("%w") : ("%" + name).str()) + ";\n";
}

std::string declared(StringRef name, unsigned bits) {
  return (bits == 1 ? ".reg .pred %" : ".reg .b" + std::to_string(bits) + " %") + name.str() +
         ";\n";
}

Outcome launchOn(StringRef text, MutableArrayRef<uint8_t> bytes, LaunchConfig config) {
  Outcome outcome;
  auto fails = [&](Error error) {
    outcome.mistake = toString(std::move(error));
    return outcome;
  };
  Expected<Module> module = parseModule(text, "k.ptx");
  if (!module)
    return fails(module.takeError());
  DeviceMemory memory;
  StringMap<uint64_t> globals;
  if (Error error = memory.load(*module, globals))
    return fails(std::move(error));
  Expected<Program> program = decodeProgram(*module, "k", globals);
  if (!program)
    return fails(program.takeError());
  uint64_t buffer = cantFail(memory.allocate(bytes.size(), "buffer"));
  cantFail(memory.write(buffer, bytes));
  config.parameters.resize(8);
  memcpy(config.parameters.data(), &buffer, 8);
  config.maxInstructions = 1 << 20;
  Expected<Report> report = launch(memory, *program, config);
  if (!report)
    return fails(report.takeError());
  outcome.report = std::move(*report);
  cantFail(memory.read(buffer, bytes));
  return outcome;
}

} // namespace

std::string Outcome::kinds() const {
  std::vector<std::string> names;
  for (const Fault &fault : report.faults)
    if (!is_contained(names, faultName(fault.kind)))
      names.push_back(faultName(fault.kind).str());
  return mistake.empty() ? join(names, " ") : mistake;
}

std::string Outcome::messages() const {
  std::string text = mistake;
  for (const Fault &fault : report.faults)
    text += std::to_string(fault.line) + ": " + fault.message + "\n";
  return text;
}

std::vector<Lanes> tilewright::ptx::evaluate(StringRef instruction,
                                             std::vector<unsigned> resultBits,
                                             const std::vector<Input> &inputs) {
  const StringRef names[] = {"a", "b", "c", "e", "f", "g", "h", "i", "j", "k"};
  std::string registers, loads, stores;
  std::vector<uint8_t> bytes((inputs.size() + resultBits.size()) * Stride);
  for (auto [i, input] : enumerate(inputs)) {
    registers += declared(names[i], input.bits);
    loads += loaded(names[i], input.bits, i);
    for (unsigned lane = 0; lane < 32; ++lane)
      memcpy(&bytes[i * Stride + lane * 16], &input.values[lane % input.values.size()], 8);
  }
  for (auto [i, bits] : enumerate(resultBits)) {
    std::string name = "d" + std::to_string(i);
    registers += declared(name, bits);
    stores += stored(name, bits, inputs.size() + i);
  }
  std::string text = (Head + ".entry k(.param .u64 p) {\n.reg .b32 %w;\n.reg .b64 %base, %t;\n" +
                      registers + "ld.param.u64 %base, [p];\nmov.u32 %w, %laneid;\n" +
                      "mul.wide.u32 %t, %w, 16;\nadd.s64 %base, %base, %t;\n" + loads +
                      instruction + ";\n" + stores + "}\n")
                         .str();
  LaunchConfig config;
  config.block = {32, 1, 1};
  Outcome outcome = launchOn(text, bytes, config);
  EXPECT_EQ(outcome.messages(), "") << text;
  std::vector<Lanes> results(resultBits.size(), Lanes(32));
  for (auto [i, lanes] : enumerate(results))
    for (unsigned lane = 0; lane < 32; ++lane)
      memcpy(&lanes[lane], &bytes[(inputs.size() + i) * Stride + lane * 16],
             resultBits[i] == 1 ? 4 : resultBits[i] / 8);
  return results;
}

uint64_t tilewright::ptx::evaluateOne(StringRef instruction, unsigned resultBits,
                                      const std::vector<Input> &inputs) {
  return evaluate(instruction, {resultBits}, inputs)[0][0];
}

Outcome tilewright::ptx::runKernel(StringRef body, Dim3 block, Dim3 grid, unsigned words,
                                   StringRef module, uint64_t seed) {
  std::string text =
      (Head + module +
       "\n.entry k(.param .u64 p) {\n.reg .b32 %r<20>;\n.reg .b64 %d<20>;\n.reg .b16 %h<10>;\n"
       ".reg .pred %p<10>;\nld.param.u64 %d0, [p];\nmov.u32 %r0, %tid.x;\n" +
       body + "\n}\n")
          .str();
  std::vector<uint8_t> bytes(words * 4);
  for (uint32_t i = 0; i < words; ++i)
    memcpy(&bytes[i * 4], &i, 4);
  LaunchConfig config;
  config.block = block;
  config.grid = grid;
  config.seed = seed;
  Outcome outcome = launchOn(text, bytes, config);
  outcome.words.resize(words);
  memcpy(outcome.words.data(), bytes.data(), bytes.size());
  return outcome;
}
