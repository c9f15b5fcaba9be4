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
    Holds one contraction or attention from the `regions` stage on, until that has become a loop; values from outside are used
    directly. Regions of linalg ops are formed later, by `codegen-fuse-rows`.
  }];
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`->` type($results)^)? $body attr-dict";
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

def Kernel_BufferOp : Kernel_Op<"buffer", [Pure]> {
  let summary = "one of the caller's buffers, by its position among inputs and outputs";
  let description = [{
    `call` is the machine function's; positions count inputs, then outputs. Inputs are only read; `output` marks what may be written. The
    layout is the identity, the operands in parentheses are the dynamic sizes. In a loop over layers the position follows from the
    layer.

    ```mlir
    %k = kernel.buffer %call[%i](%batch, %past) : memref<?x12x?x64xf32>
    ```
  }];
  let arguments = (ins LLVM_DefaultPointer:$call, Index:$position, Variadic<Index>:$sizes, UnitAttr:$output);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "(`output` $output^)? $call `[` $position `]` `(` $sizes `)` attr-dict `:` type($result)";
  let hasVerifier = 1;
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

def Kernel_WorkOp : Kernel_Op<"work", [MemoryEffects<[MemWrite]>]> {
  let summary = "what one launch of the region around it has to do, for profiles";
  let description = [{
    Stands in a region from the `buffer` stage until its launch; the effect keeps it there. `flop` are multiplications and additions of
    contractions and attention; bytes are what is read or written of weights, and of everything else, each place once.

    ```mlir
    kernel.work %flop flop, %packed weight_bytes, %rows activation_bytes
    ```
  }];
  let arguments = (ins Index:$flop, Index:$weight_bytes, Index:$activation_bytes);
  let assemblyFormat = "$flop `flop` `,` $weight_bytes `weight_bytes` `,` $activation_bytes `activation_bytes` attr-dict";
}

#endif // TILEWRIGHT_KERNEL_OPS
