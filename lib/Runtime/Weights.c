//===- Weights.c - where an instance finds its weights ----------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights in the artefact are a read-only section; weights in a file are mapped read-only. Either
// way they are pages of a file: all instances and all processes share one copy in memory, and only
// what is used is read.
//
//===----------------------------------------------------------------------===//
#define _GNU_SOURCE // dladdr
#include "lib/Runtime/Instance.h"
#include "lib/Runtime/WeightFile.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MaxPath = 4096 };

/// The weight file's path beside the artefact (a shared object, or the program that it is linked
/// into).
static bool pathBesideArtefact(const tw_model *model, char path[MaxPath]) {
  Dl_info info;
  const char *slash = NULL;
  if (dladdr(model->functions, &info) && info.dli_fname)
    slash = strrchr(info.dli_fname, '/');
  int folder = slash ? (int)(slash - info.dli_fname) + 1 : 0;
  int length =
      snprintf(path, MaxPath, "%.*s%s", folder, folder ? info.dli_fname : "", model->weights_file);
  return length > 0 && length < MaxPath;
}

static tw_status checkHeader(const tw_model *model, const char *path,
                             const tw_weight_header *header, uint64_t fileSize, tw_error *error) {
  if (memcmp(header->magic, TW_WEIGHT_FILE_MAGIC, sizeof header->magic) != 0)
    return tw_fail(error, TW_ERROR_WEIGHTS, "weight file '%s': expects a weight file of Tilewright",
                   path);
  if (header->version != TW_WEIGHT_FILE_VERSION)
    return tw_fail(error, TW_ERROR_WEIGHTS, "weight file '%s': expects format %d, got %" PRIu32,
                   path, TW_WEIGHT_FILE_VERSION, header->version);
  if (header->size != model->weights_size || header->checksum != model->weights_checksum)
    return tw_fail(error, TW_ERROR_WEIGHTS,
                   "weight file '%s': belongs to another model or another compilation of '%s'",
                   path, model->name);
  if (fileSize != TW_WEIGHT_FILE_DATA + header->size)
    return tw_fail(error, TW_ERROR_WEIGHTS,
                   "weight file '%s': expects %" PRIu64 " bytes, got %" PRIu64, path,
                   TW_WEIGHT_FILE_DATA + header->size, fileSize);
  return TW_OK;
}

static tw_status mapFile(const tw_model *model, const char *path, int file, tw_weights *weights,
                         tw_error *error) {
  struct stat status;
  if (fstat(file, &status) != 0)
    return tw_fail(error, TW_ERROR_WEIGHTS, "weight file '%s': %s", path, strerror(errno));
  uint64_t size = (uint64_t)status.st_size;
  if (size < TW_WEIGHT_FILE_DATA)
    return tw_fail(error, TW_ERROR_WEIGHTS,
                   "weight file '%s': expects %" PRIu64 " bytes, got %" PRIu64, path,
                   TW_WEIGHT_FILE_DATA + model->weights_size, size);
  void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED)
    return tw_fail(error, TW_ERROR_WEIGHTS, "weight file '%s': %s", path, strerror(errno));
  tw_status result = checkHeader(model, path, mapping, size, error);
  if (result != TW_OK) {
    munmap(mapping, size);
    return result;
  }
  *weights = (tw_weights){(const char *)mapping + TW_WEIGHT_FILE_DATA, mapping, size};
  return TW_OK;
}

static tw_status openFile(const tw_model *model, const char *given, tw_weights *weights,
                          tw_error *error) {
  char beside[MaxPath];
  if (!given && !pathBesideArtefact(model, beside))
    return tw_fail(error, TW_ERROR_WEIGHTS, "expects a path of less than %d bytes for '%s'",
                   MaxPath, model->weights_file);
  const char *path = given ? given : beside;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return tw_fail(error, TW_ERROR_WEIGHTS, "weight file '%s': %s", path, strerror(errno));
  tw_status status = mapFile(model, path, file, weights, error);
  close(file);
  return status;
}

static tw_status takeCallers(const tw_model *model, const tw_options *options, tw_weights *weights,
                             tw_error *error) {
  if (options->weights_size != model->weights_size)
    return tw_fail(error, TW_ERROR_WEIGHTS, "expects %" PRIu64 " bytes of weights, got %zu",
                   model->weights_size, options->weights_size);
  if ((uintptr_t)options->weights % TW_WEIGHTS_ALIGNMENT)
    return tw_fail(error, TW_ERROR_ALIGNMENT, "expects weights aligned to %d bytes, got address %p",
                   TW_WEIGHTS_ALIGNMENT, options->weights);
  weights->data = options->weights;
  return TW_OK;
}

tw_status tw_map_weights(const tw_model *model, const tw_options *options, tw_weights *weights,
                         tw_error *error) {
  *weights = (tw_weights){model->weights, NULL, 0};
  if (!model->weights_file || model->weights_size == 0)
    return TW_OK;
  tw_status status = options->weights ? takeCallers(model, options, weights, error)
                                      : openFile(model, options->weights_file, weights, error);
  if (status == TW_OK && options->verify_weights &&
      tw_weight_checksum(weights->data, model->weights_size) != model->weights_checksum) {
    tw_unmap_weights(weights);
    return tw_fail(error, TW_ERROR_WEIGHTS, "weights of '%s' are damaged: their checksum differs",
                   model->name);
  }
  return status;
}

void tw_unmap_weights(tw_weights *weights) {
  if (weights->mapping)
    munmap(weights->mapping, weights->mapping_size);
  weights->mapping = NULL;
}
