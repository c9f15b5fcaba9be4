//===- ConvertMatmul.cpp - products to contractions, on packed weights if there are -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Scalars.h"
#include "dialects/Xf/IR/Shapes.h"
#include "lib/Conversion/XfToKernel/XfToKernel.h"
#include "lib/Schedule/Schedule.h"

using namespace mlir;

namespace tilewright {

namespace {
// The weight NAME.SUFFIX of `shape` that `compute` makes of `data`, and of a zero to pad with.
// There is one of a name.
xf::WeightDataOp derivedWeight(RewriterBase &rewriter, xf::WeightDataOp data, const Twine &suffix,
                               ArrayRef<int64_t> shape, SymbolTable &symbols,
                               function_ref<Value(Location, Value plain, Value zero)> compute) {
  std::string name = (data.getSymName() + "." + suffix).str();
  if (auto existing = symbols.lookup<xf::WeightDataOp>(name))
    return existing;
  Location loc = data.getLoc();
  auto plain = cast<RankedTensorType>(data.getType());
  Type element = plain.getElementType();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(data);
  auto derived = xf::WeightDataOp::create(rewriter, loc, name,
                                          RankedTensorType::get(shape, element), xf::SourceAttr());
  symbols.insert(derived);
  rewriter.createBlock(&derived.getInit());
  Value from = xf::WeightOp::create(rewriter, loc, plain, data.getSymName(), Value());
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
  xf::YieldOp::create(rewriter, loc, compute(loc, from, zero));
  return derived;
}

// `data` (a matrix [k, n], or [n, k] if transposed; layers in front where it is stacked) in panels
// [⌈n / nr⌉, k, nr], zeros behind n.
xf::WeightDataOp packedWeight(RewriterBase &rewriter, xf::WeightDataOp data, bool transposed,
                              int64_t nr, SymbolTable &symbols) {
  auto plain = cast<RankedTensorType>(data.getType());
  int64_t layers = plain.getRank() - 2;
  int64_t k = plain.getDimSize(layers + transposed), n = plain.getDimSize(layers + !transposed);
  SmallVector<int64_t> shape(plain.getShape().take_front(layers));
  shape.append({(n + nr - 1) / nr, k, nr});
  auto pack = [&](Location loc, Value from, Value zero) -> Value {
    Value into = tensor::EmptyOp::create(rewriter, loc, shape, plain.getElementType());
    // Panels come before k: the outer dimensions [.., k, panels] of an untransposed matrix change
    // places.
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, layers + 2));
    if (!transposed)
      std::swap(order[layers], order[layers + 1]);
    SmallVector<int64_t> position{layers + !transposed};
    SmallVector<OpFoldResult> tile{rewriter.getIndexAttr(nr)};
    return linalg::PackOp::create(rewriter, loc, from, into, position, tile, zero, order)
        .getResult();
  };
  return derivedWeight(rewriter, data, (transposed ? "rows" : "panels") + Twine(nr), shape, symbols,
                       pack);
}

// The same of two matrices side by side, [k, 2 h]: panels of nr / 2 columns of each, h padded with
// zeros.
xf::WeightDataOp packedPair(RewriterBase &rewriter, xf::WeightDataOp data, int64_t nr,
                            SymbolTable &symbols) {
  auto plain = cast<RankedTensorType>(data.getType());
  Type element = plain.getElementType();
  int64_t layers = plain.getRank() - 2, half = nr / 2;
  int64_t k = plain.getDimSize(layers), h = plain.getDimSize(layers + 1) / 2;
  SmallVector<int64_t> split(plain.getShape().take_front(layers)), tiled(split), shape(split);
  split.append({k, 2, h});
  tiled.append({(h + half - 1) / half, k, 2, half});
  shape.append({(h + half - 1) / half, k, nr});
  auto pack = [&](Location loc, Value from, Value zero) -> Value {
    SmallVector<ReassociationIndices> groups;
    for (int64_t i = 0; i <= layers; ++i)
      groups.push_back({i});
    groups.push_back({layers + 1, layers + 2});
    from = tensor::ExpandShapeOp::create(rewriter, loc, RankedTensorType::get(split, element), from,
                                         groups);
    Value into = tensor::EmptyOp::create(rewriter, loc, tiled, element);
    // [.., panel, k, matrix] [column]
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, layers));
    order.append({layers + 2, layers, layers + 1});
    SmallVector<int64_t> position{layers + 2};
    SmallVector<OpFoldResult> tile{rewriter.getIndexAttr(half)};
    Value packed =
        linalg::PackOp::create(rewriter, loc, from, into, position, tile, zero, order).getResult();
    groups.back() = {layers + 1};
    groups.push_back({layers + 2, layers + 3});
    return tensor::CollapseShapeOp::create(rewriter, loc, RankedTensorType::get(shape, element),
                                           packed, groups);
  };
  return derivedWeight(rewriter, data, "pairs" + Twine(nr), shape, symbols, pack);
}

// The handle of the panels of the layer that `weight` reads.
Value panelsOf(RewriterBase &rewriter, Location loc, xf::WeightDataOp packed, xf::WeightOp weight) {
  auto all = cast<RankedTensorType>(packed.getType());
  auto type = RankedTensorType::get(all.getShape().take_back(3), all.getElementType());
  return xf::WeightOp::create(rewriter, loc, type, packed.getSymName(), weight.getLayer());
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

// lhs × rhs with the (first) sum itself as the epilogue.
kernel::ContractOp contract(RewriterBase &rewriter, Location loc, Value lhs, Value rhs,
                            ArrayRef<OpFoldResult> sizes, IntegerAttr panelWidth, bool transposed,
                            int64_t sums = 1) {
  Type element = cast<ShapedType>(rhs.getType()).getElementType();
  Value init = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  auto contract = kernel::ContractOp::create(
      rewriter, loc, TypeRange{init.getType()}, lhs, rhs, ValueRange{}, init, Value(),
      rewriter.getArrayAttr({}), kernel::ContractScheduleAttr(), UnitAttr(), panelWidth,
      transposed ? rewriter.getUnitAttr() : UnitAttr(), rewriter.getI64IntegerAttr(sums));
  OpBuilder::InsertionGuard guard(rewriter);
  Block *body = rewriter.createBlock(&contract.getEpilogue());
  for (int64_t i = 0; i < sums; ++i)
    body->addArgument(element, loc);
  kernel::YieldOp::create(rewriter, loc, body->getArgument(0));
  return contract;
}

void replace(RewriterBase &rewriter, xf::MatmulOp op, Value result) {
  if (result.getType() != op.getType())
    result = tensor::CastOp::create(rewriter, op.getLoc(), op.getType(), result);
  rewriter.replaceOp(op, result);
}

CpuDescription describe(target::CpuAttr cpu) {
  return {cpu.getLanes(), cpu.getRegisters(), cpu.getL1(), cpu.getL2()};
}

// The halves of a projection meet in act(gate) · up, which is all that is made of them.
struct GatedPair {
  xf::BinaryOp product;
  std::optional<xf::UnaryKind> activation;
  unsigned gate; // the half that goes through the activation
  SmallVector<Operation *> between;
};

// Half 0 or 1 of the columns that `slice` takes, and all rows.
std::optional<unsigned> halfOf(tensor::ExtractSliceOp slice, int64_t n) {
  auto source = slice.getSourceType(), type = slice.getType();
  int64_t last = source.getRank() - 1;
  if (type.getRank() != source.getRank() || n % 2 || type.getDimSize(last) != n / 2 ||
      !slice.hasUnitStride())
    return std::nullopt;
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
  for (int64_t i = 0; i < last; ++i)
    if (!isZeroInteger(offsets[i]) || type.getDimSize(i) != source.getDimSize(i))
      return std::nullopt;
  std::optional<int64_t> offset = getConstantIntValue(offsets[last]);
  if (!offset || *offset % (n / 2))
    return std::nullopt;
  return *offset / (n / 2);
}

std::optional<GatedPair> findGatedPair(xf::MatmulOp op, int64_t n) {
  GatedPair pair{{}, {}, 0, {}};
  unsigned seen = 0;
  for (Operation *user : op->getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    std::optional<unsigned> half = slice ? halfOf(slice, n) : std::nullopt;
    if (!half || seen & 1u << *half || !slice->hasOneUse())
      return std::nullopt;
    seen |= 1u << *half;
    pair.between.push_back(slice);
    Operation *next = *slice->user_begin();
    if (auto unary = dyn_cast<xf::UnaryOp>(next)) {
      if (pair.activation || !unary->hasOneUse() || unary.getType() != slice.getType())
        return std::nullopt;
      pair.activation = unary.getKind();
      pair.gate = *half;
      pair.between.push_back(unary);
      next = *unary->user_begin();
    }
    auto product = dyn_cast<xf::BinaryOp>(next);
    if (!product || product.getKind() != xf::BinaryKind::mul ||
        product.getType() != slice.getType() || (pair.product && pair.product != product))
      return std::nullopt;
    pair.product = product;
  }
  if (seen != 3)
    return std::nullopt;
  return pair;
}

// Both columns of a pair stand in one panel, so that the product is taken in registers.
LogicalResult convertGated(RewriterBase &rewriter, xf::MatmulOp op, xf::WeightOp weight,
                           xf::WeightDataOp data, SymbolTable &symbols, target::CpuAttr cpu) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (op.getTransposeRhs() || rhs.getDimSize(0) < 1 || lhs.getShape().back() != rhs.getDimSize(0))
    return failure();
  std::optional<GatedPair> pair = findGatedPair(op, rhs.getDimSize(1));
  if (!pair)
    return failure();
  xf::WeightDataOp packed = packedPair(rewriter, data, 2 * int64_t(cpu.getLanes()), symbols);
  Location loc = pair->product.getLoc();
  Value panels = panelsOf(rewriter, loc, packed, weight);
  CollapsedRows rows(rewriter, op.getLhs());
  OpFoldResult columns = rewriter.getIndexAttr(rhs.getDimSize(1) / 2);
  kernel::ContractOp fused = contract(rewriter, loc, rows.matrix, panels, {rows.m, columns},
                                      IntegerAttr(), false, /*sums=*/2);
  Value result = rows.expand(rewriter, fused.getResult(0), columns);
  if (result.getType() != pair->product.getType())
    result = tensor::CastOp::create(rewriter, loc, pair->product.getType(), result);
  {
    OpBuilder::InsertionGuard guard(rewriter);
    Block &body = fused.getEpilogue().front();
    rewriter.setInsertionPoint(body.getTerminator());
    xf::Scalars scalars{rewriter, loc};
    Value gate = body.getArgument(pair->gate), up = body.getArgument(1 - pair->gate);
    if (pair->activation)
      gate = scalars.unary(*pair->activation, gate);
    body.getTerminator()->setOperand(0, scalars.mul(gate, up));
  }
  rewriter.replaceOp(pair->product, result);
  // An activation stands behind its slice.
  for (Operation *each : llvm::reverse(pair->between))
    rewriter.eraseOp(each);
  rewriter.eraseOp(op);
  return success();
}

LogicalResult convertProjection(RewriterBase &rewriter, xf::MatmulOp op, xf::WeightOp weight,
                                xf::WeightDataOp data, SymbolTable &symbols, target::CpuAttr cpu) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  int64_t k = rhs.getDimSize(op.getTransposeRhs()), n = rhs.getDimSize(!op.getTransposeRhs());
  if (k < 1 || n < 1 || lhs.getDimSize(lhs.getRank() - 1) != k)
    return failure();
  int64_t nr = choosePanelWidth(n, describe(cpu));
  xf::WeightDataOp packed = packedWeight(rewriter, data, op.getTransposeRhs(), nr, symbols);
  Location loc = op.getLoc();
  Value panels = panelsOf(rewriter, loc, packed, weight);
  CollapsedRows rows(rewriter, op.getLhs());
  OpFoldResult columns = rewriter.getIndexAttr(n);
  Value result =
      contract(rewriter, loc, rows.matrix, panels, {rows.m, columns}, IntegerAttr(), false)
          .getResult(0);
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
            contract(rewriter, loc, op.getLhs(), op.getRhs(), sizes, width, op.getTransposeRhs())
                .getResult(0));
    return success();
  }
  CollapsedRows rows(rewriter, op.getLhs());
  Value result = contract(rewriter, loc, rows.matrix, op.getRhs(), {rows.m, sizes.back()}, width,
                          op.getTransposeRhs())
                     .getResult(0);
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
  if (!weight || rhs.getRank() != 2)
    return convertProduct(rewriter, op, cpu);
  auto data = symbols.lookup<xf::WeightDataOp>(weight.getWeight());
  if (!data)
    return failure();
  if (succeeded(convertGated(rewriter, op, weight, data, symbols, cpu)))
    return success();
  return convertProjection(rewriter, op, weight, data, symbols, cpu);
}

} // namespace tilewright
