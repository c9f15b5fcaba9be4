//===- MachineFunction.h - signature of the model at the machine level ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// After `bind-symbols` the model is
//
//   func @main(inputs..., outputs..., symbols..., workspace, weights, threads, tid, call)
//
// with memrefs for inputs and outputs, `index` for symbols, threads and tid, memref<?xi8> for
// workspace and weights, and the address of the runtime's tw_call. Every thread of the team runs it
// with its own tid.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H
#define TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::kernel {

class MachineFunction {
public:
  /// The view on `function`, or nothing if `append` has not made it a machine function.
  static std::optional<MachineFunction> get(func::FuncOp function);

  /// Appends the trailing arguments. `symbols` name the dimensions in the order of the runtime's
  /// array.
  static MachineFunction append(func::FuncOp function, ArrayRef<StringRef> symbols);

  func::FuncOp function() const { return func; }
  /// Inputs, then outputs.
  ArrayRef<BlockArgument> buffers() const { return arguments().take_front(numBuffers); }
  ArrayRef<BlockArgument> symbols() const { return arguments().slice(numBuffers, numSymbols); }
  BlockArgument workspace() const { return arguments().end()[-5]; }
  BlockArgument weights() const { return arguments().end()[-4]; }
  BlockArgument threads() const { return arguments().end()[-3]; }
  BlockArgument tid() const { return arguments().end()[-2]; }
  BlockArgument call() const { return arguments().end()[-1]; }

private:
  static constexpr unsigned kTrailing = 5;
  MachineFunction(func::FuncOp func, unsigned numSymbols)
      : func(func), numBuffers(func.getNumArguments() - numSymbols - kTrailing),
        numSymbols(numSymbols) {}
  ArrayRef<BlockArgument> arguments() const { return func.getBody().front().getArguments(); }

  mutable func::FuncOp func;
  unsigned numBuffers, numSymbols;
};

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H
