//===- TargetsTest.cpp - the table of CPU levels -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Target/IR/Targets.h"
#include "lib/Emit/Descriptor.h"
#include "lib/Emit/Targets.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include <gtest/gtest.h>

using namespace tilewright;
namespace target = mlir::target;

namespace {

struct Targets : testing::Test {
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Targets() {
    context.loadDialect<target::TargetDialect>();
    module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  }

  // What LLVM says of a level agrees with what its record says.
  void check(target::CpuAttr cpu) {
    SCOPED_TRACE(cpu.getName().str());
    auto machine = makeTargetMachine(*module, cpu);
    ASSERT_TRUE(machine);
    const llvm::MCSubtargetInfo &info = *machine->getMCSubtargetInfo();
    EXPECT_TRUE(info.isCPUStringValid(cpu.getCpu()));
    EXPECT_NE(requiredFeatures(info, {}), 0u);
    if (machine->getTargetTriple().isX86()) {
      bool wide = info.checkFeatures("+avx512f") && info.checkFeatures("+avx512vl");
      EXPECT_EQ(cpu.getLanes(), wide ? 16 : info.checkFeatures("+avx2") ? 8 : 4);
      EXPECT_EQ(cpu.getRegisters(), wide ? 32 : 16);
    }
    EXPECT_GE(cpu.getL1(), 16 << 10);
    EXPECT_LE(cpu.getL1(), 256 << 10);
    EXPECT_GT(cpu.getL2(), cpu.getL1());
    EXPECT_LE(cpu.getL2(), 64 << 20);
  }

  std::string messageFor(llvm::StringRef names) {
    return llvm::toString(parseTargets(&context, names).takeError());
  }
};

TEST_F(Targets, RecordsAgreeWithLlvm) {
  ASSERT_FALSE(target::allCpuLevels().empty());
  for (const target::CpuRecord &level : target::allCpuLevels()) {
    EXPECT_GT(llvm::StringRef(level.summary).size(), 10u);
    check(makeTarget(&context, level.name));
  }
}

TEST_F(Targets, NativeIsThisMachine) {
  check(makeTarget(&context, "native"));
}

TEST_F(Targets, TilesAreRequiredWhereTheyAreUsed) {
  auto machine = makeTargetMachine(*module, makeTarget(&context, "sapphirerapids"));
  ASSERT_TRUE(machine);
  const llvm::MCSubtargetInfo &info = *machine->getMCSubtargetInfo();
  llvm::StringSet<> tiles;
  tiles.insert("amx-tile");
  tiles.insert("amx-bf16");
  EXPECT_EQ(llvm::popcount(requiredFeatures(info, tiles)),
            llvm::popcount(requiredFeatures(info, {})) + 2);
}

TEST_F(Targets, Lists) {
  auto two = parseTargets(&context, "x86-64-v3,x86-64-v4");
  ASSERT_TRUE(bool(two));
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ((*two)[1].getName(), "x86-64-v4");
  EXPECT_TRUE(llvm::StringRef(messageFor("")).ends_with("got ''"));
  EXPECT_TRUE(llvm::StringRef(messageFor("x86-64-v3,")).ends_with("got ''"));
  EXPECT_EQ(messageFor("aarch64,x86-64-v3"),
            "expects targets of one architecture in an artefact, got 'aarch64' and 'x86-64-v3'");
}

} // namespace
