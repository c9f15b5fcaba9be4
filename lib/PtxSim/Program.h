//===- Program.h - a kernel, decoded --------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program is one entry with all functions that it calls, decoded once: an operation holds the
// function that executes it for a whole warp, and slots. A slot is a place in the register file of
// a warp with one element per lane, side by side, so that handlers are loops over 32 elements.
// Constants and special registers are slots as well, filled when a warp begins; hence every source
// is read in the same way. A predicate is one 32-bit mask.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_PROGRAM_H
#define TILEWRIGHT_LIB_PTXSIM_PROGRAM_H

#include "lib/PtxSim/Module.h"

namespace tilewright::ptx {

struct Warp;
struct Op;
/// Executes one operation for the active lanes of a warp.
using Handler = void (*)(Warp &warp, const Op &op);

struct Slot {
  uint32_t offset = 0; // bytes into the register file
  uint32_t index = 0;  // of its mask of defined lanes
  uint8_t bits = 0;    // 1: a predicate
};

/// How a result that does not fit is rounded (7.7.1). The integer modes of cvt have the same names
/// with an i behind them.
enum class Rounding : uint8_t { None, Nearest, Zero, Down, Up, NearestAway };

enum class Compare : uint8_t {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  lo,
  ls,
  hi,
  hs,
  equ,
  neu,
  ltu,
  leu,
  gtu,
  geu,
  num,
  nan
};

/// How setp combines its comparison with a third predicate.
enum class Combine : uint8_t { None, And, Or, Xor };

/// Modifiers that many opcodes share. A row of the table says which of them it takes.
enum Flag : uint32_t {
  FlushToZero = 1 << 0,      // .ftz
  Saturate = 1 << 1,         // .sat
  Finite = 1 << 2,           // .satfinite
  Relu = 1 << 3,             // .relu
  PropagateNan = 1 << 4,     // .NaN
  Approximate = 1 << 5,      // .approx, .full
  Rounded = 1 << 6,          // .rn .rz .rm .rp .rna
  RoundedToInteger = 1 << 7, // .rni .rzi .rmi .rpi
  XorSign = 1 << 8,          // .xorsign.abs of min and max
  Uniform = 1 << 9,          // .uni
  Caching = 1 << 10,         // cache operators, eviction priorities, prefetch sizes, .nc, .weak
  Ordering = 1 << 11,  // .volatile .relaxed .acquire .release .acq_rel and their scope: strong
  Releasing = 1 << 12, // .release, .acq_rel; taken where Ordering is
};

constexpr unsigned MaxSlots = 20;

struct Op {
  Handler run = nullptr;
  uint32_t line = 0;
  uint32_t rank = 0;    // lanes at the operation of least rank run first, see Order.h
  uint32_t flags = 0;   // of enum Flag
  Slot slots[MaxSlots]; // results first, then sources
  uint8_t numResults = 0, numSlots = 0;
  bool isGuarded = false, isGuardNegated = false;
  bool splits = false;          // lanes whose guard is false go on without the others
  bool passesUndefined = false; // copies undefined lanes instead of refusing them
  Rounding rounding = Rounding::None;
  Compare compare = Compare::eq;
  Combine combine = Combine::None;
  Space space = Space::Generic;
  uint8_t vector = 1; // elements of .v2, .v4, .x2 ...
  uint8_t mode = 0;   // what is particular to one opcode
  Type type, source;  // the instruction's type; of cvt also the type of its source
  struct {
    uint8_t m = 0, k = 0; // n is 8
    Type a, b, c, d;
  } matrix; // of mma
  Slot guard;
  uint32_t target = 0; // of branches and calls: position of an operation
  int64_t offset = 0;  // of addresses; or an immediate
  int64_t offset2 = 0; // of a second address
  const char *text = nullptr;

  bool has(Flag flag) const { return flags & flag; }
  const Slot &result(unsigned i = 0) const { return slots[i]; }
  const Slot &operand(unsigned i) const { return slots[numResults + i]; }
  unsigned numOperands() const { return static_cast<unsigned>(numSlots - numResults); }
};

/// Special registers (chapter 10) that we know.
enum class Special : uint8_t {
  tidX,
  tidY,
  tidZ,
  ntidX,
  ntidY,
  ntidZ,
  ctaidX,
  ctaidY,
  ctaidZ,
  nctaidX,
  nctaidY,
  nctaidZ,
  laneid,
  warpid,
  nwarpid,
  lanemaskEq,
  lanemaskLe,
  lanemaskLt,
  lanemaskGe,
  lanemaskGt,
  dynamicShared,
  totalShared,
  warpSize
};

/// A function of a program: where it begins and what of a frame is its own.
struct Frame {
  const Function *function = nullptr;
  uint32_t entry = 0;                  // position of its first operation
  uint32_t firstSlot = 0, endSlot = 0; // its registers among the masks of defined lanes
  llvm::StringMap<uint64_t> locals;    // .local and .param variables: offset into local memory
};

/// A call: bytes of local memory that go into the callee's parameters, and back from its results.
struct Call {
  uint32_t frame = 0;
  struct Copy {
    uint64_t from, to, bytes;
  };
  std::vector<Copy> arguments, results;
};

struct Program {
  const Function *function = nullptr;
  const Module *module = nullptr;
  std::vector<Op> ops;
  std::vector<Frame> frames; // the entry first
  uint32_t fileBytes = 0, numSlots = 0;
  struct Constant {
    Slot slot;
    uint64_t value;
  };
  std::vector<Constant> constants;
  std::vector<std::pair<Slot, Special>> specials;
  std::vector<Call> calls;
  std::vector<std::vector<uint32_t>> tables; // of brx.idx: positions of operations
  llvm::StringMap<uint64_t> shared;          // offset of each .shared variable
  uint64_t sharedBytes = 0;                  // without what is sized at launch
  uint64_t sharedAlign = 1;
  uint64_t localBytes = 0;              // per thread
  llvm::StringMap<uint64_t> parameters; // offset of each parameter of the entry
  uint64_t parameterBytes = 0;
};

/// Decodes the entry `name` of `module`, which must outlive the program. `globals` has the
/// addresses of the module's .global and .const variables. Everything that the simulator does not
/// know is refused here, with its line and text.
llvm::Expected<Program> decodeProgram(const Module &module, llvm::StringRef name,
                                      const llvm::StringMap<uint64_t> &globals);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_PROGRAM_H
