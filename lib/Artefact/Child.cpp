//===- Child.cpp - a helper process that answers in lines ------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/Child.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace tilewright;

Expected<std::unique_ptr<Child>> Child::start(const std::vector<std::string> &command) {
  signal(SIGPIPE, SIG_IGN); // a child that ends early is an error of `ask`
  int toChild[2], fromChild[2];
  if (pipe2(toChild, O_CLOEXEC) != 0 || pipe2(fromChild, O_CLOEXEC) != 0)
    return createStringError(std::string("cannot create a pipe: ") + strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO);
  std::vector<char *> arguments;
  for (const std::string &word : command)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  std::unique_ptr<Child> child(new Child);
  child->name = command.front();
  int code =
      posix_spawnp(&child->process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(toChild[0]);
  close(fromChild[1]);
  child->input = fdopen(toChild[1], "w");
  child->output = fdopen(fromChild[0], "r");
  if (code != 0) {
    child->process = -1;
    return createStringError("cannot start '" + child->name + "': " + strerror(code));
  }
  return child;
}

Child::~Child() {
  fclose(input); // the child reads the end of its input and ends
  fclose(output);
  if (process > 0)
    waitpid(process, nullptr, 0);
}

Expected<json::Object> Child::ask(json::Object request) {
  std::string line;
  raw_string_ostream(line) << json::Value(std::move(request)) << "\n";
  std::string answer;
  if (fputs(line.c_str(), input) != EOF && fflush(input) == 0)
    for (int c; (c = fgetc(output)) != EOF && c != '\n';)
      answer += static_cast<char>(c);
  Expected<json::Value> value = json::parse(answer);
  if (!value) {
    consumeError(value.takeError());
    return createStringError("'" + name + "' ended without an answer");
  }
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError("'" + name + "' answered '" + answer + "'");
  if (std::optional<StringRef> error = object->getString("error"))
    return createStringError("'" + name + "': " + *error);
  return std::move(*object);
}
