"""A vector.contract lowered by upstream to ldmatrix and mma.sync, executed and compared with numpy.

Upstream chooses which lane holds which element; if the simulator's maps differ from it in one place, the product is wrong."""

import numpy as np

import ptx

FRAGMENTS = "builtin.module(gpu.module(func.func(convert-vector-to-gpu{use-nvgpu=true}),inline,symbol-dce,lower-affine))"

# The tile's rows are read straight, B also transposed; C is added. The contraction has to stand in a function of its own.
KERNEL = """
#transposed = affine_map<(d0, d1) -> (d1, d0)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
module attributes {{gpu.container_module}} {{
  gpu.module @kernels {{
    func.func private @contract(%A: memref<{m}x{k}x{input}, 3>, %B: memref<{bshape}x{input}, 3>, %C: memref<{m}x{n}x{output}>) {{
      %c0 = arith.constant 0 : index
      %zero = arith.constant {zero} : {input}
      %zero_out = arith.constant {zero_out} : {output}
      %a = vector.transfer_read %A[%c0, %c0], %zero {{in_bounds = [true, true]}} : memref<{m}x{k}x{input}, 3>, vector<{m}x{k}x{input}>
      %b = vector.transfer_read %B[%c0, %c0], %zero {{{bmap}in_bounds = [true, true]}} : memref<{bshape}x{input}, 3>, vector<{n}x{k}x{input}>
      %c = vector.transfer_read %C[%c0, %c0], %zero_out {{in_bounds = [true, true]}} : memref<{m}x{n}x{output}>, vector<{m}x{n}x{output}>
      %d = vector.contract {{indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>}}
        %a, %b, %c : vector<{m}x{k}x{input}>, vector<{n}x{k}x{input}> into vector<{m}x{n}x{output}>
      vector.transfer_write %d, %C[%c0, %c0] {{in_bounds = [true, true]}} : vector<{m}x{n}x{output}>, memref<{m}x{n}x{output}>
      return
    }}
    gpu.func @product(%A: memref<{m}x{k}x{input}>, %B: memref<{bshape}x{input}>, %C: memref<{m}x{n}x{output}>)
        workgroup(%As: memref<{m}x{k}x{input}, 3>, %Bs: memref<{bshape}x{input}, 3>)
        kernel attributes {{known_block_size = array<i32: 32, 1, 1>}} {{
      %t = gpu.thread_id x
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c32 = arith.constant 32 : index
      %m = arith.constant {m} : index
      %k = arith.constant {k} : index
      %rows = arith.constant {brows} : index
      %columns = arith.constant {bcolumns} : index
      scf.for %row = %c0 to %m step %c1 {{
        scf.for %i = %t to %k step %c32 {{
          %v = memref.load %A[%row, %i] : memref<{m}x{k}x{input}>
          memref.store %v, %As[%row, %i] : memref<{m}x{k}x{input}, 3>
        }}
      }}
      scf.for %row = %c0 to %rows step %c1 {{
        scf.for %i = %t to %columns step %c32 {{
          %v = memref.load %B[%row, %i] : memref<{bshape}x{input}>
          memref.store %v, %Bs[%row, %i] : memref<{bshape}x{input}, 3>
        }}
      }}
      gpu.barrier
      func.call @contract(%As, %Bs, %C) : (memref<{m}x{k}x{input}, 3>, memref<{bshape}x{input}, 3>, memref<{m}x{n}x{output}>) -> ()
      gpu.return
    }}
  }}
}}
"""

# (m, n, k, input, output, is B stored transposed, numpy types, tolerance)
CASES = [
    (16, 8, 16, "f16", "f32", False, "f2", "f4", 1e-6),
    (16, 8, 16, "f16", "f32", True, "f2", "f4", 1e-6),
    (16, 8, 16, "f16", "f16", False, "f2", "f2", 1e-3),
    (16, 8, 8, "f32", "f32", True, "f4", "f4", 1e-6),
    (16, 8, 32, "i8", "i32", True, "i1", "i4", 0),
]


def main():
    rng = np.random.default_rng(0)
    for m, n, k, source, result, is_transposed, in_type, out_type, tolerance in CASES:
        rows, columns = (n, k) if is_transposed else (k, n)
        is_integer = source == "i8"
        text = KERNEL.format(m=m, n=n, k=k, input=source, output=result, bshape=f"{rows}x{columns}", brows=rows, bcolumns=columns,
                             bmap="" if is_transposed else "permutation_map = #transposed, ",
                             zero="0" if is_integer else "0.0", zero_out="0" if is_integer else "0.0")
        fragments = ptx.mlir_opt(text, FRAGMENTS)
        if source == "f32":
            fragments = fragments.replace("mmaShape = [16, 8, 8]", "mmaShape = [16, 8, 8], tf32Enabled")
        code = ptx.from_mlir(fragments)
        assert "mma.sync" in code, code

        def values(shape, dtype):
            if is_integer:
                return rng.integers(-128, 128, shape).astype(dtype)
            numbers = rng.standard_normal(shape).astype(dtype)
            if dtype == "f4" and source == "f32":  # tf32 looks at 10 bits of the mantissa
                numbers = (numbers.view(np.uint32) & 0xFFFFE000).view(np.float32)
            return numbers

        a, b, c = values((m, k), in_type), values((rows, columns), in_type), values((m, n), out_type)
        wanted = a.astype("f8") @ (b.T if is_transposed else b).astype("f8") + c
        for seed in range(2):
            outcome = ptx.run(code, [a, b, ptx.InOut(c)], block=32, seed=seed)
            assert outcome.code == 0, outcome.errors
            error = ptx.relative_error(outcome.outputs[0], wanted)
            assert error <= tolerance, (source, result, is_transposed, error)


main()
