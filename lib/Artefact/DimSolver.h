//===- DimSolver.h - sizes that follow from other sizes --------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_DIMSOLVER_H
#define TILEWRIGHT_LIB_ARTEFACT_DIMSOLVER_H

#include "tilewright/Runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace tilewright {

/// The value of a dimension name that is a sum of products of names and numbers, as exporters write
/// them: "past + seq", "past_sequence_length+1", "2*n - 1". `sizeOf` knows the names; nothing if
/// one is unknown, or if the text is no such expression.
std::optional<int64_t>
evaluateName(llvm::StringRef name,
             llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> sizeOf);

/// The sizes of all symbols of `model`, of which `sizes` gives some (-1: not known). Others follow
/// from their names, from tw_requirements that are equations, or are the least that is allowed, at
/// least 1.
std::vector<int64_t> solveDims(const tw_model *model, llvm::ArrayRef<int64_t> sizes);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_DIMSOLVER_H
