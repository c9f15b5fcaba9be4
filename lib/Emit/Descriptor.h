//===- Descriptor.h - the model's description inside the artefact ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_DESCRIPTOR_H
#define TILEWRIGHT_LIB_EMIT_DESCRIPTOR_H

#include "lib/Emit/Interface.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"

namespace llvm {
class MCSubtargetInfo;
class Module;
} // namespace llvm

namespace tilewright {

/// A region's function and what a profile calls it.
struct RegionLabel {
  std::string function;
  std::string label;
};

/// The generated code for one instruction set, by names of functions in the LLVM module.
struct VariantCode {
  std::string isa;       // "x86-64-v4", "sapphirerapids" ...
  uint64_t features = 0; // requiredFeatures() of its subtarget
  std::string run = "tw_model_run";
  std::string workspace = "tw_model_workspace";
  std::string shapes = "tw_model_shapes";
  std::string work = "tw_model_work";
  std::string check = "tw_model_check"; // only in models that have checks
  std::vector<RegionLabel> regions;
};

/// Where the weights of the artefact are.
struct WeightPlace {
  uint64_t size = 0;
  uint64_t checksum = 0; // tw_weight_checksum
  std::string symbol;    // embedded: of the data; see WeightImage.h
  std::string file;      // otherwise: file name
};

/// Bits of CpuFeatures.def that code for this subtarget may use. Of AMX only the `tileFeatures`:
/// LLVM does not use tiles unasked, so code without them runs where a machine or a system hides
/// AMX.
uint64_t requiredFeatures(const llvm::MCSubtargetInfo &subtarget,
                          const llvm::StringSet<> &tileFeatures);

/// Adds the `tw_model` of include/tilewright/Runtime.h and its accessor tw_NAME_model to the
/// module, for a shared object also TW_ENTRY. The module must contain the functions of `variants`
/// (best first) and the runtime. Fails if one is missing.
llvm::Error addDescriptor(llvm::Module &module, const ModelInterface &model,
                          llvm::ArrayRef<VariantCode> variants, const WeightPlace &weights,
                          bool sharedObject);

/// The symbols that the artefact shows to the world; everything else is to be internalised.
std::vector<std::string> exportedSymbols(const ModelInterface &model, bool sharedObject);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_DESCRIPTOR_H
