"""kernel.contract against numpy: all kinds of sizes, epilogues, vector widths and element types."""
import argparse
import sys

import numpy as np

import harness

# Schedules as lib/Schedule writes them: name, clang -march, panel width, schedule.
TARGETS = {
    "x86-64-v4": (32, "<mr = 14, lanes = 16, unroll = 2, row_block = 112, few_rows = [2, 4], "
                      "few_panels = [6, 3], prefetch = 16>"),
    "x86-64-v3": (16, "<mr = 6, lanes = 8, unroll = 2, row_block = 96, few_rows = [1, 2], "
                      "few_panels = [6, 3], prefetch = 16>"),
    "x86-64-v2": (8, "<mr = 6, lanes = 4, unroll = 2, row_block = 96, few_rows = [1, 2], "
                     "few_panels = [6, 3]>"),
}
TILES = (32, "<mr = 32, lanes = 16, unroll = 2, row_block = 96, few_rows = [2, 4], few_panels = [6, 3], prefetch = 16, "
             "tiles = true>")

# Element types of lhs and of the packed rhs: pairs of bf16 are widened for a lhs of f32, one of bf16 needs AVX512-BF16.
PRECISIONS = {"f32": ("f32", "f32"), "widened": ("f32", "bf16"), "dot": ("bf16", "bf16"), "tiles": ("bf16", "bf16")}
FEATURES = {"dot": ["avx512bf16"], "tiles": ["avx512bf16", "amx-tile", "amx-bf16"]}

EPILOGUES = {
    "none": ([], [], ""),
    "bias": (["tensor<{n}xf32>"], ["(m, n) -> (n)"], "%y = arith.addf %s, %e0 : f32"),
    "row": (["tensor<?x1xf32>", "tensor<1x{n}xf32>"], ["(m, n) -> (m, 0)", "(m, n) -> (0, n)"],
            "%t = arith.mulf %s, %e0 : f32\n%y = arith.addf %t, %e1 : f32"),
    "residual": (["tensor<{n}xf32>", "tensor<?x{n}xf32>"], ["(m, n) -> (n)", "(m, n) -> (m, n)"],
                 "%c = arith.constant 0.5 : f32\n%t = arith.addf %s, %e0 : f32\n"
                 "%u = arith.mulf %t, %c : f32\n%v = arith.maximumf %u, %t : f32\n"
                 "%y = arith.addf %v, %e1 : f32"),
    # Two sums, from two matrices that share panels.
    "product": ([], [], "%y = arith.mulf %s, %s1 : f32"),
    "gated": (["tensor<{n}xf32>"], ["(m, n) -> (n)"],
              "%c = arith.constant 0.5 : f32\n%t = arith.mulf %s, %c : f32\n"
              "%u = arith.maximumf %s, %t : f32\n%v = arith.mulf %u, %s1 : f32\n"
              "%y = arith.addf %v, %e0 : f32"),
}
SUMS = {"product": 2, "gated": 2}
REFERENCE = {
    "none": lambda e, s: s,
    "bias": lambda e, s: s + e[0],
    "row": lambda e, s: s * e[0] + e[1],
    "residual": lambda e, s: np.maximum((s + e[0]) * 0.5, s + e[0]) + e[1],
    "product": lambda e, s, t: s * t,
    "gated": lambda e, s, t: np.maximum(s * 0.5, s) * t + e[0],
}


def source(n, k, width, schedule, epilogue, precision):
    types, maps, body = EPILOGUES[epilogue]
    types = [t.format(n=n) for t in types]
    memrefs = [t.replace("tensor", "memref") for t in types]
    sums = SUMS.get(epilogue, 1)
    left, right = PRECISIONS[precision]
    pairing = 2 if right == "bf16" else 1
    lhs = f"?x{k}x{left}"
    packed = f"{-(-n // (width // sums))}x{k // pairing}x{width * pairing}x{right}"
    extras = [f"%x{i}" for i in range(len(types))]
    listed = f"extras({', '.join(extras)} : {', '.join(types)})" if extras else ""
    affine = ", ".join(f"affine_map<{m}>" for m in maps)
    convert = "\n".join(f"  {x} = bufferization.to_tensor {x}m restrict : {m} to {t}"
                        for x, m, t in zip(extras, memrefs, types))
    arguments = "".join(f", {x}m: {m}" for x, m in zip(extras, memrefs))
    body_arguments = "".join(f", %s{i}: f32" for i in range(1, sums))
    body_arguments += "".join(f", %e{i}: f32" for i in range(len(types)))
    return f"""
func.func @contract(%am: memref<{lhs}>, %wm: memref<{packed}>{arguments},
                    %om: memref<?x{n}xf32>) attributes {{llvm.emit_c_interface}} {{
  %a = bufferization.to_tensor %am restrict : memref<{lhs}> to tensor<{lhs}>
  %w = bufferization.to_tensor %wm restrict : memref<{packed}> to tensor<{packed}>
{convert}
  %c0 = arith.constant 0 : index
  %m = tensor.dim %a, %c0 : tensor<{lhs}>
  %e = tensor.empty(%m) : tensor<?x{n}xf32>
  %r = kernel.contract ins(%a, %w : tensor<{lhs}>, tensor<{packed}>) {listed}
       outs(%e : tensor<?x{n}xf32>) schedule({schedule})
       {{extra_maps = [{affine}], sums = {sums} : i64}} epilogue {{
    ^bb0(%s: f32{body_arguments}):
      {body}
      kernel.yield {"%y" if body else "%s"} : f32
  }} -> tensor<?x{n}xf32>
  bufferization.materialize_in_destination %r in restrict writable %om
    : (tensor<?x{n}xf32>, memref<?x{n}xf32>) -> ()
  return
}}
"""


def check(cpu, n, k, epilogue, rows, precision="f32"):
    width, schedule = TILES if precision == "tiles" else TARGETS[cpu]
    library = harness.compile_ir(source(n, k, width, schedule, epilogue, precision),
                                 f"kernel-tile,{harness.MACHINE}", cpu, features=FEATURES.get(precision, []))
    left, right = (harness.bfloat16 if each == "bf16" else np.asarray for each in PRECISIONS[precision])
    random = np.random.default_rng(n * 1000 + k)
    sums = SUMS.get(epilogue, 1)
    weights = [right(random.standard_normal((k, n), np.float32)) for _ in range(sums)]
    pack = harness.pack if precision == "f32" else harness.pack_pairs
    packed = harness.before_hole(np.concatenate([pack(w, width // sums) for w in weights], axis=2))
    failures = 0
    for m in rows:
        a = harness.before_hole(left(random.standard_normal((m, k), np.float32)))
        extras = {"none": [], "product": [],
                  "bias": [random.standard_normal(n, np.float32)],
                  "gated": [random.standard_normal(n, np.float32)],
                  "row": [random.standard_normal((m, 1), np.float32),
                          random.standard_normal((1, n), np.float32)],
                  "residual": [random.standard_normal(n, np.float32),
                               random.standard_normal((m, n), np.float32)]}[epilogue]
        out, untouched = harness.guarded((m, n))
        harness.call(library, "contract", a, packed, *extras, out)
        exact, *wide = (harness.float64(x) for x in (a, *weights))
        expected = REFERENCE[epilogue](extras, *(exact @ w for w in wide))
        # Rounding errors of a sum grow with the sum of magnitudes.
        sizes = REFERENCE[epilogue if epilogue in ("row", "product", "gated") else "none"](
            [np.abs(e) for e in extras], *(np.abs(exact) @ np.abs(w) for w in wide))
        worst = (np.abs(out - expected) / (1 + sizes)).max(initial=0)
        if not (worst < 1e-6 and untouched()):
            failures += 1
            print(f"WRONG {cpu} {precision} m={m} n={n} k={k} {epilogue}: relative error {worst:.2e}, "
                  f"guards {'kept' if untouched() else 'WRITTEN'}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="append", choices=TARGETS)
    parser.add_argument("--tiles", action="store_true", help="in AMX tiles, on a machine or an emulator that has them")
    parser.add_argument("--full", action="store_true", help="all sizes instead of a selection")
    options = parser.parse_args()
    rows = [0, 1, 2, 3, 4, 5, 14, 16, 37, 128]
    selection = [(1, 7, "none"), (3, 64, "bias"), (32, 1, "row"), (33, 64, "residual"),
                 (100, 7, "bias"), (768, 64, "residual"),
                 (3, 64, "product"), (48, 7, "product"), (100, 64, "gated"), (768, 1, "gated")]
    full = [(n, k, e) for n in (1, 3, 32, 33, 768) for k in (1, 7, 64, 768) for e in EPILOGUES]
    cases = full if options.full else selection
    if options.tiles:
        harness.request_tiles()
        rows = [0, 1, 2, 5, 15, 16, 17, 20, 31, 32, 33, 48, 130]
        tiles = [(n, k + k % 2, e) for n, k, e in cases] + [(70, 40, "bias"), (64, 96, "none"), (5, 102, "row"),
                                                            (40, 768, "bias"), (64, 1056, "residual")]
        failures = sum(check("x86-64-v4", n, k, e, rows, "tiles") for n, k, e in tiles)
        print("FAILED" if failures else "all right")
        return failures > 0
    failures = sum(check(cpu, n, k, e, rows) for cpu in options.cpu or TARGETS for n, k, e in cases)
    pairs = [(n, k + k % 2, e) for n, k, e in cases]
    failures += sum(check(cpu, n, k, e, rows, "widened") for cpu in options.cpu or TARGETS for n, k, e in pairs)
    if harness.has_feature("avx512_bf16"):
        failures += sum(check("x86-64-v4", n, k, e, rows, "dot") for n, k, e in pairs)
    else:
        print("SKIPPED: products of bf16 in one instruction need a CPU with AVX512-BF16")
    print("FAILED" if failures else "all right")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
