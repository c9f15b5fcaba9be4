"""Compiles models of f16 and bf16, as converters write them, and compares with torch in f32: half.py WORK_DIR float16|bfloat16 RTOL NAME...

A model of export.py gets narrow weights, constants, inputs and outputs, as do its test data."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper

import check


def narrow(tensor: TensorProto, to: int) -> None:
    if tensor.data_type != TensorProto.FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    if to == TensorProto.FLOAT16:
        bits = np.clip(values, -65504, 65504).astype(np.float16)
    else:
        most = np.array(0x7F7F0000, np.uint32).view(np.float32)  # the largest bf16
        wide = np.ascontiguousarray(np.clip(values, -most, most)).view(np.uint32)
        bits = ((wide + 0x7FFF + (wide >> 16 & 1)) >> 16).astype(np.uint16)
    name, dims = tensor.name, list(tensor.dims)
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = name, to, bits.tobytes()
    tensor.dims.extend(dims)


def convert(source: pathlib.Path, target: pathlib.Path, to: int) -> None:
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        narrow(tensor, to)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                narrow(attribute.t, to)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = to
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = to
    del model.graph.value_info[:]
    onnx.save(model, target)
    for path in source.with_suffix("").glob("test_data_set_*/*.pb"):
        tensor = onnx.load_tensor(str(path))
        narrow(tensor, to)
        narrowed = target.with_suffix("") / path.relative_to(source.with_suffix(""))
        narrowed.parent.mkdir(parents=True, exist_ok=True)
        narrowed.write_bytes(tensor.SerializeToString())


def main() -> int:
    folder, kind, rtol, *names = sys.argv[1:]
    work = pathlib.Path(folder)
    check.export(work, names)
    for name in names:
        path = work / f"{name}-{kind}.onnx"
        convert(work / f"{name}.onnx", path, TensorProto.FLOAT16 if kind == "float16" else TensorProto.BFLOAT16)
        check.run("compile-model", path, "-o", path.with_suffix(".so"))
        for data_set in sorted(path.with_suffix("").glob("test_data_set_*")):
            check.run("run-model", path.with_suffix(".so"), "--test-dir", data_set, "--rtol", rtol)
    return 0


if __name__ == "__main__":
    check.exit_with(main)
