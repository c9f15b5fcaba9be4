//===- ConvertMatmul.cpp - linear layers to contractions on packed weights -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "lib/Conversion/XfToKernel/XfToKernel.h"
#include "lib/Schedule/Schedule.h"

using namespace mlir;

namespace tilewright {

namespace {
// The derived weight that holds `weight` (a matrix [k, n], or [n, k] if transposed; stacked with a
// leading layer dimension if the handle has a layer) in panels [⌈n / nr⌉, k, nr], zeros behind n.
FailureOr<xf::WeightDataOp> packedWeight(RewriterBase &rewriter, xf::WeightOp weight,
                                         bool transposed, int64_t nr, SymbolTable &symbols) {
  auto data = symbols.lookup<xf::WeightDataOp>(weight.getWeight());
  if (!data)
    return failure();
  std::string name = (weight.getWeight() + (transposed ? ".rows" : ".panels") + Twine(nr)).str();
  if (auto existing = symbols.lookup<xf::WeightDataOp>(name))
    return existing;
  Location loc = data.getLoc();
  auto plain = cast<RankedTensorType>(data.getType());
  Type element = plain.getElementType();
  int64_t layers = plain.getRank() - 2;
  SmallVector<int64_t> shape(plain.getShape().take_front(layers));
  int64_t k = plain.getDimSize(layers + transposed), n = plain.getDimSize(layers + !transposed);
  shape.append({(n + nr - 1) / nr, k, nr});
  auto type = RankedTensorType::get(shape, element);

  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(data);
  auto packed = xf::WeightDataOp::create(rewriter, loc, name, type, xf::SourceAttr());
  symbols.insert(packed);
  rewriter.createBlock(&packed.getInit());
  Value from = xf::WeightOp::create(rewriter, loc, plain, data.getSymName(), Value());
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
  Value into = tensor::EmptyOp::create(rewriter, loc, shape, element);
  // Panels come before k: the outer dimensions [.., k, panels] of an untransposed matrix change
  // places.
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, layers + 2));
  if (!transposed)
    std::swap(order[layers], order[layers + 1]);
  SmallVector<int64_t> position{layers + !transposed};
  SmallVector<OpFoldResult> tile{rewriter.getIndexAttr(nr)};
  Value result =
      linalg::PackOp::create(rewriter, loc, from, into, position, tile, zero, order).getResult();
  xf::YieldOp::create(rewriter, loc, result);
  return packed;
}
} // namespace

LogicalResult convertMatmul(RewriterBase &rewriter, xf::MatmulOp op, SymbolTable &symbols,
                            target::CpuAttr cpu) {
  auto weight = op.getRhs().getDefiningOp<xf::WeightOp>();
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (!weight || rhs.getRank() != 2 || !rhs.getElementType().isF32())
    return failure();
  int64_t k = rhs.getDimSize(op.getTransposeRhs()), n = rhs.getDimSize(!op.getTransposeRhs());
  if (k < 1 || n < 1 || lhs.getDimSize(lhs.getRank() - 1) != k)
    return failure();
  CpuDescription description{cpu.getLanes(), cpu.getRegisters(), cpu.getL1(), cpu.getL2()};
  int64_t nr = choosePanelWidth(n, description);
  FailureOr<xf::WeightDataOp> packed =
      packedWeight(rewriter, weight, op.getTransposeRhs(), nr, symbols);
  if (failed(packed))
    return failure();

  Location loc = op.getLoc();
  auto packedType = cast<RankedTensorType>(packed->getType());
  if (weight.getLayer())
    packedType =
        RankedTensorType::get(packedType.getShape().drop_front(), packedType.getElementType());
  Value panels =
      xf::WeightOp::create(rewriter, loc, packedType, packed->getSymName(), weight.getLayer());
  SmallVector<OpFoldResult> sizes = xf::dimsOf(rewriter, loc, op.getLhs());
  Value rows = op.getLhs();
  OpFoldResult m = sizes[0];
  ReassociationIndices leading{0};
  for (int64_t i = 1; i < lhs.getRank() - 1; ++i) {
    leading.push_back(i);
    m = xf::mulSizes(rewriter, loc, m, sizes[i]);
  }
  SmallVector<ReassociationIndices> groups{leading, {lhs.getRank() - 1}};
  if (lhs.getRank() > 2)
    rows = tensor::CollapseShapeOp::create(rewriter, loc, rows, groups);
  // The static size of the collapsed rows, so that init and rows agree.
  int64_t staticRows = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  if (!ShapedType::isDynamic(staticRows))
    m = rewriter.getIndexAttr(staticRows);
  Value init =
      tensor::EmptyOp::create(rewriter, loc, {m, rewriter.getIndexAttr(n)}, rhs.getElementType());
  auto contract = kernel::ContractOp::create(rewriter, loc, TypeRange{init.getType()}, rows, panels,
                                             ValueRange{}, init, Value(), rewriter.getArrayAttr({}),
                                             kernel::ContractScheduleAttr(), UnitAttr());
  {
    OpBuilder::InsertionGuard guard(rewriter);
    Block *body = rewriter.createBlock(&contract.getEpilogue());
    kernel::YieldOp::create(rewriter, loc, body->addArgument(rhs.getElementType(), loc));
  }
  Value result = contract.getResult(0);
  auto type = cast<RankedTensorType>(op.getType());
  if (lhs.getRank() > 2) {
    sizes.back() = rewriter.getIndexAttr(n);
    auto expanded = RankedTensorType::get(xf::staticShape(sizes), rhs.getElementType());
    result = tensor::ExpandShapeOp::create(rewriter, loc, expanded, result, groups, sizes);
  }
  if (result.getType() != type)
    result = tensor::CastOp::create(rewriter, loc, type, result);
  rewriter.replaceOp(op, result);
  return success();
}

} // namespace tilewright
