# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the definitions of all xf ops and compares them with numpy: decompose, bufferize, loops, LLVM, a shared object, ctypes.

  run_cases.py [--only TEXT] [--keep DIR]     exit code 1 when a case fails
"""
import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cases import NUMPY, Tensor, attention, elementwise, movement, neural  # noqa: E402

LOOPS = [
    "--xf-decompose", "--canonicalize", "--cse",
    "--one-shot-bufferize=bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map",
    "--llvm-request-c-wrappers", "--convert-linalg-to-loops", "--codegen-expand-dynamic-shapes", "--expand-strided-metadata",
    "--lower-affine", "--convert-scf-to-cf",
    "--convert-math-to-llvm", "--convert-math-to-libm", "--finalize-memref-to-llvm", "--convert-func-to-llvm", "--convert-arith-to-llvm",
    "--convert-index-to-llvm", "--convert-cf-to-llvm", "--reconcile-unrealized-casts",
]


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr[:4000]}")
    return result.stdout


def build(text, folder):
    """The module `text` as a shared object."""
    source, lowered, llvm, library = (folder / f"cases.{suffix}" for suffix in ("mlir", "llvm.mlir", "ll", "so"))
    source.write_text(text)
    run("tilewright-opt", source, *LOOPS, "-o", lowered)
    run("mlir-translate", "--mlir-to-llvmir", lowered, "-o", llvm)
    libraries = run("llvm-config", "--libdir").strip()
    run("clang", "-w", "-O1", "-fPIC", "-shared", "-fuse-ld=lld", llvm, "-o", library, f"-L{libraries}", f"-Wl,-rpath,{libraries}",
        "-lmlir_c_runner_utils", "-lm")  # memrefCopy
    return ctypes.CDLL(str(library))


def descriptor(rank):
    """MLIR's memref descriptor."""
    fields = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    return type("Descriptor", (ctypes.Structure,), {"_fields_": fields})


def storage(data, element):
    """The bytes of `data` as the compiled code sees them: bf16 is the upper half of a float32."""
    data = np.ascontiguousarray(data)
    return (data.view(np.uint32) >> 16).astype(np.uint16) if element == "bf16" else data


def argument(data):
    value = descriptor(data.ndim)(data.ctypes.data, data.ctypes.data, 0)
    for i in range(data.ndim):
        value.sizes[i] = data.shape[i]
        value.strides[i] = data.strides[i] // data.itemsize
    return value


def call(library, name, case):
    arrays = [storage(a.data, a.element) if isinstance(a, Tensor) else a for a in case.args]
    values = [argument(a) if isinstance(a, np.ndarray) else a for a in arrays]
    result = descriptor(case.want.ndim)()
    getattr(library, f"_mlir_ciface_{name}")(
        ctypes.byref(result), *[ctypes.byref(v) if isinstance(v, ctypes.Structure) else ctypes.c_int64(v) for v in values])
    shape = tuple(result.sizes) if case.want.ndim else ()
    dtype = np.dtype(np.uint16 if case.element == "bf16" else NUMPY[case.element])
    count = int(np.prod(shape))
    start = result.aligned + result.offset * dtype.itemsize if count else None
    raw = np.frombuffer(ctypes.string_at(start, count * dtype.itemsize) if count else b"", dtype)
    return ((raw.astype(np.uint32) << 16).view(np.float32) if case.element == "bf16" else raw).reshape(shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose text contains this")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the intermediate files")
    options = parser.parse_args()
    runs = []
    for group in (elementwise, movement, neural, attention):
        for case in group.cases():
            if options.only in case.text:
                runs += [(case, dynamic) for dynamic in case.variants]
    text = "".join(case.function(f"case_{i}", dynamic) for i, (case, dynamic) in enumerate(runs))
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        library = build(text, folder)
        for i, (case, dynamic) in enumerate(runs):
            error = case.error(call(library, f"case_{i}", case))
            if error:
                failed += 1
                print(f"case_{i} {case.function('f', dynamic).splitlines()[1].strip()}\n    {error}")
    print(f"{len(runs) - failed} of {len(runs)} cases passed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
