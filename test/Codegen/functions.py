# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementary functions of generated code against float64: errors in units of the last place, special values, no library."""
import math
import sys

import numpy as np

from rowkernels import Library

INF, NAN = np.float32(np.inf), np.float32(np.nan)


ALL = (-INF, INF)


def samples(low, high, rng, per_binade=20000):
    """f32 values in [low, high]: for each sign and exponent as many, the subnormal numbers among them."""
    exponents = np.arange(255, dtype=np.uint32)[:, None] << 23
    bits = (exponents | rng.integers(0, 1 << 23, (255, per_binade), dtype=np.uint32)).ravel()
    x = np.concatenate([bits, bits | 0x80000000]).astype(np.uint32).view(np.float32)
    return np.ascontiguousarray(x[(x >= low) & (x <= high)])


def each(function):
    return np.vectorize(function, otypes=[float])


# Results below this are flushed to zero by exp, exp2 and pow.
LEAST = 2.0 ** -125.5

# name: (op, oracle, range of arguments, bound in ulp (or absolute if below 0.1), {argument: value})
FUNCTIONS = {
    "exp": ("math.exp %a : f32", np.exp, ALL, 1.0, {0: 1, -INF: 0, INF: INF, 200: INF, -104: 0, 88.8: INF}),
    "exp2": ("math.exp2 %a : f32", np.exp2, ALL, 1.0, {0: 1, -INF: 0, INF: INF, 10: 1024}),
    "tanh": ("math.tanh %a : f32", np.tanh, ALL, 3.2, {0: 0, -INF: -1, INF: 1}),
    "erf": ("math.erf %a : f32", each(math.erf), ALL, 2.7, {0: 0, -INF: -1, INF: 1}),
    "sin": ("math.sin %a : f32", np.sin, (-1e6, 1e6), 2e-7, {0: 0, INF: NAN}),
    "cos": ("math.cos %a : f32", np.cos, (-1e6, 1e6), 2e-7, {0: 1, INF: NAN}),
    # The logarithm of a subnormal number is that of the least normal one.
    "log": ("math.log %a : f32", np.log, (2.0 ** -126, INF), 1.0, {1: 0, 0: -INF, INF: INF, -1: NAN}),
    "log1p": ("math.log1p %a : f32", np.log1p, (-1, INF), 3.0, {0: 0, INF: INF, -1: -INF}),
    "expm1": ("math.expm1 %a : f32", np.expm1, ALL, 3.0, {0: 0, -INF: -1, INF: INF}),
    "rsqrt": ("math.rsqrt %a : f32", lambda x: 1 / np.sqrt(x), (0, INF), 1.5, {4: 0.5, INF: 0}),
    "sqrt": ("math.sqrt %a : f32", np.sqrt, (0, INF), 0.5, {4: 2, INF: INF, -1: NAN}),
    "atan": ("math.atan %a : f32", np.arctan, ALL, 3e-6, {0: 0}),
    "round": ("math.roundeven %a : f32", np.rint, ALL, 0.0, {2.5: 2, -3.5: -4}),
}
POW = [(0, 0, 1), (0, 2, 0), (0, -1, INF), (-2, 3, -8), (-2, 2, 4), (-2, 0.5, NAN), (1, INF, 1), (2, -INF, 0), (-1, INF, 1),
       (INF, -1, 0), (INF, 2, INF), (NAN, 0, 1), (1, NAN, 1), (2, NAN, NAN), (10, 38, 1e38), (10, 39, INF), (-0.5, -3, -8)]


def module():
    text = []
    for name, (op, *_) in FUNCTIONS.items():
        text.append(f"""
func.func @f_{name}(%x: tensor<?xf32>) -> tensor<?xf32> {{
  %y = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}} outs(%x : tensor<?xf32>) {{
  ^bb0(%a: f32):
    %0 = {op}
    linalg.yield %0 : f32
  }} -> tensor<?xf32>
  return %y : tensor<?xf32>
}}""")
    for name, op in ("pow", "math.powf %a, %b : f32"), ("remainder", "arith.remf %a, %b : f32"):
        text.append(f"""
func.func @f_{name}(%x: tensor<?xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {{
  %y = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}} ins(%e : tensor<?xf32>) outs(%x : tensor<?xf32>) {{
  ^bb0(%b: f32, %a: f32):
    %0 = {op}
    linalg.yield %0 : f32
  }} -> tensor<?xf32>
  return %y : tensor<?xf32>
}}""")
    return "\n".join(text)


def errors(got, exact, in_ulps=True):
    """Of each element; none where the nearest f32 was found, be it an infinity or a NaN, or a tiny result flushed."""
    nearest = exact.astype(np.float32)
    difference = np.abs(got.astype(float) - exact)
    if in_ulps:
        difference /= np.spacing(np.minimum(np.abs(nearest), np.finfo(np.float32).max)).astype(float)
    right = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(right, 0, np.where(np.isnan(difference), np.inf, difference))


def unless_flushed(error, got, exact):
    tiny = np.abs(exact) < LEAST * (1 + 1e-5)
    return np.where(tiny & (np.abs(got) < LEAST * (1 + 1e-5)), 0, error)


def equal(got, expected):
    return np.isnan(got) if np.isnan(expected) else got == np.float32(expected) or abs(got / expected - 1) < 4e-7


def main():
    np.seterr(all="ignore")
    library, failures = Library(module(), "codegen-rows"), 0
    rng = np.random.default_rng(3)

    def report(name, message):
        nonlocal failures
        failures += 1
        print(f"{name}: FAILED, {message}")

    def check(name, bound, error, got, exact, *arguments):
        if name in ("exp", "exp2", "pow"):
            error = unless_flushed(error, got, exact)
        at = error.argmax()
        print(f"{name:6} {error[at]:.3g}", file=sys.stderr)
        if not error[at] <= bound:
            report(name, f"error {error[at]:.3g} at {[a[at] for a in arguments]}: {got[at]!r}, bound {bound}")

    for name, (_, oracle, limits, bound, special) in FUNCTIONS.items():
        x = samples(*limits, rng)
        y, exact = np.empty_like(x), oracle(x.astype(float))
        library["f_" + name](x, y)
        check(name, bound, errors(y, exact, bound == 0 or bound >= 0.1), y, exact, x)
        x = np.array([*special, NAN], np.float32)
        y = np.empty_like(x)
        library["f_" + name](x, y)
        for argument, got, expected in zip(x, y, [*special.values(), NAN]):
            if not equal(got, expected):
                report(name, f"{name}({argument}) gives {got}, expects {expected}")

    x, e, expected = (np.array(column, np.float32) for column in zip(*POW))
    y = np.empty_like(x)
    library["f_pow"](x, e, y)
    for a, b, got, want in zip(x, e, y, expected):
        if not equal(got, want):
            report("pow", f"pow({a}, {b}) gives {got}, expects {want}")
    # Any base, and exponents with which the results cover the range of f32 and a little more.
    x = np.abs(samples(*ALL, rng))
    x = np.concatenate([x, rng.uniform(0.9, 1.1, 400000).astype(np.float32)])
    e = (rng.uniform(-150, 130, x.size) / np.where(x == 1, 1, np.log2(x.astype(float)))).astype(np.float32)
    y = np.empty_like(x)
    library["f_pow"](x, e, y)
    exact = x.astype(float) ** e.astype(float)
    error, usual = errors(y, exact), np.abs(e) < 16
    check("pow", 1.5, error[usual], y[usual], exact[usual], x[usual], e[usual])
    check("pow", 16.0, error, y, exact, x, e)
    # Exact, sign of zero included: any two numbers, multiples and their neighbours, special values.
    x, e = samples(*ALL, rng, 4000), rng.permutation(samples(*ALL, rng, 4000))
    multiples = (e * rng.integers(1, 1 << 20, e.size)).astype(np.float32)
    special = np.array([0, -0.0, 1, -3, np.finfo(np.float32).max, 2.0 ** -149, INF, -INF, NAN], np.float32)
    x = np.concatenate([x, multiples, np.nextafter(multiples, np.float32(0)), np.repeat(special, special.size)])
    e = np.concatenate([e, e, e, np.tile(special, special.size)])
    y, exact = np.empty_like(x), np.fmod(x, e)
    library["f_remainder"](x, e, y)
    wrong = (y != exact) | (np.signbit(y) != np.signbit(exact))
    wrong = np.where(np.isnan(exact), ~np.isnan(y), wrong)
    if wrong.any():
        at = wrong.argmax()
        report("remainder", f"{wrong.sum()} of {x.size}, first {x[at]!r} % {e[at]!r}: {y[at]!r}, expects {exact[at]!r}")
    print(f"{len(FUNCTIONS) + 2} functions, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
