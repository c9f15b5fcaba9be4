# Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds functions on tensors through the row pipeline and calls them from numpy.

Library(text)["f"] is a callable f(*inputs, *outputs) on arrays; outputs are written. The shared object must have no
undefined symbol but libc's malloc (which stands for the arena here), memset and memcpy: a test of what is left to libraries.
"""
import ctypes
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "Kernel"))
from harness import descriptor, run, tool, work

TO_LLVM = ("func.func(scf-forall-to-for,buffer-loop-hoisting,promote-buffers-to-stack),expand-strided-metadata,lower-affine,arith-expand,convert-scf-to-cf,"
           "convert-vector-to-llvm{reassociate-fp-reductions force-32bit-vector-indices},convert-to-llvm,"
           "reconcile-unrealized-casts")


def lower(text, pipeline, cpu, lanes):
    """LLVM IR of the module `text`."""
    target = (f'#target.cpu<name = "test", triple = "x86_64-unknown-linux-gnu", cpu = "{cpu}", features = "", '
              f"lanes = {lanes}, registers = 32, l1 = 32768, l2 = 1048576>")
    module = f"module attributes {{target.cpu = {target}}} {{\n{text}\n}}"
    machine = run(tool("tilewright-opt"), f"--pass-pipeline=builtin.module({pipeline})", input=module.encode())
    machine = run(tool("tilewright-opt"),
                  f"--pass-pipeline=builtin.module(func.func(llvm-request-c-wrappers),{TO_LLVM})", input=machine)
    # mlir-translate does not know the target dialect.
    machine = re.sub(rb"target\.cpu = #target\.cpu<[^>]*>", b"", machine)
    return run(tool("mlir-translate"), "--mlir-to-llvmir", input=machine)


class Library:
    def __init__(self, text, pipeline="codegen-rows", cpu="native", lanes=16, keep=None):
        self.folder = keep or tempfile.mkdtemp(dir=work.name)
        os.makedirs(self.folder, exist_ok=True)
        path = lambda name: os.path.join(self.folder, name)
        with open(path("f.ll"), "wb") as out:
            out.write(lower(text, pipeline, cpu, lanes))
        # The loops are final: LLVM would unroll and interleave them again.
        run(tool("opt"), "-O3", "-mtriple=x86_64-unknown-linux-gnu", f"-mcpu={cpu}", "-mattr=-prefer-256-bit",
            "-vectorize-loops=false", "-vectorize-slp=false", "-interleave-loops=false", "-disable-loop-unrolling",
            path("f.ll"), "-o", path("f.bc"))
        run(tool("llc"), "-O3", "-mtriple=x86_64-unknown-linux-gnu", f"-mcpu={cpu}", "-mattr=-prefer-256-bit",
            "-relocation-model=pic", "-filetype=obj", path("f.bc"), "-o", path("f.o"))
        missing = set(run(tool("llvm-nm"), "-u", path("f.o")).decode().split()) - {"U", "malloc", "memset", "memcpy"}
        if missing:
            raise RuntimeError(f"undefined symbols: {sorted(missing)}")
        run(tool("ld.lld"), "-shared", path("f.o"), "-o", path("f.so"))
        self.library = ctypes.CDLL(path("f.so"))

    def __getitem__(self, name):
        return lambda *arrays: self.prepared(name, *arrays)()

    def prepared(self, name, *arrays):
        """The call without the cost of making descriptors, and what keeps them alive."""
        assert all(array.flags["C_CONTIGUOUS"] for array in arrays)
        function = self.library[f"_mlir_ciface_{name}"]
        arguments = [ctypes.byref(descriptor(array)) for array in arrays]
        return lambda: function(*arguments)
