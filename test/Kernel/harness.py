"""Compiles kernel IR through LLVM to a shared library and calls it with numpy arrays.

The tools (tilewright-opt, mlir-translate, clang) are found on PATH, as lit sets it.
"""
import ctypes
import mmap
import os
import shutil
import subprocess
import tempfile

import numpy as np

BUFFERIZE = ("eliminate-empty-tensors,empty-tensor-to-alloc-tensor,one-shot-bufferize,"
             "canonicalize,cse,canonicalize")
# Scratch goes to the stack of the test; in models kernel-plan-arena places it.
TO_LLVM = ("scf-forall-to-for,func.func(buffer-loop-hoisting,"
           "promote-buffers-to-stack{max-alloc-size-in-bytes=1048576}),"
           "convert-linalg-to-loops,expand-strided-metadata,lower-affine,"
           "canonicalize,cse,loop-invariant-code-motion,convert-scf-to-cf,convert-func-to-llvm,"
           "convert-vector-to-llvm{enable-x86vector},"
           "convert-to-llvm,reconcile-unrealized-casts")


def machine(polynomials=False):
    """Tensors to the llvm dialect; `polynomials` where code calls functions of vectors."""
    functions = "codegen-polynomials," if polynomials else ""
    return f"canonicalize,cse,{BUFFERIZE},kernel-expand,{functions}canonicalize,cse,{TO_LLVM}"


MACHINE = machine()

work = tempfile.TemporaryDirectory(prefix="kernel-")


def tool(name):
    path = shutil.which(name) or shutil.which(name + "-22")
    if not path:
        raise SystemExit(f"expects {name} on PATH")
    return path


EMULATOR, CROSS = "qemu-aarch64-static", "aarch64-linux-gnu-gcc"


def can_run(cpu):
    """This machine, or for aarch64 an emulator and a cross compiler, runs code for `cpu`."""
    return cpu != "aarch64" or bool(shutil.which(EMULATOR) and shutil.which(CROSS))


def run(*command, **keywords):
    done = subprocess.run(command, capture_output=True, **keywords)
    if done.returncode:
        raise RuntimeError(" ".join(command) + "\n" + done.stderr.decode()[-4000:])
    return done.stdout


class Emulated:
    """Code for aarch64 whose functions run by an emulator."""

    def __init__(self, code):
        self.code = code

    def call(self, name, arguments):
        program = f"{self.code}.{name}"
        if not os.path.exists(program):
            run(CROSS, "-O1", "-static", f"-DENTRY=_mlir_ciface_{name}", self.code,
                os.path.join(os.path.dirname(__file__), "Inputs", "call.c"), "-lm", "-o", program)
        request = [np.int64(len(arguments)).tobytes()]
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                whole = argument if argument.base is None else argument.base
                offset = argument.ctypes.data - whole.ctypes.data
                header = [argument.ndim, *argument.shape, offset, whole.nbytes]
                request += [np.array(header, np.int64).tobytes(), whole.tobytes()]
            else:
                request.append(np.array([-1, argument], np.int64).tobytes())
        answer = np.frombuffer(run(EMULATOR, program, input=b"".join(request)), whole.dtype)
        whole[...] = answer.reshape(whole.shape)


def has_feature(name):
    """Whether this CPU has a feature, named as in /proc/cpuinfo."""
    with open("/proc/cpuinfo") as lines:
        return any(name in line.split() for line in lines if line.startswith("flags"))


def compile_ir(text, pipeline, cpu="native", keep=None, features=()):
    """`text` through `pipeline` (an opt pipeline ending in the llvm dialect) to a loaded library."""
    folder = keep or tempfile.mkdtemp(dir=work.name)
    os.makedirs(folder, exist_ok=True)
    path = lambda suffix: os.path.join(folder, "kernel." + suffix)
    with open(path("mlir"), "w") as out:
        out.write(text)
    run(tool("tilewright-opt"), path("mlir"), f"--pass-pipeline=builtin.module({pipeline})", "-o",
        path("llvm.mlir"))
    run(tool("mlir-translate"), "--mlir-to-llvmir", path("llvm.mlir"), "-o", path("ll"))
    if cpu == "aarch64":
        run(tool("clang"), "-O3", "--target=aarch64-linux-gnu", "-Wno-override-module", "-c", path("ll"),
            "-o", path("o"))
        return Emulated(path("o"))
    prefer = ["-mprefer-vector-width=512"] if cpu in ("native", "x86-64-v4") else []
    prefer += [f"-m{feature}" for feature in features]
    run(tool("clang"), "-O3", f"-march={cpu}", *prefer, "-Wno-override-module", "-shared", "-fPIC",
        path("ll"), "-o", path("so"), "-lm")
    return ctypes.CDLL(path("so"))


def descriptor(array):
    """The strided memref descriptor of `array`, and what must stay alive with it."""
    rank = array.ndim

    class Descriptor(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p),
                    ("offset", ctypes.c_int64), ("sizes", ctypes.c_int64 * rank),
                    ("strides", ctypes.c_int64 * rank)]

    data = array.ctypes.data
    return Descriptor(data, data, 0, (ctypes.c_int64 * rank)(*array.shape),
                      (ctypes.c_int64 * rank)(*[s // array.itemsize for s in array.strides]))


def call(library, name, *arguments):
    """Calls a function made with llvm.emit_c_interface: arrays as memrefs, integers as index. Of emulated code the
    last argument alone is an output."""
    if isinstance(library, Emulated):
        return library.call(name, arguments)
    values = [descriptor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    function = getattr(library, "_mlir_ciface_" + name)
    function.restype = None
    function(*[ctypes.byref(v) if isinstance(v, ctypes.Structure) else ctypes.c_int64(v)
               for v in values])


def pack(weight, width):
    """[k, n] to panels [ceil(n / width), k, width], padded with zeros."""
    k, n = weight.shape
    panels = -(-n // width)
    padded = np.zeros((k, panels * width), weight.dtype)
    padded[:, :n] = weight
    return np.ascontiguousarray(padded.reshape(k, panels, width).transpose(1, 0, 2))


def pack_pairs(weight, width):
    """[k, n] of even k to panels [ceil(n / width), k / 2, 2 width]: rows 2i and 2i + 1 in row i, in pairs."""
    k, n = weight.shape
    panels = pack(weight, width)
    return np.ascontiguousarray(panels.reshape(-1, k // 2, 2, width).swapaxes(2, 3).reshape(-1, k // 2, 2 * width))


def bfloat16(values):
    """float32 rounded to the nearest bf16, ties to even, as bit patterns: numpy has no such type."""
    bits = values.view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def float64(values):
    """Floats, or the bit patterns of bf16, as float64."""
    if values.dtype == np.uint16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float64)


def request_tiles():
    """Asks Linux for the tile registers of AMX."""
    arch_prctl, request, tile_data = 158, 0x1023, 18
    if ctypes.CDLL(None).syscall(arch_prctl, request, tile_data):
        raise SystemExit("expects permission to use AMX tiles")


def before_hole(array):
    """A copy whose end no load can cross: an inaccessible page follows."""
    page = mmap.PAGESIZE
    pages = -(-array.nbytes // page) + 1
    memory = mmap.mmap(-1, pages * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + (pages - 1) * page), ctypes.c_size_t(page), 0)
    offset = (pages - 1) * page - array.nbytes
    copy = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    copy[...] = array
    return copy


def guarded(shape, dtype=np.float32):
    """An array filled with NaN between two guard zones; `check_guards` says if they were written."""
    size, zone = int(np.prod(shape)), 64
    memory = np.full(size + 2 * zone, np.nan, dtype)
    view = memory[zone:zone + size].reshape(shape)
    return view, lambda: bool(np.isnan(memory[:zone]).all() and np.isnan(memory[zone + size:]).all())
