//===- Importer.cpp - an ONNX file becomes onnx.node IR -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Importer.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Onnx/Constants.h"
#include "lib/Onnx/Graph.h"
#include "lib/Onnx/ModelFile.h"
#include "lib/Onnx/Tensors.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tilewright {
namespace {

constexpr int64_t kOldestOpset = 7;

class Importer {
public:
  Importer(StringRef path, MLIRContext &context, const ImportOptions &options)
      : path(path.str()), options(options), builder(&context),
        fileLoc(FileLineColLoc::get(&context, path, 0, 0)) {}

  OwningOpRef<ModuleOp> run();

private:
  InFlightDiagnostic error(Location loc) { return emitError(loc); }
  LogicalResult report(Location loc, llvm::Error failure) {
    return error(loc) << llvm::toString(std::move(failure));
  }
  Location located(const ::onnx::NodeProto &node) {
    return NameLoc::get(builder.getStringAttr(nodeName(node)), fileLoc);
  }

  LogicalResult readOpsets(const ::onnx::ModelProto &model);
  LogicalResult importGraph(::onnx::GraphProto &graph);
  FailureOr<RankedTensorType> inputType(const ::onnx::ValueInfoProto &input,
                                        SmallVectorImpl<Attribute> &names);
  LogicalResult applyDims();
  /// The tensors of options.constants, and the dimensions that they fix.
  LogicalResult readConstants(const ::onnx::GraphProto &graph);
  FailureOr<Value> importTensor(const ::onnx::TensorProto &tensor, StringRef name, Location loc);
  LogicalResult importNodes(::onnx::GraphProto &graph);
  LogicalResult importNode(const ::onnx::NodeProto &node);
  FailureOr<Attribute> importAttribute(const ::onnx::AttributeProto &attribute, Location loc);
  LogicalResult importSubgraph(::onnx::GraphProto graph, Region &region, Location loc);
  Type valueType(const std::string &name);
  /// Of a domain that the model does not import, as onnxruntime lets its own be left out: 1.
  int64_t opsetOf(StringRef domain) const {
    auto known = opsets.find(domain);
    return known != opsets.end() ? known->second : domain.empty() ? 0 : 1;
  }
  LogicalResult finish(const ::onnx::GraphProto &graph, func::FuncOp function);
  void recordTypes(const ::onnx::GraphProto &graph);

  std::string path;
  ImportOptions options;
  OpBuilder builder;
  Location fileLoc;
  ModuleOp module;
  OpBuilder weights{builder}; ///< inserts weight_data in front of the function
  llvm::StringMap<int64_t> opsets;
  std::map<std::string, Value> values;
  llvm::StringMap<const ::onnx::TypeProto *> types; ///< what value_info tells
  llvm::StringSet<> weightNames;
  llvm::StringSet<> dimNames;
  llvm::StringMap<::onnx::TensorProto> constants; ///< inputs that have become constants
};

OwningOpRef<ModuleOp> Importer::run() {
  llvm::Expected<::onnx::ModelProto> model = readModel(path);
  if (!model) {
    (void)(error(UnknownLoc::get(builder.getContext())) << llvm::toString(model.takeError()));
    return nullptr;
  }
  OwningOpRef<ModuleOp> owned(ModuleOp::create(fileLoc));
  module = *owned;
  if (failed(readOpsets(*model)))
    return nullptr;
  if (llvm::Error failure = inlineFunctions(*model)) {
    (void)report(fileLoc, std::move(failure));
    return nullptr;
  }
  if (failed(importGraph(*model->mutable_graph())))
    return nullptr;
  return owned;
}

LogicalResult Importer::readOpsets(const ::onnx::ModelProto &model) {
  auto add = [&](const ::onnx::OperatorSetIdProto &opset) {
    std::string domain = opset.domain() == "ai.onnx" ? "" : opset.domain();
    opsets[domain] = std::max<int64_t>(opsets.lookup(domain), opset.version());
  };
  for (const auto &opset : model.opset_import())
    add(opset);
  for (const auto &function : model.functions())
    for (const auto &opset : function.opset_import())
      if (!opsets.count(opset.domain() == "ai.onnx" ? "" : opset.domain()))
        add(opset);
  int64_t version = opsets.lookup("");
  if (version && version < kOldestOpset)
    return error(fileLoc) << "expects opset " << kOldestOpset << " or later, got " << version
                          << "; convert the model with onnx.version_converter";
  return success();
}

void Importer::recordTypes(const ::onnx::GraphProto &graph) {
  for (const auto &info : graph.value_info())
    types[info.name()] = &info.type();
  for (const auto &info : graph.output())
    types[info.name()] = &info.type();
}

FailureOr<RankedTensorType> Importer::inputType(const ::onnx::ValueInfoProto &input,
                                                SmallVectorImpl<Attribute> &names) {
  auto fail = [&](const Twine &what) {
    return error(fileLoc) << "input '" << input.name() << "': " << what;
  };
  if (!input.type().has_tensor_type())
    return fail("expects a tensor; sequences, maps and optionals are not supported");
  const auto &tensor = input.type().tensor_type();
  Type element = elementType(builder.getContext(), tensor.elem_type());
  if (!element)
    return fail("has elements of type " + elementTypeName(tensor.elem_type()) +
                ", which Tilewright lacks");
  if (!tensor.has_shape())
    return fail("has no shape; expects a known rank (name the dimensions when exporting)");
  SmallVector<int64_t> shape;
  for (const auto &[i, dim] : llvm::enumerate(tensor.shape().dim())) {
    if (dim.has_dim_value() && dim.dim_value() >= 0) {
      shape.push_back(dim.dim_value());
      names.push_back(builder.getStringAttr(""));
      continue;
    }
    if (dim.has_dim_value() && dim.dim_value() != -1)
      return fail("dimension " + Twine(i) + " has size " + Twine(dim.dim_value()));
    std::string name =
        dim.dim_param().empty() ? input.name() + "_dim" + std::to_string(i) : dim.dim_param();
    dimNames.insert(name);
    auto range = options.dims.find(name);
    bool fixed = range != options.dims.end() && range->second.min == range->second.max;
    shape.push_back(fixed ? range->second.min : ShapedType::kDynamic);
    names.push_back(builder.getStringAttr(fixed ? "" : name));
  }
  if (!countElements(shape))
    return fail("has more elements than memory can hold");
  return RankedTensorType::get(shape, element);
}

// Declared ranges go on the module; a name that no input has is a mistake of the user's.
LogicalResult Importer::applyDims() {
  SmallVector<NamedAttribute> bounds;
  for (const auto &dim : options.dims) {
    if (!dimNames.contains(dim.getKey())) {
      auto diagnostic = error(fileLoc) << "no input has a dimension named '" << dim.getKey() << "'";
      if (!dimNames.empty()) {
        SmallVector<StringRef> known(dimNames.keys().begin(), dimNames.keys().end());
        llvm::sort(known);
        diagnostic << "; the model has " << llvm::join(known, ", ");
      }
      return diagnostic;
    }
    if (dim.second.min != dim.second.max)
      bounds.push_back(builder.getNamedAttr(
          dim.getKey(), builder.getDenseI64ArrayAttr({dim.second.min, dim.second.max})));
  }
  if (!bounds.empty())
    module->setAttr("xf.bounds", builder.getDictionaryAttr(bounds));
  return success();
}

LogicalResult Importer::readConstants(const ::onnx::GraphProto &graph) {
  for (const auto &constant : options.constants) {
    auto input = llvm::find_if(
        graph.input(), [&](const auto &input) { return input.name() == constant.getKey(); });
    if (input == graph.input().end())
      return error(fileLoc) << "no input is named '" << constant.getKey() << "'";
    llvm::Expected<::onnx::TensorProto> tensor = constantTensor(*input, constant.getValue());
    if (!tensor)
      return report(fileLoc, tensor.takeError());
    for (auto [dim, size] : llvm::zip(input->type().tensor_type().shape().dim(), tensor->dims()))
      if (!dim.dim_param().empty())
        options.dims[dim.dim_param()] = {size, size};
    constants[constant.getKey()] = std::move(*tensor);
  }
  return success();
}

LogicalResult Importer::importGraph(::onnx::GraphProto &graph) {
  recordTypes(graph);
  if (failed(readConstants(graph)))
    return failure();
  std::set<std::string> initialised;
  for (const auto &tensor : graph.initializer())
    initialised.insert(tensor.name());
  if (graph.sparse_initializer_size())
    return error(fileLoc) << "sparse initialisers are not supported; convert '"
                          << graph.sparse_initializer(0).values().name() << "' to a dense tensor";

  SmallVector<Type> argTypes;
  SmallVector<const ::onnx::ValueInfoProto *> inputs;
  SmallVector<SmallVector<Attribute>> dims;
  for (const auto &input : graph.input()) {
    if (initialised.count(input.name()))
      continue; // before IR version 4 initialisers were listed as inputs too
    FailureOr<RankedTensorType> type = inputType(input, dims.emplace_back());
    if (failed(type))
      return failure();
    if (constants.contains(input.name())) {
      dims.pop_back();
      continue;
    }
    argTypes.push_back(*type);
    inputs.push_back(&input);
  }
  if (failed(applyDims()))
    return failure();

  builder.setInsertionPointToEnd(module.getBody());
  auto function =
      func::FuncOp::create(builder, fileLoc, "main", builder.getFunctionType(argTypes, {}));
  weights.setInsertionPoint(function);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    function.setArgAttr(i, "xf.name", builder.getStringAttr(input->name()));
    function.setArgAttr(i, "xf.dims", builder.getArrayAttr(dims[i]));
    values[input->name()] = entry->getArgument(i);
  }
  for (const auto &constant : constants) {
    if (constant.getValue().ByteSizeLong() > kMaxConstantBytes)
      return error(fileLoc) << "constant for input '" << constant.getKey() << "': expects at most "
                            << kMaxConstantBytes << " bytes, got "
                            << constant.getValue().ByteSizeLong();
    FailureOr<Value> value = importTensor(constant.getValue(), constant.getKey(), fileLoc);
    if (failed(value))
      return failure();
    values[constant.getKey().str()] = *value;
  }
  if (failed(importNodes(graph)))
    return failure();
  return finish(graph, function);
}

FailureOr<Value> Importer::importTensor(const ::onnx::TensorProto &tensor, StringRef name,
                                        Location loc) {
  llvm::Expected<RankedTensorType> type = tensorType(builder.getContext(), tensor);
  if (!type)
    return report(loc, type.takeError());
  bool outside = tensor.data_location() == ::onnx::TensorProto::EXTERNAL;
  int64_t bytes = storedBytes(type->getElementType(), type->getNumElements());
  if (!outside) {
    if (bytes > kMaxConstantBytes)
      return report(loc, llvm::createStringError(
                             "tensor '%s' expects %lld bytes of data, got none or unpacked data; "
                             "save the model again with the onnx package",
                             tensor.name().c_str(), static_cast<long long>(bytes)));
    llvm::Expected<DenseElementsAttr> value = tensorValue(tensor, *type);
    if (!value)
      return report(loc, value.takeError());
    return arith::ConstantOp::create(builder, loc, *value).getResult();
  }
  llvm::Expected<TensorLocation> location = locateTensor(tensor, path, bytes);
  if (!location)
    return report(loc, location.takeError());
  std::string symbol = name.str();
  for (unsigned clash = 1; !weightNames.insert(symbol).second; ++clash)
    symbol = (name + "." + Twine(clash)).str();
  auto source =
      xf::SourceAttr::get(builder.getContext(), location->file, location->offset, location->length,
                          location->varint ? xf::Encoding::varint : xf::Encoding::raw);
  xf::WeightDataOp::create(weights, loc, symbol, *type, source);
  return xf::WeightOp::create(builder, loc, *type, symbol, Value()).getResult();
}

LogicalResult Importer::importNodes(::onnx::GraphProto &graph) {
  for (const auto &tensor : graph.initializer()) {
    FailureOr<Value> value = importTensor(tensor, tensor.name(), fileLoc);
    if (failed(value))
      return failure();
    values[tensor.name()] = *value;
  }
  std::set<std::string> known;
  for (const auto &value : values)
    known.insert(value.first);
  if (llvm::Error failure = sortNodes(graph, known))
    return report(fileLoc, std::move(failure));
  for (const auto &node : graph.node())
    if (failed(importNode(node)))
      return failure();
  return success();
}

// What the file says of a value: used by recipes only as a cross-check, so a missing or odd entry
// is no error.
Type Importer::valueType(const std::string &name) {
  auto known = types.find(name);
  auto unknown = mlir::onnx::ValueType::get(builder.getContext());
  if (known == types.end() || !known->second->has_tensor_type() ||
      !known->second->tensor_type().has_shape())
    return unknown;
  const auto &tensor = known->second->tensor_type();
  Type element = elementType(builder.getContext(), tensor.elem_type());
  if (!element)
    return unknown;
  SmallVector<int64_t> shape;
  for (const auto &dim : tensor.shape().dim())
    shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value()
                                                                : ShapedType::kDynamic);
  return RankedTensorType::get(shape, element);
}

LogicalResult Importer::importNode(const ::onnx::NodeProto &node) {
  Location loc = located(node);
  std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  // A large Constant is a weight like any other.
  if (domain.empty() && node.op_type() == "Constant" && node.attribute_size() == 1 &&
      node.output_size() == 1 && node.attribute(0).has_t() &&
      node.attribute(0).t().data_location() == ::onnx::TensorProto::EXTERNAL) {
    FailureOr<Value> value = importTensor(node.attribute(0).t(), node.output(0), loc);
    if (succeeded(value))
      values[node.output(0)] = *value;
    return value;
  }
  SmallVector<Value> operands;
  for (const auto &input : node.input())
    operands.push_back(
        input.empty()
            ? mlir::onnx::AbsentOp::create(builder, loc, builder.getNoneType()).getResult()
            : values.at(input));
  SmallVector<NamedAttribute> attributes;
  SmallVector<const ::onnx::AttributeProto *> graphs;
  for (const auto &attribute : node.attribute()) {
    if (attribute.has_g()) {
      graphs.push_back(&attribute);
      continue;
    }
    FailureOr<Attribute> value = importAttribute(attribute, loc);
    if (failed(value))
      return failure();
    attributes.push_back(builder.getNamedAttr(attribute.name(), *value));
  }
  SmallVector<Type> resultTypes;
  for (const auto &output : node.output())
    resultTypes.push_back(valueType(output));
  SmallVector<StringRef> graphNames;
  for (const auto *attribute : graphs)
    graphNames.push_back(attribute->name());
  auto op = mlir::onnx::NodeOp::create(
      builder, loc, resultTypes, node.op_type(), domain, opsetOf(domain), operands,
      builder.getDictionaryAttr(attributes),
      graphs.empty() ? ArrayAttr() : builder.getStrArrayAttr(graphNames), graphs.size());
  for (auto [i, attribute] : llvm::enumerate(graphs))
    if (failed(importSubgraph(attribute->g(), op.getGraphs()[i], loc)))
      return failure();
  for (auto [name, result] : llvm::zip(node.output(), op.getOutputs()))
    if (!name.empty())
      values[name] = result;
  return success();
}

FailureOr<Attribute> Importer::importAttribute(const ::onnx::AttributeProto &attribute,
                                               Location loc) {
  using Proto = ::onnx::AttributeProto;
  auto fail = [&](const Twine &what) {
    return error(loc) << "attribute '" << attribute.name() << "' " << what;
  };
  switch (attribute.type()) {
  case Proto::INT:
    return Attribute(builder.getI64IntegerAttr(attribute.i()));
  case Proto::FLOAT:
    return Attribute(builder.getF32FloatAttr(attribute.f()));
  case Proto::STRING:
    return Attribute(builder.getStringAttr(attribute.s()));
  case Proto::INTS:
    return Attribute(builder.getDenseI64ArrayAttr(
        SmallVector<int64_t>(attribute.ints().begin(), attribute.ints().end())));
  case Proto::FLOATS:
    return Attribute(builder.getDenseF32ArrayAttr(
        SmallVector<float>(attribute.floats().begin(), attribute.floats().end())));
  case Proto::STRINGS:
    return Attribute(builder.getStrArrayAttr(
        SmallVector<StringRef>(attribute.strings().begin(), attribute.strings().end())));
  case Proto::TENSOR: {
    if (attribute.t().data_location() == ::onnx::TensorProto::EXTERNAL)
      return fail("holds a large tensor, which only Constant may");
    llvm::Expected<RankedTensorType> type = tensorType(builder.getContext(), attribute.t());
    if (!type)
      return report(loc, type.takeError());
    llvm::Expected<DenseElementsAttr> value = tensorValue(attribute.t(), *type);
    if (!value)
      return report(loc, value.takeError());
    return Attribute(*value);
  }
  default:
    return fail("is of a kind that Tilewright does not read (" +
                Twine(Proto::AttributeType_Name(attribute.type())) + ")");
  }
}

LogicalResult Importer::importSubgraph(::onnx::GraphProto graph, Region &region, Location loc) {
  OpBuilder::InsertionGuard guard(builder);
  auto outerValues = values;
  auto outerTypes = types;
  llvm::scope_exit restore([&] {
    values = std::move(outerValues);
    types = std::move(outerTypes); // the inner ones point into the copied sub-graph
  });
  recordTypes(graph);
  Block *block = builder.createBlock(&region);
  for (const auto &input : graph.input()) {
    SmallVector<Attribute> names;
    Type type = mlir::onnx::ValueType::get(builder.getContext());
    if (input.type().has_tensor_type() && input.type().tensor_type().has_shape()) {
      FailureOr<RankedTensorType> known = inputType(input, names);
      if (failed(known))
        return failure();
      type = *known;
    }
    values[input.name()] = block->addArgument(type, loc);
  }
  if (failed(importNodes(graph)))
    return failure();
  SmallVector<Value> outputs;
  for (const auto &output : graph.output()) {
    auto found = values.find(output.name());
    if (found == values.end())
      return error(loc) << "sub-graph output '" << output.name() << "' is made by no node";
    outputs.push_back(found->second);
  }
  mlir::onnx::YieldOp::create(builder, loc, outputs);
  return success();
}

LogicalResult Importer::finish(const ::onnx::GraphProto &graph, func::FuncOp function) {
  if (graph.output_size() == 0)
    return error(fileLoc) << "the graph has no outputs";
  SmallVector<Value> results;
  SmallVector<Type> resultTypes;
  SmallVector<DictionaryAttr> resultAttrs;
  for (const auto &output : graph.output()) {
    auto found = values.find(output.name());
    if (found == values.end())
      return error(fileLoc) << "output '" << output.name()
                            << "' is made by no node, input or initialiser";
    results.push_back(found->second);
    resultTypes.push_back(found->second.getType());
    SmallVector<NamedAttribute> attrs{
        builder.getNamedAttr("xf.name", builder.getStringAttr(output.name()))};
    if (output.type().has_tensor_type() && output.type().tensor_type().has_shape()) {
      SmallVector<Attribute> names;
      for (const auto &dim : output.type().tensor_type().shape().dim())
        names.push_back(builder.getStringAttr(dim.dim_param()));
      auto type = dyn_cast<RankedTensorType>(found->second.getType());
      if (!type || type.getRank() == static_cast<int64_t>(names.size()))
        attrs.push_back(builder.getNamedAttr("xf.dims", builder.getArrayAttr(names)));
    }
    resultAttrs.push_back(builder.getDictionaryAttr(attrs));
  }
  func::ReturnOp::create(builder, fileLoc, results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), resultTypes));
  function.setAllResultAttrs(resultAttrs);
  return success();
}

} // namespace

OwningOpRef<ModuleOp> importOnnx(StringRef path, MLIRContext &context,
                                 const ImportOptions &options) {
  context.loadDialect<mlir::onnx::OnnxDialect, xf::XfDialect, func::FuncDialect,
                      arith::ArithDialect>();
  return Importer(path, context, options).run();
}

} // namespace tilewright
