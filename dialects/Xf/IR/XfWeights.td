//===- XfWeights.td - symbolic dimensions and weights as handles ----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_WEIGHTS
#define TILEWRIGHT_XF_WEIGHTS

include "dialects/Xf/IR/XfBase.td"

def Xf_DimOp : Xf_Op<"dim", [Pure]> {
  let summary = "the value of a symbolic dimension, by its ONNX name";
  let description = [{
    Every size in the IR is built from these: `tensor.dim` of a function argument whose `xf.dims` names the dimension folds
    to it, so two dimensions are equal when their SSA values are. Never negative.
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Index:$result);
  let assemblyFormat = "$name attr-dict";
}

def Xf_RequireOp : Xf_Op<"require"> {
  let summary = "two sizes that the code takes to be equal, though not all values of the dimensions make them so";
  let description = [{
    For requirements that are no linear form of dimensions (those are listed in `xf.requires`): a product, or a dimension that has to be
    a multiple. `xf-export-interface` moves the comparison into @main_checks, which runs at entry, before any other code sees the sizes.
  }];
  let arguments = (ins Index:$lhs, Index:$rhs);
  let assemblyFormat = "$lhs `equals` $rhs attr-dict";
  let hasCanonicalizeMethod = 1;
}

def Xf_EncodingKind : Xf_Enum<"Encoding", "how elements stand in the file", [
  I32EnumCase<"raw", 0, "raw">,        // little-endian elements, row-major
  I32EnumCase<"varint", 1, "varint">   // protobuf packed varints (int32_data, int64_data)
]>;

def Xf_SourceAttr : Xf_Attr<"Source", "source"> {
  let summary = "bytes of a file that hold a tensor";
  let parameters = (ins StringRefParameter<"path of the file">:$file, "int64_t":$offset, "int64_t":$length,
                        EnumParameter<Xf_EncodingKind>:$encoding);
  let assemblyFormat = "`<` $file `,` $offset `,` $length `,` $encoding `>`";
}

def Xf_WeightDataOp : Xf_Op<"weight_data", [Symbol, IsolatedFromAbove, SingleBlock, NoRegionArguments, NoTerminator]> {
  let summary = "a weight of the model: where its bytes are, or how they follow from other weights";
  let description = [{
    Lives at module level, so that the data never enters the IR. Either `source` says which bytes of which file it is, or the
    region computes it from other weights with xf and linalg ops (transpose, cast, concat, pack ...), ending in `xf.yield`.
    Regions are evaluated at emission, tensor by tensor, straight into the artefact.

    ```mlir
    xf.weight_data @w : tensor<768x3072xf32> from #xf.source<"model.onnx", 4096, 9437184, raw>
    xf.weight_data @w_t : tensor<3072x768xf32> init {
      %0 = xf.weight @w : tensor<768x3072xf32>
      %1 = xf.transpose %0 perm [1, 0] : (tensor<768x3072xf32>) -> tensor<3072x768xf32>
      xf.yield %1 : tensor<3072x768xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Xf_NumberTensor>:$type, OptionalAttr<Xf_SourceAttr>:$source);
  let regions = (region MaxSizedRegion<1>:$init);
  let assemblyFormat = "$sym_name `:` $type (`from` $source^)? (`init` $init^)? attr-dict";
  let hasVerifier = 1;
}

def Xf_YieldOp : Xf_Op<"yield", [Pure, Terminator, ParentOneOf<["WeightDataOp"]>]> {
  let summary = "the value of a weight's initialiser";
  let arguments = (ins AnyRankedTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Xf_WeightOp : Xf_Op<"weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "handle on a weight; with an index, on one slice of its leading dimension";
  let description = [{
    `xf.weight @w[%l]` is layer `l` of a stacked weight: the result has one dimension less than the data.
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight, Optional<Index>:$layer);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weight (`[` $layer^ `]`)? attr-dict `:` type($result)";
}

#endif // TILEWRIGHT_XF_WEIGHTS
