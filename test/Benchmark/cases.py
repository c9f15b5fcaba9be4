# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is measured: one row per piece of work, with its peers and the ratio that is wanted.

A case makes its ONNX file in the work folder (once) and says with which sizes it runs."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
FLOAT = TensorProto.FLOAT


@dataclass(frozen=True)
class Case:
    """One row of the table. `must` are the wanted speed-ups by peer, or the share of a burst ("fma", "read")."""

    name: str
    group: str
    make: Callable[[Path], Path]  # (work folder) -> the ONNX file
    dims: dict[str, int]
    must: dict[str, float]
    peers: dict[str, Callable[[Path], str]] = field(default_factory=dict)  # beside onnxruntime: name -> command
    flop: float = 0
    bytes: float = 0
    threads: tuple[int, ...] = (1, 2)
    onnxruntime: bool = True
    compute: str = "f32"  # of compile-model; peers compute in f32


def save(path: Path, nodes, inputs, outputs, weights=()) -> Path:
    def values(tensors):
        return [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in tensors.items()]

    graph = helper.make_graph(nodes, path.stem, values(inputs), values(outputs), list(weights))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


# Products with a constant weight -----------------------------------------------------------------------------------------


def weight(k: int, n: int) -> np.ndarray:
    return np.random.default_rng(k * n).standard_normal((k, n), np.float32)


def gemm(m: int, n: int, k: int, must: dict[str, float], group: str, libraries: bool = False, **more) -> Case:
    def make(work: Path) -> Path:
        w = weight(k, n)
        w.tofile(work / f"gemm-{n}x{k}.bin")
        node = helper.make_node("MatMul", ["a", "w"], ["y"])
        return save(work / f"gemm-{n}x{k}.onnx", [node], {"a": ["m", k]}, {"y": ["m", n]}, [numpy_helper.from_array(w, "w")])

    def peer(library: str):
        return lambda work: f"{work}/gemm_peer {library} {work}/gemm-{n}x{k}.bin {k} {n}"

    peers = {"onednn": peer("onednn"), "openblas": peer("openblas")} if libraries else {}
    return Case(f"GEMM {m}x{n}x{k}", group, make, {"m": m}, must, peers, flop=2.0 * m * n * k, **more)


# Attention ---------------------------------------------------------------------------------------------------------------


def attention(seq: int, heads: int = 12, d: int = 64) -> Case:
    """softmax(q kᵀ / √d) v as exporters write it."""

    def make(work: Path) -> Path:
        nodes = [
            helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
            helper.make_node("MatMul", ["q", "kt"], ["scores"]),
            helper.make_node("Div", ["scores", "root"], ["scaled"]),
            helper.make_node("Softmax", ["scaled"], ["p"], axis=-1),
            helper.make_node("MatMul", ["p", "v"], ["y"]),
        ]
        shape = [1, heads, "seq", d]
        root = numpy_helper.from_array(np.array(np.sqrt(d), np.float32), "root")
        return save(work / "attention.onnx", nodes, {name: shape for name in "qkv"}, {"y": shape}, [root])

    return Case(f"attention {heads}x{d}, seq {seq}", "attention", make, {"seq": seq}, {"onnxruntime": 1.5, "torch": 1.5},
                {"torch": lambda work: f"{sys.executable} {HERE}/attention_peer.py"}, flop=4.0 * heads * seq * seq * d)


# Whole models, exported by torch -----------------------------------------------------------------------------------------


def model(title: str, export: str, dims: dict[str, int], must: float, group: str, **more) -> Case:
    def make(work: Path) -> Path:
        path = work / f"{export}.onnx"
        if not path.exists():
            subprocess.run([sys.executable, HERE.parent / "Models/export.py", work, "--full", "--only", export], check=True,
                           stdout=subprocess.DEVNULL)
        return path

    return Case(title, group, make, dims, {"onnxruntime": must}, **more)


def open_sizes(title: str, export: str, **dims: int) -> Case:
    """An artefact for all sizes beside one compiled for these: at most 5 % slower."""

    def fixed(work: Path) -> str:
        artefact = work / f"{export}-{'-'.join(map(str, dims.values()))}.so"
        sizes = [f"--dim={name}={size}" for name, size in dims.items()]
        subprocess.run(["compile-model", work / f"{export}.onnx", "-o", artefact, *sizes], check=True)
        return str(artefact)

    case = model(title, export, dims, 0, "open sizes", peers={"tilewright": fixed}, threads=(1,), onnxruntime=False)
    return replace(case, must={"tilewright": 0.95})


def has_cpu_feature(name: str) -> bool:
    return name in Path("/proc/cpuinfo").read_text().split()


def rounded(case: Case, compute: str, must: float, **more) -> Case:
    """The f32 model compiled with --compute."""
    return replace(case, name=f"{case.name}, {compute}", group=f"computed in {compute}", must={"onnxruntime": must}, compute=compute, **more)


def layers(count: int, seq: int, width: int, hidden: int, matrices: int = 2) -> float:
    """FLOPs of transformer layers: projections, scores (of causal models, too, in full), a feed-forward of `matrices` matrices."""
    return count * 2.0 * seq * (4 * width * width + 2 * seq * width + matrices * width * hidden)


def bert(seq: int, must: float, group: str) -> Case:
    return model(f"BERT-base, seq {seq}", "bert-base", {"batch": 1, "seq": seq}, must, group, flop=layers(12, seq, 768, 3072))


def small(width: int, seq: int) -> Case:
    return model(f"BERT, width {width}, seq {seq}", f"bert-{width}", {"batch": 1, "seq": seq}, 2, "small models",
                 flop=layers(4, seq, width, 4 * width))


GPT2_WEIGHTS = 4 * (12 * (12 * 768 * 768) + 50257 * 768)
GPT2_CACHE = 4 * 12 * 2 * 768  # per token of the past

GPT2_STEP = model("GPT-2, one token after 512", "gpt2-small", {"batch": 1, "seq": 1, "past": 512}, 1.0, "decoding",
                  bytes=GPT2_WEIGHTS + 512 * GPT2_CACHE)

CASES = (
    gemm(126, 64, 768, {"fma": 0.95}, "micro-kernel", threads=(1,), onnxruntime=False),
    gemm(128, 3072, 768, {"onnxruntime": 1.10, "onednn": 1.05, "openblas": 1.5}, "products", libraries=True),
    gemm(128, 768, 3072, {"onnxruntime": 1.10, "onednn": 1.05, "openblas": 1.5}, "products", libraries=True),
    *(gemm(m, 3072, 768, {"onnxruntime": 1.5}, "few rows") for m in (1, 4, 16)),
    bert(128, 1.15, "BERT"),
    bert(512, 1.3, "large models"),
    model("ViT-B/16", "vit-base", {"batch": 1}, 1.3, "large models", flop=layers(12, 197, 768, 3072) + 2.0 * 196 * 768 * 768),
    model("GPT-2, prefill 128", "gpt2-small", {"batch": 1, "seq": 128, "past": 0}, 1.3, "large models",
          flop=layers(12, 128, 768, 3072) + 2.0 * 128 * 768 * 50257),
    model("T5-small encoder, seq 128", "t5-encoder-small", {"batch": 1, "encoder_seq": 128}, 1.3, "large models",
          flop=layers(6, 128, 512, 2048)),
    model("Whisper-tiny encoder", "whisper-tiny-encoder", {"batch": 1}, 1.3, "large models",
          flop=layers(4, 1500, 384, 1536) + 2.0 * 384 * 3 * (3000 * 80 + 1500 * 384)),
    model("Llama-160M, prefill 128", "llama-160m", {"batch": 1, "seq": 128, "past": 0}, 1.3, "large models",
          flop=layers(12, 128, 768, 3072, matrices=3) + 2.0 * 128 * 768 * 32000),
    *(small(width, seq) for width in (64, 128, 256, 384) for seq in (16, 64)),
    *(open_sizes(f"BERT-base, batch {batch}, seq {seq}", "bert-base", batch=batch, seq=seq) for batch, seq in ((1, 128), (8, 16))),
    *(open_sizes(f"BERT, width 64, batch {batch}, seq {seq}", "bert-64", batch=batch, seq=seq) for batch, seq in ((1, 16), (1, 64), (8, 64))),
    open_sizes("GPT-2, prefill 128", "gpt2-small", batch=1, seq=128, past=0),
    open_sizes("GPT-2, one token after 512", "gpt2-small", batch=1, seq=1, past=512),
    attention(512),
    attention(2048),
    # The bar is for AMX. vdpbf16ps counts twice as many FLOP as an FMA at best.
    *(rounded(bert(seq, 0, ""), "bf16", 6 if has_cpu_feature("amx_bf16") else 2) for seq in (128, 512)),
    GPT2_STEP,
    rounded(GPT2_STEP, "bf16", 2, bytes=GPT2_WEIGHTS / 2 + 512 * GPT2_CACHE),
)
