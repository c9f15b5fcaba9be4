//===- OnnxOps.td - lossless capture of an ONNX graph -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_ONNX_OPS
#define TILEWRIGHT_ONNX_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::mlir::onnx";
  let summary = "one op per node of an ONNX file; lives for one stage and has no semantics";
  let useDefaultTypePrinterParser = 1;
}

def Onnx_ValueType : TypeDef<Onnx_Dialect, "Value"> {
  let mnemonic = "value";
  let summary = "a value whose element type or rank the file does not tell";
}

def Onnx_AbsentOp : Op<Onnx_Dialect, "absent", [Pure]> {
  let summary = "an optional input that the node leaves out (the empty name)";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict";
}

def Onnx_NodeOp : Op<Onnx_Dialect, "node"> {
  let summary = "a node of the graph: operator name, domain, opset version of the model, attributes";
  let description = [{
    The location is the node's name. Tensors in attributes are DenseElementsAttr (at most 4 KB; larger ones become weights).
    Sub-graphs (If, Loop, Scan) are regions; `graph_names` says which attribute each one was.

    ```mlir
    %1 = onnx.node "Gelu" domain "" since 20 (%0) {approximate = "tanh"} : (tensor<2x?xf32>) -> !onnx.value
    ```
  }];
  let arguments = (ins StrAttr:$op_type, StrAttr:$domain, I64Attr:$version, Variadic<AnyType>:$inputs,
                       DictionaryAttr:$attrs, OptionalAttr<StrArrayAttr>:$graph_names);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$graphs);
  let assemblyFormat = [{
    $op_type `domain` $domain `since` $version `(` $inputs `)` $attrs ($graphs^)? attr-dict
    `:` functional-type($inputs, $outputs)
  }];
}

def Onnx_YieldOp : Op<Onnx_Dialect, "yield", [Pure, Terminator, ParentOneOf<["NodeOp"]>]> {
  let summary = "the outputs of a sub-graph";
  let arguments = (ins Variadic<AnyType>:$outputs);
  let assemblyFormat = "($outputs^ `:` type($outputs))? attr-dict";
}

#endif // TILEWRIGHT_ONNX_OPS
