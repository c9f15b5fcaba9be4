//===- Command.cpp - the command line of compile-model ---------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "tools/compile-model/Command.h"
#include "dialects/Target/IR/Targets.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include "lib/Emit/Interface.h"
#include "lib/Pipeline/Pipeline.h"
#include "lib/Support/Options.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

static void listOps() {
  outs() << "ONNX operators that Tilewright compiles, with the opset version since which each "
            "meaning holds:\n\n";
  StringRef domain, op;
  for (const Recipe &recipe : allRecipes()) {
    if (domain != recipe.domain || op.empty())
      outs() << (op.empty() ? "" : "\n\n") << (recipe.domain.empty() ? "ai.onnx" : recipe.domain)
             << "\n";
    if (op != recipe.op || domain != recipe.domain)
      outs() << "\n  " << left_justify(recipe.op, 32);
    outs() << " " << recipe.since;
    domain = recipe.domain;
    op = recipe.op;
  }
  outs() << "\n";
}

static void listTargets() {
  outs() << "CPU levels of --target. A CPU runs the code of every level whose instructions it has; "
            "lanes are f32 elements of a\nvector register, L1 and L2 the data caches of one core "
            "that schedules assume.\n\n";
  auto row = [](StringRef name, const Twine &lanes, const Twine &registers, const Twine &l1,
                const Twine &l2, StringRef summary) {
    outs() << "  " << left_justify(name, 16) << right_justify(lanes.str(), 6)
           << right_justify(registers.str(), 11) << right_justify(l1.str(), 10)
           << right_justify(l2.str(), 10) << "  " << summary << "\n";
  };
  row("level", "lanes", "registers", "L1", "L2", "CPUs");
  for (const mlir::target::CpuRecord &level : mlir::target::allCpuLevels())
    row(level.name, Twine(level.lanes), Twine(level.registers), Twine(level.l1 >> 10) + " KiB",
        Twine(level.l2 >> 10) + " KiB", level.summary);
  outs() << "\n`native` is the machine that compiles, by its feature bits and caches.\n";
}

static std::vector<std::string> stageNames() {
  std::vector<std::string> names;
  for (const StageInfo &info : allStages())
    names.push_back(info.name.str());
  return names;
}

static void complete(Command &c) {
  auto fail = [](const Twine &message) {
    errs() << "compile-model: " << message << "\n";
    exit(WrongInput);
  };
  if (c.model.empty())
    fail("expects MODEL.onnx or MODEL.mlir; see --help");
  if (!c.stopAfter.empty() && c.emit.empty())
    c.emit = "mlir";
  if (c.emit == "mlir" && c.stopAfter.empty())
    fail("--emit mlir expects --stop-after STAGE");
  if (!c.stopAfter.empty() && c.emit != "mlir")
    fail("--stop-after goes with --emit mlir, got '" + c.emit + "'");
  // Text goes to standard output unless -o says otherwise.
  if (c.output.empty() && !c.emit.empty())
    c.output = "-";
  if (c.output.empty())
    c.output = (sys::path::stem(c.model) + ".so").str();
  if (c.name.empty())
    c.name = artefactName(c.output == "-" ? c.model : c.output);
  else if (c.name != artefactName(c.name + ".so"))
    fail("--name expects letters, digits and '_', got '" + c.name + "'");
  if (!c.verify.empty() && (!c.emit.empty() || !StringRef(c.output).ends_with(".so")))
    fail("--verify expects a shared object to be compiled (-o NAME.so)");
}

Command tilewright::parseCommand(int argc, char **argv) {
  Command c;
  Options options("compile-model", "Compiles a transformer model ahead of time: ONNX in; a native "
                                   "library and its C header out.");
  options.argument("MODEL.onnx|MODEL.mlir", c.model, /*required=*/false);
  options.text("o", "FILE", c.output,
               "FILE.so, FILE.a or FILE.o, and FILE.h (default: MODEL.so);\ncalled through "
               "tilewright/Runtime.h, needs libc only");
  options.text(
      "target", "CPU[,CPU...]", c.target,
      "native (default: this machine) or a level of --list-targets;\nseveral: one artefact "
      "that picks the best one where it runs");
  options.list("dim", "NAME=N|NAME=A..B", c.dims,
               "fix or bound a symbolic dimension; others are free");
  options.list("constant", "NAME=VALUE", c.constants,
               "an input becomes a constant: numbers (1,2,3), or the path of a\nTensorProto (.pb)");
  options.choice(
      "weights", {"embed", "file"}, c.weights,
      "weights inside the artefact (default), or in FILE.weights,\nmapped from beside it");
  options.text("name", "NAME", c.name, "C identifier: tw_NAME_model() (default: from FILE)");
  options.choice("compute", {"f32", "bf16x3", "bf16"}, c.compute,
                 "precision of products with weights: exact (default); of\noperands rounded to "
                 "bf16: half the memory, faster, ~1e-2 off;\nbf16x3: of two bf16 each, ~1e-5 off, "
                 "on CPUs with AMX");
  options.choice("pipeline", {"default", "reference"}, c.pipeline,
                 "reference: plain loops, slow, the yardstick of fast code");
  options.text("verify", "DIR", c.verify,
               "run the result on test data and compare, as run-model\n--test-dir does");
  options.text("report", "FILE.json", c.report, "times, sizes, interface; on failure all errors");
  options.flag("verbose", c.verbose, "print the time of each stage");
  options.choice("emit", {"mlir", "llvm", "asm", "header"}, c.emit, "text instead of an artefact");
  options.choice("stop-after", stageNames(), c.stopAfter, "print the IR after this stage");
  options.text("dump-dir", "DIR", c.dumpDir, "keep the IR after each stage");
  options.flag("list-ops", c.listOps, "print the supported ONNX operators");
  options.flag("list-targets", c.listTargets, "print the CPU levels of --target");
  options.examples(R"(
examples:
  compile-model bert.onnx -o bert.so                         for this machine
  compile-model bert.onnx -o bert.a --dim seq=1..512 --target x86-64-v3,x86-64-v4
  compile-model bert.onnx -o bert.so --verify bert/test_data_set_0
  compile-model bert.onnx --stop-after model | less          how is my model understood?

exit code: 0 fine, 1 --verify found differences, 2 the model or command line is wrong or unsupported,
3 a bug in Tilewright
)");
  options.parse(argc, argv);
  if (c.listOps || c.listTargets) {
    c.listOps ? listOps() : listTargets();
    outs().flush();
    exit(Fine);
  }
  complete(c);
  return c;
}
