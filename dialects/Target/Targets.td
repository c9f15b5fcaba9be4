//===- Targets.td - one record per CPU level -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only list of targets. llvm-tblgen's -gen-searchable-tables turns it into the table of IR/Targets.h, from which come --target,
// --list-targets, docs/generated/Targets.md and the table tests. A chip costs one record here.
//
// A level earns its record by other instructions, other schedules (caches), or an LLVM processor model that matters. It runs on
// every CPU that has its features, whoever made it; vendors' names are only names.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_TARGETS
#define TILEWRIGHT_TARGETS

include "llvm/TableGen/SearchableTable.td"

// One CPU level; fields as in #target.cpu. `l1` and `l2` are the data caches of one core in KiB: of a level of several chips, the
// smallest among them.
class Cpu<string name, string summary, int l1, int l2> {
  string Name = name;        // on the command line, and of tw_options.isa
  string Summary = summary;
  string Triple = ?;
  string Processor = name;   // LLVM's
  string Features = "";      // LLVM's, added to those of the processor
  bits<32> Lanes = ?;        // f32 elements of a vector register
  bits<32> Registers = ?;    // vector registers
  bits<32> L1 = !mul(l1, 1024);
  bits<32> L2 = !mul(l2, 1024);
  bit Bf16Dot = 0;           // has AVX512-BF16's vdpbf16ps
  bit Tiles = 0;             // has AMX for bf16
}

class X86<string name, string summary, int l1, int l2> : Cpu<name, summary, l1, l2> {
  let Triple = "x86_64-unknown-linux-gnu";
}
class Avx2<string name, string summary, int l1, int l2> : X86<name, summary, l1, l2> {
  let Lanes = 8;
  let Registers = 16;
}
class Avx512<string name, string summary, int l1, int l2> : X86<name, summary, l1, l2> {
  let Lanes = 16;
  let Registers = 32;
  let Features = "-prefer-256-bit"; // several processor models prefer 256 bits, which would split 16-lane loops
}
class Neon<string name, string summary, int l1, int l2> : Cpu<name, summary, l1, l2> {
  let Triple = "aarch64-unknown-linux-gnu";
  let Lanes = 4;
  let Registers = 32;
}

//===----------------------------------------------------------------------===//
// x86-64: baseline levels of the psABI, then chips
//===----------------------------------------------------------------------===//

def : Avx2<"x86-64-v3", "AVX2 and FMA: Intel Haswell, AMD Zen and later", 32, 512>;
def : Avx512<"x86-64-v4", "AVX-512: Intel Skylake-SP, AMD Zen 4 and later", 32, 1024>;
let Bf16Dot = 1 in {
def : Avx512<"sapphirerapids", "AVX-512 and AMX: 4th-generation Intel Xeon and later", 48, 2048> {
  let Tiles = 1;
}
def : Avx512<"znver5", "AVX-512: AMD Zen 5, with LLVM's model of it", 48, 1024>;
}

//===----------------------------------------------------------------------===//
// AArch64
//===----------------------------------------------------------------------===//

def : Neon<"aarch64", "NEON: every 64-bit ARM", 64, 512> {
  let Processor = "generic";
  let Features = "+neon";
}

// The generated table, in the order of names.
def CpuTable : GenericTable {
  let FilterClass = "Cpu";
  let CppTypeName = "CpuRecord";
  let Fields = ["Name", "Summary", "Triple", "Processor", "Features", "Lanes", "Registers", "L1", "L2", "Bf16Dot", "Tiles"];
}

#endif // TILEWRIGHT_TARGETS
