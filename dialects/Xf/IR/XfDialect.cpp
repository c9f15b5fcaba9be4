//===- XfDialect.cpp - registration and dialect attributes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Interface.h"
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::xf;

#include "dialects/Xf/IR/XfDialect.cpp.inc"
#include "dialects/Xf/IR/XfEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Xf/IR/XfAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Xf/IR/XfOps.cpp.inc"

void XfDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Xf/IR/XfAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Xf/IR/XfOps.cpp.inc"
      >();
}

// xf.requires on the module: [{dims = ["past", "seq"], factors = array<i64: 1, 1>, range =
// array<i64: MIN, MAX>}, ...].
static LogicalResult verifyRequires(Operation *op, Attribute attr) {
  auto list = dyn_cast<ArrayAttr>(attr);
  for (Attribute entry : list ? list.getValue() : ArrayRef<Attribute>(attr)) {
    auto fields = dyn_cast<DictionaryAttr>(entry);
    auto dims = fields ? fields.getAs<ArrayAttr>("dims") : nullptr;
    auto factors = fields ? fields.getAs<DenseI64ArrayAttr>("factors") : nullptr;
    auto range = fields ? fields.getAs<DenseI64ArrayAttr>("range") : nullptr;
    if (!dims || !llvm::all_of(dims, llvm::IsaPred<StringAttr>) || !factors || !range ||
        dims.size() != static_cast<size_t>(factors.size()) || range.size() != 2 ||
        range[0] > range[1])
      return op->emitOpError("expects xf.requires to list {dims, factors, range} with one factor "
                             "per dimension and MIN <= MAX, got ")
             << entry;
  }
  return success();
}

// Folded results are tensor constants.
Operation *XfDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                          Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

// xf.bounds on the module: {seq = array<i64: 1, 512>, ...}, inclusive.
LogicalResult XfDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  if (attr.getName() == "xf.requires")
    return verifyRequires(op, attr.getValue());
  if (attr.getName() == kInterface && !isModelInterface(attr.getValue()))
    return op->emitOpError(
        "expects xf.interface as xf-export-interface records it: {inputs, outputs, "
        "symbols}, and checks if there are any");
  if (attr.getName() != "xf.bounds")
    return success();
  auto bounds = dyn_cast<DictionaryAttr>(attr.getValue());
  if (!bounds)
    return op->emitOpError("expects xf.bounds to be a dictionary");
  for (NamedAttribute bound : bounds) {
    auto range = dyn_cast<DenseI64ArrayAttr>(bound.getValue());
    if (!range || range.size() != 2 || range[0] < 0 || range[0] > range[1])
      return op->emitOpError("expects bounds of dimension '")
             << bound.getName().getValue() << "' as array<i64: MIN, MAX> with 0 <= MIN <= MAX";
  }
  return success();
}

// xf.name = "logits"; xf.dims = ["batch", "", "seq"]: the name of each dynamic dimension, "" for a
// static one; xf.buffers = array<i64: 2, 4>: see Interface.h.
static LogicalResult verifyBoundary(Operation *op, Type type, NamedAttribute attr) {
  if (attr.getName() == kBuffers) {
    auto buffers = dyn_cast<DenseI64ArrayAttr>(attr.getValue());
    if (!buffers || buffers.empty())
      return op->emitOpError("expects xf.buffers as array<i64: POSITION, ...>");
    auto shaped = dyn_cast<ShapedType>(type);
    if (buffers.size() > 1 && (!shaped || !shaped.hasRank() || shaped.getRank() == 0 ||
                               shaped.getDimSize(0) != static_cast<int64_t>(buffers.size())))
      return op->emitOpError("expects one of xf.buffers for each of the stacked layers, got ")
             << buffers.size() << " for " << type;
    return success();
  }
  if (attr.getName() == "xf.name")
    return isa<StringAttr>(attr.getValue()) ? success()
                                            : op->emitOpError("expects xf.name to be a string");
  if (attr.getName() != "xf.dims")
    return success();
  auto dims = dyn_cast<ArrayAttr>(attr.getValue());
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!dims || !llvm::all_of(dims, llvm::IsaPred<StringAttr>))
    return op->emitOpError("expects xf.dims to be an array of strings");
  if (tensor && static_cast<int64_t>(dims.size()) != tensor.getRank())
    return op->emitOpError("expects xf.dims with ")
           << tensor.getRank() << " names, got " << dims.size();
  return success();
}

LogicalResult XfDialect::verifyRegionArgAttribute(Operation *op, unsigned region, unsigned arg,
                                                  NamedAttribute attr) {
  return verifyBoundary(op, cast<FunctionOpInterface>(op).getArgumentTypes()[arg], attr);
}
LogicalResult XfDialect::verifyRegionResultAttribute(Operation *op, unsigned region,
                                                     unsigned result, NamedAttribute attr) {
  return verifyBoundary(op, cast<FunctionOpInterface>(op).getResultTypes()[result], attr);
}
