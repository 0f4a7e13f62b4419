#!/usr/bin/env python3
"""What layers gain from threads by arithmetic, from a few figures of a machine.

usage: predict.py [--machine NAME]

docs/performance.md says what goes in; build.sh makes the program that measures it.
"""
import sys

# By number of threads: GFLOP/s of f32 multiply-adds, GB/s of reading from L3, nanoseconds of a barrier.
MACHINES = {
    # 16 cores of an Emerald Rapids, virtual: bench/run.sh and scaling --barriers.
    "emerald-rapids": {
        "peak": {1: 137, 2: 354, 4: 612, 8: 1413, 16: 2750},
        "L3": {1: 25, 2: 51, 4: 94, 8: 192, 16: 349},
        "barrier": {1: 0, 2: 260, 4: 500, 8: 780, 16: 1000},
        "line": 70,  # ns for a line that another core wrote, as far as nothing hides it
        "near": 1.5e6,  # bytes of L2 that weights may take
    },
    # 2 cores of a Zen 4: bench/run.sh and scaling --barriers, between near cores.
    "zen4": {
        "peak": {1: 118, 2: 236}, "L3": {1: 100, 2: 200}, "barrier": {1: 0, 2: 80}, "line": 15,
        "near": 1.5e6,
    },
}
EFFICIENCY = 0.9  # of the peak, in products
ELEMENTWISE = 0.35e-9  # seconds for a transcendental function
WIDTH = 32  # units of a panel
COLUMNS = 48  # of a weight gradient at a time

# cell, T, N, I, H; stages in the loop: gates of each; transcendental functions of a unit.
LAYERS = [("lstm", 25, 16, 1024, 1024, (4,), 5), ("lstm", 100, 128, 128, 128, (4,), 5),
          ("gru", 50, 32, 1024, 1024, (2, 1), 3)]


def up(a, b):
    return -(-a // b)


def row_parts(threads, rows, panels, weights, depth, near):
    """compiler/lower/Shares.cpp: into how many parts rows are shared out."""
    def cost(parts):
        groups, own = threads // parts, up(rows, parts)
        turns = own + (2 if parts * weights * 4 <= threads * near else 11)
        return up(panels, groups) * turns * (weights // panels) + own * (groups - 1) * depth * 220 // groups
    return min(range(1, threads + 1), key=lambda parts: (cost(parts), parts))


def loop(machine, n, T, N, H, stages, functions, backward):
    """Seconds of the steps of one direction."""
    panels, gates = up(H, WIDTH), sum(stages)
    weights = gates * H * H
    depth = gates * H if backward else len(stages) * H
    parts = row_parts(n, N, panels, weights, depth, machine["near"])
    groups, own = n // parts, up(N, parts)
    share = up(panels, groups) * (weights / panels)  # weights that a thread reads in a step
    rate = machine["peak"][n] / n * 1e9 * EFFICIENCY
    seconds = 2 * own * share / rate
    if share * 4 > machine["near"]:
        seconds += share * 4 / (machine["L3"][n] / n * 1e9)
    seconds += up(panels, groups) * WIDTH * own * functions * ELEMENTWISE
    if groups > 1:
        seconds += own * depth / 16 * (groups - 1) / groups * machine["line"] * 1e-9
        seconds += len(stages) * machine["barrier"][n] * 1e-9
    return T * seconds, parts


def product(machine, n, flops, shares):
    """Seconds of a product outside of the loop, in so many equal shares."""
    return flops * up(shares, n) * n / shares / (machine["peak"][n] * 1e9 * EFFICIENCY)


def predict(machine, layer, n):
    cell, T, N, I, H, stages, functions = layer
    panels, gates = up(H, WIDTH), sum(stages)
    steps, parts = loop(machine, n, T, N, H, stages, functions, False)
    back, _ = loop(machine, n, T, N, H, stages, functions, True)
    inputs = 2 * T * N * gates * H * I
    forward = steps + product(machine, n, inputs, T * N)
    # Weight gradients are shared by panels, and by blocks of columns where threads are left.
    shares = panels * max(1, min(n // panels, up(H, COLUMNS)))
    training = forward + back + product(machine, n, inputs, T * N) + product(
        machine, n, inputs + 2 * T * N * gates * H * H, shares)
    return forward, training, parts


def main():
    name = sys.argv[sys.argv.index("--machine") + 1] if "--machine" in sys.argv else "emerald-rapids"
    if name not in MACHINES or "--help" in sys.argv:
        raise SystemExit(__doc__ + "\nmachines: " + ", ".join(MACHINES))
    machine = MACHINES[name]
    print("| cell T,N,I,H | threads | parts of rows | forward ms | speed-up | training ms | speed-up |")
    print("|---|---|---|---|---|---|---|")
    for layer in LAYERS:
        one = predict(machine, layer, 1)
        for n in machine["peak"]:
            forward, training, parts = predict(machine, layer, n)
            shape = ",".join(map(str, layer[1:5]))
            print(f"| {layer[0]} {shape} | {n} | {parts} | {1e3 * forward:.1f} | {one[0] / forward:.2f} | "
                  f"{1e3 * training:.1f} | {one[1] / training:.2f} |")


if __name__ == "__main__":
    main()
