"""kernel.contract on a plain right operand against numpy: products of two activations."""
import argparse
import sys

import numpy as np

import harness

# Panel width and schedule as lib/Schedule writes them; `depth` is small, so that k takes several blocks.
TARGETS = {
    "x86-64-v4": (32, "<mr = 14, lanes = 16, unroll = 2, row_block = 112, depth = 64>"),
    "x86-64-v3": (16, "<mr = 6, lanes = 8, unroll = 2, row_block = 48, depth = 64>"),
    "x86-64-v2": (8, "<mr = 6, lanes = 4, unroll = 2, row_block = 48, depth = 64>"),
    "aarch64": (12, "<mr = 9, lanes = 4, unroll = 2, row_block = 72, depth = 64>"),
}


class Case:
    """Batch dimensions of lhs and rhs, "?" or 1, aligned at the last; static k or n where given."""

    def __init__(self, lhs="", rhs="", transposed=False, k="?", n="?", epilogue=False):
        self.lhs, self.rhs, self.transposed, self.k, self.n = lhs, rhs, transposed, k, n
        self.epilogue = epilogue

    def __repr__(self):
        return " ".join(f"{k}={v}" for k, v in vars(self).items())

    @property
    def batch(self):
        rank = max(len(self.lhs), len(self.rhs))
        return "".join("?" if "?" in pair else "1"
                       for pair in zip(self.lhs.rjust(rank, "1"), self.rhs.rjust(rank, "1")))

    def types(self):
        join = lambda *sizes: "x".join([*map(str, sizes), "f32"])
        rhs = (self.n, self.k) if self.transposed else (self.k, self.n)
        return (join(*self.lhs, "?", self.k), join(*self.rhs, *rhs), join(*self.batch, "?", self.n))


def source(case, width, schedule):
    lhs, rhs, out = case.types()
    rank = len(case.batch) + 2
    dims = ", ".join(f"d{i}" for i in range(rank))
    extras, body, maps = "", "kernel.yield %s : f32", ""
    arguments = "%s: f32"
    if case.epilogue:  # a factor per row of each matrix, and a residual
        column = out.rsplit("x", 2)[0] + "x1xf32"
        extras = f"extras(%f, %r : tensor<{column}>, tensor<{out}>)"
        zero = ", ".join([f"d{i}" for i in range(rank - 1)] + ["0"])
        maps = f"affine_map<({dims}) -> ({zero})>, affine_map<({dims}) -> ({dims})>"
        arguments = "%s: f32, %a: f32, %b: f32"
        body = ("%t = arith.mulf %s, %a : f32\n%u = arith.addf %t, %b : f32\n"
                "%v = arith.maximumf %u, %t : f32\nkernel.yield %v : f32")
    else:
        column = out
    sizes = "\n".join(f"  %o{i} = memref.dim %om, %c{i} : memref<{out}>" for i in range(rank))
    constants = "\n".join(f"  %c{i} = arith.constant {i} : index" for i in range(rank))
    dynamic = ", ".join(f"%o{i}" for i, size in enumerate(out.split("x")[:-1]) if size == "?")
    inputs = {"l": lhs, "w": rhs, "f": column, "r": out}
    tensors = "\n".join(f"  %{x} = bufferization.to_tensor %{x}m restrict : memref<{t}> to tensor<{t}>"
                        for x, t in inputs.items())
    transposed = ", transpose_rhs" if case.transposed else ""
    return f"""
func.func @product({", ".join(f"%{x}m: memref<{t}>" for x, t in inputs.items())}, %om: memref<{out}>)
    attributes {{llvm.emit_c_interface}} {{
{constants}
{sizes}
{tensors}
  %e = tensor.empty({dynamic}) : tensor<{out}>
  %y = kernel.contract ins(%l, %w : tensor<{lhs}>, tensor<{rhs}>) {extras} outs(%e : tensor<{out}>)
       schedule({schedule}) {{panel_width = {width} : i64{transposed}, extra_maps = [{maps}]}} epilogue {{
    ^bb0({arguments}):
      {body}
  }} -> tensor<{out}>
  bufferization.materialize_in_destination %y in restrict writable %om : (tensor<{out}>, memref<{out}>) -> ()
  return
}}
"""


def check(cpu, case, sizes):
    width, schedule = TARGETS[cpu]
    library = harness.compile_ir(source(case, width, schedule), f"kernel-tile,{harness.MACHINE}", cpu)
    random = np.random.default_rng(1)
    failures = 0
    for m, k, n in sizes:
        k, n = (size if fixed == "?" else fixed for size, fixed in ((k, case.k), (n, case.n)))
        named = lambda batch, *matrix: [*(2 + i if size == "?" else 1 for i, size in
                                          enumerate(batch.rjust(len(case.batch), "0"))
                                          if size != "0"), *matrix]
        lhs = random.standard_normal(named(case.lhs, m, k), np.float32)
        rhs = random.standard_normal(named(case.rhs, k, n), np.float32)
        stored = np.ascontiguousarray(np.swapaxes(rhs, -1, -2)) if case.transposed else rhs
        shape = named(case.batch, m, n)
        factor = random.standard_normal(shape[:-1] + [1] if case.epilogue else shape, np.float32)
        residual = random.standard_normal(shape, np.float32)
        out, untouched = harness.guarded(shape)
        harness.call(library, "product", lhs, stored, factor, residual, out)
        expected = lhs.astype(np.float64) @ rhs
        # Rounding errors of a sum grow with the sum of magnitudes.
        scale = 1 + np.abs(lhs) @ np.abs(rhs)
        if case.epilogue:
            scale = scale * (1 + np.abs(factor)) + np.abs(residual)
            expected = np.maximum(expected * factor + residual, expected * factor)
        worst = (np.abs(out - expected) / scale).max(initial=0)
        if not (worst < 1e-6 and untouched()):
            failures += 1
            print(f"WRONG {cpu} m={m} k={k} n={n} {case}: relative error {worst:.2e}, "
                  f"guards {'kept' if untouched() else 'WRITTEN'}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="append", choices=TARGETS)
    parser.add_argument("--full", action="store_true", help="all cases instead of a selection")
    options = parser.parse_args()
    sizes = [(0, 5, 7), (3, 0, 5), (4, 3, 0), (1, 1, 1), (1, 64, 100), (2, 7, 33), (5, 130, 3),
             (14, 64, 64), (16, 65, 31), (37, 128, 40), (131, 197, 97)]
    cases = [Case(), Case(transposed=True), Case("??", "??", epilogue=True),
             Case("??", "?1", transposed=True, epilogue=True), Case("?", "??", k=64, transposed=True),
             Case("?", n=64), Case("1?", "??", k=33, n=48, epilogue=True),
             Case("?1", "?", transposed=True, n=100)]
    cpus = options.cpu or [cpu for cpu in TARGETS if harness.can_run(cpu)]
    pairs = [(cpu, case) for cpu in cpus for case in cases]
    if not options.full:  # every case on one width, every width on some cases
        pairs = [pair for i, pair in enumerate(pairs) if i < len(cases) or i % 4 == 1]
    failures = sum(check(cpu, case, sizes) for cpu, case in pairs)
    print("FAILED" if failures else "all right")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
