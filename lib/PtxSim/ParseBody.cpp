//===- ParseBody.cpp - bodies of functions ------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

void Parser::declareRegister(Function &f, const Twine &name, Type type) {
  unsigned bits = type.kind == 'p' ? 1 : type.bits;
  f.registers.push_back({name.str(), bits});
  scopes.back().registers[f.registers.back().name] = static_cast<uint32_t>(f.registers.size() - 1);
}

/// .reg .b32 %r<35>, x; (5.4.6)
bool Parser::registerDeclaration(Function &f) {
  std::string typeName;
  unsigned line = lexer.peek().line;
  if (!word(typeName, "the type of registers"))
    return false;
  Type type = Type::parse(StringRef(typeName).drop_front());
  if (!type)
    return fail(line, "expects a type of registers, got '" + typeName + "'");
  do {
    std::string name;
    if (!word(name, "the name of a register"))
      return false;
    if (!accept("<")) {
      declareRegister(f, name, type);
      continue;
    }
    uint64_t count = 0;
    if (!integer(count, "a number of registers") || !expect(">"))
      return false;
    if (count > MaxRegisters - std::min<size_t>(f.registers.size(), MaxRegisters))
      return fail(line, "expects at most " + Twine(MaxRegisters) + " registers of a function");
    for (uint64_t i = 0; i < count; ++i)
      declareRegister(f, name + Twine(i), type);
  } while (accept(","));
  return expect(";");
}

Operand Parser::named(StringRef name) const {
  Operand result;
  result.name = name.str();
  if (name == "_")
    return result;
  result.kind = Operand::Name;
  for (const Scope &scope : reverse(scopes)) {
    if (auto found = scope.registers.find(name); found != scope.registers.end()) {
      result.kind = Operand::Reg;
      result.index = found->second;
      return result;
    }
    if (auto found = scope.names.find(name); found != scope.names.end()) {
      result.name = found->second;
      return result;
    }
  }
  return result;
}

/// [base], [base+4], [base+-4], [4]
bool Parser::address(Operand &result) {
  Operand base;
  if (!operand(base))
    return false;
  result.kind = Operand::Address;
  if (base.kind == Operand::Integer) {
    result.value = base.value;
  } else {
    result.parts.push_back(base);
    bool minus = at("-");
    if (minus || accept("+")) {
      minus = accept("-");
      uint64_t offset = 0;
      if (!integer(offset, "an offset"))
        return false;
      result.value = minus ? -offset : offset;
    }
  }
  // A tensor coordinate or a second part is no address we know.
  return expect("]");
}

bool Parser::operandList(std::vector<Operand> &result, StringRef close) {
  while (!accept(close)) {
    result.emplace_back();
    if (!operand(result.back()))
      return false;
    if (!at(close) && !expect(","))
      return false;
  }
  return true;
}

bool Parser::bracketed(Operand &result) {
  if (++nesting > MaxNesting)
    return expected("fewer brackets in each other");
  bool isAddress = accept("[");
  StringRef close = at("{") ? "}" : ")";
  if (!isAddress) {
    lexer.next();
    result.kind = Operand::Vector;
  }
  bool fine = isAddress ? address(result) : operandList(result.parts, close);
  --nesting;
  return fine;
}

bool Parser::operand(Operand &result) {
  if (at("[") || at("{") || at("("))
    return bracketed(result);
  bool negated = accept("!"), minus = !negated && accept("-");
  const Token &token = lexer.peek();
  switch (token.kind) {
  case Token::Word:
    if (minus)
      return expected("a number after '-'");
    result = named(token.text);
    result.isNegated = negated;
    break;
  case Token::Integer:
    result.kind = Operand::Integer;
    result.value = minus ? -token.value : token.value;
    break;
  case Token::Float32:
  case Token::Float64:
    result.kind = token.kind == Token::Float32 ? Operand::Float32 : Operand::Float64;
    result.value = token.value ^ (uint64_t(minus) << (token.kind == Token::Float32 ? 31 : 63));
    break;
  default:
    return expected("an operand");
  }
  lexer.next();
  return true;
}

/// What stands behind "label:": a table of branch targets, or nothing special.
bool Parser::labelled(Function &f, StringRef label) {
  auto [where, isNew] = f.labels.try_emplace(label, static_cast<uint32_t>(f.body.size()));
  if (!isNew)
    return fail(lexer.peek().line, "label '" + label + "' stands twice");
  if (accept(".branchtargets")) {
    std::vector<std::string> &targets = f.branchTargets[label];
    do {
      targets.emplace_back();
      if (!word(targets.back(), "a label"))
        return false;
    } while (accept(","));
    return expect(";");
  }
  if (at(".callprototype"))
    return expected("an instruction (calls through pointers are not supported)");
  return true;
}

bool Parser::statement(Function &f, const char *begin, const Token &opcode, Operand guard) {
  Statement s;
  s.line = opcode.line;
  s.opcode = opcode.text.str();
  s.guard = std::move(guard);
  while (!at(";")) {
    s.operands.emplace_back();
    if (!operand(s.operands.back()))
      return false;
    s.operands.back().isPaired = at("|");
    if (!at(";") && !accept("|") && !expect(","))
      return false;
  }
  const char *end = lexer.peek().text.begin();
  lexer.next();
  SmallVector<StringRef> words;
  SplitString({begin, static_cast<size_t>(end - begin)}, words);
  s.text = join(words, " ");
  f.body.push_back(std::move(s));
  return true;
}

bool Parser::body(Function &f) {
  scopes.assign(1, Scope());
  while (!scopes.empty()) {
    Token token = lexer.next();
    StringRef text = token.text;
    if (text == "{") {
      scopes.emplace_back();
    } else if (text == "}") {
      scopes.pop_back();
    } else if (text == ".reg") {
      if (!registerDeclaration(f))
        return false;
    } else if (Space space = spaceOf(text); space != Space::Generic) {
      size_t first = f.variables.size();
      if (!variableList(space, f.variables))
        return false;
      for (Variable &variable : drop_begin(f.variables, first)) {
        std::string unique = variable.name;
        if (scopes.size() > 1)
          unique += "#" + std::to_string(++scoped);
        scopes.back().names[variable.name] = unique;
        variable.name = unique;
      }
    } else if (text == ".loc" || text == ".file") {
      lexer.skipLine();
    } else if (text == ".pragma") {
      lexer.next();
      if (!expect(";"))
        return false;
    } else if (text == "@") {
      Operand guard;
      Token opcode;
      if (!operand(guard))
        return false;
      if (guard.kind != Operand::Reg || f.registers[guard.index].bits != 1)
        return fail(token.line, "expects a predicate after '@', got '" + guard.name + "'");
      opcode = lexer.next();
      if (!statement(f, text.begin(), opcode, std::move(guard)))
        return false;
    } else if (token.kind == Token::Word && accept(":")) {
      if (!labelled(f, text))
        return false;
    } else if (token.kind == Token::Word && !text.starts_with(".")) {
      if (!statement(f, text.begin(), token, Operand()))
        return false;
    } else if (text != ";") {
      return fail(token.line,
                  "expects an instruction, got " +
                      (token.kind == Token::End ? Twine("the end of the file") : "'" + text + "'"));
    }
  }
  return true;
}
