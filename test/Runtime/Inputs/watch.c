// Runs an artefact under watch: after one run, each further run that allocates or frees is
// reported, and each system call but the futex that sleeping threads need ends the program.
//   watch MODEL.so THREADS SIZE...      SIZE: of each symbolic dimension; all inputs are zero
#include <dlfcn.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <tilewright/Runtime.h>
#include <unistd.h>

// glibc's own entry points; the definitions below take the place of its malloc for the whole
// process.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_int watching, calls;
static void count(void) {
  if (atomic_load(&watching))
    atomic_fetch_add(&calls, 1);
}
void *malloc(size_t size) {
  return count(), __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
  return count(), __libc_calloc(n, size);
}
void *realloc(void *old, size_t size) {
  return count(), __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return count(), __libc_memalign(alignment, size);
}
void free(void *memory) {
  count();
  __libc_free(memory);
}

// Kills the process on any system call but write, exit, and what docs/Artefact.md names for threads
// of an own team, in all threads.
static void forbidSystemCalls(int ownTeam) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ownTeam ? SYS_futex : SYS_write, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ownTeam ? SYS_sched_getaffinity : SYS_write, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ownTeam ? SYS_sched_setaffinity : SYS_write, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program)) {
    printf("unsupported: this system has no seccomp filters\n");
    exit(0);
  }
}

static DLTensor zeros(const tw_tensor_info *info, const int64_t *sizes, const int64_t *symbols) {
  DLTensor tensor = {NULL,
                     {kDLCPU, 0},
                     info->rank,
                     info->dtype,
                     calloc((size_t)info->rank + 1, sizeof(int64_t)),
                     NULL,
                     0};
  size_t bytes = info->dtype.bits / 8;
  for (int32_t d = 0; d < info->rank; ++d) {
    tensor.shape[d] = sizes                       ? sizes[d]
                      : info->dims[d].symbol >= 0 ? symbols[info->dims[d].symbol]
                                                  : info->dims[d].size;
    bytes *= (size_t)tensor.shape[d];
  }
  tensor.data = aligned_alloc(64, (bytes + 127) / 64 * 64);
  memset(tensor.data, 0, bytes);
  return tensor;
}

int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  const tw_model *(*entry)(void) =
      library ? (const tw_model *(*)(void))dlsym(library, TW_ENTRY) : NULL;
  if (!entry || argc < 3)
    return printf("%s\n", dlerror()), 2;
  const tw_model *model = entry();
  int64_t symbols[32] = {0}, sizes[512];
  for (int32_t i = 0; i < model->num_symbols; ++i)
    symbols[i] = atoll(argv[3 + i]);
  tw_error error;
  tw_options options = {.threads = atoi(argv[2])};
  tw_instance *instance;
  if (tw_output_shapes(model, symbols, sizes, &error) ||
      tw_create(model, &options, &instance, &error) || tw_reserve(instance, symbols, &error))
    return printf("%s\n", error.message), 2;
  DLTensor inputs[64], outputs[128];
  for (int32_t i = 0; i < model->num_inputs; ++i)
    inputs[i] = zeros(&model->inputs[i], NULL, symbols);
  for (int32_t i = 0; i < model->num_outputs; ++i)
    outputs[i] = zeros(&model->outputs[i], sizes + model->outputs[i].first_dim, NULL);
  if (tw_run(instance, inputs, model->num_inputs, outputs, model->num_outputs, &error))
    return printf("%s\n", error.message), 2;

  setvbuf(stdout, NULL, _IONBF, 0);
  forbidSystemCalls(options.threads > 1);
  atomic_store(&watching, 1);
  for (int i = 0; i < 50; ++i)
    if (tw_run(instance, inputs, model->num_inputs, outputs, model->num_outputs, &error))
      return 2;
  atomic_store(&watching, 0);
  printf("%d allocations in 50 runs on %s threads\n", atomic_load(&calls), argv[2]);
  _exit(atomic_load(&calls) != 0);
}
