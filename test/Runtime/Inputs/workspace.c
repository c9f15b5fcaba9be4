// Prints the workspace that a model of one symbolic dimension needs for each given size of it.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <tilewright/Runtime.h>

int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  const tw_model *(*entry)(void) =
      library ? (const tw_model *(*)(void))dlsym(library, TW_ENTRY) : NULL;
  if (!entry)
    return printf("%s\n", dlerror()), 2;
  for (int i = 2; i < argc; ++i) {
    int64_t size = atoll(argv[i]);
    size_t bytes;
    tw_error error;
    if (tw_workspace_size(entry(), &size, 1, &bytes, &error))
      printf("%s\n", error.message);
    else
      printf("%zu bytes\n", bytes);
  }
  return 0;
}
