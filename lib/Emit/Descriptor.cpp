//===- Descriptor.cpp - the model's description inside the artefact --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the structures of Runtime.h and lib/Runtime/Model.h as LLVM constants, field by field in
// the order of the C declarations. LLVM lays out a struct that is not packed as C does on every
// 64-bit target.
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Descriptor.h"
#include "lib/Runtime/Model.h"
#include "lib/Support/Version.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace tilewright;

namespace {

class Builder {
public:
  Builder(Module &module) : module(module), context(module.getContext()) {}

  Constant *number32(int64_t value) {
    return ConstantInt::get(Type::getInt32Ty(context), value, /*IsSigned=*/true);
  }
  Constant *number64(uint64_t value) { return ConstantInt::get(Type::getInt64Ty(context), value); }
  Constant *number16(uint16_t value) { return ConstantInt::get(Type::getInt16Ty(context), value); }
  Constant *number8(uint8_t value) { return ConstantInt::get(Type::getInt8Ty(context), value); }
  Constant *null() { return ConstantPointerNull::get(PointerType::getUnqual(context)); }
  Constant *structure(ArrayRef<Constant *> fields) {
    return ConstantStruct::getAnon(context, fields);
  }

  /// A pointer to constant data of the module.
  GlobalVariable *data(Constant *value, const Twine &name) {
    auto *global = new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                      GlobalValue::InternalLinkage, value, name);
    return global;
  }
  Constant *text(StringRef value) {
    auto *global = data(ConstantDataArray::getString(context, value), "tw_text");
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }
  /// A pointer to an array of equal structures; null if it is empty.
  Constant *array(ArrayRef<Constant *> elements, const Twine &name) {
    if (elements.empty())
      return null();
    return data(
        ConstantArray::get(ArrayType::get(elements[0]->getType(), elements.size()), elements),
        name);
  }

  Constant *tensors(ArrayRef<TensorInterface> tensors, const Twine &name) {
    std::vector<Constant *> infos;
    int32_t firstDim = 0;
    for (const TensorInterface &tensor : tensors) {
      std::vector<Constant *> dims;
      for (const DimInterface &dim : tensor.dims)
        dims.push_back(
            structure({number64(dim.size), number32(dim.symbol), number32(0)})); // tw_dim
      Constant *type =
          structure({number8(tensor.code), number8(tensor.bits), number16(1)}); // DLDataType
      infos.push_back(
          structure({text(tensor.name), array(dims, "tw_dims"), number32(tensor.dims.size()),
                     number32(firstDim), type, number32(tensor.bits / 8)})); // tw_tensor_info
      firstDim += static_cast<int32_t>(tensor.dims.size());
    }
    return array(infos, name);
  }

  Constant *symbols(ArrayRef<SymbolInterface> symbols) {
    std::vector<Constant *> infos;
    for (const SymbolInterface &symbol : symbols)
      infos.push_back(structure(
          {text(symbol.name), number64(symbol.min), number64(symbol.max)})); // tw_symbol_info
    return array(infos, "tw_symbols");
  }

  Constant *requirements(ArrayRef<RequirementInterface> requirements) {
    std::vector<Constant *> infos;
    for (const RequirementInterface &requirement : requirements) {
      std::vector<Constant *> factors;
      for (int64_t factor : requirement.factors)
        factors.push_back(number64(factor));
      infos.push_back(structure({array(factors, "tw_factors"), number64(requirement.min),
                                 number64(requirement.max)})); // tw_requirement
    }
    return array(infos, "tw_requirements");
  }

  Expected<Constant *> function(StringRef name) {
    if (Function *found = module.getFunction(name))
      return found;
    return createStringError("expects a function '" + name + "' in the module of the model");
  }

  Expected<Constant *> variant(const VariantCode &code, bool hasChecks) {
    std::vector<Constant *> regions;
    for (const RegionLabel &region : code.regions) {
      Expected<Constant *> body = function(region.function);
      if (!body)
        return body.takeError();
      regions.push_back(structure({*body, text(region.label)})); // tw_region_name
    }
    Expected<Constant *> run = function(code.run), shapes = function(code.shapes),
                         workspace = function(code.workspace), work = function(code.work);
    Expected<Constant *> check = hasChecks ? function(code.check) : null();
    Error error = Error::success();
    for (Expected<Constant *> *found : {&run, &workspace, &shapes, &work, &check})
      error = joinErrors(std::move(error), found->takeError());
    if (error)
      return std::move(error);
    return structure({text(code.isa), number64(code.features), *run, *workspace, *shapes, *check,
                      *work, number64(regions.size()), array(regions, "tw_regions")}); // tw_variant
  }

  Expected<Constant *> implementation(ArrayRef<VariantCode> variants,
                                      ArrayRef<std::string> checks) {
    std::vector<Constant *> codes, texts;
    for (const std::string &check : checks)
      texts.push_back(text(check));
    for (const VariantCode &code : variants) {
      Expected<Constant *> built = variant(code, !checks.empty());
      if (!built)
        return built.takeError();
      codes.push_back(*built);
    }
    return data(
        structure({number64(codes.size()), array(codes, "tw_variants"), array(texts, "tw_checks")}),
        "tw_implementation");
  }

  /// `const tw_model *name(void)`, compiled for the baseline CPU: it runs before anybody has looked
  /// at the CPU.
  void accessor(StringRef name, Constant *descriptor) {
    auto *type = FunctionType::get(PointerType::getUnqual(context), /*isVarArg=*/false);
    Function *function = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    function->addFnAttr(
        "target-cpu", module.getTargetTriple().getArch() == Triple::x86_64 ? "x86-64" : "generic");
    IRBuilder<> builder(BasicBlock::Create(context, "", function));
    builder.CreateRet(descriptor);
  }

private:
  Module &module;
  LLVMContext &context;
};

} // namespace

uint64_t tilewright::requiredFeatures(const MCSubtargetInfo &subtarget,
                                      const StringSet<> &tileFeatures) {
  auto isUsed = [&](StringRef name) {
    return !name.starts_with("amx-") || tileFeatures.contains(name);
  };
  uint64_t features = 0;
#define TW_FEATURE(N, NAME)                                                                        \
  if (subtarget.checkFeatures("+" NAME) && isUsed(NAME))                                           \
    features |= UINT64_C(1) << N;
  if (subtarget.getTargetTriple().getArch() == Triple::x86_64) {
#define TW_X86_FEATURE(N, NAME, LEAF, SUBLEAF, REGISTER, BIT, XCR0) TW_FEATURE(N, NAME)
#include "lib/Runtime/CpuFeatures.def"
  } else if (subtarget.getTargetTriple().getArch() == Triple::aarch64) {
#define TW_AARCH64_FEATURE(N, NAME, VECTOR, BIT) TW_FEATURE(N, NAME)
#include "lib/Runtime/CpuFeatures.def"
  }
#undef TW_FEATURE
  return features;
}

std::vector<std::string> tilewright::exportedSymbols(const ModelInterface &model,
                                                     bool sharedObject) {
  std::vector<std::string> names = {accessorName(model)};
  if (sharedObject)
    names.push_back(TW_ENTRY);
  return names;
}

Error tilewright::addDescriptor(Module &module, const ModelInterface &model,
                                ArrayRef<VariantCode> variants, const WeightPlace &weights,
                                bool sharedObject) {
  Builder b(module);
  GlobalVariable *functions =
      module.getGlobalVariable("tw_runtime_functions", /*AllowInternal=*/true);
  if (!functions)
    return createStringError("expects the runtime in the module of the model");
  Expected<Constant *> implementation = b.implementation(variants, model.checks);
  if (!implementation)
    return implementation.takeError();
  size_t outputDims = 0;
  for (const TensorInterface &output : model.outputs)
    outputDims += output.dims.size();
  Constant *image = b.null();
  if (!weights.symbol.empty()) {
    auto *external = cast<GlobalVariable>(
        module.getOrInsertGlobal(weights.symbol, Type::getInt8Ty(module.getContext())));
    external->setConstant(true);
    external->setVisibility(GlobalValue::HiddenVisibility);
    image = external;
  }
  Constant *value = b.structure({
      b.number32(TW_ABI_VERSION),
      b.number32(0),
      functions,
      b.text(model.name),
      b.text("tilewright " TILEWRIGHT_VERSION),
      b.text(model.source),
      b.text(model.target),
      b.text(model.pipeline),
      b.text(model.compute),
      b.number32(model.inputs.size()),
      b.number32(model.outputs.size()),
      b.number32(model.symbols.size()),
      b.number32(outputDims),
      b.tensors(model.inputs, "tw_inputs"),
      b.tensors(model.outputs, "tw_outputs"),
      b.symbols(model.symbols),
      b.number64(weights.size),
      b.number64(weights.checksum),
      weights.file.empty() ? b.null() : b.text(weights.file),
      image,
      *implementation,
      b.requirements(model.requirements),
      b.number64(model.requirements.size()),
  });
  assert(module.getDataLayout().getTypeAllocSize(value->getType()) == sizeof(tw_model) &&
         "tw_model in Runtime.h changed");
  GlobalVariable *descriptor = b.data(value, "tw_descriptor");
  for (const std::string &name : exportedSymbols(model, sharedObject))
    b.accessor(name, descriptor);
  return Error::success();
}
