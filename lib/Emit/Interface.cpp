//===- Interface.cpp - a model as its caller sees it -----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Interface.h"
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
  explicit Reader(func::FuncOp function) : function(function) {}

  LogicalResult read(ModelInterface &model) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      TensorInterface tensor;
      if (failed(readTensor("input", i, function.getArgumentTypes()[i], function.getArgAttrDict(i),
                            tensor)))
        return failure();
      bindSymbols(tensor, model);
      model.inputs.push_back(std::move(tensor));
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      TensorInterface tensor;
      if (failed(readTensor("output", i, function.getResultTypes()[i],
                            function.getResultAttrDict(i), tensor)))
        return failure();
      for (DimInterface &dim : tensor.dims)
        if (dim.symbol != TW_DIM_STATIC)
          dim.symbol = findSymbol(model, dim.name);
      model.outputs.push_back(std::move(tensor));
    }
    return success();
  }

private:
  LogicalResult readTensor(StringRef role, unsigned index, Type type, DictionaryAttr attrs,
                           TensorInterface &tensor) {
    auto name = attrs ? attrs.getAs<StringAttr>("xf.name") : nullptr;
    tensor.name = name ? name.str() : (role + Twine(index)).str();
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (!ranked || !describeType(ranked.getElementType(), tensor))
      return function.emitError()
             << role << " '" << tensor.name
             << "': expects a tensor of integers of 8 to 64 bits, bool, f16, bf16, f32 or f64, got "
             << type;
    auto names = attrs ? attrs.getAs<ArrayAttr>("xf.dims") : nullptr;
    for (auto [i, size] : llvm::enumerate(ranked.getShape())) {
      DimInterface dim;
      if (names && i < names.size())
        dim.name = cast<StringAttr>(names[i]).str();
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
    auto module = function->getParentOfType<ModuleOp>();
    auto bounds = module->getAttrOfType<DictionaryAttr>("xf.bounds");
    auto range = bounds ? bounds.getAs<DenseI64ArrayAttr>(name) : nullptr;
    if (range) {
      symbol.min = range[0];
      symbol.max = range[1];
    }
    return symbol;
  }

  func::FuncOp function;
};

} // namespace

FailureOr<ModelInterface> tilewright::readInterface(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError("expects a func.func @main"), failure();
  ModelInterface model;
  if (failed(Reader(function).read(model)))
    return failure();
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
