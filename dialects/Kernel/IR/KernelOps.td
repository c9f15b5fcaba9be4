//===- KernelOps.td - launches, register tiles, schedules -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_OPS
#define TILEWRIGHT_KERNEL_OPS

include "dialects/Kernel/IR/KernelAttention.td"
include "dialects/Kernel/IR/KernelContract.td"

def Kernel_RegionOp : Kernel_Op<"region", [SingleBlock, NoRegionArguments, RecursiveMemoryEffects,
                                           DeclareOpInterfaceMethods<RegionBranchOpInterface>]> {
  let summary = "one launch: everything inside runs as one parallel loop over tiles";
  let description = [{
    Every compute op of a function stands in exactly one region after the `regions` stage; values from outside are used
    directly. The region's root decides the loop; its schedule is chosen once and obeyed later.
  }];
  let arguments = (ins OptionalAttr<AnyAttr>:$schedule);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`schedule` `(` $schedule^ `)`)? (`->` type($results)^)? $body attr-dict";
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "results of a region, or the value of an epilogue";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Kernel_WeightOp : Kernel_Op<"weight", [Pure]> {
  let summary = "handle on weight data at the kernel level: a tensor first, a read-only memref after bufferization";
  let arguments = (ins FlatSymbolRefAttr:$weight, Optional<Index>:$layer);
  let results = (outs AnyShaped:$result);
  let assemblyFormat = "$weight (`[` $layer^ `]`)? attr-dict `:` type($result)";
}

def Kernel_LaunchOp : Kernel_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "all threads run an outlined region, each its share; returns when all are done";
  let description = [{
    The callee takes the captures, then its share as (tid, threads). Every thread of the team meets at the launch, so what one region
    wrote the next one may read.

    ```mlir
    kernel.launch @main_region_0(%x, %n) : memref<?xf32>, index
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$captures);
  let assemblyFormat = "$callee `(` $captures `)` attr-dict (`:` type($captures)^)?";
}

#endif // TILEWRIGHT_KERNEL_OPS
