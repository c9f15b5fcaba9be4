//===- ScalarMath.h - evaluation of single elements -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_SCALARMATH_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_SCALARMATH_H

#include "dialects/Xf/IR/Evaluator.h"
#include "lib/Conversion/OnnxToXf/IndexMath.h"

namespace tilewright {

/// Elements of tensors as scalars. An element of an integer tensor is an index attribute or an
/// `index` value; of a bool tensor an i1 attribute or value; of a float tensor a FloatAttr of the
/// element type or a value of it. Every function gives nothing where it cannot evaluate; the caller
/// then computes on tensors.
class ScalarMath {
public:
  using Element = mlir::OpFoldResult;
  using Result = std::optional<Element>;

  ScalarMath(mlir::OpBuilder &builder, IndexMath &index) : builder(builder), index(index) {}

  Element integer(int64_t value) { return index.constant(value); }
  Element boolean(bool value) { return mlir::OpFoldResult(builder.getBoolAttr(value)); }
  Element number(double value, mlir::Type type);

  Result unary(mlir::xf::UnaryKind kind, Element x, mlir::Type type);
  Result binary(mlir::xf::BinaryKind kind, Element x, Element y, mlir::Type type);
  Result compare(mlir::xf::CompareKind kind, Element x, Element y, mlir::Type type);
  Result select(Element condition, Element x, Element y, mlir::Type type);
  Result cast(Element x, mlir::Type from, mlir::Type to);

  /// The element as an SSA value of the tensor's element type.
  mlir::Value materialize(Element x, mlir::Type type);

private:
  Element element(mlir::xf::Number value, mlir::Type type);
  Result integerBinary(mlir::xf::BinaryKind kind, Element x, Element y);
  Result floatBinary(mlir::xf::BinaryKind kind, Element x, Element y, mlir::Type type);
  Result boolBinary(mlir::xf::BinaryKind kind, Element x, Element y);
  /// The index behind a float that was converted from one.
  std::optional<Element> integerBehind(Element x);

  mlir::OpBuilder &builder;
  IndexMath &index;
};

/// The value of a constant element; nothing for SSA values.
std::optional<int64_t> constantInteger(mlir::OpFoldResult element);
std::optional<double> constantNumber(mlir::OpFoldResult element);
std::optional<bool> constantBoolean(mlir::OpFoldResult element);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_SCALARMATH_H
