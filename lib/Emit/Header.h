//===- Header.h - the C header of an artefact ------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_HEADER_H
#define TILEWRIGHT_LIB_EMIT_HEADER_H

#include "lib/Emit/Interface.h"

namespace llvm {
class raw_ostream;
}

namespace tilewright {

/// Writes NAME.h: the accessor, names for the positions of inputs, outputs and symbols, their
/// types, shapes and limits in comments, and an example. C99 and C++.
void writeHeader(const ModelInterface &model, llvm::StringRef artefact, llvm::raw_ostream &out);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_HEADER_H
