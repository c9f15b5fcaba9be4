//===- KernelContract.td - contraction with packed weights and an epilogue -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_CONTRACT
#define TILEWRIGHT_KERNEL_CONTRACT

include "dialects/Kernel/IR/KernelBase.td"

def Kernel_ContractOp : Kernel_TilableOp<"contract", [SingleBlock]> {
  let summary = "lhs × packed rhs, then an elementwise epilogue";
  let description = [{
    init[i, j] = epilogue(Σ_k lhs[i, k] · rhs[j / nr, k, j mod nr], extras...)

    lhs [m, k]; rhs [p, k, nr] in panels of nr columns, the last one padded with zeros when n is no multiple of nr; init
    [m, n] with p = ⌈n / nr⌉, overwritten. The epilogue's arguments are scalars: the sum, then one element of every extra
    operand, read through its map (m, n) → indices (a dimension, each at most once, or 0). Its ops are elementwise.
    Iteration domain: (panel, m), both parallel; k is never cut.

    `ahead` is where the next tile's data stands, in elements from the tile's first panel: the k loop prefetches from there. On memrefs the op is a register tile: m ≤ the schedule's mr, or p · m as
    its few_rows and few_panels say. `full_panels` states n = p · nr where the types cannot: no column needs a mask.

    ```mlir
    %r = kernel.contract ins(%a, %w : tensor<?x768xf32>, tensor<96x768x32xf32>) extras(%bias : tensor<3072xf32>)
         outs(%init : tensor<?x3072xf32>) {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
      ^bb0(%sum: f32, %b: f32):
        %0 = arith.addf %sum, %b : f32
        kernel.yield %0 : f32
      } -> tensor<?x3072xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$lhs, AnyShaped:$rhs, Variadic<AnyShaped>:$extras, AnyShaped:$init, Optional<Index>:$ahead,
                       DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps,
                       OptionalAttr<Kernel_ContractScheduleAttr>:$schedule, UnitAttr:$full_panels);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)` (`extras` `(` $extras^ `:` type($extras) `)`)?
    `outs` `(` $init `:` type($init) `)` (`ahead` `(` $ahead^ `)`)? (`schedule` `(` $schedule^ `)`)? attr-dict
    `epilogue` $epilogue (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// Columns of a panel.
    int64_t getPanelWidth() { return cast<ShapedType>(getRhs().getType()).getDimSize(2); }
    /// Map of extra operand `i`: (m, n) -> its indices.
    AffineMap getExtraMap(unsigned i) { return cast<AffineMapAttr>(getExtraMaps()[i]).getValue(); }
    /// n = p · nr.
    bool hasFullPanels();
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let hasVerifier = 1;
}

#endif // TILEWRIGHT_KERNEL_CONTRACT
