# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators over windows, in numpy: see operators.py."""

import numpy as np


# ConvTranspose: each element of x adds the filter times itself to y.


def spread(x, w, strides, pads, dilations, group, behind):
    rank, per = len(strides), w.shape[1]
    full = [(n - 1) * s + d * (k - 1) + 1 + b for n, s, d, k, b in zip(x.shape[2:], strides, dilations, w.shape[2:], behind)]
    y = np.zeros((x.shape[0], per * group, *full))
    for c in range(x.shape[1]):
        first = c // (x.shape[1] // group) * per
        for at in np.ndindex(*x.shape[2:]):
            for tap in np.ndindex(*w.shape[2:]):
                place = tuple(a * s + t * d for a, s, t, d in zip(at, strides, tap, dilations))
                y[(slice(None), slice(first, first + per), *place)] += x[(slice(None), c, *at)][:, None] * w[(c, slice(None), *tap)]
    return y[(slice(None), slice(None), *(slice(pads[i], full[i] - pads[i + rank]) for i in range(rank)))].astype(x.dtype)


# AveragePool, MaxPool, LpPool


def pool(x, kernel, strides, pads, dilations, ceil, fold):
    """`fold` of the elements of each window, and of whether they are padding; what lies beyond the pads is left out."""
    rank = len(kernel)
    sizes = []
    for i in range(rank):
        room = x.shape[i + 2] + pads[i] + pads[i + rank] - dilations[i] * (kernel[i] - 1) - 1
        size = (room + strides[i] - 1 if ceil else room) // strides[i] + 1
        if ceil and (size - 1) * strides[i] >= x.shape[i + 2] + pads[i]:
            size -= 1  # would begin in the padding behind
        sizes.append(size)
    y = np.zeros(x.shape[:2] + tuple(sizes), x.dtype)
    for at in np.ndindex(*y.shape):
        values, padding = [], []
        for tap in np.ndindex(*kernel):
            position = [at[i + 2] * strides[i] + tap[i] * dilations[i] - pads[i] for i in range(rank)]
            if any(position[i] >= x.shape[i + 2] + pads[i + rank] for i in range(rank)):
                continue
            inside = all(0 <= position[i] < x.shape[i + 2] for i in range(rank))
            values.append(x[at[:2] + tuple(position)] if inside else 0)
            padding.append(not inside)
        y[at] = fold(np.array(values), np.array(padding))
    return y
