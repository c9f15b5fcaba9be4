# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""control_flow.py FOLDER: If, Loop, Scan and recurrent cells with numpy's results, as a suite of test/Conformance; wrong ones fail with a message."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

RNG = np.random.default_rng(0)
HEADER = '<ir_version: 8, opset_import: ["" : 17]>\n'


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def write(folder, name, text, inputs, outputs):
    files = folder / name / "test_data_set_0"
    files.mkdir(parents=True)
    model = text if isinstance(text, onnx.ModelProto) else parser.parse_model(HEADER + text)
    onnx.save(model, folder / name / "model.onnx")
    for role, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            (files / f"{role}_{i}.pb").write_bytes(numpy_helper.from_array(np.array(value, order="C")).SerializeToString())
    return f"{name}\t1e-5\t1e-6\n"


# A condition that only a run knows: both results are there, and the same artefact gives either.
IF = """chosen (bool c, float[n, 3] x) => (float[n, 3] y, float[n] z) {
  y, z = If (c) <then_branch = yes () => (float[n, 3] a, float[n] s) { a = Neg(x)  s = ReduceSum <keepdims = 0> (a, axis) },
                 else_branch = no () => (float[n, 3] b, float[n] t) { b = Exp(x)  t = ReduceMax <axes = [1], keepdims = 0> (b) }>
}"""

# x doubles until its sum is above 9; the states change places in every step.
EARLY = """early (int64 most, float[n] x, float[n] y) => (float[n] p, float[n] q) {
  p, q = Loop (trips, yes, x, y) <body = step (int64 i, bool go, float[n] a, float[n] b) => (bool on, float[n] c, float[n] d) {
    d = Add(a, a)  c = Identity(b)  sum = ReduceSum <keepdims = 0> (d)  on = Less(sum, limit)
  }>
}"""

# As many steps as rows; step i adds i to the state and stacks its square.
STACKED = """stacked (float[n, 2] x) => (float[2] last, float[n, 2] squares) {
  shape = Shape(x)  zero = Constant <value = int64 {0}> ()  n = Gather(shape, zero)
  last, squares = Loop (n, , start) <body = step (int64 i, bool go, float[2] s) => (bool on, float[2] t, float[2] u) {
    on = Identity(go)  row = Gather(x, i)  f = Cast <to = 1> (i)  r = Add(s, row)  t = Add(r, f)  u = Mul(t, t)
  }>
}"""

# Down the columns of x and up those of y; the second output is stacked behind, and backwards.
SCAN = """scanned (float[b, n] x, float[b, n] y) => (float[b] last, float[n, b] sums, float[b, n] products) {
  last, sums, products = Scan (start, x, y)
    <num_scan_inputs = 2, scan_input_axes = [1, 1], scan_input_directions = [0, 1], scan_output_axes = [0, -1], scan_output_directions = [0, 1],
     body = step (float[b] s, float[b] u, float[b] v) => (float[b] t, float[b] sum, float[b] product) {
       w = Add(s, u)  t = Tanh(w)  sum = Add(t, v)  product = Mul(u, v)
     }>
}"""


def with_weights(text, **weights):
    model = parser.parse_model(HEADER + text)
    for name, value in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    return model


def control_flow(folder):
    lines, x = [], draw(4, 3)
    model = with_weights(IF, axis=np.array([1]))
    for c in (True, False):
        y = -x if c else np.exp(x)
        lines.append(write(folder, f"if_{c}", model, [np.array(c), x], [y, y.sum(1) if c else y.max(1)]))
    for n in (0, 5):
        a, b = np.abs(draw(n)) + 0.1, np.abs(draw(n)) + 0.1
        model = with_weights(EARLY.replace("int64 most, ", ""), trips=np.array(6), yes=np.array(True), limit=np.float32(9))
        p, q, on = a, b, True
        for _ in range(6):
            if on:
                p, q = q, p + p
                on = q.sum() < 9
        lines.append(write(folder, f"early_{n}", model, [a, b], [p, q]))
        x, s, squares = draw(n + 1, 2), draw(2), np.zeros((n + 1, 2), np.float32)
        model = with_weights(STACKED, start=s)
        for i in range(n + 1):
            s = s + x[i] + np.float32(i)
            squares[i] = s * s
        lines.append(write(folder, f"stacked_{n}", model, [x], [s, squares]))
        x, y, s = draw(2, n), draw(2, n), draw(2)
        model = with_weights(SCAN.replace("b]", "2]").replace("[b", "[2").replace("[n, b", "[n, 2"), start=s)
        sums, products = np.zeros((n, 2), np.float32), np.zeros((2, n), np.float32)
        for i in range(n):
            s = np.tanh(s + x[:, i])
            sums[i] = s + y[:, n - 1 - i]
            products[:, n - 1 - i] = x[:, i] * y[:, n - 1 - i]
        lines.append(write(folder, f"scan_{n}", model, [x, y], [s, sums, products]))
    return lines


# RNN, GRU and LSTM as https://onnx.ai/onnx/operators writes them, one direction at a time.


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, r, bias, h, c, p):
    k = h.shape[-1]
    i, o, f, g = np.split(x @ w.T + h @ r.T + bias[: 4 * k] + bias[4 * k :], 4, -1)
    i, f = sigmoid(i + p[:k] * c), sigmoid(f + p[2 * k :] * c)
    c = f * c + i * np.tanh(g)
    return sigmoid(o + p[k : 2 * k] * c) * np.tanh(c), c


def gru(x, w, r, bias, h, linear):
    k = h.shape[-1]
    wz, wr, wn = np.split(x @ w.T + bias[: 3 * k], 3, -1)
    rz, rr, rn = np.split(r, 3)
    bz, br, bn = np.split(bias[3 * k :], 3)
    z, reset = sigmoid(wz + h @ rz.T + bz), sigmoid(wr + h @ rr.T + br)
    n = np.tanh(wn + (reset * (h @ rn.T + bn) if linear else (reset * h) @ rn.T + bn))
    return ((1 - z) * n + z * h,)


def run(step, x, lengths, states, backwards):
    y = np.zeros(x.shape[:2] + states[0].shape[-1:], np.float32)
    for row, length in enumerate(lengths):
        now = tuple(s[row] for s in states)
        for t in reversed(range(length)) if backwards else range(length):
            now = step(x[t, row], *now)
            y[t, row] = now[0]
        for s, value in zip(states, now):
            s[row] = value
    return y


def cell(folder, kind, n, batch, attributes, linear=False, layout=0):
    k, width, gates = 5, 3, {"GRU": 3, "LSTM": 4}[kind]
    x, w, r, bias = draw(n, batch, width), draw(2, gates * k, width), draw(2, gates * k, k), draw(2, 2 * gates * k)
    lengths = np.array([n] + [max(n - 2, 0)] * (batch - 1), np.int32)
    h, c, p = draw(2, batch, k), draw(2, batch, k), draw(2, 3 * k)
    inputs, states, ys = [x, lengths, h] + [c] * (kind == "LSTM"), [], []
    for d in (0, 1):
        now = [s[d].copy() for s in ([h, c] if kind == "LSTM" else [h])]
        step = (lambda x, h, c: lstm(x, w[d], r[d], bias[d], h, c, p[d])) if kind == "LSTM" else (lambda x, h: gru(x, w[d], r[d], bias[d], h, linear))
        ys.append(run(step, x, lengths, now, d == 1))
        states.append(now)
    swap = lambda value, *perm: value.transpose(perm) if layout else value
    outputs = [swap(np.stack(ys, 1), 2, 0, 1, 3)] + [swap(np.stack([s[i] for s in states]), 1, 0, 2) for i in range(len(states[0]))]
    inputs = [swap(inputs[0], 1, 0, 2), lengths] + [swap(s, 1, 0, 2) for s in inputs[2:]]
    names = ["x", "w", "r", "b", "lengths", "h"] + ["c", "p"] * (kind == "LSTM")
    results = ["y", "yh", "yc"][: len(outputs)]
    axes = {"x": ["b", "n", width] if layout else ["n", "b", width], "lengths": ["b"], "h": ["b", 2, k] if layout else [2, "b", k]}
    axes["c"] = axes["h"]
    given = [name for name in names if name not in "wrbp"]
    info = [helper.make_tensor_value_info(name, 6 if name == "lengths" else 1, axes[name]) for name in given]
    node = helper.make_node(kind, names, results, direction="bidirectional", layout=layout, **attributes)
    made = [helper.make_tensor_value_info(name, 1, [None] * value.ndim) for name, value in zip(results, outputs)]
    weights = [numpy_helper.from_array(value, name) for name, value in zip("wrbp", (w, r, bias, p)) if name in names]
    model = helper.make_model(helper.make_graph([node], kind, info, made, weights), opset_imports=[helper.make_opsetid("", 17)])
    return write(folder, f"{kind}_{n}_{batch}_{layout}", model, inputs, outputs)


# What cannot be compiled, with a part of the message.
BAD = {
    "type": (IF.replace("float[n] t", "int64[n] t").replace("t = ReduceMax <axes = [1], keepdims = 0> (b)", "t = Cast <to = 7> (x)"),
             "results have one element type and rank"),
    "trips": (EARLY.replace("trips", "most"), "--constant 'most=VALUE' fixes that input"),
    "grows": (STACKED.replace("t = Add(r, f)", "t = Concat <axis = 0> (r, r)"), "equal sizes"),
    "shape": (SCAN.replace("t = Tanh(w)  sum = Add(t, v)", "t = Cast <to = 11> (w)  sum = Add(w, v)"), "each step to carry tensors of the types"),
    "inputs": (SCAN.replace("num_scan_inputs = 2", "num_scan_inputs = 9"), "num_scan_inputs in [1, 3], got 9"),
    "axes": (SCAN.replace("scan_input_axes = [1, 1]", "scan_input_axes = [1]"), "2 values in attribute 'scan_input_axes', got 1"),
    "stack": (STACKED.replace("on = Identity(go)", "limit = Constant <value = float {9}> () sum = ReduceSum <keepdims = 0> (row) on = Less(sum, limit)"),
              "a condition that is always true"),
    "graph": (IF.replace("else_branch", "other_branch"), "expects a graph 'else_branch'"),
    "body": (STACKED.replace("t = Add(r, f)", "t = Nothing(r)"), "Nothing (opset 17) is not supported"),
}  # fmt: skip


def main():
    folder = Path(sys.argv[1]) / "control_flow"
    folder.mkdir(parents=True)
    lines = control_flow(folder)
    for n, batch, layout in ((6, 3, 0), (1, 2, 1)):
        lines.append(cell(folder, "LSTM", n, batch, {"hidden_size": 5}, layout=layout))
        lines.append(cell(folder, "GRU", n, batch, {"hidden_size": 5, "linear_before_reset": layout}, linear=bool(layout), layout=layout))
    (folder / "MANIFEST.tsv").write_text("name\trtol\tatol\n" + "".join(lines))
    weights = {"axis": np.array([1]), "trips": np.array(6), "yes": np.array(True), "limit": np.float32(9), "start": draw(2)}
    for name, (text, message) in BAD.items():
        path = folder / f"{name}.onnx"
        onnx.save(with_weights(text, **{key: value for key, value in weights.items() if key in text}), path)
        result = subprocess.run(["compile-model", path, "-o", path.with_suffix(".so")], capture_output=True, text=True)
        print(name, result.stderr)
        if result.returncode != 2 or message not in result.stderr or result.stderr.count("error: node") != 1:
            sys.exit(f"{name}: expects one error with '{message}', got exit code {result.returncode}")


if __name__ == "__main__":
    main()
