#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs converted models in numpy, so that recipes are checked before and without any code generation.

    interpret.py CASE_DIR ...              each with model.onnx and test_data_set_*/
    interpret.py --model M.onnx DATA_DIR   a model beside its test_data_set_*/

Prints one line per case, `pass NAME`, `fail NAME: reason`, `unsupported NAME: reason` or `crash NAME: reason`; exits 1
unless all pass. The interpreter is strict: types, xf.bounds, xf.requires and slices are checked against actual sizes.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import xf_numpy

DTYPES = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": np.float32, "i64": np.int64, "i32": np.int32,
    "i16": np.int16, "i8": np.int8, "ui8": np.uint8, "i1": np.bool_, "index": np.int64,
}
DYNAMIC = -(2**63)


class Refused(Exception):
    """The tools refused the model; the message is theirs."""


class Mismatch(Exception):
    """The IR is wrong for these inputs."""


def parse_type(text):
    """Shape (None where dynamic) and dtype of `tensor<?x4xf32>`, shape None for scalars."""
    text = text.strip()
    if not text.startswith("tensor<"):
        return None, DTYPES.get(text)
    *dims, element = text[7:-1].split("x")
    return [None if d == "?" else int(d) for d in dims], DTYPES[element]


def split_top(text):
    """Splits at commas outside of all brackets and strings."""
    parts, depth, start, quoted = [], 0, 0, False
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        if quoted:
            continue
        if c in "([{<":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1] != "-"):
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    tail = text[start:].strip()
    return parts + [tail] if tail else parts


def parse_number(text):
    if text in ("true", "false"):
        return text == "true"
    if text.startswith("0x"):
        return text
    return float(text) if re.search(r"[.e]|inf|nan", text) else int(text)


def from_bits(value, dtype):
    """Elements such as 0x7F800000 are the bits of a float."""
    if not isinstance(value, str):
        return value
    size = np.dtype(dtype).itemsize
    return np.frombuffer(int(value, 16).to_bytes(size, "little"), dtype)[0]


def parse_dense(text):
    match = re.fullmatch(r"dense<(.*)> : (tensor<[^>]*>)", text, re.S)
    body, (shape, dtype) = match.group(1), parse_type(match.group(2))
    count = int(np.prod(shape))
    if body.startswith('"0x'):
        raw = bytes.fromhex(body[3:-1])
        if match.group(2).endswith("bf16>"):
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif dtype is np.bool_ and len(raw) != count:
            values = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[:count]
        else:
            values = np.frombuffer(raw, dtype)
    else:
        numbers = [from_bits(parse_number(n), dtype) for n in re.findall(r"[^\[\],\s]+", body)]
        values = np.array(numbers).astype(dtype)
    if values.size == 1:
        return np.full(shape, values.reshape(-1)[0], dtype)
    return values.astype(dtype).reshape(shape)


def parse_attribute(text):
    if text.startswith("dense<"):
        return parse_dense(text)
    if text.startswith("array<"):
        return [int(n) for n in text[text.index(":") + 1 : -1].split(",")] if ":" in text else []
    if text.startswith("#xf.source"):
        file, offset, length, encoding = split_top(text[len("#xf.source<") : -1])
        return file[1:-1], int(offset), int(length), encoding
    if text.startswith("#xf<"):
        return text[4:-1].split()[1]
    if text.startswith('"'):
        return text[1:-1]
    number = re.fullmatch(r"(\S+) : (index|[if]\d+)", text)
    if number:
        return from_bits(parse_number(number.group(1)), np.float64)
    return parse_number(text) if re.fullmatch(r"-?\d+|true|false", text) else text


def parse_attributes(text):
    result = {}
    for item in split_top(text):
        name, _, value = item.partition(" = ")
        result[name] = parse_attribute(value) if value else True
    return result


OP = re.compile(r'^\s*(?:(%\S+(?:, %\S+)*) = )?"([\w.]+)"\(([^)]*)\)(?: <\{(.*?)\}>)?(?: \(\{)?(?: : (.*))?$')


def read_varints(raw, dtype):
    values, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value - (1 << 64) if value >> 63 else value)
            value = shift = 0
    return np.array(values).astype(dtype)


def read_weight(text):
    """An xf.weight_data; (name, array)."""
    attributes = parse_attributes(re.search(r"<\{(.*)\}>", text).group(1))
    file, offset, length, encoding = attributes["source"]
    shape, dtype = parse_type(attributes["type"])
    with open(file, "rb") as stream:
        stream.seek(offset)
        raw = stream.read(length)
    if encoding == "varint":
        return attributes["sym_name"], read_varints(raw, dtype).reshape(shape)
    if attributes["type"].endswith("bf16>"):
        return attributes["sym_name"], (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return attributes["sym_name"], np.frombuffer(raw, dtype).reshape(shape)


class Interpreter:
    def __init__(self, text):
        self.lines = text.splitlines()
        self.weights = dict(read_weight(line) for line in self.lines if '"xf.weight_data"' in line)
        header = next(line for line in self.lines if '"func.func"' in line)
        self.dims = [re.findall(r'"([^"]*)"', d) for d in re.findall(r"xf\.dims = \[([^\]]*)\]", header.split("function_type")[0])]
        self.module = self.lines[-1]

    def bind(self, inputs):
        self.symbols = {}
        for names, array in zip(self.dims, inputs):
            for name, size in zip(names, array.shape):
                if name and self.symbols.setdefault(name, size) != size:
                    raise Mismatch(f"dimension {name} is {self.symbols[name]} and {size}")
        for name, low, high in re.findall(r'(?:"([^"]+)"|\b\w+) = array<i64: (-?\d+), (-?\d+)>', self._attribute("xf.bounds")):
            if name in self.symbols and not int(low) <= self.symbols[name] <= int(high):
                raise Mismatch(f"dimension {name} = {self.symbols[name]} is outside of [{low}, {high}]")
        for dims, factors, low, high in re.findall(
                r"dims = \[([^\]]*)\], factors = array<i64: ([^>]*)>, range = array<i64: (-?\d+), (-?\d+)>",
                self._attribute("xf.requires")):
            names = re.findall(r'"([^"]*)"', dims)
            total = sum(int(f) * self.symbols[n] for f, n in zip(factors.split(","), names))
            if not int(low) <= total <= int(high):
                raise Mismatch(f"requires {names} * [{factors}] in [{low}, {high}], got {total}")

    def _attribute(self, name):
        return self.module[self.module.find(name) :] if name in self.module else ""

    def run(self, inputs):
        self.bind(inputs)
        self.values = {f"%arg{i}": array for i, array in enumerate(inputs)}
        body = iter(self.lines[next(i for i, line in enumerate(self.lines) if "^bb0" in line or '"func.func"' in line) + 1 :])
        for line in body:
            if line.strip().startswith("^bb0"):
                continue
            if '"tensor.pad"' in line:
                block = [line]
                while not block[-1].strip().startswith("})"):
                    block.append(next(body))
                line = block[0].rstrip() + " : " + block[-1].split(" : ", 1)[1]
                filler = re.search(r'"tensor.yield"\((%\S+)\)', "".join(block)).group(1)
                self.values["filler"] = self._scalar_in(block, filler)
            if not line.strip():
                continue
            match = OP.match(line)
            if not match:
                raise Mismatch("cannot parse " + line[:200])
            results, name, operands, attributes, types = match.groups()
            operands = [self.values[o] for o in split_top(operands)] if operands else []
            if name == "func.return":
                return operands
            if name == "xf.require":
                if operands[0] != operands[1]:
                    raise Mismatch(f"requires {operands[0]} to be equal to {operands[1]}")
                continue
            self.execute(results, name, operands, parse_attributes(attributes or ""), types)
        raise Mismatch("no return")

    def _scalar_in(self, block, name):
        for line in block:
            match = OP.match(line)
            if match and match.group(1) == name:
                return parse_attributes(match.group(4))["value"]
        return self.values[name]

    def execute(self, result, name, operands, attributes, types):
        shape, dtype = parse_type(types.rsplit("-> ", 1)[1])
        with np.errstate(all="ignore"):
            value = self.evaluate(name, operands, attributes, shape, dtype)
        if shape is None:
            self.values[result] = value
            return
        if name.startswith("xf.") and name.split(".")[1] in ("unary", "binary", "compare", "select"):
            self.check_broadcast(operands, types, np.shape(value))
        value = np.asarray(value)
        if dtype is not np.bool_ and value.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
            value = np.nan_to_num(value)
        value = value.astype(dtype)
        if len(shape) != value.ndim or any(s is not None and s != v for s, v in zip(shape, value.shape)):
            raise Mismatch(f"{name} has type {types} but shape {value.shape}")
        self.values[result] = value

    @staticmethod
    def check_broadcast(operands, types, shape):
        for operand, text in zip(operands, split_top(types.rsplit(" -> ", 1)[0][1:-1])):
            declared, _ = parse_type(text)
            for size, have, want in zip(reversed(declared), reversed(operand.shape), reversed(shape)):
                if size != 1 and have != want:
                    raise Mismatch(f"operand {text} of shape {operand.shape} is not statically broadcast to {shape}")

    def evaluate(self, name, operands, attributes, shape, dtype):
        dialect, op = name.split(".")
        if dialect == "xf":
            return self.evaluate_xf(op, operands, attributes, shape, dtype)
        if name == "arith.constant":
            value = attributes["value"]
            return value if shape is not None else dtype(value)
        if dialect == "tensor":
            return self.evaluate_tensor(op, operands, attributes, shape, dtype)
        return self.evaluate_scalar(op, operands, attributes, dtype)

    def evaluate_xf(self, op, operands, attributes, shape, dtype):
        if op == "dim":
            return self.symbols[attributes["name"]]
        if op == "weight":
            return self.weights[attributes["weight"].strip('@"')]
        if op in ("reshape", "broadcast"):
            sizes = self.mixed(attributes["static_sizes"], operands[1:])
            return operands[0].reshape(sizes) if op == "reshape" else np.broadcast_to(operands[0], sizes)
        if op == "iota":
            return np.arange(operands[1]) + operands[0]
        if op == "cast":
            x = operands[0]
            return x != 0 if dtype is np.bool_ else x
        if "operandSegmentSizes" in attributes:
            rest = list(operands)
            operands = [rest.pop(0) if n else None for n in attributes["operandSegmentSizes"]]
        elif op == "conv":
            operands = list(operands) + [None] * (3 - len(operands))
        return getattr(xf_numpy, op)(operands, attributes)

    @staticmethod
    def mixed(statics, dynamics):
        rest = list(dynamics)
        return [int(rest.pop(0)) if s == DYNAMIC else s for s in statics]

    def evaluate_tensor(self, op, operands, attributes, shape, dtype):
        if op == "concat":
            return np.concatenate(operands, axis=attributes["dim"])
        if op == "from_elements":
            return np.array(operands).reshape(shape)
        if op == "cast":
            return operands[0]
        if op == "dim":
            return operands[0].shape[operands[1]]
        if op == "extract":
            return operands[0][tuple(operands[1:])]
        segments, rest = attributes["operandSegmentSizes"], list(operands)
        groups = [[rest.pop(0) for _ in range(n)] for n in segments]
        if op == "pad":
            low, high = self.mixed(attributes["static_low"], groups[1]), self.mixed(attributes["static_high"], groups[2])
            return np.pad(groups[0][0], list(zip(low, high)), constant_values=self.values["filler"])
        if op == "extract_slice":
            x = groups[0][0]
            bounds = [self.mixed(attributes["static_" + n], g) for n, g in zip(("offsets", "sizes", "strides"), groups[1:])]
            for offset, size, stride, extent in zip(*bounds, x.shape):
                if size < 0 or offset < 0 or (size and offset + (size - 1) * stride >= extent):
                    raise Mismatch(f"slice {bounds} of {x.shape} is out of bounds")
            return x[tuple(slice(o, o + (s - 1) * t + 1 if s else o, t) for o, s, t in zip(*bounds))]
        raise Mismatch(f"tensor.{op} is not known")

    @staticmethod
    def evaluate_scalar(op, operands, attributes, dtype):
        simple = {
            "addi": np.add, "subi": np.subtract, "muli": np.multiply, "maxsi": np.maximum, "minsi": np.minimum,
            "andi": np.logical_and, "ori": np.logical_or, "xori": np.logical_xor, "addf": np.add, "subf": np.subtract,
            "mulf": np.multiply, "divf": np.divide, "ceil": np.ceil, "floor": np.floor, "sqrt": np.sqrt,
            "divsi": lambda a, b: int(a / b), "remsi": np.fmod, "index_cast": lambda a: a, "sitofp": lambda a: dtype(a),
            "fptosi": int, "log": np.log, "powf": np.power,
            "select": lambda c, a, b: a if c else b,
        }
        if op == "cmpi":
            return [np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal][attributes["predicate"]](*operands)
        if op not in simple:
            raise Mismatch(f"scalar {op} is not known")
        return simple[op](*operands)


def convert(model):
    imported = subprocess.run(["tilewright-translate", "--import-onnx", model], capture_output=True)
    if imported.returncode:
        raise Refused(imported.stderr.decode()[:300].replace("\n", " "))
    converted = subprocess.run(["tilewright-opt", "--convert-onnx-to-xf", "--mlir-print-op-generic"] + PASSES,
                               input=imported.stdout, capture_output=True)
    if converted.returncode < 0:
        raise Mismatch(f"tilewright-opt died of signal {-converted.returncode}")
    if converted.returncode:
        raise Refused(converted.stderr.decode()[:300].replace("\n", " "))
    return converted.stdout.decode()


PASSES = []


def read_tensor(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def read_set(folder, kind, count):
    return [read_tensor(folder / f"{kind}_{i}.pb") for i in range(count) if (folder / f"{kind}_{i}.pb").exists()]


def check(model, data_sets, rtol, atol):
    interpreter = Interpreter(convert(str(model)))
    outputs = len(list(Path(data_sets[0]).glob("output_*.pb")))
    for folder in data_sets:
        got = interpreter.run(read_set(folder, "input", 1000))
        for i, (a, b) in enumerate(zip(got, read_set(folder, "output", outputs))):
            if a.shape != b.shape or a.dtype != b.dtype:
                raise Mismatch(f"output {i} is {a.dtype}{a.shape}, expected {b.dtype}{b.shape}")
            if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
                with np.errstate(all="ignore"):
                    raise Mismatch(f"output {i} differs by {np.nanmax(np.abs(a.astype(float) - b.astype(float))):.3g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pass", dest="passes", action="append", default=[], help="run this pass too")
    parser.add_argument("--rtol", type=float, default=1e-3)
    parser.add_argument("--atol", type=float, default=1e-4)
    options = parser.parse_args()
    PASSES.extend(options.passes)
    good = True
    for case in options.cases:
        try:
            check(options.model or case / "model.onnx", sorted(case.glob("test_data_set_*")), options.rtol, options.atol)
            print(f"pass {case.name}", flush=True)
            continue
        except Refused as error:
            print(f"unsupported {case.name}: {error}", flush=True)
        except Mismatch as error:
            print(f"fail {case.name}: {error}", flush=True)
        except Exception as error:  # a case must not end the run
            print(f"crash {case.name}: {type(error).__name__} {error}", flush=True)
        good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
