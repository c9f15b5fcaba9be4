//===- Parser.cpp - PTX text to Module ------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Lexer.h"
#include "lib/PtxSim/Module.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// Recursive descent. Every member returns false after it has recorded the first mistake.
class Parser {
public:
  Parser(StringRef text, Module &module) : lexer(text), module(module) {}

  bool parseModule();
  Error takeError() const { return errorAt(module, mistakeLine, mistake); }

private:
  // Mistakes and tokens.
  bool fail(unsigned line, const Twine &what) {
    mistake = what.str();
    mistakeLine = line;
    return false;
  }
  bool expected(const Twine &what) {
    const Token &got = lexer.peek();
    return fail(got.line,
                "expects " + what + ", got " +
                    (got.kind == Token::End ? Twine("the end of the file") : "'" + got.text + "'"));
  }
  bool at(StringRef text) const {
    return lexer.peek().text == text && lexer.peek().kind != Token::String;
  }
  bool accept(StringRef text) {
    bool found = at(text);
    if (found)
      lexer.next();
    return found;
  }
  bool expect(StringRef text) { return accept(text) || expected("'" + text + "'"); }
  bool word(std::string &result, const Twine &what);
  bool integer(uint64_t &result, const Twine &what);

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
    StringMap<uint32_t> registers;
    StringMap<std::string> names; // as declared -> unique
  };
  bool body(Function &f);
  bool registerDeclaration(Function &f);
  bool declareRegister(Function &f, const Twine &name, Type type);
  bool labelled(Function &f, StringRef label);
  bool statement(Function &f, const Token &opcode, Operand guard);
  bool operand(Operand &result);
  bool operandList(std::vector<Operand> &result, StringRef close);
  bool address(Operand &result);
  Operand named(StringRef name) const;

  Lexer lexer;
  Module &module;
  std::vector<Scope> scopes;
  unsigned scoped = 0; // makes names of inner scopes unique
  std::string mistake;
  unsigned mistakeLine = 0;
};

Space spaceOf(StringRef directive) {
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
    count *= size;
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
  while (!accept("}")) {
    bool fine = at("{") ? initialiser(result, elementBytes) : initialValue(result, elementBytes);
    if (!fine)
      return false;
    if (!at("}") && !expect(","))
      return false;
  }
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
    bool isRegister = at(".reg");
    if (isRegister || !accept(".param"))
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

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

bool Parser::declareRegister(Function &f, const Twine &name, Type type) {
  unsigned bits = type.kind == 'p' ? 1 : type.bits;
  f.registers.push_back({name.str(), bits});
  scopes.back().registers[f.registers.back().name] = static_cast<uint32_t>(f.registers.size() - 1);
  return true;
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

bool Parser::operand(Operand &result) {
  if (accept("[")) {
    return address(result);
  }
  if (accept("{")) {
    result.kind = Operand::Vector;
    return operandList(result.parts, "}");
  }
  if (accept("(")) {
    result.kind = Operand::Vector;
    return operandList(result.parts, ")");
  }
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

bool Parser::statement(Function &f, const Token &opcode, Operand guard) {
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
  const char *begin = opcode.text.begin(), *end = lexer.peek().text.begin();
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
      if (!statement(f, opcode, std::move(guard)))
        return false;
    } else if (token.kind == Token::Word && accept(":")) {
      if (!labelled(f, text))
        return false;
    } else if (token.kind == Token::Word && !text.starts_with(".")) {
      if (!statement(f, token, Operand()))
        return false;
    } else if (text != ";") {
      return fail(token.line,
                  "expects an instruction, got " +
                      (token.kind == Token::End ? Twine("the end of the file") : "'" + text + "'"));
    }
  }
  return true;
}

} // namespace

Expected<Module> tilewright::ptx::parseModule(StringRef text, StringRef path) {
  Module module;
  module.path = path.str();
  Parser parser(text, module);
  if (!parser.parseModule())
    return parser.takeError();
  return module;
}
