//===- Binder.cpp - operands to slots -------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Decode.h"
#include "lib/PtxSim/Memory.h"
#include "llvm/ADT/StringExtras.h"
#include <bit>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// Special registers (chapter 10) and how many bits they have.
std::optional<std::pair<Special, unsigned>> specialRegister(StringRef name) {
  const std::pair<StringRef, Special> known[] = {
      {"%tid.x", Special::tidX},
      {"%tid.y", Special::tidY},
      {"%tid.z", Special::tidZ},
      {"%ntid.x", Special::ntidX},
      {"%ntid.y", Special::ntidY},
      {"%ntid.z", Special::ntidZ},
      {"%ctaid.x", Special::ctaidX},
      {"%ctaid.y", Special::ctaidY},
      {"%ctaid.z", Special::ctaidZ},
      {"%nctaid.x", Special::nctaidX},
      {"%nctaid.y", Special::nctaidY},
      {"%nctaid.z", Special::nctaidZ},
      {"%laneid", Special::laneid},
      {"%warpid", Special::warpid},
      {"%nwarpid", Special::nwarpid},
      {"%lanemask_eq", Special::lanemaskEq},
      {"%lanemask_le", Special::lanemaskLe},
      {"%lanemask_lt", Special::lanemaskLt},
      {"%lanemask_ge", Special::lanemaskGe},
      {"%lanemask_gt", Special::lanemaskGt},
      {"%dynamic_smem_size", Special::dynamicShared},
      {"%total_smem_size", Special::totalShared},
      {"WARP_SZ", Special::warpSize},
  };
  for (auto [known, special] : known)
    if (known == name)
      return {{special, 32}};
  return std::nullopt;
}

} // namespace

Error Binder::fail(const Twine &what) const {
  return errorAt(decoder.module, statement.line, what + ": " + statement.text);
}

Error Binder::expectOperands(size_t least, size_t most) const {
  size_t got = statement.operands.size();
  if (got >= least && got <= most)
    return Error::success();
  return fail("expects " + Twine(least) +
              (most == least ? Twine(" operands") : " to " + Twine(most) + " operands") + ", got " +
              Twine(got));
}

Error Binder::integer(const Operand &operand, int64_t &value) const {
  if (operand.kind != Operand::Integer)
    return fail("expects a constant integer");
  value = static_cast<int64_t>(operand.value);
  return Error::success();
}

Error Binder::add(Op &op, Slot slot, bool isResult) const {
  if (op.numSlots == MaxSlots)
    return fail("more than " + Twine(MaxSlots) + " registers in one instruction are not supported");
  op.slots[op.numSlots++] = slot;
  op.numResults += isResult;
  return Error::success();
}

Expected<Slot> Binder::immediate(const Operand &operand, unsigned bits) const {
  uint64_t value = operand.value;
  if (operand.kind == Operand::Float64 && bits == 32)
    value = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(value)));
  else if (operand.kind == Operand::Float32 && bits == 64)
    value = std::bit_cast<uint64_t>(
        static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(value))));
  if (bits == 128)
    return fail("an immediate of 128 bits is not supported");
  return decoder.constant(bits, value);
}

/// Special registers, and addresses of variables.
Expected<Slot> Binder::nameSlot(const Operand &operand, unsigned bits) const {
  StringRef name = operand.name;
  if (auto known = specialRegister(name)) {
    if (bits != known->second)
      return fail("'" + name + "' has " + Twine(known->second) + " bits, the instruction takes " +
                  Twine(bits));
    return decoder.special(known->first, bits);
  }
  const Program &program = decoder.program;
  const Frame &own = program.frames[frame];
  std::optional<uint64_t> address;
  if (auto found = own.locals.find(name); found != own.locals.end())
    address = found->second;
  else if (auto found = program.shared.find(name); found != program.shared.end())
    address = found->second;
  else if (auto found = program.parameters.find(name);
           found != program.parameters.end() && frame == 0)
    address = found->second;
  else if (auto found = decoder.globals.find(name); found != decoder.globals.end())
    address = found->second;
  if (address && bits >= 32)
    return decoder.constant(bits, *address);
  if (address)
    return fail("an address needs 32 or 64 bits");
  return fail(name.starts_with("%") ? "register '" + name + "' is neither declared nor known"
                                    : "'" + name + "' is declared nowhere");
}

Error Binder::registerOperand(Op &op, const Operand &operand, unsigned bits, bool mayBeWider,
                              bool isResult) const {
  Slot slot = decoder.registers[frame][operand.index];
  const std::string &name = functionOf(frame).registers[operand.index].name;
  bool fits = slot.bits == bits || (mayBeWider && slot.bits > bits && bits > 1);
  if (!fits)
    return fail("register '" + name + "' has " + Twine(unsigned(slot.bits)) +
                " bits, the instruction takes " + Twine(bits));
  return add(op, slot, isResult);
}

Error Binder::result(Op &op, const Operand &operand, unsigned bits, bool mayBeWider) const {
  switch (operand.kind) {
  case Operand::Vector:
    for (const Operand &part : operand.parts)
      if (Error error = result(op, part, bits, mayBeWider))
        return error;
    return Error::success();
  case Operand::Reg:
    if (operand.isNegated)
      return fail("a result cannot be negated");
    return registerOperand(op, operand, bits, mayBeWider, /*isResult=*/true);
  case Operand::Sink:
    return add(op, decoder.newSlot(bits), /*isResult=*/true);
  case Operand::Name:
    return fail("register '" + operand.name + "' is not declared");
  default:
    return fail("expects a register as the result");
  }
}

Error Binder::source(Op &op, const Operand &operand, unsigned bits, bool mayBeWider) const {
  switch (operand.kind) {
  case Operand::Vector:
    for (const Operand &part : operand.parts)
      if (Error error = source(op, part, bits, mayBeWider))
        return error;
    return Error::success();
  case Operand::Reg:
    return registerOperand(op, operand, bits, mayBeWider, /*isResult=*/false);
  case Operand::Integer:
  case Operand::Float32:
  case Operand::Float64: {
    Expected<Slot> slot = immediate(operand, bits);
    return slot ? add(op, *slot, false) : slot.takeError();
  }
  case Operand::Name: {
    Expected<Slot> slot = nameSlot(operand, bits);
    return slot ? add(op, *slot, false) : slot.takeError();
  }
  default:
    return fail("expects a register or a constant");
  }
}

Error Binder::address(Op &op, const Operand &operand) const {
  if (operand.kind != Operand::Address)
    return fail("expects an address in brackets");
  op.offset = static_cast<int64_t>(operand.value);
  if (operand.parts.empty())
    return add(op, decoder.constant(64, 0), false);
  const Operand &base = operand.parts[0];
  if (base.kind == Operand::Name) {
    const Frame &own = decoder.program.frames[frame];
    if (op.space == Space::Param && own.locals.contains(base.name))
      op.space = Space::Local;
    if (op.space == Space::Generic && !decoder.globals.contains(base.name))
      return fail("'" + base.name + "' is no generic address: cvta makes one");
  }
  if (base.kind == Operand::Reg && decoder.registers[frame][base.index].bits == 32)
    return source(op, base, 32);
  return source(op, base, 64);
}

Error Binder::bySignature(Op &op, StringRef signature) const {
  const Operand *next = statement.operands.begin().base(), *end = statement.operands.end().base();
  bool isOptional = false;
  auto width = [](char c) { // of a letter of the signature
    const std::pair<char, unsigned> widths[] = {{'p', 1}, {'h', 16}, {'w', 32}, {'l', 64}};
    return find_if(widths, [&](auto known) { return known.first == toLower(c); })->second;
  };
  // Vectors are flattened: their parts take the place of the operand.
  SmallVector<const Operand *> flat;
  for (; next != end; ++next)
    if (next->kind == Operand::Vector)
      for (const Operand &part : next->parts)
        flat.push_back(&part);
    else
      flat.push_back(next);
  size_t position = 0;
  for (size_t i = 0; i < signature.size(); ++i) {
    char letter = signature[i];
    if (letter == ' ')
      continue;
    if (letter == '?') {
      isOptional = true;
      continue;
    }
    if (letter == '|') { // a second result
      bool isPaired = position > 0 && flat[position - 1]->isPaired;
      Operand sink;
      if (Error error = result(op, isPaired ? *flat[position++] : sink, width(signature[++i])))
        return error;
      continue;
    }
    if (position == flat.size()) {
      if (isOptional)
        break;
      return fail("expects more operands");
    }
    const Operand &operand = *flat[position++];
    Error error = letter == 'i'   ? integer(operand, op.offset)
                  : letter == 'm' ? address(op, operand)
                  : letter < 'a'  ? result(op, operand, width(letter))
                                  : source(op, operand, width(letter));
    if (error)
      return error;
  }
  return position == flat.size() ? Error::success() : fail("expects fewer operands");
}

Expected<uint32_t> Binder::label(StringRef name) const {
  const Frame &own = decoder.program.frames[frame];
  auto found = own.function->labels.find(name);
  if (found == own.function->labels.end())
    return fail("label '" + name + "' stands nowhere in '" + own.function->name + "'");
  return own.entry + found->second;
}

Expected<uint32_t> Binder::branchTable(StringRef name) const {
  const Function &function = functionOf(frame);
  auto found = function.branchTargets.find(name);
  if (found == function.branchTargets.end())
    return fail("'" + name + "' is no table of branch targets");
  auto [where, isNew] = decoder.tables.try_emplace(
      {frame, name.str()}, static_cast<uint32_t>(decoder.program.tables.size()));
  if (!isNew)
    return where->second;
  std::vector<uint32_t> positions;
  for (const std::string &target : found->second) {
    Expected<uint32_t> position = label(target);
    if (!position)
      return position;
    positions.push_back(*position);
  }
  decoder.program.tables.push_back(std::move(positions));
  return where->second;
}

Expected<uint64_t> Binder::parameter(const Operand &operand) const {
  const Frame &own = decoder.program.frames[frame];
  auto found = own.locals.find(operand.name);
  if (operand.kind != Operand::Name || found == own.locals.end())
    return fail("expects variables in .param space as arguments and results");
  return found->second;
}

Expected<uint32_t> Binder::call(StringRef name, ArrayRef<Operand> arguments,
                                ArrayRef<Operand> results) const {
  const Function *function = decoder.module.find(name);
  if (!function)
    return fail("function '" + name + "' is declared nowhere");
  if (!function->hasBody)
    return fail("function '" + name + "' has no body in this module: linking is not supported");
  if (arguments.size() != function->parameters.size() || results.size() != function->results.size())
    return fail("'" + name + "' has " + Twine(function->parameters.size()) + " parameters and " +
                Twine(function->results.size()) + " results");
  Expected<uint32_t> callee = decoder.frameOf(name);
  if (!callee)
    return callee;
  Call call;
  call.frame = *callee;
  const StringMap<uint64_t> &inside = decoder.program.frames[*callee].locals;
  for (auto [argument, parameter] : zip(arguments, function->parameters)) {
    Expected<uint64_t> from = this->parameter(argument);
    if (!from)
      return from.takeError();
    call.arguments.push_back({*from, inside.lookup(parameter.name), parameter.bytes});
  }
  for (auto [result, inner] : zip(results, function->results)) {
    Expected<uint64_t> to = this->parameter(result);
    if (!to)
      return to.takeError();
    call.results.push_back({inside.lookup(inner.name), *to, inner.bytes});
  }
  decoder.program.calls.push_back(std::move(call));
  return static_cast<uint32_t>(decoder.program.calls.size() - 1);
}

bool Binder::isPredicate(const Operand &operand) const {
  return operand.kind == Operand::Reg && functionOf(frame).registers[operand.index].bits == 1;
}

const Function &Binder::functionOf(uint32_t ofFrame) const {
  return *decoder.program.frames[ofFrame].function;
}
