#include "affine.h"
#include <cstdio>

extern "C" int runFromCxx() {
  const tw_model *model = tw_affine_model();
  std::printf("%s from C++: %s %s\n", model->name, model->inputs[AFFINE_INPUT_X].name,
              model->symbols[AFFINE_SYMBOL_N].name);
  return model->abi_version != TW_ABI_VERSION;
}
