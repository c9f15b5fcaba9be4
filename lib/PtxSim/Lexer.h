//===- Lexer.h - words of PTX text ----------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_LEXER_H
#define TILEWRIGHT_LIB_PTXSIM_LEXER_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace tilewright::ptx {

struct Token {
  enum Kind : uint8_t { Word, Integer, Float32, Float64, String, Punctuation, End, Bad };
  Kind kind = End;
  llvm::StringRef text; // in the source
  uint64_t value = 0;   // of numbers: the integer, or the bits of the float
  unsigned line = 1;
};

/// Lexical structure (4.1 to 4.5). A word is an identifier, a directive with its dot, or an opcode
/// with all of its modifiers: "ld.global.L2::128B.b32" is one word.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : rest(text) { advance(); }

  const Token &peek() const { return token; }
  Token next() {
    Token result = token;
    advance();
    return result;
  }
  /// Drops the current token and what follows up to the end of its line (.loc, .file).
  void skipLine();

private:
  void advance();
  void skipBlanks();
  void number();

  llvm::StringRef rest;
  Token token;
  unsigned line = 1;
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_LEXER_H
