// Executes AMX instructions in software, for machines without AMX:
//
//   LD_PRELOAD=libAmxEmulator.so program
//
// Each one is an illegal instruction here; the handler of SIGILL decodes it at the faulting
// address, carries it out on the thread's tiles and goes on behind it. So the very machine code
// that ships runs, all else of it natively. What the instruction set forbids (Intel SDM vol. 2,
// AMX, exception classes E1 to E6) ends the process with the signal that hardware would raise, and
// a message that names the instruction and its address.
//
//   AMX_EMULATOR=count    prints at exit how often each instruction was executed
//
// Where the CPU has AMX nothing is emulated.
#define _GNU_SOURCE // REG_RIP, RTLD_NEXT
#include <cpuid.h>
#include <dlfcn.h>
#include <immintrin.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

//===----------------------------------------------------------------------===//
// State of a thread
//===----------------------------------------------------------------------===//

enum { Tiles = 8, MaxRows = 16, MaxBytes = 64, ConfigBytes = 64 };

typedef struct Tile {
  uint8_t rows;
  uint16_t bytes; // of a row, `colsb`; 0 with rows = 0: not valid
  union {
    uint8_t byte[MaxRows][MaxBytes];
    uint32_t dword[MaxRows][MaxBytes / 4];
  } data;
} Tile;

static _Thread_local struct {
  bool configured; // palette 1; else palette 0, the initial state
  uint8_t startRow;
  Tile tile[Tiles];
} state;

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

// VEX.128.PP.0F38.W0 OPCODE
typedef enum Operation {
  ldtilecfg,
  sttilecfg,
  tilerelease,
  tilezero,
  tileloadd,
  tileloaddt1,
  tilestored,
  tdpbf16ps,
  tdpbssd,
  tdpbsud,
  tdpbusd,
  tdpbuud,
  NumOperations
} Operation;

enum { NP, P66, PF3, PF2 }; // VEX.pp

static const struct {
  const char *name;
  uint8_t opcode, prefix;
  bool memory; // ModRM names memory
} table[NumOperations] = {
    [ldtilecfg] = {"ldtilecfg", 0x49, NP, true},
    [sttilecfg] = {"sttilecfg", 0x49, P66, true},
    [tilerelease] = {"tilerelease", 0x49, NP, false},
    [tilezero] = {"tilezero", 0x49, PF2, false},
    [tileloadd] = {"tileloadd", 0x4b, PF2, true},
    [tileloaddt1] = {"tileloaddt1", 0x4b, P66, true},
    [tilestored] = {"tilestored", 0x4b, PF3, true},
    [tdpbf16ps] = {"tdpbf16ps", 0x5c, PF3, false},
    [tdpbssd] = {"tdpbssd", 0x5e, PF2, false},
    [tdpbsud] = {"tdpbsud", 0x5e, PF3, false},
    [tdpbusd] = {"tdpbusd", 0x5e, P66, false},
    [tdpbuud] = {"tdpbuud", 0x5e, NP, false},
};

typedef struct Instruction {
  Operation operation;
  const uint8_t *start, *end; // machine code
  uint8_t reg, rm, vvvv;      // register numbers of ModRM and VEX
  bool sib;
  uintptr_t address;
  uint64_t stride; // of tile rows, in memory
} Instruction;

static atomic_ullong executed[NumOperations];

static int (*realSigaction)(int, const struct sigaction *, struct sigaction *);
static struct sigaction others; // what the program wants done with SIGILL

/// Ends the process as the signal would, with a message.
static _Noreturn void fault(const Instruction *i, int number, const char *format, ...) {
  char reason[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  Dl_info where = {0};
  dladdr(i->start, &where);
  dprintf(STDERR_FILENO, "AMX emulator: %s at %p (%s+0x%tx in %s): %s\n", table[i->operation].name,
          (const void *)i->start, where.dli_fname ? where.dli_fname : "?",
          i->start - (const uint8_t *)where.dli_fbase, where.dli_sname ? where.dli_sname : "?",
          reason);
  realSigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  _exit(128 + number);
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

static uint64_t generalRegister(const ucontext_t *context, unsigned number) {
  static const int place[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};
  return (uint64_t)context->uc_mcontext.gregs[place[number]];
}

/// ModRM's memory operand at `at`; `x` and `b` are the extensions of index and base.
static void decodeMemory(Instruction *i, const ucontext_t *context, const uint8_t *at, unsigned x,
                         unsigned b) {
  unsigned mod = *at >> 6, rm = *at & 7;
  uint64_t address = 0;
  bool relative = false;
  ++at;
  i->sib = rm == 4;
  if (i->sib) {
    unsigned scale = *at >> 6, index = (*at >> 3 & 7) | x << 3, base = *at & 7;
    ++at;
    if (index != 4) // rsp stands for none
      i->stride = generalRegister(context, index) << scale;
    if (base == 5 && mod == 0)
      mod = 2; // no base, four bytes of displacement
    else
      address = generalRegister(context, base | b << 3);
  } else if (rm == 5 && mod == 0) {
    mod = 2;
    relative = true;
  } else {
    address = generalRegister(context, rm | b << 3);
  }
  int32_t displacement = 0;
  if (mod == 1) {
    displacement = (int8_t)*at++;
  } else if (mod == 2) {
    memcpy(&displacement, at, sizeof displacement);
    at += 4;
  }
  i->end = at;
  i->address = address + (uint64_t)(int64_t)displacement + (relative ? (uintptr_t)at : 0);
}

/// Whether an AMX instruction stands at `code`.
static bool decode(Instruction *i, const ucontext_t *context, const uint8_t *code) {
  // C4, inverted R X B and map, W inverted vvvv L pp
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0)
    return false;
  unsigned r = !(code[1] & 0x80), x = !(code[1] & 0x40), b = !(code[1] & 0x20);
  bool memory = code[4] >> 6 != 3;
  *i = (Instruction){.start = code, .end = code + 5};
  while (table[i->operation].opcode != code[3] || table[i->operation].prefix != (code[2] & 3) ||
         table[i->operation].memory != memory)
    if (++i->operation == NumOperations)
      return false;
  i->reg = (uint8_t)((code[4] >> 3 & 7) | r << 3);
  i->rm = (uint8_t)((code[4] & 7) | b << 3);
  i->vvvv = ~code[2] >> 3 & 15;
  if (memory)
    decodeMemory(i, context, code + 4, x, b);
  return true;
}

//===----------------------------------------------------------------------===//
// Configuration
//===----------------------------------------------------------------------===//

static bool isZero(const uint8_t *bytes, int from, int to) {
  while (from < to)
    if (bytes[from++])
      return false;
  return true;
}

static void loadConfiguration(const Instruction *i) {
  uint8_t bytes[ConfigBytes];
  memcpy(bytes, (const void *)i->address, sizeof bytes);
  if (bytes[0] > 1)
    fault(i, SIGSEGV, "#GP: palette %d", bytes[0]);
  if (bytes[0] == 0) {
    memset(&state, 0, sizeof state);
    return;
  }
  if (!isZero(bytes, 2, 16) || !isZero(bytes, 16 + 2 * Tiles, 48) ||
      !isZero(bytes, 48 + Tiles, ConfigBytes))
    fault(i, SIGSEGV, "#GP: reserved bytes of the configuration are not zero");
  memset(&state, 0, sizeof state);
  for (int t = 0; t < Tiles; ++t) {
    uint16_t width;
    memcpy(&width, bytes + 16 + 2 * t, sizeof width);
    uint8_t rows = bytes[48 + t];
    if (width > MaxBytes || rows > MaxRows || !width != !rows)
      fault(i, SIGSEGV, "#GP: tmm%d of %d rows of %d bytes", t, rows, width);
    state.tile[t].bytes = width;
    state.tile[t].rows = rows;
  }
  state.startRow = bytes[1];
  state.configured = true;
}

static void storeConfiguration(const Instruction *i) {
  uint8_t bytes[ConfigBytes] = {state.configured, state.startRow};
  for (int t = 0; t < Tiles; ++t) {
    memcpy(bytes + 16 + 2 * t, &state.tile[t].bytes, sizeof(uint16_t));
    bytes[48 + t] = state.tile[t].rows;
  }
  memcpy((void *)i->address, bytes, sizeof bytes);
}

static Tile *validTile(const Instruction *i, unsigned number) {
  if (!state.configured)
    fault(i, SIGILL, "#UD: tiles are not configured");
  if (number >= Tiles || !state.tile[number].rows)
    fault(i, SIGILL, "#UD: tmm%u is not configured", number);
  Tile *tile = &state.tile[number];
  if (table[i->operation].opcode != 0x49 && tile->bytes % 4)
    fault(i, SIGILL, "#UD: tmm%u has rows of %d bytes", number, tile->bytes);
  return tile;
}

static void noRegister(const Instruction *i, unsigned number) {
  if (number)
    fault(i, SIGILL, "#UD: register %u in an unused field", number);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static Tile *memoryTile(const Instruction *i) {
  Tile *tile = validTile(i, i->reg);
  noRegister(i, i->vvvv);
  if (!i->sib)
    fault(i, SIGILL, "#UD: no SIB byte");
  if (state.startRow >= tile->rows)
    fault(i, SIGILL, "#UD: start row %d of %d", state.startRow, tile->rows);
  return tile;
}

static void loadTile(const Instruction *i) {
  Tile *tile = memoryTile(i);
  for (uint64_t row = state.startRow; row < MaxRows; ++row) {
    memset(tile->data.byte[row], 0, MaxBytes);
    if (row < tile->rows)
      memcpy(tile->data.byte[row], (const void *)(i->address + row * i->stride), tile->bytes);
  }
  state.startRow = 0;
}

static void storeTile(const Instruction *i) {
  const Tile *tile = memoryTile(i);
  for (uint64_t row = state.startRow; row < tile->rows; ++row)
    memcpy((void *)(i->address + row * i->stride), tile->data.byte[row], tile->bytes);
  state.startRow = 0;
}

//===----------------------------------------------------------------------===//
// Products: C [m, n] += A [m, k] · B [k, n], where an element of A and B is a dword
//===----------------------------------------------------------------------===//

typedef struct Product {
  Tile *c;
  const Tile *a, *b;
} Product;

static Product productTiles(const Instruction *i) {
  if (i->reg == i->rm || i->rm == i->vvvv || i->reg == i->vvvv)
    fault(i, SIGILL, "#UD: tmm%d, tmm%d, tmm%d are not three tiles", i->reg, i->rm, i->vvvv);
  Product p = {validTile(i, i->reg), validTile(i, i->rm), validTile(i, i->vvvv)};
  if (p.c->bytes != p.b->bytes || p.c->rows != p.a->rows || p.a->bytes / 4 != p.b->rows)
    fault(i, SIGILL, "#UD: %dx%d B += %dx%d B * %dx%d B", p.c->rows, p.c->bytes, p.a->rows,
          p.a->bytes, p.b->rows, p.b->bytes);
  return p;
}

static float fromBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Even and odd elements of pairs have sums of their own, from zero and fused, which are added at
/// the end. Denormals are zero on both sides, whatever MXCSR says.
__attribute__((target("avx2,fma"), noinline)) static void multiplyBf16(const Product *p) {
  int n = p->c->bytes / 4;
  for (int m = 0; m < p->c->rows; ++m) {
    float sums[2][MaxBytes / 4] = {{0}}, old[MaxBytes / 4];
    for (int k = 0; k < p->b->rows; ++k) {
      uint32_t a = p->a->data.dword[m][k];
      const uint32_t *b = p->b->data.dword[k];
      float even = fromBits(a << 16), odd = fromBits(a & 0xffff0000);
      for (int j = 0; j < n; ++j) {
        sums[0][j] = __builtin_fmaf(even, fromBits(b[j] << 16), sums[0][j]);
        sums[1][j] = __builtin_fmaf(odd, fromBits(b[j] & 0xffff0000), sums[1][j]);
      }
    }
    memcpy(old, p->c->data.dword[m], sizeof old);
    for (int j = 0; j < n; ++j)
      old[j] += sums[0][j] + sums[1][j];
    memcpy(p->c->data.dword[m], old, sizeof old);
  }
}

static int32_t extend(uint8_t byte, bool isSigned) {
  return isSigned ? (int8_t)byte : byte;
}

/// Sums wrap modulo 2^32.
static void multiplyInt8(const Product *p, bool signedA, bool signedB) {
  for (int m = 0; m < p->c->rows; ++m)
    for (int k = 0; k < p->b->rows; ++k)
      for (int j = 0; j < p->c->bytes / 4; ++j)
        for (int e = 0; e < 4; ++e)
          p->c->data.dword[m][j] += (uint32_t)(extend(p->a->data.byte[m][4 * k + e], signedA) *
                                               extend(p->b->data.byte[k][4 * j + e], signedB));
}

static void multiply(const Instruction *i) {
  Product p = productTiles(i);
  if (i->operation == tdpbf16ps) {
    enum { AllMasked = 0x1f80, DenormalsAreZero = 0x40, FlushToZero = 0x8000 };
    unsigned int before = _mm_getcsr();
    _mm_setcsr(AllMasked | DenormalsAreZero | FlushToZero); // to nearest even
    multiplyBf16(&p);
    _mm_setcsr(before);
  } else {
    multiplyInt8(&p, i->operation == tdpbssd || i->operation == tdpbsud,
                 i->operation == tdpbssd || i->operation == tdpbusd);
  }
  state.startRow = 0;
}

//===----------------------------------------------------------------------===//
// The signal
//===----------------------------------------------------------------------===//

static void execute(const Instruction *i) {
  switch (i->operation) {
  case ldtilecfg:
  case sttilecfg:
    noRegister(i, i->vvvv);
    noRegister(i, i->reg);
    return i->operation == ldtilecfg ? loadConfiguration(i) : storeConfiguration(i);
  case tilerelease:
    noRegister(i, i->vvvv);
    noRegister(i, i->reg);
    noRegister(i, i->rm);
    memset(&state, 0, sizeof state);
    return;
  case tilezero:
    noRegister(i, i->vvvv);
    noRegister(i, i->rm);
    memset(&validTile(i, i->reg)->data, 0, sizeof state.tile->data);
    state.startRow = 0;
    return;
  case tileloadd:
  case tileloaddt1:
    return loadTile(i);
  case tilestored:
    return storeTile(i);
  default:
    return multiply(i);
  }
}

static void onIllegal(int number, siginfo_t *info, void *data) {
  (void)info;
  ucontext_t *context = data;
  const uint8_t *code = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
  Instruction i;
  if (decode(&i, context, code)) {
    execute(&i);
    atomic_fetch_add_explicit(&executed[i.operation], 1, memory_order_relaxed);
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)i.end;
    return;
  }
  // Not ours: happens again, with the program's own handler.
  dprintf(STDERR_FILENO, "AMX emulator: no AMX instruction at %p: %02x %02x %02x %02x %02x %02x\n",
          (const void *)code, code[0], code[1], code[2], code[3], code[4], code[5]);
  realSigaction(number, &others, NULL);
}

static bool hasAmx(void) {
  enum { AmxTile = 1 << 24 };
  unsigned int a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AmxTile);
}

/// Comes before the constructor if a constructor of the program asks.
static void setUp(void) {
  if (realSigaction)
    return;
  *(void **)&realSigaction = dlsym(RTLD_NEXT, "sigaction");
  if (hasAmx())
    return;
  struct sigaction action = {.sa_sigaction = onIllegal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  realSigaction(SIGILL, &action, &others);
}

/// A program may handle SIGILL, but gets only what is left of it.
int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
  setUp();
  if (number != SIGILL || hasAmx())
    return realSigaction(number, new, old);
  if (old)
    *old = others;
  if (new)
    others = *new;
  return 0;
}

/// Grants tiles to whoever asks the system for them.
long syscall(long number, ...) {
  enum { ArchReqXcompPerm = 0x1023, XfeatureXtiledata = 18 };
  long argument[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; ++i)
    argument[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_arch_prctl && argument[0] == ArchReqXcompPerm &&
      argument[1] == XfeatureXtiledata && !hasAmx())
    return 0;
  long (*real)(long, ...);
  *(void **)&real = dlsym(RTLD_NEXT, "syscall");
  return real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

__attribute__((constructor)) static void start(void) {
  setUp();
}

__attribute__((destructor)) static void printCounts(void) {
  const char *wish = getenv("AMX_EMULATOR");
  if (!wish || strcmp(wish, "count") != 0)
    return;
  if (hasAmx()) {
    fprintf(stderr, "AMX emulator: idle, this CPU has AMX\n");
    return;
  }
  fprintf(stderr, "AMX emulator:");
  for (int i = 0; i < NumOperations; ++i)
    if (executed[i])
      fprintf(stderr, " %llu %s", (unsigned long long)executed[i], table[i].name);
  fprintf(stderr, "\n");
}
