//===- XfBase.td - the xf dialect, its enums, attributes and base classes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_BASE
#define TILEWRIGHT_XF_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"

def Xf_Dialect : Dialect {
  let name = "xf";
  let cppNamespace = "::mlir::xf";
  let summary = "transformer operations on tensors, before tiles, memory or targets";
  let description = [{
    Each compute op is defined by its decomposition (`linalg::AggregatedOpInterface`): the decomposition is the default
    lowering, the reference pipeline and the oracle of every fused kernel. An op exists only if some pass must recognise it.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  // xf.name, xf.dims, xf.buffers on arguments and results, xf.bounds on the module: see XfDialect.cpp.
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Xf_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Xf_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Xf_NumberTensor : RankedTensorOf<[AnyFloat, AnyInteger]>;

class Xf_Op<string mnemonic, list<Trait> traits = []> : Op<Xf_Dialect, mnemonic, traits>;

// An op on tensors with meaning: pure, knows its result sizes, and is defined by its decomposition.
class Xf_ComputeOp<string mnemonic, list<Trait> traits = []> : Xf_Op<mnemonic, !listconcat([
  Pure,
  DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
  DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes", "reifyDimOfResult"]>
], traits)> {
  // One dimension at a time: asking for all of them at each producer would cost 2^depth where an op has two operands.
  code reify = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(::mlir::OpBuilder &builder,
                                                       ::mlir::ReifiedRankedShapedTypeDims &sizes) {
      return reifyByDimension(*this, builder, sizes);
    }
  }];
  let extraClassDefinition = reify;
}

// A compute op whose result type follows from operands and attributes. A declared type may be less or more static.
class Xf_InferredOp<string mnemonic, list<Trait> traits = []> : Xf_ComputeOp<mnemonic, !listconcat([
  InferTypeOpAdaptorWithIsCompatible
], traits)> {
  let extraClassDefinition = reify # [{
    bool $cppClass::isCompatibleReturnTypes(TypeRange declared, TypeRange inferred) {
      return compatibleTypes(declared, inferred);
    }
  }];
}

//===----------------------------------------------------------------------===//
// Kinds. One op per shape of computation, one enum case per formula; lib-wide tables are keyed by these enums.
//===----------------------------------------------------------------------===//

class Xf_Enum<string name, string summary, list<I32EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::mlir::xf";
}
class Xf_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<Xf_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

def Xf_UnaryKind : Xf_Enum<"UnaryKind", "y = f(x), element by element", [
  I32EnumCase<"abs", 0>, I32EnumCase<"ceil", 1>, I32EnumCase<"cos", 2>, I32EnumCase<"erf", 3>, I32EnumCase<"exp", 4>,
  I32EnumCase<"floor", 5>, I32EnumCase<"gelu_erf", 6>, I32EnumCase<"gelu_tanh", 7>, I32EnumCase<"log", 8>,
  I32EnumCase<"logical_not", 9>, I32EnumCase<"neg", 10>, I32EnumCase<"reciprocal", 11>, I32EnumCase<"relu", 12>,
  I32EnumCase<"round_even", 13>, I32EnumCase<"rsqrt", 14>, I32EnumCase<"sigmoid", 15>, I32EnumCase<"sign", 16>,
  I32EnumCase<"silu", 17>, I32EnumCase<"sin", 18>, I32EnumCase<"softplus", 19>, I32EnumCase<"sqrt", 20>,
  I32EnumCase<"tanh", 21>, I32EnumCase<"is_nan", 22>, I32EnumCase<"is_inf", 23>]>;
def Xf_UnaryKindAttr : Xf_EnumAttr<Xf_UnaryKind, "unary_kind">;

// logical_* of integers are bitwise. div truncates on integers; mod takes the sign of the divisor (ONNX Mod, fmod = 0), rem that of the dividend (fmod = 1).
def Xf_BinaryKind : Xf_Enum<"BinaryKind", "z = f(x, y), element by element with numpy broadcasting", [
  I32EnumCase<"add", 0>, I32EnumCase<"sub", 1>, I32EnumCase<"mul", 2>, I32EnumCase<"div", 3>, I32EnumCase<"pow", 4>,
  I32EnumCase<"max", 5>, I32EnumCase<"min", 6>, I32EnumCase<"mod", 7>, I32EnumCase<"rem", 8>,
  I32EnumCase<"logical_and", 9>, I32EnumCase<"logical_or", 10>, I32EnumCase<"logical_xor", 11>]>;
def Xf_BinaryKindAttr : Xf_EnumAttr<Xf_BinaryKind, "binary_kind">;

def Xf_CompareKind : Xf_Enum<"CompareKind", "z = x ? y, element by element with numpy broadcasting; ordered on floats", [
  I32EnumCase<"eq", 0>, I32EnumCase<"ne", 1>, I32EnumCase<"lt", 2>, I32EnumCase<"le", 3>, I32EnumCase<"gt", 4>,
  I32EnumCase<"ge", 5>]>;
def Xf_CompareKindAttr : Xf_EnumAttr<Xf_CompareKind, "compare_kind">;

def Xf_ReduceKind : Xf_Enum<"ReduceKind", "reduction over axes", [
  I32EnumCase<"sum", 0>, I32EnumCase<"mean", 1>, I32EnumCase<"max", 2>, I32EnumCase<"min", 3>, I32EnumCase<"prod", 4>,
  I32EnumCase<"sum_square", 5>, I32EnumCase<"l1", 6>, I32EnumCase<"l2", 7>, I32EnumCase<"argmax", 8>,
  I32EnumCase<"argmin", 9>]>;
def Xf_ReduceKindAttr : Xf_EnumAttr<Xf_ReduceKind, "reduce_kind">;

#endif // TILEWRIGHT_XF_BASE
