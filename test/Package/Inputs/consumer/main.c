#include "affine.h"
#include "hidden.h"
#include "shared.h"
#include <stdio.h>
#include <stdlib.h>

int runFromCxx(void);

// y = x w + b, with w = 2 I and b = 1 (see models.py), for all three models.
static int run(const tw_model *model, int64_t rows) {
  int64_t shape[] = {rows, 64}, symbols[1] = {0}, sizes[2];
  float *x = malloc(sizeof(float) * 64 * (size_t)rows),
        *y = malloc(sizeof(float) * 64 * (size_t)rows);
  for (int64_t i = 0; i < rows * 64; ++i)
    x[i] = (float)i;
  DLTensor in = {x, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, NULL, 0}, out = in;
  out.data = y;
  tw_error error;
  tw_instance *instance;
  if (tw_symbols(model, &in, 1, symbols, &error) ||
      tw_output_shapes(model, symbols, sizes, &error) ||
      tw_create(model, NULL, &instance, &error) || tw_reserve(instance, symbols, &error) ||
      tw_run(instance, &in, 1, &out, 1, &error)) {
    printf("%s: %s\n", model->name, error.message);
    return 1;
  }
  int wrong = 0;
  for (int64_t i = 0; i < rows * 64; ++i)
    wrong += y[i] != 2 * x[i] + 1;
  printf("%s: %d wrong of %lld\n", model->name, wrong, (long long)(sizes[0] * sizes[1]));
  tw_destroy(instance);
  free(x);
  free(y);
  return wrong;
}

int main(void) {
  if (AFFINE_INPUT_X != 0 || AFFINE_NUM_INPUTS != 1 || AFFINE_SYMBOL_N != 0 || HIDDEN_OUTPUT_Y != 0)
    return 1;
  int failed = run(tw_affine_model(), 3) | run(tw_hidden_model(), 5) | run(tw_shared_model(), 2) |
               runFromCxx();
  // Too many rows: the declared range is checked.
  return failed || run(tw_affine_model(), 65) != 1;
}
