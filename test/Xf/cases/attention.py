# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np

from tilewright import reference

from . import TOLERANCE, Case, Tensor, floats, random

inf = np.inf


def attention(element, query, key, width=None, mask=None, offset=None, lengths=None, scale=0.5, causal=False, softcap=0.0, window=-1, spread=1.0):
    """query [b, hq, sq, d]; key [b, hkv, skv, d]; values of `width` (d when None)."""
    q = floats(element, *query, scale=spread, static=(1,))
    k = floats(element, *key, seed=1, scale=spread, static=(1,))
    v = floats(element, *key[:3], width or key[3], seed=2, static=(1,))
    args, names = [q, k, v], []
    for name, value in (("mask", mask), ("offset", offset), ("kv_lengths", lengths)):
        if value is not None:
            names.append(f"{name}(%{len(args)})")
            args.append(value)
    attributes = [f"softcap = {softcap:e} : f64"] * bool(softcap) + [f"window = {window} : i64"] * (window >= 0)
    text = (f"xf.attention %0, %1, %2 {' '.join(names)} scale {scale:e} {'causal ' if causal else ''}"
            f"{{{', '.join(attributes)}}}")
    want = reference.attention(q.data, k.data, v.data, scale, mask.data if mask else None, offset or 0,
                               lengths.data if lengths else None, causal, softcap, window)
    # An error of the score is a relative error of the weight.
    return Case(text, args, want, element, magnitude=4 + 2 * spread**2)


def cases():
    for element in TOLERANCE:
        yield attention(element, (2, 3, 5, 8), (2, 3, 7, 8))
        yield attention(element, (1, 4, 5, 8), (1, 2, 6, 8), causal=True, softcap=20.0)
    yield attention("f32", (1, 1, 1, 1), (1, 1, 1, 1))
    yield attention("f32", (2, 6, 4, 8), (2, 1, 5, 8), width=3)
    yield attention("f32", (2, 6, 4, 8), (2, 3, 5, 8), causal=True, offset=1)
    yield attention("f32", (1, 2, 4, 8), (1, 2, 9, 8), causal=True, offset=5, window=2)
    yield attention("f32", (1, 2, 4, 8), (1, 2, 9, 8), window=0, offset=3)
    yield attention("f32", (2, 2, 4, 8), (2, 2, 6, 8), lengths=Tensor("i64", [6, 2]))
    yield attention("f32", (1, 2, 64, 16), (1, 2, 65, 16), causal=True, spread=3.0)
    # Rows without a visible key: by length 0, by an offset before the first key, by masks, and without any keys at all.
    yield attention("f32", (2, 2, 4, 8), (2, 2, 6, 8), lengths=Tensor("i32", [0, 3]))
    yield attention("f32", (1, 2, 4, 8), (1, 2, 4, 8), causal=True, offset=-2)
    yield attention("f32", (1, 2, 3, 8), (1, 2, 0, 8))
    yield attention("f32", (0, 2, 3, 8), (0, 2, 4, 8))
    keep = random(2, 6, 4, 5) > 0
    keep[0, 1, 2] = False
    added = np.where(keep, random(2, 6, 4, 5), -inf)
    for heads in (6, 3):
        for mask in (Tensor("i1", keep, static=(1,)), Tensor("f32", added, static=(1,)), Tensor("f32", added)):
            yield attention("f32", (2, 6, 4, 8), (2, heads, 5, 8), mask=mask)
        for mask in (keep[:, :1], keep[:1, :1], keep[0, 0], keep[:1, :, :1], keep[0, 0, 0], keep[0, :, :1]):
            yield attention("f32", (2, 6, 4, 8), (2, heads, 5, 8), mask=Tensor("i1", mask), causal=True)
    yield attention("f16", (2, 6, 4, 8), (2, 3, 5, 8), mask=Tensor("f16", added), softcap=5.0)
    yield attention("bf16", (2, 6, 4, 8), (2, 3, 5, 8), mask=Tensor("f32", np.where(keep, 0, -3e38)))
