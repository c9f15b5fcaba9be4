//===- RowsToVectorLoops.cpp - linalg on memrefs to vector loops -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowLoops.h"
#include "lib/Codegen/RowShape.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_ROWSTOVECTORLOOPS
#include "lib/Codegen/Passes.h.inc"

namespace {

// The buffer that `value` views: an allocation, an argument of the function or a handle on a
// weight, which never overlap; null if that is not known (a buffer that a loop exchanges, one of
// two by a condition).
Value baseOf(Value value) {
  while (true) {
    if (auto view = value.getDefiningOp<ViewLikeOpInterface>()) {
      value = view.getViewSource();
      continue;
    }
    if (Operation *op = value.getDefiningOp()) {
      bool chooses =
          op->getNumRegions() || llvm::any_of(op->getOperandTypes(), llvm::IsaPred<BaseMemRefType>);
      return chooses ? Value() : value;
    }
    auto argument = cast<BlockArgument>(value);
    if (isa<FunctionOpInterface>(argument.getOwner()->getParentOp()))
      return value;
    auto loop = dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
    OpOperand *yielded = loop ? loop.getTiedLoopYieldedValue(argument) : nullptr;
    if (!init || !yielded || yielded->get() != argument)
      return {};
    value = init->get();
  }
}

// Two views of one buffer that differ by constants in some dimension and do not meet there.
bool areDisjointViews(Value a, Value b) {
  auto x = a.getDefiningOp<memref::SubViewOp>(), y = b.getDefiningOp<memref::SubViewOp>();
  if (!x || !y || x.getSource() != y.getSource())
    return false;
  auto isBefore = [](memref::SubViewOp p, memref::SubViewOp q, unsigned dim) {
    std::optional<int64_t> from = getConstantIntValue(p.getMixedOffsets()[dim]),
                           size = getConstantIntValue(p.getMixedSizes()[dim]),
                           stride = getConstantIntValue(p.getMixedStrides()[dim]),
                           next = getConstantIntValue(q.getMixedOffsets()[dim]);
    return from && size && stride && next && *from + (*size - 1) * *stride < *next;
  };
  for (unsigned dim = 0; dim < x.getMixedOffsets().size(); ++dim)
    if (isBefore(x, y, dim) || isBefore(y, x, dim))
      return true;
  return false;
}

bool mayOverlap(Value a, Value b) {
  Value x = baseOf(a), y = baseOf(b);
  return (!x || !y || x == y) && !areDisjointViews(a, b);
}

// What rows passed on in registers was stored as well: a buffer that nobody reads goes.
void eraseUnreadBuffers(func::FuncOp function) {
  function.walk([](memref::AllocOp alloc) {
    bool written = llvm::all_of(alloc->getUses(), [](OpOperand &use) {
      Operation *user = use.getOwner();
      if (auto store = dyn_cast<vector::StoreOp>(user))
        return &use == &store.getBaseMutable();
      if (auto store = dyn_cast<vector::MaskedStoreOp>(user))
        return &use == &store.getBaseMutable();
      if (auto store = dyn_cast<memref::StoreOp>(user))
        return &use == &store.getMemrefMutable();
      return false;
    });
    if (!written)
      return;
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      user->erase();
    alloc->erase();
  });
}

bool isBuffer(Value value) {
  return isa<MemRefType>(value.getType());
}

// Buffers that the body of `op` reads at computed places.
SmallVector<Value> gathered(linalg::LinalgOp op) {
  SmallVector<Value> buffers;
  for (auto load : op.getBlock()->getOps<memref::LoadOp>())
    buffers.push_back(load.getMemRef());
  return buffers;
}

// May both accesses happen in one iteration, the one of `first` before the one of `second`? They do
// not conflict, or meet at the same element in each lane.
bool inStep(Row &first, OpOperand &x, Row &second, OpOperand &y) {
  bool writes = first.op.isDpsInit(&x) || second.op.isDpsInit(&y);
  if (!writes || !isBuffer(x.get()) || !isBuffer(y.get()) || !mayOverlap(x.get(), y.get()))
    return true;
  return x.get() == y.get() && first.motionOf(x) != Motion::Uniform &&
         first.accessOf(x) == second.accessOf(y);
}

bool joins(MutableArrayRef<Row> group, Row &row) {
  if (group.empty())
    return true;
  if (group.front().extent != row.extent || !row.inner.empty() || !group.front().inner.empty())
    return false;
  auto overlapsGather = [](Row &reader, Row &writer) {
    return llvm::any_of(gathered(reader.op), [&](Value buffer) {
      return llvm::any_of(writer.op.getDpsInits(),
                          [&](Value out) { return mayOverlap(buffer, out); });
    });
  };
  for (Row &member : group) {
    if (overlapsGather(member, row) || overlapsGather(row, member))
      return false;
    for (OpOperand &x : member.op->getOpOperands())
      for (OpOperand &y : row.op->getOpOperands())
        if (!inStep(member, x, row, y))
          return false;
  }
  return true;
}

bool touches(linalg::LinalgOp a, linalg::LinalgOp b) {
  SmallVector<Value> of = gathered(a), with = gathered(b);
  llvm::append_range(of, a->getOperands());
  llvm::append_range(with, b->getOperands());
  for (Value x : of)
    for (Value y : with)
      if (isBuffer(x) && isBuffer(y) && mayOverlap(x, y))
        return true;
  return false;
}

class BlockRewriter {
public:
  BlockRewriter(Block &block, const VectorTarget &target)
      : block(block), target(target), builder(block.getParentOp()->getContext()) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      if (linalgOp && linalgOp.hasPureBufferSemantics())
        visit(linalgOp);
      else if (!isMemoryEffectFree(&op) && !isa<memref::AllocOp, memref::AllocaOp>(op))
        flush();
    }
    flush();
  }

private:
  Block &block;
  const VectorTarget &target;
  OpBuilder builder;
  SmallVector<Row> group;
  DenseMap<std::pair<Value, Value>, Value> sizes; // memref.dim ops of this block

  void flush() {
    if (group.empty())
      return;
    builder.setInsertionPointAfter(group.back().op);
    emitRows(builder, group, target);
    group.clear();
  }

  // Equal sizes are equal SSA values, as the grouping compares them.
  void unifySize(Row &row) {
    auto value = dyn_cast_if_present<Value>(row.extent);
    auto dim = value ? value.getDefiningOp<memref::DimOp>() : memref::DimOp();
    if (!dim)
      return;
    auto [known, isNew] = sizes.insert({{dim.getSource(), dim.getIndex()}, value});
    if (!isNew && known->second.getDefiningOp()->isBeforeInBlock(row.op))
      row.extent = known->second;
  }

  void visit(linalg::LinalgOp op) {
    builder.setInsertionPoint(op);
    SmallVector<unsigned> outer;
    int rows, columns;
    FailureOr<Row> row = failure();
    if (!isTransposition(op, rows, columns))
      row = asRow(builder, op, outer);
    if (failed(row)) {
      flush();
      builder.setInsertionPoint(op);
      (void)emitTransposition(builder, op, target);
      return;
    }
    if (!outer.empty()) {
      flush();
      return emitNest(*row, outer);
    }
    if (row->loop < 0) {
      if (llvm::any_of(group, [&](Row &member) { return touches(member.op, op); }))
        flush();
      builder.setInsertionPoint(op);
      return emitScalar(builder, *row);
    }
    unifySize(*row);
    if (!joins(group, *row))
      flush();
    group.push_back(*row);
  }

  // Loops over everything but the row, then the row.
  void emitNest(Row &row, ArrayRef<unsigned> outer) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(row.op);
    Location loc = row.op.getLoc();
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    for (unsigned loop : outer) {
      Value end = getValueOrCreateConstantIndexOp(builder, loc, row.ranges[loop].size);
      auto nest = scf::ForOp::create(builder, loc, zero, end, one);
      builder.setInsertionPointToStart(nest.getBody());
      row.at[loop] = nest.getInductionVar();
    }
    if (row.loop < 0)
      emitScalar(builder, row);
    else
      emitRows(builder, row, target);
  }
};

struct RowsToVectorLoops : impl::RowsToVectorLoopsBase<RowsToVectorLoops> {
  using Base::Base;

  void runOnOperation() override {
    VectorTarget target = vectorTargetOf(getOperation(), lanes, unroll);
    SetVector<Block *> blocks;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() && op->getParentOfType<scf::ForallOp>())
        blocks.insert(op->getBlock());
    });
    for (Block *block : blocks)
      BlockRewriter(*block, target).run();
    eraseUnreadBuffers(getOperation());
    // Machines fuse multiplication and addition only where contraction is allowed.
    getOperation().walk([&](Operation *op) {
      if (!isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op))
        return;
      auto math = cast<arith::ArithFastMathInterface>(op);
      auto allowed = math.getFastMathFlagsAttr().getValue() | arith::FastMathFlags::contract;
      op->setAttr(math.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(&getContext(), allowed));
    });
  }
};
} // namespace
} // namespace tilewright
