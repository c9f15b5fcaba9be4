//===- Parser.h - PTX text to Module ------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_PARSER_H
#define TILEWRIGHT_LIB_PTXSIM_PARSER_H

#include "lib/PtxSim/Lexer.h"
#include "lib/PtxSim/Module.h"
#include "llvm/ADT/Twine.h"

namespace tilewright::ptx {

/// Of ".shared" and its like; Generic of what is no space of variables.
Space spaceOf(llvm::StringRef directive);

constexpr uint64_t MaxVariableBytes = uint64_t(1) << 36;
constexpr unsigned MaxNesting = 32, MaxRegisters = 1 << 18; // of a function

/// Recursive descent. Every member returns false after it has recorded the first mistake.
class Parser {
public:
  Parser(llvm::StringRef text, Module &module) : lexer(text), module(module) {}

  bool parseModule();
  llvm::Error takeError() const { return errorAt(module, mistakeLine, mistake); }

private:
  // Mistakes and tokens.
  bool fail(unsigned line, const llvm::Twine &what) {
    mistake = what.str();
    mistakeLine = line;
    return false;
  }
  bool expected(const llvm::Twine &what) {
    const Token &got = lexer.peek();
    return fail(got.line, "expects " + what + ", got " +
                              (got.kind == Token::End ? llvm::Twine("the end of the file")
                                                      : "'" + got.text + "'"));
  }
  bool at(llvm::StringRef text) const {
    return lexer.peek().text == text && lexer.peek().kind != Token::String;
  }
  bool accept(llvm::StringRef text) {
    bool found = at(text);
    if (found)
      lexer.next();
    return found;
  }
  bool expect(llvm::StringRef text) { return accept(text) || expected("'" + text + "'"); }
  bool word(std::string &result, const llvm::Twine &what);
  bool integer(uint64_t &result, const llvm::Twine &what);

  // Directives.
  bool variable(Space space, Variable &result);
  bool initialiser(Variable &result, unsigned elementBytes);
  bool initialValue(Variable &result, unsigned elementBytes);
  bool variableList(Space space, std::vector<Variable> &result);
  bool function(bool isEntry, bool isExternal);
  bool parameters(std::vector<Variable> &result);
  bool functionDirective(Function &f);
  bool threeSizes(std::array<uint32_t, 3> &sizes);

  // Bodies.
  struct Scope {
    llvm::StringMap<uint32_t> registers;
    llvm::StringMap<std::string> names; // as declared -> unique
  };
  bool body(Function &f);
  bool registerDeclaration(Function &f);
  void declareRegister(Function &f, const llvm::Twine &name, Type type);
  bool labelled(Function &f, llvm::StringRef label);
  /// `begin`: where its text begins, at the guard if there is one.
  bool statement(Function &f, const char *begin, const Token &opcode, Operand guard);
  bool operand(Operand &result);
  bool bracketed(Operand &result);
  bool operandList(std::vector<Operand> &result, llvm::StringRef close);
  bool address(Operand &result);
  Operand named(llvm::StringRef name) const;

  Lexer lexer;
  Module &module;
  std::vector<Scope> scopes;
  unsigned nesting = 0; // of braces and brackets that are open
  unsigned scoped = 0;  // makes names of inner scopes unique
  std::string mistake;
  unsigned mistakeLine = 0;
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_PARSER_H
