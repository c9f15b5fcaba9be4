//===- Module.h - PTX text as data ----------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing is interpreted yet: a statement keeps its opcode as it was spelled, names are resolved
// to registers and unique names. Section numbers everywhere in this room are those of NVIDIA's
// "Parallel Thread Execution ISA" 8.7 (https://docs.nvidia.com/cuda/parallel-thread-execution).
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_MODULE_H
#define TILEWRIGHT_LIB_PTXSIM_MODULE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tilewright::ptx {

/// State spaces (5.1). Generic addresses name all but Register by windows (see Memory.h).
enum class Space : uint8_t { Generic, Register, Global, Shared, Local, Param, Const };

/// ".shared" without its dot.
llvm::StringRef spaceName(Space space);

/// Fundamental types (5.2). Kinds: b, u, s, f as in PTX; 'B' bfloat16, 'T' tf32, 'p' predicate.
/// `bits` is the size of the whole, `lanes` is 2 for f16x2 and bf16x2.
struct Type {
  char kind = 0;
  uint8_t bits = 0;
  uint8_t lanes = 1;

  explicit operator bool() const { return kind != 0; }
  bool isFloat() const { return kind == 'f' || kind == 'B' || kind == 'T'; }
  bool isSigned() const { return kind == 's'; }
  /// Of "f32", without the dot; no kind if it is no type.
  static Type parse(llvm::StringRef name);
};

/// A variable of any space but Register: .shared, .global, .param ... (5.4).
struct Variable {
  std::string name;
  Space space = Space::Generic;
  uint64_t bytes = 0, align = 1;
  bool isExternal = false;          // .extern; of shared memory: sized at launch
  bool isInitialised = false;       // by the module; global and constant memory only
  std::vector<uint8_t> initialiser; // first bytes, the rest are zeros
  unsigned line = 0;
};

struct Register {
  std::string name;
  unsigned bits = 0; // 1: a predicate
};

struct Operand {
  enum Kind : uint8_t {
    Reg,     // `index` into Function::registers
    Integer, // `value`
    Float32, // `value` holds the bits: 0f...
    Float64, // 0d..., or a decimal fraction
    Name,    // a variable, label, function or special register
    Address, // [parts[0] + value]
    Vector,  // {parts} or (parts)
    Sink     // _
  };
  Kind kind = Sink;
  bool isNegated = false; // !%p
  bool isPaired = false;  // the next operand follows after '|', not ','
  uint32_t index = 0;
  uint64_t value = 0;
  std::string name;
  std::vector<Operand> parts;
};

/// One instruction.
struct Statement {
  unsigned line = 0;
  std::string text;   // as written, blanks squeezed
  std::string opcode; // "add.rn.f32"
  Operand guard;      // @%p, @!%p; a Sink without
  std::vector<Operand> operands;
};

/// .entry or .func (5.4, 7.1).
struct Function {
  std::string name;
  unsigned line = 0;
  bool isEntry = false, hasBody = false;
  std::vector<Variable> results, parameters;
  std::vector<Variable> variables; // declared in the body; unique names
  std::vector<Register> registers;
  std::vector<Statement> body;
  llvm::StringMap<uint32_t> labels; // position in the body
  llvm::StringMap<std::vector<std::string>> branchTargets;
  /// .reqntid, .maxntid: threads of a block per dimension; 0 where nothing is said.
  std::array<uint32_t, 3> requiredThreads = {}, maximumThreads = {};
};

struct Module {
  std::string path; // of messages
  std::string version, target;
  std::vector<Variable> variables;
  std::vector<Function> functions;

  const Function *find(llvm::StringRef name) const;
};

/// Reads PTX text (chapters 4 and 11). Errors read "PATH:LINE: expects ..., got ...".
llvm::Expected<Module> parseModule(llvm::StringRef text, llvm::StringRef path);

/// "PATH:LINE: WHAT".
llvm::Error errorAt(const Module &module, unsigned line, const llvm::Twine &what);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_MODULE_H
