//===- KernelBase.td - the kernel dialect, base classes, schedules -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_BASE
#define TILEWRIGHT_KERNEL_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::mlir::kernel";
  let summary = "regions (one launch each), tilable contractions and attention, schedules";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

// An op that is the same untiled, on tensors, and as a register tile, on memrefs. Destination style; without results on memrefs.
// Tensors first, memrefs after bufferization.
def Kernel_Operand : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

class Kernel_TilableOp<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, !listconcat([
  AttrSizedOperandSegments,
  DestinationStyleOpInterface,
  DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
  DeclareOpInterfaceMethods<TilingInterface, [
    "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation", "getResultTilePosition",
    "generateResultTileValue", "getIterationDomainTileFromResultTile"]>
], traits)> {
  let extraClassDefinition = [{
    void $cppClass::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
      addTileEffects(*this, effects);
    }
    FailureOr<TilingResult> $cppClass::generateResultTileValue(OpBuilder &builder, unsigned number,
                                                               ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
      SmallVector<OpFoldResult> domainOffsets, domainSizes;
      if (failed(getIterationDomainTileFromResultTile(builder, number, offsets, sizes, domainOffsets, domainSizes)))
        return failure();
      return getTiledImplementation(builder, domainOffsets, domainSizes);
    }
  }];
}

//===----------------------------------------------------------------------===//
// Schedules. Chosen once (`tw-select-schedule`, lib/Schedule), only read afterwards.
//===----------------------------------------------------------------------===//

def Kernel_ContractScheduleAttr : AttrDef<Kernel_Dialect, "ContractSchedule"> {
  let mnemonic = "contract_schedule";
  let summary = "how a contraction is cut and expanded";
  let description = [{
    A register tile is `mr` rows × one panel (nr columns, from the packed operand's type), held in mr · nr / lanes vectors of
    `lanes` elements; the k loop is unrolled by `unroll`. Rows are taken in blocks of at most `row_block` that stay in L2
    while all panels pass. With at most `few_rows[i]` rows, `few_panels[i]` panels are worked on at once, so that as many
    address streams run. `prefetch` is the distance, in rows of a panel, of the software prefetch with few rows (0: none);
    with many rows each row tile pulls its part of the next panel. An epilogue of at most `inline_ops` ops stands behind
    every accumulator, a longer one in one loop over a tile in L1. A plain right operand is packed when it is read, `depth` of its
    rows at a time; packed ones are taken as they are (0). With `tiles`, products of bf16 are summed in AMX tiles of 16 rows × 16 columns, two
    of them in each direction; a tile of the region is a row block × one panel.
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$lanes, "int64_t":$unroll, "int64_t":$row_block,
    OptionalArrayRefParameter<"int64_t">:$few_rows, OptionalArrayRefParameter<"int64_t">:$few_panels,
    DefaultValuedParameter<"int64_t", "0">:$prefetch, DefaultValuedParameter<"int64_t", "2">:$inline_ops,
    DefaultValuedParameter<"int64_t", "0">:$depth, DefaultValuedParameter<"bool", "false">:$tiles);
  let assemblyFormat = [{
    `<` struct($mr, $lanes, $unroll, $row_block, custom<Sizes>($few_rows), custom<Sizes>($few_panels), $prefetch, $inline_ops,
           $depth, $tiles) `>`
  }];
  let genVerifyDecl = 1;
}

def Kernel_AttentionScheduleAttr : AttrDef<Kernel_Dialect, "AttentionSchedule"> {
  let mnemonic = "attention_schedule";
  let summary = "how attention is cut and expanded";
  let description = [{
    A unit is one key head and at most `rows` rows (queries × the query heads of that key head). It passes over blocks of `keys`
    keys: one block is single-pass softmax, several are online softmax. Keys of a block are packed into panels of
    `key_vectors` · `lanes` columns; scores come in tiles of `mr` rows × one panel, outputs in tiles of `mr` rows × at most
    `value_vectors` vectors. With at most `direct_rows` rows keys are not packed: scores are dot products.
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$lanes, "int64_t":$key_vectors, "int64_t":$value_vectors, "int64_t":$rows,
    "int64_t":$keys, DefaultValuedParameter<"int64_t", "2">:$unroll, DefaultValuedParameter<"int64_t", "2">:$direct_rows);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TILEWRIGHT_KERNEL_BASE
