// AMX instructions against plain loops; `instructions CASE` runs one that must fault.
#define _GNU_SOURCE // syscall
#include <immintrin.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct Config {
  uint8_t palette, startRow, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} Config;

static int wrong;
static void expect(int condition, const char *what, long m, long n, long k) {
  if (!condition && __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) < 20)
    printf("WRONG: %s, m %ld, n %ld, k %ld\n", what, m, n, k);
}

//===----------------------------------------------------------------------===//
// Products of all shapes
//===----------------------------------------------------------------------===//

enum { Pitch = 80, Untouched = 0xa5 }; // bytes between rows in memory

typedef struct Case {
  int m, n, k; // rows of C, dwords of a row of C, dwords of a row of A
  uint8_t a[16 * Pitch], b[16 * Pitch], c[16 * Pitch], out[16 * Pitch];
} Case;

static uint32_t dword(const uint8_t *matrix, int row, int column) {
  uint32_t value;
  memcpy(&value, matrix + row * Pitch + 4 * column, sizeof value);
  return value;
}
static float real(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// tmmC = c; tmmC += tmmA * tmmB; out = tmmC. Each tile number stands in each place.
#define MULTIPLY(NAME, OPERATION, C, A, B)                                                         \
  static void NAME##C(Case *p) {                                                                   \
    Config config = {.palette = 1};                                                                \
    config.rows[C] = config.rows[A] = (uint8_t)p->m;                                               \
    config.bytes[C] = config.bytes[B] = (uint16_t)(4 * p->n);                                      \
    config.bytes[A] = (uint16_t)(4 * p->k);                                                        \
    config.rows[B] = (uint8_t)p->k;                                                                \
    _tile_loadconfig(&config);                                                                     \
    _tile_loadd(C, p->c, Pitch);                                                                   \
    _tile_stream_loadd(A, p->a, Pitch);                                                            \
    _tile_loadd(B, p->b, Pitch);                                                                   \
    OPERATION(C, A, B);                                                                            \
    _tile_stored(C, p->out, Pitch);                                                                \
    _tile_release();                                                                               \
  }
#define MULTIPLIES(OPERATION)                                                                      \
  MULTIPLY(OPERATION, OPERATION, 0, 1, 2)                                                          \
  MULTIPLY(OPERATION, OPERATION, 1, 2, 3)                                                          \
  MULTIPLY(OPERATION, OPERATION, 2, 5, 4)                                                          \
  MULTIPLY(OPERATION, OPERATION, 3, 4, 1)                                                          \
  MULTIPLY(OPERATION, OPERATION, 4, 7, 5)                                                          \
  MULTIPLY(OPERATION, OPERATION, 5, 6, 0)                                                          \
  MULTIPLY(OPERATION, OPERATION, 6, 0, 7)                                                          \
  MULTIPLY(OPERATION, OPERATION, 7, 3, 6)                                                          \
  static void (*const all##OPERATION[8])(Case *) = {OPERATION##0, OPERATION##1, OPERATION##2,      \
                                                    OPERATION##3, OPERATION##4, OPERATION##5,      \
                                                    OPERATION##6, OPERATION##7};
MULTIPLIES(_tile_dpbf16ps)
MULTIPLIES(_tile_dpbssd)
MULTIPLIES(_tile_dpbsud)
MULTIPLIES(_tile_dpbusd)
MULTIPLIES(_tile_dpbuud)

// Out of the tile nothing is written.
static void checkBorder(const Case *p, const char *what) {
  for (int i = 0; i < 16 * Pitch; ++i)
    if (i / Pitch >= p->m || i % Pitch >= 4 * p->n)
      expect(p->out[i] == Untouched, what, p->m, p->n, p->k);
}

static void checkBf16(Case *p, int tile) {
  all_tile_dpbf16ps[tile](p);
  for (int i = 0; i < p->m; ++i)
    for (int j = 0; j < p->n; ++j) {
      double sum = (double)real(dword(p->c, i, j)), size = fabs(sum);
      for (int k = 0; k < p->k; ++k)
        for (int e = 0; e < 2; ++e) {
          int shift = e ? 0 : 16;
          double term = (double)real(dword(p->a, i, k) << shift & 0xffff0000) *
                        (double)real(dword(p->b, k, j) << shift & 0xffff0000);
          sum += term;
          size += fabs(term);
        }
      expect(fabs(sum - (double)real(dword(p->out, i, j))) <= 2e-7 * (1 + size), "tdpbf16ps", p->m,
             p->n, p->k);
    }
  checkBorder(p, "border of tdpbf16ps");
}

static void checkInt8(Case *p, int tile, int signedA, int signedB) {
  void (*const *run)(Case *) = signedA   ? signedB ? all_tile_dpbssd : all_tile_dpbsud
                               : signedB ? all_tile_dpbusd
                                         : all_tile_dpbuud;
  run[tile](p);
  for (int i = 0; i < p->m; ++i)
    for (int j = 0; j < p->n; ++j) {
      int64_t sum = (int32_t)dword(p->c, i, j);
      for (int k = 0; k < 4 * p->k; ++k) {
        uint8_t a = p->a[i * Pitch + k], b = p->b[k / 4 * Pitch + 4 * j + k % 4];
        sum += (signedA ? (int8_t)a : a) * (signedB ? (int8_t)b : b);
      }
      expect((uint32_t)sum == dword(p->out, i, j), "tdpb..d", p->m, p->n, p->k);
    }
  checkBorder(p, "border of tdpb..d");
}

static void fill(Case *p, int floats, unsigned *seed) {
  memset(p->out, Untouched, sizeof p->out);
  for (size_t i = 0; i < sizeof p->a; ++i) {
    p->a[i] = (uint8_t)rand_r(seed);
    p->b[i] = (uint8_t)rand_r(seed);
    p->c[i] = (uint8_t)rand_r(seed);
  }
  if (!floats)
    return;
  // Exponents near that of 1.
  for (size_t i = 1; i < sizeof p->a; i += 2)
    p->a[i] = (p->a[i] & 0x80) | 0x3f, p->b[i] = (p->b[i] & 0x80) | 0x3f;
  for (size_t i = 3; i < sizeof p->c; i += 4)
    p->c[i] = (p->c[i] & 0x80) | 0x3f;
}

static void *checkShapes(void *start) {
  unsigned seed = (unsigned)(uintptr_t)start;
  int tile = 0;
  static const int sizes[] = {1, 2, 3, 7, 8, 13, 15, 16};
  enum { Sizes = sizeof sizes / sizeof *sizes };
  for (int s = 0; s < Sizes * Sizes * Sizes; ++s, tile = (tile + 1) % 8) {
    Case p = {.m = sizes[s % Sizes], .n = sizes[s / Sizes % Sizes], .k = sizes[s / Sizes / Sizes]};
    fill(&p, 1, &seed);
    checkBf16(&p, tile);
    fill(&p, 0, &seed);
    for (int signs = 0; signs < 4; ++signs)
      checkInt8(&p, tile, signs & 1, signs >> 1);
  }
  return NULL;
}

//===----------------------------------------------------------------------===//
// Arithmetic, by hand
//===----------------------------------------------------------------------===//

// One element: c + a0 b0 + a1 b1 + a2 b2 + a3 b3, all but c rounded to bf16.
static float dot(float c, const float a[4], const float b[4]) {
  Case p = {.m = 1, .n = 1, .k = 2};
  uint32_t bits[8];
  memcpy(bits, a, 4 * sizeof *a);
  memcpy(bits + 4, b, 4 * sizeof *b);
  for (int i = 0; i < 4; ++i) {
    memcpy(p.a + 2 * i, (uint8_t *)&bits[i] + 2, 2);
    memcpy(p.b + i / 2 * Pitch + i % 2 * 2, (uint8_t *)&bits[4 + i] + 2, 2);
  }
  memcpy(p.c, &c, sizeof c);
  _tile_dpbf16ps0(&p);
  return real(dword(p.out, 0, 0));
}

static void checkArithmetic(void) {
  const float one[4] = {1, 1, 1, 1};
  // Even elements cancel before odd ones come: 2^60 - 2^60 + (1 + 1).
  expect(dot(0, (float[]){0x1p60F, 1, -0x1p60F, 1}, one) == 2, "even and odd sums", 0, 0, 0);
  // c joins last: (2^60 + 1) - 2^60 would be 0.
  expect(dot(1, (float[]){0x1p60F, 0, -0x1p60F, 0}, one) == 1, "c comes last", 0, 0, 0);
  // Fused: (1 + 2^-7)^2 - 1 has 15 bits, a product rounded to bf16 had not.
  expect(dot(0, (float[]){-1, 0, 1 + 0x1p-7F, 0}, (float[]){1, 0, 1 + 0x1p-7F, 0}) ==
             0x1p-6F + 0x1p-14F,
         "products are exact", 0, 0, 0);
  // To nearest even: 1 + 2^-24 is 1, and 1 + 2^-23 + 2^-24 is 1 + 2^-22.
  expect(dot(1, (float[]){0x1p-24F, 0, 0, 0}, one) == 1, "tie to even", 0, 0, 0);
  expect(dot(1 + 0x1p-23F, (float[]){0x1p-24F, 0, 0, 0}, one) == 1 + 0x1p-22F, "tie to even", 0, 0,
         0);
  // Denormal inputs and results are zero.
  expect(dot(0, (float[]){0x1p-130F, 0, 0, 0}, (float[]){0x1p100F, 0, 0, 0}) == 0, "denormal a", 0,
         0, 0);
  expect(dot(0x1p-130F, (float[]){0, 0, 0, 0}, one) == 0, "denormal c", 0, 0, 0);
  expect(dot(0, (float[]){0x1p-70F, 0, 0, 0}, (float[]){0x1p-60F, 0, 0, 0}) == 0, "denormal sum", 0,
         0, 0);
  expect(isnan(dot(0, (float[]){INFINITY, 0, 0, 0}, (float[]){0, 0, 0, 0})), "inf * 0", 0, 0, 0);
  expect(dot(1, (float[]){-INFINITY, 0, 0, 0}, one) == -INFINITY, "infinity", 0, 0, 0);
}

//===----------------------------------------------------------------------===//
// Configuration and addresses
//===----------------------------------------------------------------------===//

static Config whole = {
    .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16}};

static void checkConfiguration(void) {
  Config stored, none = {0}, one = {.palette = 1, .bytes = {[3] = 8}, .rows = {[3] = 5}};
  _tile_loadconfig(&one);
  _tile_storeconfig(&stored);
  expect(memcmp(&one, &stored, sizeof one) == 0, "sttilecfg", 0, 0, 0);
  // A configuration zeroes all tiles.
  uint8_t out[16 * 64], zero[16 * 64] = {0};
  memset(out, Untouched, sizeof out);
  _tile_loadd(3, out, 64);
  _tile_loadconfig(&whole);
  _tile_stored(3, out, 64);
  expect(memcmp(out, zero, sizeof out) == 0, "ldtilecfg zeroes", 0, 0, 0);
  _tile_release();
  _tile_storeconfig(&stored);
  expect(memcmp(&none, &stored, sizeof none) == 0, "tilerelease", 0, 0, 0);
}

static void checkAddresses(void) {
  uint8_t memory[4096], out[16 * 64];
  for (size_t i = 0; i < sizeof memory; ++i)
    memory[i] = (uint8_t)(i * 7 + i / 64);
#define ADDRESS(TEXT, START, STRIDE, BASE, INDEX)                                                  \
  {                                                                                                \
    register const uint8_t *base __asm__(BASE) = memory;                                           \
    register long index __asm__(INDEX) = 32;                                                       \
    __asm__ volatile("ldtilecfg %2\n tileloadd " TEXT ", %%tmm6" ::"r"(base), "r"(index),          \
                     "m"(whole)                                                                    \
                     : "memory");                                                                  \
    _tile_stored(6, out, 64);                                                                      \
    for (int row = 0; row < 16; ++row)                                                             \
      expect(memcmp(out + row * 64, memory + (START) + row * (STRIDE), 64) == 0, TEXT, 0, 0, 0);   \
  }
  ADDRESS("(%0,%1,2)", 0, 64, "rax", "rsi")
  ADDRESS("64(%0,%1,4)", 64, 128, "r13", "r12")
  ADDRESS("0x200(%0,%1,1)", 512, 32, "rbx", "r15")
  ADDRESS("(%0,%1,1)", 0, 32, "r13", "rdx")
  ADDRESS("16(%0)", 16, 0, "r12", "rdi") // every row the same
  uint8_t *end = memory + 1024;
  __asm__ volatile("tileloadd -0x40(%0,%1,1), %%tmm0" ::"r"(end), "r"(-64L) : "memory");
  _tile_stored(0, out, 64);
  for (int row = 0; row < 16; ++row)
    expect(memcmp(out + row * 64, memory + 960 - row * 64, 64) == 0, "stride < 0", 0, 0, 0);
  _tile_release();
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

static void configure(int t, int rows, int bytes, int palette, int reserved) {
  Config config = whole;
  config.palette = (uint8_t)palette;
  config.rows[t] = (uint8_t)rows;
  config.bytes[t] = (uint16_t)bytes;
  config.reserved[5] = (uint8_t)reserved;
  _tile_loadconfig(&config);
}

static void handler(int number) {
  printf("the program's handler of signal %d\n", number);
  exit(3);
}

static void runFault(const char *name) {
  static uint8_t memory[16 * 64];
#define CASE(NAME) if (strcmp(name, NAME) == 0)
  CASE("unconfigured") _tile_zero(0);
  CASE("palette") configure(0, 16, 64, 2, 0);
  CASE("reserved") configure(0, 16, 64, 1, 1);
  CASE("rows") configure(2, 17, 64, 1, 0);
  CASE("bytes") configure(2, 16, 68, 1, 0);
  CASE("half") configure(2, 0, 64, 1, 0);
  CASE("invalid") configure(5, 0, 0, 1, 0), _tile_loadd(5, memory, 64);
  CASE("odd") configure(5, 16, 62, 1, 0), _tile_stored(5, memory, 64);
  CASE("same") { // tdpbf16ps %tmm1, %tmm1, %tmm0
    configure(0, 16, 64, 1, 0);
    __asm__ volatile(".byte 0xc4, 0xe2, 0x72, 0x5c, 0xc1");
  }
  CASE("shape") configure(1, 15, 64, 1, 0), _tile_dpbf16ps(0, 1, 2);
  CASE("depth") configure(2, 15, 64, 1, 0), _tile_dpbssd(0, 1, 2);
  CASE("width") configure(2, 16, 60, 1, 0), _tile_dpbuud(0, 1, 2);
  CASE("restart") {
    Config config = whole;
    config.startRow = 16;
    _tile_loadconfig(&config);
    _tile_loadd(0, memory, 64);
  }
  CASE("no-sib") { // tileloadd (%rax), %tmm0 without SIB byte
    configure(0, 16, 64, 1, 0);
    __asm__ volatile(".byte 0xc4, 0xe2, 0x7b, 0x4b, 0x00" ::"a"(memory));
  }
  CASE("other") __asm__ volatile("ud2");
  CASE("handled") {
    signal(SIGILL, handler);
    sigaction(SIGILL, &(struct sigaction){.sa_handler = handler}, NULL);
    _tile_loadconfig(&whole);
    __asm__ volatile("ud2");
  }
}

int main(int argc, char **argv) {
  enum { ArchReqXcompPerm = 0x1023, XfeatureXtiledata = 18 };
  if (syscall(SYS_arch_prctl, ArchReqXcompPerm, XfeatureXtiledata) != 0)
    return printf("the system refuses tiles\n"), 2;
  whole.rows[7] = 16;
  if (argc > 1) {
    runFault(argv[1]);
    return 0;
  }
  checkArithmetic();
  checkConfiguration();
  checkAddresses();
  pthread_t threads[3];
  for (uintptr_t i = 0; i < 3; ++i)
    pthread_create(&threads[i], NULL, checkShapes, (void *)(i + 1));
  for (int i = 0; i < 3; ++i)
    pthread_join(threads[i], NULL);
  printf(wrong ? "%d WRONG\n" : "all right\n", wrong);
  return wrong != 0;
}
