# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The xf ops in numpy: an oracle that shares nothing with the compiler.

One function per op, named like it. Written from the sources that the ops cite, for clarity, not for speed. Floats of any width
are computed and returned in float64 (the caller rounds to the type it compares in), integers and booleans in their own type.
bfloat16 values are given as float32 arrays; pass arrays, not lists.
"""
import math

import numpy as np


def _wide(x):
    """Floats as float64, everything else as it is."""
    return x.astype(np.float64) if np.issubdtype(x.dtype, np.floating) else x


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


_UNARY = {
    "abs": np.abs, "ceil": np.ceil, "cos": np.cos, "erf": _erf, "exp": np.exp, "floor": np.floor,
    "gelu_erf": lambda x: x / 2 * (1 + _erf(x / math.sqrt(2))),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "log": np.log, "logical_not": np.logical_not, "neg": np.negative, "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.maximum(x, np.zeros_like(x)), "round_even": np.rint,
    "rsqrt": lambda x: 1 / np.sqrt(x), "sigmoid": _sigmoid, "sign": np.sign,
    "silu": lambda x: x * _sigmoid(x), "sin": np.sin, "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "sqrt": np.sqrt, "tanh": np.tanh, "is_nan": np.isnan, "is_inf": np.isinf,
}


def unary(kind, x):
    """kind(x) of each element; x and the result [..]."""
    return _UNARY[kind](_wide(x))


def _divide(x, y):
    """Integers truncate, and x / 0 is 0."""
    if not np.issubdtype(x.dtype, np.integer):
        return x / y
    safe = np.where(y == 0, np.ones_like(y), y)
    quotient = np.where((x < 0) != (safe < 0), -(np.abs(x) // np.abs(safe)), np.abs(x) // np.abs(safe))
    return np.where(y == 0, np.zeros_like(y), quotient).astype(x.dtype)


def _remainder(operation):
    """x rem 0 and x mod 0 are 0 for integers."""
    def apply(x, y):
        if not np.issubdtype(x.dtype, np.integer):
            return operation(x, y)
        return np.where(y == 0, 0, operation(x, np.where(y == 0, 1, y))).astype(x.dtype)
    return apply


_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": _divide, "pow": np.power, "max": np.maximum,
    "min": np.minimum, "mod": _remainder(np.mod), "rem": _remainder(np.fmod), "logical_and": np.bitwise_and,
    "logical_or": np.bitwise_or, "logical_xor": np.bitwise_xor,
}


def binary(kind, x, y):
    """kind(x, y) with broadcasting. A NaN wins in max and min; integers wrap; logical kinds of integers are bitwise."""
    return _BINARY[kind](_wide(x), _wide(y))


def compare(kind, x, y):
    """x kind y as booleans, with broadcasting."""
    operations = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
                  "ge": np.greater_equal}
    return operations[kind](x, y)


def select(condition, x, y):
    """condition ? x : y with broadcasting."""
    return np.where(condition, _wide(x), _wide(y))


def cast(x, dtype):
    """ONNX Cast to the numpy type `dtype` (float64 for any float). Beyond the range of an integer type: the nearest
    value of x's type within it; NaN gives 0. Source: https://onnx.ai/onnx/operators/onnx__Cast.html"""
    dtype = np.dtype(dtype)
    if dtype == np.bool_ or not np.issubdtype(x.dtype, np.floating) or np.issubdtype(dtype, np.floating):
        return x.astype(dtype)
    info = np.iinfo(dtype)
    low, high = np.asarray(info.min, x.dtype), np.asarray(info.max, x.dtype)
    if int(high) > info.max:
        high = np.nextafter(high, np.asarray(0, x.dtype))
    return np.clip(np.where(np.isnan(x), 0, x), low, high).astype(dtype)


def broadcast(x, sizes):
    """numpy broadcast of x to exactly `sizes`."""
    return np.broadcast_to(_wide(x), sizes)


def reshape(x, sizes):
    return np.reshape(_wide(x), sizes)


def iota(start, size, dtype):
    return np.arange(start, start + size).astype(dtype)


def transpose(x, perm):
    return np.transpose(_wide(x), perm)


def gather(x, indices, axis):
    """x[.., indices, ..]; negative indices count from the end, others are clamped into [0, n)."""
    n = x.shape[axis]
    return np.take(_wide(x), np.clip(np.where(indices < 0, indices + n, indices), 0, n - 1), axis=axis)


def matmul(x, y, transpose_rhs=False):
    """x [batch.., m, k] times y [batch.., k, n] ([batch.., n, k] when transposed) with broadcasting of batches."""
    return np.matmul(_wide(x), np.swapaxes(_wide(y), -1, -2) if transpose_rhs else _wide(y))


def softmax(x, axis):
    x = _wide(x)
    if x.size == 0:
        return x
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _parameters(y, scale, bias):
    y = y if scale is None else y * _wide(scale)
    return y if bias is None else y + _wide(bias)


def layer_norm(x, scale, bias, axis, epsilon):
    """(x - mean) / sqrt(var + epsilon) * scale + bias over dimensions axis.. . Source: https://arxiv.org/abs/1607.06450"""
    x, axes = _wide(x), tuple(range(axis, x.ndim))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centred**2, axis=axes, keepdims=True)
    return _parameters(centred / np.sqrt(variance + epsilon), scale, bias)


def rms_norm(x, scale, axis, epsilon):
    """x / sqrt(mean(x^2) + epsilon) * scale over dimensions axis.. . Source: https://arxiv.org/abs/1910.07467"""
    x, axes = _wide(x), tuple(range(axis, x.ndim))
    return _parameters(x / np.sqrt(np.mean(x**2, axis=axes, keepdims=True) + epsilon), scale, None)


def rope(x, cos, sin, interleaved=False):
    """x [b, h, s, d]; cos, sin [b or 1, s, r]: pairs of the first 2r elements turn. Source: https://arxiv.org/abs/2104.09864"""
    x, cos, sin = _wide(x), _wide(cos)[:, None], _wide(sin)[:, None]
    r, y = cos.shape[-1], x.copy()
    first, second = (slice(0, 2 * r, 2), slice(1, 2 * r, 2)) if interleaved else (slice(0, r), slice(r, 2 * r))
    a, b = x[..., first], x[..., second]
    y[..., first], y[..., second] = a * cos - b * sin, a * sin + b * cos
    return y


def reduce(kind, x, axes, keep_dims=False):
    """Reduction over `axes`. The maximum of nothing is the least value of the type. argmax and argmin give the first index."""
    axes, wide = tuple(axes), _wide(x)
    if kind in ("argmax", "argmin"):
        index = (np.argmax if kind == "argmax" else np.argmin)(wide, axis=axes[0])
        return np.expand_dims(index, axes[0]) if keep_dims else index
    arguments = {"axis": axes, "keepdims": keep_dims}
    if kind in ("max", "min"):
        if x.dtype == np.bool_:
            return (np.any if kind == "max" else np.all)(x, **arguments)
        info = np.iinfo(x.dtype) if np.issubdtype(x.dtype, np.integer) else None
        start = (info.min, info.max) if info else (-np.inf, np.inf)
        return (np.max(wide, initial=start[0], **arguments) if kind == "max"
                else np.min(wide, initial=start[1], **arguments))
    if kind == "mean" and np.issubdtype(x.dtype, np.integer):
        count = np.asarray(math.prod(x.shape[axis] for axis in axes), x.dtype)
        return _divide(np.sum(x, dtype=x.dtype, **arguments), count)
    if kind == "l2":
        return np.sqrt(np.sum(wide.astype(np.float64)**2, **arguments)).astype(wide.dtype)
    terms = {"sum": wide, "mean": wide, "prod": wide, "sum_square": wide * wide, "l1": np.abs(wide)}[kind]
    result = (np.prod if kind == "prod" else np.sum)(terms, dtype=terms.dtype, **arguments)
    return result / np.float64(math.prod(x.shape[axis] for axis in axes)) if kind == "mean" else result


def attention(query, key, value, scale, mask=None, offset=0, kv_lengths=None, causal=False, softcap=0.0, window=-1):
    """query [b, hq, sq, d], key [b, hkv, skv, d], value [b, hkv, skv, dv] -> [b, hq, sq, dv]; mask broadcasts to
    [b, hq, sq, skv]: floats are added, booleans keep. A query that sees no key gives 0.
    Source: https://onnx.ai/onnx/operators/onnx__Attention.html"""
    query, key, value = _wide(query), _wide(key), _wide(value)
    group = query.shape[1] // key.shape[1]
    key, value = np.repeat(key, group, axis=1), np.repeat(value, group, axis=1)
    scores = scale * np.matmul(query, np.swapaxes(key, -1, -2))
    if softcap:
        scores = softcap * np.tanh(scores / softcap)
    keep = np.ones(scores.shape, bool)
    if mask is not None and mask.dtype == np.bool_:
        keep &= mask
    elif mask is not None:
        scores = scores + _wide(mask)
    i, j = np.arange(scores.shape[2])[:, None], np.arange(scores.shape[3])[None, :]
    if causal:
        keep &= j <= i + offset
    if window >= 0:
        keep &= j > i + offset - window - 1
    if kv_lengths is not None:
        keep &= j < kv_lengths[:, None, None, None]
    scores = np.where(keep, scores, -np.inf)
    highest = np.max(scores, axis=-1, keepdims=True, initial=-np.inf)
    weights = np.exp(scores - np.where(np.isneginf(highest), 0, highest))
    total = np.sum(weights, axis=-1, keepdims=True)
    return np.matmul(weights / np.where(total == 0, 1, total), value)


def conv(x, filters, bias, strides, pads, dilations, group):
    """x [n, c, x..], filters [m, c / group, k..], bias [m] or None -> [n, m, o..]; pads are begin.., end.. .
    Source: https://onnx.ai/onnx/operators/onnx__Conv.html"""
    x, filters = _wide(x), _wide(filters)
    rank = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[i], pads[i + rank]) for i in range(rank)])
    kernel, maps, channels = filters.shape[2:], filters.shape[0], filters.shape[1]
    out = [(x.shape[i + 2] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1 for i in range(rank)]
    y = np.zeros((x.shape[0], maps, *out))
    for m in range(maps):
        first = m // (maps // group) * channels
        for tap in np.ndindex(*kernel):
            window = tuple(slice(tap[i] * dilations[i], tap[i] * dilations[i] + (out[i] - 1) * strides[i] + 1, strides[i])
                           for i in range(rank))
            taps = filters[(m, slice(None), *tap)].reshape(1, channels, *[1] * rank)
            y[:, m] += np.sum(x[(slice(None), slice(first, first + channels), *window)] * taps, axis=1)
    return y if bias is None else y + _wide(bias).reshape(1, maps, *[1] * rank)
