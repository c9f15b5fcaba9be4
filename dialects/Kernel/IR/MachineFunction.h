//===- MachineFunction.h - signature of the model at the machine level ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// After `bind-symbols` the model is
//
//   func @main(symbols..., workspace, weights, threads, tid, call)
//
// with `index` for symbols, threads and tid, memref<?xi8> for workspace and weights, and the
// address of the runtime's tw_call, from which `kernel.buffer` takes inputs and outputs. Every
// thread of the team runs it with its own tid.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H
#define TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::kernel {

class MachineFunction {
public:
  /// Weights and buffers begin at multiples of this many bytes: a cache line, and the widest
  /// vector.
  static constexpr int64_t kAlignment = 64;

  /// The view on `function`, or nothing if `append` has not made it a machine function.
  static std::optional<MachineFunction> get(func::FuncOp function);

  /// The machine function @main of `module`; failure with a diagnostic if there is none.
  static FailureOr<MachineFunction> findIn(ModuleOp module);

  /// Appends these arguments; the caller erases those that were there. `symbols` name the
  /// dimensions in the order of the runtime's array.
  static MachineFunction append(func::FuncOp function, ArrayRef<StringRef> symbols);

  func::FuncOp function() const { return func; }
  ArrayRef<BlockArgument> symbols() const {
    return arguments().take_back(numSymbols + kTrailing).drop_back(kTrailing);
  }
  BlockArgument workspace() const { return arguments().end()[-5]; }
  BlockArgument weights() const { return arguments().end()[-4]; }
  BlockArgument threads() const { return arguments().end()[-3]; }
  BlockArgument tid() const { return arguments().end()[-2]; }
  BlockArgument call() const { return arguments().end()[-1]; }

  /// Whether all that `op` does to memory is reading an element of an input or of the weights: all
  /// threads see the same there at any time. An output or the workspace may be written by a launch
  /// that another thread has not left yet.
  bool onlyReadsInputs(Operation *op) const;

private:
  static constexpr unsigned kTrailing = 5;
  MachineFunction(func::FuncOp func, unsigned numSymbols) : func(func), numSymbols(numSymbols) {}
  ArrayRef<BlockArgument> arguments() const { return func.getBody().front().getArguments(); }

  mutable func::FuncOp func;
  unsigned numSymbols;
};

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_IR_MACHINEFUNCTION_H
