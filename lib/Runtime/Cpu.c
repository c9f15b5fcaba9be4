//===- Cpu.c - what this machine can run ------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Features are read from CPUID or hwcap bits, never from model numbers: virtual machines report
// models freely.
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // syscall
#include "lib/Runtime/Instance.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct FeatureName {
  uint64_t bit;
  const char *name;
} FeatureName;

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>

typedef struct Registers {
  uint32_t a, b, c, d;
} Registers;

static const FeatureName featureNames[] = {
#define TW_X86_FEATURE(N, NAME, LEAF, SUBLEAF, REGISTER, BIT, XCR0) {UINT64_C(1) << N, NAME},
#include "lib/Runtime/CpuFeatures.def"
};

static Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r = {0, 0, 0, 0};
  if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d))
    r = (Registers){0, 0, 0, 0};
  return r;
}

/// Register state that the operating system saves: XGETBV of XCR0.
static uint64_t savedState(void) {
  enum { OsXsave = 1 << 27 };
  if (!(cpuid(1, 0).c & OsXsave))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static uint64_t readFeatures(void) {
  uint64_t saved = savedState(), features = 0;
#define TW_X86_FEATURE(N, NAME, LEAF, SUBLEAF, REGISTER, BIT, XCR0)                                \
  if ((cpuid(LEAF, SUBLEAF).REGISTER >> BIT & 1) && (saved & (XCR0)) == (XCR0))                    \
    features |= UINT64_C(1) << N;
#include "lib/Runtime/CpuFeatures.def"
  return features;
}

/// Linux hands out the 8 KiB of tile registers on request only, to all threads of a process
/// (Documentation/arch/x86/xstate.rst). It is asked once.
static bool mayUse(uint64_t features) {
  enum { AmxTile = 33, ArchReqXcompPerm = 0x1023, XfeatureXtiledata = 18 };
  enum { Unknown, Granted, Refused };
  static atomic_int answer = Unknown;
  if (!(features >> AmxTile & 1))
    return true;
  int known = atomic_load_explicit(&answer, memory_order_relaxed);
  if (known == Unknown) {
    long status = syscall(SYS_arch_prctl, ArchReqXcompPerm, XfeatureXtiledata);
    known = status == 0 ? Granted : Refused;
    atomic_store_explicit(&answer, known, memory_order_relaxed);
  }
  return known == Granted;
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

static const FeatureName featureNames[] = {
#define TW_AARCH64_FEATURE(N, NAME, VECTOR, BIT) {UINT64_C(1) << N, NAME},
#include "lib/Runtime/CpuFeatures.def"
};

static uint64_t readFeatures(void) {
  uint64_t features = 0;
#define TW_AARCH64_FEATURE(N, NAME, VECTOR, BIT)                                                   \
  if (getauxval(VECTOR) >> BIT & 1)                                                                \
    features |= UINT64_C(1) << N;
#include "lib/Runtime/CpuFeatures.def"
  return features;
}

static bool mayUse(uint64_t features) {
  (void)features;
  return true;
}

#else
#error "the runtime knows x86-64 and AArch64"
#endif

/// The features that $TILEWRIGHT_EMULATED names: an emulator beneath the program has what CPUID
/// does not show.
static uint64_t emulatedFeatures(void) {
  uint64_t features = 0;
  const char *list = getenv("TILEWRIGHT_EMULATED");
  while (list && *list) {
    size_t length = strcspn(list, ",");
    for (size_t i = 0; i < sizeof featureNames / sizeof *featureNames; ++i)
      if (strlen(featureNames[i].name) == length &&
          strncmp(featureNames[i].name, list, length) == 0)
        features |= featureNames[i].bit;
    list += length + (list[length] == ',');
  }
  return features;
}

uint64_t tw_cpu_features(void) {
  // Reading costs some 80 CPUID instructions, each a microsecond and more in a virtual machine.
  static _Atomic uint64_t features;
  static atomic_bool known;
  if (!atomic_load_explicit(&known, memory_order_acquire)) {
    atomic_store_explicit(&features, readFeatures() | emulatedFeatures(), memory_order_relaxed);
    atomic_store_explicit(&known, true, memory_order_release);
  }
  return atomic_load_explicit(&features, memory_order_relaxed);
}

void tw_cpu_names(uint64_t features, char *text, size_t size) {
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < sizeof featureNames / sizeof *featureNames; ++i) {
    if (!(features & featureNames[i].bit) || used >= size)
      continue;
    int length = snprintf(text + used, size - used, "%s%s", used ? ", " : "", featureNames[i].name);
    used += (size_t)(length > 0 ? length : 0);
  }
}

/// "'x86-64-v4', 'x86-64-v3'"
static void variantNames(const struct tw_implementation *implementation, char *text, size_t size) {
  size_t used = 0;
  text[0] = 0;
  for (int64_t i = 0; i < implementation->num_variants && used < size; ++i) {
    int length = snprintf(text + used, size - used, "%s'%s'", used ? ", " : "",
                          implementation->variants[i].isa);
    used += (size_t)(length > 0 ? length : 0);
  }
}

tw_status tw_pick_variant(const tw_model *model, const char *isa, const tw_variant **result,
                          tw_error *error) {
  const struct tw_implementation *implementation = model->implementation;
  uint64_t features = tw_cpu_features(), missing = 0;
  bool found = false, refused = false;
  if (!isa)
    isa = getenv("TILEWRIGHT_ISA");
  for (int64_t i = 0; i < implementation->num_variants; ++i) {
    const tw_variant *variant = &implementation->variants[i];
    if (isa && *isa && strcmp(isa, variant->isa) != 0)
      continue;
    found = true;
    missing = variant->features & ~features; // of the last one, which needs least
    refused = !missing && !mayUse(variant->features);
    if (!missing && !refused) {
      *result = variant;
      return TW_OK;
    }
  }
  char names[160];
  if (!found) {
    variantNames(implementation, names, sizeof names);
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects a target of the artefact (%s), got '%s'",
                   names, isa);
  }
  if (refused)
    return tw_fail(error, TW_ERROR_CPU,
                   "expects permission to use AMX tiles, the system refuses it");
  tw_cpu_names(missing, names, sizeof names);
  return tw_fail(error, TW_ERROR_CPU,
                 "expects a CPU with %s; compile with a --target that this CPU can run", names);
}
