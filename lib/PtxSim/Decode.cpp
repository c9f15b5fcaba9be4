//===- Decode.cpp - PTX statements to operations --------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Decode.h"
#include "lib/PtxSim/Order.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// Modifiers that are flags, see enum Flag.
uint32_t flagOf(StringRef word, Rounding &rounding) {
  auto mode = StringSwitch<Rounding>(word)
                  .Cases({"rn", "rni"}, Rounding::Nearest)
                  .Cases({"rz", "rzi"}, Rounding::Zero)
                  .Cases({"rm", "rmi"}, Rounding::Down)
                  .Cases({"rp", "rpi"}, Rounding::Up)
                  .Case("rna", Rounding::NearestAway)
                  .Default(Rounding::None);
  if (mode != Rounding::None) {
    rounding = mode;
    return word.ends_with("i") ? RoundedToInteger : Rounded;
  }
  if (word.starts_with("L1::") || word.starts_with("L2::"))
    return Caching;
  return StringSwitch<uint32_t>(word)
      .Case("ftz", FlushToZero)
      .Case("sat", Saturate)
      .Case("satfinite", Finite)
      .Case("relu", Relu)
      .Case("NaN", PropagateNan)
      .Cases({"approx", "full"}, Approximate)
      .Case("xorsign", XorSign)
      .Case("uni", Uniform)
      .Cases({"ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "weak"}, Caching)
      .Cases({"volatile", "relaxed", "acquire"}, Ordering)
      .Cases({"release", "acq_rel"}, Ordering | Releasing)
      .Cases({"sc", "cta", "cluster", "gpu", "sys", "mmio"}, Ordering)
      .Default(0);
}

StringRef flagName(uint32_t flag) {
  switch (flag) {
  case FlushToZero:
    return ".ftz";
  case Saturate:
    return ".sat";
  case Finite:
    return ".satfinite";
  case Relu:
    return ".relu";
  case PropagateNan:
    return ".NaN";
  case Approximate:
    return ".approx";
  case Rounded:
    return "a rounding mode";
  case RoundedToInteger:
    return "rounding to an integer";
  case XorSign:
    return ".xorsign";
  case Uniform:
    return ".uni";
  case Caching:
    return "a cache operator";
  default:
    return "a memory order";
  }
}

Space spaceOf(StringRef word) {
  return StringSwitch<Space>(word.split("::").first)
      .Case("global", Space::Global)
      .Case("shared", Space::Shared)
      .Case("local", Space::Local)
      .Case("param", Space::Param)
      .Case("const", Space::Const)
      .Default(Space::Generic);
}

/// Comparisons and the combination of setp and set (9.7.6.2).
bool readComparison(StringRef word, Op &op) {
  const StringRef names[] = {"eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
                             "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
  const auto *found = find(names, word);
  if (found != std::end(names))
    op.compare = static_cast<Compare>(found - names);
  op.combine = StringSwitch<Combine>(word)
                   .Case("and", Combine::And)
                   .Case("or", Combine::Or)
                   .Case("xor", Combine::Xor)
                   .Default(op.combine);
  return found != std::end(names) || is_contained({"and", "or", "xor"}, word);
}

} // namespace

const Table &tilewright::ptx::instructionTable() {
  static const Table table = [] {
    Table t;
    addIntegerRows(t);
    addFloatRows(t);
    addCompareRows(t);
    addConvertRows(t);
    addMoveRows(t);
    addMemoryRows(t);
    addAtomicRows(t);
    addControlRows(t);
    addWarpRows(t);
    addMatrixRows(t);
    return t;
  }();
  return table;
}

Slot Decoder::newSlot(unsigned bits) {
  Slot slot = {program.fileBytes, program.numSlots++, static_cast<uint8_t>(bits)};
  program.fileBytes += static_cast<uint32_t>(alignTo(bits == 1 ? 4 : bits / 8 * 32, 64));
  return slot;
}

Slot Decoder::constant(unsigned bits, uint64_t value) {
  if (bits < 64)
    value &= maskTrailingOnes<uint64_t>(bits);
  auto [where, isNew] = constants.try_emplace({bits, value});
  if (isNew) {
    where->second = newSlot(bits);
    program.constants.push_back({where->second, value});
  }
  return where->second;
}

Slot Decoder::special(Special which, unsigned bits) {
  auto [where, isNew] = specials.try_emplace({bits, which});
  if (isNew) {
    where->second = newSlot(bits);
    program.specials.push_back({where->second, which});
  }
  return where->second;
}

/// Of the module, this kernel and all functions that it might call; last what the launch sizes.
void Decoder::layOutShared(const Function &entry) {
  auto place = [&](const Variable &variable) {
    if (variable.space != Space::Shared)
      return;
    program.sharedAlign = std::max(program.sharedAlign, variable.align);
    uint64_t offset = alignTo(program.sharedBytes, variable.align);
    program.shared[variable.name] = offset;
    program.sharedBytes = offset + variable.bytes;
  };
  auto isSizedAtLaunch = [](const Variable &variable) { return variable.isExternal; };
  for_each(make_filter_range(module.variables, std::not_fn(isSizedAtLaunch)), place);
  for (const Function &function : module.functions)
    if (!function.isEntry || &function == &entry)
      for_each(function.variables, place);
  // All of these arrays begin at one place.
  uint64_t end = program.sharedBytes;
  for (const Variable &variable : make_filter_range(module.variables, isSizedAtLaunch)) {
    program.sharedBytes = end;
    place(variable);
  }
}

/// 5.4.3: parameters lie at their natural alignment.
void Decoder::layOutParameters(const Function &entry) {
  for (const Variable &parameter : entry.parameters) {
    uint64_t offset = alignTo(program.parameterBytes, parameter.align);
    program.parameters[parameter.name] = offset;
    program.parameterBytes = offset + parameter.bytes;
  }
}

/// Each function has its place in local memory: there is no recursion.
void Decoder::layOutLocals(Frame &frame) {
  auto place = [&](const Variable &variable) {
    program.localBytes = alignTo(program.localBytes, std::max<uint64_t>(variable.align, 8));
    frame.locals[variable.name] = program.localBytes;
    program.localBytes += variable.bytes;
  };
  if (!frame.function->isEntry) {
    for_each(frame.function->parameters, place);
    for_each(frame.function->results, place);
  }
  for (const Variable &variable : frame.function->variables)
    if (variable.space == Space::Local || variable.space == Space::Param)
      place(variable);
}

Expected<uint32_t> Decoder::frameOf(StringRef name) {
  for (auto [i, frame] : enumerate(program.frames))
    if (frame.function->name == name)
      return static_cast<uint32_t>(i);
  auto index = static_cast<uint32_t>(program.frames.size());
  Frame &frame = program.frames.emplace_back();
  frame.function = module.find(name);
  frame.firstSlot = program.numSlots;
  registers.emplace_back();
  for (const Register &reg : frame.function->registers)
    registers.back().push_back(newSlot(reg.bits));
  frame.endSlot = program.numSlots;
  layOutLocals(frame);
  constexpr uint64_t MaxLocalBytes = 512 << 10, MaxFileBytes = 64 << 20; // per thread; per warp
  if (program.localBytes > MaxLocalBytes || program.fileBytes > MaxFileBytes)
    return errorAt(module, frame.function->line,
                   "expects at most " + Twine(MaxLocalBytes) + " bytes of local memory and " +
                       Twine(MaxFileBytes) + " bytes of registers per warp");
  return index;
}

void Decoder::readModifiers(const Statement &statement, Binder &binder, Op &op, std::string &key) {
  StringRef opcode = statement.opcode;
  opcode.split(binder.modifiers, '.');
  StringRef mnemonic = binder.modifiers.front();
  binder.modifiers.erase(binder.modifiers.begin());
  key = mnemonic.str();
  for (StringRef word : binder.modifiers) {
    if (Type type = Type::parse(word))
      binder.types.push_back(type);
    if (mnemonic.starts_with("set") && readComparison(word, op))
      continue;
    if (uint32_t flag = flagOf(word, op.rounding)) {
      op.flags |= flag;
      continue;
    }
    if (Space space = spaceOf(word); space != Space::Generic && op.space == Space::Generic)
      op.space = space;
    if (word.size() == 2 && word[0] == 'v' && isDigit(word[1]))
      op.vector = static_cast<uint8_t>(word[1] - '0');
    key += ("." + word).str();
  }
  if (!binder.types.empty()) {
    op.type = binder.types.front();
    op.source = binder.types.back();
  }
}

Expected<Op> Decoder::decodeStatement(const Statement &statement, uint32_t frame) {
  Op op;
  op.line = statement.line;
  op.text = statement.text.c_str();
  Binder binder(*this, statement, frame);
  std::string key;
  readModifiers(statement, binder, op, key);
  if (statement.guard.kind == Operand::Reg) {
    op.isGuarded = true;
    op.isGuardNegated = statement.guard.isNegated;
    op.guard = registers[frame][statement.guard.index];
  }
  const Row *row = instructionTable().find(key);
  if (!row)
    row = instructionTable().find(StringRef(key).split('.').first);
  if (!row || (!row->bind && !row->run))
    return binder.fail("instruction '" + statement.opcode + "' is not known to the simulator");
  uint32_t taken = row->flags | (row->flags & Ordering ? uint32_t(Releasing) : 0);
  if (uint32_t wrong = op.flags & ~taken)
    return binder.fail("'" + key + "' does not take " + flagName(wrong & -wrong));
  op.run = row->run;
  if (Error error = row->bind ? row->bind(binder, op) : binder.bySignature(op, row->signature))
    return std::move(error);
  return op;
}

/// Operations stand in the order of statements; one more ends a function without a ret.
Error Decoder::decodeBody(uint32_t frame) {
  const Function &function = *program.frames[frame].function;
  program.frames[frame].entry = static_cast<uint32_t>(program.ops.size());
  std::vector<uint32_t> ranks = rankStatements(function);
  for (auto [statement, rank] : zip(function.body, ranks)) {
    Expected<Op> op = decodeStatement(statement, frame);
    if (!op)
      return op.takeError();
    // Called functions come before what follows the call.
    op->rank = rank | (0xFFu - std::min(frame, 0xFFu)) << 24;
    program.ops.push_back(*op);
  }
  Op end;
  end.run = instructionTable().find("ret")->run;
  end.splits = true;
  end.rank = ~0u;
  end.text = "end of the function";
  end.line = function.line;
  program.ops.push_back(end);
  return Error::success();
}

Expected<Program> Decoder::decode(StringRef name) {
  const Function *entry = module.find(name);
  if (!entry || !entry->isEntry) {
    std::string known;
    for (const Function &function : module.functions)
      if (function.isEntry)
        known += (known.empty() ? "'" : ", '") + function.name + "'";
    return createStringError("'" + module.path + "' has no kernel '" + name + "'; it has " +
                             (known.empty() ? "none" : known));
  }
  program.module = &module;
  program.function = entry;
  layOutShared(*entry);
  layOutParameters(*entry);
  if (Expected<uint32_t> frame = frameOf(name); !frame)
    return frame.takeError();
  // Calls add frames while bodies are decoded; their targets are set when all entries are known.
  for (uint32_t frame = 0; frame < program.frames.size(); ++frame)
    if (Error error = decodeBody(frame))
      return std::move(error);
  return std::move(program);
}

Expected<Program> tilewright::ptx::decodeProgram(const Module &module, StringRef name,
                                                 const StringMap<uint64_t> &globals) {
  return Decoder(module, globals).decode(name);
}
