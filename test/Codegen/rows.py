# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Row kernels from xf ops against numpy, on static and dynamic shapes, odd sizes and sizes 0 and 1.

rows.py [NAME ...] runs the named cases, all without arguments; --lanes=N compiles for registers of N f32 elements.
"""
import sys

import numpy as np

from rowkernels import Library

CASES = {}
rng = np.random.default_rng(7)


def case(text, *shapes, tolerance=2e-6):
    """Registers an oracle: oracle(*sizes) gives (inputs, outputs) for each tuple of `shapes`."""
    def register(oracle):
        CASES[oracle.__name__] = (text.replace("@f", f"@{oracle.__name__}"), oracle, shapes, tolerance)
        return oracle
    return register


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return e / np.maximum(e.sum(-1, keepdims=True), 1e-300)


def erf(x):
    """Abramowitz and Stegun 7.1.5 and 7.1.23 are too coarse: math.erf, element by element."""
    import math
    return np.vectorize(math.erf, otypes=[float])(x)


@case("""
func.func @f(%x: tensor<?x?x768xf32>, %r: tensor<?x?x768xf32>, %g: tensor<768xf32>, %b: tensor<768xf32>) -> (tensor<?x?x768xf32>, tensor<?x?x768xf32>) {
  %h = xf.binary add %x, %r : (tensor<?x?x768xf32>, tensor<?x?x768xf32>) -> tensor<?x?x768xf32>
  %y = xf.layer_norm %h scale(%g) bias(%b) axis 2 epsilon 1.0e-5 : (tensor<?x?x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
  return %h, %y : tensor<?x?x768xf32>, tensor<?x?x768xf32>
}""", (2, 13), (1, 1), (0, 3))
def residual_layer_norm(b, s):
    x, r, g, o = floats(b, s, 768), floats(b, s, 768), floats(768), floats(768)
    h = (x + r).astype(float)
    y = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5) * g + o
    return (x, r, g, o), (h, y)


@case("""
func.func @f(%x: tensor<?x?x?xf32>, %g: tensor<?xf32>) -> tensor<?x?x?xf32> {
  %y = xf.rms_norm %x scale(%g) axis 2 epsilon 1.0e-6 : (tensor<?x?x?xf32>, tensor<?xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}""", (2, 3, 77), (1, 1, 1), (1, 5, 131), (2, 2, 64))
def rms_norm(b, s, d):
    x, g = floats(b, s, d), floats(d)
    return (x, g), (x / np.sqrt((x.astype(float) ** 2).mean(-1, keepdims=True) + 1e-6) * g,)


@case("""
func.func @f(%x: tensor<?x?x?x?xf32>, %m: tensor<?x1x?x?xi1>) -> tensor<?x?x?x?xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %b = xf.select %m, %zero, %low : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32>
  %s = xf.binary add %x, %b : (tensor<?x?x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x?x?x?xf32>
  %y = xf.softmax %s axis 3 : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}""", (2, 3, 5, 131), (1, 12, 7, 77), (1, 1, 1, 1), (1, 2, 3, 0), (1, 2, 2, 64))
def masked_softmax(b, h, q, k):
    x, m = floats(b, h, q, k), rng.random((b, 1, q, k)) < 0.7
    return (x, m), (softmax(x.astype(float) + np.where(m, 0.0, -3.4e38)),)


@case("""
func.func @f(%x: tensor<?x?xf32>, %b: tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) {
  %t = xf.binary add %x, %b : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %y = xf.unary gelu_erf %t : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %z = xf.unary gelu_tanh %t : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %w = xf.unary silu %t : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y, %z, %w : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
}""", (3, 77), (1, 3072), (1, 1), (0, 4), (5, 1024))
def bias_activations(n, d):
    x, b = floats(n, d), floats(d)
    t = x.astype(float) + b
    return (x, b), (t * 0.5 * (1 + erf(t / np.sqrt(2))),
                    0.5 * t * (1 + np.tanh(np.sqrt(2 / np.pi) * (t + 0.044715 * t ** 3))), t / (1 + np.exp(-t)))


@case("""
func.func @f(%x: tensor<?x?x?x?xf32>, %c: tensor<1x?x?xf32>, %s: tensor<1x?x?xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %y = xf.rope %x cos(%c) sin(%s) : (tensor<?x?x?x?xf32>, tensor<1x?x?xf32>, tensor<1x?x?xf32>) -> tensor<?x?x?x?xf32>
  %z = xf.rope %x cos(%c) sin(%s) interleaved : (tensor<?x?x?x?xf32>, tensor<1x?x?xf32>, tensor<1x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %y, %z : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}""", (2, 3, 5, 64, 32), (1, 2, 7, 80, 10), (1, 1, 1, 2, 1))
def rope(b, h, s, d, r):
    x, a = floats(b, h, s, d), floats(1, s, r)
    c, n = np.cos(a), np.sin(a)
    y, z = x.astype(float), x.astype(float)
    y[..., :r], y[..., r:2 * r] = x[..., :r] * c - x[..., r:2 * r] * n, x[..., :r] * n + x[..., r:2 * r] * c
    p, q = x[..., 0:2 * r:2], x[..., 1:2 * r:2]
    z[..., 0:2 * r:2], z[..., 1:2 * r:2] = p * c - q * n, p * n + q * c
    return (x, c, n), (y, z)


@case("""
func.func @f(%t: tensor<?x?xf32>, %p: tensor<?x?xf32>, %ids: tensor<?x?xi64>, %pos: tensor<1x?xi64>) -> tensor<?x?x?xf32> {
  %e = xf.gather %t[%ids] axis 0 : (tensor<?x?xf32>, tensor<?x?xi64>) -> tensor<?x?x?xf32>
  %q = xf.gather %p[%pos] axis 0 : (tensor<?x?xf32>, tensor<1x?xi64>) -> tensor<1x?x?xf32>
  %y = xf.binary add %e, %q : (tensor<?x?x?xf32>, tensor<1x?x?xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}""", (11, 2, 5, 64), (3, 1, 1, 37), (4, 1, 3, 1))
def embedding(v, b, s, d):
    t, p = floats(v, d), floats(s, d)
    ids, pos = rng.integers(-v, v, (b, s)), np.arange(s)[None]
    return (t, p, ids, pos), (t[ids] + p[pos],)


@case("""
func.func @f(%x: tensor<?x?x?xf32>, %i: tensor<?xi64>) -> tensor<?x?x?xf32> {
  %y = xf.gather %x[%i] axis 2 : (tensor<?x?x?xf32>, tensor<?xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}""", (2, 3, 9, 20), (1, 1, 1, 5))
def gather_last(a, b, c, n):
    x, i = floats(a, b, c), rng.integers(0, c, n)
    return (x, i), (x[..., i],)


@case("""
func.func @f(%a: tensor<?x?x?x?xf32>, %b: tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32> {
  %y = tensor.concat dim(2) %a, %b : (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}""", (2, 3, 7, 1, 64), (1, 2, 0, 5, 33), (1, 1, 3, 3, 1))
def concat_cache(b, h, p, s, d):
    x, y = floats(b, h, p, d), floats(b, h, s, d)
    return (x, y), (np.concatenate([x, y], 2),)


@case("""
func.func @f(%x: tensor<?x?x?x?xf32>, %m: tensor<?x?xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>) {
  %y = xf.transpose %x perm [0, 2, 1, 3] : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %z = xf.transpose %x perm [0, 2, 3, 1] : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %w = xf.transpose %m perm [1, 0] : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y, %z, %w : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>
}""", (2, 5, 3, 64), (1, 33, 2, 20), (1, 1, 1, 1), (1, 64, 4, 130))
def transposes(b, s, h, d):
    x, m = floats(b, s, h, d), floats(s, d)
    return (x, m), (x.transpose(0, 2, 1, 3), x.transpose(0, 2, 3, 1), m.T)


@case("""
func.func @f(%x: tensor<?x?x?xf32>) -> (tensor<?x?xf32>, tensor<?x1x?xf32>, tensor<?x?x1xf32>, tensor<?x?xf32>, tensor<f32>) {
  %a = xf.reduce mean %x axes [2] : (tensor<?x?x?xf32>) -> tensor<?x?xf32>
  %b = xf.reduce sum %x axes [1] keep_dims : (tensor<?x?x?xf32>) -> tensor<?x1x?xf32>
  %c = xf.reduce max %x axes [2] keep_dims : (tensor<?x?x?xf32>) -> tensor<?x?x1xf32>
  %d = xf.reduce min %x axes [0] : (tensor<?x?x?xf32>) -> tensor<?x?xf32>
  %e = xf.reduce sum %x axes [0, 1, 2] : (tensor<?x?x?xf32>) -> tensor<f32>
  return %a, %b, %c, %d, %e : tensor<?x?xf32>, tensor<?x1x?xf32>, tensor<?x?x1xf32>, tensor<?x?xf32>, tensor<f32>
}""", (3, 7, 70), (1, 1, 1), (2, 33, 19), tolerance=1e-5)
def reductions(a, b, c):
    x = floats(a, b, c)
    d = x.astype(float)
    return (x,), (d.mean(2), d.sum(1, keepdims=True), d.max(2, keepdims=True), d.min(0), d.sum())


@case("""
func.func @f(%a: tensor<?x?x?xf32>, %b: tensor<?x?x?xf32>, %w: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %s = xf.matmul %a, %b transpose_rhs : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %y = xf.matmul %a, %w : (tensor<?x?x?xf32>, tensor<?x?xf32>) -> tensor<?x?x?xf32>
  return %s, %y : tensor<?x?x?xf32>, tensor<?x?x?xf32>
}""", (2, 5, 7, 33, 70), (1, 1, 1, 1, 1), (1, 3, 64, 64, 130), tolerance=1e-5)
def products(b, m, n, k, o):
    x, y, w = floats(b, m, k), floats(b, n, k), floats(k, o)
    return (x, y, w), (x.astype(float) @ y.transpose(0, 2, 1), x.astype(float) @ w)


@case("""
func.func @f(%q: tensor<?x4x?x?xf32>, %k: tensor<?x4x?x?xf32>, %v: tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32> {
  %y = xf.attention %q, %k, %v scale 0.125 : (tensor<?x4x?x?xf32>, tensor<?x4x?x?xf32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}""", (1, 4, 5, 7, 32), (2, 4, 1, 33, 64))
def attention(b, h, q, k, d):
    x, y, z = floats(b, h, q, d), floats(b, h, k, d), floats(b, h, k, d)
    return (x, y, z), (softmax(x.astype(float) @ y.transpose(0, 1, 3, 2) * 0.125) @ z,)


@case("""
func.func @f(%x: tensor<?x?xi64>, %y: tensor<?x?xi32>, %z: tensor<?x?xf16>) -> (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf16>, tensor<?x?xi64>) {
  %zero = arith.constant dense<0> : tensor<i64>
  %a = xf.compare ne %x, %zero : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi1>
  %b = xf.cast %y : (tensor<?x?xi32>) -> tensor<?x?xf32>
  %c = xf.unary exp %z : (tensor<?x?xf16>) -> tensor<?x?xf16>
  %d = xf.cast %y : (tensor<?x?xi32>) -> tensor<?x?xi64>
  return %a, %b, %c, %d : tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf16>, tensor<?x?xi64>
}""", (3, 37), (1, 1), (2, 64), tolerance=1e-3)
def element_types(a, b):
    x, y = rng.integers(0, 2, (a, b)), rng.integers(-99, 99, (a, b)).astype(np.int32)
    z = floats(a, b).astype(np.float16)
    return (x, y, z), (x != 0, y.astype(np.float32), np.exp(z.astype(float)).astype(np.float16), y.astype(np.int64))


@case("""
func.func @f(%n: tensor<?xf32>) -> tensor<1x1x?x?xf32> {
  %c0 = arith.constant 0 : index
  %s = tensor.dim %n, %c0 : tensor<?xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %i = xf.iota from %c0 size %s : tensor<?xi64>
  %row = tensor.expand_shape %i [[0, 1]] output_shape [%s, 1] : tensor<?xi64> into tensor<?x1xi64>
  %m = xf.compare ge %row, %i : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %b = xf.select %m, %zero, %low : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %y = tensor.expand_shape %b [[0, 1, 2], [3]] output_shape [1, 1, %s, %s] : tensor<?x?xf32> into tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}""", (5,), (1,), (40,))
def causal_mask(s):
    return (floats(s),), (np.where(np.tril(np.ones((s, s), bool)), 0.0, -1e4)[None, None],)


@case("""
func.func @f(%x: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %s = xf.softmax %x axis 1 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %a = xf.reduce max %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  %b = xf.reduce min %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  %c = xf.reduce sum %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  return %s, %a, %b, %c : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}""", (1,), (5,), (16,), (83,), tolerance=1e-5)
def non_finite(n):
    """A NaN, an infinity of each sign, and rows that hold nothing else, anywhere in a row."""
    rows = [np.full(n, value, np.float32) for value in (np.nan, np.inf, -np.inf)]
    for value in (np.nan, np.inf, -np.inf):
        for at in {0, n // 2, n - 1}:
            rows.append(floats(n))
            rows[-1][at] = value
    x = np.stack(rows)
    d = x.astype(float)
    with np.errstate(all="ignore"):
        e = np.exp(d - d.max(1, keepdims=True))
        return (x,), (e / e.sum(1, keepdims=True), d.max(1), d.min(1), d.sum(1))


@case("""
func.func @f(%x: tensor<?x?xf32>, %i: tensor<?x?xi32>) -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xi32>, tensor<?xi32>) {
  %a = xf.reduce sum %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  %b = xf.reduce prod %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  %c = xf.reduce max %x axes [1] : (tensor<?x?xf32>) -> tensor<?xf32>
  %d = xf.reduce min %i axes [1] : (tensor<?x?xi32>) -> tensor<?xi32>
  %e = xf.reduce sum %i axes [0] : (tensor<?x?xi32>) -> tensor<?xi32>
  return %a, %b, %c, %d, %e : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xi32>, tensor<?xi32>
}""", (3, 0), (0, 3), (0, 0), (3, 20), tolerance=1e-5)
def empty_reductions(a, b):
    x, i = floats(a, b), rng.integers(-99, 99, (a, b)).astype(np.int32)
    d = x.astype(float)
    least = np.iinfo(np.int32).max
    return (x, i), (d.sum(1), d.prod(1), d.max(1, initial=-np.inf), i.min(1, initial=least), i.sum(0, dtype=np.int32))


def worst_error(got, expected):
    """Relative to 1 + the expected value; none for the same infinity and for NaN where one is expected."""
    got = got.astype(float)
    with np.errstate(invalid="ignore"):
        difference = np.abs(got - expected) / (1 + np.abs(expected))
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return np.max(np.where(same, 0, np.where(np.isnan(difference), np.inf, difference)), initial=0)


def main(arguments):
    lanes = [a for a in arguments if a.startswith("--lanes=")]
    names = [a for a in arguments if not a.startswith("--")] or list(CASES)
    target = {"4": ("ivybridge", 4), "8": ("haswell", 8)}.get(lanes[0][8:]) if lanes else None
    failures = 0
    for name in names:
        text, oracle, shapes, tolerance = CASES[name]
        try:
            library = Library(text, "xf-decompose,codegen-rows", *(target or ("native", 16)))
        except RuntimeError as error:
            print(f"{name}: FAILED\n{error}")
            failures += 1
            continue
        for shape in shapes:
            inputs, expected = oracle(*shape)
            expected = [np.ascontiguousarray(e) for e in expected]
            outputs = [np.full_like(e, 77, dtype=np.float32 if e.dtype == float else e.dtype) for e in expected]
            library[name](*[np.ascontiguousarray(i) for i in inputs], *outputs)
            worst = max(worst_error(o, e) for o, e in zip(outputs, expected))
            if not worst <= tolerance:
                print(f"{name} {shape}: FAILED, error {worst:.2e} above {tolerance:.0e}")
                failures += 1
    print(f"{len(names)} kernels, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
