//===- OutlineRegions.cpp - parallel loops become functions of a share -------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_OUTLINEREGIONS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

// Inside a share parallelism is spent: inner parallel loops run in order.
LogicalResult serializeInnerLoops(scf::ForallOp forall) {
  SmallVector<scf::ForallOp> inner;
  forall.getRegion().walk([&](scf::ForallOp loop) { inner.push_back(loop); });
  IRRewriter rewriter(forall.getContext());
  for (scf::ForallOp loop : inner) {
    rewriter.setInsertionPoint(loop);
    if (failed(scf::forallToForLoop(rewriter, loop)))
      return loop.emitOpError("expects a loop without results inside a region");
  }
  return success();
}

// Adds what `values` are computed from: pure ops to `repeated` in their order, everything else to
// `captured`.
void splitCaptures(ArrayRef<Value> values, SetVector<Operation *> &repeated,
                   SetVector<Value> &captured) {
  for (Value value : values) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumRegions() || !isPure(op)) {
      captured.insert(value);
      continue;
    }
    if (repeated.contains(op))
      continue;
    splitCaptures(llvm::to_vector(op->getOperands()), repeated, captured);
    repeated.insert(op);
  }
}

// Builds the share's loop over the linear iteration space of `forall`.
struct ShareBuilder {
  OpBuilder &builder;
  Location loc;
  Value zero, one;

  ShareBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {
    zero = arith::ConstantIndexOp::create(builder, loc, 0);
    one = arith::ConstantIndexOp::create(builder, loc, 1);
  }

  Value mul(Value a, Value b) { return builder.createOrFold<arith::MulIOp>(loc, a, b); }
  Value add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(loc, a, b); }
  Value div(Value a, Value b) { return builder.createOrFold<arith::DivUIOp>(loc, a, b); }

  // The index tuple of linear iteration `at`, by division.
  SmallVector<Value> decompose(Value at, ArrayRef<Value> counts) {
    SmallVector<Value> tuple(counts.size());
    for (size_t i = counts.size() - 1; i > 0; --i) {
      // An empty space has no iterations, but its counts are still divided by.
      Value count = arith::MaxUIOp::create(builder, loc, counts[i], one);
      Value quotient = div(at, count);
      tuple[i] = arith::SubIOp::create(builder, loc, at, mul(quotient, count));
      at = quotient;
    }
    tuple[0] = at;
    return tuple;
  }

  // The tuple after `tuple`, innermost index first.
  SmallVector<Value> next(ValueRange tuple, ArrayRef<Value> counts) {
    SmallVector<Value> result(tuple);
    Value carry = one;
    for (size_t i = counts.size() - 1; i > 0; --i) {
      Value sum = add(tuple[i], carry);
      Value wraps = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, sum, counts[i]);
      result[i] = arith::SelectOp::create(builder, loc, wraps, zero, sum);
      carry = arith::SelectOp::create(builder, loc, wraps, one, zero);
    }
    result[0] = add(tuple[0], carry);
    return result;
  }

  void build(scf::ForallOp forall, IRMapping &map, Value tid, Value threads) {
    SmallVector<Value> lower, steps, counts;
    Value total = one;
    for (auto [from, to, by] : llvm::zip(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                                         forall.getMixedStep())) {
      auto materialize = [&](OpFoldResult size) {
        if (std::optional<int64_t> constant = getConstantIntValue(size))
          return arith::ConstantIndexOp::create(builder, loc, *constant).getResult();
        return map.lookup(cast<Value>(size));
      };
      lower.push_back(materialize(from));
      steps.push_back(materialize(by));
      Value extent = builder.createOrFold<arith::SubIOp>(loc, materialize(to), lower.back());
      counts.push_back(builder.createOrFold<arith::CeilDivSIOp>(loc, extent, steps.back()));
      total = mul(total, counts.back());
    }
    Value begin = div(mul(total, tid), threads);
    Value end = div(mul(total, add(tid, one)), threads);
    auto loop = scf::ForOp::create(builder, loc, begin, end, one, decompose(begin, counts));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    for (auto [i, index] : llvm::enumerate(loop.getRegionIterArgs()))
      map.map(forall.getInductionVar(i), add(mul(index, steps[i]), lower[i]));
    for (Operation &op : forall.getBody()->without_terminator())
      builder.clone(op, map);
    scf::YieldOp::create(builder, loc, next(loop.getRegionIterArgs(), counts));
  }
};

struct OutlineRegions : impl::OutlineRegionsBase<OutlineRegions> {
  void runOnOperation() override {
    FailureOr<MachineFunction> machine = MachineFunction::findIn(getOperation());
    if (failed(machine))
      return signalPassFailure();
    SmallVector<scf::ForallOp> foralls;
    machine->function().walk<WalkOrder::PreOrder>([&](scf::ForallOp forall) {
      foralls.push_back(forall);
      return WalkResult::skip();
    });
    for (auto [number, forall] : llvm::enumerate(foralls)) {
      if (forall.getNumResults() != 0) {
        forall.emitOpError("expects a parallel loop without results: bufferization comes first");
        return signalPassFailure();
      }
      if (failed(serializeInnerLoops(forall)))
        return signalPassFailure();
      outline(forall, *machine, "main_region_" + std::to_string(number) + nodesOf(forall.getLoc()));
    }
  }

  // ":NODE", the ONNX node whose work the region does, and "+N" for N more; empty without one. It
  // becomes the symbol of an object file, where some characters mean something.
  static std::string nodesOf(Location location) {
    llvm::SmallSetVector<StringRef, 4> names;
    location->walk([&](Location part) {
      if (auto name = dyn_cast<NameLoc>(part))
        names.insert(name.getName());
      return WalkResult::advance();
    });
    if (names.empty())
      return "";
    std::string more = names.size() > 1 ? "+" + std::to_string(names.size() - 1) : "";
    std::string node = names.front().str();
    std::replace_if(
        node.begin(), node.end(),
        [](char c) { return !llvm::isAlnum(c) && !StringRef("/.-_:+()[]").contains(c); }, '_');
    return ":" + node + more;
  }

  void outline(scf::ForallOp forall, MachineFunction machine, StringRef name) {
    SetVector<Value> used, captured;
    getUsedValuesDefinedAbove(forall.getRegion(), used);
    used.insert(forall.getOperands().begin(), forall.getOperands().end());
    SetVector<Operation *> repeated;
    splitCaptures(used.getArrayRef(), repeated, captured);
    // The share brings its own.
    captured.remove(machine.tid());
    captured.remove(machine.threads());

    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(machine.function());
    if (last && last->getBlock() == machine.function()->getBlock())
      builder.setInsertionPointAfter(last);
    SmallVector<Type> types(captured.getArrayRef().size());
    llvm::transform(captured, types.begin(), [](Value value) { return value.getType(); });
    types.append({builder.getIndexType(), builder.getIndexType()});
    auto region =
        func::FuncOp::create(builder, forall.getLoc(), name, builder.getFunctionType(types, {}));
    region.setPrivate();
    last = region;

    Block *entry = region.addEntryBlock();
    IRMapping map;
    for (auto [value, argument] : llvm::zip(captured, entry->getArguments()))
      map.map(value, argument);
    Value tid = entry->getArguments().end()[-2], threads = entry->getArguments().end()[-1];
    map.map(machine.tid(), tid);
    map.map(machine.threads(), threads);
    builder.setInsertionPointToStart(entry);
    for (Operation *op : repeated)
      builder.clone(*op, map);
    ShareBuilder(builder, forall.getLoc()).build(forall, map, tid, threads);
    func::ReturnOp::create(builder, forall.getLoc());
    hoistAllocas(region);

    builder.setInsertionPoint(forall);
    LaunchOp::create(builder, forall.getLoc(), name, captured.getArrayRef());
    forall.erase();
  }

  // In a loop the stack would grow with each iteration, and LLVM promotes only the entry block's
  // allocas to registers.
  static void hoistAllocas(func::FuncOp region) {
    Block &entry = region.getBody().front();
    SmallVector<memref::AllocaOp> allocas;
    region.walk([&](memref::AllocaOp op) {
      if (op.getType().hasStaticShape())
        allocas.push_back(op);
    });
    for (memref::AllocaOp op : llvm::reverse(allocas))
      op->moveBefore(&entry, entry.begin());
  }

  func::FuncOp last;
};
} // namespace
} // namespace mlir::kernel
