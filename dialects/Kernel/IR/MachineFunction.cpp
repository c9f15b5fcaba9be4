//===- MachineFunction.cpp - signature of the model at the machine level ----===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/IR/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::kernel;

static constexpr StringLiteral kSymbols = "kernel.symbols";

std::optional<MachineFunction> MachineFunction::get(func::FuncOp function) {
  auto symbols = function ? function->getAttrOfType<ArrayAttr>(kSymbols) : ArrayAttr();
  if (!symbols || function.isDeclaration() ||
      function.getNumArguments() != symbols.size() + kTrailing)
    return std::nullopt;
  return MachineFunction(function, symbols.size());
}

FailureOr<MachineFunction> MachineFunction::findIn(ModuleOp module) {
  if (std::optional<MachineFunction> found = get(module.lookupSymbol<func::FuncOp>("main")))
    return *found;
  return module.emitError("expects a machine function; bind-symbols makes it"), failure();
}

MachineFunction MachineFunction::append(func::FuncOp function, ArrayRef<StringRef> symbols) {
  Builder builder(function.getContext());
  SmallVector<Type> types(symbols.size(), builder.getIndexType());
  Type bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  types.append({bytes, bytes, builder.getIndexType(), builder.getIndexType(),
                LLVM::LLVMPointerType::get(builder.getContext())});
  for (Type type : types)
    (void)function.insertArgument(function.getNumArguments(), type, {}, function.getLoc());
  function->setAttr(kSymbols, builder.getStrArrayAttr(symbols));
  return MachineFunction(function, symbols.size());
}

bool MachineFunction::onlyReadsInputs(Operation *op) const {
  auto load = dyn_cast<memref::LoadOp>(op);
  if (!load)
    return false;
  Value memref = load.getMemRef();
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  auto buffer = memref.getDefiningOp<BufferOp>();
  return buffer ? !buffer.getOutput() : memref == weights();
}
