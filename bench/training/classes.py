#!/usr/bin/env python3
"""Times what classes.rnn computes in PyTorch, on one thread: the loss of 1600 rows of 256
numbers for each number of classes that is given, and its gradients. Least milliseconds of ten
calls, without the first one."""
import sys
import time

import torch
from torch.nn.functional import cross_entropy, linear

ROWS, UNITS, CALLS = 1600, 256, 10


def least(call):
    times = []
    for _ in range(CALLS + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times[1:])


torch.set_num_threads(1)
for classes in map(int, sys.argv[1:] or ["100", "1000", "10000"]):
    x = torch.randn(ROWS, UNITS, requires_grad=True)
    W = (0.05 * torch.randn(classes, UNITS)).requires_grad_()
    b = torch.zeros(classes, requires_grad=True)
    y = torch.randint(0, classes, (ROWS,))

    def forward():
        with torch.no_grad():
            cross_entropy(linear(x, W, b), y)

    def training():
        x.grad = W.grad = b.grad = None
        cross_entropy(linear(x, W, b), y).backward()

    print(f"V={classes} forward {least(forward):.2f} ms, training {least(training):.2f} ms")
