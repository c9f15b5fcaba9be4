//===- Attention.h - the parts of an attention unit -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_ATTENTION_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_ATTENTION_H

#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"

namespace mlir::kernel {

/// Code of one unit: one key head, and rows r = g · sq + i for query head g of its group and query
/// i.
///
///   for each row: q, visible keys [low, high), m = -max, l = 0, o = 0            (prepare)
///   for each block of keys:
///     pack kᵀ into panels                                                        (packKeys)
///     for each row tile:                                                         (emitRowTile)
///       s = q kᵀ, capped, masked; invisible keys -inf; into the strip            (emitScores)
///       m' = max(m, max s); c = exp(m - m'); p = exp(s - m'); l = l c + Σ p      (emitSoftmax)
///       o = o c + p v                                                            (emitValues)
///   for each row: o / l, or 0 where l = 0                                        (finish)
class AttentionExpander {
public:
  explicit AttentionExpander(AttentionOp op);
  void expand();

private:
  // Rows first .. first + count of the unit against keys block .. blockEnd.
  struct RowTile {
    Value first;
    int64_t count;
    Value block, blockEnd;
    Value low, high;       // keys that some row sees
    Value allLow, allHigh; // keys that every row sees
    Value firstPanel, endPanel;
  };

  void allocate();
  Value low(Value i);
  Value high(Value i);
  void prepare();
  void packKeys(Value block, Value blockEnd);
  void packTile(Value panel, Value key, int64_t vector, bool clamped);
  void emitRowTile(Value first, int64_t count, Value block, Value blockEnd, bool packed);
  void emitScores(const RowTile &tile);
  void emitDirectScores(const RowTile &tile);
  void scorePanel(const RowTile &tile, Value panel, int64_t vectors);
  void finishScores(const RowTile &tile, Value panel, int64_t vectors, bool masked,
                    function_ref<Value(int64_t, int64_t)> raw);
  void emitSoftmax(const RowTile &tile);
  void emitValues(const RowTile &tile);
  void finish();

  Value at(AttentionOp::Operand operand, Value memref, Value head, Value s, Value d, Value mask);
  SmallVector<Value> indices(AttentionOp::Operand operand, Value head, Value s, Value d);
  Value dimOf(AttentionOp::Operand operand, Value memref, unsigned i);
  Value maskElements(const RowTile &tile, int64_t row, Value key, Value visible);
  Value exponent(Value difference);
  /// Of a panel of which at most so many vectors of keys are seen, the others are left out.
  int64_t fewVectors() { return schedule.getKeyVectors() % 2 ? 1 : 2; }
  /// Calls `body(column, mask)` for each vector of `size` elements; mask is null but for a rest.
  void forVectors(int64_t size, function_ref<void(int64_t, Value)> body);

  AttentionOp op;
  AttentionScheduleAttr schedule;
  CodeBuilder b;
  Value zero;
  Value queries, keys, rows, paddedRows;
  int64_t d, dv, group, panelWidth, paddedD, paddedDv;
  bool log2Scores;         // scores are scaled by log2 e: no multiplication before exp2
  Value keysEnd;           // no query sees keys from here on
  Value offset;            // query i stands at key offset + i
  Value unitLow, unitHigh; // keys that some row of the unit sees
  // Scratch, all in L1 or L2.
  Value q;                   // [rows][d], scaled
  Value packed;              // [panels][d][panel width]
  Value strip;               // [mr][keys + pad]
  Value out;                 // [rows][dv]
  Value rowMax, rowSum;      // [rows]
  Value rowLow, rowHigh;     // [rows]: visible keys
  Value rowHead, rowQuery;   // [rows]: where the mask of a row stands; null without a mask
  Value tileMax, correction; // [mr][lanes]
};

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_MICROKERNEL_ATTENTION_H
