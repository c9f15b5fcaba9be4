# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of the xf ops: what to run and what numpy says. A case becomes two functions, one with static and one with dynamic types."""
import dataclasses
import math
import zlib

import numpy as np

# Relative error of one rounding plus that of computing in f32 with a few-ulp libm.
TOLERANCE = {"f64": 1e-14, "f32": 1.5e-6, "f16": 5.2e-4, "bf16": 4.2e-3}
NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.float32, "i64": np.int64, "i32": np.int32,
         "i16": np.int16, "i8": np.int8, "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "i1": np.bool_}


def round_to(x, element):
    """x in the numpy type of `element`; bf16 values are float32 with the low half zero, rounded to nearest even."""
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.asarray(x).astype(NUMPY[element])
    if element == "bf16":
        bits = np.ascontiguousarray(x).view(np.uint32).astype(np.uint64)
        rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
        x = np.where(np.isnan(x), x, rounded).astype(np.float32).reshape(x.shape)
    return x


class Tensor:
    """An argument: its element type, data, and which dimensions stay static in the dynamic variant (ones always do)."""

    def __init__(self, element, data, static=()):
        self.element, self.data, self.static = element, round_to(data, element), set(static)

    def type(self, dynamic):
        return tensor_type(self.data.shape, self.element, dynamic, self.static)


def tensor_type(shape, element, dynamic, static=()):
    dims = ["?" if dynamic and size != 1 and i not in static else str(size) for i, size in enumerate(shape)]
    return f"tensor<{'x'.join(dims + [element])}>"


@dataclasses.dataclass
class Case:
    """`text` is an op without its types, its operands %0, %1, ..; integers in `args` are index values.

    `want` is computed by numpy. The error allowed is `tolerance` (in units of TOLERANCE) times |want| + `magnitude`.
    """
    text: str
    args: list
    want: np.ndarray
    element: str
    sized: bool = False  # types are written "input -> result", without the sizes
    tolerance: float = 1
    magnitude: object = 0
    variants: tuple = (False, True)  # dynamic?

    def function(self, name, dynamic):
        types = [a.type(dynamic) if isinstance(a, Tensor) else "index" for a in self.args]
        result = tensor_type(self.want.shape, self.element, dynamic)
        params = ", ".join(f"%{i}: {t}{'' if t == 'index' else ' {bufferization.writable = false}'}" for i, t in enumerate(types))
        if self.sized:
            tensors = [t for t in types if t != "index"]
            signature = f"{tensors[0]} -> {result}" if tensors else result
        else:
            signature = f"({', '.join(types)}) -> {result}"
        return (f"func.func @{name}({params}) -> {result} {{\n  %r = {self.text} : {signature}\n"
                f"  return %r : {result}\n}}\n")

    def error(self, got):
        """None, or how far `got` is off."""
        want = round_to(self.want, self.element)
        if got.shape != want.shape:
            return f"expects shape {want.shape}, got {got.shape}"
        if self.element not in TOLERANCE:
            wrong = np.flatnonzero((got != want).ravel())
            return None if not wrong.size else f"{wrong.size} wrong, first at {wrong[0]}: expects {want.flat[wrong[0]]}, got {got.flat[wrong[0]]}"
        with np.errstate(invalid="ignore", over="ignore"):
            finite = np.isfinite(want)
            unequal = ~((got == want) | (np.isnan(got) & np.isnan(want)))
            bound = self.tolerance * TOLERANCE[self.element] * (np.abs(self.want) + self.magnitude)
            off = np.abs(got.astype(np.float64) - self.want)
            tiny = {"f16": 6e-8, "bf16": 1.2e-38, "f32": 1.2e-38, "f64": 2.3e-308}[self.element]  # subnormals may be flushed
            wrong = np.flatnonzero((unequal & ~(finite & np.isfinite(got) & (off <= bound + tiny))).ravel())
        if not wrong.size:
            return None
        at = wrong[0]
        return f"{wrong.size} of {got.size} wrong, first at {at}: expects {want.flat[at]!r}, got {got.flat[at]!r}, inputs " + \
            ", ".join(str(a.data.flat[at]) for a in self.args if isinstance(a, Tensor) and a.data.size == got.size)


def random(*shape, seed=0, scale=1.0):
    """Normally distributed numbers, the same in each run."""
    generator = np.random.default_rng(zlib.crc32(repr((shape, seed)).encode()))
    return generator.standard_normal(shape) * scale


def floats(element, *shape, seed=0, scale=1.0, static=()):
    return Tensor(element, random(*shape, seed=seed, scale=scale), static)


def integers(element, low, high, *shape, seed=0, static=()):
    generator = np.random.default_rng(zlib.crc32(repr((shape, seed, low)).encode()))
    return Tensor(element, generator.integers(low, high, shape), static)


def elements(shape):
    return math.prod(shape)
