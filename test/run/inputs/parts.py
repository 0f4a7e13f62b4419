#!/usr/bin/env python3
"""parts.py OBJECT TOOL FOLDER: runs `y = W @ x` and its gradients on random numbers, and prints the
largest error of each result beside sums in double, relative to the largest element; then what becomes
of rows with infinities and NaN."""
import math
import os
import random
import struct
import subprocess
import sys

shared, tool, folder = sys.argv[1:]
sys.path.insert(0, os.path.dirname(tool))
from tensors import load, make  # noqa: E402
K, M, N = 300, 40, 37
random.seed(3)


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def draw(rows, columns):
    return [[single(random.gauss(0, 1)) for _ in range(columns)] for _ in range(rows)]


def text(name, shape, rows):
    return "%s=%s:%s" % (name, ",".join(map(str, shape)), ",".join(repr(x) for row in rows for x in row))


def run(W, x, g):
    given, got = (os.path.join(folder, name) for name in ("in.st", "out.st"))
    make(given, text("W", [M, K], W), text("x", [1, N, K], x), text("grad.y", [1, N, M], g))
    subprocess.check_call(["rnncc-run", shared, "--in", given, "--out", got, "--grad"])
    return {name: values for name, (_, values) in load(got).items()}


W, x, g = draw(M, K), draw(N, K), draw(N, M)
out = run(W, x, g)
exact = {
    "y": [math.fsum(a * b for a, b in zip(W[m], x[n])) for n in range(N) for m in range(M)],
    "grad.x": [math.fsum(g[n][m] * W[m][k] for m in range(M)) for n in range(N) for k in range(K)],
    "grad.W": [math.fsum(g[n][m] * x[n][k] for n in range(N)) for m in range(M) for k in range(K)],
}
for name, values in exact.items():
    error = max(abs(a - b) for a, b in zip(out[name], values)) / max(map(abs, values))
    print(name, "as exact as f32" if error < 2e-6 else "off by %.1e" % error)

x[3][5], x[4][5], x[5][5] = math.inf, -math.inf, math.nan
y = run(W, x, g)["y"]
for n in (3, 4, 5, 6):
    kinds = {"nan" if math.isnan(v) else "inf" if math.isinf(v) else "number" for v in y[n * M:(n + 1) * M]}
    print("row", n, *sorted(kinds))
