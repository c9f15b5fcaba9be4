# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementary functions of generated code against float64: errors in units of the last place, special values, no library."""
import math
import sys

import numpy as np

from rowkernels import Library

INF, NAN = np.float32(np.inf), np.float32(np.nan)


def each(function):
    return np.vectorize(function, otypes=[float])


# name: (op, oracle, ranges, bound in ulp (or absolute if below 1), {argument: value})
FUNCTIONS = {
    "exp": ("math.exp %a : f32", np.exp, [(-86.9, 88.7)], 1.0,
            {0: 1, -INF: 0, INF: INF, 200: INF, -104: 0, 88.8: INF}),
    "exp2": ("math.exp2 %a : f32", np.exp2, [(-125.4, 127.99)], 1.0, {0: 1, -INF: 0, INF: INF, 10: 1024}),
    "tanh": ("math.tanh %a : f32", np.tanh, [(-10, 10), (-1e-3, 1e-3)], 5.0, {0: 0, -INF: -1, INF: 1}),
    "erf": ("math.erf %a : f32", each(math.erf), [(-4.5, 4.5), (-1e-3, 1e-3)], 6.0, {0: 0, -INF: -1, INF: 1}),
    "sin": ("math.sin %a : f32", np.sin, [(-10, 10), (-1e5, 1e5), (9e5, 1e6)], 2e-7, {0: 0, INF: NAN}),
    "cos": ("math.cos %a : f32", np.cos, [(-10, 10), (-1e5, 1e5), (9e5, 1e6)], 2e-7, {0: 1, INF: NAN}),
    "log": ("math.log %a : f32", np.log, [(1e-30, 1e-3), (1e-3, 3), (3, 1e30)], 2.0, {1: 0, 0: -INF, INF: INF, -1: NAN}),
    "log1p": ("math.log1p %a : f32", np.log1p, [(-0.9, 4), (-1e-4, 1e-4)], 4.0, {0: 0, INF: INF, -1: -INF}),
    "expm1": ("math.expm1 %a : f32", np.expm1, [(-5, 5), (-1e-4, 1e-4)], 6.0, {0: 0, -INF: -1, INF: INF}),
    "rsqrt": ("math.rsqrt %a : f32", lambda x: 1 / np.sqrt(x), [(1e-6, 1e6)], 2.0, {4: 0.5, INF: 0}),
    "sqrt": ("math.sqrt %a : f32", np.sqrt, [(0, 1e6)], 0.5001, {4: 2, INF: INF, -1: NAN}),
    "atan": ("math.atan %a : f32", np.arctan, [(-50, 50)], 3e-6, {0: 0}),
    "round": ("math.roundeven %a : f32", np.rint, [(-99, 99)], 0.5, {2.5: 2, -3.5: -4}),
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
    text.append("""
func.func @f_pow(%x: tensor<?xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%e : tensor<?xf32>) outs(%x : tensor<?xf32>) {
  ^bb0(%b: f32, %a: f32):
    %0 = math.powf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}""")
    return "\n".join(text)


def ulps(got, exact):
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(float)
    return np.abs(got.astype(float) - exact) / np.maximum(unit, 1.4e-45)


def equal(got, expected):
    return np.isnan(got) if np.isnan(expected) else got == np.float32(expected) or abs(got / expected - 1) < 4e-7


def main():
    library, failures = Library(module(), "codegen-rows"), 0
    rng = np.random.default_rng(3)

    def report(name, message):
        nonlocal failures
        failures += 1
        print(f"{name}: FAILED, {message}")

    for name, (_, oracle, ranges, bound, special) in FUNCTIONS.items():
        worst = 0
        for low, high in ranges:
            # Evenly over the values, and evenly over the exponents where the range allows it.
            x = np.linspace(low, high, 400001).astype(np.float32)
            if low > 0:
                x = np.concatenate([x, np.exp(rng.uniform(np.log(low), np.log(high), 400000)).astype(np.float32)])
            y, exact = np.empty_like(x), oracle(x.astype(float))
            library["f_" + name](x, y)
            error = ulps(y, exact) if bound >= 0.5 else np.abs(y - exact)
            worst = max(worst, error.max())
            if not error.max() <= bound:
                at = error.argmax()
                report(name, f"error {error.max():.3g} at {x[at]!r}: {y[at]!r}, bound {bound}")
        print(f"{name:6} {worst:.2g} {'ulp' if bound >= 0.5 else 'absolute'}", file=sys.stderr)
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
    x = np.exp(rng.uniform(-20, 20, 400000)).astype(np.float32)
    e = rng.uniform(-4, 4, 400000).astype(np.float32)
    y = np.empty_like(x)
    library["f_pow"](x, e, y)
    exact = x.astype(float) ** e.astype(float)
    kept = (exact > 1e-36) & (exact < 3e38)
    x, e, y, exact = x[kept], e[kept], y[kept], exact[kept]
    error = ulps(y, exact)
    print(f"pow    {error.max():.2g} ulp", file=sys.stderr)
    if not error.max() <= 3:
        at = error.argmax()
        report("pow", f"error {error.max():.3g} ulp at pow({x[at]!r}, {e[at]!r}): {y[at]!r}")
    print(f"{len(FUNCTIONS) + 1} functions, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
