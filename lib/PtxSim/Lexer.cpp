//===- Lexer.cpp - words of PTX text --------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include <bit>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

bool startsWord(char c) {
  return isAlpha(c) || c == '_' || c == '$' || c == '%' || c == '.';
}

bool continuesWord(char c) {
  return isAlnum(c) || c == '_' || c == '$' || c == '%';
}

/// Length of the word at the front: letters, joined by single dots and "::".
size_t wordLength(StringRef text) {
  size_t length = 1;
  while (length < text.size()) {
    StringRef tail = text.substr(length);
    size_t joint = tail.starts_with("::") ? 2 : tail.starts_with(".") ? 1 : 0;
    if (joint ? joint >= tail.size() || !continuesWord(tail[joint]) : !continuesWord(tail[0]))
      break;
    length += joint + 1;
  }
  return length;
}

} // namespace

void Lexer::skipBlanks() {
  for (;;) {
    if (rest.starts_with("//")) {
      rest = rest.drop_until([](char c) { return c == '\n'; });
    } else if (rest.starts_with("/*")) {
      size_t end = std::min(rest.find("*/", 2), rest.size() - 2) + 2;
      line += static_cast<unsigned>(rest.take_front(end).count('\n'));
      rest = rest.drop_front(end);
    } else if (!rest.empty() && (isSpace(rest[0]) || rest[0] == '\0')) {
      line += rest[0] == '\n';
      rest = rest.drop_front();
    } else {
      return;
    }
  }
}

void Lexer::skipLine() {
  unsigned current = token.line;
  while (token.kind != Token::End && token.line == current)
    advance();
}

/// Integers in four bases, optionally with U; 0f and 0d with the bits in hex; decimal fractions.
void Lexer::number() {
  size_t length = 0;
  while (length < rest.size() &&
         (isAlnum(rest[length]) || rest[length] == '.' ||
          ((rest[length] == '-' || rest[length] == '+') && toLower(rest[length - 1]) == 'e' &&
           !rest.starts_with_insensitive("0x") && !rest.starts_with_insensitive("0f") &&
           !rest.starts_with_insensitive("0d"))))
    ++length;
  token.text = rest.take_front(length);
  StringRef text = token.text;
  bool fails = false;
  if (text.consume_front_insensitive("0f") || text.consume_front_insensitive("0d")) {
    bool isDouble = toLower(token.text[1]) == 'd';
    token.kind = isDouble ? Token::Float64 : Token::Float32;
    fails = text.size() != (isDouble ? 16u : 8u) || text.getAsInteger(16, token.value);
  } else if (text.contains('.') ||
             (!text.starts_with_insensitive("0x") && text.contains_insensitive("e"))) {
    double value = 0;
    token.kind = Token::Float64;
    fails = text.getAsDouble(value);
    token.value = std::bit_cast<uint64_t>(value);
  } else {
    token.kind = Token::Integer;
    text.consume_back("U");
    fails = text.getAsInteger(0, token.value);
  }
  if (fails)
    token.kind = Token::Bad;
}

void Lexer::advance() {
  skipBlanks();
  token = Token();
  token.line = line;
  if (rest.empty())
    return;
  if (isDigit(rest[0])) {
    number();
  } else if (startsWord(rest[0])) {
    token.kind = Token::Word;
    token.text = rest.take_front(wordLength(rest));
  } else if (rest[0] == '"') {
    size_t end = rest.find('"', 1);
    token.kind = end == StringRef::npos ? Token::Bad : Token::String;
    token.text = rest.take_front(end == StringRef::npos ? 1 : end + 1);
  } else {
    token.kind = StringRef("{}()[]<>,;:@!|+-=").contains(rest[0]) ? Token::Punctuation : Token::Bad;
    token.text = rest.take_front(1);
  }
  rest = rest.drop_front(token.text.size());
}
