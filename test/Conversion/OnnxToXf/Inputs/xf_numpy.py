# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The xf operations in numpy, written from their definitions in dialects/Xf/IR and not from their decompositions.

One function per operation: f(operands, attributes) -> array. Broadcasting is as strict as xf's: sizes that differ are an
error unless the type says that one of them is 1, which `Interpreter` checks.
"""

import math

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


UNARY = {
    "abs": np.abs, "ceil": np.ceil, "cos": np.cos, "erf": _erf, "exp": np.exp, "floor": np.floor,
    "gelu_erf": lambda x: x / 2 * (1 + _erf(x / math.sqrt(2))),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "log": np.log, "logical_not": np.logical_not, "neg": np.negative, "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.maximum(x, 0), "round_even": np.rint, "rsqrt": lambda x: 1 / np.sqrt(x), "sigmoid": _sigmoid,
    "sign": np.sign, "silu": lambda x: x * _sigmoid(x), "sin": np.sin, "softplus": lambda x: np.logaddexp(x, 0),
    "sqrt": np.sqrt, "tanh": np.tanh, "is_nan": np.isnan, "is_inf": np.isinf,
}


def _div(x, y):
    if x.dtype.kind == "f":
        return x / y
    return (np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y))).astype(x.dtype)


def _pow(x, y):
    return np.power(x, y) if x.dtype.kind == "f" else np.power(x.astype(np.float64), y)


BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": _div, "pow": _pow, "max": np.maximum, "min": np.minimum,
    "mod": np.mod, "rem": np.fmod, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}


def unary(operands, attributes):
    (x,) = operands
    return UNARY[attributes["kind"]](x.astype(np.float64) if x.dtype.kind == "f" else x)


def binary(operands, attributes):
    return BINARY[attributes["kind"]](*operands)


def compare(operands, attributes):
    return COMPARE[attributes["kind"]](*operands)


def select(operands, attributes):
    return np.where(*operands)


def transpose(operands, attributes):
    return np.transpose(operands[0], attributes["perm"])


def gather(operands, attributes):
    x, indices = operands
    extent = x.shape[attributes["axis"]]
    wrapped = np.where(indices < 0, indices + extent, indices)
    return np.take(x, np.clip(wrapped, 0, max(extent - 1, 0)), axis=attributes["axis"])


def matmul(operands, attributes):
    lhs, rhs = (x.astype(np.float64) if x.dtype.kind == "f" else x for x in operands)
    return np.matmul(lhs, np.swapaxes(rhs, -1, -2) if "transpose_rhs" in attributes else rhs)


def softmax(operands, attributes):
    x = operands[0].astype(np.float64)
    axis = attributes["axis"]
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _trailing(x, attributes):
    return tuple(range(attributes["axis"], x.ndim))


def layer_norm(operands, attributes):
    x, scale, bias = operands
    x = x.astype(np.float64)
    axes = _trailing(x, attributes)
    y = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + attributes["epsilon"])
    y = y if scale is None else y * scale
    return y if bias is None else y + bias


def rms_norm(operands, attributes):
    x = operands[0].astype(np.float64)
    y = x / np.sqrt((x * x).mean(axis=_trailing(x, attributes), keepdims=True) + attributes["epsilon"])
    return y * operands[1] if len(operands) > 1 else y


def rope(operands, attributes):
    x, cos, sin = operands
    r = cos.shape[-1]
    cos, sin = cos[:, None], sin[:, None]
    y = x.copy()
    if "interleaved" in attributes:
        a, b = x[..., 0 : 2 * r : 2], x[..., 1 : 2 * r : 2]
        y[..., 0 : 2 * r : 2], y[..., 1 : 2 * r : 2] = a * cos - b * sin, a * sin + b * cos
    else:
        a, b = x[..., :r], x[..., r : 2 * r]
        y[..., :r], y[..., r : 2 * r] = a * cos - b * sin, a * sin + b * cos
    return y


REDUCE = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod,
    "sum_square": lambda x, **kw: np.sum(x * x, **kw), "l1": lambda x, **kw: np.sum(np.abs(x), **kw),
    "l2": lambda x, **kw: np.sqrt(np.sum(x * x, **kw)),
}


def reduce(operands, attributes):
    x, kind, keep = operands[0], attributes["kind"], "keep_dims" in attributes
    axes = tuple(attributes["axes"])
    if kind in ("argmax", "argmin"):
        found = (np.argmax if kind == "argmax" else np.argmin)(x, axis=axes[0])
        return np.expand_dims(found, axes[0]) if keep else found
    if x.size == 0 and kind in ("max", "min"):
        bound = -np.inf if kind == "max" else np.inf
        if x.dtype.kind == "i":
            bound = np.iinfo(x.dtype).min if kind == "max" else np.iinfo(x.dtype).max
        return REDUCE[kind](x, axis=axes, keepdims=keep, initial=bound)
    return REDUCE[kind](x.astype(np.float64) if x.dtype.kind == "f" else x, axis=axes, keepdims=keep)


def attention(operands, attributes):
    query, key, value, mask, offset, lengths = operands
    query, key, value = (x.astype(np.float64) for x in (query, key, value))
    group = query.shape[1] // key.shape[1]
    key, value = np.repeat(key, group, axis=1), np.repeat(value, group, axis=1)
    scores = attributes["scale"] * (query @ np.swapaxes(key, -1, -2))
    if attributes.get("softcap"):
        scores = attributes["softcap"] * np.tanh(scores / attributes["softcap"])
    visible = np.ones(scores.shape, bool)
    if mask is not None:
        if mask.dtype == bool:
            visible = visible & mask
        else:
            scores = scores + mask
    i, j = np.arange(query.shape[2])[:, None], np.arange(key.shape[2])[None]
    offset = 0 if offset is None else offset
    if "causal" in attributes:
        visible = visible & (j <= i + offset)
    if attributes.get("window", -1) >= 0:
        visible = visible & (j > i + offset - attributes["window"] - 1)
    if lengths is not None:
        visible = visible & (j < lengths.reshape(-1, 1, 1, 1))
    scores = np.where(visible, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    e = np.where(np.isneginf(scores), 0, np.exp(scores - np.where(np.isneginf(top), 0, top)))
    total = e.sum(axis=-1, keepdims=True)
    return (e / np.where(total == 0, 1, total)) @ value


def conv(operands, attributes):
    x, filters, bias = operands
    spatial, group = x.ndim - 2, attributes["group"]
    pads, strides, dilations = attributes["pads"], attributes["strides"], attributes["dilations"]
    x = np.pad(x.astype(np.float64), [(0, 0), (0, 0)] + [(pads[i], pads[i + spatial]) for i in range(spatial)])
    sizes = [(x.shape[i + 2] - dilations[i] * (filters.shape[i + 2] - 1) - 1) // strides[i] + 1 for i in range(spatial)]
    y = np.zeros([x.shape[0], filters.shape[0]] + sizes)
    per_in, per_out = filters.shape[1], filters.shape[0] // group
    for at in np.ndindex(*filters.shape[2:]):
        window = x[(slice(None), slice(None)) + tuple(
            slice(a * d, a * d + s * (n - 1) + 1, s) for a, d, s, n in zip(at, dilations, strides, sizes))]
        for g in range(group):
            part = window[:, g * per_in : (g + 1) * per_in]
            weight = filters[(slice(g * per_out, (g + 1) * per_out), slice(None)) + at]
            y[:, g * per_out : (g + 1) * per_out] += np.einsum("nc...,mc->nm...", part, weight)
    return y if bias is None else y + bias.reshape((-1,) + (1,) * spatial)
