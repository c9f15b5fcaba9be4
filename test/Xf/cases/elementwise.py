# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import zlib

import numpy as np

from tilewright import reference

from . import TOLERANCE, Case, Tensor, floats, integers, random, round_to

inf, nan = np.inf, np.nan

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 88.0, -88.0, 104.0, -104.0, 1e-30, -1e-30, 3e4, -3e4, inf, -inf, nan])
# What a NaN-free limit would give, but x · f(x) does not: 0 · ∞.
UNDEFINED_AT_MINUS_INFINITY = ("gelu_erf", "gelu_tanh", "silu")
NEEDS_POSITIVE = ("log", "rsqrt", "sqrt")
ON_INTEGERS = ("abs", "neg", "relu", "sign")


def inputs(kind, element):
    x = np.concatenate([SPECIAL, random(1, 45, seed=zlib.crc32(kind.encode()) % 7)[0] * 3])
    if kind in ("sin", "cos"):
        x = x[np.abs(x) <= 100]  # above, libm's own error grows
    if kind in NEEDS_POSITIVE:
        x = np.where(x < 0, np.where(x > -50, -x, x), x)
    return Tensor(element, x)


def magnitude(kind, x):
    """What cancels inside the formula: 1 + erf(x) and 1 + tanh(x) lose the digits of x, trigonometry those of the period."""
    size = np.where(np.isfinite(x), np.abs(x), 0)
    return {"gelu_erf": size, "gelu_tanh": size, "sin": 0.1, "cos": 0.1, "log": 0.1, "softplus": 1e-30}.get(kind, 0)


def unary():
    for kind in reference._UNARY:
        if kind == "logical_not":
            x = Tensor("i1", np.array([[True, False, True]]))
            yield Case("xf.unary logical_not %0", [x], reference.unary(kind, x.data), "i1")
            continue
        for element in TOLERANCE:
            x = inputs(kind, element)
            want = reference.unary(kind, x.data)
            result = "i1" if kind in ("is_nan", "is_inf") else element
            yield Case(f"xf.unary {kind} %0", [x], want, result, magnitude=magnitude(kind, x.data), tolerance=2)
    for kind in ON_INTEGERS:
        for element in ("i64", "i8"):
            x = Tensor(element, np.array([[3, -3, 0, 127, -127]]))
            yield Case(f"xf.unary {kind} %0", [x], reference.unary(kind, x.data), element)
    for shape in ((), (0,), (0, 4), (1,), (1, 1), (2, 3, 5)):
        x = floats("f32", *shape)
        yield Case("xf.unary exp %0", [x], reference.unary("exp", x.data), "f32")
    x = Tensor("ui8", np.array([0, 1, 255]))
    yield Case("xf.unary sign %0", [x], np.array([0, 1, 1]), "ui8")


SHAPES = [((3, 5), (3, 5)), ((2, 3, 5), (5,)), ((2, 3, 5), (3, 1)), ((4, 1), (1, 7)), ((), (3,)), ((1,), (1,)), ((0, 3), (1, 3)), ((1, 6), (4, 6))]


def binary():
    for kind in ("add", "sub", "mul", "div", "pow", "max", "min", "mod", "rem"):
        for element in TOLERANCE:
            y = random(40, seed=1)
            x = np.abs(random(40)) if kind == "pow" else random(40)
            x, y = np.append(x, [nan, 1, inf, 5.5, -5.5, 5.5]), np.append(y, [1, nan, 2, -2, 2, 2])
            x, y = Tensor(element, x), Tensor(element, y)
            yield Case(f"xf.binary {kind} %0, %1", [x, y], reference.binary(kind, x.data, y.data), element)
    for kind in ("add", "div"):
        for left, right in SHAPES:
            x, y = floats("f32", *left), floats("f32", *right, seed=1)
            yield Case(f"xf.binary {kind} %0, %1", [x, y], reference.binary(kind, x.data, y.data), "f32")
    for element in ("i64", "i32", "i8", "ui8"):
        low = 0 if element[0] == "u" else -9
        for kind in ("add", "sub", "mul", "div", "max", "min", "mod", "rem"):
            x, y = integers(element, low, 60, 8, 9), integers(element, low, 9, 8, 9, seed=1)
            yield Case(f"xf.binary {kind} %0, %1", [x, y], reference.binary(kind, x.data, y.data), element)
    least = Tensor("i32", np.array([-2**31, -2**31, 7, 0]))
    minus = Tensor("i32", np.array([-1, 0, 0, 0]))
    yield Case("xf.binary div %0, %1", [least, minus], np.array([-2**31, 0, 0, 0]), "i32")
    yield Case("xf.binary rem %0, %1", [least, minus], np.zeros(4), "i32")
    x, y = Tensor("i64", np.array([2, 3, -3, 0, 10])), Tensor("i64", np.array([10, 2, 3, 0, 15]))
    yield Case("xf.binary pow %0, %1", [x, y], reference.binary("pow", x.data, y.data), "i64")
    a, b = Tensor("i1", np.array([True, True, False, False])), Tensor("i1", np.array([True, False, True, False]))
    for kind in ("logical_and", "logical_or", "logical_xor"):
        yield Case(f"xf.binary {kind} %0, %1", [a, b], reference.binary(kind, a.data, b.data), "i1")
        for element in ("i32", "ui8"):
            x, y = integers(element, 0, 200, 9), integers(element, 0, 200, 9, seed=1)
            yield Case(f"xf.binary {kind} %0, %1", [x, y], reference.binary(kind, x.data, y.data), element)


def compare_and_select():
    special = np.array([[1.0, 2.0, nan, inf, -inf, 0.0], [1.0, 1.0, nan, inf, inf, -0.0]])
    for kind in ("eq", "ne", "lt", "le", "gt", "ge"):
        for element, data in (("f32", special), ("f16", special), ("i64", np.array([[-1, 2, 3], [2, 2, 2]])),
                              ("ui8", np.array([[200, 2, 3], [2, 2, 200]]))):
            x, y = Tensor(element, data[0]), Tensor(element, data[1])
            yield Case(f"xf.compare {kind} %0, %1", [x, y], reference.compare(kind, x.data, y.data), "i1")
    x, y = floats("f32", 3, 4), Tensor("f32", [[0.5]])
    yield Case("xf.compare lt %0, %1", [x, y], reference.compare("lt", x.data, y.data), "i1")
    for element in ("f32", "f16", "i64", "i1", "ui8"):
        condition = Tensor("i1", random(3, 1) > 0)
        x, y = integers(element, 0, 2, 3, 5), integers(element, 0, 2, 5, seed=1)
        want = reference.select(condition.data, x.data, y.data)
        yield Case("xf.select %0, %1, %2", [condition, x, y], want, element)


def cast():
    values = np.array([0.0, 1.0, -1.0, 1.5, -1.5, 2.5, 100.7, -100.7, 65519.0, 65520.0, 1e-8])
    for source in TOLERANCE:
        x = Tensor(source, values)
        for target in TOLERANCE:
            yield Case("xf.cast %0", [x], round_to(x.data, target), target)
        beyond = Tensor(source, np.append(values, [1e10, -1e10, 1e30, nan, inf, -inf]))
        for target in ("i64", "i32", "i8"):
            wide = Tensor("f64" if source == "f64" else "f32", beyond.data).data  # 16-bit floats convert through f32
            yield Case("xf.cast %0", [beyond], reference.cast(wide, np.dtype(f"int{target[1:]}")), target)
        yield Case("xf.cast %0", [beyond], reference.cast(beyond.data, np.bool_), "i1")
        positive = Tensor(source, [0.0, 1.9, 255.0, 300.0, -3.0])
        yield Case("xf.cast %0", [positive], np.array([0, 1, 255, 255, 0]), "ui8")
    integers_ = {"i64": [-5, 0, 7, 300], "i32": [-5, 0, 7, 300], "i8": [-5, 0, 7, 127], "ui8": [251, 0, 7, 255], "i1": [1, 0, 0, 1]}
    kinds = {"i64": np.int64, "i32": np.int32, "i8": np.int8, "ui8": np.uint8, "i1": np.bool_}
    for source, data in integers_.items():
        x = Tensor(source, data)
        for target, dtype in kinds.items():
            yield Case("xf.cast %0", [x], x.data.astype(dtype), target)
        for target in TOLERANCE:
            yield Case("xf.cast %0", [x], x.data.astype(np.float64), target)


def cases():
    with np.errstate(all="ignore"):
        for group in (unary, binary, compare_and_select, cast):
            yield from group()
