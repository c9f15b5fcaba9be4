"""Looks at the machine code of contractions and attention, for several targets: accumulators stay in registers.

A hot loop is an innermost loop with at least eight FMAs of vectors. None may store a vector to the stack (a spilled
accumulator is stored in each turn) or multiply single elements. The loop of the schedule's full tile must be among them, and
load no vector from the stack either.

A k loop of AMX products has eight tile registers, four of sums and four of operands, each loaded once a turn, and stores none: the sums
stay in them from start to end. Tiles are configured once in a function."""
import re
import subprocess
import sys
from pathlib import Path

from onnx import TensorProto, helper, numpy_helper, save
import numpy as np

FMA = r"vfn?m(add|sub)\d+ps|vdpbf16ps|fml[as]\s+v"
SCALAR = r"vfn?m(add|sub)\d+ss|vmulss|fn?m(add|sub|ul)\s+s"
SPILL = r"vmov\w+\s+%[xyz]mm\d+, .*\(%rsp|st[rpu]+\s+q.*\[sp"
STACK = r"%[xyz]mm.*\(%rsp|\(%rsp.*%[xyz]mm|(ld|st)[rpu]+\s+[qs]\d.*\[sp"
BRANCH = r"(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+(\.L\w+)$"


def parse(assembly):
    """Its lines, and the first and last one of each loop."""
    lines = [re.split(r"#(?!-?\d)|//", line)[0].strip() for line in assembly.splitlines()]
    labels = {line[:-1]: i for i, line in enumerate(lines) if re.fullmatch(r"\.L\w+:", line)}
    loops = [(labels[match[1]], i) for i, line in enumerate(lines)
             if (match := re.match(BRANCH, line)) and labels.get(match[1], i) < i]
    return lines, loops


def hot_loops(assembly):
    """The bodies of innermost loops with at least eight FMAs."""
    lines, loops = parse(assembly)
    inner = [(a, b) for a, b in loops if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in loops)]
    bodies = [lines[a:b + 1] for a, b in inner]
    return [body for body in bodies if count(FMA, body) >= 8]


def vector_faults(assembly, full):
    """`full`: FMAs in a turn of the k loop over a whole register tile."""
    loops = hot_loops(assembly)
    whole = [body for body in loops if count(FMA, body) % full == 0]
    return {"vectors spilled": sum(count(SPILL, body) for body in loops),
            "single elements": sum(count(SCALAR, body) for body in loops),
            "vectors on the stack, full tile": sum(count(STACK, body) for body in whole),
            f"no loop of {full} FMAs among {len(loops)}": not whole}


def tile_loops(assembly):
    """The bodies of loops with AMX products whose sums come from outside."""
    lines, loops = parse(assembly)
    bodies = []
    for a, b in sorted(loops):
        body = lines[a:b + 1]
        if not count("tdpbf16ps", body) or count("tilezero", body):
            continue
        if bodies and a <= bodies[-1][1]:
            bodies[-1] = (bodies[-1][0], max(b, bodies[-1][1]))
        else:
            bodies.append((a, b))
    return [lines[a:b + 1] for a, b in bodies]


def tile_faults(assembly):
    loops = tile_loops(assembly)
    full = [body for body in loops if len(registers(r"tdpbf16ps.*%(tmm\d)$", body)) == 4]
    operands = [registers(r"tileloadd.*%(tmm\d)$", body) for body in full]
    return {"no loop of 2 x 2 tiles": not full,
            "tile loads in it, not 4": any(len(names) != 4 or count("tileloadd", body) != 4 for names, body in zip(operands, full)),
            "sums or configurations in memory": sum(count("tilestored|ldtilecfg", body) for body in loops),
            "vectors spilled": sum(count(SPILL, body) for body in loops),
            "configurations": count("ldtilecfg", assembly.splitlines()) - 1}


def registers(pattern, body):
    return {match[1] for line in body if (match := re.search(pattern, line))}


def count(pattern, body):
    return sum(bool(re.search(pattern, line)) for line in body)


def model(work, name, nodes, inputs, weights=()):
    """An ONNX file with f32 inputs {name: shape} and one output y."""
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs.items()]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.zeros(shape, np.float32), n) for n, shape in dict(weights).items()]
    graph = helper.make_graph([helper.make_node(op, i, o, **a) for op, i, o, a in nodes], name, info, [out], tensors)
    path = work / f"{name}.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10), path)
    return path


def models(work):
    heads = ["b", 4, "s", 64]
    yield model(work, "linear", [("MatMul", ["x", "w"], ["a"], {}), ("Add", ["a", "c"], ["h"], {}), ("Gelu", ["h"], ["y"], {})],
                {"x": ["m", 768]}, {"w": [768, 3072], "c": [3072]})
    yield model(work, "tanh", [("MatMul", ["x", "w"], ["a"], {}), ("Tanh", ["a"], ["y"], {})], {"x": ["m", 768]}, {"w": [768, 768]})
    yield model(work, "narrow", [("MatMul", ["x", "w"], ["y"], {})], {"x": ["m", 96]}, {"w": [96, 11]})
    yield model(work, "product", [("MatMul", ["a", "b"], ["y"], {})], {"a": ["g", "m", 64], "b": ["g", 64, "n"]})
    yield model(work, "attention", [("Attention", ["q", "k", "v"], ["y"], {})], {"q": heads, "k": heads, "v": heads})


def full_tile(path, options):
    """FMAs in a turn of the k loop over a whole register tile."""
    ir = subprocess.run(["compile-model", path, *options, "--stop-after", "schedule"], check=True, capture_output=True, text=True).stdout
    fields = dict(re.findall(r"(\w+) = (\d+)", re.search(r"schedule\(<(.*?)>\)", ir)[1]))
    if "key_vectors" in fields:
        return int(fields["mr"]) * int(fields["key_vectors"])
    # A multiply-add works on one f32, a pair of bf16 or, where the pair is widened, half of it.
    plain, width, element = re.search(r"panel_width = (\d+)|tensor<\d+x\d+x(\d+)x(f32|bf16)>\) ", ir).groups()
    halves = 2 if element == "bf16" and "xbf16>, tensor<" in ir else 1
    return int(fields["mr"]) * int(plain or width) // halves // int(fields["lanes"])


def main():
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    wrong = 0
    files = list(models(work))
    for path, compute in [(path, "f32") for path in files] + [(files[0], "bf16")]:
        for target in sys.argv[2:]:
            assembly = work / f"{path.stem}-{target}-{compute}.s"
            options = ["--target", target, "--compute", compute]
            subprocess.run(["compile-model", path, *options, "--emit", "asm", "-o", assembly], check=True)
            if compute == "bf16" and target == "sapphirerapids":
                faults = tile_faults(assembly.read_text())
            else:
                faults = vector_faults(assembly.read_text(), full_tile(path, options))
            found = [f"{what}: {number}" for what, number in faults.items() if number]
            wrong += bool(found)
            print(f"{path.stem} {target} {compute}: {', '.join(found) or 'ok'}")
    print("all right" if not wrong else f"{wrong} wrong")


if __name__ == "__main__":
    main()
