# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ns per element of row kernels beside plain C by clang -O3 -march=native -ffast-math, taking turns on one core."""
import ctypes
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np

from rowkernels import Library

C = r"""
#include <math.h>
void layer_norm(const float *x, const float *g, const float *b, float *y) {
  for (int r = 0; r < 128; ++r, x += 768, y += 768) {
    float m = 0, v = 0;
    for (int i = 0; i < 768; ++i) m += x[i];
    m /= 768;
    for (int i = 0; i < 768; ++i) v += (x[i] - m) * (x[i] - m);
    float s = 1 / sqrtf(v / 768 + 1e-5f);
    for (int i = 0; i < 768; ++i) y[i] = (x[i] - m) * s * g[i] + b[i];
  }
}
void softmax(const float *x, float *y) {
  for (int r = 0; r < 12 * 128; ++r, x += 128, y += 128) {
    float m = -INFINITY, s = 0;
    for (int i = 0; i < 128; ++i) m = x[i] > m ? x[i] : m;
    for (int i = 0; i < 128; ++i) s += y[i] = expf(x[i] - m);
    for (int i = 0; i < 128; ++i) y[i] *= 1 / s;
  }
}
void gelu(const float *x, const float *b, float *y) {
  for (int r = 0; r < 128; ++r)
    for (int i = 0; i < 3072; ++i) {
      float t = x[r * 3072 + i] + b[i];
      y[r * 3072 + i] = 0.5f * t * (1 + erff(t * 0.70710678f));
    }
}
"""
KERNELS = {
    "layer_norm": (([128, 768], [768], [768]), """
func.func @layer_norm(%x: tensor<?x768xf32>, %g: tensor<768xf32>, %b: tensor<768xf32>) -> tensor<?x768xf32> {
  %y = xf.layer_norm %x scale(%g) bias(%b) axis 1 epsilon 1.0e-5 : (tensor<?x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}"""),
    "softmax": (([12, 128, 128],), """
func.func @softmax(%x: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  %y = xf.softmax %x axis 2 : (tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}"""),
    "gelu": (([128, 3072], [3072]), """
func.func @gelu(%x: tensor<?x3072xf32>, %b: tensor<3072xf32>) -> tensor<?x3072xf32> {
  %t = xf.binary add %x, %b : (tensor<?x3072xf32>, tensor<3072xf32>) -> tensor<?x3072xf32>
  %y = xf.unary gelu_erf %t : (tensor<?x3072xf32>) -> tensor<?x3072xf32>
  return %y : tensor<?x3072xf32>
}"""),
}


def main():
    folder = tempfile.mkdtemp(prefix="rowbench")
    source, object_ = os.path.join(folder, "c.c"), os.path.join(folder, "c.so")
    open(source, "w").write(C)
    subprocess.run([os.environ.get("CLANG", "clang-22"), "-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math",
                    "-shared", "-fPIC", source, "-o", object_, "-lm"], check=True, stderr=subprocess.DEVNULL)
    plain = ctypes.CDLL(object_)
    for name, (shapes, text) in KERNELS.items():
        inputs = [np.random.default_rng(1).standard_normal(s, dtype=np.float32) for s in shapes]
        output, other = np.empty_like(inputs[0]), np.empty_like(inputs[0])
        ours = Library(text, "func.func(xf-decompose),codegen-rows").prepared(name, *inputs, output)
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*inputs, other)]
        theirs = lambda: plain[name](*pointers)
        samples = []
        for _ in range(41):
            times = []
            for call in (ours, theirs):
                start = time.thread_time_ns()
                for _ in range(8):
                    call()
                times.append((time.thread_time_ns() - start) / 8 / output.size)
            samples.append(times)
        assert np.allclose(output, other, atol=1e-5)
        ratio = statistics.median(a / b for a, b in samples)
        print(f"{name:12} ours {statistics.median(a for a, _ in samples):.3f}  C {statistics.median(b for _, b in samples):.3f}"
              f" ns/element, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
