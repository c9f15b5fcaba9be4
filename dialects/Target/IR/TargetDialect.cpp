//===- TargetDialect.cpp - registration -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Target/IR/Target.h"
#include "dialects/Target/IR/Targets.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::target;

#include "dialects/Target/IR/TargetDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Target/IR/TargetAttrs.cpp.inc"

void TargetDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Target/IR/TargetAttrs.cpp.inc"
      >();
}

LogicalResult CpuAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                              StringRef, StringRef, StringRef, int64_t lanes, int64_t registers,
                              int64_t l1, int64_t l2, bool, bool) {
  if (lanes < 1 || registers < 1 || l1 < 1 || l2 < 1)
    return emitError() << "expects positive lanes, registers, l1 and l2 of CPU '" << name << "'";
  return success();
}

CpuAttr target::cpuOf(Operation *op) {
  for (Operation *each = op; each; each = each->getParentOp())
    if (auto cpu = each->getAttrOfType<CpuAttr>("target.cpu"))
      return cpu;
  return cpuOfLevel(op->getContext(), "x86-64-v4");
}
