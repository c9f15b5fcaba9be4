//===- Matrix.cpp - ldmatrix, stmatrix, mma (9.7.14) ----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Access.h"
#include "lib/PtxSim/Handlers.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

//===----------------------------------------------------------------------===//
// ldmatrix, stmatrix (9.7.14.5.15, .16)
//===----------------------------------------------------------------------===//

/// Matrices of 8 rows of 8 halves. Row `row` of matrix q lies at the address of lane 8 q + row.
/// Lane l holds of each matrix, in one register, row l / 4, columns 2 (l % 4) and the next; with
/// .trans the transposed matrix's.
struct Fragment {
  unsigned row, column;
  Fragment(unsigned lane, unsigned half, bool isTransposed) {
    row = lane / 4;
    column = 2 * (lane % 4) + half;
    if (isTransposed)
      std::swap(row, column);
  }
};

/// All 32 lanes take part; the first 8 per matrix name rows of 16 bytes.
bool accessRows(Warp &warp, const Op &op, WarpAccess &access) {
  uint32_t all = warp.active;
  if (all != AllLanes) {
    warp.fault(FaultKind::Divergence, op, static_cast<unsigned>(std::countr_zero(all)),
               "needs all 32 lanes of the warp");
    return false;
  }
  access.space = Space::Shared;
  access.bytes = 16;
  access.setAddresses(warp, op, op.operand(0), op.offset);
  if (op.space == Space::Generic)
    for (uint64_t &address : access.address)
      address -= SharedWindow;
  unsigned lanes = 8u * op.vector;
  warp.active = lanes == WarpSize ? AllLanes : (1u << lanes) - 1;
  bool fine = access.check(warp, op);
  warp.active = all;
  return fine;
}

void loadMatrix(Warp &warp, const Op &op) {
  WarpAccess access;
  if (!warp.gather(AllLanes) || !accessRows(warp, op, access))
    return;
  for (unsigned matrix = 0; matrix < op.vector; ++matrix) {
    uint32_t values[WarpSize];
    for (unsigned lane = 0; lane < WarpSize; ++lane) {
      uint16_t halves[2];
      for (unsigned half = 0; half < 2; ++half) {
        Fragment at(lane, half, op.mode);
        memcpy(&halves[half], access.located[8 * matrix + at.row].data + 2 * at.column, 2);
      }
      values[lane] = halves[0] | uint32_t(halves[1]) << 16;
    }
    warp.set(op.result(matrix), values);
  }
}

void storeMatrix(Warp &warp, const Op &op) {
  WarpAccess access;
  access.kind = AccessKind::Write;
  if (!warp.gather(AllLanes) || !accessRows(warp, op, access))
    return;
  for (unsigned matrix = 0; matrix < op.vector; ++matrix) {
    const auto *values = warp.lanes<uint32_t>(op.operand(1 + matrix));
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      for (unsigned half = 0; half < 2; ++half) {
        Fragment at(lane, half, op.mode);
        auto bits = static_cast<uint16_t>(values[lane] >> (16 * half));
        memcpy(access.located[8 * matrix + at.row].data + 2 * at.column, &bits, 2);
      }
  }
}

Error bindMatrixAccess(const Binder &binder, Op &op) {
  op.splits = true;
  bool isLoad = StringRef(binder.statement.opcode).starts_with("ld");
  for (auto [word, count] : {std::pair("x1", 1), {"x2", 2}, {"x4", 4}})
    if (binder.has(word))
      op.vector = static_cast<uint8_t>(count);
  if (!binder.has("m8n8") || !binder.has("b16") || !binder.has("sync") || !binder.has("aligned"))
    return binder.fail("expects .sync.aligned.m8n8 and .b16");
  op.mode = binder.has("trans");
  op.run = isLoad ? loadMatrix : storeMatrix;
  std::string registers(op.vector, isLoad ? 'W' : 'w');
  return binder.bySignature(op, isLoad ? registers + "m" : "m" + registers);
}

//===----------------------------------------------------------------------===//
// mma (9.7.14.5)
//===----------------------------------------------------------------------===//

/// D = A B + C with A of m x k, B of k x n. All shapes lay their elements out alike: with e
/// elements in a register, g = lane / 4 and t = lane % 4,
///   A, register r, element h: row g + 8 (r % 2), column e t + h + 4 e (r / 2)   (m = 8: r / 1)
///   B, register r, element h: row e t + h + 4 e r, column g
///   C, element i:             row g + 8 (i / 2), column 2 t + i % 2
constexpr unsigned MaxM = 16, N = 8, MaxK = 32;

using Matrices = decltype(Op::matrix);

unsigned perRegister(const Matrices &m) {
  return m.a.bits == 64 ? 1 : 32u / m.a.bits;
}
unsigned aRegisters(const Matrices &m) {
  return m.m / 8u * m.k / (4 * perRegister(m));
}
unsigned bRegisters(const Matrices &m) {
  return m.k / (4 * perRegister(m));
}
unsigned cElements(const Matrices &m) {
  return m.m / 8u * 2;
}

double element(uint64_t bits, Type type) {
  switch (type.kind) {
  case 'B':
    return static_cast<double>(bfloat16Value(static_cast<uint16_t>(bits)));
  case 'T': // the 13 lowest bits are not looked at
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits) & 0xffffe000u));
  case 's':
    return static_cast<double>(static_cast<int8_t>(bits));
  case 'u':
    return static_cast<double>(static_cast<uint8_t>(bits));
  default:
    return type.bits == 64 ? std::bit_cast<double>(bits)
                           : static_cast<double>(float16Value(static_cast<uint16_t>(bits)));
  }
}

/// Registers of a result or of C hold one element, or two halves.
uint64_t readElement(Warp &warp, const Op &op, unsigned first, unsigned i, Type type,
                     unsigned lane) {
  if (type.bits == 64)
    return warp.lanes<uint64_t>(op.operand(first + i))[lane];
  if (type.bits == 32)
    return warp.lanes<uint32_t>(op.operand(first + i))[lane];
  return warp.lanes<uint16_t>(op.operand(first + i / 2))[2 * lane + i % 2];
}

void writeElement(Warp &warp, const Op &op, unsigned i, Type type, unsigned lane, uint64_t bits) {
  if (type.bits == 64)
    warp.lanes<uint64_t>(op.result(i))[lane] = bits;
  else if (type.bits == 32)
    warp.lanes<uint32_t>(op.result(i))[lane] = static_cast<uint32_t>(bits);
  else
    warp.lanes<uint16_t>(op.result(i / 2))[2 * lane + i % 2] = static_cast<uint16_t>(bits);
}

/// The sum is exact in double for halves (products of 22 bits) up to its own rounding, and rounded
/// once to the type of D: the ISA leaves order and precision of the sum open, this is the best.
uint64_t accumulate(double product, uint64_t c, const Matrices &types, bool isFinite) {
  if (types.d.kind == 's') {
    int64_t sum = static_cast<int64_t>(product) + static_cast<int32_t>(c);
    if (isFinite)
      sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
    return static_cast<uint32_t>(sum);
  }
  if (types.d.bits == 64)
    return std::bit_cast<uint64_t>(product + std::bit_cast<double>(c));
  double addend = types.c.bits == 16
                      ? static_cast<double>(float16Value(static_cast<uint16_t>(c)))
                      : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(c)));
  if (types.d.bits == 16)
    return roundToFormat(product + addend, Float16);
  return F32::store(static_cast<float>(product + addend));
}

struct Inputs {
  double a[MaxM][MaxK], b[MaxK][N];
};

/// Reads the fragments of A and B of the whole warp.
void readInputs(Warp &warp, const Op &op, Inputs &to) {
  const Matrices &m = op.matrix;
  unsigned e = perRegister(m), rowBlocks = m.m / 8u;
  auto each = [&](unsigned registers, unsigned first, auto put) {
    for (unsigned r = 0; r < registers; ++r) {
      uint64_t values[WarpSize];
      warp.widen(op.operand(first + r), values);
      for (unsigned lane = 0; lane < WarpSize; ++lane)
        for (unsigned h = 0; h < e; ++h)
          put(lane, r, h, values[lane] >> (h * (m.a.bits % 64u)));
    }
  };
  each(aRegisters(m), 0, [&](unsigned lane, unsigned r, unsigned h, uint64_t bits) {
    unsigned k = e * (lane % 4) + h + 4 * e * (r / rowBlocks);
    to.a[lane / 4 + 8 * (r % rowBlocks)][k] = element(bits, m.a);
  });
  each(bRegisters(m), aRegisters(m), [&](unsigned lane, unsigned r, unsigned h, uint64_t bits) {
    to.b[e * (lane % 4) + h + 4 * e * r][lane / 4] = element(bits, m.b);
  });
}

void multiply(Warp &warp, const Op &op) {
  if (!warp.gather(AllLanes))
    return;
  if (warp.active != AllLanes)
    return warp.fault(FaultKind::Divergence, op,
                      static_cast<unsigned>(std::countr_zero(warp.active)),
                      "needs all 32 lanes of the warp");
  const Matrices &m = op.matrix;
  Inputs inputs;
  readInputs(warp, op, inputs);
  double sums[MaxM][N] = {};
  for (unsigned row = 0; row < m.m; ++row)
    for (unsigned k = 0; k < m.k; ++k)
      for (unsigned column = 0; column < N; ++column)
        sums[row][column] += inputs.a[row][k] * inputs.b[k][column];
  unsigned first = aRegisters(m) + bRegisters(m);
  uint64_t results[4][WarpSize]; // D may be C
  for (unsigned i = 0; i < cElements(m); ++i)
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      results[i][lane] = accumulate(sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2],
                                    readElement(warp, op, first, i, m.c, lane), m, op.has(Finite));
  for (unsigned i = 0; i < cElements(m); ++i)
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      writeElement(warp, op, i, m.d, lane, results[i][lane]);
  ++warp.block->counters.mma;
  warp.block->counters.multiplyAdds += uint64_t(m.m) * N * m.k;
}

/// The forms that we know (9.7.14.5.1): "shape input result". C has the type of D.
constexpr StringLiteral Forms[] = {
    "m16n8k8 f16 f32",  "m16n8k16 f16 f32",  "m16n8k8 f16 f16",  "m16n8k16 f16 f16",
    "m16n8k8 bf16 f32", "m16n8k16 bf16 f32", "m16n8k4 tf32 f32", "m16n8k8 tf32 f32",
    "m8n8k16 s8 s32",   "m16n8k16 s8 s32",   "m16n8k32 s8 s32",  "m8n8k16 u8 s32",
    "m16n8k16 u8 s32",  "m16n8k32 u8 s32",   "m8n8k4 f64 f64",
};

Error bindMma(const Binder &binder, Op &op) {
  op.splits = true;
  const auto &words = binder.modifiers;
  // sync aligned SHAPE row col [satfinite] D A B C
  bool isPlain = words.size() >= 9 && words[0] == "sync" && words[1] == "aligned" &&
                 words[3] == "row" && words[4] == "col" && binder.types.size() == 4 &&
                 words.size() == 9 + size_t(op.has(Finite)) + size_t(op.has(Rounded));
  auto unknown = [&] { return binder.fail("this form of mma is not known to the simulator"); };
  if (!isPlain)
    return unknown();
  StringRef d = words.end()[-4], a = words.end()[-3], b = words.end()[-2], c = words.end()[-1];
  bool areAlike = a == b || (a.ends_with("8") && b.ends_with("8"));
  if (!areAlike || c != d || !is_contained(Forms, (words[2] + " " + a + " " + d).str()))
    return unknown();
  unsigned m = 0, k = 0;
  StringRef shape = words[2].drop_front();
  shape.consumeInteger(10, m);
  shape.split('k').second.getAsInteger(10, k);
  op.matrix = {static_cast<uint8_t>(m), static_cast<uint8_t>(k), binder.types[1],
               binder.types[2],         binder.types[3],         binder.types[0]};
  auto registers = [](unsigned count, Type type, bool isResult) {
    char letter = type.bits == 64 ? 'l' : 'w';
    return std::string(type.bits == 16 ? count / 2 : count, isResult ? toUpper(letter) : letter);
  };
  auto inputs = [&](unsigned count) {
    return std::string(count, op.matrix.a.bits == 64 ? 'l' : 'w');
  };
  unsigned elements = cElements(op.matrix);
  return binder.bySignature(op, registers(elements, op.matrix.d, true) +
                                    inputs(aRegisters(op.matrix)) + inputs(bRegisters(op.matrix)) +
                                    registers(elements, op.matrix.c, false));
}

} // namespace

void tilewright::ptx::addMatrixRows(Table &table) {
  table.add("ldmatrix", bindMatrixAccess, nullptr);
  table.add("stmatrix", bindMatrixAccess, nullptr);
  table.add("mma", bindMma, multiply, Finite | Rounded);
}
