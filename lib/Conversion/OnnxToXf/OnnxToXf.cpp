//===- OnnxToXf.cpp - ONNX nodes to xf -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Converter.h"
#include "lib/Conversion/Passes.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CONVERTONNXTOXF
#include "lib/Conversion/Passes.h.inc"

StringRef domainOf(onnx::NodeOp node) {
  StringRef domain = node.getDomain();
  return domain == "ai.onnx" ? "" : domain;
}

Tensor Converter::tensorOf(Value value) {
  if (Tensor tensor = tensors.lookup(value))
    return tensor;
  return isa<RankedTensorType>(value.getType()) ? builder.wrap(value) : Tensor();
}

void Converter::reject(onnx::NodeOp node, StringRef reason) {
  rejected = true;
  StringRef domain = domainOf(node);
  emitError(node.getLoc()) << domain << (domain.empty() ? "" : ".") << node.getOpType()
                           << " (opset " << node.getVersion() << ") " << reason;
  poison(node);
}

std::string Converter::missingRecipe(onnx::NodeOp node) {
  const Recipe *newest =
      findRecipe(domainOf(node), node.getOpType(), std::numeric_limits<int64_t>::max());
  if (!newest)
    return "is not supported";
  for (const Recipe &recipe : allRecipes())
    if (recipe.domain == newest->domain && recipe.op == newest->op)
      return "is supported from opset " + std::to_string(recipe.since) + " on, the model has " +
             std::to_string(node.getVersion());
  llvm_unreachable("the newest recipe is in the table");
}

// What the compiler computes with; files know more (4-bit integers, 8-bit floats, strings).
static bool isSupported(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (isa<Float32Type, Float16Type, BFloat16Type, Float64Type>(element) ||
      element.isSignlessInteger(1))
    return true;
  return isa<IntegerType>(element) &&
         llvm::is_contained({8, 16, 32, 64}, element.getIntOrFloatBitWidth());
}

void Converter::checkTypes(onnx::NodeOp node) {
  for (Type type : llvm::concat<Type>(llvm::to_vector(node->getOperandTypes()),
                                      llvm::to_vector(node->getResultTypes())))
    if (isa<RankedTensorType>(type) && !isSupported(type))
      builder.fail("does not support element type " + llvm::to_string(getElementTypeOrSelf(type)));
}

void Converter::apply(onnx::NodeOp node, function_ref<void(Node &)> convert) {
  auto inputs = llvm::map_to_vector(node.getInputs(), [&](Value input) { return tensorOf(input); });
  builder.start(node.getLoc());
  Node reader(node, inputs, builder);
  checkTypes(node);
  bool rejectedBefore = std::exchange(rejected, false);
  if (reader.ok())
    convert(reader);
  if (rejected) // a node of a sub-graph, which has been reported
    return poison(node);
  rejected = rejectedBefore;
  if (reader.ok())
    reader.checkAllRead();
  for (unsigned i = 0; i < reader.numOutputs() && reader.ok(); ++i) {
    if (i < reader.yielded().size() && reader.yielded()[i])
      tensors[node.getResult(i)] = reader.yielded()[i];
    else if (reader.wants(i))
      builder.fail("does not support output " + Twine(i));
  }
  if (!reader.ok())
    reject(node, builder.reason());
}

void Converter::convertNode(onnx::NodeOp node) {
  const Recipe *recipe = findRecipe(domainOf(node), node.getOpType(), node.getVersion());
  ControlFlow control = controlFlowOf(node);
  if (!recipe && !control)
    return reject(node, missingRecipe(node));
  if (llvm::any_of(node.getInputs(), [&](Value input) { return isPoisoned(input); }))
    return poison(node);
  apply(node, [&](Node &reader) {
    if (control)
      (this->*control)(reader);
    else
      recipe->convert(reader, builder);
  });
}

// `builder` stays in front of the outermost node or in the loop that stands for it, so that ops of
// a sub-graph move there.
void Converter::convertBlock(Block &block) {
  bool nested = &block != &function.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (!nested)
      ops.setInsertionPoint(&op);
    if (auto node = dyn_cast<onnx::NodeOp>(op))
      convertNode(node);
    else if (nested && !isa<onnx::AbsentOp>(op))
      op.moveBefore(ops.getInsertionBlock(), ops.getInsertionPoint());
  }
}

LogicalResult Converter::finishFunction() {
  auto terminator = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (auto [i, type] : llvm::enumerate(terminator.getOperandTypes()))
    if (!isa<TensorType, onnx::ValueType>(type)) // from IR written by hand
      return terminator.emitOpError("expects a tensor as output ") << i << ", got " << type;
  ops.setInsertionPoint(terminator);
  builder.start(terminator.getLoc());
  auto results = llvm::map_to_vector(terminator.getOperands(),
                                     [&](Value value) { return builder.value(tensorOf(value)); });
  terminator->setOperands(results);
  builder.emitChecks();
  function.setFunctionType(FunctionType::get(function.getContext(), function.getArgumentTypes(),
                                             ValueRange(results).getTypes()));
  // A dimension that turned out static has no name; a dynamic one without a declared name keeps the
  // empty one.
  for (auto [i, value] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(value.getType());
    auto declared = function.getResultAttrOfType<ArrayAttr>(i, "xf.dims");
    SmallVector<Attribute> names(type.getRank(), ops.getStringAttr(""));
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim) && declared && dim < static_cast<int64_t>(declared.size()))
        names[dim] = declared[dim];
    function.setResultAttr(i, "xf.dims", ops.getArrayAttr(names));
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isa<onnx::NodeOp, onnx::AbsentOp>(op) || isOpTriviallyDead(&op))
      op.erase();
  return success();
}

// xf.bounds of the module: {seq = array<i64: MIN, MAX>}.
void Converter::readBounds() {
  ops.setInsertionPointToStart(&function.getBody().front());
  auto bounds = function->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("xf.bounds");
  for (NamedAttribute bound : bounds ? bounds.getValue() : ArrayRef<NamedAttribute>())
    if (auto range = dyn_cast<DenseI64ArrayAttr>(bound.getValue()))
      builder.index.declare(bound.getName(), range[0], range[1]);
}

// A requirement on one dimension narrows its bounds; others are listed in xf.requires.
LogicalResult Converter::writeBounds() {
  auto module = function->getParentOfType<ModuleOp>();
  NamedAttrList bounds(module->getAttrOfType<DictionaryAttr>("xf.bounds"));
  SmallVector<Attribute> others;
  for (const IndexMath::Requirement &requirement : builder.index.requirements()) {
    auto [name, factor] = requirement.terms.front();
    if (requirement.terms.size() == 1 && factor == 1) {
      auto old = dyn_cast_if_present<DenseI64ArrayAttr>(bounds.get(name));
      int64_t lower = std::max<int64_t>(requirement.lower, old ? old[0] : 0);
      int64_t upper =
          std::min(requirement.upper, old ? old[1] : std::numeric_limits<int64_t>::max());
      if (lower > upper)
        return emitError(function.getLoc())
               << "the model needs dimension '" << name.getValue() << "' in [" << requirement.lower
               << ", " << requirement.upper << "], which the declared bounds exclude";
      bounds.set(name, ops.getDenseI64ArrayAttr({lower, upper}));
      continue;
    }
    SmallVector<Attribute> names;
    SmallVector<int64_t> factors;
    for (auto [dimension, coefficient] : requirement.terms) {
      names.push_back(dimension);
      factors.push_back(coefficient);
    }
    others.push_back(ops.getDictionaryAttr(
        {ops.getNamedAttr("dims", ops.getArrayAttr(names)),
         ops.getNamedAttr("factors", ops.getDenseI64ArrayAttr(factors)),
         ops.getNamedAttr("range",
                          ops.getDenseI64ArrayAttr({requirement.lower, requirement.upper}))}));
  }
  if (!bounds.empty())
    module->setAttr("xf.bounds", bounds.getDictionary(function.getContext()));
  if (!others.empty())
    module->setAttr("xf.requires", ops.getArrayAttr(others));
  return success();
}

LogicalResult Converter::run() {
  readBounds();
  convertBlock(function.getBody().front());
  if (rejected)
    return failure();
  if (failed(finishFunction()) || failed(writeBounds()))
    return failure();
  IRRewriter rewriter(function.getContext());
  DominanceInfo dominance(function);
  eliminateCommonSubExpressions(rewriter, dominance, function);
  return success();
}

namespace {
struct ConvertOnnxToXf : impl::ConvertOnnxToXfBase<ConvertOnnxToXf> {
  void runOnOperation() override {
    if (failed(Converter(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace

} // namespace tilewright
