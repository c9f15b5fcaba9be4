"""Inputs and expected results of products.mlir: usage products.py FOLDER B S T"""
import os
import sys

import numpy as np

folder, (b, s, t) = sys.argv[1], map(int, sys.argv[2:])
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(b + s + t)
data = {"q": random.standard_normal((b, s, 4, 24)), "k": random.standard_normal((b, t, 4, 24)),
        "v": random.standard_normal((b, 4, t, 24)), "w": random.standard_normal((t, 24))}
data = {name: x.astype(np.float32) for name, x in data.items()}
q, k, v, w = (x.astype(np.float64) for x in data.values())
p = np.square(q.transpose(0, 2, 1, 3) @ k.transpose(0, 2, 3, 1))
data |= {"y": (p @ v).astype(np.float32), "z": (p @ w).astype(np.float32)}
for name, x in data.items():
    np.save(os.path.join(folder, name + ".npy"), x)
