"""Bounds of some layers on a machine that is easy to reckon with: bounds.py BENCH."""
import sys
import types

sys.path.insert(0, sys.argv[1])
import bound

machine = types.SimpleNamespace(peaks={"f32": 100.0}, levels=[("L1", 64, 32.0), ("memory", 0, 8.0)])
for T, N, I, H in ((10, 1, 3, 4), (10, 9, 3, 4), (1, 1, 4, 8)):
    layer = types.SimpleNamespace(cell="rnn", T=T, N=N, I=I, H=H)
    print(f"rnn {T},{N},{I},{H}", *(f"{phase} {bound.bound_ms(layer, phase, machine):.0f}"
                                    for phase in ("forward", "training")))
