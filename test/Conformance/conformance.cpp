//===- conformance.cpp - which conformance cases pass? ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each case runs in a child, forked when the compiler is loaded: it starts at once, a crash costs
// one case, and memory is no concern.
//
//===----------------------------------------------------------------------===//
#include "lib/Pipeline/Pipeline.h"
#include "lib/Support/Options.h"
#include "test/Conformance/Suite.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace tilewright;

namespace {

struct Command {
  std::string root, folder, expectations, filter = ".", list;
  std::vector<std::string> suites;
  int64_t jobs = 2;
};

Command parseCommand(int argc, char **argv) {
  Command c;
  Options options("conformance", "Runs conformance suites and compares with what is expected.");
  options.argument("ROOT", c.root);
  options.text("folder", "DIR", c.folder, "where the suites are unpacked: DIR/SUITE/CASE");
  options.list("suite", "NAME", c.suites, "a folder of ROOT with a MANIFEST.tsv");
  options.text("expect", "FILE", c.expectations, "cases that are expected not to pass");
  options.text("filter", "REGEX", c.filter, "only cases whose name matches");
  options.text("list", "FILE", c.list, "write the cases that did not pass, with what went wrong");
  options.integer("jobs", "N", c.jobs, "cases at the same time (default 2)");
  options.parse(argc, argv);
  return c;
}

class Runner {
public:
  Runner(const Command &command, mlir::MLIRContext &context) : c(command), context(context) {
    sys::fs::createUniqueDirectory("tilewright-conformance", scratch);
  }
  ~Runner() { sys::fs::remove_directories(scratch); }

  /// What went wrong with each case; nothing for those that pass.
  std::vector<std::string> run(ArrayRef<ConformanceCase> cases) {
    std::vector<std::string> problems(cases.size());
    for (size_t i = 0; i < cases.size(); ++i) {
      while (children.size() >= static_cast<size_t>(c.jobs))
        collect(problems);
      start(cases[i], i);
    }
    while (!children.empty())
      collect(problems);
    return problems;
  }

private:
  struct Child {
    size_t number;
    int pipe;
  };
  static constexpr unsigned Seconds = 120; // for a case

  void start(const ConformanceCase &test, size_t number) {
    int ends[2];
    if (pipe(ends))
      report_fatal_error("cannot make a pipe");
    pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      alarm(Seconds);
      std::string problem =
          toString(runCase(test, context, (scratch + "/case" + std::to_string(number)).str()));
      if (problem.size() > 1000)
        problem.resize(1000); // fits into the pipe
      bool written = problem.empty() || write(ends[1], problem.data(), problem.size()) > 0;
      _exit(problem.empty() && written ? 0 : 1);
    }
    close(ends[1]);
    children[child] = {number, ends[0]};
  }

  void collect(std::vector<std::string> &problems) {
    int status;
    pid_t pid = wait(&status);
    auto child = children.find(pid);
    if (child == children.end())
      return;
    std::string &problem = problems[child->second.number];
    char text[1024];
    if (ssize_t size = read(child->second.pipe, text, sizeof text); size > 0)
      problem.assign(text, static_cast<size_t>(size));
    if (WIFSIGNALED(status))
      problem = WTERMSIG(status) == SIGALRM
                    ? "takes too long"
                    : "crashes with signal " + std::to_string(WTERMSIG(status));
    else if (WEXITSTATUS(status) && problem.empty())
      problem = "fails without a message";
    close(child->second.pipe);
    children.erase(child);
  }

  const Command &c;
  mlir::MLIRContext &context;
  SmallString<128> scratch;
  std::map<pid_t, Child> children;
};

/// Prints the surprises and the rates; whether there was no surprise.
bool report(ArrayRef<ConformanceCase> cases, ArrayRef<std::string> problems,
            const StringMap<std::string> &expected) {
  bool fine = true;
  std::map<std::string, std::array<int, 3>> rates; // passed, all, out of scope
  for (auto [test, problem] : zip_equal(cases, problems)) {
    auto known = expected.find(test.name);
    std::array<int, 3> &rate = rates[StringRef(test.name).split('/').first.str()];
    rate[0] += problem.empty();
    rate[1] += 1;
    rate[2] += known != expected.end() && StringRef(known->second).starts_with("scope: ");
    if (problem.empty() == (known == expected.end()))
      continue;
    fine = false;
    outs() << (problem.empty() ? "UNEXPECTED PASS: " + test.name + "; was: " + known->second
                               : "UNEXPECTED FAILURE: " + test.name + ": " + problem)
           << "\n";
  }
  for (auto &[suite, rate] : rates)
    outs() << left_justify(suite, 12)
           << format("%5d of %4d pass; %5.1f %% of the %4d within scope\n", rate[0], rate[1],
                     100.0 * rate[0] / std::max(rate[1] - rate[2], 1), rate[1] - rate[2]);
  return fine;
}

Expected<bool> runSuites(const Command &c, mlir::MLIRContext &context) {
  StringMap<std::string> expected;
  if (!c.expectations.empty()) {
    Expected<StringMap<std::string>> read = readExpectations(c.expectations);
    if (!read)
      return read.takeError();
    expected = std::move(*read);
  }
  std::vector<ConformanceCase> cases;
  for (StringRef suite : c.suites) {
    Expected<std::vector<ConformanceCase>> read = readSuite(c.root, c.folder, suite);
    if (!read)
      return read.takeError();
    for (ConformanceCase &test : *read)
      if (Regex(c.filter).match(test.name))
        cases.push_back(std::move(test));
  }
  if (cases.empty())
    return createStringError("expects --suite and a --filter that some case matches");
  std::vector<std::string> problems = Runner(c, context).run(cases);
  if (!c.list.empty()) {
    std::error_code error;
    raw_fd_ostream out(c.list, error);
    for (auto [test, problem] : zip_equal(cases, problems))
      if (!problem.empty())
        out << test.name << "\t" << problem << "\n";
  }
  return report(cases, problems, expected);
}

} // namespace

int main(int argc, char **argv) {
  Command command = parseCommand(argc, argv);
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  Expected<bool> fine = runSuites(command, context);
  if (fine)
    return *fine ? Fine : ComparisonFailed;
  errs() << "conformance: " << toString(fine.takeError()) << "\n";
  return WrongInput;
}
