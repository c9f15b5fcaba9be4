//===- ExportWork.cpp - a function that computes the work of all regions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_EXPORTWORK
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
struct ExportWork : impl::ExportWorkBase<ExportWork> {
  void runOnOperation() override {
    FailureOr<MachineFunction> machine = MachineFunction::findIn(getOperation());
    if (failed(machine))
      return signalPassFailure();
    func::FuncOp main = machine->function();
    OpBuilder builder(main);
    Type index = builder.getIndexType();
    SmallVector<Type> inputs(machine->symbols().size(), index);
    inputs.push_back(MemRefType::get({ShapedType::kDynamic}, index));
    auto function = func::FuncOp::create(builder, main.getLoc(), "main_work",
                                         builder.getFunctionType(inputs, {}));
    function.setPrivate();
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping map;
    map.map(machine->symbols(), body->getArguments().drop_back());
    int64_t position = 0;
    main.walk<WalkOrder::PreOrder>([&](scf::ForallOp region) {
      for (Value count : workOf(builder, region, map)) {
        Value at = arith::ConstantIndexOp::create(builder, region.getLoc(), position++);
        memref::StoreOp::create(builder, region.getLoc(), count, body->getArguments().back(), at);
      }
      return WalkResult::skip();
    });
    func::ReturnOp::create(builder, main.getLoc());
    main.walk([](WorkOp op) { op.erase(); });
  }

  // The sums of all that the region says of itself: regions of one iteration have become one.
  static SmallVector<Value, 3> workOf(OpBuilder &builder, scf::ForallOp region, IRMapping &map) {
    SmallVector<Value, 3> sums(3, arith::ConstantIndexOp::create(builder, region.getLoc(), 0));
    for (auto work : region.getBody()->getOps<WorkOp>())
      for (auto [sum, count] : llvm::zip(sums, work->getOperands()))
        if (Value known = repeat(builder, count, map))
          sum = builder.createOrFold<arith::AddIOp>(work.getLoc(), sum, known);
    return sums;
  }

  // `value` computed from what `map` knows; null if it depends on something else.
  static Value repeat(OpBuilder &builder, Value value, IRMapping &map) {
    if (Value known = map.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumRegions() || !isMemoryEffectFree(op) ||
        !llvm::all_of(op->getOperands(),
                      [&](Value operand) { return repeat(builder, operand, map) != nullptr; }))
      return {};
    builder.clone(*op, map);
    return map.lookup(value);
  }
};
} // namespace
} // namespace mlir::kernel
