# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds functions on tensors through the row pipeline and calls them from numpy.

compile_rows(text, "f") gives a callable f(*inputs, *outputs) on arrays; outputs are written. The shared object must have no
undefined symbol but libc's malloc (which stands for the arena here), memset and memcpy: a test of what is left to libraries.
"""
import ctypes
import os
import re
import subprocess
import tempfile

import numpy as np

TO_LLVM = ("func.func(scf-forall-to-for,buffer-loop-hoisting,promote-buffers-to-stack),expand-strided-metadata,lower-affine,arith-expand,convert-scf-to-cf,"
           "convert-vector-to-llvm{reassociate-fp-reductions force-32bit-vector-indices},convert-to-llvm,"
           "reconcile-unrealized-casts")
LLVM_BIN = os.environ.get("LLVM_BIN", "/usr/lib/llvm-22/bin")


def run(arguments, text=None):
    done = subprocess.run(arguments, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}\n{done.stderr[:4000]}")
    return done.stdout


def tool(name):
    return os.path.join(LLVM_BIN, name)


def lower(text, pipeline, cpu, lanes):
    """LLVM IR of the module `text`."""
    target = (f'#target.cpu<name = "test", triple = "x86_64-unknown-linux-gnu", cpu = "{cpu}", features = "", '
              f"lanes = {lanes}, registers = 32, l1 = 32768, l2 = 1048576>")
    module = f"module attributes {{target.cpu = {target}}} {{\n{text}\n}}"
    machine = run(["tilewright-opt", f"--pass-pipeline=builtin.module({pipeline})"], module)
    machine = run(["tilewright-opt",
                   f"--pass-pipeline=builtin.module(func.func(llvm-request-c-wrappers),{TO_LLVM})"], machine)
    # mlir-translate does not know the target dialect.
    machine = re.sub(r"target\.cpu = #target\.cpu<[^>]*>", "", machine)
    return run([tool("mlir-translate"), "--mlir-to-llvmir"], machine)


class Library:
    def __init__(self, text, pipeline="codegen-rows", cpu="native", lanes=16, keep=None):
        self.folder = keep or tempfile.mkdtemp(prefix="rows")
        os.makedirs(self.folder, exist_ok=True)
        path = lambda name: os.path.join(self.folder, name)
        open(path("f.ll"), "w").write(lower(text, pipeline, cpu, lanes))
        # The loops are final: LLVM would unroll and interleave them again.
        run([tool("opt"), "-O3", "-mtriple=x86_64-unknown-linux-gnu", f"-mcpu={cpu}", "-mattr=-prefer-256-bit",
             "-vectorize-loops=false", "-vectorize-slp=false", "-interleave-loops=false", "-disable-loop-unrolling",
             path("f.ll"), "-o", path("f.bc")])
        run([tool("llc"), "-O3", "-mtriple=x86_64-unknown-linux-gnu", f"-mcpu={cpu}", "-mattr=-prefer-256-bit",
             "-relocation-model=pic", "-filetype=obj", path("f.bc"), "-o", path("f.o")])
        missing = set(run([tool("llvm-nm"), "-u", path("f.o")]).split()) - {"U", "malloc", "memset", "memcpy"}
        if missing:
            raise RuntimeError(f"undefined symbols: {sorted(missing)}")
        run([tool("ld.lld"), "-shared", path("f.o"), "-o", path("f.so")])
        self.library = ctypes.CDLL(path("f.so"))

    def __getitem__(self, name):
        function = self.library[f"_mlir_ciface_{name}"]

        def call(*arrays):
            function(*[descriptor(a) for a in arrays])
        return call

    def prepared(self, name, *arrays):
        """The call without the cost of making descriptors, and what keeps them alive."""
        function = self.library[f"_mlir_ciface_{name}"]
        arguments = [descriptor(a) for a in arrays]
        return lambda: function(*arguments)


def descriptor(array):
    """Pointer to MLIR's memref descriptor of `array`."""
    rank = array.ndim

    class MemRef(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64),
                    ("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]

    address = array.ctypes.data
    assert array.flags["C_CONTIGUOUS"]
    return ctypes.byref(MemRef(address, address, 0, (ctypes.c_int64 * rank)(*array.shape),
                               (ctypes.c_int64 * rank)(*[s // array.itemsize for s in array.strides])))
