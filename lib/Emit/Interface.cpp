//===- Interface.cpp - a model as its caller sees it -----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Interface.h"
#include "dialects/Xf/IR/Interface.h"
#include "include/tilewright/Runtime.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tilewright;

namespace {

/// DLPack's code and the name of an element type; false if DLPack has none.
bool describeType(Type type, TensorInterface &tensor) {
  auto set = [&](uint8_t code, unsigned bits, const Twine &name) {
    tensor.code = code;
    tensor.bits = static_cast<uint8_t>(bits);
    tensor.dtype = name.str();
    return true;
  };
  if (type.isBF16())
    return set(kDLBfloat, 16, "bfloat16");
  if (type.isF16() || type.isF32() || type.isF64())
    return set(kDLFloat, type.getIntOrFloatBitWidth(),
               "float" + Twine(type.getIntOrFloatBitWidth()));
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return false;
  unsigned bits = integer.getWidth();
  if (bits == 1) // a byte of 0 or 1 in memory
    return set(kDLUInt, 8, "bool");
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return false;
  return integer.isUnsigned() ? set(kDLUInt, bits, "uint" + Twine(bits))
                              : set(kDLInt, bits, "int" + Twine(bits));
}

class Reader {
public:
  explicit Reader(ModuleOp module) : module(module) {}

  /// From the model function, which still has its tensors.
  LogicalResult read(func::FuncOp function, ModelInterface &model) {
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (failed(addInput(nameOf(function.getArgAttrOfType<StringAttr>(i, "xf.name"), "input", i),
                          type, namesOf(function.getArgAttrOfType<ArrayAttr>(i, "xf.dims")),
                          model)))
        return failure();
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      if (failed(addOutput(
              nameOf(function.getResultAttrOfType<StringAttr>(i, "xf.name"), "output", i), type,
              namesOf(function.getResultAttrOfType<ArrayAttr>(i, "xf.dims")), model)))
        return failure();
    return success();
  }

  /// From what `xf-export-interface` recorded.
  LogicalResult read(const xf::ModelInterface &recorded, ModelInterface &model) {
    model.checks.assign(recorded.checks.begin(), recorded.checks.end());
    for (const xf::TensorInterface &input : recorded.inputs)
      if (failed(addInput(input.name, input.type, input.dims, model)))
        return failure();
    for (const xf::TensorInterface &output : recorded.outputs)
      if (failed(addOutput(output.name, output.type, output.dims, model)))
        return failure();
    return success();
  }

  /// xf.requires: what the conversion took for granted. A dimension that no input has cannot be
  /// checked, nor does it matter.
  void readRequirements(ModelInterface &model) {
    auto list = module->getAttrOfType<ArrayAttr>("xf.requires");
    if (!list)
      return;
    for (auto entry : list.getAsRange<DictionaryAttr>()) {
      RequirementInterface requirement;
      requirement.factors.resize(model.symbols.size());
      bool known = true;
      auto dims = entry.getAs<ArrayAttr>("dims").getAsRange<StringAttr>();
      for (auto [name, factor] :
           llvm::zip(dims, entry.getAs<DenseI64ArrayAttr>("factors").asArrayRef())) {
        int32_t symbol = findSymbol(model, name.getValue());
        known &= symbol != TW_DIM_COMPUTED;
        if (known)
          requirement.factors[symbol] += factor;
      }
      auto range = entry.getAs<DenseI64ArrayAttr>("range");
      requirement.min = range[0];
      requirement.max = range[1];
      if (known)
        model.requirements.push_back(requirement);
    }
  }

private:
  static std::string nameOf(StringAttr name, StringRef role, size_t index) {
    return name ? name.str() : (role + Twine(index)).str();
  }

  static SmallVector<std::string> namesOf(ArrayAttr dims) {
    SmallVector<std::string> names;
    if (dims)
      for (StringAttr name : dims.getAsRange<StringAttr>())
        names.push_back(name.str());
    return names;
  }

  LogicalResult addInput(StringRef name, Type type, ArrayRef<std::string> dims,
                         ModelInterface &model) {
    TensorInterface tensor;
    if (failed(readTensor("input", name, type, dims, tensor)))
      return failure();
    bindSymbols(tensor, model);
    model.inputs.push_back(std::move(tensor));
    return success();
  }

  LogicalResult addOutput(StringRef name, Type type, ArrayRef<std::string> dims,
                          ModelInterface &model) {
    TensorInterface tensor;
    if (failed(readTensor("output", name, type, dims, tensor)))
      return failure();
    for (DimInterface &dim : tensor.dims)
      if (dim.symbol != TW_DIM_STATIC)
        dim.symbol = findSymbol(model, dim.name);
    model.outputs.push_back(std::move(tensor));
    return success();
  }

  LogicalResult readTensor(StringRef role, StringRef name, Type type, ArrayRef<std::string> names,
                           TensorInterface &tensor) {
    tensor.name = name.str();
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (!ranked || !describeType(ranked.getElementType(), tensor))
      return module.emitError()
             << role << " '" << tensor.name
             << "': expects a tensor of integers of 8 to 64 bits, bool, f16, bf16, f32 or f64, got "
             << type;
    for (auto [i, size] : llvm::enumerate(ranked.getShape())) {
      DimInterface dim;
      if (i < names.size())
        dim.name = names[i];
      if (ShapedType::isDynamic(size))
        dim.symbol = TW_DIM_COMPUTED;
      else
        dim.size = size;
      tensor.dims.push_back(dim);
    }
    return success();
  }

  static int32_t findSymbol(const ModelInterface &model, StringRef name) {
    for (auto [i, symbol] : llvm::enumerate(model.symbols))
      if (symbol.name == name)
        return static_cast<int32_t>(i);
    return TW_DIM_COMPUTED;
  }

  void bindSymbols(TensorInterface &tensor, ModelInterface &model) {
    for (DimInterface &dim : tensor.dims) {
      if (dim.symbol == TW_DIM_STATIC)
        continue;
      dim.symbol = findSymbol(model, dim.name);
      if (dim.symbol != TW_DIM_COMPUTED)
        continue;
      dim.symbol = static_cast<int32_t>(model.symbols.size());
      model.symbols.push_back(declaredRange(dim.name));
    }
  }

  SymbolInterface declaredRange(StringRef name) {
    SymbolInterface symbol;
    symbol.name = name.str();
    auto bounds = module->getAttrOfType<DictionaryAttr>("xf.bounds");
    auto range = bounds ? bounds.getAs<DenseI64ArrayAttr>(name) : nullptr;
    if (range) {
      symbol.min = range[0];
      symbol.max = range[1];
    }
    return symbol;
  }

  ModuleOp module;
};

} // namespace

FailureOr<ModelInterface> tilewright::readInterface(ModuleOp module) {
  ModelInterface model;
  Reader reader(module);
  if (xf::hasModelInterface(module)) {
    FailureOr<xf::ModelInterface> recorded = xf::getModelInterface(module);
    if (failed(recorded) || failed(reader.read(*recorded, model)))
      return failure();
  } else {
    auto function = module.lookupSymbol<func::FuncOp>("main");
    if (!function)
      return module.emitError("expects a func.func @main"), failure();
    if (failed(reader.read(function, model)))
      return failure();
  }
  reader.readRequirements(model);
  return model;
}

std::string tilewright::artefactName(StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_')
      c = '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "model");
  return name;
}

std::string tilewright::accessorName(const ModelInterface &model) {
  return "tw_" + model.name + "_model";
}

std::string tilewright::shapeText(const ModelInterface &model, const TensorInterface &tensor) {
  std::string text = "[";
  for (const DimInterface &dim : tensor.dims) {
    if (text.size() > 1)
      text += ", ";
    if (dim.symbol >= 0)
      text += model.symbols[dim.symbol].name;
    else if (dim.symbol == TW_DIM_STATIC)
      text += std::to_string(dim.size);
    else
      text += dim.name.empty() ? "?" : dim.name;
  }
  return text + "]";
}
