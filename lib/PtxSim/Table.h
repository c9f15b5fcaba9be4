//===- Table.h - the table of instructions --------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row per opcode and type. The key is the opcode as PTX spells it, without the modifiers that
// have a Flag: "add.f32" is the row of add.rn.ftz.f32. If there is no such row, that of the bare
// opcode ("ld") is taken, whose `bind` reads operands by itself.
//
// A signature names the operands in order, results as capitals, by their size:
//   p 1 (predicate)   h 16   w 32   l 64   i an immediate integer   m an address
//   Wx|P: the second result may be left out together with its '|'      ?: the rest is optional
// Operands of a vector {a, b} are written side by side: "WWWW wwww ww wwww".
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_TABLE_H
#define TILEWRIGHT_LIB_PTXSIM_TABLE_H

#include "lib/PtxSim/Program.h"
#include "llvm/ADT/STLExtras.h"

namespace tilewright::ptx {

class Binder;
using Bind = llvm::Error (*)(const Binder &binder, Op &op);

struct Row {
  std::string signature;
  Handler run = nullptr;
  uint32_t flags = 0;
  Bind bind = nullptr;
};

class Table {
public:
  /// An instruction whose operands the signature describes.
  void add(const llvm::Twine &key, llvm::StringRef signature, Handler run, uint32_t flags = 0) {
    rows[key.str()] = {signature.str(), run, flags, nullptr};
  }
  /// A family whose operands `bind` reads; it may choose another handler.
  void add(llvm::StringRef key, Bind bind, Handler run, uint32_t flags = 0) {
    rows[key] = {"", run, flags, bind};
  }
  const Row *find(llvm::StringRef key) const {
    auto found = rows.find(key);
    return found == rows.end() ? nullptr : &found->second;
  }

private:
  llvm::StringMap<Row> rows;
};

/// All instructions; built once.
const Table &instructionTable();

// What each file adds, by chapter of the ISA.
void addIntegerRows(Table &table); // 9.7.1, 9.7.8 logic and shift
void addFloatRows(Table &table);   // 9.7.3, 9.7.4 half precision
void addCompareRows(Table &table); // 9.7.6, 9.7.7
void addConvertRows(Table &table); // 9.7.9.21 cvt
void addMoveRows(Table &table);    // mov, cvta, isspacep, prmt
void addMemoryRows(Table &table);  // ld, st, cp.async
void addAtomicRows(Table &table);  // atom, red
void addControlRows(Table &table); // bra, call, ret, bar
void addWarpRows(Table &table);    // shfl, vote, match, redux
void addMatrixRows(Table &table);  // ldmatrix, mma

class Decoder;

/// Resolves the operands of one statement to slots.
class Binder {
public:
  Binder(Decoder &decoder, const Statement &statement, uint32_t frame)
      : statement(statement), frame(frame), decoder(decoder) {}

  const Statement &statement;
  const uint32_t frame; // of the function that the statement stands in
  /// The words behind the opcode's first: {"rn", "f32"}; types among them, in order.
  llvm::SmallVector<llvm::StringRef> modifiers;
  llvm::SmallVector<Type, 4> types;

  bool has(llvm::StringRef modifier) const { return llvm::is_contained(modifiers, modifier); }
  /// "FILE:LINE: WHAT: TEXT"
  llvm::Error fail(const llvm::Twine &what) const;
  /// Fails unless the statement has so many operands.
  llvm::Error expectOperands(size_t least, size_t most) const;

  /// Adds a result or source of `bits` (or more, if `mayBeWider`); of a vector each of its parts.
  llvm::Error result(Op &op, const Operand &operand, unsigned bits, bool mayBeWider = false) const;
  llvm::Error source(Op &op, const Operand &operand, unsigned bits, bool mayBeWider = false) const;
  /// Adds the base of an address as a source of 64 bits and sets op.offset; a name in .param space
  /// that is no parameter of the entry turns op.space to Local.
  llvm::Error address(Op &op, const Operand &operand) const;
  /// All operands by a signature, see above.
  llvm::Error bySignature(Op &op, llvm::StringRef signature) const;
  /// An immediate.
  llvm::Error integer(const Operand &operand, int64_t &value) const;

  /// Of a name in this function: a position among the operations; a table of Program::tables.
  llvm::Expected<uint32_t> label(llvm::StringRef name) const;
  llvm::Expected<uint32_t> branchTable(llvm::StringRef name) const;
  /// A call of the function `name`, with its position in Program::calls; `arguments` and `results`
  /// are vectors of .param variables.
  llvm::Expected<uint32_t> call(llvm::StringRef name, llvm::ArrayRef<Operand> arguments,
                                llvm::ArrayRef<Operand> results) const;
  bool isPredicate(const Operand &operand) const;
  const Function &functionOf(uint32_t ofFrame) const;

private:
  /// Where a .param variable of this function lies in local memory.
  llvm::Expected<uint64_t> parameter(const Operand &operand) const;
  llvm::Error add(Op &op, Slot slot, bool isResult) const;
  llvm::Expected<Slot> immediate(const Operand &operand, unsigned bits) const;
  llvm::Expected<Slot> nameSlot(const Operand &operand, unsigned bits) const;
  llvm::Error registerOperand(Op &op, const Operand &operand, unsigned bits, bool mayBeWider,
                              bool isResult) const;

  Decoder &decoder;
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_TABLE_H
