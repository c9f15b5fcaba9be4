//===- Options.cpp - command lines of the tools ----------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Support/Options.h"
#include "lib/Support/Version.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace llvm;
using namespace tilewright;

void Options::add(StringRef name, StringRef meta, StringRef help, StringRef expects,
                  std::function<bool(StringRef)> set) {
  options.push_back({name.str(), meta.str(), help.str(), std::move(set), expects.str()});
}

void Options::argument(StringRef meta, std::string &value, bool required) {
  arguments.push_back({meta.str(), &value, required});
}

void Options::flag(StringRef name, bool &value, StringRef help) {
  add(name, "", help, "", [&value](StringRef) { return value = true; });
}

void Options::text(StringRef name, StringRef meta, std::string &value, StringRef help) {
  add(name, meta, help, meta, [&value](StringRef given) {
    value = given.str();
    return !given.empty();
  });
}

void Options::list(StringRef name, StringRef meta, std::vector<std::string> &values,
                   StringRef help) {
  add(name, meta, help, meta, [&values](StringRef given) {
    values.push_back(given.str());
    return !given.empty();
  });
}

void Options::choice(StringRef name, std::vector<std::string> values, std::string &value,
                     StringRef help) {
  std::string names = join(values, "|");
  add(name, names, help, names, [&value, values = std::move(values)](StringRef given) {
    value = given.str();
    return is_contained(values, given);
  });
}

void Options::integer(StringRef name, StringRef meta, int64_t &value, StringRef help) {
  add(name, meta, help, "an integer",
      [&value](StringRef given) { return !given.getAsInteger(0, value); });
}

void Options::real(StringRef name, StringRef meta, double &value, StringRef help) {
  add(name, meta, help, "a number",
      [&value](StringRef given) { return !given.getAsDouble(value); });
}

const Options::Option *Options::find(StringRef name) const {
  auto found = find_if(options, [&](const Option &option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

Error Options::unknown(StringRef name) const {
  const Option *nearest = nullptr;
  unsigned best = static_cast<unsigned>(name.size()) / 3 + 1; // more edits make another word
  for (const Option &option : options)
    if (unsigned distance = name.edit_distance(option.name, /*AllowReplacements=*/true, best);
        distance < best) {
      best = distance;
      nearest = &option;
    }
  return createStringError(
      "unknown option '--" + name + "'" +
      (nearest ? ", did you mean '--" + nearest->name + "'?" : "; see --help"));
}

Error Options::parse(ArrayRef<const char *> words) {
  size_t position = 0;
  bool onlyArguments = false;
  for (size_t i = 0; i < words.size(); ++i) {
    StringRef word = words[i];
    if (onlyArguments || word == "-" || !word.starts_with("-")) {
      if (position == arguments.size())
        return createStringError("expects at most " + Twine(position) + " file" +
                                 (position == 1 ? "" : "s") + ", got '" + word + "'");
      *arguments[position++].value = word.str();
      continue;
    }
    if (word == "--") {
      onlyArguments = true;
      continue;
    }
    auto [name, value] = word.ltrim('-').split('=');
    const Option *option = find(name);
    if (!option)
      return unknown(name);
    bool hasValue = word.contains('=');
    if (option->meta.empty() && hasValue)
      return createStringError("option '--" + name + "' takes no value");
    if (!option->meta.empty() && !hasValue) {
      if (++i == words.size())
        return createStringError("option '--" + name + "' expects " + option->expects);
      value = words[i];
    }
    if (!option->set(value))
      return createStringError("option '--" + name + "' expects " + option->expects + ", got '" +
                               value + "'");
  }
  for (size_t i = position; i < arguments.size(); ++i)
    if (arguments[i].required)
      return createStringError("expects " + arguments[i].meta + "; see --help");
  return Error::success();
}

void Options::parse(int argc, char **argv) {
  ArrayRef<const char *> words(argv + 1, static_cast<size_t>(argc) - 1);
  for (StringRef word : words) {
    if (word == "--help" || word == "-h") {
      printHelp(outs());
      outs().flush();
      std::exit(Fine);
    }
    if (word == "--version") {
      outs() << tool << " (Tilewright " TILEWRIGHT_VERSION ")\n";
      outs().flush();
      std::exit(Fine);
    }
  }
  if (Error error = parse(words)) {
    errs() << tool << ": " << toString(std::move(error)) << "\n";
    std::exit(WrongInput);
  }
}

void Options::printHelp(raw_ostream &out) const {
  out << overview << "\n\nusage: " << tool;
  for (const Argument &argument : arguments)
    out << " " << (argument.required ? argument.meta : "[" + argument.meta + "]");
  out << " [options]\n\n";
  constexpr size_t Column = 34;
  auto line = [&](const std::string &name, const std::string &meta, StringRef help) {
    std::string left =
        (name.size() == 1 ? "  -" : "  --") + name + (meta.empty() ? "" : " " + meta);
    out << left;
    if (left.size() + 2 > Column)
      out << "\n" << std::string(Column, ' ');
    else
      out << std::string(Column - left.size(), ' ');
    // Further lines of a help text stand below its first.
    auto [first, rest] = help.split('\n');
    out << first << "\n";
    while (!rest.empty()) {
      std::tie(first, rest) = rest.split('\n');
      out << std::string(Column, ' ') << first << "\n";
    }
  };
  for (const Option &option : options)
    line(option.name, option.meta, option.help);
  line("help", "", "this text");
  line("version", "", "of Tilewright");
  out << closing;
}
