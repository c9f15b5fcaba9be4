"""kernel.attention against numpy: sizes, orders, masks, grouped heads and vector widths."""
import argparse
import itertools
import sys

import numpy as np

import harness

# Schedules as lib/Schedule writes them; `keys` is small here so that online softmax is exercised.
TARGETS = {
    "x86-64-v4": "<mr = 6, lanes = 16, key_vectors = 4, value_vectors = 4, rows = 24, keys = {keys}>",
    "x86-64-v3": "<mr = 6, lanes = 8, key_vectors = 2, value_vectors = 2, rows = 24, keys = {keys}>",
    "x86-64-v2": "<mr = 6, lanes = 4, key_vectors = 2, value_vectors = 2, rows = 24, keys = {keys}>",
    "aarch64": "<mr = 6, lanes = 4, key_vectors = 4, value_vectors = 4, rows = 24, keys = {keys}>",
}
BHSD, BSHD = "(b, h, s, d) -> (b, h, s, d)", "(b, h, s, d) -> (b, s, h, d)"


class Case:
    def __init__(self, h=2, hkv=2, d=64, dv=None, causal=False, window=-1, offset=False,
                 lengths=False, mask=None, order=BHSD, keys=128, softcap=0.0, special=False):
        self.h, self.hkv, self.d, self.dv = h, hkv, d, dv or d
        self.causal, self.window, self.offset, self.lengths = causal, window, offset, lengths
        self.mask, self.order, self.keys, self.softcap = mask, order, keys, softcap
        self.special = special  # a NaN among queries, a NaN and an infinity among keys

    def __repr__(self):
        return " ".join(f"{k}={v}" for k, v in vars(self).items())

    def shape(self, b, h, s, d):
        return (b, h, s, d) if self.order == BHSD else (b, s, h, d)

    def store(self, x):
        return np.ascontiguousarray(x if self.order == BHSD else x.transpose(0, 2, 1, 3))

    def type(self, h, d, kind="tensor"):
        sizes = f"?x{h}x?x{d}" if self.order == BHSD else f"?x?x{h}x{d}"
        return f"{kind}<{sizes}xf32>"


def source(case, schedule):
    q, k = case.type(case.h, case.d), case.type(case.hkv, case.d)
    v, o = case.type(case.hkv, case.dv), case.type(case.h, case.dv)
    inputs = [("q", q), ("k", k), ("v", v)]
    if case.mask:
        inputs.append(("m", "tensor<" + "x".join(case.mask) + "xf32>"))
    if case.lengths:
        inputs.append(("l", "tensor<?xi64>"))
    memref = lambda t: t.replace("tensor", "memref")
    arguments = ", ".join(f"%{n}m: {memref(t)}" for n, t in inputs)
    convert = "\n".join(f"  %{n} = bufferization.to_tensor %{n}m restrict : {memref(t)} to {t}"
                        for n, t in inputs)
    mask = f"mask(%m : {inputs[3][1]})" if case.mask else ""
    lengths = "kv_lengths(%l : tensor<?xi64>)" if case.lengths else ""
    offset = "offset(%offset)" if case.offset else ""
    attributes = f"maps = [{', '.join([f'affine_map<{case.order}>'] * 4)}], scale = {case.d ** -0.5} : f64"
    attributes += ", causal" if case.causal else ""
    attributes += f", softcap = {case.softcap} : f64" if case.softcap else ""
    attributes += f", window = {case.window}" if case.window >= 0 else ""
    s = 2 if case.order == BHSD else 1
    return f"""
func.func @attention({arguments}, %offset: index, %om: {memref(o)}) attributes {{llvm.emit_c_interface}} {{
{convert}
  %c0 = arith.constant 0 : index
  %c1 = arith.constant {s} : index
  %b = tensor.dim %q, %c0 : {q}
  %s = tensor.dim %q, %c1 : {q}
  %e = tensor.empty(%b, %s) : {o}
  %r = kernel.attention ins(%q, %k, %v : {q}, {k}, {v}) {mask} {offset} {lengths} outs(%e : {o})
       schedule({schedule}) {{{attributes}}} -> {o}
  bufferization.materialize_in_destination %r in restrict writable %om : ({o}, {memref(o)}) -> ()
  return
}}
"""


def reference(case, q, k, v, mask, offset, lengths):
    group = case.h // case.hkv
    k, v = (np.repeat(x.astype(np.float64), group, 1) for x in (k, v))
    s = q.astype(np.float64) @ k.transpose(0, 1, 3, 2) * case.d ** -0.5
    if case.softcap:
        s = case.softcap * np.tanh(s / case.softcap)
    if mask is not None:
        s = s + mask
    i, j = np.arange(q.shape[2])[:, None], np.arange(k.shape[2])[None]
    offset = offset if case.offset else 0
    visible = np.ones((q.shape[0], 1) + (q.shape[2], k.shape[2]), bool)
    if case.causal:
        visible &= j <= i + offset
    if case.window >= 0:
        visible &= j >= i + offset - case.window
    if lengths is not None:
        visible &= (j < lengths[:, None, None])[:, None]
    s = np.where(visible, s, -np.inf)
    top = s.max(-1, keepdims=True, initial=-1e300)
    p = np.exp(s - np.where(np.isneginf(top), 0, top))
    total = p.sum(-1, keepdims=True)
    return p @ v / np.where(total == 0, 1, total)


def check(cpu, case, sizes):
    library = harness.compile_ir(source(case, TARGETS[cpu].format(keys=case.keys)),
                                 f"kernel-tile,{harness.machine(polynomials=bool(case.softcap))}", cpu)
    random = np.random.default_rng(1)
    failures = 0
    for b, sq, skv, offset in sizes:
        q = random.standard_normal((b, case.h, sq, case.d), np.float32)
        k = random.standard_normal((b, case.hkv, skv, case.d), np.float32)
        v = random.standard_normal((b, case.hkv, skv, case.dv), np.float32)
        if case.special:
            q[0, 0, sq // 2, 0], k[0, 0, skv // 2, 0], k[0, -1, -1, 1] = np.nan, np.inf, np.nan
        arguments, mask, lengths = [case.store(x) for x in (q, k, v)], None, None
        if case.mask:
            named = {"?b": b, "?q": sq, "?k": skv}
            mask = random.standard_normal(
                [named.get(m, 0) or int(m) for m in case.names], np.float32)
            mask[random.random(mask.shape) < 0.3] = -np.inf
            arguments.append(mask)
        if case.lengths:
            lengths = random.integers(0, skv + 1, b)
            arguments.append(lengths)
        out, untouched = harness.guarded(case.shape(b, case.h, sq, case.dv))
        harness.call(library, "attention", *arguments, offset, out)
        logical = out if case.order == BHSD else out.transpose(0, 2, 1, 3)
        with np.errstate(invalid="ignore"):
            expected = reference(case, q, k, v, mask, offset, lengths)
        difference = np.abs(logical - expected)
        error = np.where(np.isnan(logical) & np.isnan(expected), 0, difference).max(initial=0)
        zeros = (logical[np.broadcast_to((expected == 0).all(-1, keepdims=True), expected.shape)] == 0)
        if not (error < 3e-6 and untouched() and zeros.all()):
            failures += 1
            print(f"WRONG {cpu} b={b} sq={sq} skv={skv} offset={offset} {case}: error {error:.2e}, "
                  f"guards {'kept' if untouched() else 'WRITTEN'}")
    return failures


def masked(names, **keywords):
    """A mask whose dimensions are 1, a number of heads, or ?b, ?q, ?k."""
    case = Case(mask=["?" if n[0] == "?" else n for n in names], **keywords)
    case.names = names
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="append", choices=TARGETS)
    parser.add_argument("--full", action="store_true", help="all cases instead of a selection")
    options = parser.parse_args()
    # b, sq, skv, offset
    sizes = [(1, 1, 1, 0), (2, 1, 77, 76), (1, 3, 3, 0), (1, 5, 128, 123), (2, 37, 37, 0),
             (1, 64, 129, 65), (1, 130, 300, 170), (1, 7, 2, 0), (1, 1, 2049, 2048), (2, 2, 700, 698)]
    cases = [
        Case(), Case(causal=True, offset=True), Case(causal=True, order=BSHD, h=4),
        Case(d=80, h=6, hkv=2, causal=True, offset=True, order=BSHD),
        Case(d=8, dv=48), Case(d=48, dv=8, lengths=True),
        Case(special=True), Case(causal=True, offset=True, h=4, special=True),
        Case(causal=True, window=5, offset=True, keys=128), Case(h=8, hkv=1, causal=True),
        masked(["?b", "1", "1", "?k"]), masked(["1", "2", "?q", "?k"], causal=True, offset=True),
        masked(["?q", "1"], order=BSHD),
        # Head sizes of real models; groups that share no factor with the height of a row tile.
        Case(d=80, causal=True, offset=True), Case(d=96, h=5, hkv=1, causal=True, offset=True),
        Case(d=128, h=14, hkv=2, causal=True, offset=True, order=BSHD),
        Case(d=256, h=4, hkv=1, causal=True, offset=True, keys=64), Case(d=192, dv=128, h=3, hkv=3),
        Case(d=128, h=7, hkv=1, causal=True, window=64, offset=True),
        Case(softcap=5.0), Case(d=256, h=4, hkv=2, softcap=2.0, causal=True, window=100, offset=True),
        masked(["1", "5", "?q", "?k"], h=5, hkv=1, softcap=3.0),
    ]
    cpus = options.cpu or [cpu for cpu in TARGETS if harness.can_run(cpu)]
    pairs = list(itertools.product(cpus, cases))
    if not options.full:  # every case on one width, every width on some cases
        pairs = [pairs[i] for i in range(len(pairs)) if i < len(cases) or i % 7 == 0]
    failures = sum(check(cpu, case, sizes) for cpu, case in pairs)
    print("FAILED" if failures else "all right")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
