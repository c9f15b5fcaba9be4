//===- driver.c - a host program over whatever libcuda.so.1 it finds ---------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// driver FILE.ptx COUNT SHARED: scales COUNT floats by a kernel @scale(pointer, i32, f32) with
// SHARED bytes of dynamic shared memory, and checks them. Prints the name of every error of the
// driver.
//
//===----------------------------------------------------------------------===//
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *library;

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) {
    fprintf(stderr, "no %s\n", name);
    exit(3);
  }
  return found;
}

static int check(const char *what, int result) {
  const char *name = "?", *text = "?";
  int (*getName)(int, const char **) = symbol("cuGetErrorName");
  int (*getText)(int, const char **) = symbol("cuGetErrorString");
  if (result == 0)
    return 0;
  getName(result, &name);
  getText(result, &text);
  printf("%s: %s (%s)\n", what, name, text);
  return 1;
}

static char *readFile(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = calloc(1, 1 << 20);
  if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0)
    exit(3);
  fclose(file);
  return text;
}

int main(int argc, char **argv) {
  library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!library || argc != 4) {
    printf("no driver\n");
    return 2;
  }
  int (*init)(unsigned) = symbol("cuInit");
  int (*deviceGet)(int *, int) = symbol("cuDeviceGet");
  int (*deviceName)(char *, int, int) = symbol("cuDeviceGetName");
  int (*attribute)(int *, int, int) = symbol("cuDeviceGetAttribute");
  int (*retain)(void **, int) = symbol("cuDevicePrimaryCtxRetain");
  int (*release)(int) = symbol("cuDevicePrimaryCtxRelease_v2");
  int (*setCurrent)(void *) = symbol("cuCtxSetCurrent");
  int (*load)(void **, const void *, unsigned, int *, void **) = symbol("cuModuleLoadDataEx");
  int (*unload)(void *) = symbol("cuModuleUnload");
  int (*getFunction)(void **, void *, const char *) = symbol("cuModuleGetFunction");
  int (*setAttribute)(void *, int, int) = symbol("cuFuncSetAttribute");
  int (*memAlloc)(uint64_t *, size_t) = symbol("cuMemAlloc_v2");
  int (*memFree)(uint64_t) = symbol("cuMemFree_v2");
  int (*toDevice)(uint64_t, const void *, size_t, void *) = symbol("cuMemcpyHtoDAsync_v2");
  int (*toHost)(void *, uint64_t, size_t, void *) = symbol("cuMemcpyDtoHAsync_v2");
  int (*streamCreate)(void **, unsigned) = symbol("cuStreamCreate");
  int (*streamSynchronize)(void *) = symbol("cuStreamSynchronize");
  int (*streamDestroy)(void *) = symbol("cuStreamDestroy_v2");
  int (*eventCreate)(void **, unsigned) = symbol("cuEventCreate");
  int (*eventRecord)(void *, void *) = symbol("cuEventRecord");
  int (*elapsed)(float *, void *, void *) = symbol("cuEventElapsedTime");
  int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                void *, void **, void **) = symbol("cuLaunchKernel");

  int device = -1, major = 0, bad = 0, count = atoi(argv[2]);
  unsigned shared = (unsigned)atoi(argv[3]);
  char name[64], log[512] = "";
  void *context, *module, *function, *stream, *begin, *end;
  uint64_t buffer;
  bad |= check("device before cuInit", deviceGet(&device, 0));
  bad = check("cuInit", init(0)) || check("device", deviceGet(&device, 0)) ||
        check("name", deviceName(name, sizeof(name), device)) ||
        check("attribute", attribute(&major, 75, device));
  printf("%s, capability %d\n", name, major);
  check("alloc without context", memAlloc(&buffer, 16));
  bad |= check("retain", retain(&context, device)) || check("current", setCurrent(context));
  int options[] = {5, 6}; // CU_JIT_ERROR_LOG_BUFFER, its size
  void *values[] = {log, (void *)(uintptr_t)sizeof(log)};
  if (check("load", load(&module, readFile(argv[1]), 2, options, values))) {
    printf("%s\n", log);
    return 1;
  }
  check("no such kernel", getFunction(&function, module, "nothing"));
  bad |= check("function", getFunction(&function, module, "scale"));
  check("too much memory", memAlloc(&buffer, (size_t)1 << 40));
  if (shared > 48 << 10)
    bad |= check("shared memory", setAttribute(function, 8, (int)shared));
  bad |= check("alloc", memAlloc(&buffer, 1000 * sizeof(float)));
  bad |= check("stream", streamCreate(&stream, 0)) || check("event", eventCreate(&begin, 0)) ||
         check("event", eventCreate(&end, 0));

  float data[1000], factor = 3, milliseconds = -1;
  for (int i = 0; i < 1000; ++i)
    data[i] = (float)i;
  void *arguments[] = {&buffer, &count, &factor};
  bad |= check("copy", toDevice(buffer, data, sizeof(data), stream));
  check("copy beyond the end", toDevice(buffer + 4, data, sizeof(data), stream));
  bad |= check("record", eventRecord(begin, stream));
  bad |= check("launch", launch(function, 4, 1, 1, 256, 1, 1, shared, stream, arguments, NULL));
  bad |= check("record", eventRecord(end, stream));
  bad |= check("synchronize", streamSynchronize(stream));
  bad |= check("copy back", toHost(data, buffer, sizeof(data), stream));
  if (bad)
    return 1;
  for (int i = 0; i < 1000; ++i)
    bad |= data[i] != (float)i * 3;
  bad |= check("time", elapsed(&milliseconds, begin, end)) || milliseconds < 0;
  bad |= check("free", memFree(buffer)) || check("unload", unload(module)) ||
         check("stream", streamDestroy(stream)) || check("release", release(device));
  check("free twice", memFree(buffer));
  printf("%s\n", bad ? "wrong" : "right");
  return bad;
}
