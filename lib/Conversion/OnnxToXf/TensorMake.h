//===- TensorMake.h - creation of xf ops with checked types -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORMAKE_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORMAKE_H

#include "lib/Conversion/OnnxToXf/TensorBuilder.h"

namespace tilewright {

// The generated `create` aborts when inference fails. Here the state is built with a placeholder
// type, inference is asked separately, and its objection becomes the failure of the node.
template <class Op, class... Args>
Tensor TensorBuilder::make(std::optional<Sizes> sizes, Args &&...args) {
  mlir::OperationState state(loc, Op::getOperationName());
  Op::build(builder, state, mlir::Type(builder.getNoneType()), std::forward<Args>(args)...);
  state.types.clear();
  bool inferred = guarded([&] {
    return Op::inferReturnTypes(builder.getContext(), loc, state.operands,
                                state.attributes.getDictionary(builder.getContext()),
                                state.getRawProperties(), {}, state.types);
  });
  return inferred ? finish(state, std::move(sizes)) : Tensor();
}

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORMAKE_H
