//===- XfMovement.td - elements change place, never value -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_MOVEMENT
#define TILEWRIGHT_XF_MOVEMENT

include "dialects/Xf/IR/XfBase.td"

// Slices, concatenation and padding are upstream's tensor.extract_slice, tensor.concat and tensor.pad.

def Xf_BroadcastOp : Xf_ComputeOp<"broadcast"> {
  let summary = "numpy broadcast to the given sizes (ONNX Expand; a scalar gives ConstantOfShape)";
  let description = [{
    The result has exactly the given sizes; input dimensions, aligned at the last, are equal to them or statically 1.
  }];
  let arguments = (ins AnyRankedTensor:$input, Variadic<Index>:$sizes, DenseI64ArrayAttr:$static_sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($sizes, $static_sizes) attr-dict `:` type($input) `->` type($result)
  }];
  let builders = [OpBuilder<(ins "Value":$input, "ArrayRef<OpFoldResult>":$sizes)>];
  let extraClassDeclaration = [{ SmallVector<OpFoldResult> getMixedSizes(); }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Xf_ReshapeOp : Xf_ComputeOp<"reshape"> {
  let summary = "the same elements in row-major order under other sizes";
  let description = [{ No −1 and no 0-means-copy here: the importer has resolved them. }];
  let arguments = (ins AnyRankedTensor:$input, Variadic<Index>:$sizes, DenseI64ArrayAttr:$static_sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($sizes, $static_sizes) attr-dict `:` type($input) `->` type($result)
  }];
  let builders = [OpBuilder<(ins "Value":$input, "ArrayRef<OpFoldResult>":$sizes)>];
  let extraClassDeclaration = [{ SmallVector<OpFoldResult> getMixedSizes(); }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Xf_IotaOp : Xf_ComputeOp<"iota"> {
  let summary = "start, start + 1, ... : a vector of integers";
  let arguments = (ins Index:$start, Index:$size);
  let results = (outs 1DTensorOf<[AnySignlessInteger]>:$result);
  let assemblyFormat = "`from` $start `size` $size attr-dict `:` type($result)";
}

def Xf_TransposeOp : Xf_InferredOp<"transpose"> {
  let summary = "result dimension i is input dimension perm[i]";
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$perm);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `perm` $perm attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Xf_GatherOp : Xf_InferredOp<"gather"> {
  let summary = "slices of the input along one axis at the given indices (ONNX Gather; an embedding on axis 0)";
  let description = [{
    result[.., i.., ..] = input[.., indices[i..], ..]. Negative indices count from the end. An index outside
    [−n, n) is clamped into it, so that no run reads outside its buffers; where there are indices, n must not be 0.
  }];
  let arguments = (ins AnyRankedTensor:$input, RankedTensorOf<[AnySignlessInteger]>:$indices, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `[` $indices `]` `axis` $axis attr-dict `:` functional-type(operands, results)";
}

#endif // TILEWRIGHT_XF_MOVEMENT
