"""Writes small ONNX files for the importer's tests: one function per file, named after what is special about it."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, initializers=(), opset=17, functions=(), extra_opsets=()):
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(initializers))
    opsets = [helper.make_opsetid("", opset), *extra_opsets]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions))


def relu():
    return model([helper.make_node("Relu", ["x"], ["y"], name="r")], [value("x", ["batch", 4])], [value("y", ["batch", 4])])


def weights():
    """One small and one large initialiser, a large Constant, a large int64 one kept as packed varints."""
    big = numpy_helper.from_array(np.arange(4096, dtype=np.float32).reshape(64, 64), "big")
    typed = helper.make_tensor("typed", TensorProto.INT64, [1024], list(range(-512, 512)))
    floats = helper.make_tensor("floats", TensorProto.FLOAT, [1025], [0.5] * 1025)
    small = numpy_helper.from_array(np.array([1.5], dtype=np.float32), "small")
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.ones((64, 64), np.float32), "c"))
    nodes = [constant, helper.make_node("Sum", ["x", "big", "c", "small"], ["y"], name="s"),
             helper.make_node("Identity", ["typed"], ["t"]), helper.make_node("Identity", ["floats"], ["f"])]
    outputs = [value("y", [64, 64]), value("t", [1024], TensorProto.INT64), value("f", [1025])]
    return model(nodes, [value("x", [64, 64])], outputs, [big, small, typed, floats])


def unsorted():
    nodes = [helper.make_node("Neg", ["a"], ["y"], name="second"), helper.make_node("Abs", ["x"], ["a"], name="first")]
    return model(nodes, [value("x", [2])], [value("y", [2])])


def functions():
    """A local function with an attribute reference and an optional input left out, called twice."""
    body = [helper.make_node("LeakyRelu", ["v"], ["t"]), helper.make_node("Clip", ["t", "", "limit"], ["w"])]
    body[0].attribute.append(onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
    function = helper.make_function("local", "F", ["v", "limit"], ["w"], body, [helper.make_opsetid("", 17)], ["slope"])
    calls = [helper.make_node("F", ["x", "m"], ["a"], domain="local", name="one", slope=0.25),
             helper.make_node("F", ["a"], ["y"], domain="local", name="two")]
    maximum = numpy_helper.from_array(np.array(6.0, np.float32), "m")
    return model(calls, [value("x", [2])], [value("y", [2])], [maximum], functions=[function],
                 extra_opsets=[helper.make_opsetid("local", 1)])


def defaults():
    """A function whose attribute has a default: a field that the installed schema does not know."""
    made = functions()
    slope = helper.make_attribute("slope", 0.125).SerializeToString()
    made.functions[0].attribute.remove("slope")
    known = made.functions[0].SerializeToString()
    made.functions[0].ParseFromString(known + bytes([11 << 3 | 2, len(slope)]) + slope)
    return made


def function_branch():
    """A function whose body is an If, the branches of which hold initialisers of their own."""
    def side(op):
        one = numpy_helper.from_array(np.ones(2, np.float32), "own")
        return helper.make_graph([helper.make_node(op, ["v", "own"], ["r"], name=op)], op, [], [value("r", [2])], [one])
    body = [helper.make_node("If", ["c"], ["w"], name="choose", then_branch=side("Add"), else_branch=side("Mul"))]
    function = helper.make_function("local", "F", ["v", "c"], ["w"], body, [helper.make_opsetid("", 17)])
    calls = [helper.make_node("F", ["x", "c"], ["y"], domain="local", name="call")]
    return model(calls, [value("x", [2]), value("c", [], TensorProto.BOOL)], [value("y", [2])], functions=[function],
                 extra_opsets=[helper.make_opsetid("local", 1)])


def doubling():
    """Functions that each call the next one twice: 2^40 nodes."""
    def function(i):
        callee, domain = (f"F{i + 1}", "local") if i < 40 else ("Neg", "")
        body = [helper.make_node(callee, ["v"], ["t"], domain=domain), helper.make_node(callee, ["t"], ["w"], domain=domain)]
        return helper.make_function("local", f"F{i}", ["v"], ["w"], body, [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])
    return model([helper.make_node("F0", ["x"], ["y"], domain="local", name="call")], [value("x", [2])], [value("y", [2])],
                 functions=[function(i) for i in range(41)], extra_opsets=[helper.make_opsetid("local", 1)])


def same_names():
    """Large tensors whose names meet: an initialiser called as the second of two equal ones would be."""
    tensors = [numpy_helper.from_array(np.full((64, 64), i, np.float32), name) for i, name in enumerate(("w", "w.1"))]
    constant = helper.make_node("Constant", [], ["w.2"], value=numpy_helper.from_array(np.ones((64, 64), np.float32), "c"))
    branch = helper.make_graph([helper.make_node("Identity", ["w"], ["r"])], "then", [], [value("r", [64, 64])], [tensors[0]])
    node = helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch)
    return model([constant, node, helper.make_node("Sum", ["w", "w.1", "w.2", "z"], ["y"])], [value("c", [], TensorProto.BOOL)],
                 [value("y", [64, 64])], tensors)


def huge_input():
    return model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [2**40, 2**40])], [value("y", None)])


def recursive():
    body = [helper.make_node("F", ["v"], ["w"], domain="local")]
    function = helper.make_function("local", "F", ["v"], ["w"], body, [helper.make_opsetid("local", 1)])
    return model([helper.make_node("F", ["x"], ["y"], domain="local", name="call")], [value("x", [2])], [value("y", [2])],
                 functions=[function], extra_opsets=[helper.make_opsetid("local", 1)])


def branch():
    """An If whose branches read a value of the outer graph."""
    def side(op):
        return helper.make_graph([helper.make_node(op, ["x"], ["r"], name=op)], op, [], [value("r", [2])])
    node = helper.make_node("If", ["c"], ["y"], name="choose", then_branch=side("Abs"), else_branch=side("Neg"))
    return model([node], [value("x", [2]), value("c", [], TensorProto.BOOL)], [value("y", [2])])


def newer_type():
    """An input of an element type that the installed schema has no name for (int4 = 22)."""
    return model([helper.make_node("Cast", ["x"], ["y"], to=1)], [value("x", [3], 22)], [value("y", [3])])


def old():
    return model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [2])], [value("y", [2])], opset=6)


def strings():
    return model([helper.make_node("Identity", ["x"], ["y"])], [value("x", [2], TensorProto.STRING)],
                 [value("y", [2], TensorProto.STRING)])


def no_rank():
    return model([helper.make_node("Relu", ["x"], ["y"])], [value("x", None)], [value("y", None)])


def cycle():
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], name="left"), helper.make_node("Neg", ["a"], ["b"], name="right")]
    return model(nodes, [value("x", [2])], [value("a", [2])])


def dangling():
    return model([helper.make_node("Add", ["x", "nowhere"], ["y"], name="plus")], [value("x", [2])], [value("y", [2])])


def short_data():
    made = relu()
    made.graph.initializer.append(TensorProto(name="w", data_type=1, dims=[3], raw_data=b"\0" * 8))
    return made


def overflow():
    made = relu()
    made.graph.initializer.append(TensorProto(name="w", data_type=1, dims=[2**40, 2**40], raw_data=b""))
    return made


def external(location, offset=0, length=None, size=64 * 64):
    made = relu()
    tensor = TensorProto(name="w", data_type=1, dims=[size], data_location=TensorProto.EXTERNAL)
    entries = {"location": location, "offset": offset, **({} if length is None else {"length": length})}
    for key, text in entries.items():
        tensor.external_data.add(key=key, value=str(text))
    made.graph.initializer.append(tensor)
    return made


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for make in (relu, weights, unsorted, functions, defaults, function_branch, doubling, same_names, huge_input, recursive, branch,
                 newer_type, old, strings, no_rank, cycle, dangling, short_data, overflow):
        (folder / f"{make.__name__}.onnx").write_bytes(make().SerializeToString())
    (folder / "weights.data").write_bytes(bytes(100 + 4 * 64 * 64))
    cases = {"external": ("weights.data", 100), "external_short": ("weights.data", 101),
             "external_wrong_length": ("weights.data", 0, 8), "external_negative": ("weights.data", -1),
             "external_missing": ("absent.data",), "external_escape": ("../outside.data",),
             "external_absolute": ("/etc/passwd",), "external_link": ("link.data",)}
    (folder.parent / "outside.data").write_bytes(bytes(4 * 64 * 64))
    link = folder / "link.data"
    if not link.is_symlink():
        link.symlink_to("../outside.data")
    for name, entry in cases.items():
        (folder / f"{name}.onnx").write_bytes(external(*entry).SerializeToString())
    whole = (folder / "weights.onnx").read_bytes()
    (folder / "truncated.onnx").write_bytes(whole[: len(whole) // 2])
    (folder / "garbage.onnx").write_bytes(np.random.default_rng(0).bytes(4096))
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "no_graph.onnx").write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
