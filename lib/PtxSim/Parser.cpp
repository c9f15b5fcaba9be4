//===- Parser.cpp - directives of PTX text ------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

Space tilewright::ptx::spaceOf(StringRef directive) {
  return StringSwitch<Space>(directive)
      .Case(".global", Space::Global)
      .Case(".shared", Space::Shared)
      .Case(".local", Space::Local)
      .Case(".param", Space::Param)
      .Case(".const", Space::Const)
      .Default(Space::Generic);
}

bool Parser::word(std::string &result, const Twine &what) {
  if (lexer.peek().kind != Token::Word)
    return expected(what);
  result = lexer.next().text.str();
  return true;
}

bool Parser::integer(uint64_t &result, const Twine &what) {
  if (lexer.peek().kind != Token::Integer)
    return expected(what);
  result = lexer.next().value;
  return true;
}

/// What follows the space: alignment, type, name, array size, initial value (5.4).
bool Parser::variable(Space space, Variable &result) {
  result.space = space;
  result.line = lexer.peek().line;
  Type type;
  uint64_t count = 1, vector = 1, align = 0;
  while (lexer.peek().text.starts_with(".")) {
    StringRef directive = lexer.next().text;
    if (directive == ".align") {
      if (!integer(align, "an alignment"))
        return false;
    } else if (directive == ".v2" || directive == ".v4") {
      vector = directive == ".v2" ? 2 : 4;
    } else if (Type found = Type::parse(directive.drop_front())) {
      type = found;
    } else if (directive != ".ptr" && spaceOf(directive) == Space::Generic) {
      return fail(result.line, "expects a type, got '" + directive + "'");
    } // .ptr .global .align 16: what a parameter points to
    if (directive == ".ptr")
      align = ~uint64_t(0);
  }
  if (!type || type.kind == 'p')
    return expected("a type of the variable before its name");
  if (!word(result.name, "a name"))
    return false;
  bool isPointer = space == Space::Param && type.bits == 64;
  uint64_t elementBytes = std::max<uint64_t>(type.bits / 8, 1) * vector;
  result.align = align && !isPointer && isPowerOf2_64(align) ? align : elementBytes;
  while (accept("[")) {
    uint64_t size = 0;
    if (!at("]") && !integer(size, "an array size"))
      return false;
    if (__builtin_mul_overflow(count, size, &count) || count > MaxVariableBytes)
      return fail(result.line, "expects at most " + Twine(MaxVariableBytes) + " elements");
    if (!expect("]"))
      return false;
  }
  result.bytes = elementBytes * count;
  return !accept("=") || initialiser(result, static_cast<unsigned>(type.bits / 8));
}

bool Parser::initialValue(Variable &result, unsigned elementBytes) {
  bool negative = accept("-");
  Token token = lexer.peek();
  if (token.kind != Token::Integer && token.kind != Token::Float32 && token.kind != Token::Float64)
    return expected("a number (addresses as initial values are not supported)");
  lexer.next();
  uint64_t value = negative ? -token.value : token.value;
  for (unsigned i = 0; i < elementBytes; ++i)
    result.initialiser.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return true;
}

bool Parser::initialiser(Variable &result, unsigned elementBytes) {
  result.isInitialised = true;
  if (!accept("{"))
    return initialValue(result, elementBytes);
  if (++nesting > MaxNesting)
    return expected("fewer braces in each other");
  while (!accept("}")) {
    bool fine = at("{") ? initialiser(result, elementBytes) : initialValue(result, elementBytes);
    if (!fine)
      return false;
    if (!at("}") && !expect(","))
      return false;
  }
  --nesting;
  if (result.initialiser.size() > result.bytes)
    return fail(result.line, "expects at most " + Twine(result.bytes) + " bytes of initial values");
  return true;
}

bool Parser::variableList(Space space, std::vector<Variable> &result) {
  do {
    result.emplace_back();
    if (!variable(space, result.back()))
      return false;
  } while (accept(","));
  return expect(";");
}

bool Parser::parameters(std::vector<Variable> &result) {
  while (!accept(")")) {
    if (!accept(".param"))
      return expected("a parameter in .param space");
    result.emplace_back();
    if (!variable(Space::Param, result.back()))
      return false;
    if (!at(")") && !expect(","))
      return false;
  }
  return true;
}

bool Parser::threeSizes(std::array<uint32_t, 3> &sizes) {
  sizes = {1, 1, 1};
  for (uint32_t &size : sizes) {
    uint64_t value = 0;
    if (!integer(value, "a number of threads"))
      return false;
    size = static_cast<uint32_t>(value);
    if (!accept(","))
      return true;
  }
  return true;
}

/// Between the head of a function and its body (11.4).
bool Parser::functionDirective(Function &f) {
  StringRef directive = lexer.next().text;
  if (directive == ".maxntid")
    return threeSizes(f.maximumThreads);
  if (directive == ".reqntid")
    return threeSizes(f.requiredThreads);
  if (directive == ".pragma") {
    lexer.next();
    return expect(";");
  }
  while (lexer.peek().kind == Token::Integer || at(",")) // .minnctapersm, .maxnreg, .noreturn ...
    lexer.next();
  return true;
}

bool Parser::function(bool isEntry, bool isExternal) {
  Function f;
  f.isEntry = isEntry;
  f.line = lexer.peek().line;
  if (!isEntry && accept("(") && !parameters(f.results))
    return false;
  if (!word(f.name, "the name of a function"))
    return false;
  if (accept("(") && !parameters(f.parameters))
    return false;
  while (lexer.peek().text.starts_with("."))
    if (!functionDirective(f))
      return false;
  if (!accept(";")) {
    f.hasBody = true;
    if (isExternal)
      return fail(f.line, "an external function has no body");
    if (!expect("{") || !body(f))
      return false;
  }
  // A declaration in front of its definition is forgotten.
  erase_if(module.functions, [&](Function &old) { return old.name == f.name && !old.hasBody; });
  if (const Function *old = module.find(f.name))
    return !f.hasBody ||
           fail(f.line, "'" + f.name + "' is defined twice, before in line " + Twine(old->line));
  module.functions.push_back(std::move(f));
  return true;
}

bool Parser::parseModule() {
  bool isExternal = false;
  while (lexer.peek().kind != Token::End) {
    Token token = lexer.next();
    StringRef text = token.text;
    if (text == ".version") {
      module.version = lexer.next().text.str();
    } else if (text == ".target") {
      module.target = lexer.next().text.str();
      while (accept(","))
        lexer.next();
    } else if (text == ".address_size") {
      uint64_t bits = 0;
      if (!integer(bits, "64"))
        return false;
      if (bits != 64)
        return fail(token.line, "expects addresses of 64 bits, got " + Twine(bits));
    } else if (text == ".file") {
      lexer.skipLine();
    } else if (text == ".section") { // debug information
      while (lexer.peek().kind != Token::End && !accept("}"))
        lexer.next();
    } else if (is_contained({".visible", ".weak", ".common"}, text)) {
      continue;
    } else if (text == ".extern") {
      isExternal = true;
      continue;
    } else if (text == ".entry" || text == ".func") {
      if (!function(text == ".entry", isExternal))
        return false;
    } else if (Space space = spaceOf(text); space != Space::Generic) {
      size_t first = module.variables.size();
      if (!variableList(space, module.variables))
        return false;
      for (Variable &variable : drop_begin(module.variables, first))
        variable.isExternal = isExternal;
    } else if (text != ";") {
      return fail(token.line, "expects a directive, got '" + text + "'");
    }
    isExternal = false;
  }
  if (module.version.empty())
    return fail(1, "expects '.version' at the beginning: this is no PTX text");
  return true;
}

Expected<Module> tilewright::ptx::parseModule(StringRef text, StringRef path) {
  Module module;
  module.path = path.str();
  Parser parser(text, module);
  if (!parser.parseModule())
    return parser.takeError();
  return module;
}
