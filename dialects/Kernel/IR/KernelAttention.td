//===- KernelAttention.td - attention whose scores never leave the cache -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_ATTENTION
#define TILEWRIGHT_KERNEL_ATTENTION

include "dialects/Kernel/IR/KernelBase.td"

def Kernel_AttentionOp : Kernel_TilableOp<"attention"> {
  let summary = "softmax(scale · q kᵀ + mask) v by heads, operands in any order of dimensions";
  let description = [{
    The semantics of xf.attention. Logical shapes: query [b, h, sq, d], key [b, hkv, skv, d], value [b, hkv, skv, dv], init
    [b, h, sq, dv], overwritten; `maps` say how the four are stored, (b, h, s, d) → stored indices, d always last: so
    transposes around attention and slices of a merged projection are views. h is a multiple of hkv. Elements are f32; init
    may be bf16, to which results are rounded.

    `mask` is added to the scores; it has up to four dimensions, aligned at the last of [b, h, sq, skv], each equal or 1.
    Key j is visible to query i iff j < kv_lengths[b], j ≤ i + offset (causal) and j ≥ i + offset − window (window ≥ 0).
    A query that sees no key gives 0. Iteration domain: (b, key head, sq), all parallel.
  }];
  let arguments = (ins Kernel_Operand:$query, Kernel_Operand:$key, Kernel_Operand:$value, Optional<Kernel_Operand>:$mask,
                       Optional<Index>:$offset, Optional<Kernel_Operand>:$kv_lengths, Kernel_Operand:$init,
                       AffineMapArrayAttr:$maps, F64Attr:$scale, UnitAttr:$causal,
                       DefaultValuedAttr<F64Attr, "0.0">:$softcap, DefaultValuedAttr<I64Attr, "-1">:$window,
                       OptionalAttr<Kernel_AttentionScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,` type($value) `)`
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`offset` `(` $offset^ `)`)?
    (`kv_lengths` `(` $kv_lengths^ `:` type($kv_lengths) `)`)? `outs` `(` $init `:` type($init) `)`
    (`schedule` `(` $schedule^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    enum Operand { Query, Key, Value, Init };
    /// How an operand is stored: (b, h, s, d) -> indices.
    AffineMap getMap(Operand operand) { return cast<AffineMapAttr>(getMaps()[operand]).getValue(); }
    /// Logical shape [b, h, s, d] of an operand.
    SmallVector<int64_t> getLogicalShape(Operand operand);
    /// Query heads that read one key head.
    int64_t getGroupSize() { return getLogicalShape(Query)[1] / getLogicalShape(Key)[1]; }
    /// True if old keys are invisible. (An I64Attr reads as unsigned.)
    bool hasWindow() { return static_cast<int64_t>(getWindow()) >= 0; }
    MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let hasVerifier = 1;
}

#endif // TILEWRIGHT_KERNEL_ATTENTION
