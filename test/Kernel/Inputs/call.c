// Calls ENTRY on arguments from standard input and writes the last array to standard output: runs
// kernels of another architecture under an emulator. Format, int64 unless said: number of
// arguments; of each its rank (-1: a plain integer, which follows), its sizes, where it begins in
// its memory (in bytes), that memory's number of bytes and the bytes.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ENTRY(void *, void *, void *, void *, void *, void *, void *, void *);

static int64_t number(void) {
  int64_t value;
  if (fread(&value, 8, 1, stdin) != 1)
    exit(2);
  return value;
}

int main(void) {
  void *arguments[8] = {0};
  char *data = NULL;
  int64_t bytes = 0, count = number();
  if (count > 8)
    return 2;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rank = number();
    if (rank < 0) {
      arguments[i] = (void *)number();
      continue;
    }
    // {allocated, aligned, offset, sizes[rank], strides[rank]}
    int64_t *descriptor = calloc(3 + 2 * rank, 8), stride = 1;
    for (int64_t d = 0; d < rank; ++d)
      descriptor[3 + d] = number();
    for (int64_t d = rank; d-- > 0; stride *= descriptor[3 + d])
      descriptor[3 + rank + d] = stride;
    int64_t offset = number();
    bytes = number();
    data = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (bytes && fread(data, bytes, 1, stdin) != 1)
      return 2;
    descriptor[0] = descriptor[1] = (int64_t)(data + offset);
    arguments[i] = descriptor;
  }
  ENTRY(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5],
        arguments[6], arguments[7]);
  fwrite(data, bytes, 1, stdout);
  return 0;
}
