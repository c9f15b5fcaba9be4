//===- Contract.h - the parts of a contraction tile -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CONTRACT_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CONTRACT_H

#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"

namespace mlir::kernel {

/// Code of one tile. With a packed rhs: at most mr rows of a panel, or few rows of several panels,
/// accumulated in registers over all k. With a plain rhs, for each panel:
///
///   buffer = 0
///   for each block of `depth` k:
///     pack that part of the panel, unless it is read in place            (packPanel)
///     copy that part of the rows, unless they are read in place          (copyRows)
///     for each row tile: buffer += rows × panel                          (emitBlock)
///   result = epilogue(buffer)                                            (emitEpilogueLoop)
class ContractExpander {
public:
  explicit ContractExpander(ContractOp op);
  void expand();

private:
  // Neighbouring vectors of neighbouring panels, all rows of the tile.
  struct Piece {
    Value panel, column; // first panel, first column of the result
    int64_t vectors;     // of rhs, per row
  };

  // Packed rhs.
  void expandPacked();
  void emitPanel(Value panel);
  void emitFew();
  void emitProduct(const Piece &piece, int64_t rows, bool few);
  ProductOperands operandsOf(const Piece &piece, function_ref<Value(int64_t i)> rowAt);
  void prefetchAhead(Value k);
  void prefetchFew(const Piece &piece, Value k);

  // Packed rhs of bf16, ContractPairs.cpp.
  ProductOperands pairsOf(function_ref<Value(int64_t i)> rowAt, ProductOperands::Load loadPairs);
  ProductOperands widenedPairsOf(function_ref<Value(int64_t i)> rowAt,
                                 ProductOperands::Load loadPairs);

  // The same in AMX tiles, ContractTiles.cpp.
  void emitTiles(const Piece &piece);

  // Plain rhs, ContractPlain.cpp.
  void expandPlain();
  void byPanelEnd(Value column, function_ref<void(bool partial)> body);
  void packPanel(Value column, Value first, Value depth);
  void packRows(Value column, Value first, Value depth);
  void packTransposed(Value column, Value first, Value depth);
  void copyRows(Value first, Value depth);
  void emitRowTiles(Value column, Value first, Value depth);
  void emitBlock(Value row, Value count, int64_t rows, Value column, Value first, Value depth);
  void emitBlocks(Value column, bool inPlace);
  void emitDots(Value column, bool clamped);
  void emitPlainPanel(Value column);

  // Both.
  SmallVector<int64_t> tileHeights();
  void specialiseHeight(Value rows, function_ref<void(int64_t)> body);
  void emitEpilogueLoop(const Piece &piece, Value rows);
  void emitKept(const Piece &piece, Value start, Value row, Value at, Value mask);
  void emitEpilogue(ValueRange sums, Value row, Value column, Value mask);
  Value cloneEpilogue(ArrayRef<Value> arguments);
  /// Indices of a matrix element of an operand whose batch dimensions are 1.
  SmallVector<Value> inMatrix(Value memref, Value row, Value column);

  ContractOp op;
  ContractScheduleAttr schedule;
  CodeBuilder b;
  int64_t lanes, vectorsPerPanel, sums;
  Value m, n, k;
  // Accumulators on their way to the epilogue loop: rows of a piece one after the other, in a row
  // one group for each sum. Null if never needed.
  Value buffer;
  bool inlined; // the epilogue stands behind every accumulator of a tile without masked columns
  // Plain rhs: a block of a panel, [depth][nr], and of the rows, [row_block][depth + pad]; the
  // latter null where lhs is read in place.
  Value panelBlock, rowBlock;
};

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_CONTRACT_H
