//===- dates.c - written dates to ISO 8601, with two compiled models -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// usage: dates HELDOUT.tsv [TEXT...]     a table of some dates, accuracy and latency on a file of
// "text<TAB>iso" lines
//
// Encoder and decoder are static libraries made by Tilewright; nothing else is linked. Their
// declared ranges (64 texts of 64 characters at the most) let tw_create set all memory aside, so
// that decoding allocates nothing.
#include "dates_decoder.h"
#include "dates_encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64, LENGTH = 64, STEPS = 10, WIDTH = 96, TOKENS = 11, HYPHEN = 10, START = 11 };

static tw_instance *encoder, *decoder;
static int64_t tokens[BATCH * LENGTH], prefix[BATCH * STEPS];
static float memory[BATCH * LENGTH * WIDTH], logits[BATCH * STEPS * TOKENS];

static void check(tw_status status, const tw_error *error) {
  if (status == TW_OK)
    return;
  fprintf(stderr, "error: %s\n", error->message);
  exit(2);
}

static DLTensor tensor(void *data, DLDataType type, int32_t rank, int64_t *shape) {
  DLTensor result = {0};
  result.data = data;
  result.device.device_type = kDLCPU;
  result.ndim = rank;
  result.dtype = type;
  result.shape = shape;
  return result;
}

// Writes the ISO dates of `count` texts into `answers`.
static void read_dates(const char *const *texts, int64_t count, char (*answers)[STEPS + 1]) {
  const DLDataType i64 = {kDLInt, 64, 1}, f32 = {kDLFloat, 32, 1};
  tw_error error;
  int64_t length = 1;
  for (int64_t i = 0; i < count; ++i) {
    int64_t characters = (int64_t)strlen(texts[i]);
    length = characters > length ? characters : length;
  }
  length = length > LENGTH ? LENGTH : length;
  memset(tokens, 0, sizeof tokens); // 0 is padding
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < length && texts[i][j]; ++j)
      tokens[i * length + j] = texts[i][j] & 127;

  int64_t text_shape[] = {count, length}, memory_shape[] = {count, length, WIDTH};
  DLTensor text = tensor(tokens, i64, 2, text_shape),
           encoded = tensor(memory, f32, 3, memory_shape);
  check(tw_run(encoder, &text, 1, &encoded, 1, &error), &error);

  for (int64_t step = 1; step <= STEPS; ++step) {
    // The decoder sees [count, step]: START and what it has said so far.
    int64_t said_shape[] = {count, step}, logit_shape[] = {count, step, TOKENS};
    int64_t said[BATCH * STEPS];
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < step; ++j)
        said[i * step + j] = j == 0 ? START : prefix[i * STEPS + j - 1];
    DLTensor inputs[] = {tensor(said, i64, 2, said_shape), encoded, text};
    DLTensor output = tensor(logits, f32, 3, logit_shape);
    check(tw_run(decoder, inputs, 3, &output, 1, &error), &error);
    for (int64_t i = 0; i < count; ++i) {
      const float *row = logits + (i * step + step - 1) * TOKENS;
      int best = 0;
      for (int k = 1; k < TOKENS; ++k)
        best = row[k] > row[best] ? k : best;
      prefix[i * STEPS + step - 1] = best;
      answers[i][step - 1] = best == HYPHEN ? '-' : (char)('0' + best);
    }
  }
  for (int64_t i = 0; i < count; ++i)
    answers[i][STEPS] = 0;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_table(const char *const *texts, int64_t count) {
  char answer[1][STEPS + 1];
  printf("  %-40s %s\n", "written", "ISO 8601");
  for (int64_t i = 0; i < count; ++i) {
    read_dates(texts + i, 1, answer);
    printf("  %-40s %s\n", texts[i], answer[0]);
  }
}

// Accuracy over a file, 64 texts at a time, and the latency of one text.
static int measure(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "error: %s: cannot be read\n", path);
    return 2;
  }
  static char lines[BATCH][256];
  const char *texts[BATCH], *wanted[BATCH];
  char answers[BATCH][STEPS + 1];
  int64_t count = 0, right = 0, all = 0;
  for (int more = 1; more;) {
    more = fgets(lines[count], sizeof lines[count], file) != NULL;
    char *tab = more ? strchr(lines[count], '\t') : NULL;
    if (tab) {
      *tab = 0;
      texts[count] = lines[count];
      wanted[count] = tab + 1;
      ++count;
    }
    if (count == BATCH || (!more && count)) {
      read_dates(texts, count, answers);
      for (int64_t i = 0; i < count; ++i)
        right += strncmp(answers[i], wanted[i], STEPS) == 0;
      all += count;
      count = 0;
    }
  }
  fclose(file);
  printf("\n  accuracy   %.2f %% (%lld of %lld held-out texts)\n",
         all ? 100.0 * (double)right / (double)all : 0.0, (long long)right, (long long)all);

  enum { REPEATS = 200 };
  const char *one = "Friday, the 5th of March 2021";
  double best = 1e9;
  for (int i = 0; i < REPEATS; ++i) {
    double start = seconds();
    read_dates(&one, 1, answers);
    double time = seconds() - start;
    best = time < best ? time : best;
  }
  printf("  latency    %.2f ms for one text (encoder once, decoder %d times; best of %d)\n",
         best * 1e3, STEPS, REPEATS);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: dates HELDOUT.tsv [TEXT...]\n");
    return 2;
  }
  static const char *const samples[] = {"the 5th of March 2021",
                                        "3/9/99",
                                        "Tues 14 Feb, 2012",
                                        "13/3/99",
                                        "5.3.21",
                                        "fifth of March '21",
                                        "20210305",
                                        "Sept. 30 1987",
                                        "SAT 1st  JAN , 2000",
                                        "31-XII-1999"};
  tw_error error;
  tw_options options = {0};
  options.threads = 1; // one text is too little work to share
  check(tw_create(tw_dates_encoder_model(), &options, &encoder, &error), &error);
  check(tw_create(tw_dates_decoder_model(), &options, &decoder, &error), &error);
  if (argc > 2)
    print_table((const char *const *)argv + 2, argc - 2);
  else
    print_table(samples, sizeof samples / sizeof *samples);
  int status = measure(argv[1]);
  tw_destroy(encoder);
  tw_destroy(decoder);
  return status;
}
