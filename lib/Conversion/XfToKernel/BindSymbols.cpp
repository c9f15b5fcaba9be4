//===- BindSymbols.cpp - sizes come from the caller -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/Passes.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_BINDSYMBOLS
#include "lib/Conversion/Passes.h.inc"

namespace {
struct BindSymbols : impl::BindSymbolsBase<BindSymbols> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<xf::ModelInterface> found = xf::getModelInterface(module);
    auto main = module.lookupSymbol<func::FuncOp>("main");
    auto shapes = module.lookupSymbol<func::FuncOp>("main_shapes");
    if (failed(found))
      return signalPassFailure();
    if (!main || !shapes) {
      module.emitError("expects @main and @main_shapes; xf-export-interface makes the latter");
      return signalPassFailure();
    }
    interface = std::move(*found);
    if (main.getNumArguments() != interface.inputs.size() + interface.outputs.size()) {
      main.emitError("expects one memref per input and output, got ") << main.getFunctionType();
      return signalPassFailure();
    }
    SmallVector<StringRef> names;
    for (const xf::SymbolInterface &symbol : interface.symbols)
      names.push_back(symbol.name);
    auto machine = kernel::MachineFunction::append(main, names);
    for (size_t i = 0; i < names.size(); ++i)
      (void)shapes.insertArgument(i, IndexType::get(&getContext()), {}, main.getLoc());
    if (failed(bindDims(shapes, names, shapes.getArguments())) ||
        failed(bindDims(main, names, machine.symbols())))
      return signalPassFailure();
    bindBufferSizes(machine, shapes);
  }

  // Replaces `xf.dim` by arguments.
  static LogicalResult bindDims(func::FuncOp function, ArrayRef<StringRef> names,
                                ArrayRef<BlockArgument> values) {
    WalkResult result = function.walk([&](xf::DimOp op) {
      const StringRef *name = llvm::find(names, op.getName());
      if (name == names.end()) {
        op.emitOpError("expects dimension '") << op.getName() << "' to be one of an input's";
        return WalkResult::interrupt();
      }
      op.replaceAllUsesWith(Value(values[name - names.begin()]));
      op.erase();
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  // Replaces `memref.dim` of inputs by symbols and of outputs by their computed sizes.
  void bindBufferSizes(kernel::MachineFunction machine, func::FuncOp shapes) {
    SmallVector<memref::DimOp> dims;
    machine.function().walk([&](memref::DimOp op) {
      if (isa<BlockArgument>(op.getSource()) && op.getConstantIndex() &&
          llvm::is_contained(machine.buffers(), op.getSource()))
        dims.push_back(op);
    });
    SmallVector<Value> outputSizes;
    for (memref::DimOp op : dims) {
      unsigned number = cast<BlockArgument>(op.getSource()).getArgNumber();
      int64_t dim = *op.getConstantIndex();
      Value size;
      if (number < interface.inputs.size()) {
        size = symbolOf(machine, interface.inputs[number].dims[dim]);
      } else {
        if (outputSizes.empty())
          outputSizes = inlineShapes(machine, shapes);
        size = outputSizes[firstSize(number - interface.inputs.size()) + dim];
      }
      if (!size) // static: upstream folds it
        continue;
      op.replaceAllUsesWith(size);
      op.erase();
    }
  }

  Value symbolOf(kernel::MachineFunction machine, StringRef name) {
    for (auto [symbol, value] : llvm::zip(interface.symbols, machine.symbols()))
      if (symbol.name == name)
        return value;
    return {};
  }

  // Where the sizes of an output begin among the results of @main_shapes.
  int64_t firstSize(unsigned output) {
    int64_t first = 0;
    for (unsigned i = 0; i < output; ++i)
      first += interface.outputs[i].type.getRank();
    return first;
  }

  static SmallVector<Value> inlineShapes(kernel::MachineFunction machine, func::FuncOp shapes) {
    OpBuilder builder = OpBuilder::atBlockBegin(&machine.function().getBody().front());
    IRMapping map;
    for (auto [from, to] : llvm::zip(shapes.getArguments(), machine.symbols()))
      map.map(from, to);
    Block &body = shapes.getBody().front();
    for (Operation &op : body.without_terminator())
      builder.clone(op, map);
    return llvm::map_to_vector(body.getTerminator()->getOperands(),
                               [&](Value size) { return map.lookup(size); });
  }

  xf::ModelInterface interface;
};
} // namespace
} // namespace tilewright
