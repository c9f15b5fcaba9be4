//===- TensorLoop.cpp - loops in the vocabulary of recipes ----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop is an scf.for that carries tensors: the states, and the outputs, of which each step writes
// one slice. Whatever is computed inside depends on the step; sizes do not.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/TensorBuilder.h"

#include "dialects/Xf/IR/Shapes.h"

using namespace mlir;

namespace tilewright {

SmallVector<Tensor> TensorBuilder::loop(
    OpFoldResult count, ArrayRef<Tensor> initial, ArrayRef<Tensor> inputs,
    function_ref<Step(Tensor step, ArrayRef<Tensor> carried, ArrayRef<Tensor> slices)> body) {
  SmallVector<Tensor> starts;
  for (Tensor start : initial)
    starts.push_back(start ? reshape(start, sizes(start)) : Tensor()); // as static as its sizes
  if (!llvm::all_of(starts, [](Tensor x) { return bool(x); }) ||
      !llvm::all_of(inputs, [](Tensor x) { return bool(x); }))
    return {};
  // Before the loop, where they dominate it.
  for (Tensor x : llvm::concat<const Tensor>(starts, inputs))
    (void)sizes(x), (void)value(x);
  Location outer = loc;
  Value zero = index.materialize(index.constant(0)), one = index.materialize(index.constant(1));
  auto inits = llvm::map_to_vector(starts, [&](Tensor x) { return value(x); });
  auto loop = scf::ForOp::create(builder, loc, zero, index.materialize(count), one, inits);
  if (loopDepth++ == 0)
    early.setInsertionPoint(loop);
  if (inits.empty())
    loop.getBody()->getTerminator()->erase();
  builder.setInsertionPointToEnd(loop.getBody());
  SmallVector<Tensor> carried;
  for (auto [argument, start] : llvm::zip(loop.getRegionIterArgs(), starts))
    carried.push_back(adopt(argument, sizes(start)));
  Value step = loop.getInductionVar();
  auto i64 = RankedTensorType::get({1}, builder.getI64Type());
  Tensor number = reshape(
      adopt(xf::IotaOp::create(builder, loc, i64, step, one), Sizes{index.constant(1)}), {});
  Step last = body(number, carried, slicesAt(step, inputs));
  loc = outer;
  SmallVector<Tensor> results = closeLoop(loop, count, starts, last);
  if (--loopDepth == 0)
    early.restoreInsertionPoint(builder.saveInsertionPoint());
  return results;
}

SmallVector<Tensor> TensorBuilder::slicesAt(Value step, ArrayRef<Tensor> inputs) {
  SmallVector<Tensor> slices;
  for (Tensor input : inputs) {
    Sizes offsets(input.rank(), index.constant(0)), strides(input.rank(), index.constant(1));
    Sizes one = sizes(input), rest(ArrayRef(one).drop_front());
    offsets[0] = step;
    one[0] = index.constant(1);
    auto type = RankedTensorType::get(xf::staticShape(rest), input.elementType());
    slices.push_back(adopt(
        tensor::ExtractSliceOp::create(builder, loc, type, value(input), offsets, one, strides),
        rest));
  }
  return slices;
}

SmallVector<Tensor> TensorBuilder::closeLoop(scf::ForOp loop, OpFoldResult count,
                                             ArrayRef<Tensor> initial, const Step &last) {
  Block *body = loop.getBody();
  SmallVector<Value> inits(loop.getInits()), yields;
  SmallVector<Sizes> shapes;
  bool complete = ok() && last.carried.size() == initial.size();
  for (auto [start, next] : llvm::zip(initial, last.carried)) {
    if (!complete || !next || next.elementType() != start.elementType() ||
        next.rank() != start.rank()) {
      complete = false;
      break;
    }
    for (auto [a, b] : llvm::zip(sizes(start), sizes(next)))
      require(a, b);
    yields.push_back(value(reshape(next, sizes(start), /*fits=*/true)));
    shapes.push_back(sizes(start));
  }
  for (Tensor output : last.outputs) {
    if (!(complete = complete && output))
      break;
    Sizes all = sizes(output), one = all;
    all.insert(all.begin(), count);
    one.insert(one.begin(), index.constant(1));
    Sizes offsets(all.size(), index.constant(0)), strides(all.size(), index.constant(1));
    offsets[0] = loop.getInductionVar();
    Value empty = tensor::EmptyOp::create(early, loc, all, output.elementType());
    inits.push_back(empty);
    Value stack = body->addArgument(empty.getType(), loc);
    yields.push_back(
        tensor::InsertSliceOp::create(builder, loc, value(output), stack, offsets, one, strides));
    shapes.push_back(all);
  }
  if (!complete || !ok()) {
    fail("expects each step to carry tensors of the types and sizes that it was given");
    scf::YieldOp::create(builder, loc, loop.getRegionIterArgs().take_front(loop.getInits().size()));
    builder.setInsertionPointAfter(loop);
    return {};
  }
  scf::YieldOp::create(builder, loc, yields);
  builder.setInsertionPoint(loop);
  auto whole = scf::ForOp::create(builder, loc, loop.getLowerBound(), loop.getUpperBound(),
                                  loop.getStep(), inits);
  whole.getRegion().takeBody(loop.getRegion());
  if (early.getInsertionPoint() == Block::iterator(loop))
    early.setInsertionPoint(whole);
  loop.erase();
  builder.setInsertionPointAfter(whole);
  SmallVector<Tensor> results;
  for (auto [result, shape] : llvm::zip(whole.getResults(), shapes))
    results.push_back(adopt(result, shape));
  return results;
}

} // namespace tilewright
