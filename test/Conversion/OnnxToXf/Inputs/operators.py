# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""operators.py FOLDER: operators with numpy's results, as a suite of test/Conformance: FOLDER/operators/{MANIFEST.tsv,FAMILY}.

They cover what the suite of ONNX leaves out: attributes beside each other, dynamic, empty and single sizes, element types, infinities.
Each function below is one operator, written from https://onnx.ai/onnx/operators; `CASES` collects what it is called with."""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from tilewright import reference
from windows import pool, spread

CASES = []
RNG = np.random.default_rng(0)


def draw(*shape, dtype=np.float32):
    if np.dtype(dtype).kind == "f":
        return RNG.standard_normal(shape).astype(dtype)
    return RNG.integers(0 if np.dtype(dtype).kind == "u" else -9, 10, shape).astype(dtype)


@dataclass(frozen=True)
class Case:
    name: str
    op: str
    inputs: dict  # by name; None: left out
    outputs: dict
    constants: tuple  # inputs that are initialisers
    dims: dict  # of inputs: names of dimensions, or their sizes
    opset: int
    domain: str
    rtol: float
    atol: float
    attributes: dict


def case(name, op, inputs, outputs, *, constants=(), dims=None, opset=21, domain="", rtol=1e-5, atol=1e-6, **attributes):
    CASES.append(Case(name, op, inputs, outputs, tuple(constants), dims or {}, opset, domain, rtol, atol, attributes))


def info(name, value, dims):
    return helper.make_tensor_value_info(name, onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[value.dtype], dims)


def write(folder, name, cases):
    """One model of many nodes: compiling it costs little more than compiling one."""
    nodes, inputs, outputs, weights, data, wanted = [], [], [], [], [], []
    for case in cases:
        label = lambda key, values: "" if values[key] is None else f"{case.name}.{key}"
        nodes.append(helper.make_node(case.op, [label(key, case.inputs) for key in case.inputs],
                                      [label(key, case.outputs) for key in case.outputs],
                                      domain=case.domain, name=case.name, **case.attributes))  # fmt: skip
        for key, value in case.inputs.items():
            if value is None:
                continue
            if key in case.constants:
                weights.append(numpy_helper.from_array(np.array(value), label(key, case.inputs)))
                continue
            dims = [size if isinstance(size, int) else f"{case.name}.{size}" for size in case.dims.get(key, np.shape(value))]
            inputs.append(info(label(key, case.inputs), value, dims))
            data.append(value)
        for key, value in case.outputs.items():
            if value is not None:
                outputs.append(info(label(key, case.outputs), value, [None] * np.ndim(value)))
                wanted.append(value)
    first = cases[0]
    opsets = [helper.make_opsetid("", first.opset)] + ([helper.make_opsetid(first.domain, 1)] if first.domain else [])
    files = folder / name / "test_data_set_0"
    files.mkdir(parents=True)
    onnx.save(helper.make_model(helper.make_graph(nodes, name, inputs, outputs, weights), opset_imports=opsets), folder / name / "model.onnx")
    for role, values in (("input", data), ("output", wanted)):
        for i, value in enumerate(values):
            (files / f"{role}_{i}.pb").write_bytes(numpy_helper.from_array(np.array(value, order="C")).SerializeToString())
    return f"{name}\t{first.rtol}\t{first.atol}\n"


# Conv


def convs():
    geometries = [  # label, input, filter, strides, pads, dilations, group
        ("line", (2, 80, 30), (24, 80, 3), (1,), (1, 1), (1,), 1),
        ("line_strided", (3, 5, 31), (33, 5, 4), (3,), (2, 0), (1,), 1),
        ("line_dilated", (1, 7, 20), (3, 7, 3), (2,), (0, 3), (4,), 1),
        ("pointwise", (2, 37, 9), (17, 37, 1), (1,), (0, 0), (1,), 1),
        ("pointwise_strided", (2, 3, 9), (5, 3, 1), (2,), (0, 0), (1,), 1),
        ("only_pads", (1, 2, 3), (2, 2, 5), (1,), (4, 1), (1,), 1),
        ("patches", (2, 3, 32, 48), (20, 3, 16, 16), (16, 16), (0, 0, 0, 0), (1, 1), 1),
        ("patches_rest", (1, 3, 19, 21), (4, 3, 4, 5), (4, 5), (0, 0, 0, 0), (1, 1), 1),
        ("digits", (1, 1, 28, 28), (8, 1, 5, 5), (1, 1), (2, 2, 2, 2), (1, 1), 1),
        ("image", (2, 3, 23, 19), (16, 3, 7, 7), (2, 2), (3, 3, 3, 3), (1, 1), 1),
        ("image_uneven", (1, 6, 9, 14), (5, 6, 3, 2), (1, 3), (0, 1, 2, 0), (2, 1), 1),
        ("image_dilated", (1, 4, 11, 13), (6, 4, 3, 3), (2, 1), (1, 2, 1, 2), (1, 2), 1),
        ("one_element", (1, 3, 1, 1), (2, 3, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
        ("volume", (2, 3, 5, 6, 7), (4, 3, 2, 3, 2), (1, 2, 1), (1, 0, 1, 0, 1, 1), (1, 1, 2), 1),
        ("groups", (2, 6, 8, 9), (4, 3, 3, 3), (1, 2), (1, 1, 1, 1), (1, 1), 2),
        ("depthwise", (2, 5, 17), (5, 1, 3), (1,), (1, 1), (1,), 5),
        ("no_batch", (0, 3, 8, 8), (4, 3, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ]
    for i, (label, size, kernel, strides, pads, dilations, group) in enumerate(geometries):
        x, w, bias = draw(*size), draw(*kernel) / np.float32(np.prod(kernel[1:])) ** 0.5, draw(kernel[0])
        names = ["n", size[1], *(f"x{i}" for i in range(len(strides)))]
        # Static sizes and filters that are inputs in turn: each convolution is half a second of compilation.
        other = [(None, "w", None), (names, "", bias), (None, "", None)][i % 3]
        for dims, constants, b in ((names, "wb", bias), other)[: 1 + (i % 2)]:
            case(f"conv_{label}_{len(CASES)}", "Conv", {"x": x, "w": w, "b": b}, constants=constants, dims={"x": dims} if dims else {},
                 outputs={"y": reference.conv(x, w, b, strides, pads, dilations, group).astype(np.float32)},
                 strides=strides, pads=pads, dilations=dilations, group=group)  # fmt: skip
    x, w = draw(2, 3, 9, 8), draw(4, 3, 2, 3) / 4
    for pad, pads, dims in (("SAME_UPPER", (0, 1, 1, 1), ["n", 3, "h", "w"]), ("SAME_LOWER", (1, 1, 0, 1), None), ("VALID", (0,) * 4, None)):
        case(f"conv_{pad.lower()}", "Conv", {"x": x, "w": w}, constants=["w"], dims={"x": dims} if dims else {}, auto_pad=pad,
             outputs={"y": reference.conv(x, w, None, (1, 1), pads, (1, 1), 1).astype(np.float32)})  # fmt: skip
    x = x.copy()
    x[0, 1, 4, 4], x[1, 2, 8, 0] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        case("conv_not_finite", "Conv", {"x": x, "w": w}, {"y": reference.conv(x, w, None, (1, 1), (1, 1, 1, 1), (1, 1), 1).astype(np.float32)},
             constants=["w"], pads=(1, 1, 1, 1))  # fmt: skip


def transposed_convs():
    for i, (size, kernel, strides, pads, dilations, group, behind) in enumerate((
        ((2, 3, 5), (3, 4, 4), (2,), (1, 1), (1,), 1, (0,)),
        ((1, 4, 6), (4, 3, 3), (3,), (0, 1), (2,), 2, (2,)),
        ((2, 3, 4, 5), (3, 2, 2, 2), (2, 2), (0, 0, 0, 0), (1, 1), 1, (0, 0)),
        ((1, 4, 3, 4), (4, 1, 3, 3), (2, 1), (1, 1, 0, 1), (1, 1), 4, (1, 0)),
    )):  # fmt: skip
        x, w, bias = draw(*size), draw(*kernel), draw(kernel[1] * group)
        y = spread(x, w, strides, pads, dilations, group, behind) + bias.reshape(-1, *(1,) * len(strides))
        dims = {"x": ["n", size[1], *(f"x{i}" for i in range(len(strides)))]} if i % 2 else {}
        case(f"conv_transpose_{i}", "ConvTranspose", {"x": x, "w": w, "b": bias}, {"y": y}, constants=["w", "b"], dims=dims,
             strides=strides, pads=pads, dilations=dilations, group=group, output_padding=behind)  # fmt: skip


def pools():
    geometries = [
        ("plain", (5, 6), (2, 3), (1, 1), (0, 0, 0, 0), (1, 1)),
        ("strided", (7, 8), (3, 2), (2, 3), (1, 0, 1, 1), (1, 1)),
        ("dilated", (9, 8), (3, 2), (2, 2), (1, 1, 0, 0), (2, 3)),
        ("one", (1, 3), (1, 1), (1, 2), (0, 0, 0, 0), (1, 1)),
        ("cube", (7, 5, 6), (3, 2, 2), (3, 2, 4), (0, 0, 0, 0, 0, 0), (2, 1, 2)),
        ("line", (10,), (4,), (3,), (1, 2), (1,)),
    ]
    for (label, size, kernel, strides, pads, dilations), ceil in itertools.product(geometries, (0, 1)):
        x = draw(2, 3, *size)
        common = dict(kernel_shape=kernel, strides=strides, dilations=dilations, ceil_mode=ceil)
        common |= {"pads": pads} if any(pads) else {}
        for include in (0, 1):
            mean = lambda v, padding, include=include: v.sum() / (len(v) if include else (~padding).sum())
            case(f"average_pool_{label}_{ceil}{include}", "AveragePool", {"x": x},
                 {"y": pool(x, kernel, strides, pads, dilations, ceil, mean)}, count_include_pad=include, **common)  # fmt: skip
        case(f"max_pool_{label}_{ceil}", "MaxPool", {"x": x},
             {"y": pool(x, kernel, strides, pads, dilations, ceil, lambda v, padding: v[~padding].max())}, **common)  # fmt: skip
        case(f"lp_pool_{label}_{ceil}", "LpPool", {"x": x}, p=3,
             outputs={"y": pool(x, kernel, strides, pads, dilations, ceil, lambda v, _: (np.abs(v) ** 3).sum() ** (1 / 3))},
             **common)  # fmt: skip
    for dtype in (np.uint8, np.int8):
        x = draw(1, 2, 4, 4, dtype=dtype)
        case(f"max_pool_{np.dtype(dtype)}", "MaxPool", {"x": x}, kernel_shape=(3, 3), pads=(1, 1, 1, 1), storage_order=1,
             outputs={"y": pool(x, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 0, lambda v, padding: v[~padding].max())})  # fmt: skip
    x = draw(2, 3, 7, 8)
    mean = lambda v, padding: v.sum() / len(v)
    case("average_pool_dynamic", "AveragePool", {"x": x}, dims={"x": ["n", 3, "h", "w"]}, kernel_shape=(3, 2), strides=(2, 3),
         pads=(1, 0, 1, 1), ceil_mode=1, count_include_pad=1,
         outputs={"y": pool(x, (3, 2), (2, 3), (1, 0, 1, 1), (1, 1), 1, mean)})  # fmt: skip
    # auto_pad goes before pads.
    case("average_pool_valid", "AveragePool", {"x": x}, auto_pad="VALID", pads=(1, 1, 1, 1), kernel_shape=(2, 2), strides=(2, 3),
         ceil_mode=1, outputs={"y": pool(x, (2, 2), (2, 3), (0, 0, 0, 0), (1, 1), 1, mean)}, count_include_pad=1)  # fmt: skip


# Resize


def nearest(x, mode):
    return {"floor": np.floor(x), "ceil": np.ceil(x), "round_prefer_floor": np.ceil(x - 0.5), "round_prefer_ceil": np.floor(x + 0.5)}[mode]


def taps(n, out, scale, mode, transform, nearest_mode, a, exclude):
    """[out, n]: the weight of each input in each output."""
    weights = np.zeros((out, n))
    for i in range(out):
        x = {
            "half_pixel": (i + 0.5) / scale - 0.5,
            "pytorch_half_pixel": (i + 0.5) / scale - 0.5 if out > 1 else -0.5,
            "tf_half_pixel_for_nn": (i + 0.5) / scale,
            "asymmetric": i / scale,
            "align_corners": i * (n - 1) / (scale * n - 1) if out > 1 else 0,
            "half_pixel_symmetric": n / 2 * (1 - out / (scale * n)) + (i + 0.5) / scale - 0.5,
        }[transform]
        if mode == "nearest":
            rounding = nearest_mode or ("ceil" if scale < 1 else "floor")
            weights[i, int(np.clip(nearest(x, rounding), 0, n - 1))] = 1
            continue
        first = int(np.floor(x)) - (mode == "cubic")
        for j in range(first, first + (4 if mode == "cubic" else 2)):
            d = abs(x - j)
            w = max(0, 1 - d) if mode == "linear" else (
                (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a)  # fmt: skip
            if not exclude or 0 <= j < n:
                weights[i, np.clip(j, 0, n - 1)] += w
        weights[i] /= weights[i].sum() if exclude else 1
    return weights


def resize(x, outs, scales, mode, transform="half_pixel", nearest_mode="round_prefer_floor", a=-0.75, exclude=0):
    y = x.astype(np.float64)
    for axis, (out, scale) in enumerate(zip(outs, scales)):
        if (out, scale) != (x.shape[axis], 1):
            y = np.moveaxis(np.tensordot(taps(x.shape[axis], out, scale, mode, transform, nearest_mode, a, exclude), y, (1, axis)), 0, axis)
    return y.astype(x.dtype)


def resizes():
    x = draw(2, 1, 5, 4)
    scaled = lambda scales: [int(np.floor(s * n)) for s, n in zip(scales, x.shape)]
    transforms = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"]
    for label, scales in (("up", (1, 1, 2.6, 1.5)), ("down", (1, 1, 0.6, 0.3))):
        s = np.array(scales, np.float32)
        inputs, outs = {"x": x, "roi": None, "s": s}, scaled(s)
        for transform in transforms:
            for mode in ("linear", "cubic"):
                case(f"resize_{label}_{mode}_{transform}", "Resize", inputs, constants=["s"], mode=mode, coordinate_transformation_mode=transform,
                     opset=19, outputs={"y": resize(x, outs, s, mode, transform)})  # fmt: skip
            for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
                case(f"resize_{label}_{rounding}_{transform}", "Resize", inputs, constants=["s"], mode="nearest", nearest_mode=rounding,
                     coordinate_transformation_mode=transform, opset=19, outputs={"y": resize(x, outs, s, "nearest", transform, rounding)})  # fmt: skip
        case(f"resize_{label}_exclude", "Resize", inputs, constants=["s"], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1,
             outputs={"y": resize(x, outs, s, "cubic", a=-0.5, exclude=1)})  # fmt: skip
        case(f"resize_{label}_tf", "Resize", inputs, constants=["s"], mode="nearest", coordinate_transformation_mode="tf_half_pixel_for_nn",
             nearest_mode="floor", opset=11, outputs={"y": resize(x, outs, s, "nearest", "tf_half_pixel_for_nn", "floor")})  # fmt: skip
    # Before opset 11 (as ONNX Runtime has it).
    for label, op, opset, mode, scales in (("down", "Resize", 10, "nearest", (1, 1, 0.6, 0.3)), ("mixed", "Resize", 10, "nearest", (1, 1, 0.6, 1.5)),
                                           ("linear", "Resize", 10, "linear", (1, 1, 0.6, 1.5)), ("up", "Upsample", 9, "nearest", (1, 1, 2, 1.5))):  # fmt: skip
        s = np.array(scales, np.float32)
        case(f"resize_old_{label}", op, {"x": x, "s": s}, constants=["s"], mode=mode, opset=opset,
             outputs={"y": resize(x, scaled(s), s, mode, "asymmetric", None)})  # fmt: skip
    # Batch and channels keep their dynamic sizes.
    s = np.array([1, 1, 2, 2], np.float32)
    case("resize_dynamic_batch", "Resize", {"x": x, "roi": None, "s": s}, constants=["s"], dims={"x": ["n", "c", 5, 4]}, mode="linear",
         outputs={"y": resize(x, scaled(s), s, "linear")})  # fmt: skip
    for mode, transform in (("linear", "half_pixel"), ("cubic", "align_corners"), ("nearest", "pytorch_half_pixel")):
        case(f"resize_dynamic_{mode}", "Resize", {"x": x, "roi": None, "s": s}, constants=["s"], dims={"x": ["n", "c", "h", "w"]}, mode=mode,
             coordinate_transformation_mode=transform, outputs={"y": resize(x, scaled(s), s, mode, transform)})  # fmt: skip
    sizes = np.array([7, 9], np.int64)
    case("resize_axes", "Resize", {"x": x, "roi": None, "s": None, "sizes": sizes}, constants=["sizes"], axes=[2, 3], mode="linear",
         dims={"x": ["n", "c", 5, 4]}, outputs={"y": resize(x, (2, 1, 7, 9), (1, 1, 7 / 5, 9 / 4), "linear")})  # fmt: skip
    bytes = draw(1, 1, 4, 4, dtype=np.uint8)
    s = np.array([1, 1, 2, 4], np.float32)  # weights that f32 holds
    case("resize_uint8", "Resize", {"x": bytes, "roi": None, "s": s}, constants=["s"], mode="linear", coordinate_transformation_mode="asymmetric",
         outputs={"y": resize(bytes, (1, 1, 8, 16), s, "linear", "asymmetric")})  # fmt: skip
    long = draw(1, 1, 2, 700)
    s = np.array([1, 1, 1, 2], np.float32)
    for mode in ("nearest", "linear"):
        case(f"resize_wide_{mode}", "Resize", {"x": long, "roi": None, "s": s}, constants=["s"], mode=mode,
             outputs={"y": resize(long, (1, 1, 2, 1400), s, mode)})  # fmt: skip


# Pad


def pads():
    x = draw(2, 3, 4)
    both = lambda widths: list(zip(widths[:3], widths[3:]))
    for mode in ("constant", "edge", "reflect", "wrap"):
        for label, widths in (("small", [0, 1, 2, 1, 0, 3]), ("twice", [3, 0, 7, 2, 4, 5]), ("cut", [0, -1, 2, -1, 0, -2])):
            cut = x[tuple(slice(max(0, -low), n - max(0, -high)) for (low, high), n in zip(both(widths), x.shape))]
            more = [(max(0, low), max(0, high)) for low, high in both(widths)]
            value = {"constant_values": np.float32(1.5)} if mode == "constant" else {}
            case(f"pad_{mode}_{label}", "Pad", {"x": x, "pads": np.array(widths, np.int64), "value": np.float32(1.5)},
                 {"y": np.pad(cut, more, mode=mode, **value)}, constants=["pads", "value"], mode=mode)  # fmt: skip
    one = draw(1, 2)
    case("pad_reflect_one", "Pad", {"x": one, "pads": np.array([2, 0, 1, 0])}, {"y": np.repeat(one, 4, 0)}, constants=["pads"], mode="reflect")
    case("pad_dynamic", "Pad", {"x": x, "pads": np.array([1, 2]), "value": None, "axes": np.array([-2])}, {"y": np.pad(x, [(0, 0), (1, 2), (0, 0)], "wrap")},
         constants=["pads", "axes"], dims={"x": ["a", "b", 4]}, mode="wrap")  # fmt: skip
    for dtype in (np.uint8, np.int64, np.float16, np.bool_):
        t = draw(2, 3, dtype=np.int64).astype(dtype)
        case(f"pad_{np.dtype(dtype)}", "Pad", {"x": t, "pads": np.array([1, 0, 0, 2])}, {"y": np.pad(t, [(1, 0), (0, 2)])}, constants=["pads"])
    case("pad_attributes", "Pad", {"x": x}, {"y": np.pad(x, [(0, 1), (1, 0), (0, 0)], constant_values=2)}, opset=10, pads=[0, 1, 0, 1, 0, 0], value=2.0)
    empty = draw(0, 3)
    case("pad_empty", "Pad", {"x": empty, "pads": np.array([1, 0, 1, 0])}, {"y": np.zeros((2, 3), np.float32)}, constants=["pads"])


# ScatterElements, ScatterND, TopK

REDUCTIONS = {"none": lambda a, b: b, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def scatter_elements(x, indices, updates, axis, reduction):
    y = x.copy()
    for at in np.ndindex(*indices.shape):
        to = list(at)
        to[axis] = indices[at]
        y[tuple(to)] = REDUCTIONS[reduction](y[tuple(to)], updates[at])
    return y


def scatter_nd(x, indices, updates, reduction):
    y = x.copy()
    for at in np.ndindex(*indices.shape[:-1]):
        to = tuple(indices[at])
        y[to] = REDUCTIONS[reduction](y[to], updates[at])
    return y


def scatters():
    for reduction, dtype in itertools.product(REDUCTIONS, (np.float32, np.int32)):
        twice = reduction != "none"  # the order of equal indices matters only without a reduction
        x, label = draw(4, 5, dtype=dtype), f"{reduction}_{np.dtype(dtype)}"
        for axis in (0, 1):
            indices = np.array([[0, 2, -1], [0, -4, 1]] if twice else [[0, 2, -1], [1, -3, 2]])
            if axis == 1:
                indices = np.array([[0, 0, -1], [3, 3, -5]] if twice else [[0, 4, -2], [3, 1, -5]])
            updates = draw(2, 3, dtype=dtype)
            case(f"scatter_elements_{label}_{axis}", "ScatterElements", {"x": x, "i": indices, "u": updates}, axis=axis, reduction=reduction,
                 outputs={"y": scatter_elements(x, indices, updates, axis, reduction)}, opset=18)  # fmt: skip
        rows = np.array([[1], [-1], [1 if twice else 0]])
        places = np.array([[[1, 2], [0, -1]], [[1, 2] if twice else [3, 3], [2, 0]]])
        for shape, indices in (("rows", rows), ("places", places)):
            updates = draw(*indices.shape[:-1], *x.shape[indices.shape[-1] :], dtype=dtype)
            case(f"scatter_nd_{label}_{shape}", "ScatterND", {"x": x, "i": indices, "u": updates}, reduction=reduction,
                 outputs={"y": scatter_nd(x, indices, updates, reduction)}, opset=18, dims={"x": ["n", 5]})  # fmt: skip
    x = draw(3, 4)
    none = np.zeros((0, 4), np.int64)
    case("scatter_elements_empty", "ScatterElements", {"x": x, "i": none, "u": draw(0, 4)}, {"y": x})
    case("scatter_nd_empty", "ScatterND", {"x": x, "i": np.zeros((0, 1), np.int64), "u": draw(0, 4)}, {"y": x})


def top_k(x, k, axis, largest):
    order = np.argsort(-x.astype(np.float64) if largest else x, axis=axis, kind="stable")
    indices = np.take(order, range(k), axis=axis)
    return {"values": np.take_along_axis(x, indices, axis), "indices": indices}


def top_ks():
    for largest, axis in itertools.product((0, 1), (0, -1)):
        x = draw(6, 5).round()  # with ties
        case(f"top_k_{largest}_{axis % 2}", "TopK", {"x": x, "k": np.array([3])}, top_k(x, 3, axis, largest), constants=["k"], axis=axis, largest=largest)
    for dtype in (np.int64, np.int32, np.uint8):
        x = draw(2, 7, dtype=dtype)
        case(f"top_k_{np.dtype(dtype)}", "TopK", {"x": x, "k": np.array([7])}, top_k(x, 7, -1, 1), constants=["k"])
    x = draw(2, 4)
    case("top_k_zero", "TopK", {"x": x, "k": np.array([0])}, top_k(x, 0, -1, 1), constants=["k"])
    case("top_k_dynamic", "TopK", {"x": x, "k": np.array([2])}, top_k(x, 2, -1, 1), constants=["k"], dims={"x": ["a", "b"]})
    x = draw(2, 4)
    x[0] = [-np.inf, np.inf, -np.inf, 0]
    case("top_k_infinite", "TopK", {"x": x, "k": np.array([4])}, top_k(x, 4, -1, 1), constants=["k"])


# Reductions and running sums


def reductions():
    x = draw(2, 3)
    keep = {"ReduceL1": np.abs, "ReduceL2": np.abs, "ReduceSumSquare": np.square, "ReduceLogSum": np.log, "ReduceLogSumExp": np.array}
    for op in ("ReduceSum", "ReduceMax", "ReduceMean", "ReduceProd", *keep):
        given = np.abs(x) if op == "ReduceLogSum" else x
        case(f"{op}_noop", op, {"x": given}, {"y": keep.get(op, np.array)(given)}, noop_with_empty_axes=1)
        case(f"{op}_noop_empty", op, {"x": given, "axes": np.zeros(0, np.int64)}, {"y": keep.get(op, np.array)(given)},
             constants=["axes"], noop_with_empty_axes=1, keepdims=0)  # fmt: skip
    huge = np.array([[-np.inf, -np.inf], [np.inf, 1], [1000, 1000], [-np.inf, 3]], np.float32)
    wanted = np.array([-np.inf, np.inf, 1000 + np.log(2), 3], np.float32)
    case("log_sum_exp_infinite", "ReduceLogSumExp", {"x": huge, "axes": np.array([1])}, {"y": wanted}, constants=["axes"], keepdims=0)
    case("log_sum_exp_none", "ReduceLogSumExp", {"x": draw(2, 0), "axes": np.array([1])}, {"y": np.full(2, -np.inf, np.float32)}, constants=["axes"], keepdims=0)
    flags = np.array([[True, False], [False, False]])
    for op, fold in (("ReduceMax", np.max), ("ReduceMin", np.min)):
        case(f"{op}_bool", op, {"x": flags, "axes": np.array([1])}, {"y": fold(flags, 1)}, constants=["axes"], keepdims=0)
    ties = np.array([[2, 5, 5, 1], [0, 0, 0, 0]], np.float32)
    case("arg_max_last", "ArgMax", {"x": ties}, {"y": np.array([2, 3])}, axis=1, keepdims=0, select_last_index=1)
    case("arg_min_last", "ArgMin", {"x": ties}, {"y": np.array([[3], [3]])}, axis=-1, select_last_index=1, dims={"x": ["a", "b"]})


def cumulative():
    x = draw(3, 4, 2)
    wild = x.copy()
    wild[0, 1, 0], wild[1, 2, 1], wild[2, 3, 0] = np.inf, -np.inf, np.nan
    for (label, values), axis, exclusive, reverse in itertools.product((("", x), ("wild_", wild)), (0, 1, -1), (0, 1), (0, 1)):
        y = np.flip(values, axis) if reverse else values
        y = np.cumsum(y, axis, dtype=np.float64)
        if exclusive:
            y = np.roll(y, 1, axis)
            y[tuple(slice(None) if i != axis % 3 else 0 for i in range(3))] = 0
        y = (np.flip(y, axis) if reverse else y).astype(np.float32)
        case(f"cum_sum_{label}{axis % 3}{exclusive}{reverse}", "CumSum", {"x": values, "axis": np.array(axis)}, {"y": y}, constants=["axis"],
             exclusive=exclusive, reverse=reverse, dims={"x": ["a", "b", 2]})  # fmt: skip
    ids = draw(2, 9, dtype=np.int64)
    case("cum_sum_int64", "CumSum", {"x": ids, "axis": np.array(1, np.int32)}, {"y": np.cumsum(ids, 1)}, constants=["axis"], dims={"x": ["a", "b"]})
    case("cum_sum_vector", "CumSum", {"x": x[0, 0], "axis": np.array([0])}, {"y": np.cumsum(x[0, 0])}, constants=["axis"])


# Others


def einsums():
    for label, equation, shapes in (
        ("ellipsis_one", "...ij,...jk->...ik", [(1, 2, 3), (5, 3, 4)]), ("ellipsis_ranks", "...ij,jk->...ik", [(5, 2, 3), (3, 4)]),
        ("both_ones", "...ij,...jk->...ik", [(5, 1, 2, 3), (1, 6, 3, 4)]), ("label_one", "ij,jk->ik", [(2, 1), (3, 4)]),
        ("outer", "i,j->ij", [(3,), (4,)]), ("three", "ab,bc,cd->ad", [(2, 3), (3, 4), (4, 5)]), ("trace", "ii->", [(3, 3)]),
        ("implicit", "ba,bc", [(2, 3), (2, 4)]),
    ):  # fmt: skip
        operands = [draw(*shape) for shape in shapes]
        if label == "label_one":  # numpy broadcasts sizes of 1 here, too
            wanted = np.einsum(equation, np.repeat(operands[0], 3, 1), operands[1])
        else:
            wanted = np.einsum(equation, *operands)
        case(f"einsum_{label}", "Einsum", dict(zip("abc", operands)), {"y": wanted}, equation=equation)


def normalizations():
    x = draw(2, 3, 4).astype(np.float16)
    by_channel = {key: draw(3) ** 2 + 0.5 for key in ("scale", "bias", "mean", "var")}
    scale, bias, mean, var = (value[:, None] for value in by_channel.values())
    y = (x.astype(np.float32) - mean) / np.sqrt(var + 1e-5) * scale + bias
    case("batch_norm_mixed", "BatchNormalization", {"x": x, **by_channel}, {"y": y.astype(np.float16)}, opset=15, rtol=5e-3, atol=5e-3)
    wide = x.astype(np.float64)
    centre, spread = wide.mean(-1, keepdims=True), wide.var(-1, keepdims=True)
    case("layer_norm_moments", "LayerNormalization", {"x": x, "scale": np.ones(4, np.float16)},
         {"y": ((wide - centre) / np.sqrt(spread + 1e-5)).astype(np.float16), "mean": centre.astype(np.float32),
          "deviation": (1 / np.sqrt(spread + 1e-5)).astype(np.float32)}, rtol=5e-3, atol=5e-3, opset=17)  # fmt: skip
    x = draw(2, 4, 5)
    grouped = x.reshape(2, 2, -1)
    normal = ((grouped - grouped.mean(-1, keepdims=True)) / np.sqrt(grouped.var(-1, keepdims=True) + 1e-5)).reshape(x.shape)
    for opset, width in ((18, 2), (21, 4)):
        scale, bias = draw(width), draw(width)
        spread = lambda v: np.repeat(v, 4 // width)[:, None]
        case(f"group_norm_{opset}", "GroupNormalization", {"x": x, "scale": scale, "bias": bias}, num_groups=2, opset=opset,
             outputs={"y": normal * spread(scale) + spread(bias)})  # fmt: skip


def quantization():
    zeros = np.zeros((2, 3), np.float32)
    case("dynamic_quantize_zeros", "DynamicQuantizeLinear", {"x": zeros}, {"y": zeros.astype(np.uint8), "scale": np.float32(1), "zero": np.uint8(0)})
    q, scale = draw(7, dtype=np.int8), np.array([0.5, 2, 3, 0.25], np.float32)
    case("dequantize_blocks", "DequantizeLinear", {"q": q, "scale": scale}, {"y": q * np.repeat(scale, 2)[:7]}, axis=0, block_size=2)


def movement():
    x = draw(3, 1, 4)
    case("squeeze_dynamic", "Squeeze", {"x": x, "axes": np.array([1])}, {"y": x[:, 0]}, constants=["axes"], dims={"x": ["a", "b", "c"]})
    case("dropout_7", "Dropout", {"x": x}, {"y": x, "mask": np.ones_like(x)}, opset=7)
    y = draw(3, 5, 4)
    for label, dims in (("static", None), ("dynamic", ["a", "b", "c"])):
        for n, (start, end, step) in enumerate([(-1, -9, -1), (3, 0, -2), (9, -9, -3), (1, 9, 2), (0, 0, 1), (-2, 9, 1), (2, 2, -1)]):
            case(f"slice_{label}_{n}", "Slice", dict(x=y, s=np.array([start]), e=np.array([end]), a=np.array([1]), t=np.array([step])),
                 {"y": np.array([row[[i for i in range(5)][slice(start, None if step < 0 and end < -5 else end, step)]] for row in y]).reshape(3, -1, 4)},
                 constants=list("seat"), dims={"x": dims} if dims else {})  # fmt: skip
    none = draw(0, 2)
    for start in (0, 3, -1, 2**31 - 1):
        case(f"slice_none_{abs(start)}", "Slice", dict(x=none, s=np.array([start]), e=np.array([-(2**31)]), a=np.array([0]), t=np.array([-1])),
             {"y": none}, constants=list("seat"), dims={"x": ["n", 2]} if start >= 0 else {})  # fmt: skip
    line = draw(1, 4)
    case("expand_names", "Expand", {"x": line, "s": np.array([3, 1])}, {"y": np.repeat(line, 3, 0)}, constants=["s"], dims={"x": [1, "n"]})
    hot = np.array([0, -1, 7, 2], np.int8)
    wanted = np.where(np.arange(3)[:, None] == np.where(hot < 0, hot + 3, hot), 5, -5).astype(np.int32)
    case("one_hot_int8", "OneHot", {"i": hot, "depth": np.float32(3), "values": np.array([-5, 5], np.int32)}, {"y": wanted}, constants=["depth", "values"], axis=0)
    many = np.array([1, -128, 100, 127], np.int8)
    wanted = (np.arange(300) == np.where(many < 0, many.astype(np.int64) + 300, many)[:, None]).astype(np.float32)
    case("one_hot_deep", "OneHot", {"i": many, "depth": np.int64(300), "values": np.array([0, 1], np.float32)}, {"y": wanted}, constants=["depth", "values"])
    data, at = draw(3, 4, 2), draw(3, 2, 2, dtype=np.int64) % 4 - 2
    case("gather_elements", "GatherElements", {"x": data, "i": at}, {"y": np.take_along_axis(data, at, 1)}, axis=1, dims={"x": ["a", "b", 2]})


def main():
    folder = Path(sys.argv[1]) / "operators"
    folder.mkdir(parents=True)
    manifest = "name\trtol\tatol\n"
    for collect in (convs, transposed_convs, pools, resizes, pads, scatters, top_ks, reductions, cumulative, einsums, normalizations, quantization, movement):
        CASES.clear()
        collect()
        groups = {}
        for one in CASES:
            groups.setdefault((one.opset, one.domain, one.rtol), []).append(one)
        for i, group in enumerate(groups.values()):
            manifest += write(folder, f"{collect.__name__}_{i}", group)
    (folder / "MANIFEST.tsv").write_text(manifest)


if __name__ == "__main__":
    main()
