//===- WidenFloats.cpp - f16 and bf16 are f32 inside the model -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Fold.h"
#include "dialects/Xf/IR/Xf.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

namespace mlir::xf {
#define GEN_PASS_DEF_WIDENFLOATS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

bool isNarrow(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

// An exporter rounded the constants of GELU, too; what they were is exacter, and is recognised.
APFloat widened(APFloat value) {
  bool exact;
  for (double meant : {M_SQRT2, M_SQRT1_2, M_2_SQRTPI * M_SQRT1_2, 0.044715, 1.702}) {
    APFloat rounded(meant);
    rounded.convert(value.getSemantics(), APFloat::rmNearestTiesToEven, &exact);
    if (rounded == value)
      value = APFloat(meant);
  }
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &exact);
  return value;
}

// Narrow types, and constants of them, become f32.
AttrTypeReplacer makeReplacer() {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](FloatType type) -> std::optional<Type> {
    if (isNarrow(type))
      return Float32Type::get(type.getContext());
    return std::nullopt;
  });
  using Replaced = std::optional<std::pair<Attribute, WalkResult>>;
  replacer.addReplacement([](DenseFPElementsAttr elements) -> Replaced {
    if (!isNarrow(elements.getType()))
      return std::nullopt;
    auto convert = [](const APFloat &value) { return widened(value).bitcastToAPInt(); };
    Attribute wide = elements.mapValues(Float32Type::get(elements.getContext()), convert);
    return std::pair(wide, WalkResult::skip());
  });
  replacer.addReplacement([](FloatAttr number) -> Replaced {
    if (!isNarrow(number.getType()))
      return std::nullopt;
    Type f32 = Float32Type::get(number.getContext());
    return std::pair(Attribute(FloatAttr::get(f32, widened(number.getValue()))),
                     WalkResult::skip());
  });
  return replacer;
}

struct WidenFloats : impl::WidenFloatsBase<WidenFloats> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // Values that stay narrow: what is read from outside, and what is only narrow to be rounded.
    SmallVector<std::pair<Value, Type>> narrow;
    for (BlockArgument argument : function.getArguments())
      if (isNarrow(argument.getType()))
        narrow.push_back({argument, argument.getType()});
    bool isWide = narrow.empty(), isOpaque = false;
    function.getBody().walk([&](Operation *op) {
      for (Value result : op->getResults()) {
        if (!isNarrow(result.getType()))
          continue;
        isWide = false;
        if (isKept(op) || isRounding(op))
          narrow.push_back({result, result.getType()});
      }
      // Scalar code that tells narrow types apart is left alone.
      isOpaque |= isa<arith::BitcastOp, arith::TruncFOp, arith::ExtFOp>(op);
    });
    if (isWide || isOpaque)
      return;
    AttrTypeReplacer replacer = makeReplacer();
    function.getBody().walk([&](Operation *op) {
      replacer.replaceElementsIn(op, /*replaceAttrs=*/!isKept(op), /*replaceLocs=*/false,
                                 /*replaceTypes=*/true);
    });
    for (auto [value, type] : narrow)
      widen(value, type);
    roundResults();
  }

  // Weights, and constants that would be too large for the IR as f32.
  static bool isKept(Operation *op) {
    DenseFPElementsAttr elements;
    return isa<WeightOp>(op) || (matchPattern(op, m_Constant(&elements)) && !elements.isSplat() &&
                                 elements.getNumElements() * 4 > kMaxConstantBytes);
  }

  // Between narrow and wide parts of a model a Cast says how values are stored. One whose result is
  // cast again, and nothing else, is there to round.
  static bool isRounding(Operation *op) {
    return isa<CastOp>(op) && !op->use_empty() &&
           llvm::all_of(op->getUsers(), llvm::IsaPred<CastOp>);
  }

  // `value` is of `type`, as it was; whoever read it reads it widened.
  void widen(Value value, Type type) {
    OpBuilder b(&getContext());
    b.setInsertionPointAfterValue(value);
    value.setType(type);
    auto wide = cast<RankedTensorType>(type).clone(b.getF32Type());
    auto cast = CastOp::create(b, value.getLoc(), wide, value);
    value.replaceAllUsesExcept(cast, cast);
  }

  void roundResults() {
    Operation *terminator = getOperation().getBody().front().getTerminator();
    OpBuilder b(terminator);
    for (auto [operand, type] :
         llvm::zip(terminator->getOpOperands(), getOperation().getResultTypes()))
      if (operand.get().getType() != type)
        operand.set(CastOp::create(b, terminator->getLoc(), type, operand.get()));
  }
};
} // namespace
} // namespace mlir::xf
