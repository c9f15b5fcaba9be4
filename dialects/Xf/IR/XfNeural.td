//===- XfNeural.td - contractions, attention, norms, softmax, reductions --===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_NEURAL
#define TILEWRIGHT_XF_NEURAL

include "dialects/Xf/IR/XfBase.td"

def Xf_MatmulOp : Xf_InferredOp<"matmul", [SameOperandsElementType]> {
  let summary = "contraction of the last dimension of lhs, with broadcasting of batch dimensions";
  let description = [{
    lhs [batch.., m, k] × rhs [batch.., k, n] → [batch.., m, n]; with transpose_rhs, rhs is [batch.., n, k]. Batch
    dimensions broadcast as in numpy. A rhs of rank 2 is a projection: the shape every linear layer is brought to.
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, UnitAttr:$transpose_rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`transpose_rhs` $transpose_rhs^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Xf_AttentionOp : Xf_InferredOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(scale · q kᵀ + mask) v by heads; grouped-query when q has more heads than k";
  let description = [{
    query [b, hq, sq, d], key [b, hkv, skv, d], value [b, hkv, skv, dv] → [b, hq, sq, dv]; hq is a multiple of hkv and query
    head h reads key head h / (hq / hkv).
    scores = scale · q kᵀ; with softcap c: c · tanh(scores / c); then the mask. `mask` broadcasts to [b, hq, sq, skv]: floats
    are added, i1 true keeps. Key j is visible to query i iff
      causal:         j ≤ i + offset            (offset: 0 when absent; the length of the past with a cache)
      window w ≥ 0:   j > i + offset − w − 1    (left window, in keys before the diagonal)
      kv_lengths:     j < kv_lengths[b].
    A row that sees no key is 0 (ONNX Attention, 1.23). Source: https://onnx.ai/onnx/operators/onnx__Attention.html
    A cache is a tensor.concat of past and new keys in front of this op.
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key, AnyRankedTensor:$value,
                       Optional<AnyRankedTensor>:$mask, Optional<Index>:$offset,
                       Optional<1DTensorOf<[AnySignlessInteger]>>:$kv_lengths,
                       F64Attr:$scale, UnitAttr:$causal, DefaultValuedAttr<F64Attr, "0.0">:$softcap,
                       DefaultValuedAttr<I64Attr, "-1">:$window);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $mask^ `)`)? (`offset` `(` $offset^ `)`)? (`kv_lengths` `(` $kv_lengths^ `)`)?
    `scale` $scale (`causal` $causal^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Xf_SoftmaxOp : Xf_InferredOp<"softmax"> {
  let summary = "exp(x − max) / Σ exp(x − max) along one axis";
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Xf_LayerNormOp : Xf_InferredOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "(x − mean) / √(variance + epsilon) · scale + bias over the trailing dimensions from axis";
  let description = [{ Source: https://arxiv.org/abs/1607.06450; biased variance. }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$scale, Optional<AnyRankedTensor>:$bias,
                       I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`bias` `(` $bias^ `)`)? `axis` $axis `epsilon` $epsilon attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Xf_RmsNormOp : Xf_InferredOp<"rms_norm"> {
  let summary = "x / √(mean(x²) + epsilon) · scale over the trailing dimensions from axis";
  let description = [{ Source: https://arxiv.org/abs/1910.07467. }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? `axis` $axis `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Xf_RopeOp : Xf_InferredOp<"rope"> {
  let summary = "rotary position embedding of the first 2r elements of each head";
  let description = [{
    input [b, h, s, d]; cos, sin [b or 1, s, r] with 2r ≤ d. Pair i is (x[i], x[i + r]), or (x[2i], x[2i + 1]) when
    interleaved, and becomes (x₀ cos − x₁ sin, x₀ sin + x₁ cos); elements from 2r on are copied.
    Source: https://arxiv.org/abs/2104.09864.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$cos, AnyRankedTensor:$sin, UnitAttr:$interleaved);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `cos` `(` $cos `)` `sin` `(` $sin `)` (`interleaved` $interleaved^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Xf_ReduceOp : Xf_InferredOp<"reduce"> {
  let summary = "reduction over axes, kept as size 1 with keep_dims";
  let description = [{ argmax and argmin take one axis, give i64 and the first of equal elements. }];
  let arguments = (ins Xf_ReduceKindAttr:$kind, AnyRankedTensor:$input, DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $input `axes` $axes (`keep_dims` $keep_dims^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Xf_ConvOp : Xf_InferredOp<"conv"> {
  let summary = "convolution over one or more spatial dimensions (ONNX Conv)";
  let description = [{
    input [n, c, x..], filter [m, c / group, kx..], bias [m] → [n, m, o..], o = (x + begin + end − dilation (k − 1) − 1) /
    stride + 1. pads are begin.., end.. as in ONNX. Dynamic sizes are such that the filter fits into the padded input.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter, Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$group);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `filter` `(` $filter `)` (`bias` `(` $bias^ `)`)? `strides` $strides `pads` $pads `dilations` $dilations
    `group` $group attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // TILEWRIGHT_XF_NEURAL
