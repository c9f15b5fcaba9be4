"""A tensor core product of f16 tiles through shared memory, by upstream's nvgpu dialect: right on the simulator in every order of warps,
and each planted mistake is noticed."""

import collections
import pathlib
import sys

import numpy as np

import mutants
import ptx

M, N, K = 128, 96, 80
TILE_M, TILE_N, TILE_K = 64, 32, 16  # 4 warps, each 16 x 32


def kernel() -> str:
    columns = range(0, TILE_N, 8)
    body = "\n".join(f"""
        %b{j} = nvgpu.ldmatrix %Bs[%row, %c{j}] {{transpose = true, numTiles = 2 : i32}} : memref<{TILE_K}x{TILE_N}xf16, 3> -> vector<2x2xf16>
        %d{j} = nvgpu.mma.sync (%a, %b{j}, %x{j}) {{mmaShape = [16, 8, 16]}} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>"""
                     for j in columns)
    constants = "\n".join(f"%c{j} = arith.constant {j} : index" for j in columns if j)
    stores = "\n".join(f"""
      %e{j}_{i}{h} = vector.extract %sum#{n}[{i}, {h}] : f32 from vector<2x2xf32>
      %r{j}_{i}{h} = affine.apply affine_map<(b, w, l) -> (b * {TILE_M} + w * 16 + l floordiv 4 + {8 * i})>(%by, %warp, %lane)
      %q{j}_{i}{h} = affine.apply affine_map<(b, l) -> (b * {TILE_N} + {j} + 2 * (l mod 4) + {h})>(%bx, %lane)
      memref.store %e{j}_{i}{h}, %C[%r{j}_{i}{h}, %q{j}_{i}{h}] : memref<{M}x{N}xf32>"""
                       for n, j in enumerate(columns) for i in range(2) for h in range(2))
    types = ", ".join(["vector<2x2xf32>"] * len(columns))
    return f"""
module attributes {{gpu.container_module}} {{
  gpu.module @kernels {{
    gpu.func @product(%A: memref<{M}x{K}xf16>, %B: memref<{K}x{N}xf16>, %C: memref<{M}x{N}xf32>)
        workgroup(%As: memref<{TILE_M}x{TILE_K}xf16, 3>, %Bs: memref<{TILE_K}x{TILE_N}xf16, 3>)
        kernel attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
      %c0 = arith.constant 0 : index
      {constants}
      %step = arith.constant {TILE_K} : index
      %k = arith.constant {K} : index
      %copies = arith.constant {TILE_K * TILE_N // 8} : index
      %zero = arith.constant dense<0.0> : vector<2x2xf32>
      %t = gpu.thread_id x
      %bx = gpu.block_id x
      %by = gpu.block_id y
      %warp = affine.apply affine_map<(t) -> (t floordiv 32)>(%t)
      %lane = affine.apply affine_map<(t) -> (t mod 32)>(%t)
      %ar = affine.apply affine_map<(t) -> (t floordiv 2)>(%t)
      %ac = affine.apply affine_map<(t) -> (t mod 2 * 8)>(%t)
      %br = affine.apply affine_map<(t) -> (t floordiv 4)>(%t)
      %bc = affine.apply affine_map<(t) -> (t mod 4 * 8)>(%t)
      %row = affine.apply affine_map<(l) -> (l mod 16)>(%lane)
      %arow = affine.apply affine_map<(w, l) -> (w * 16 + l mod 16)>(%warp, %lane)
      %acolumn = affine.apply affine_map<(l) -> (l floordiv 16 * 8)>(%lane)
      %copies_b = arith.cmpi ult, %t, %copies : index
      %sum:{len(columns)} = scf.for %k0 = %c0 to %k step %step iter_args({", ".join(f"%x{j} = %zero" for j in columns)}) -> ({types}) {{
        %gr = affine.apply affine_map<(b, r) -> (b * {TILE_M} + r)>(%by, %ar)
        %gc = affine.apply affine_map<(k, c) -> (k + c)>(%k0, %ac)
        %copy = nvgpu.device_async_copy %A[%gr, %gc], %As[%ar, %ac], 8 {{bypassL1}} : memref<{M}x{K}xf16> to memref<{TILE_M}x{TILE_K}xf16, 3>
        scf.if %copies_b {{
          %hr = affine.apply affine_map<(k, r) -> (k + r)>(%k0, %br)
          %hc = affine.apply affine_map<(b, c) -> (b * {TILE_N} + c)>(%bx, %bc)
          %other = nvgpu.device_async_copy %B[%hr, %hc], %Bs[%br, %bc], 8 {{bypassL1}} : memref<{K}x{N}xf16> to memref<{TILE_K}x{TILE_N}xf16, 3>
        }}
        %group = nvgpu.device_async_create_group %copy
        nvgpu.device_async_wait %group {{numGroups = 0 : i32}}
        gpu.barrier
        %a = nvgpu.ldmatrix %As[%arow, %acolumn] {{transpose = false, numTiles = 4 : i32}} : memref<{TILE_M}x{TILE_K}xf16, 3> -> vector<4x2xf16>
{body}
        gpu.barrier
        scf.yield {", ".join(f"%d{j}" for j in columns)} : {types}
      }}
{stores}
      gpu.return
    }}
  }}
}}
"""


def main():
    code = ptx.from_mlir(ptx.mlir_opt(kernel(), "builtin.module(gpu.module(lower-affine))"))
    if len(sys.argv) > 1:  # only the text, for other tests
        pathlib.Path(sys.argv[1]).write_text(code)
        return
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((M, K)).astype("f2"), rng.standard_normal((K, N)).astype("f2")
    wanted = a.astype("f8") @ b.astype("f8")

    def run(text, seed):
        return ptx.run(text, [a, b, ptx.Out((M, N), "f32")], grid=(N // TILE_N, M // TILE_M), block=128, seed=seed,
                       options=["--max-instructions", "10000000"])

    for seed in range(4):
        result = run(code, seed)
        assert not result.faults, result.faults
        assert ptx.relative_error(result.outputs[0], wanted) < 1e-6
    counters = result.report["counters"]
    assert counters["mma"] == M * N * K // (16 * 8 * 16), counters["mma"]
    assert counters["multiply_adds"] == M * N * K

    noticed, missed = collections.Counter(), []
    for name, text in mutants.mutants(code):
        result = run(text, 1)
        if result.faults:
            noticed[result.faults[0]["kind"]] += 1
        elif ptx.relative_error(result.outputs[0], wanted) > 1e-3:
            noticed["wrong result"] += 1
        else:
            missed.append(name)
    print(f"{noticed.total()} of {noticed.total() + len(missed)} mutants noticed:", dict(noticed))
    assert noticed.total() >= 40 and not missed, missed


main()
