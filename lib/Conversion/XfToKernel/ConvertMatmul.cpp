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
// How a weight is laid out in panels.
struct Layout {
  bool transposed; // the weight is [n, k]
  int64_t nr;      // columns of a panel
  int64_t sums;    // matrices side by side, of which a panel has nr / sums columns each
  Type element;    // f32, f16, or bf16 in pairs
  bool split;      // the f32 is the sum of two bf16
  bool isPaired() const { return element.isBF16(); }
};

// The two bf16 whose sum is f32 `x`, but for its last 8 bits.
std::pair<Value, Value> splitFloats(RewriterBase &rewriter, Location loc, Value x) {
  auto wide = cast<RankedTensorType>(x.getType());
  RankedTensorType narrow = wide.clone(rewriter.getBF16Type());
  Value high = xf::CastOp::create(rewriter, loc, narrow, x);
  Value back = xf::CastOp::create(rewriter, loc, wide, high);
  Value rest = xf::BinaryOp::create(rewriter, loc, wide, xf::BinaryKind::sub, x, back);
  return {high, xf::CastOp::create(rewriter, loc, narrow, rest)};
}

// `data` (a matrix [k, n], or [n, k] if transposed; layers in front where it is stacked) in panels,
// zeros behind n: see kernel.contract.
class WeightPacking {
public:
  WeightPacking(RewriterBase &rewriter, xf::WeightDataOp data, Layout layout)
      : rewriter(rewriter), data(data), layout(layout), loc(data.getLoc()),
        plain(cast<RankedTensorType>(data.getType())), layers(plain.getRank() - 2) {}

  // There is one weight of a name.
  xf::WeightDataOp run(SymbolTable &symbols) {
    StringRef kind = layout.sums > 1 ? "pairs" : layout.transposed ? "rows" : "panels";
    StringRef type = layout.split             ? ".bf16x3"
                     : layout.isPaired()      ? ".bf16"
                     : layout.element.isF16() ? ".f16"
                                              : "";
    std::string name = (data.getSymName() + "." + kind + Twine(layout.nr) + type).str();
    if (auto existing = symbols.lookup<xf::WeightDataOp>(name))
      return existing;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointAfter(data);
    auto packed = xf::WeightDataOp::create(rewriter, loc, name, packedType(), xf::SourceAttr());
    symbols.insert(packed);
    rewriter.createBlock(&packed.getInit());
    Value from = xf::WeightOp::create(rewriter, loc, plain, data.getSymName(), Value());
    xf::YieldOp::create(rewriter, loc, collapse(pack(split(round(from)))));
    return packed;
  }

private:
  int64_t pairing() const { return layout.isPaired() ? 2 : 1; }
  int64_t kDim() const { return layers + layout.transposed; }
  int64_t k() const { return plain.getDimSize(kDim()) * (layout.split ? 3 : 1); }
  // Of one of the matrices side by side.
  int64_t columns() const { return plain.getDimSize(layers + !layout.transposed) / layout.sums; }
  int64_t tile() const { return layout.nr / layout.sums; }
  int64_t panels() const { return llvm::divideCeil(columns(), tile()); }
  SmallVector<int64_t> layered(ArrayRef<int64_t> sizes) const {
    SmallVector<int64_t> shape(plain.getShape().take_front(layers));
    shape.append(sizes.begin(), sizes.end());
    return shape;
  }
  RankedTensorType packedType() const {
    return RankedTensorType::get(layered({panels(), k() / pairing(), layout.nr * pairing()}),
                                 layout.element);
  }

  Value round(Value from) {
    if (layout.split) {
      if (!plain.getElementType().isF32())
        from = xf::CastOp::create(rewriter, loc, plain.clone(rewriter.getF32Type()), from);
      auto [high, low] = splitFloats(rewriter, loc, from);
      return tensor::ConcatOp::create(rewriter, loc, kDim(), ValueRange{high, high, low});
    }
    if (plain.getElementType() == layout.element)
      return from;
    return xf::CastOp::create(rewriter, loc, plain.clone(layout.element), from);
  }

  // [k, sums, columns]
  Value split(Value from) {
    if (layout.sums == 1)
      return from;
    SmallVector<ReassociationIndices> groups = firstDimensions(layers + 1);
    groups.push_back({layers + 1, layers + 2});
    auto type = RankedTensorType::get(layered({k(), layout.sums, columns()}),
                                      cast<ShapedType>(from.getType()).getElementType());
    return tensor::ExpandShapeOp::create(rewriter, loc, type, from, groups);
  }

  // [panel, k, matrix] [column, of pair]
  Value pack(Value from) {
    int64_t kDim = this->kDim(), nDim = layers + !layout.transposed;
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, layers));
    SmallVector<int64_t> shape = layered({panels(), k() / pairing()});
    if (layout.sums > 1) {
      nDim = layers + 2;
      order.append({nDim, kDim, layers + 1});
      shape.push_back(layout.sums);
    } else {
      order.append({nDim, kDim});
    }
    SmallVector<int64_t> position{nDim};
    SmallVector<OpFoldResult> tiles{rewriter.getIndexAttr(tile())};
    shape.push_back(tile());
    if (layout.isPaired()) {
      position.push_back(kDim);
      tiles.push_back(rewriter.getIndexAttr(2));
      shape.push_back(2);
    }
    Type element = cast<ShapedType>(from.getType()).getElementType();
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
    Value into = tensor::EmptyOp::create(rewriter, loc, shape, element);
    return linalg::PackOp::create(rewriter, loc, from, into, position, tiles, zero, order)
        .getResult();
  }

  // What stands in a row of a panel is one dimension.
  Value collapse(Value packed) {
    int64_t rank = cast<ShapedType>(packed.getType()).getRank();
    if (rank == layers + 3)
      return packed;
    SmallVector<ReassociationIndices> groups = firstDimensions(layers + 2);
    groups.push_back(llvm::to_vector(llvm::seq<int64_t>(layers + 2, rank)));
    return tensor::CollapseShapeOp::create(rewriter, loc, packedType(), packed, groups);
  }

  static SmallVector<ReassociationIndices> firstDimensions(int64_t count) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t i = 0; i < count; ++i)
      groups.push_back({i});
    return groups;
  }

  RewriterBase &rewriter;
  xf::WeightDataOp data;
  Layout layout;
  Location loc;
  RankedTensorType plain;
  int64_t layers;
};

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

// The type of the elements of `value`, in the initialiser of a weight, where that is narrower than
// f32: everything there moves elements or widens such ones. Null otherwise.
Type narrowElement(Value value, SymbolTable &symbols) {
  Type element = getElementTypeOrSelf(value.getType());
  if (element.isF16() || element.isBF16())
    return element;
  Operation *op = value.getDefiningOp();
  if (auto handle = dyn_cast_or_null<xf::WeightOp>(op)) {
    auto data = symbols.lookup<xf::WeightDataOp>(handle.getWeight());
    if (!data || data.getInit().empty())
      return {};
    return narrowElement(cast<xf::YieldOp>(data.getInit().front().back()).getValue(), symbols);
  }
  if (!isa_and_nonnull<xf::CastOp, xf::TransposeOp, xf::ReshapeOp, xf::BroadcastOp, tensor::CastOp,
                       tensor::ConcatOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                       tensor::CollapseShapeOp>(op))
    return {};
  ValueRange inputs = isa<tensor::ConcatOp>(op) ? ValueRange(op->getOperands())
                                                : ValueRange(op->getOperands().take_front());
  Type first = narrowElement(inputs.front(), symbols);
  return llvm::all_of(inputs, [&](Value each) { return narrowElement(each, symbols) == first; })
             ? first
             : Type();
}

// A weight [k, ..] is packed no wider than it is in the model, and rounded where that is allowed.
// An odd k has no last pair.
void chooseElement(RewriterBase &rewriter, Layout &layout, xf::WeightOp weight, int64_t k,
                   target::CpuAttr cpu, Compute compute, SymbolTable &symbols) {
  Type own = narrowElement(weight, symbols), bf16 = rewriter.getBF16Type();
  layout.split = compute == Compute::bf16x3 && cpu.getTiles() && k % 2 == 0;
  if (k % 2 == 0 && (layout.split || compute == Compute::bf16 || own == bf16))
    layout.element = bf16;
  else
    layout.element = own == rewriter.getF16Type() ? own : rewriter.getF32Type();
}

// What is multiplied with a weight of `layout`: where it may not be rounded or the CPU has no
// product of bf16, the weight is widened instead. Split, (high + low) (high + low) is
// [high, low, high] · [high, high, low] and low · low, which is left out.
Value roundedLhs(RewriterBase &rewriter, Value lhs, const Layout &layout, target::CpuAttr cpu,
                 Compute compute) {
  Location loc = lhs.getLoc();
  auto type = cast<RankedTensorType>(lhs.getType());
  if (layout.split) {
    auto [high, low] = splitFloats(rewriter, loc, lhs);
    return tensor::ConcatOp::create(rewriter, loc, type.getRank() - 1, ValueRange{high, low, high});
  }
  if (!layout.isPaired() || !cpu.getBf16Dot() || compute != Compute::bf16)
    return lhs;
  return xf::CastOp::create(rewriter, loc, type.clone(rewriter.getBF16Type()), lhs);
}

// f32 lhs × rhs with the (first) sum itself as the epilogue.
kernel::ContractOp contract(RewriterBase &rewriter, Location loc, Value lhs, Value rhs,
                            ArrayRef<OpFoldResult> sizes, IntegerAttr panelWidth, bool transposed,
                            int64_t sums = 1) {
  Type element = rewriter.getF32Type();
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
                           xf::WeightDataOp data, SymbolTable &symbols, target::CpuAttr cpu,
                           Compute compute) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (op.getTransposeRhs() || rhs.getDimSize(0) < 1 || lhs.getShape().back() != rhs.getDimSize(0))
    return failure();
  std::optional<GatedPair> pair = findGatedPair(op, rhs.getDimSize(1));
  if (!pair)
    return failure();
  Layout layout{false, 2 * int64_t(cpu.getLanes()), 2, {}, false};
  chooseElement(rewriter, layout, weight, rhs.getDimSize(0), cpu, compute, symbols);
  xf::WeightDataOp packed = WeightPacking(rewriter, data, layout).run(symbols);
  Location loc = pair->product.getLoc();
  Value panels = panelsOf(rewriter, loc, packed, weight);
  CollapsedRows rows(rewriter, roundedLhs(rewriter, op.getLhs(), layout, cpu, compute));
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
                                xf::WeightDataOp data, SymbolTable &symbols, target::CpuAttr cpu,
                                Compute compute) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  int64_t k = rhs.getDimSize(op.getTransposeRhs()), n = rhs.getDimSize(!op.getTransposeRhs());
  if (k < 1 || n < 1 || lhs.getDimSize(lhs.getRank() - 1) != k)
    return failure();
  Layout layout{op.getTransposeRhs(), choosePanelWidth(n, describe(cpu)), 1, {}, false};
  chooseElement(rewriter, layout, weight, k, cpu, compute, symbols);
  xf::WeightDataOp packed = WeightPacking(rewriter, data, layout).run(symbols);
  Location loc = op.getLoc();
  Value panels = panelsOf(rewriter, loc, packed, weight);
  CollapsedRows rows(rewriter, roundedLhs(rewriter, op.getLhs(), layout, cpu, compute));
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
                            target::CpuAttr cpu, Compute compute) {
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (!rhs.getElementType().isF32())
    return failure();
  auto weight = op.getRhs().getDefiningOp<xf::WeightOp>();
  if (!weight || rhs.getRank() != 2)
    return convertProduct(rewriter, op, cpu);
  auto data = symbols.lookup<xf::WeightDataOp>(weight.getWeight());
  if (!data)
    return failure();
  if (succeeded(convertGated(rewriter, op, weight, data, symbols, cpu, compute)))
    return success();
  return convertProjection(rewriter, op, weight, data, symbols, cpu, compute);
}

} // namespace tilewright
