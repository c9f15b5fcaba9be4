# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""com.microsoft GroupQueryAttention with rows of different lengths, against numpy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HEADS, KV_HEADS, SIZE = 4, 2, 8


def expected(q, k, v, past_k, past_v, seqlens, length, window):
    """Row by row, as the operator's documentation says; `length` is that of the present."""
    batch, seq = q.shape[:2]
    split = lambda x, heads: x.reshape(batch, seq, heads, SIZE).transpose(0, 2, 1, 3)
    q, k, v = split(q, HEADS), split(k, KV_HEADS), split(v, KV_HEADS)
    keys = np.zeros((batch, KV_HEADS, length, SIZE), np.float32)
    values = np.zeros_like(keys)
    if length == past_k.shape[2]:  # one buffer: what is not written stays
        keys[:], values[:] = past_k, past_v
    out = np.zeros((batch, HEADS, seq, SIZE))
    for b in range(batch):
        start = max(0, seqlens[b] + 1 - seq)
        keys[b, :, :start], values[b, :, :start] = past_k[b, :, :start], past_v[b, :, :start]
        keys[b, :, start : start + seq], values[b, :, start : start + seq] = k[b], v[b]
        for h in range(HEADS):
            kv = h // (HEADS // KV_HEADS)
            for i in range(seq):
                end = min(start + i + 1, seqlens[b] + 1)  # a padded query sees the keys of its row
                first = max(0, end - window) if window > 0 else 0
                scores = keys[b, kv, first:end].astype(np.float64) @ q[b, h, i] / np.sqrt(SIZE)
                weights = np.exp(scores - scores.max())
                out[b, h, i] = weights / weights.sum() @ values[b, kv, first:end]
    return out.transpose(0, 2, 1, 3).reshape(batch, seq, HEADS * SIZE).astype(np.float32), keys, values


def check(folder: Path, name: str, shared: bool, past: int, seq: int, seqlens: list[int], window: int) -> None:
    rng = np.random.default_rng(past + seq)
    batch = len(seqlens)
    draw = lambda *shape: rng.standard_normal(shape, np.float32)
    inputs = {
        "q": draw(batch, seq, HEADS * SIZE),
        "k": draw(batch, seq, KV_HEADS * SIZE),
        "v": draw(batch, seq, KV_HEADS * SIZE),
        "past_k": draw(batch, KV_HEADS, past, SIZE),
        "past_v": draw(batch, KV_HEADS, past, SIZE),
        "seqlens": np.array(seqlens, np.int32),
        "total": np.array(max(seqlens) + 1, np.int32),
    }
    dims = {"q": ["b", "s", None], "k": ["b", "s", None], "v": ["b", "s", None], "seqlens": ["b"], "total": []}
    dims |= {key: ["b", KV_HEADS, "past", SIZE] for key in ("past_k", "past_v")}
    infos = [
        helper.make_tensor_value_info(
            key,
            onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[value.dtype],
            [size if dim is None else dim for dim, size in zip(dims[key], value.shape)],
        )
        for key, value in inputs.items()
    ]
    present = ["b", KV_HEADS, "past" if shared else "all", SIZE]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", "s", HEADS * SIZE])]
    outputs += [helper.make_tensor_value_info(key, TensorProto.FLOAT, present) for key in ("key", "value")]
    node = helper.make_node(
        "GroupQueryAttention", list(inputs), ["y", "key", "value"], domain="com.microsoft",
        num_heads=HEADS, kv_num_heads=KV_HEADS, local_window_size=window,
    )  # fmt: skip
    graph = helper.make_graph([node], name, infos, outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), folder / f"{name}.onnx")
    data = folder / name
    data.mkdir()
    results = expected(*list(inputs.values())[:6], past if shared else past + seq, window)
    for role, tensors in (("input", inputs.values()), ("output", results)):
        for i, tensor in enumerate(tensors):
            (data / f"{role}_{i}.pb").write_bytes(numpy_helper.from_array(tensor).SerializeToString())
    artefact = folder / f"{name}.so"
    subprocess.run(["compile-model", folder / f"{name}.onnx", "-o", artefact], check=True)
    subprocess.run(["run-model", artefact, "--test-dir", data, "--rtol", "1e-6"], check=True)


def main() -> None:
    folder = Path(sys.argv[1])
    for shared in (True, False):
        kind = "shared" if shared else "separate"
        check(folder, f"{kind}_token", shared, past=9, seq=1, seqlens=[4, 8, 0], window=-1)
        check(folder, f"{kind}_tokens", shared, past=9, seq=3, seqlens=[5, 8, 2], window=4)
        check(folder, f"{kind}_row", shared, past=9, seq=2, seqlens=[8 if shared else 10], window=-1)
    check(folder, "shared_prompt", True, past=9, seq=5, seqlens=[4, 2], window=-1)
    check(folder, "separate_prompt", False, past=0, seq=5, seqlens=[4, 2], window=-1)


if __name__ == "__main__":
    main()
