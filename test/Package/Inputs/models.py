"""models.py FOLDER [WIDTH]: writes affine.onnx (y = x w + b), hidden.onnx (the same in two steps) and unsupported.onnx."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
width = int(sys.argv[2]) if len(sys.argv) > 2 else 64
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])


def save(name, nodes, **weights):
    initializers = [numpy_helper.from_array(value.astype(np.float32), key) for key, value in weights.items()]
    graph = helper.make_graph(nodes, name, [x], [y], initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/{name}.onnx")


add = helper.make_node("Add", ["xw", "b"], ["y"], name="add")
save("affine", [helper.make_node("MatMul", ["x", "w"], ["xw"], name="matmul"), add], w=2 * np.eye(width), b=np.ones(width))
save("hidden", [helper.make_node("Gemm", ["x", "u"], ["h"], name="first"), helper.make_node("MatMul", ["h", "w"], ["xw"], name="second"), add],
     u=4 * np.eye(width), w=0.5 * np.eye(width), b=np.ones(width))
save("unsupported", [helper.make_node("NoSuchOp", ["x"], ["h"], name="first", domain="com.example"),
                     helper.make_node("NorThis", ["h"], ["y"], name="second", domain="com.example")])
