//===- MatrixTest.cpp - mma, ldmatrix and stmatrix ---------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Harness.h"
#include "lib/PtxSim/Numbers.h"
#include "llvm/ADT/StringExtras.h"
#include <random>

using namespace llvm;
using namespace tilewright::ptx;

namespace {

/// Where element i of a lane lies, as the ISA's section on each shape writes it: g is the lane's
/// group (lane / 4), t its place in the group (lane % 4).
using Place = std::pair<unsigned, unsigned> (*)(unsigned g, unsigned t, unsigned i);

struct Form {
  const char *opcode; // behind mma.sync.aligned.
  unsigned m, k;
  const char *input;
  unsigned elementBits, aElements, bElements, cElements;
  Place a, b;
  const char *result = "f32";
};

// 9.7.14.5.5 to 9.7.14.5.12
const Form Forms[] = {
    {"m16n8k8.row.col.f32.f16.f16.f32", 16, 8, "f16", 16, 4, 2, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 2 ? g : g + 8, t * 2 + (i & 1));
     },
     [](unsigned g, unsigned t, unsigned i) { return std::pair(t * 2 + i, g); }},
    {"m16n8k8.row.col.f32.bf16.bf16.f32", 16, 8, "bf16", 16, 4, 2, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 2 ? g : g + 8, t * 2 + (i & 1));
     },
     [](unsigned g, unsigned t, unsigned i) { return std::pair(t * 2 + i, g); }},
    {"m16n8k16.row.col.f32.bf16.bf16.f32", 16, 16, "bf16", 16, 8, 4, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 2 || (i >= 4 && i < 6) ? g : g + 8, t * 2 + (i & 1) + (i < 4 ? 0 : 8));
     },
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(t * 2 + (i & 1) + (i < 2 ? 0 : 8), g);
     }},
    {"m16n8k16.row.col.f16.f16.f16.f16", 16, 16, "f16", 16, 8, 4, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 2 || (i >= 4 && i < 6) ? g : g + 8, t * 2 + (i & 1) + (i < 4 ? 0 : 8));
     },
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(t * 2 + (i & 1) + (i < 2 ? 0 : 8), g);
     },
     "f16"},
    {"m16n8k4.row.col.f32.tf32.tf32.f32", 16, 4, "tf32", 32, 2, 1, 4,
     [](unsigned g, unsigned t, unsigned i) { return std::pair(i == 0 ? g : g + 8, t); },
     [](unsigned g, unsigned t, unsigned) { return std::pair(t, g); }},
    {"m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, "tf32", 32, 4, 2, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i % 2 == 0 ? g : g + 8, i < 2 ? t : t + 4);
     },
     [](unsigned g, unsigned t, unsigned i) { return std::pair(i == 0 ? t : t + 4, g); }},
    {"m8n8k4.row.col.f64.f64.f64.f64", 8, 4, "f64", 64, 1, 1, 2,
     [](unsigned g, unsigned t, unsigned) { return std::pair(g, t); },
     [](unsigned g, unsigned t, unsigned) { return std::pair(t, g); }, "f64"},
    {"m8n8k16.row.col.s32.s8.s8.s32", 8, 16, "s8", 8, 4, 4, 2,
     [](unsigned g, unsigned t, unsigned i) { return std::pair(g, t * 4 + i); },
     [](unsigned g, unsigned t, unsigned i) { return std::pair(t * 4 + i, g); }, "s32"},
    {"m16n8k16.row.col.satfinite.s32.u8.u8.s32", 16, 16, "u8", 8, 8, 4, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 4 ? g : g + 8, t * 4 + (i & 3));
     },
     [](unsigned g, unsigned t, unsigned i) { return std::pair(t * 4 + i, g); }, "s32"},
    {"m16n8k32.row.col.s32.s8.s8.s32", 16, 32, "s8", 8, 16, 8, 4,
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(i < 4 || (i >= 8 && i < 12) ? g : g + 8,
                        t * 4 + (i & 3) + (i < 8 ? 0 : 16));
     },
     [](unsigned g, unsigned t, unsigned i) {
       return std::pair(t * 4 + (i & 3) + (i < 4 ? 0 : 16), g);
     },
     "s32"},
};

std::pair<unsigned, unsigned> placeOfC(unsigned g, unsigned t, unsigned i) {
  return {i < 2 ? g : g + 8, t * 2 + (i & 1)};
}

/// Small integers are exact in every type, products and sums included.
uint64_t encode(StringRef type, int value) {
  if (type == "f16")
    return F16::store(value);
  if (type == "bf16")
    return BF16::store(value);
  if (type == "tf32" || type == "f32")
    return F32::store(static_cast<float>(value)) | (type == "tf32" ? 0x1fff : 0); // ignored bits
  if (type == "f64")
    return F64::store(value);
  return type.ends_with("8") ? static_cast<uint8_t>(value) : static_cast<uint32_t>(value);
}

/// Puts elements side by side into registers: [register][lane].
std::vector<Lanes> packed(unsigned elements, unsigned bits,
                          function_ref<uint64_t(unsigned, unsigned)> of) {
  unsigned perRegister = bits >= 32 ? 1 : 32 / bits;
  std::vector<Lanes> registers(elements / perRegister, Lanes(32));
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < elements; ++i)
      registers[i / perRegister][lane] |= of(lane, i) << (i % perRegister * bits % 64);
  return registers;
}

unsigned bitsOfType(StringRef type) {
  return type == "f64" ? 64 : type == "f16" ? 16 : 32;
}

TEST(PtxMatrix, EveryFormMultiplies) {
  std::mt19937 random(7);
  for (const Form &form : Forms) {
    int least = StringRef(form.input).starts_with("u") ? 0 : -4;
    auto number = [&] { return static_cast<int>(random() % 9) + least; };
    int a[16][32], b[32][8], c[16][8];
    for (auto &row : a)
      std::generate(std::begin(row), std::end(row), number);
    for (auto &row : b)
      std::generate(std::begin(row), std::end(row), number);
    for (auto &row : c)
      std::generate(std::begin(row), std::end(row), number);

    std::vector<Lanes> inputs;
    auto add = [&](unsigned elements, unsigned bits, Place place, StringRef type, auto &matrix) {
      for (Lanes &lanes : packed(elements, bits, [&](unsigned lane, unsigned i) {
             auto [row, column] = place(lane / 4, lane % 4, i);
             return encode(type, matrix[row][column]);
           }))
        inputs.push_back(std::move(lanes));
      return inputs.size();
    };
    unsigned resultBits = bitsOfType(form.result);
    size_t endA = add(form.aElements, form.elementBits, form.a, form.input, a);
    size_t endB = add(form.bElements, form.elementBits, form.b, form.input, b);
    add(form.cElements, resultBits, placeOfC, form.result, c);

    unsigned registerBits = form.elementBits == 64 ? 64 : 32;
    std::vector<Input> loaded;
    std::string operands[4];
    for (auto [i, lanes] : enumerate(inputs)) {
      loaded.push_back({registerBits, lanes});
      std::string &list = operands[i < endA ? 1 : i < endB ? 2 : 3];
      list += (list.empty() ? "%" : ", %") + std::string(1, "abcefghijk"[i]);
    }
    size_t results = inputs.size() - endB;
    for (size_t i = 0; i < results; ++i)
      operands[0] += (i ? ", %d" : "%d") + std::to_string(i);
    std::string text = std::string("mma.sync.aligned.") + form.opcode;
    for (const std::string &list : operands)
      text += (&list == operands ? " {" : ", {") + list + "}";
    std::vector<Lanes> got = evaluate(text, std::vector<unsigned>(results, registerBits), loaded);

    std::vector<Lanes> wanted = packed(form.cElements, resultBits, [&](unsigned lane, unsigned i) {
      auto [row, column] = placeOfC(lane / 4, lane % 4, i);
      int sum = c[row][column];
      for (unsigned k = 0; k < form.k; ++k)
        sum += a[row][k] * b[k][column];
      return encode(form.result, sum);
    });
    EXPECT_EQ(got, wanted) << form.opcode;
  }
}

TEST(PtxMatrix, IntegersWrapOrSaturate) {
  auto product = [](StringRef saturation) {
    return evaluateOne(("mma.sync.aligned.m8n8k16.row.col" + saturation +
                        ".s32.s8.s8.s32 {%d0, _}, {%a}, {%b}, {%c, %c}")
                           .str(),
                       32, {{32, {0x01010101}}, {32, {0x01010101}}, {32, {0x7fffffff}}});
  };
  EXPECT_EQ(product(".satfinite"), 0x7fffffffu);
  EXPECT_EQ(product(""), 0x8000000fu);
}

/// Rows of 16 bytes in shared memory, filled with 0, 1, 2 ... halves; then the fragments.
std::vector<uint32_t> fragments(StringRef load, unsigned count) {
  std::string body =
      "mov.u32 %r1, s; mad.lo.s32 %r2, %r0, 16, %r1; mul.lo.s32 %r3, %r0, 0x00080008; "
      "add.s32 %r3, %r3, 0x00010000;\n";
  for (unsigned i = 0; i < 4; ++i)
    body +=
        "st.shared.b32 [%r2+" + std::to_string(4 * i) + "], %r3; add.s32 %r3, %r3, 0x00020002;\n";
  body += "bar.warp.sync -1;\n" + load.str() + "\nmul.wide.u32 %d1, %r0, " +
          std::to_string(4 * count) + "; add.s64 %d1, %d0, %d1;\n";
  for (unsigned i = 0; i < count; ++i)
    body += "st.global.b32 [%d1+" + std::to_string(4 * i) + "], %r" + std::to_string(4 + i) + ";\n";
  Outcome outcome =
      runKernel(body, {32, 1, 1}, {1, 1, 1}, 32 * count, ".shared .align 16 .b8 s[512];");
  EXPECT_EQ(outcome.messages(), "");
  return outcome.words;
}

TEST(PtxMatrix, LoadsGiveFragments) {
  std::vector<uint32_t> plain =
      fragments("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];", 4);
  std::vector<uint32_t> transposed =
      fragments("ldmatrix.sync.aligned.m8n8.x2.trans.shared::cta.b16 {%r4, %r5}, [%r2];", 2);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    for (uint32_t q = 0; q < 4; ++q) {
      uint32_t first = 64 * q + 8 * (lane / 4) + 2 * (lane % 4);
      EXPECT_EQ(plain[4 * lane + q], first | (first + 1) << 16) << lane << " " << q;
    }
    for (uint32_t q = 0; q < 2; ++q) {
      uint32_t first = 64 * q + 16 * (lane % 4) + lane / 4;
      EXPECT_EQ(transposed[2 * lane + q], first | (first + 8) << 16) << lane << " " << q;
    }
  }
}

TEST(PtxMatrix, StoresUndoLoads) {
  for (StringRef trans : {"", ".trans"}) {
    std::vector<uint32_t> words =
        fragments(("ldmatrix.sync.aligned.m8n8.x4" + trans +
                   ".shared.b16 {%r4, %r5, %r6, %r7}, [%r2];\n"
                   "bar.warp.sync -1;\nstmatrix.sync.aligned.m8n8.x4" +
                   trans +
                   ".shared.b16 [%r2], {%r4, %r5, %r6, %r7};\nbar.warp.sync -1;\n"
                   "ld.shared.v4.b32 {%r4, %r5, %r6, %r7}, [%r2];")
                      .str(),
                  4);
    for (uint32_t i = 0; i < words.size(); ++i)
      EXPECT_EQ(words[i], 2 * i | (2 * i + 1) << 16) << trans.str() << i;
  }
}

TEST(PtxMatrix, APartOfAWarpIsAFault) {
  EXPECT_EQ(runKernel("mov.b32 %r4, 0; mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                      "{%r4,%r5,%r6,%r7}, {%r4,%r4,%r4,%r4}, {%r4,%r4}, {%r4,%r4,%r4,%r4};",
                      {16, 1, 1})
                .kinds(),
            "divergence");
  EXPECT_EQ(runKernel("mov.u32 %r1, s; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%r1+8];",
                      {32, 1, 1}, {1, 1, 1}, 4, ".shared .align 16 .b8 s[512];")
                .kinds(),
            "misaligned");
}

} // namespace
