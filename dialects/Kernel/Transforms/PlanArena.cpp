//===- PlanArena.cpp - one workspace for all buffers -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Lifetimes.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_PLANARENA
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

constexpr int64_t kAlignment = MachineFunction::kAlignment;

// May more than one thread execute the body of `forall`, for different iterations?
bool isParallel(scf::ForallOp forall) {
  for (auto [from, to, step] :
       llvm::zip(forall.getMixedLowerBound(), forall.getMixedUpperBound(), forall.getMixedStep())) {
    std::optional<int64_t> low = getConstantIntValue(from), high = getConstantIntValue(to),
                           by = getConstantIntValue(step);
    if (!low || !high || !by || *high - *low > *by)
      return true;
  }
  return false;
}

// Does each thread need an `op` of its own?
bool isPrivate(Operation *op) {
  for (auto forall = op->getParentOfType<scf::ForallOp>(); forall;
       forall = forall->getParentOfType<scf::ForallOp>())
    if (isParallel(forall))
      return true;
  return false;
}

// Emits sizes at the start of the machine function. Equal computations give one value, so "same
// size" is value equality.
class SizeBuilder {
public:
  SizeBuilder(MachineFunction machine)
      : builder(OpBuilder::atBlockBegin(&machine.function().getBody().front())), machine(machine) {
    for (BlockArgument argument : machine.symbols())
      known.map(argument, argument);
  }

  // Bytes of a buffer, or of the largest that it can be where that depends on a loop's index,
  // rounded up to kAlignment; null if a size depends on data.
  Value bytesOf(memref::AllocOp buffer) {
    MemRefType type = buffer.getType();
    int64_t fixed = DataLayout::closest(buffer).getTypeSize(type.getElementType());
    for (int64_t size : type.getShape())
      if (!ShapedType::isDynamic(size))
        fixed *= size;
    if (type.hasStaticShape())
      return constant(llvm::alignTo(fixed, kAlignment));
    SmallVector<Value> factors;
    for (Value size : buffer.getDynamicSizes()) {
      factors.push_back(boundOf(size));
      if (!factors.back())
        return {};
    }
    // The order of factors does not matter to the product, but decides the code that is emitted:
    // only the key may be sorted by addresses, which differ from run to run.
    SmallVector<Value> key(factors);
    llvm::sort(key,
               [](Value a, Value b) { return a.getAsOpaquePointer() < b.getAsOpaquePointer(); });
    Value &bytes = sizes[{fixed, key}];
    if (!bytes) {
      Location loc = buffer.getLoc();
      bytes = constant(fixed);
      for (Value size : factors)
        bytes = builder.createOrFold<arith::MulIOp>(loc, bytes, size);
      bytes = builder.createOrFold<arith::AddIOp>(loc, bytes, constant(kAlignment - 1));
      bytes = builder.createOrFold<arith::AndIOp>(loc, bytes, constant(-kAlignment));
    }
    return bytes;
  }

  Value constant(int64_t value) {
    Value &known = constants[value];
    if (!known)
      known = arith::ConstantIndexOp::create(builder, machine.function().getLoc(), value);
    return known;
  }
  template <class Op>
  Value combine(Value a, Value b) {
    return builder.createOrFold<Op>(machine.function().getLoc(), a, b);
  }
  // The first op that is not part of the plan.
  Operation *end() { return &*builder.getInsertionPoint(); }

private:
  // Is `value` a pure computation from symbols?
  bool isFromSymbols(Value value) const {
    if (known.contains(value))
      return true;
    Operation *op = value.getDefiningOp();
    // A division may only move to the front if it is executed in any case.
    bool movable =
        op && (isPure(op) || (isMemoryEffectFree(op) && isa<func::FuncOp>(op->getParentOp())));
    return movable && !op->getNumRegions() &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return isFromSymbols(operand); });
  }

  // That computation, repeated at the start of the function.
  Value hoist(Value value) {
    if (Value there = known.lookupOrNull(value))
      return there;
    if (std::optional<int64_t> number = getConstantIntValue(value);
        number && value.getType().isIndex()) {
      known.map(value, constant(*number));
      return known.lookup(value);
    }
    for (Value operand : value.getDefiningOp()->getOperands())
      (void)hoist(operand);
    builder.clone(*value.getDefiningOp(), known);
    return known.lookup(value);
  }

  // `value` itself, else a number or a computation from symbols that it does not exceed; null if
  // none is known.
  Value boundOf(Value value) {
    if (isFromSymbols(value))
      return hoist(value);
    // What a tile at the edge is cut by; ValueBoundsOpInterface does not look into it.
    if (auto least = value.getDefiningOp<arith::MinSIOp>()) {
      Value a = boundOf(least.getLhs()), b = boundOf(least.getRhs());
      return a && b ? combine<arith::MinSIOp>(a, b) : a ? a : b;
    }
    using Bounds = ValueBoundsConstraintSet;
    constexpr auto kUpper = presburger::BoundType::UB;
    FailureOr<int64_t> number =
        Bounds::computeConstantBound(kUpper, value, /*stopCondition=*/nullptr, /*closedUB=*/true);
    if (succeeded(number))
      return constant(std::max<int64_t>(*number, 0));
    AffineMap map;
    ValueDimList operands;
    auto stop = [&](Value at, std::optional<int64_t> dim, Bounds &) {
      return !dim && isFromSymbols(at);
    };
    if (failed(Bounds::computeBound(map, operands, kUpper, value, stop, /*closedUB=*/true)))
      return {};
    SmallVector<Value> symbols;
    for (auto [operand, dim] : operands)
      symbols.push_back(hoist(operand));
    auto bound = affine::expandAffineMap(builder, value.getLoc(), map, symbols);
    // Of an empty loop the last index is less than none.
    return bound ? combine<arith::MaxSIOp>(bound->front(), constant(0)) : Value();
  }

  OpBuilder builder;
  MachineFunction machine;
  IRMapping known;
  std::map<int64_t, Value> constants;
  struct Key {
    int64_t fixed;
    SmallVector<Value> factors;
    bool operator<(const Key &other) const {
      auto less = [](Value a, Value b) { return a.getAsOpaquePointer() < b.getAsOpaquePointer(); };
      if (fixed != other.fixed)
        return fixed < other.fixed;
      return std::lexicographical_compare(factors.begin(), factors.end(), other.factors.begin(),
                                          other.factors.end(), less);
    }
  };
  std::map<Key, Value> sizes;
};

// A part of the workspace: buffers in slots, slots one after the other.
struct Part {
  struct Tenant {
    memref::AllocOp buffer;
    Value bytes;
    Lifetime life;
    unsigned slot = 0;
  };
  struct Slot {
    llvm::SetVector<Value> sizes;
    SmallVector<Lifetime> lives;
  };
  SmallVector<Tenant> tenants;
  SmallVector<Value> offsets; // of tenants
  Value total;

  // First fit; a slot that holds a buffer of the same size expression comes first, because it does
  // not grow.
  void assign(SizeBuilder &sizes) {
    SmallVector<Slot> slots;
    for (Tenant &tenant : tenants) {
      auto isFree = [&](const Slot &slot) {
        return llvm::none_of(slot.lives,
                             [&](const Lifetime &life) { return life.overlaps(tenant.life); });
      };
      auto *home = llvm::find_if(slots, [&](const Slot &slot) {
        return isFree(slot) && slot.sizes.contains(tenant.bytes);
      });
      if (home == slots.end())
        home = llvm::find_if(slots, isFree);
      if (home == slots.end()) {
        slots.emplace_back();
        home = &slots.back();
      }
      home->sizes.insert(tenant.bytes);
      home->lives.push_back(tenant.life);
      tenant.slot = home - slots.begin();
    }
    SmallVector<Value> starts;
    total = sizes.constant(0);
    for (const Slot &slot : slots) {
      starts.push_back(total);
      Value size = slot.sizes.front();
      for (Value other : llvm::drop_begin(slot.sizes))
        size = sizes.combine<arith::MaxUIOp>(size, other);
      total = sizes.combine<arith::AddIOp>(total, size);
    }
    for (const Tenant &tenant : tenants)
      offsets.push_back(starts[tenant.slot]);
  }
};

// Whether the signed result of `op` is another than that of whole numbers; null where it never is.
Value overflowOf(OpBuilder &builder, Operation *op) {
  Location loc = op->getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(op->getResult(0).getType(), value));
  };
  if (auto product = dyn_cast<arith::MulIOp>(op)) {
    auto wide = arith::MulSIExtendedOp::create(builder, loc, product.getLhs(), product.getRhs());
    Type type = product.getType();
    int64_t width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    Value sign = arith::ShRSIOp::create(builder, loc, wide.getLow(), constant(width - 1));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, wide.getHigh(), sign);
  }
  if (auto sum = dyn_cast<arith::AddIOp>(op)) {
    // Both operands have the sign that the sum has not.
    Value x = arith::XOrIOp::create(builder, loc, sum.getLhs(), sum.getResult());
    Value y = arith::XOrIOp::create(builder, loc, sum.getRhs(), sum.getResult());
    Value both = arith::AndIOp::create(builder, loc, x, y);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, both, constant(0));
  }
  return {};
}

struct PlanArena : impl::PlanArenaBase<PlanArena> {
  using PlanArenaBase::PlanArenaBase;

  void runOnOperation() override {
    FailureOr<MachineFunction> machine = MachineFunction::findIn(getOperation());
    if (failed(machine))
      return signalPassFailure();
    moveToStack(*machine);
    SizeBuilder sizes(*machine);
    Part shared, own;
    if (failed(collect(*machine, sizes, shared, own)))
      return signalPassFailure();
    shared.assign(sizes);
    own.assign(sizes);
    Value mine = sizes.combine<arith::AddIOp>(
        shared.total, sizes.combine<arith::MulIOp>(machine->tid(), own.total));
    for (Value &offset : own.offsets)
      offset = sizes.combine<arith::AddIOp>(mine, offset);
    exportWorkspace(*machine, shared.total, own.total, sizes.end());
    place(shared, machine->workspace());
    place(own, machine->workspace());
  }

  // The smallest buffers of each region, as long as all of them together fit the limit: what is
  // small is likely to become registers, and a host's threads may have little stack.
  void moveToStack(MachineFunction machine) {
    DataLayout layout = DataLayout::closest(machine.function());
    // Per outermost parallel loop, by size.
    llvm::MapVector<Operation *, std::multimap<int64_t, memref::AllocOp>> regions;
    machine.function().walk([&](memref::AllocOp op) {
      MemRefType type = op.getType();
      scf::ForallOp region;
      for (auto outer = op->getParentOfType<scf::ForallOp>(); outer;
           outer = outer->getParentOfType<scf::ForallOp>())
        region = outer;
      if (!region || !type.hasStaticShape())
        return;
      int64_t bytes = type.getNumElements() * layout.getTypeSize(type.getElementType());
      regions[region].insert({llvm::alignTo(bytes, kAlignment), op});
    });
    for (auto &[region, buffers] : regions) {
      int64_t left = stackLimit;
      for (auto [bytes, op] : buffers) {
        left -= bytes;
        if (left < 0)
          break;
        OpBuilder builder(op);
        op.replaceAllUsesWith(memref::AllocaOp::create(builder, op.getLoc(), op.getType(),
                                                       ValueRange(),
                                                       builder.getI64IntegerAttr(kAlignment))
                                  .getResult());
        op.erase();
      }
    }
  }

  static LogicalResult collect(MachineFunction machine, SizeBuilder &sizes, Part &shared,
                               Part &own) {
    Lifetimes lifetimes(machine.function());
    WalkResult result = machine.function().walk([&](memref::AllocOp op) {
      Value bytes = sizes.bytesOf(op);
      if (!bytes) {
        op.emitError(
            "expects the size of this buffer to follow from the sizes of inputs; it depends "
            "on data, so the workspace cannot be planned");
        return WalkResult::interrupt();
      }
      Part &part = isPrivate(op) ? own : shared;
      part.tenants.push_back({op, bytes, lifetimes.of(op)});
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  // @main_workspace(symbols..., threads) repeats the plan's arithmetic; -1 where it overflows.
  static void exportWorkspace(MachineFunction machine, Value shared, Value own,
                              Operation *planEnd) {
    func::FuncOp main = machine.function();
    OpBuilder builder(main);
    Type index = builder.getIndexType();
    SmallVector<Type> inputs(machine.symbols().size() + 1, index);
    auto function = func::FuncOp::create(builder, main.getLoc(), "main_workspace",
                                         builder.getFunctionType(inputs, {index}));
    function.setPrivate();
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping map;
    map.map(machine.symbols(), body->getArguments().drop_back());
    auto isKnown = [&](Value value) { return map.contains(value); };
    for (Operation &op : main.getBody().front()) {
      if (&op == planEnd)
        break;
      if (llvm::all_of(op.getOperands(), isKnown))
        builder.clone(op, map);
    }
    Value threads = body->getArguments().back();
    Value privates = builder.createOrFold<arith::MulIOp>(main.getLoc(), map.lookup(own), threads);
    Value total = builder.createOrFold<arith::AddIOp>(main.getLoc(), map.lookup(shared), privates);
    // Sizes of results are not part of the plan, but must not overflow either. (A division by what
    // may be 0 waits until the sizes have been checked.)
    if (auto shapes = main->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>("main_shapes")) {
      map.map(shapes.getArguments(), body->getArguments().drop_back());
      for (Operation &op : shapes.getBody().front().without_terminator())
        if (isPure(&op) && llvm::all_of(op.getOperands(), isKnown))
          builder.clone(op, map);
    }
    Value fails = arith::ConstantIntOp::create(builder, main.getLoc(), 0, 1);
    for (Operation *op : llvm::map_to_vector(*body, [](Operation &op) { return &op; }))
      if (Value overflow = overflowOf(builder, op))
        fails = builder.createOrFold<arith::OrIOp>(op->getLoc(), fails, overflow);
    Value none = arith::ConstantIndexOp::create(builder, main.getLoc(), -1);
    Value bytes = arith::SelectOp::create(builder, main.getLoc(), fails, none, total);
    func::ReturnOp::create(builder, main.getLoc(), bytes);
  }

  static void place(const Part &part, Value workspace) {
    for (auto [tenant, offset] : llvm::zip(part.tenants, part.offsets)) {
      memref::AllocOp op = tenant.buffer;
      OpBuilder builder(op);
      op.replaceAllUsesWith(memref::ViewOp::create(builder, op.getLoc(), op.getType(), workspace,
                                                   offset, op.getDynamicSizes())
                                .getResult());
      op.erase();
    }
  }
};
} // namespace
} // namespace mlir::kernel
