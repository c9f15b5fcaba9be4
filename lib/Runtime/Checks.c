//===- Checks.c - is a request what the model was compiled for? -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Runtime/Instance.h"
#include <inttypes.h>
#include <stdio.h>

enum { UnknownSize = -1 };

/// A tensor of the request together with what the model says about it.
typedef struct Checked {
  const char *role; // "input" or "output"
  const tw_tensor_info *info;
  const DLTensor *tensor;
} Checked;

/// The prefix of every message about a tensor, as arguments of printf.
#define ABOUT(checked) (checked)->role, (checked)->info->name

static void dtypeName(DLDataType type, char text[64]) {
  static const char *const kinds[] = {"int", "uint", "float", "handle", "bfloat", "complex"};
  if (type.code == kDLUInt && type.bits == 8)
    snprintf(text, 64, "uint8 or bool");
  else if (type.code < sizeof kinds / sizeof *kinds && type.lanes == 1)
    snprintf(text, 64, "%s%d", kinds[type.code], type.bits);
  else
    snprintf(text, 64, "DLPack type (%d, %d bits, %d lanes)", type.code, type.bits, type.lanes);
}

/// Newer DLPack has a code of its own for bool, which the header of 2023 lacks.
static DLDataType canonicalDtype(DLDataType type) {
  enum { DlpackBool = 6 };
  if (type.code == DlpackBool && type.bits == 8)
    type.code = kDLUInt;
  return type;
}

static int64_t elementBytes(const DLTensor *tensor) {
  return (tensor->dtype.bits * tensor->dtype.lanes + 7) / 8;
}

static const char *tensorData(const DLTensor *tensor) {
  return (const char *)tensor->data + tensor->byte_offset;
}

/// Bytes of a tensor whose sizes are not negative; -1 if they do not fit into 63 bits.
static int64_t tensorBytes(const DLTensor *tensor) {
  int64_t bytes = elementBytes(tensor);
  for (int i = 0; i < tensor->ndim; ++i)
    if (tensor->shape[i] == 0)
      return 0;
  for (int i = 0; i < tensor->ndim; ++i)
    if (__builtin_mul_overflow(bytes, tensor->shape[i], &bytes))
      return -1;
  return bytes;
}

static tw_status checkType(const Checked *c, tw_error *error) {
  const DLTensor *tensor = c->tensor;
  DLDataType wanted = c->info->dtype, given = canonicalDtype(tensor->dtype);
  if (given.code != wanted.code || given.bits != wanted.bits || given.lanes != wanted.lanes) {
    char wantedName[64], givenName[64];
    dtypeName(wanted, wantedName);
    dtypeName(given, givenName);
    return tw_fail(error, TW_ERROR_DTYPE, "%s '%s': expects elements of type %s, got %s", ABOUT(c),
                   wantedName, givenName);
  }
  if (tensor->ndim != c->info->rank)
    return tw_fail(error, TW_ERROR_RANK, "%s '%s': expects rank %d, got %d", ABOUT(c),
                   c->info->rank, tensor->ndim);
  if (tensor->ndim && !tensor->shape)
    return tw_fail(error, TW_ERROR_ARGUMENT, "%s '%s': expects a shape, got a null pointer",
                   ABOUT(c));
  for (int i = 0; i < tensor->ndim; ++i)
    if (tensor->shape[i] < 0)
      return tw_fail(error, TW_ERROR_SHAPE,
                     "%s '%s': expects dimension %d not negative, got %" PRId64, ABOUT(c), i,
                     tensor->shape[i]);
  DLDeviceType device = tensor->device.device_type;
  if (device != kDLCPU && device != kDLCUDAHost && device != kDLROCMHost)
    return tw_fail(error, TW_ERROR_DEVICE,
                   "%s '%s': expects CPU memory (DLPack device 1), got device %d", ABOUT(c),
                   (int)device);
  return TW_OK;
}

static tw_status checkMemory(const Checked *c, tw_error *error) {
  const DLTensor *tensor = c->tensor;
  int64_t bytes = tensorBytes(tensor);
  if (bytes < 0)
    return tw_fail(error, TW_ERROR_SHAPE, "%s '%s': expects less than 2^63 bytes", ABOUT(c));
  if (bytes == 0)
    return TW_OK;
  if (!tensor->data)
    return tw_fail(error, TW_ERROR_ARGUMENT, "%s '%s': expects data, got a null pointer", ABOUT(c));
  if ((uintptr_t)tensorData(tensor) % (uintptr_t)c->info->alignment)
    return tw_fail(error, TW_ERROR_ALIGNMENT,
                   "%s '%s': expects data aligned to %d bytes, got address %p", ABOUT(c),
                   c->info->alignment, (const void *)tensorData(tensor));
  if (!tensor->strides)
    return TW_OK;
  // Row-major: stride(i) = product of the sizes after i. The stride of a dimension of size 1 has no
  // effect.
  int64_t stride = 1;
  for (int i = tensor->ndim - 1; i >= 0; --i) {
    if (tensor->shape[i] != 1 && tensor->strides[i] != stride)
      return tw_fail(error, TW_ERROR_LAYOUT,
                     "%s '%s': expects row-major data without gaps (stride %" PRId64
                     " in dimension %d), got stride %" PRId64,
                     ABOUT(c), stride, i, tensor->strides[i]);
    stride *= tensor->shape[i];
  }
  return TW_OK;
}

/// " ('seq')" for a dimension that has a name.
static void symbolSuffix(const tw_model *model, const tw_dim *dim, char text[80]) {
  text[0] = 0;
  if (dim->symbol >= 0)
    snprintf(text, 80, " ('%s')", model->symbols[dim->symbol].name);
}

static tw_status failRange(const Checked *c, const tw_model *model, int i, int64_t size,
                           tw_error *error) {
  const tw_symbol_info *symbol = &model->symbols[c->info->dims[i].symbol];
  if (symbol->max == INT64_MAX)
    return tw_fail(error, TW_ERROR_RANGE,
                   "%s '%s': expects dimension %d ('%s') of at least %" PRId64 ", got %" PRId64,
                   ABOUT(c), i, symbol->name, symbol->min, size);
  return tw_fail(error, TW_ERROR_RANGE,
                 "%s '%s': expects dimension %d ('%s') in %" PRId64 "..%" PRId64 ", got %" PRId64,
                 ABOUT(c), i, symbol->name, symbol->min, symbol->max, size);
}

/// Name of the first input that has the symbol: the one that fixed its size.
static const char *firstUse(const tw_model *model, int32_t symbol) {
  for (int32_t i = 0; i < model->num_inputs; ++i)
    for (int32_t d = 0; d < model->inputs[i].rank; ++d)
      if (model->inputs[i].dims[d].symbol == symbol)
        return model->inputs[i].name;
  return "";
}

/// Binds the symbols of one input, or compares with sizes that earlier inputs bound.
static tw_status bindDims(const Checked *c, const tw_model *model, int64_t *symbols,
                          tw_error *error) {
  for (int i = 0; i < c->info->rank; ++i) {
    const tw_dim *dim = &c->info->dims[i];
    int64_t size = c->tensor->shape[i];
    if (dim->symbol < 0) {
      if (size != dim->size)
        return tw_fail(error, TW_ERROR_SHAPE,
                       "%s '%s': expects dimension %d of %" PRId64 ", got %" PRId64, ABOUT(c), i,
                       dim->size, size);
      continue;
    }
    const tw_symbol_info *symbol = &model->symbols[dim->symbol];
    if (size < symbol->min || size > symbol->max)
      return failRange(c, model, i, size, error);
    if (symbols[dim->symbol] == UnknownSize)
      symbols[dim->symbol] = size;
    else if (symbols[dim->symbol] != size)
      return tw_fail(
          error, TW_ERROR_SHAPE,
          "%s '%s': expects dimension %d ('%s') of %" PRId64 " as in input '%s', got %" PRId64,
          ABOUT(c), i, symbol->name, symbols[dim->symbol], firstUse(model, dim->symbol), size);
  }
  return TW_OK;
}

static tw_status checkCount(const char *role, int32_t expected, const DLTensor *tensors,
                            int32_t count, tw_error *error) {
  if (count != expected)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects %d %s%s, got %d", expected, role,
                   expected == 1 ? "" : "s", count);
  if (count && !tensors)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects %ss, got a null pointer", role);
  return TW_OK;
}

/// The sum of factors times symbols; the end of int64's range if it lies beyond: a dimension of a
/// tensor without elements may be as large as anything.
static int64_t linearForm(const tw_requirement *requirement, const int64_t *symbols,
                          int32_t numSymbols) {
  __int128 sum = 0;
  for (int32_t i = 0; i < numSymbols; ++i)
    sum += (__int128)requirement->factors[i] * symbols[i];
  return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

/// "expects 'past' + 'seq' - 'past + seq' in 0..0, got 3"
tw_status tw_check_requirements(const tw_model *model, const int64_t *symbols, tw_error *error) {
  for (int64_t r = 0; r < model->num_requirements; ++r) {
    const tw_requirement *requirement = &model->requirements[r];
    int64_t sum = linearForm(requirement, symbols, model->num_symbols);
    if (sum >= requirement->min && sum <= requirement->max)
      continue;
    char text[160] = "";
    size_t used = 0;
    for (int32_t i = 0; i < model->num_symbols; ++i) {
      int64_t factor = requirement->factors[i], size = factor < 0 ? -factor : factor;
      if (factor == 0 || used >= sizeof text)
        continue;
      used += (size_t)snprintf(text + used, sizeof text - used, "%s",
                               factor > 0 ? (used ? " + " : "") : (used ? " - " : "-"));
      if (size != 1 && used < sizeof text)
        used += (size_t)snprintf(text + used, sizeof text - used, "%" PRId64 " * ", size);
      if (used < sizeof text)
        used += (size_t)snprintf(text + used, sizeof text - used, "'%s'", model->symbols[i].name);
    }
    if (requirement->min == INT64_MIN)
      return tw_fail(error, TW_ERROR_RANGE, "expects %s of at most %" PRId64 ", got %" PRId64, text,
                     requirement->max, sum);
    if (requirement->max == INT64_MAX)
      return tw_fail(error, TW_ERROR_RANGE, "expects %s of at least %" PRId64 ", got %" PRId64,
                     text, requirement->min, sum);
    return tw_fail(error, TW_ERROR_RANGE, "expects %s in %" PRId64 "..%" PRId64 ", got %" PRId64,
                   text, requirement->min, requirement->max, sum);
  }
  return TW_OK;
}

tw_status tw_check_computed(const tw_model *model, const tw_variant *variant,
                            const int64_t *symbols, tw_error *error) {
  int64_t failed = variant->check ? variant->check(symbols) : -1;
  if (failed < 0)
    return TW_OK;
  const char *check = model->implementation->checks[failed];
  // The sizes of the dimensions that the text names.
  char sizes[120] = "";
  size_t used = 0;
  for (int32_t i = 0; i < model->num_symbols && used < sizeof sizes; ++i) {
    char quoted[80];
    snprintf(quoted, sizeof quoted, "'%s'", model->symbols[i].name);
    if (strstr(check, quoted))
      used += (size_t)snprintf(sizes + used, sizeof sizes - used, "%s%s of %" PRId64,
                               used ? ", " : "", quoted, symbols[i]);
  }
  return tw_fail(error, TW_ERROR_RANGE, "expects %s, got %s", check, sizes);
}

tw_status tw_check_inputs(const tw_model *model, const DLTensor *inputs, int32_t count,
                          int64_t *symbols, tw_error *error) {
  tw_status status = checkCount("input", model->num_inputs, inputs, count, error);
  if (status == TW_OK && model->num_symbols && !symbols)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects room for %d sizes, got a null pointer",
                   model->num_symbols);
  for (int32_t i = 0; status == TW_OK && i < model->num_symbols; ++i)
    symbols[i] = UnknownSize;
  for (int32_t i = 0; status == TW_OK && i < count; ++i) {
    Checked checked = {"input", &model->inputs[i], &inputs[i]};
    if ((status = checkType(&checked, error)) == TW_OK &&
        (status = bindDims(&checked, model, symbols, error)) == TW_OK)
      status = checkMemory(&checked, error);
  }
  return status == TW_OK ? tw_check_requirements(model, symbols, error) : status;
}

tw_status tw_check_outputs(const tw_model *model, const DLTensor *outputs, int32_t count,
                           const int64_t *dims, tw_error *error) {
  tw_status status = checkCount("output", model->num_outputs, outputs, count, error);
  for (int32_t i = 0; status == TW_OK && i < count; ++i) {
    Checked checked = {"output", &model->outputs[i], &outputs[i]};
    if ((status = checkType(&checked, error)) != TW_OK)
      return status;
    for (int32_t d = 0; d < checked.info->rank; ++d, ++dims)
      if (outputs[i].shape[d] != *dims) {
        char suffix[80];
        symbolSuffix(model, &checked.info->dims[d], suffix);
        return tw_fail(error, TW_ERROR_SHAPE,
                       "%s '%s': expects dimension %d%s of %" PRId64 ", got %" PRId64,
                       ABOUT(&checked), d, suffix, *dims, outputs[i].shape[d]);
      }
    status = checkMemory(&checked, error);
  }
  return status;
}

static bool overlap(const DLTensor *a, const DLTensor *b) {
  uintptr_t startA = (uintptr_t)tensorData(a), startB = (uintptr_t)tensorData(b);
  uintptr_t bytesA = (uintptr_t)tensorBytes(a), bytesB = (uintptr_t)tensorBytes(b);
  return bytesA && bytesB && startA < startB + bytesB && startB < startA + bytesA;
}

tw_status tw_check_overlap(const tw_model *model, const DLTensor *inputs, const DLTensor *outputs,
                           tw_error *error) {
  for (int32_t o = 0; o < model->num_outputs; ++o) {
    for (int32_t i = 0; i < model->num_inputs; ++i)
      if (overlap(&outputs[o], &inputs[i]))
        return tw_fail(error, TW_ERROR_OVERLAP,
                       "output '%s': expects memory of its own, overlaps input '%s'",
                       model->outputs[o].name, model->inputs[i].name);
    for (int32_t p = 0; p < o; ++p)
      if (overlap(&outputs[o], &outputs[p]))
        return tw_fail(error, TW_ERROR_OVERLAP,
                       "output '%s': expects memory of its own, overlaps output '%s'",
                       model->outputs[o].name, model->outputs[p].name);
  }
  return TW_OK;
}

tw_status tw_check_symbols(const tw_model *model, const int64_t *symbols, tw_error *error) {
  if (model->num_symbols && !symbols)
    return tw_fail(error, TW_ERROR_ARGUMENT, "expects %d sizes, got a null pointer",
                   model->num_symbols);
  for (int32_t i = 0; i < model->num_symbols; ++i) {
    const tw_symbol_info *symbol = &model->symbols[i];
    if (symbols[i] >= symbol->min && symbols[i] <= symbol->max)
      continue;
    if (symbol->max == INT64_MAX)
      return tw_fail(error, TW_ERROR_RANGE, "expects '%s' of at least %" PRId64 ", got %" PRId64,
                     symbol->name, symbol->min, symbols[i]);
    return tw_fail(error, TW_ERROR_RANGE, "expects '%s' in %" PRId64 "..%" PRId64 ", got %" PRId64,
                   symbol->name, symbol->min, symbol->max, symbols[i]);
  }
  return TW_OK;
}
