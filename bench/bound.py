"""What a layer takes at least on this machine: the roofline that its time is compared with."""
import subprocess

GATES = {"rnn": 1, "lstm": 4, "gru": 3, "lbr_gru": 3}


class Ceilings:
    """What the processors do at most, measured by `rnncc-bench ceilings`: multiply-adds, counted as
    two, a second by kind of number, and bytes read a second from each level of the memory, the
    nearest first. Of a level, `capacity` counts the bytes, of all threads together; 0: no limit."""

    def __init__(self, program, threads, pinned):
        text = subprocess.run([program, "ceilings", str(threads)], check=True, text=True,
                              stdout=subprocess.PIPE, preexec_fn=pinned).stdout
        words = [line.split() for line in text.splitlines()]
        self.peaks = {kind: float(peak) for what, kind, *peak in words
                      if what == "peak" for peak in peak}
        self.levels = [(name, int(capacity), float(speed))
                       for what, name, capacity, speed in (w for w in words if w[0] == "read")]

    def text(self):
        peaks = ", ".join(f"{kind} {peak / 1e9:.0f} GFLOP/s" for kind, peak in self.peaks.items())
        levels = ", ".join(f"{name} {speed / 1e9:.0f} GB/s" for name, _, speed in self.levels)
        return f"peak: {peaks}; reading: {levels}"


def read_seconds(levels, sizes):
    """Seconds to read each of the arrays once, which take the nearest levels in this order."""
    free = [[capacity, speed] for _, capacity, speed in levels]
    answer = []
    for size in sizes:
        seconds = 0.0
        for level in free:
            part = min(size, level[0]) if level is not free[-1] else size
            seconds += part / level[1]
            level[0] -= part
            size -= part
        answer.append(seconds)
    return answer


def flops(layer, phase):
    """Of the products; a training step has three for each of the forward pass."""
    forward = 2 * layer.T * layer.N * GATES[layer.cell] * layer.H * (layer.I + layer.H)
    return forward * (3 if phase == "training" else 1)


def bound_ms(layer, phase, ceilings, bf16=False):
    """The products alone, each at the peak or at the speed of reading its weights, whichever is
    slower: those of the inputs once for all steps, the recurrent one once a step. The recurrent
    weights keep the nearest caches, those of the inputs get what is left. The gradients of weights
    are one product over all steps each. In bf16, factors have half the bytes and the best peak there
    is counts."""
    kinds = [kind for kind in ceilings.peaks if bf16 or kind == "f32"]
    peak, G = max(ceilings.peaks[kind] for kind in kinds), GATES[layer.cell]
    size = 2 if bf16 else 4
    read_recurrent, read_inputs = read_seconds(
        ceilings.levels, [size * G * layer.H * layer.H, size * G * layer.H * layer.I])
    step = 2 * layer.N * G * layer.H * layer.H / peak
    inputs = 2 * layer.T * layer.N * G * layer.H * layer.I / peak
    once = max(inputs, read_inputs) + layer.T * max(step, read_recurrent)
    gradients_of_weights = inputs + layer.T * step
    return 1e3 * (2 * once + gradients_of_weights if phase == "training" else once)
