"""What tests of the PTX simulator share: PTX out of MLIR's gpu dialect, and runs of ptx-run on numpy arrays."""

import json
import pathlib
import re
import subprocess
import tempfile

import numpy as np

# Upstream's road from gpu.module to PTX.
PIPELINE = ("builtin.module(nvvm-attach-target{{chip={chip} O=3}},gpu.module(convert-nvgpu-to-nvvm,"
            "convert-gpu-to-nvvm{{index-bitwidth=0 use-bare-ptr-memref-call-conv=1}},convert-scf-to-cf,convert-to-llvm,"
            "reconcile-unrealized-casts,canonicalize,cse),gpu-module-to-binary{{format=isa}})")


def mlir_opt(text: str, pipeline: str) -> str:
    return subprocess.run(["mlir-opt", "--pass-pipeline=" + pipeline], input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def from_mlir(text: str, chip: str = "sm_80") -> str:
    """PTX of the one gpu.module in `text`; kernel arguments are bare pointers."""
    printed = mlir_opt(text, PIPELINE.format(chip=chip))
    literal = re.search(r'assembly = "((?:[^"\\]|\\.)*)"', printed)
    unescaped = re.sub(r"\\([0-9A-F]{2})", lambda code: chr(int(code.group(1), 16)), literal.group(1))
    return unescaped.replace('\\\\', '\\').replace('\\"', '"').rstrip("\0")


class Out:
    """A result: nothing has written it before."""

    def __init__(self, shape, dtype: str):
        self.shape, self.dtype = shape, dtype


class InOut:
    """An array that the kernel changes."""

    def __init__(self, array):
        self.array = array


class Result:
    def __init__(self, process, outputs):
        self.code, self.errors, self.outputs = process.returncode, process.stderr, outputs
        self.report = json.loads(process.stdout) if process.stdout else {}
        self.faults = self.report.get("faults", [])
        self.kinds = {fault["kind"] for fault in self.faults}


def run(ptx: str, arguments=(), grid=1, block=1, seed=0, shared=0, options=()) -> Result:
    """Runs the only kernel of `ptx`. Arguments are arrays (copied in), Out, InOut, or text for --arg."""
    def dims(sizes):
        return ",".join(map(str, np.atleast_1d(sizes)))

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "k.ptx").write_text(ptx)
        command = ["ptx-run", str(path / "k.ptx"), "--json", "--grid", dims(grid), "--block", dims(block),
                   "--seed", str(seed), "--shared", str(shared), *options]
        saved = []
        for i, argument in enumerate(arguments):
            file = path / f"{i}.npy"
            if isinstance(argument, Out):
                saved.append(file)
                argument = f"out={file}:{argument.dtype}:{'x'.join(map(str, argument.shape))}"
            elif isinstance(argument, InOut):
                np.save(file, argument.array)
                saved.append(path / f"{i}-out.npy")
                argument = f"inout={file}:{saved[-1]}"
            elif not isinstance(argument, str):
                np.save(file, argument)
                argument = f"in={file}"
            command += ["--arg", argument]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        outputs = [np.load(file) for file in saved if file.exists()]
    if process.returncode not in (0, 1):
        raise RuntimeError(process.stderr)
    return Result(process, outputs)


def relative_error(got, wanted) -> float:
    wanted = np.asarray(wanted, np.float64)
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())
