//===- XfConv.cpp - convolution -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::xf;

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorTypeOf(adaptor.getInput()),
                   filter = tensorTypeOf(adaptor.getFilter());
  int64_t spatial = input.getRank() - 2;
  if (spatial < 1 || filter.getRank() != input.getRank())
    return emitOptionalError(loc, "expects input and filter of one rank of 3 or more, got ", input,
                             " and ", filter);
  auto count = static_cast<size_t>(spatial);
  if (adaptor.getStrides().size() != count || adaptor.getDilations().size() != count ||
      adaptor.getPads().size() != 2 * count)
    return emitOptionalError(loc, "expects strides, dilations and pads for ", spatial,
                             " spatial dimensions");
  auto below = [](ArrayRef<int64_t> values, int64_t least) {
    return llvm::any_of(values, [&](int64_t value) { return value < least; });
  };
  if (below(adaptor.getStrides(), 1) || below(adaptor.getDilations(), 1) ||
      below(adaptor.getPads(), 0))
    return emitOptionalError(loc, "expects strides and dilations of 1 or more, pads of 0 or more");
  SmallVector<int64_t> shape{input.getDimSize(0), filter.getDimSize(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t x = input.getDimSize(i + 2), k = filter.getDimSize(i + 2);
    if (ShapedType::isDynamic(x) || ShapedType::isDynamic(k)) {
      shape.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t steps = x + adaptor.getPads()[i] + adaptor.getPads()[i + spatial] -
                    adaptor.getDilations()[i] * (k - 1) - 1;
    if (k < 1 || steps < 0)
      return emitOptionalError(loc, "expects a filter that fits into the padded input, got ",
                               filter, " for ", input);
    shape.push_back(steps / adaptor.getStrides()[i] + 1);
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}
LogicalResult ConvOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()), filter = tensorTypeOf(getFilter());
  if (input.getRank() < 3 || filter.getRank() != input.getRank())
    return success(); // inferReturnTypes, which is asked after this, refuses them
  if (input.getElementType() != filter.getElementType() || !isa<FloatType>(input.getElementType()))
    return emitOpError("expects input and filter of one float type, got ")
           << input.getElementType() << " and " << filter.getElementType();
  int64_t group = getGroup(), channels = input.getDimSize(1), maps = filter.getDimSize(0);
  if (group < 1 || ShapedType::isDynamic(maps) || maps % group)
    return emitOpError("expects a number of output channels divisible by group ")
           << group << ", got " << filter;
  if (ShapedType::isDynamic(channels) ? group != 1 : channels != group * filter.getDimSize(1))
    return emitOpError("expects ")
           << group << " groups of " << filter.getDimSize(1) << " input channels, got " << input;
  if (getBias() && (tensorTypeOf(getBias()).getRank() != 1 ||
                    failed(verifyCompatibleShape(tensorTypeOf(getBias()).getShape(), {maps})) ||
                    getElementTypeOrSelf(getBias()) != input.getElementType()))
    return emitOpError("expects a bias of ")
           << maps << " " << input.getElementType() << ", got " << getBias().getType();
  return success();
}
FailureOr<OpFoldResult> ConvOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  if (dim == 0)
    return dimOf(builder, getLoc(), getInput(), 0);
  if (dim == 1)
    return dimOf(builder, getLoc(), getFilter(), 0);
  auto constant = [&](int64_t value) -> OpFoldResult { return builder.getIndexAttr(value); };
  int64_t i = dim - 2, spatial = getStrides().size();
  // (x + begin + end - dilation (k - 1) - 1) / stride + 1
  OpFoldResult x = dimOf(builder, getLoc(), getInput(), dim),
               k = dimOf(builder, getLoc(), getFilter(), dim);
  OpFoldResult reach = mulSizes(builder, getLoc(), subSizes(builder, getLoc(), k, constant(1)),
                                constant(getDilations()[i]));
  OpFoldResult room =
      addSizes(builder, getLoc(), x, constant(getPads()[i] + getPads()[i + spatial] - 1));
  OpFoldResult steps = divSizes(builder, getLoc(), subSizes(builder, getLoc(), room, reach),
                                constant(getStrides()[i]));
  return addSizes(builder, getLoc(), steps, constant(1));
}

// The input with zeros around its spatial dimensions.
static Value padded(Definition &d, ConvOp op, SmallVectorImpl<OpFoldResult> &sizes) {
  ArrayRef<int64_t> pads = op.getPads();
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return op.getInput();
  SmallVector<OpFoldResult> low(2, d.b.getIndexAttr(0)), high(low);
  for (size_t i = 0, spatial = pads.size() / 2; i < spatial; ++i) {
    low.push_back(d.b.getIndexAttr(pads[i]));
    high.push_back(d.b.getIndexAttr(pads[i + spatial]));
    sizes[i + 2] =
        addSizes(d.b, d.loc, sizes[i + 2], d.b.getIndexAttr(pads[i] + pads[i + spatial]));
  }
  Type element = getElementTypeOrSelf(op.getInput());
  auto type = RankedTensorType::get(staticShape(sizes), element);
  return tensor::PadOp::create(d.b, d.loc, type, op.getInput(), low, high,
                               d.scalars().constant(element, 0));
}

// Loops (n, [g], m, o.., c, k..): input[n, [g], c, o * stride + k * dilation] * filter[[g], m, c,
// k..].
FailureOr<SmallVector<Value>> ConvOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  ReifiedRankedShapedTypeDims reified;
  if (failed(reifyResultShapes(builder, reified)))
    return failure();
  SmallVector<OpFoldResult> sizes = reified[0], inputSizes = d.sizesOf(getInput());
  Value input = padded(d, *this, inputSizes), filter = getFilter();
  int64_t spatial = getStrides().size(), group = getGroup(), grouped = group > 1;
  SmallVector<OpFoldResult> accumulated(sizes);
  if (grouped) {
    input = d.splitDim(input, inputSizes, 1, group);
    filter = d.splitDim(filter, d.sizesOf(filter), 0, group);
    accumulated[1] = builder.getIndexAttr(*getConstantIntValue(sizes[1]) / group);
    accumulated.insert(accumulated.begin() + 1, builder.getIndexAttr(group));
  }
  int64_t m = 1 + grouped, out = m + 1, channel = out + spatial, kernel = channel + 1;
  int64_t loops = kernel + spatial;
  auto loop = [&](int64_t i) { return builder.getAffineDimExpr(i); };
  SmallVector<AffineExpr> inputMap{loop(0)}, filterMap;
  if (grouped) {
    inputMap.push_back(loop(1));
    filterMap.push_back(loop(1));
  }
  inputMap.push_back(loop(channel));
  filterMap.append({loop(m), loop(channel)});
  for (int64_t i = 0; i < spatial; ++i) {
    inputMap.push_back(loop(out + i) * getStrides()[i] + loop(kernel + i) * getDilations()[i]);
    filterMap.push_back(loop(kernel + i));
  }
  Type element = getElementTypeOrSelf(getType()), compute = computeType(element);
  Value result =
      d.contract({{input, AffineMap::get(loops, 0, inputMap, getContext())},
                  {filter, AffineMap::get(loops, 0, filterMap, getContext())}},
                 {d.full(accumulated, d.scalars().constant(compute, 0)),
                  d.select(loops, llvm::to_vector(llvm::seq<int64_t>(0, channel)))},
                 [](Scalars &s, ValueRange x) { return s.add(x[2], s.mul(x[0], x[1])); });
  if (grouped) {
    SmallVector<ReassociationIndices> merge{{0}, {1, 2}};
    for (int64_t i = 0; i < spatial; ++i)
      merge.push_back({out + i});
    result = tensor::CollapseShapeOp::create(builder, getLoc(), result, merge);
  }
  if (!getBias())
    return SmallVector<Value>{d.as(getType(), d.rounded(result, sizes, element))};
  Definition::Operand bias{getBias(), d.select(sizes.size(), {1})};
  result = d.map({{result, d.identity(sizes.size())}, bias}, sizes, element,
                 [](Scalars &s, ValueRange x) { return s.add(x[0], x[1]); });
  return SmallVector<Value>{d.as(getType(), result)};
}
