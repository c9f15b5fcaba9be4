//===- Interface.cpp - what a compiled model says about itself -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Interface.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::xf;

static bool areStrings(Attribute attribute) {
  auto list = dyn_cast_or_null<ArrayAttr>(attribute);
  return list && llvm::all_of(list, llvm::IsaPred<StringAttr>);
}

static bool areTensors(Attribute attribute) {
  auto list = dyn_cast_or_null<ArrayAttr>(attribute);
  return list && llvm::all_of(list, [](Attribute entry) {
           auto fields = dyn_cast<DictionaryAttr>(entry);
           auto type = fields ? fields.getAs<TypeAttr>("type") : TypeAttr();
           auto tensor = type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
           return tensor && fields.getAs<StringAttr>("name") && areStrings(fields.get("dims")) &&
                  static_cast<int64_t>(fields.getAs<ArrayAttr>("dims").size()) == tensor.getRank();
         });
}

bool mlir::xf::isModelInterface(Attribute attribute) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  return fields && areTensors(fields.get("inputs")) && areTensors(fields.get("outputs")) &&
         areStrings(fields.get("symbols")) &&
         (!fields.get("checks") || areStrings(fields.get("checks")));
}

static Attribute encode(Builder &builder, ArrayRef<TensorInterface> tensors) {
  return builder.getArrayAttr(llvm::map_to_vector(tensors, [&](const TensorInterface &tensor) {
    SmallVector<StringRef> dims(tensor.dims.begin(), tensor.dims.end());
    return Attribute(builder.getDictionaryAttr({
        builder.getNamedAttr("name", builder.getStringAttr(tensor.name)),
        builder.getNamedAttr("type", TypeAttr::get(tensor.type)),
        builder.getNamedAttr("dims", builder.getStrArrayAttr(dims)),
    }));
  }));
}

static SmallVector<TensorInterface> decode(DictionaryAttr interface, StringRef key) {
  SmallVector<TensorInterface> tensors;
  for (auto entry : interface.getAs<ArrayAttr>(key).getAsRange<DictionaryAttr>()) {
    TensorInterface &tensor = tensors.emplace_back();
    tensor.name = entry.getAs<StringAttr>("name").str();
    tensor.type = cast<RankedTensorType>(entry.getAs<TypeAttr>("type").getValue());
    for (StringAttr dim : entry.getAs<ArrayAttr>("dims").getAsRange<StringAttr>())
      tensor.dims.push_back(dim.str());
  }
  return tensors;
}

void mlir::xf::setModelInterface(ModuleOp module, const ModelInterface &interface) {
  Builder builder(module.getContext());
  SmallVector<StringRef> symbols;
  for (const SymbolInterface &symbol : interface.symbols)
    symbols.push_back(symbol.name);
  SmallVector<StringRef> checks(interface.checks.begin(), interface.checks.end());
  module->setAttr(kInterface,
                  builder.getDictionaryAttr({
                      builder.getNamedAttr("inputs", encode(builder, interface.inputs)),
                      builder.getNamedAttr("outputs", encode(builder, interface.outputs)),
                      builder.getNamedAttr("symbols", builder.getStrArrayAttr(symbols)),
                      builder.getNamedAttr("checks", builder.getStrArrayAttr(checks)),
                  }));
}

bool mlir::xf::hasModelInterface(ModuleOp module) {
  return module->hasAttr(kInterface);
}

FailureOr<ModelInterface> mlir::xf::getModelInterface(ModuleOp module) {
  auto attribute = module->getAttrOfType<DictionaryAttr>(kInterface);
  if (!attribute)
    return module.emitError("expects a model interface; xf-export-interface records it");
  ModelInterface interface{decode(attribute, "inputs"), decode(attribute, "outputs"), {}, {}};
  if (auto checks = attribute.getAs<ArrayAttr>("checks"))
    for (StringAttr check : checks.getAsRange<StringAttr>())
      interface.checks.push_back(check.str());
  auto bounds = module->getAttrOfType<DictionaryAttr>("xf.bounds");
  for (StringAttr name : attribute.getAs<ArrayAttr>("symbols").getAsRange<StringAttr>()) {
    SymbolInterface &symbol = interface.symbols.emplace_back(
        SymbolInterface{name.str(), 0, std::numeric_limits<int64_t>::max()});
    if (auto range = bounds ? bounds.getAs<DenseI64ArrayAttr>(name) : DenseI64ArrayAttr()) {
      symbol.min = range[0];
      symbol.max = range[1];
    }
  }
  return interface;
}
