# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np

from tilewright import reference

from . import TOLERANCE, Case, Tensor, floats, integers, random

inf, nan = np.inf, np.nan


def matmul():
    shapes = [((5, 7), (7, 3)), ((1, 8), (8, 1)), ((2, 5, 7), (7, 3)), ((2, 3, 5, 7), (2, 3, 7, 4)), ((2, 1, 5, 7), (3, 7, 4)),
              ((5, 7), (2, 7, 3)), ((5, 0), (0, 3)), ((0, 7), (7, 3))]
    for left, right in shapes:
        for transposed in (False, True):
            stored = (*right[:-2], right[-1], right[-2]) if transposed else right
            x, y = floats("f32", *left), floats("f32", *stored, seed=1)
            yield from product(x, y, transposed, "f32")
    for element in TOLERANCE:
        yield from product(floats(element, 2, 9, 33), floats(element, 33, 5, seed=1), False, element)
    for element in ("i32", "i64", "ui8"):
        yield from product(integers(element, 0, 9, 3, 4), integers(element, 0, 5, 4, 5), False, element)


def product(x, y, transposed, element):
    want = reference.matmul(x.data, y.data, transposed)
    # The error is relative to the sum of the magnitudes of the terms.
    size = reference.matmul(np.abs(x.data), np.abs(y.data), transposed) if element in TOLERANCE else 0
    suffix = " transpose_rhs" if transposed else ""
    yield Case(f"xf.matmul %0, %1{suffix}", [x, y], want, element, magnitude=size)


def softmax():
    for shape, axis in [((3, 7), 1), ((3, 7), 0), ((2, 3, 5), 1), ((2, 3, 16), 2), ((1,), 0), ((4, 1), 1), ((0, 4), 1), ((2, 0), 1)]:
        x = floats("f32", *shape, scale=4)
        yield Case(f"xf.softmax %0 axis {axis}", [x], reference.softmax(x.data, axis), "f32")
    for element in TOLERANCE:
        x = floats(element, 4, 65, scale=3)
        yield Case("xf.softmax %0 axis 1", [x], reference.softmax(x.data, 1), element)
        special = np.array([[1, 2, -inf], [-inf, -inf, -inf], [nan, 1, 2], [inf, 1, 2], [3e4, 3e4, -3e4], [-3e4, -3e4, -3e4]])
        x = Tensor(element, special)
        yield Case("xf.softmax %0 axis 1", [x], reference.softmax(x.data, 1), element)


def norms():
    for shape, axis in [((3, 8), 1), ((2, 3, 7), 2), ((2, 3, 4), 1), ((2, 3, 4), 0), ((4, 1), 1), ((0, 5), 1)]:
        for element in TOLERANCE if shape == (2, 3, 7) else ("f32",):
            for scale, bias in ((False, False), (True, False), (True, True), (False, True)):
                yield from norm(shape, axis, element, element, scale, bias)
    yield from norm((3, 9), 1, "f16", "f32", True, True)
    # Large means lose digits (a sum of 64 terms: 8 eps mean), all of them in one-pass formulas; constant rows have variance 0; huge rows would overflow f16.
    for data in (random(3, 64) + 1000, np.full((2, 8), 3.0), np.zeros((1, 4)), random(2, 32) * 2e4):
        for element in ("f32", "f16"):
            x = Tensor(element, data)
            want = reference.layer_norm(x.data, None, None, 1, 1e-5)
            yield Case("xf.layer_norm %0 axis 1 epsilon 1.0e-5", [x], want, element, magnitude=0.2 * np.abs(data).max())
            want = reference.rms_norm(x.data, None, 1, 1e-6)
            yield Case("xf.rms_norm %0 axis 1 epsilon 1.0e-6", [x], want, element)


def norm(shape, axis, element, parameter, scale, bias):
    x = floats(element, *shape)
    size = shape[axis:]
    scales = floats(parameter, *size, seed=1) if scale else None
    biases = floats(parameter, *size, seed=2) if bias else None
    given = [p for p in (scales, biases) if p]
    names = [f"{name}(%{given.index(p) + 1})" for name, p in (("scale", scales), ("bias", biases)) if p]
    data = [p.data if p else None for p in (scales, biases)]
    want = reference.layer_norm(x.data, *data, axis, 1e-5)
    yield Case(f"xf.layer_norm %0 {' '.join(names)} axis {axis} epsilon 1.0e-5", [x, *given], want, element, magnitude=2)
    if not bias:
        want = reference.rms_norm(x.data, data[0], axis, 1e-6)
        yield Case(f"xf.rms_norm %0 {' '.join(names)} axis {axis} epsilon 1.0e-6", [x, *given], want, element, tolerance=2)


def rope():
    for element in TOLERANCE:
        for batch, shape, r in [(1, (2, 3, 5, 8), 4), (2, (2, 3, 5, 8), 4), (1, (1, 2, 1, 10), 3), (1, (2, 1, 4, 7), 2)]:
            for interleaved in (False, True):
                angles = random(batch, shape[2], r)
                x = floats(element, *shape)
                cos, sin = Tensor(element, np.cos(angles)), Tensor(element, np.sin(angles))
                want = reference.rope(x.data, cos.data, sin.data, interleaved)
                suffix = " interleaved" if interleaved else ""
                yield Case(f"xf.rope %0 cos(%1) sin(%2){suffix}", [x, cos, sin], want, element, magnitude=4)


def reduce():
    kinds = ("sum", "mean", "max", "min", "prod", "sum_square", "l1", "l2", "argmax", "argmin")
    for kind in kinds:
        search = kind.startswith("arg")
        for element in TOLERANCE:
            x = floats(element, 3, 4, 9)
            yield from reduction(kind, x, [2], True, element)
        for axes in ([0], [1], [2], [0, 2], [0, 1, 2], [2, 1]):
            if search and len(axes) > 1:
                continue
            for keep in (False, True):
                yield from reduction(kind, floats("f32", 3, 4, 5), axes, keep, "f32")
        if not search:
            yield from reduction(kind, floats("f32", 3, 4), [], False, "f32")
            yield from reduction(kind, floats("f32", 3, 0), [1], False, "f32")
            for element in ("i64", "i32", "ui8"):
                yield from reduction(kind, integers(element, 0, 4, 3, 4), [1], False, element)
        yield from reduction(kind, floats("f32", 0, 3), [1], False, "f32")
        x = Tensor("f32", [[1, nan, 3, nan], [-inf, -inf, -inf, -inf], [inf, inf, -inf, 0], [2, 2, 1, 1]])
        if kind in ("max", "min") or search:
            yield from reduction(kind, x, [1], False, "f32")
            yield from reduction(kind, integers("i64", -9, 9, 4, 6), [1], True, "i64")
            yield from reduction(kind, integers("ui8", 100, 200, 4, 6), [0], False, "ui8")
    flags = Tensor("i1", random(3, 4) > 0)
    yield from reduction("max", flags, [1], False, "i1")
    yield from reduction("min", flags, [1], False, "i1")


def reduction(kind, x, axes, keep, element):
    want = np.asarray(reference.reduce(kind, x.data, axes, keep))
    size = np.abs(x.data).sum() if element in TOLERANCE and kind in ("sum", "mean") and np.all(np.isfinite(x.data)) else 0
    text = f"xf.reduce {kind} %0 axes {axes}{' keep_dims' if keep else ''}"
    yield Case(text, [x], want, "i64" if kind.startswith("arg") else element, magnitude=size, tolerance=2)


def conv():
    table = [  # input, filter, strides, pads, dilations, group
        ((1, 3, 8), (4, 3, 3), [1], [1, 1], [1], 1), ((2, 4, 9), (4, 1, 2), [2], [0, 1], [2], 4), ((1, 3, 8, 7), (2, 3, 3, 3), [1, 1], [0, 0, 0, 0], [1, 1], 1),
        ((1, 3, 8, 7), (4, 3, 4, 4), [4, 4], [0, 0, 0, 0], [1, 1], 1), ((2, 4, 7, 9), (6, 2, 3, 2), [2, 1], [1, 0, 2, 1], [1, 2], 2),
        ((1, 1, 1, 1), (1, 1, 1, 1), [1, 1], [0, 0, 0, 0], [1, 1], 1), ((1, 2, 5, 5), (3, 2, 3, 3), [2, 3], [1, 1, 1, 1], [1, 1], 1)]
    for x, f, strides, pads, dilations, group in table:
        for element in TOLERANCE if len(x) == 3 else ("f32",):
            for biased in (False, True):
                data = Tensor(element, random(*x), static=(1,) if group > 1 else ())
                filters = Tensor(element, random(*f, seed=1), static=(0, 1))
                bias = floats(element, f[0], seed=2)
                want = reference.conv(data.data, filters.data, bias.data if biased else None, strides, pads, dilations, group)
                size = reference.conv(np.abs(data.data), np.abs(filters.data), None, strides, pads, dilations, group) + 2
                text = (f"xf.conv %0 filter(%1) {'bias(%2) ' if biased else ''}strides {strides} pads {pads} "
                        f"dilations {dilations} group {group}")
                yield Case(text, [data, filters] + ([bias] if biased else []), want, element, magnitude=size)


def cases():
    with np.errstate(all="ignore"):
        for group in (matmul, softmax, norms, rope, reduce, conv):
            yield from group()
