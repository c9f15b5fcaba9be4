# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""bad_nodes.py FOLDER: nodes whose sizes, axes, types or attributes cannot be are errors that name node and cause; none stops the others."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


class Constant:
    def __init__(self, values, dtype=np.int64):
        self.value = np.array(values, dtype)


x, image = zeros(2, 3), zeros(1, 1, 4, 4)
scales = lambda *values: Constant(values, np.float32)
TOO_LARGE, NEGATIVE = "tensor that fits into memory, got", "sizes of at least 0"
WINDOW = "kernel sizes, strides and dilations of at least 1, and pads of at least 0"
BAD = [  # operator, inputs, part of the message, attributes
    ("OneHot", [Constant([1]), Constant([3]), Constant([1], np.float32)], "within a dimension of 1", {}),
    ("OneHot", [Constant([1]), Constant([3]), Constant(1, np.float32)], "rank 1 or more", {}),
    ("OneHot", [Constant([1]), Constant([-3]), scales(0, 1)], NEGATIVE, {}),
    ("ConstantOfShape", [Constant([-5])], NEGATIVE, {}),
    ("ConstantOfShape", [Constant([2**32, 2**32])], TOO_LARGE, {}),
    ("Reshape", [x, Constant([-2, -3])], NEGATIVE, {}),
    ("Expand", [x, Constant([-5, 1, 1])], NEGATIVE, {}),
    ("Tile", [x, Constant([-1, 2])], NEGATIVE, {}),
    ("Tile", [x, Constant([2**61, 2**61])], TOO_LARGE, {}),
    ("Split", [x, Constant([-1])], "within a dimension of 2", {}),
    ("Transpose", [Constant([[1, 2], [3, 4]])], "permutation", {"perm": [0, 0]}),
    ("Pad", [x, Constant([2**62] * 4)], TOO_LARGE, {}),
    ("Pad", [x, Constant([-9, 0, 0, 0])], "at least 9, got 2", {}),
    ("DepthToSpace", [zeros(1, 4, 2, 2)], NEGATIVE, {"blocksize": -2}),
    ("MaxPool", [image], WINDOW, {"kernel_shape": [2, 2], "strides": [0, 0], "auto_pad": "SAME_UPPER"}),
    ("MaxPool", [image], WINDOW, {"kernel_shape": [2, 2], "pads": [-1] * 4}),
    ("AveragePool", [image], WINDOW, {"kernel_shape": [2, 2], "dilations": [0, -1]}),
    ("LpPool", [image], WINDOW, {"kernel_shape": [2**40, 2**40]}),
    ("Conv", [image, zeros(1, 1, 2, 2)], WINDOW, {"strides": [0, 0], "auto_pad": "SAME_LOWER"}),
    ("Conv", [image, zeros(1, 1, 0, 2)], WINDOW, {}),
    ("ConvTranspose", [image, zeros(1, 1, 2, 2)], "pads of at most dilation (kernel - 1) = 1", {"pads": [2, 0, 0, 0]}),
    ("ConvTranspose", [image, zeros(1, 1, 2, 2)], "2 values of at least 1 in attribute 'strides'", {"strides": [0, 1]}),
    ("ConvTranspose", [image, zeros(1, 1, 2, 2)], "does not support attribute 'output_shape'", {"output_shape": [4, 4]}),
    ("ConvTranspose", [image, zeros(1, 1, 2)], "a filter of its rank", {}),
    ("BitShift", [Constant([1]), Constant([1])], "expects unsigned integers", {"direction": "LEFT"}),
    ("ReverseSequence", [zeros(2, 3), zeros(2, dtype=np.int64)], "a vector of lengths", {"time_axis": 2}),
    ("LSTM", [zeros(1, 1, 2), zeros(1, 8, 2), zeros(1, 8, 2)], "does not support activation 'scaledtanh'", {"activations": ["ScaledTanh", "Tanh", "Tanh"], "hidden_size": 2}),
    ("GRU", [zeros(1, 2), zeros(1, 6, 2), zeros(1, 6, 2)], "an input of rank 3", {"hidden_size": 2}),
    ("ConvInteger", [zeros(dtype=np.uint8)] * 2, "filter of rank 3 or more", {}),
    ("GlobalMaxPool", [zeros(2)], "got rank 1", {}),
    ("BatchNormalization", [zeros()] + [zeros(2)] * 4, "got rank 0", {}),
    ("InstanceNormalization", [zeros(2), zeros(2), zeros(2)], "got rank 1", {}),
    ("GroupNormalization", [zeros(2, 4, 3), zeros(4), zeros(4)], "multiple of 3", {"num_groups": 3}),
    ("GroupNormalization", [zeros(2, 4, 3), zeros(4), zeros(4)], NEGATIVE, {"num_groups": -2}),
    ("RotaryEmbedding", [zeros(1, 2, 3, 4), zeros(), zeros(), zeros(1, 3, dtype=np.int64)], "rank 1 or more", {}),
    ("Attention", [zeros(1, 2, 3, 4)] * 3 + [None] * 3 + [zeros(dtype=np.int64)], "rank 1 or more", {"is_causal": 1}),
    ("TensorScatter", [zeros(1, 2, 3), zeros(1, 1, 3), zeros(dtype=np.int64)], "write_indices [batch]", {"axis": 1}),
    ("LinearAttention", [zeros(1, 2)] * 3, "heads that divide", {"q_num_heads": 1, "kv_num_heads": 1, "update_rule": "linear"}),
    ("And", [Constant([1, 1], np.float32)] * 2, "elements of i1", {}),
    ("Sqrt", [Constant([1, 2])], "sqrt of floats", {}),
    ("Exp", [Constant([True], np.bool_)], "exp of floats", {}),
    ("Less", [Constant([1]), scales(1)], "one element type", {}),
    ("Where", [Constant([1]), Constant([1]), Constant([2])], "condition of bool", {}),
    ("Range", [Constant(0, np.float32), Constant(5, np.float32), Constant(0, np.float32)], TOO_LARGE, {}),
    ("Gather", [x, Constant([9])], "indices in [-2, 2), got 9", {}),
    ("TopK", [x, Constant([-1])], NEGATIVE, {}),
    ("TopK", [x, Constant([9])], "at least 9, got 3", {}),
    ("Resize", [image, None, None, Constant([1, 1, -4, 4])], NEGATIVE, {"mode": "cubic"}),
    ("Resize", [zeros(1, 1, 0, 2), None, None, Constant([1, 1, 4, 4])], "at least 1, got 0", {}),
    ("Resize", [image, None, scales(1, 1, 1e-3, 1)], "at most 512 elements", {"mode": "linear", "antialias": 1}),
    ("Resize", [image, None, scales(1, 1, 2, 2)], "'coordinate_transformation_mode' to be one of", {"coordinate_transformation_mode": "no"}),
    ("com.microsoft.MatMulNBits", [zeros(1, 16), zeros(2, dtype=np.uint8), zeros(1)], "got 2 and 8", {"K": 16, "N": 1, "block_size": 16}),
    ("com.microsoft.RotaryEmbedding", [zeros(1, 3, 4), zeros(1, 3, dtype=np.int64), zeros(4, 0), zeros(4, 0)], "tables [positions, size]", {}),
    ("com.microsoft.MultiHeadAttention", [zeros()] * 3, "expects a query", {"num_heads": 2}),
    ("com.microsoft.EmbedLayerNormalization", [zeros(1, 1, dtype=np.int32)] * 2 + [zeros()] * 5, "rank 1 or more", {}),
    ("com.microsoft.GroupQueryAttention", [zeros(1, 2, 4), None, None, None, None, zeros(1, dtype=np.int32), zeros(dtype=np.int32)],
     "packed query of 0 heads", {"num_heads": 0, "kv_num_heads": 0}),
]  # fmt: skip


def main():
    nodes, inputs, weights, outputs = [], [], [], []
    for i, (op, operands, _, attributes) in enumerate(BAD):
        domain, _, kind = op.rpartition(".")
        names = [f"n{i}.{k}" if operand is not None else "" for k, operand in enumerate(operands)]
        nodes.append(helper.make_node(kind, names, [f"n{i}.y"], domain=domain, name=f"n{i}", **attributes))
        outputs.append(onnx.ValueInfoProto(name=f"n{i}.y", type=onnx.TypeProto(tensor_type=onnx.TypeProto.Tensor(elem_type=1))))
        for name, operand in zip(names, operands):
            if isinstance(operand, Constant):
                weights.append(numpy_helper.from_array(operand.value, name))
            elif operand is not None:
                inputs.append(helper.make_tensor_value_info(name, onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[operand.dtype], operand.shape))
    opsets = [helper.make_opsetid("", 27), helper.make_opsetid("com.microsoft", 1)]
    folder = Path(sys.argv[1])
    folder.mkdir()
    onnx.save(helper.make_model(helper.make_graph(nodes, "bad", inputs, outputs, weights), opset_imports=opsets), folder / "bad.onnx")
    run = subprocess.run(["compile-model", folder / "bad.onnx", "-o", folder / "bad.so"], capture_output=True, text=True)
    print(run.stderr)
    lines = {i: line for i in range(len(BAD)) for line in run.stderr.splitlines() if f"error: node 'n{i}': {BAD[i][0]} (" in line}
    missing = [f"n{i} {op}: expects '{message}', got '{lines.get(i)}'" for i, (op, _, message, _) in enumerate(BAD) if message not in lines.get(i, "")]
    if run.returncode != 2 or missing:
        sys.exit("\n".join([f"exit code {run.returncode}", *missing]))


if __name__ == "__main__":
    main()
