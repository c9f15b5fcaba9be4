//===- ptx-run.cpp - execute PTX text on a CPU and find faults ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arguments.h"
#include "lib/PtxSim/Report.h"
#include "lib/Support/Options.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

namespace {

struct Command {
  std::string file, kernel, grid = "1", block = "1";
  std::vector<std::string> arguments;
  int64_t shared = 0, seed = 0, threads = 0, maxInstructions = 0;
  bool counters = false, json = false, noRaces = false, list = false;
};

Command parseCommand(int argc, char **argv) {
  Command c;
  Options options("ptx-run", "Executes a kernel of PTX text on this CPU and reports its faults: "
                             "accesses out of bounds,\nmisaligned or to what nothing has written, "
                             "data races, divergence, partial barriers, deadlock.");
  options.argument("FILE.ptx", c.file);
  options.flag("list", c.list, "list the kernels and their parameters instead");
  options.text("kernel", "NAME", c.kernel, "which kernel (default: the only one)");
  options.text("grid", "X,Y,Z", c.grid, "blocks of the grid (default 1)");
  options.text("block", "X,Y,Z", c.block, "threads of a block (default 1)");
  options.integer("shared", "BYTES", c.shared, "size of dynamic shared memory (default 0)");
  options.list("arg", "ARG", c.arguments,
               "the next parameter:\n"
               "  in=FILE.npy            a buffer with these elements; ':bf16' behind it\n"
               "                         converts them, as numpy has no bfloat16\n"
               "  out=FILE.npy:f32:2x5   a buffer that nothing has written, saved afterwards\n"
               "  inout=FILE.npy:OUT.npy both\n"
               "  same=N                 the value of argument N, counted from 0\n"
               "  i32=7, f32=0.5 ...     a scalar");
  options.integer("seed", "N", c.seed,
                  "shuffle the order of warps, differently for each N; 0: in order");
  options.integer("threads", "N", c.threads, "of this CPU, for blocks (default: all)");
  options.integer("max-instructions", "N", c.maxInstructions,
                  "stop a block that runs longer (default 2^36)");
  options.flag("no-races", c.noRaces, "do not look for data races, which costs time and memory");
  options.flag("counters", c.counters,
               "print instructions, sectors, bank conflicts, and the lines that waste them");
  options.flag("json", c.json, "print faults and counters as JSON");
  options.examples(R"(
examples:
  ptx-run add.ptx --grid 4 --block 256 --arg in=a.npy --arg in=b.npy --arg out=c.npy:f32:1000 --arg i32=1000
  ptx-run gemm.ptx --kernel gemm --grid 2,2 --block 128 --shared 49152 --arg ... --seed 3 --counters

exit code: 0 no fault, 1 faults were found, 2 wrong use
)");
  options.parse(argc, argv);
  return c;
}

Expected<ptx::Dim3> parseDim(StringRef option, StringRef text) {
  uint32_t sizes[3] = {1, 1, 1};
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  bool fine = parts.size() <= 3;
  for (size_t i = 0; fine && i < parts.size(); ++i)
    fine = !parts[i].getAsInteger(10, sizes[i]) && sizes[i] > 0;
  if (!fine)
    return createStringError("--" + option +
                             " expects one to three positive sizes like 8,4, got '" + text + "'");
  return ptx::Dim3{sizes[0], sizes[1], sizes[2]};
}

void listKernels(const ptx::Module &module) {
  for (const ptx::Function &function : module.functions) {
    if (!function.isEntry)
      continue;
    outs() << function.name << "\n";
    for (const ptx::Variable &parameter : function.parameters)
      outs() << "  " << parameter.name << "  " << parameter.bytes << " bytes\n";
  }
}

Expected<std::string> chooseKernel(const Command &c, const ptx::Module &module) {
  if (!c.kernel.empty())
    return c.kernel;
  std::vector<std::string> names;
  for (const ptx::Function &function : module.functions)
    if (function.isEntry)
      names.push_back(function.name);
  if (names.size() == 1)
    return names[0];
  return createStringError("'" + c.file + "' has " + Twine(names.size()) +
                           " kernels, --kernel says which: " + join(names, ", "));
}

Expected<ptx::LaunchConfig> configuration(const Command &c) {
  ptx::LaunchConfig config;
  Expected<ptx::Dim3> grid = parseDim("grid", c.grid), block = parseDim("block", c.block);
  if (!grid || !block)
    return joinErrors(grid ? Error::success() : grid.takeError(),
                      block ? Error::success() : block.takeError());
  for (auto [name, value] : {std::pair("shared", c.shared),
                             {"seed", c.seed},
                             {"threads", c.threads},
                             {"max-instructions", c.maxInstructions}})
    if (value < 0)
      return createStringError("--" + Twine(name) + " expects no negative number");
  config.grid = *grid;
  config.block = *block;
  config.dynamicShared = static_cast<uint64_t>(c.shared);
  config.seed = static_cast<uint64_t>(c.seed);
  config.threads = static_cast<unsigned>(c.threads);
  config.findRaces = !c.noRaces;
  if (c.maxInstructions)
    config.maxInstructions = static_cast<uint64_t>(c.maxInstructions);
  return config;
}

/// Did the kernel run without a fault?
Expected<bool> runPtx(const Command &c) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(c.file);
  if (!file)
    return createStringError("cannot read '" + c.file + "': " + file.getError().message());
  Expected<ptx::Module> module = ptx::parseModule((*file)->getBuffer(), c.file);
  if (!module)
    return module.takeError();
  if (c.list) {
    listKernels(*module);
    return true;
  }
  Expected<std::string> kernel = chooseKernel(c, *module);
  if (!kernel)
    return kernel.takeError();
  ptx::DeviceMemory memory;
  StringMap<uint64_t> globals;
  if (Error error = memory.load(*module, globals))
    return std::move(error);
  Expected<ptx::Program> program = ptx::decodeProgram(*module, *kernel, globals);
  if (!program)
    return program.takeError();
  Expected<ptx::LaunchConfig> config = configuration(c);
  if (!config)
    return config.takeError();
  Expected<Arguments> arguments = readArguments(c.arguments, *program, memory);
  if (!arguments)
    return arguments.takeError();
  config->parameters = arguments->parameters;
  Expected<ptx::Report> report = ptx::launch(memory, *program, *config);
  if (!report)
    return report.takeError();
  printFaults(errs(), *program, *report);
  if (c.json)
    outs() << formatv("{0:2}", toJson(*program, *report)) << "\n";
  else if (c.counters)
    printCounters(outs(), *program, report->counters);
  if (report->faults.empty())
    if (Error error = writeOutputs(*arguments, memory))
      return std::move(error);
  return report->faults.empty();
}

} // namespace

int main(int argc, char **argv) {
  Expected<bool> fine = runPtx(parseCommand(argc, argv));
  if (fine)
    return *fine ? Fine : ComparisonFailed;
  errs() << "ptx-run: " << toString(fine.takeError()) << "\n";
  return WrongInput;
}
