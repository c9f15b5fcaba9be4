//===- CodeBuilder.cpp - short names for register-level code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value CodeBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value CodeBuilder::addIndex(Value x, int64_t y) {
  return y ? addIndex(x, index(y)) : x;
}
Value CodeBuilder::addIndex(Value x, Value y) {
  return createOrFold<arith::AddIOp>(x, y);
}
Value CodeBuilder::subIndex(Value x, Value y) {
  return createOrFold<arith::SubIOp>(x, y);
}
Value CodeBuilder::mulIndex(Value x, Value y) {
  return createOrFold<arith::MulIOp>(x, y);
}
Value CodeBuilder::minIndex(Value x, Value y) {
  return createOrFold<arith::MinSIOp>(x, y);
}
Value CodeBuilder::maxIndex(Value x, Value y) {
  return createOrFold<arith::MaxSIOp>(x, y);
}
Value CodeBuilder::less(Value x, Value y) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, x, y);
}
Value CodeBuilder::dim(Value memref, int64_t i) {
  auto type = cast<MemRefType>(memref.getType());
  return type.isDynamicDim(i) ? memref::DimOp::create(*this, memref, i) : index(type.getDimSize(i));
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Value CodeBuilder::splat(double value) {
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(vectorType(), getFloatAttr(element, value)));
}
Value CodeBuilder::splatInt(Type type, int64_t value) {
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(vectorType(type), getIntegerAttr(type, value)));
}
Value CodeBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(*this, vectorType(scalar.getType()), scalar);
}
Value CodeBuilder::iota(Type type) {
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < lanes; ++i)
    values.push_back(getIntegerAttr(type, i));
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(vectorType(type), values));
}
Value CodeBuilder::restFrom(Value memref, ValueRange at) {
  SmallVector<OpFoldResult> sizes, strides(at.size(), getIndexAttr(1));
  for (auto [i, offset] : llvm::enumerate(at))
    sizes.push_back(subIndex(dim(memref, i), offset));
  return memref::SubViewOp::create(*this, memref, getAsOpFoldResult(at), sizes, strides);
}

Value CodeBuilder::load(Value memref, ValueRange at) {
  Type type = cast<MemRefType>(memref.getType()).getElementType();
  return vector::LoadOp::create(*this, vectorType(type), memref, at);
}
Value CodeBuilder::scalar(Value memref, ValueRange at) {
  return memref::LoadOp::create(*this, memref, at);
}
void CodeBuilder::store(Value vector, Value memref, ValueRange at) {
  vector::StoreOp::create(*this, vector, memref, at);
}
void CodeBuilder::storeScalar(Value scalar, Value memref, ValueRange at) {
  memref::StoreOp::create(*this, scalar, memref, at);
}
Value CodeBuilder::firstLanes(Value count) {
  Value bound = broadcast(createOrFold<arith::IndexCastOp>(getI32Type(), count));
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, iota(getI32Type()), bound);
}
Value CodeBuilder::maskedLoad(Value memref, ValueRange at, Value mask) {
  Type type = cast<MemRefType>(memref.getType()).getElementType();
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(vectorType(type)));
  return vector::MaskedLoadOp::create(*this, vectorType(type), memref, at, mask, zero);
}
void CodeBuilder::maskedStore(Value vector, Value memref, ValueRange at, Value mask) {
  vector::MaskedStoreOp::create(*this, memref, at, mask, vector);
}

Value CodeBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(*this, condition, x, y);
}
Value CodeBuilder::reduceMax(Value vector) {
  return vector::ReductionOp::create(*this, vector::CombiningKind::MAXNUMF, vector,
                                     arith::FastMathFlags::nnan);
}
Value CodeBuilder::reduceSum(Value vector) {
  return vector::ReductionOp::create(*this, vector::CombiningKind::ADD, vector,
                                     arith::FastMathFlags::reassoc);
}

Value CodeBuilder::add(Value x, Value y) {
  return arith::AddFOp::create(*this, x, y);
}
Value CodeBuilder::sub(Value x, Value y) {
  return arith::SubFOp::create(*this, x, y);
}
Value CodeBuilder::mul(Value x, Value y) {
  return arith::MulFOp::create(*this, x, y);
}
Value CodeBuilder::fma(Value x, Value y, Value z) {
  // Not math.fma: that one is a library call on targets without the instruction.
  return vector::FMAOp::create(*this, x, y, z);
}
Value CodeBuilder::max(Value x, Value y) {
  Value larger = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, x, y);
  return arith::SelectOp::create(*this, larger, x, y);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

SmallVector<Value> CodeBuilder::loop(Value from, Value to, int64_t step, ValueRange inits,
                                     LoopBody body) {
  auto loop = scf::ForOp::create(*this, from, to, index(step), inits);
  InsertionGuard guard(*this);
  // Without carried values the loop is born with its terminator.
  if (inits.empty())
    setInsertionPoint(loop.getBody()->getTerminator());
  else
    setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(*this, next);
  return SmallVector<Value>(loop.getResults());
}

void CodeBuilder::loop(Value from, Value to, int64_t step, function_ref<void(Value iv)> body) {
  loop(from, to, step, ValueRange{}, [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

void CodeBuilder::branch(Value condition, function_ref<void()> then,
                         function_ref<void()> otherwise) {
  if (std::optional<int64_t> known = getConstantIntValue(condition)) {
    if (*known)
      then();
    else if (otherwise)
      otherwise();
    return;
  }
  auto branch = scf::IfOp::create(*this, TypeRange{}, condition, /*addThenBlock=*/true,
                                  /*addElseBlock=*/static_cast<bool>(otherwise));
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  then();
  scf::YieldOp::create(*this);
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
  scf::YieldOp::create(*this);
}

void CodeBuilder::specialise(Value value, ArrayRef<int64_t> cases,
                             function_ref<void(int64_t)> body) {
  if (std::optional<int64_t> known = getConstantIntValue(value)) {
    if (llvm::is_contained(cases, *known))
      body(*known);
    return;
  }
  auto choice = scf::IndexSwitchOp::create(*this, TypeRange{}, value, cases, cases.size());
  InsertionGuard guard(*this);
  for (auto [each, region] : llvm::zip(cases, choice.getCaseRegions())) {
    createBlock(&region);
    body(each);
    scf::YieldOp::create(*this);
  }
  createBlock(&choice.getDefaultRegion());
  scf::YieldOp::create(*this);
}

Value CodeBuilder::scratch(ArrayRef<int64_t> shape, Type type) {
  InsertionGuard guard(*this);
  if (auto forall = root->getParentOfType<scf::ForallOp>())
    setInsertionPointToStart(forall.getBody());
  else
    setInsertionPointToStart(
        &root->getParentOfType<FunctionOpInterface>().getFunctionBody().front());
  return memref::AllocOp::create(*this, MemRefType::get(shape, type), getI64IntegerAttr(64));
}
