#!/usr/bin/env python3
"""whole.py STEPS FILE TOOL: arrays for whole.rnn of small whole numbers and powers of two, few of
them not zero, so that bf16 has every factor and f32 every sum of a few steps and their gradients."""
import random
import subprocess
import sys

steps, path, tool = int(sys.argv[1]), sys.argv[2], sys.argv[3]
random.seed(5)
I, H, N = 37, 43, 7


def tensor(name, shape, values, filled):
    count = 1
    for size in shape:
        count *= size
    numbers = [random.choice(values) if random.random() < filled else 0 for _ in range(count)]
    return "%s=%s:%s" % (name, ",".join(map(str, shape)), ",".join(map(str, numbers)))


subprocess.check_call([
    sys.executable, tool, "make", path,
    tensor("x", [steps, N, I], [-2, -1, 0.5, 1, 2], 0.5), tensor("W", [H, I], [-1, 1], 0.1),
    tensor("U", [H, H], [-1, 0.5, 1], 0.03), tensor("V", [3, H], [-1, 1, 2], 0.1),
    tensor("h.0", [N, H], [0, 1, 2], 1), tensor("grad.y", [steps, N, 3], [-1, 1, 2], 1),
    tensor("grad.h", [steps, N, H], [-1, 1], 0.2), tensor("grad.h.T", [N, H], [-1, 1], 0.2)])
