//===- BindSymbols.cpp - sizes and buffers come from the caller -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_BINDSYMBOLS
#include "lib/Conversion/Passes.h.inc"

namespace {

// An argument that stands for buffers of the caller: one, or one for each layer of a stack.
struct Boundary {
  Value argument;
  ArrayRef<int64_t> positions;
  bool isOutput;
  SmallVector<Value> sizes; // of one buffer, by dimension; null where static

  MemRefType type() const { return cast<MemRefType>(argument.getType()); }
  bool isStack() const { return positions.size() > 1; }
};

// Positions in order of layers as a computation on `layer`: linear where they are, else a table.
Value positionOf(OpBuilder &builder, Location loc, ArrayRef<int64_t> positions,
                 OpFoldResult layer) {
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value).getResult();
  };
  if (std::optional<int64_t> known = getConstantIntValue(layer))
    return constant(positions[*known]);
  int64_t first = positions[0], stride = positions[1] - first;
  bool linear = llvm::all_of(llvm::enumerate(positions), [&](auto entry) {
    return entry.value() == first + static_cast<int64_t>(entry.index()) * stride;
  });
  auto index = cast<Value>(layer);
  if (linear)
    return arith::AddIOp::create(builder, loc,
                                 arith::MulIOp::create(builder, loc, index, constant(stride)),
                                 constant(first));
  auto layers = llvm::to_vector(llvm::seq<int64_t>(1, positions.size()));
  auto table = scf::IndexSwitchOp::create(builder, loc, builder.getIndexType(), index, layers,
                                          layers.size());
  OpBuilder::InsertionGuard guard(builder);
  for (auto [region, position] :
       llvm::zip(llvm::concat<Region>(MutableArrayRef(&table.getDefaultRegion(), 1),
                                      table.getCaseRegions()),
                 positions)) {
    builder.createBlock(&region);
    scf::YieldOp::create(builder, loc, constant(position));
  }
  return table.getResult(0);
}

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
    SmallVector<StringRef> names;
    for (const xf::SymbolInterface &symbol : interface.symbols)
      names.push_back(symbol.name);
    unsigned boundaries = main.getNumArguments();
    auto machine = kernel::MachineFunction::append(main, names);
    auto checks = module.lookupSymbol<func::FuncOp>("main_checks");
    if (failed(appendSymbols(shapes, names)) || (checks && failed(appendSymbols(checks, names))) ||
        failed(bindDims(main, names, machine.symbols())) ||
        failed(bindBuffers(machine, shapes, boundaries)))
      return signalPassFailure();
    llvm::BitVector bound(main.getNumArguments());
    bound.set(0, boundaries);
    (void)main.eraseArguments(bound);
  }

  // The symbols are the arguments of a function that computes sizes.
  static LogicalResult appendSymbols(func::FuncOp function, ArrayRef<StringRef> names) {
    for (size_t i = 0; i < names.size(); ++i)
      (void)function.insertArgument(i, IndexType::get(function.getContext()), {},
                                    function.getLoc());
    return bindDims(function, names, function.getArguments());
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

  // Replaces the first `count` arguments by `kernel.buffer` ops.
  LogicalResult bindBuffers(kernel::MachineFunction machine, func::FuncOp shapes, unsigned count) {
    func::FuncOp main = machine.function();
    OpBuilder builder = OpBuilder::atBlockBegin(&main.getBody().front());
    SmallVector<Value> outputSizes = inlineShapes(builder, machine, shapes);
    size_t known = 0;
    for (unsigned i = 0; i < count; ++i) {
      auto positions = main.getArgAttrOfType<DenseI64ArrayAttr>(i, xf::kBuffers);
      if (!positions)
        return main.emitError("expects xf.buffers on argument ")
               << i << "; xf-export-interface writes it";
      known += positions.size();
      int64_t position = positions[0], inputs = interface.inputs.size();
      Boundary boundary{main.getArgument(i), positions.asArrayRef(), position >= inputs, {}};
      if (!boundary.isOutput)
        for (StringRef name : interface.inputs[position].dims)
          boundary.sizes.push_back(symbolOf(machine, name));
      else
        boundary.sizes.assign(outputSizes.begin() + firstSize(position - inputs),
                              outputSizes.begin() + firstSize(position - inputs + 1));
      bindSizes(boundary);
      if (failed(boundary.isStack() ? bindStack(machine, boundary)
                                    : bindBuffer(builder, machine, boundary)))
        return failure();
    }
    if (known != interface.inputs.size() + interface.outputs.size())
      return main.emitError("expects one memref per input and output, got ")
             << main.getFunctionType();
    return success();
  }

  // Replaces `memref.dim` of a dynamic dimension; upstream folds the others.
  static void bindSizes(const Boundary &boundary) {
    for (Operation *user : llvm::make_early_inc_range(boundary.argument.getUsers())) {
      auto op = dyn_cast<memref::DimOp>(user);
      std::optional<int64_t> dim = op ? op.getConstantIndex() : std::nullopt;
      if (!dim || !boundary.type().isDynamicDim(*dim))
        continue;
      op.replaceAllUsesWith(boundary.sizes[*dim - boundary.isStack()]);
      op.erase();
    }
  }

  static Value bufferOf(OpBuilder &builder, Location loc, kernel::MachineFunction machine,
                        const Boundary &boundary, MemRefType type, Value position) {
    SmallVector<Value> dynamic;
    for (auto [dim, size] : llvm::enumerate(boundary.sizes))
      if (type.isDynamicDim(dim + boundary.isStack()))
        dynamic.push_back(size);
    return kernel::BufferOp::create(builder, loc, type, machine.call(), position, dynamic,
                                    boundary.isOutput);
  }

  static LogicalResult bindBuffer(OpBuilder &builder, kernel::MachineFunction machine,
                                  const Boundary &boundary) {
    Location loc = boundary.argument.getLoc();
    Value position = arith::ConstantIndexOp::create(builder, loc, boundary.positions[0]);
    Value argument = boundary.argument;
    argument.replaceAllUsesWith(
        bufferOf(builder, loc, machine, boundary, boundary.type(), position));
    return success();
  }

  // The buffers of a stack lie apart. A view of one layer is the same view of its buffer, which is
  // a stack of one.
  static LogicalResult bindStack(kernel::MachineFunction machine, const Boundary &boundary) {
    SmallVector<int64_t> shape(boundary.type().getShape());
    shape[0] = 1;
    auto type = MemRefType::get(shape, boundary.type().getElementType());
    for (Operation *user : llvm::make_early_inc_range(boundary.argument.getUsers())) {
      auto view = dyn_cast<memref::SubViewOp>(user);
      if (!view || !isOneInteger(view.getMixedSizes()[0]))
        return user->emitOpError("expects one layer at a time of a stack of the caller's buffers, "
                                 "which lie apart");
      OpBuilder builder(view);
      Location loc = view.getLoc();
      Value position = positionOf(builder, loc, boundary.positions, view.getMixedOffsets()[0]);
      Value buffer = bufferOf(builder, loc, machine, boundary, type, position);
      SmallVector<OpFoldResult> offsets = view.getMixedOffsets();
      offsets[0] = builder.getIndexAttr(0);
      auto viewType = memref::SubViewOp::inferRankReducedResultType(
          view.getType().getShape(), type, offsets, view.getMixedSizes(), view.getMixedStrides());
      Value layer = memref::SubViewOp::create(builder, loc, viewType, buffer, offsets,
                                              view.getMixedSizes(), view.getMixedStrides());
      if (viewType != view.getType())
        layer = memref::CastOp::create(builder, loc, view.getType(), layer);
      view.replaceAllUsesWith(layer);
      view.erase();
    }
    return success();
  }

  // Null for "", the name of a static dimension.
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

  static SmallVector<Value> inlineShapes(OpBuilder &builder, kernel::MachineFunction machine,
                                         func::FuncOp shapes) {
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
