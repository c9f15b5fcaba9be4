//===- KernelContract.td - contraction with an epilogue -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_CONTRACT
#define TILEWRIGHT_KERNEL_CONTRACT

include "dialects/Kernel/IR/KernelBase.td"

def Kernel_ContractOp : Kernel_TilableOp<"contract", [SingleBlock]> {
  let summary = "lhs × rhs, then an elementwise epilogue";
  let description = [{
    init[i, j] = epilogue(Σ_k lhs[i, k] · rhs[k, j], extras...)

    init [batch.., m, n] is overwritten; lhs is [batch.., m, k]. rhs has one of two forms. *Packed*, as weights are: [p, k, nr], column
    j in panel j / nr, the last panel padded with zeros; there are no batch dimensions. Of bf16, [p, k / 2, 2 nr]: rows 2i and 2i + 1 of
    rhs stand in row i of a panel, in pairs, one pair for each column; sums are f32, and lhs is bf16 or f32. Of f16, sums and lhs are f32
    as well. *Plain*, where `panel_width` = nr is given, as
    activations are: [batch.., k, n], or [batch.., n, k] with `transpose_rhs`; tiles pack it when they read it. Batch dimensions of lhs
    and plain rhs are aligned at the last one of init's, each equal or 1. p = ⌈n / nr⌉ in both forms.

    With `sums` = s > 1 a packed rhs holds s matrices side by side: panel j has nr / s columns of each, one group after the other, so
    that p = ⌈n / (nr / s)⌉, and the epilogue takes s sums, one of each matrix (gate and up of a gated layer: the product stays in
    registers).

    The epilogue's arguments are scalars: the sums, then one element of every extra operand, read through its map (batch.., m, n) →
    indices (a dimension, each at most once, or 0; n only as the last one, where neighbours lie side by side). Its ops are elementwise. Iteration domain: (batch.., panel, m), all parallel; k
    is never cut.

    `ahead` is where the next tile's data stands, in elements from the tile's first panel: the k loop prefetches from there.
    `full_panels` states n = p · nr where the types cannot: no column needs a mask. On memrefs the op is a tile: batch dimensions are 1
    and, with a packed rhs, m ≤ the schedule's mr, or p · m as its few_rows and few_panels say; with a plain one, or in AMX tiles, m ≤ row_block.

    ```mlir
    %r = kernel.contract ins(%a, %w : tensor<?x768xf32>, tensor<96x768x32xf32>) extras(%bias : tensor<3072xf32>)
         outs(%init : tensor<?x3072xf32>) {extra_maps = [affine_map<(m, n) -> (n)>]} epilogue {
      ^bb0(%sum: f32, %b: f32):
        %0 = arith.addf %sum, %b : f32
        kernel.yield %0 : f32
      } -> tensor<?x3072xf32>
    ```
  }];
  let arguments = (ins Kernel_Operand:$lhs, Kernel_Operand:$rhs, Variadic<Kernel_Operand>:$extras, Kernel_Operand:$init,
                       Optional<Index>:$ahead,
                       DefaultValuedAttr<AffineMapArrayAttr, "{}">:$extra_maps,
                       OptionalAttr<Kernel_ContractScheduleAttr>:$schedule, UnitAttr:$full_panels,
                       OptionalAttr<I64Attr>:$panel_width, UnitAttr:$transpose_rhs,
                       DefaultValuedAttr<I64Attr, "1">:$sums);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)` (`extras` `(` $extras^ `:` type($extras) `)`)?
    `outs` `(` $init `:` type($init) `)` (`ahead` `(` $ahead^ `)`)? (`schedule` `(` $schedule^ `)`)? attr-dict
    `epilogue` $epilogue (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// rhs is a matrix as any other, not yet in panels.
    bool isPlain() { return getPanelWidthAttr() != nullptr; }
    /// Columns of rhs in a panel, nr.
    int64_t getPanelColumns() {
      return isPlain() ? *getPanelWidth() : cast<ShapedType>(getRhs().getType()).getDimSize(2) / getPairing();
    }
    /// Rows of rhs that stand in one row of a panel: 2 of a packed bf16 rhs, else 1.
    int64_t getPairing() { return !isPlain() && getElementTypeOrSelf(getRhs().getType()).isBF16() ? 2 : 1; }
    /// Element type of the sums over k.
    Type getSumType() { return getEpilogue().getArgument(0).getType(); }
    /// Columns of the result that a panel gives, nr / sums.
    int64_t getResultColumns() { return getPanelColumns() / static_cast<int64_t>(getSums()); }
    /// Number of batch dimensions.
    int64_t getBatchRank() { return cast<ShapedType>(getInit().getType()).getRank() - 2; }
    /// Map of extra operand `i`: (batch.., m, n) -> its indices.
    AffineMap getExtraMap(unsigned i) { return cast<AffineMapAttr>(getExtraMaps()[i]).getValue(); }
    /// Whether an extra operand can be read through `map`: see above.
    static bool isExtraMap(AffineMap map);
    /// n = p · nr.
    bool hasFullPanels();
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let hasVerifier = 1;
}

#endif // TILEWRIGHT_KERNEL_CONTRACT
