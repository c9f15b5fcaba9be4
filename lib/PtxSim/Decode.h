//===- Decode.h - PTX statements to operations ----------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_DECODE_H
#define TILEWRIGHT_LIB_PTXSIM_DECODE_H

#include "lib/PtxSim/Table.h"
#include <map>

namespace tilewright::ptx {

/// Decodes one program: lays out variables, then turns each statement into an operation. What
/// operands mean is the Binder's part.
class Decoder {
public:
  Decoder(const Module &module, const llvm::StringMap<uint64_t> &globals)
      : module(module), globals(globals) {}
  llvm::Expected<Program> decode(llvm::StringRef name);

private:
  friend class Binder;

  void layOutShared(const Function &entry);
  void layOutParameters(const Function &entry);
  void layOutLocals(Frame &frame);
  llvm::Expected<uint32_t> frameOf(llvm::StringRef name);
  llvm::Error decodeBody(uint32_t frame);
  void readModifiers(const Statement &statement, Binder &binder, Op &op, std::string &key);
  llvm::Expected<Op> decodeStatement(const Statement &statement, uint32_t frame);

  Slot newSlot(unsigned bits);
  /// The same value in all lanes.
  Slot constant(unsigned bits, uint64_t value);
  Slot special(Special which, unsigned bits);

  const Module &module;
  const llvm::StringMap<uint64_t> &globals;
  Program program;
  std::vector<std::vector<Slot>> registers; // per frame
  std::map<std::pair<unsigned, uint64_t>, Slot> constants;
  std::map<std::pair<unsigned, Special>, Slot> specials;
  std::map<std::pair<uint32_t, std::string>, uint32_t> tables; // of brx.idx, by frame and label
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_DECODE_H
