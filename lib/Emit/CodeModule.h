//===- CodeModule.h - the model's code as an LLVM module -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_CODEMODULE_H
#define TILEWRIGHT_LIB_EMIT_CODEMODULE_H

#include "lib/Emit/Descriptor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace tilewright {

/// The LLVM dialect of `module` as LLVM IR for `machine`. Weights are left out. Null with a
/// diagnostic if it does not translate.
std::unique_ptr<llvm::Module> translateCode(mlir::ModuleOp module, llvm::LLVMContext &context,
                                            llvm::TargetMachine &machine);

/// The regions of the model, in the order of their numbers.
std::vector<RegionLabel> regionLabels(const llvm::Module &code);

/// Gives the code of `variant` names that no other variant has: NAME.ISA.
void nameForVariant(llvm::Module &code, VariantCode &variant);

/// Adds lib/Runtime.
llvm::Error linkRuntime(llvm::Module &code);

/// Makes everything local but `exported`, so that optimisation and the linker drop what nobody
/// uses.
void internalize(llvm::Module &code, llvm::ArrayRef<std::string> exported);

/// LLVM's O3 without its own loop transformations: loops are final. Unrolling a row would forward
/// its loads from pass to pass and spill them; vectorizing what is left (tails, scalar statistics)
/// only adds code.
llvm::Error optimize(llvm::Module &code, llvm::TargetMachine &machine);

/// Writes an object or assembly.
llvm::Error generate(llvm::Module &code, llvm::TargetMachine &machine, llvm::StringRef path,
                     bool assembly);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_CODEMODULE_H
