//===- Module.cpp - PTX text as data --------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Module.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace tilewright::ptx;

StringRef tilewright::ptx::spaceName(Space space) {
  const StringRef names[] = {"generic", "register", "global", "shared", "local", "param", "const"};
  return names[static_cast<size_t>(space)];
}

Type Type::parse(StringRef name) {
  Type special = StringSwitch<Type>(name)
                     .Case("pred", {'p', 1, 1})
                     .Case("f16x2", {'f', 32, 2})
                     .Case("bf16", {'B', 16, 1})
                     .Case("bf16x2", {'B', 32, 2})
                     .Case("tf32", {'T', 32, 1})
                     .Default({});
  if (special)
    return special;
  Type type;
  if (name.size() < 2 || !StringRef("busf").contains(name[0]) ||
      name.drop_front().getAsInteger(10, type.bits))
    return {};
  bool known = is_contained({8, 16, 32, 64}, type.bits) || (name == "b128");
  if (!known || name == "f8")
    return {};
  type.kind = name[0];
  return type;
}

const Function *Module::find(StringRef name) const {
  auto found = find_if(functions, [&](const Function &f) { return f.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

Error tilewright::ptx::errorAt(const Module &module, unsigned line, const Twine &what) {
  return createStringError(module.path + ":" + Twine(line) + ": " + what);
}
