//===- ExportInterface.cpp - names, sizes and checks that callers see ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::xf {
#define GEN_PASS_DEF_EXPORTINTERFACE
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

SmallVector<std::string> dimNames(ArrayAttr names, RankedTensorType type) {
  SmallVector<std::string> dims(type.getRank());
  if (names)
    for (auto [i, name] : llvm::enumerate(names.getAsRange<StringAttr>()))
      if (type.isDynamicDim(i))
        dims[i] = name.str();
  return dims;
}

// "input 'ids'" or "input 2" for diagnostics and as a fallback for the name itself.
std::string nameOr(StringAttr name, StringRef kind, unsigned index) {
  return name ? name.str() : (kind + Twine(index)).str();
}

// A size in the terms of the caller: "'past' + 2 * 'seq'".
std::string describe(Value size, bool nested = false) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return std::to_string(*constant);
  Operation *op = size.getDefiningOp();
  if (auto dim = dyn_cast<DimOp>(op))
    return ("'" + dim.getName() + "'").str();
  if (isa<arith::MinSIOp, arith::MaxSIOp>(op))
    return (isa<arith::MinSIOp>(op) ? "min(" : "max(") + describe(op->getOperand(0)) + ", " +
           describe(op->getOperand(1)) + ")";
  StringRef sign = llvm::TypeSwitch<Operation *, StringRef>(op)
                       .Case([](arith::AddIOp) { return " + "; })
                       .Case([](arith::SubIOp) { return " - "; })
                       .Case([](arith::MulIOp) { return " * "; })
                       .Case<arith::DivSIOp, arith::DivUIOp>([](auto) { return " / "; })
                       .Case<arith::RemSIOp, arith::RemUIOp>([](auto) { return " % "; })
                       .Default([](Operation *) { return StringRef(); });
  if (sign.empty())
    return "a computed size";
  std::string text =
      describe(op->getOperand(0), true) + sign.str() + describe(op->getOperand(1), true);
  return nested ? "(" + text + ")" : text;
}

std::string describe(RequireOp require) {
  auto remainder = require.getLhs().getDefiningOp<arith::RemSIOp>();
  if (remainder && getConstantIntValue(require.getRhs()) == 0)
    return describe(remainder.getLhs()) + " to be a multiple of " + describe(remainder.getRhs());
  return describe(require.getLhs()) + " to be equal to " + describe(require.getRhs());
}

struct ExportInterface : impl::ExportInterfaceBase<ExportInterface> {
  void runOnOperation() override {
    interface = {};
    // Layers may have been rolled since: the caller's buffers are those of the first time.
    if (hasModelInterface(getOperation()))
      return;
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("expects a model: a function @main with a body of one block");
      return signalPassFailure();
    }
    if (failed(exportInputs(main)) || failed(exportOutputs(main)) || failed(exportChecks(main)))
      return signalPassFailure();
    setModelInterface(getOperation(), interface);
    numberBuffers(main);
  }

  LogicalResult exportInputs(func::FuncOp main) {
    for (unsigned i = 0; i < main.getNumArguments(); ++i) {
      auto type = dyn_cast<RankedTensorType>(main.getArgument(i).getType());
      std::string name = nameOr(main.getArgAttrOfType<StringAttr>(i, "xf.name"), "input", i);
      if (!type)
        return main.emitError("expects input '") << name << "' to be a ranked tensor";
      SmallVector<std::string> dims =
          dimNames(main.getArgAttrOfType<ArrayAttr>(i, "xf.dims"), type);
      for (auto [dim, symbol] : llvm::enumerate(dims)) {
        if (!type.isDynamicDim(dim))
          continue;
        if (symbol.empty())
          return main.emitError("expects a name for dynamic dimension ")
                 << dim << " of input '" << name << "' in xf.dims";
        if (llvm::none_of(interface.symbols,
                          [&, &symbol = symbol](auto &known) { return known.name == symbol; }))
          interface.symbols.push_back({symbol, 0, 0});
      }
      interface.inputs.push_back({name, type, dims});
    }
    return success();
  }

  static void numberBuffers(func::FuncOp main) {
    Builder builder(main.getContext());
    int64_t position = 0;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      main.setArgAttr(i, kBuffers, builder.getDenseI64ArrayAttr(position++));
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      main.setResultAttr(i, kBuffers, builder.getDenseI64ArrayAttr(position++));
  }

  static std::string outputName(func::FuncOp main, unsigned i) {
    return nameOr(main.getResultAttrOfType<StringAttr>(i, "xf.name"), "output", i);
  }

  // @main_shapes is a copy of the size arithmetic behind the results.
  LogicalResult exportOutputs(func::FuncOp main) {
    auto yield = cast<func::ReturnOp>(main.getBody().back().getTerminator());
    OpBuilder builder(main);
    SmallVector<Type> types;
    for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor)
        return main.emitError("expects output '")
               << outputName(main, i) << "' to be a ranked tensor";
      types.append(tensor.getRank(), builder.getIndexType());
    }
    auto shapes = func::FuncOp::create(builder, main.getLoc(), "main_shapes",
                                       builder.getFunctionType({}, types));
    shapes.setPrivate();
    OpBuilder inside = OpBuilder::atBlockEnd(shapes.addEntryBlock());
    IRMapping known;
    SmallVector<Value> sizes;
    for (auto [i, value] : llvm::enumerate(yield.getOperands())) {
      auto type = cast<RankedTensorType>(main.getResultTypes()[i]);
      std::string name = outputName(main, i);
      interface.outputs.push_back(
          {name, type, dimNames(main.getResultAttrOfType<ArrayAttr>(i, "xf.dims"), type)});
      builder.setInsertionPoint(yield);
      for (int64_t dim = 0; dim < type.getRank(); ++dim) {
        OpFoldResult size = dimOf(builder, yield.getLoc(), value, dim);
        Value copy;
        if (std::optional<int64_t> constant = getConstantIntValue(size))
          copy = arith::ConstantIndexOp::create(inside, yield.getLoc(), *constant);
        else
          copy = cloneSize(inside, cast<Value>(size), known);
        if (!copy)
          return main.emitError("expects the size of dimension ")
                 << dim << " of output '" << name
                 << "' to follow from the sizes of inputs; it depends on data, or divides by a "
                    "size "
                    "that may be 0";
        sizes.push_back(copy);
      }
    }
    func::ReturnOp::create(inside, yield.getLoc(), sizes);
    return success();
  }

  // @main_checks is a copy of the size arithmetic behind each xf.require, which then vanishes.
  LogicalResult exportChecks(func::FuncOp main) {
    auto required = llvm::to_vector(main.getBody().getOps<RequireOp>());
    if (required.empty())
      return success();
    OpBuilder builder(main);
    auto checks = func::FuncOp::create(builder, main.getLoc(), "main_checks",
                                       builder.getFunctionType({}, builder.getIndexType()));
    checks.setPrivate();
    OpBuilder inside = OpBuilder::atBlockEnd(checks.addEntryBlock());
    IRMapping known;
    Value failing = arith::ConstantIndexOp::create(inside, main.getLoc(), -1);
    // Backwards: the first one has the last word.
    for (size_t i = required.size(); i-- > 0;) {
      RequireOp require = required[i];
      Value lhs = cloneSize(inside, require.getLhs(), known),
            rhs = cloneSize(inside, require.getRhs(), known);
      if (!lhs || !rhs)
        return require.emitOpError("expects sizes that follow from the sizes of inputs");
      Value differs =
          arith::CmpIOp::create(inside, require.getLoc(), arith::CmpIPredicate::ne, lhs, rhs);
      Value number = arith::ConstantIndexOp::create(inside, require.getLoc(), i);
      failing = arith::SelectOp::create(inside, require.getLoc(), differs, number, failing);
    }
    func::ReturnOp::create(inside, main.getLoc(), failing);
    for (RequireOp require : required) {
      interface.checks.push_back(describe(require));
      require.erase();
    }
    return success();
  }

  // The scalar computation of `value`, or null where it needs a tensor or a memory access. (A
  // division is not pure, as it cannot be speculated, but it is computed here as in @main.)
  Value cloneSize(OpBuilder &builder, Value value, IRMapping &known) {
    if (Value copy = known.lookupOrNull(value))
      return copy;
    Operation *op = value.getDefiningOp();
    if (!op || !isMemoryEffectFree(op) || op->getNumRegions() || isa<ShapedType>(value.getType()))
      return {};
    for (Value operand : op->getOperands())
      if (!cloneSize(builder, operand, known))
        return {};
    builder.clone(*op, known);
    return known.lookup(value);
  }

  ModelInterface interface;
};
} // namespace
} // namespace mlir::xf
