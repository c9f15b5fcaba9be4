# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention of three inputs q, k, v [batch, heads, seq, d] in PyTorch, as a peer of bench-model (protocol: lib/Artefact/Peer.h)."""

import json
import math
import os
import sys
import time

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else two threads are slower than one
import torch


def attention(q, k, v):
    if hasattr(torch.nn.functional, "scaled_dot_product_attention"):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v


def main() -> None:
    inputs = result = None
    for line in sys.stdin:
        request = json.loads(line)
        with torch.inference_mode():
            if "inputs" in request:
                torch.set_num_threads(request["threads"])
                inputs = [torch.from_numpy(np.fromfile(i["file"], np.float32).reshape(i["dims"])) for i in request["inputs"]]
                answer = {"version": torch.__version__}
            elif "runs" in request:
                times, cpu = [], time.process_time_ns()
                for _ in range(request["runs"]):
                    start = time.perf_counter_ns()
                    result = attention(*inputs)
                    times.append(time.perf_counter_ns() - start)
                answer = {"nanoseconds": times, "cpu_nanoseconds": time.process_time_ns() - cpu}
            else:
                path = os.path.join(request["outputs"], "attention.bin")
                result.contiguous().numpy().tofile(path)
                answer = {"outputs": [{"name": "y", "type": "float32", "dims": list(result.shape), "file": path}]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
