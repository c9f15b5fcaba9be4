"""A decoder of N layers with caches, decoder.py N: decoder.mlir, its weights, inputs and outputs as files.

Positions of the caches among inputs and outputs are no linear function of the layer: neighbours are swapped."""
import sys

import numpy as np

layers, width, heads = int(sys.argv[1]), 32, 2
batch, seq, past = 2, 3, 4
rng = np.random.default_rng(0)
cache, rows = "tensor<?x2x?x16xf32>", "tensor<?x?x32xf32>"
order = [layer ^ 1 for layer in range(layers)]  # of the layers' caches in the signature

weights = (rng.standard_normal((layers, 4, width, width)) / np.sqrt(width)).astype(np.float32)
weights.tofile("decoder.bin")
x = rng.standard_normal((batch, seq, width)).astype(np.float32)
caches = rng.standard_normal((layers, 2, batch, heads, past, width // heads)).astype(np.float32)


def split(y: np.ndarray) -> np.ndarray:
    return y.reshape(batch, seq, heads, -1).transpose(0, 2, 1, 3)


np.save("x.npy", x)
h = x
for layer in range(layers):
    q, k, v = (split(h @ weights[layer, i]) for i in range(3))
    grown = [np.concatenate((old, new), 2) for old, new in zip(caches[layer], (k, v))]
    for part, old, new in zip("kv", caches[layer], grown):
        np.save(f"{part}{layer}.npy", old)
        np.save(f"{part}{layer}.out.npy", new)
    e = np.exp(q @ grown[0].transpose(0, 1, 3, 2) * 0.25)
    a = (e / e.sum(-1, keepdims=True)) @ grown[1]
    h = h + np.tanh(a.transpose(0, 2, 1, 3).reshape(h.shape) @ weights[layer, 3])
np.save("y.npy", h)

tensor = lambda name, type, dims: f'{type} {{xf.name = "{name}", xf.dims = {dims}}}'
old, new = '["batch", "", "past", ""]', '["batch", "", "total", ""]'
inputs = [f"%{part}{layer}: " + tensor(f"{part}{layer}", cache, old) for part in "kv" for layer in order]
outputs = [tensor(f"{part}{layer}.out", cache, new) for layer in order for part in "vk"]
with open("decoder.mlir", "w") as file:
    write = lambda line: print(line, file=file)
    for layer in range(layers):
        for i in range(4):
            offset = (layer * 4 + i) * width * width * 4
            write(f'xf.weight_data @w{layer}.{i} : tensor<32x32xf32> from #xf.source<"decoder.bin", {offset}, 4096, raw>')
    hidden = tensor("x", rows, '["batch", "seq", ""]'), tensor("y", rows, '["batch", "seq", ""]')
    write(f"func.func @main(%h0: {hidden[0]}, {', '.join(inputs)}) -> ({hidden[1]}, {', '.join(outputs)}) {{")
    write('%b = xf.dim "batch"\n%s = xf.dim "seq"')
    for layer in range(layers):
        name = lambda kind: f"%{kind}_{layer}"
        for i, kind in enumerate("qkv"):
            write(f"{name('w' + kind)} = xf.weight @w{layer}.{i} : tensor<32x32xf32>")
            write(f"{name('m' + kind)} = xf.matmul %h{layer}, {name('w' + kind)} : ({rows}, tensor<32x32xf32>) -> {rows}")
            write(f"{name('r' + kind)} = xf.reshape {name('m' + kind)} to [%b, %s, 2, 16] : {rows} -> tensor<?x?x2x16xf32>")
            write(f"{name(kind)} = xf.transpose {name('r' + kind)} perm [0, 2, 1, 3] : (tensor<?x?x2x16xf32>) -> {cache}")
        for kind in "kv":
            write(f"{name('all' + kind)} = tensor.concat dim(2) %{kind}{layer}, {name(kind)} : ({cache}, {cache}) -> {cache}")
        write(f"{name('a')} = xf.attention {name('q')}, {name('allk')}, {name('allv')} scale 0.25 : ({cache}, {cache}, {cache}) -> {cache}")
        write(f"{name('t')} = xf.transpose {name('a')} perm [0, 2, 1, 3] : ({cache}) -> tensor<?x?x2x16xf32>")
        write(f"{name('f')} = xf.reshape {name('t')} to [%b, %s, 32] : tensor<?x?x2x16xf32> -> {rows}")
        write(f"{name('wo')} = xf.weight @w{layer}.3 : tensor<32x32xf32>")
        write(f"{name('o')} = xf.matmul {name('f')}, {name('wo')} : ({rows}, tensor<32x32xf32>) -> {rows}")
        write(f"{name('u')} = xf.unary tanh {name('o')} : ({rows}) -> {rows}")
        write(f"%h{layer + 1} = xf.binary add %h{layer}, {name('u')} : ({rows}, {rows}) -> {rows}")
    results = [f"%h{layers}"] + [f"%all{part}_{layer}" for layer in order for part in "vk"]
    write(f"return {', '.join(results)} : {', '.join([rows] + [cache] * 2 * layers)}\n}}")
with open("arguments", "w") as file:
    names = [f"{part}{layer}" for part in "kv" for layer in range(layers)]
    print(" ".join(f"--input {n}={n}.npy" for n in ["x"] + names), file=file)
    print(" ".join(["--expect y=y.npy"] + [f"--expect {n}.out={n}.out.npy" for n in names]), file=file)
