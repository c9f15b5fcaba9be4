//===- TargetOps.td - what code is generated for -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TARGET_OPS
#define TILEWRIGHT_TARGET_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Target_Dialect : Dialect {
  let name = "target";
  let cppNamespace = "::mlir::target";
  let summary = "attributes that describe the machine; no ops";
  let useDefaultAttributePrinterParser = 1;
}

def Target_CpuAttr : AttrDef<Target_Dialect, "Cpu"> {
  let mnemonic = "cpu";
  let summary = "one CPU level: how LLVM names it and what schedules need to know";
  let description = [{
    On the module as `target.cpu`. All numbers are positive. Cache sizes in bytes; `lanes` is the width of a vector register in f32 elements.
    `bf16_dot` says that products of pairs of bf16 are summed in f32 by one instruction on a whole vector register, `tiles` that AMX
    multiplies tiles of them.

    ```mlir
    #target.cpu<name = "x86-64-v4", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "-prefer-256-bit",
                lanes = 16, registers = 32, l1 = 32768, l2 = 1048576>
    ```
  }];
  let parameters = (ins
    StringRefParameter<"name on the command line">:$name, StringRefParameter<"LLVM triple">:$triple,
    StringRefParameter<"LLVM processor">:$cpu, StringRefParameter<"LLVM features, comma separated">:$features,
    "int64_t":$lanes, "int64_t":$registers, "int64_t":$l1, "int64_t":$l2,
    DefaultValuedParameter<"bool", "false">:$bf16_dot, DefaultValuedParameter<"bool", "false">:$tiles);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TILEWRIGHT_TARGET_OPS
