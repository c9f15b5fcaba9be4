//===- ConvertMatmul.cpp - products to contractions, on packed weights if there are -===//
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

// lhs as a matrix [rows, k], and back.
struct CollapsedRows {
  Value matrix;
  OpFoldResult m;
  SmallVector<ReassociationIndices> groups;
  SmallVector<OpFoldResult> sizes; // of lhs

  CollapsedRows(RewriterBase &rewriter, Value lhs)
      : matrix(lhs), sizes(xf::dimsOf(rewriter, lhs.getLoc(), lhs)) {
    int64_t rank = sizes.size();
    m = sizes[0];
    ReassociationIndices leading{0};
    for (int64_t i = 1; i < rank - 1; ++i) {
      leading.push_back(i);
      m = xf::mulSizes(rewriter, lhs.getLoc(), m, sizes[i]);
    }
    groups = {leading, {rank - 1}};
    if (rank > 2)
      matrix = tensor::CollapseShapeOp::create(rewriter, lhs.getLoc(), lhs, groups);
    // The static size of the collapsed rows, so that init and rows agree.
    int64_t rows = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
    if (!ShapedType::isDynamic(rows))
      m = rewriter.getIndexAttr(rows);
  }

  Value expand(RewriterBase &rewriter, Value result, OpFoldResult n) {
    if (sizes.size() == 2)
      return result;
    SmallVector<OpFoldResult> whole(sizes);
    whole.back() = n;
    auto type = RankedTensorType::get(xf::staticShape(whole),
                                      cast<ShapedType>(result.getType()).getElementType());
    return tensor::ExpandShapeOp::create(rewriter, result.getLoc(), type, result, groups, whole);
  }
};

// lhs × rhs with the sum itself as the epilogue.
Value contract(RewriterBase &rewriter, Location loc, Value lhs, Value rhs,
               ArrayRef<OpFoldResult> sizes, IntegerAttr panelWidth, bool transposed) {
  Type element = cast<ShapedType>(rhs.getType()).getElementType();
  Value init = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  auto contract = kernel::ContractOp::create(
      rewriter, loc, TypeRange{init.getType()}, lhs, rhs, ValueRange{}, init, Value(),
      rewriter.getArrayAttr({}), kernel::ContractScheduleAttr(), UnitAttr(), panelWidth,
      transposed ? rewriter.getUnitAttr() : UnitAttr(), rewriter.getI64IntegerAttr(1));
  OpBuilder::InsertionGuard guard(rewriter);
  Block *body = rewriter.createBlock(&contract.getEpilogue());
  kernel::YieldOp::create(rewriter, loc, body->addArgument(element, loc));
  return contract.getResult(0);
}

void replace(RewriterBase &rewriter, xf::MatmulOp op, Value result) {
  if (result.getType() != op.getType())
    result = tensor::CastOp::create(rewriter, op.getLoc(), op.getType(), result);
  rewriter.replaceOp(op, result);
}

CpuDescription describe(target::CpuAttr cpu) {
  return {cpu.getLanes(), cpu.getRegisters(), cpu.getL1(), cpu.getL2()};
}

LogicalResult convertProjection(RewriterBase &rewriter, xf::MatmulOp op, xf::WeightOp weight,
                                SymbolTable &symbols, target::CpuAttr cpu) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  int64_t k = rhs.getDimSize(op.getTransposeRhs()), n = rhs.getDimSize(!op.getTransposeRhs());
  if (k < 1 || n < 1 || lhs.getDimSize(lhs.getRank() - 1) != k)
    return failure();
  int64_t nr = choosePanelWidth(n, describe(cpu));
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
  CollapsedRows rows(rewriter, op.getLhs());
  OpFoldResult columns = rewriter.getIndexAttr(n);
  Value result =
      contract(rewriter, loc, rows.matrix, panels, {rows.m, columns}, IntegerAttr(), false);
  replace(rewriter, op, rows.expand(rewriter, result, columns));
  return success();
}

// Panels are packed as they are read. All rows of lhs are one matrix where rhs has no batch.
LogicalResult convertProduct(RewriterBase &rewriter, xf::MatmulOp op, target::CpuAttr cpu) {
  Location loc = op.getLoc();
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  int64_t n = rhs.getShape().take_back(2)[!op.getTransposeRhs()];
  CpuDescription description = describe(cpu);
  int64_t nr = choosePanelWidth(ShapedType::isDynamic(n) ? 4096 : n, description);
  IntegerAttr width = rewriter.getI64IntegerAttr(nr);
  SmallVector<OpFoldResult> sizes = xf::dimsOf(rewriter, loc, op.getResult());
  if (rhs.getRank() > 2) {
    replace(rewriter, op,
            contract(rewriter, loc, op.getLhs(), op.getRhs(), sizes, width, op.getTransposeRhs()));
    return success();
  }
  CollapsedRows rows(rewriter, op.getLhs());
  Value result = contract(rewriter, loc, rows.matrix, op.getRhs(), {rows.m, sizes.back()}, width,
                          op.getTransposeRhs());
  replace(rewriter, op, rows.expand(rewriter, result, sizes.back()));
  return success();
}
} // namespace

LogicalResult convertMatmul(RewriterBase &rewriter, xf::MatmulOp op, SymbolTable &symbols,
                            target::CpuAttr cpu) {
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (!rhs.getElementType().isF32())
    return failure();
  auto weight = op.getRhs().getDefiningOp<xf::WeightOp>();
  if (weight && rhs.getRank() == 2)
    return convertProjection(rewriter, op, weight, symbols, cpu);
  return convertProduct(rewriter, op, cpu);
}

} // namespace tilewright
