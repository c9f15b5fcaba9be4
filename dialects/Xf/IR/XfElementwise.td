//===- XfElementwise.td - one element in, one element out -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_ELEMENTWISE
#define TILEWRIGHT_XF_ELEMENTWISE

include "dialects/Xf/IR/XfBase.td"

// Broadcasting (all ops here): shapes are aligned at the last dimension, a dimension of static size 1 repeats; two dynamic
// dimensions, or a dynamic and a static one other than 1, are taken as equal (who builds the ops proves it or has it checked at entry).

def Xf_UnaryOp : Xf_InferredOp<"unary"> {
  let summary = "y = kind(x)";
  let description = [{
    gelu_erf: x/2 (1 + erf(x/√2)). gelu_tanh: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). silu: x / (1 + e^(−x)).
    is_nan, is_inf give i1; logical_not takes i1; every other kind keeps the element type.
  }];
  let arguments = (ins Xf_UnaryKindAttr:$kind, AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Xf_BinaryOp : Xf_InferredOp<"binary", [SameOperandsElementType]> {
  let summary = "z = kind(x, y) with broadcasting";
  let description = [{
    Integers wrap, and a divisor 0 gives 0. A negative integer exponent gives the reciprocal of the power, truncated.
  }];
  let arguments = (ins Xf_BinaryKindAttr:$kind, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Xf_CompareOp : Xf_InferredOp<"compare", [SameOperandsElementType]> {
  let summary = "z = x kind y as i1, with broadcasting";
  let arguments = (ins Xf_CompareKindAttr:$kind, Xf_NumberTensor:$lhs, Xf_NumberTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Xf_SelectOp : Xf_InferredOp<"select"> {
  let summary = "condition ? x : y with broadcasting (ONNX Where)";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true, AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$condition `,` $on_true `,` $on_false attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Xf_CastOp : Xf_ComputeOp<"cast"> {
  let summary = "element type conversion with ONNX Cast's rules";
  let description = [{
    float → integer truncates; anything → i1 is x != 0; i1 → anything is 0 or 1; ui8 is the only unsigned type.
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // TILEWRIGHT_XF_ELEMENTWISE
