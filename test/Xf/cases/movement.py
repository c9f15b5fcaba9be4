# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np

from tilewright import reference

from . import Case, Tensor, elements, floats, integers

RESHAPES = [
    ((2, 3, 8), (2, 3, 2, 4)), ((2, 3, 2, 4), (2, 3, 8)), ((2, 3, 8), (6, 8)), ((6, 8), (2, 3, 8)), ((6,), (2, 3)),
    ((2, 3), (3, 2)), ((4, 6), (8, 3)), ((1, 6), (6,)), ((6,), (1, 6, 1)), ((1, 2, 1, 3), (2, 3)), ((1,), ()), ((), (1, 1)),
    ((1, 1), ()), ((0, 3), (3, 0)), ((0, 5), (0,)), ((2, 1, 3), (2, 3, 1)), ((7,), (7,)), ((2, 3, 4, 5), (6, 20)), ((2, 15, 4), (10, 3, 4)),
]


def sized(op, x, sizes, want, element):
    """Static and dynamic sizes: the dynamic variant passes them as index values."""
    statics = ", ".join(map(str, sizes))
    yield Case(f"{op} %0 to [{statics}]", [x], want, element, sized=True, variants=(False,))
    dynamics = [i for i, size in enumerate(sizes) if size != 1]
    if dynamics:
        names = ", ".join(f"%{dynamics.index(i) + 1}" if i in dynamics else "1" for i in range(len(sizes)))
        values = [int(sizes[i]) for i in dynamics]
        yield Case(f"{op} %0 to [{names}]", [x, *values], want, element, sized=True, variants=(True,))


def cases():
    for source, target in RESHAPES:
        x = floats("f32", *source)
        yield from sized("xf.reshape", x, target, reference.reshape(x.data, target), "f32")
    for element in ("f16", "bf16", "i64", "i1", "ui8"):
        x = integers(element, 0, 2, 4, 6)
        yield from sized("xf.reshape", x, (2, 2, 6), x.data.reshape(2, 2, 6), element)
    for source, target in [((3, 1), (3, 4)), ((), (2, 3)), ((4,), (2, 3, 4)), ((1, 1), (5, 1)), ((2, 3), (2, 3)), ((1,), (0,))]:
        x = floats("f32", *source)
        yield from sized("xf.broadcast", x, target, reference.broadcast(x.data, target), "f32")
    for start, size in [(0, 5), (-3, 7), (4, 0), (9, 1)]:
        for element in ("i64", "i32"):
            want = reference.iota(start, size, np.int64 if element == "i64" else np.int32)
            yield Case("xf.iota from %0 size %1", [start, size], want, element, sized=True, variants=(True,))
    for shape, perm in [((2, 3), (1, 0)), ((2, 3, 5), (2, 0, 1)), ((2, 3, 4, 5), (0, 2, 1, 3)), ((1, 5), (1, 0)), ((), ()), ((0, 3), (1, 0))]:
        for element in ("f32", "bf16"):
            x = floats(element, *shape)
            yield Case(f"xf.transpose %0 perm {list(perm)}", [x], reference.transpose(x.data, perm), element)
    for shape, indices, axis in [((7, 4), (2, 3), 0), ((7, 4), (), 0), ((7, 4), (5,), 1), ((2, 7, 3), (2, 2), 1), ((7,), (), 0), ((7,), (3, 2), 0), ((2, 3), (), 1), ((7, 4), (0,), 0)]:
        for element in ("i64", "i32"):
            x, i = floats("f32", *shape), integers(element, -12, 12, *indices)
            yield Case(f"xf.gather %0[%1] axis {axis}", [x, i], reference.gather(x.data, i.data, axis), "f32")
    x = Tensor("f16", np.arange(elements((5, 3))).reshape(5, 3))
    i = Tensor("i64", [[-1, 0], [2**40, -2**40]])
    yield Case("xf.gather %0[%1] axis 0", [x, i], reference.gather(x.data, i.data, 0), "f16")
