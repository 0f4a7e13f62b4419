"""One Python side of the comparison, in a process of its own.

    worker.py pytorch|pytorch-compile|onnxruntime|jax|keras THREADS

Says 'ok VERSION' or 'missing REASON', then answers lines on the standard input:

    prepare WORK LAYER FILE  sets up a layer for 'inference' or 'training-step'; FILE has its arrays.
                             'ok HOW', or 'none REASON' if the library has nothing for it
    block WORK CALLS MS      calls it once to warm up, then at least CALLS times and MS milliseconds:
                             'ok' and the milliseconds of each call
    result WORK FILE         writes what a call computed, in the order of bench::Result: 'ok'
    forget                   drops what was prepared: 'ok'

Anything else that happens is 'error REASON'.
"""
import importlib
import os
import sys
import time

SIDES = {"pytorch": "with_pytorch", "pytorch-compile": "with_pytorch",
         "onnxruntime": "with_onnxruntime", "jax": "with_jax", "keras": "with_keras"}
GATES = {"rnn": 1, "lstm": 4, "gru": 3, "lbr_gru": 3}


class Missing(Exception):
    """The library has nothing for this work."""


class Problem:
    """A layer and the arrays that it is given, as bench::Problem has them: gates of an LSTM in the
    order i, f, g, o, those of a GRU r, z, candidate."""

    def __init__(self, cell, steps, batch, inputs, hidden, path):
        import numpy as np
        self.cell = cell
        self.T, self.N, self.I, self.H = T, N, I, H = steps, batch, inputs, hidden
        self.G = G = GATES[cell]
        self.lstm = cell == "lstm"
        numbers = np.fromfile(path, np.float32)
        at = 0

        def take(*shape):
            nonlocal at
            size = int(np.prod(shape))
            array = numbers[at:at + size].reshape(shape)
            at += size
            return array

        self.x, self.h0 = take(T, N, I), take(N, H)
        self.c0 = take(N, H) if self.lstm else None
        self.W, self.U = take(G, H, I), take(G, H, H)
        self.b = take(G + (cell == "lbr_gru"), H)
        self.dy = take(T, N, H)
        if at != numbers.size:
            raise ValueError(f"{path} has {numbers.size} numbers, but the layer takes {at}")

    def two_biases(self):
        """Biases beside the product with x and, zeros but for lbr_gru, beside that with h."""
        import numpy as np
        recurrent = np.zeros((self.G, self.H), np.float32)
        if self.cell == "lbr_gru":
            recurrent[2] = self.b[3]
        return self.b[:self.G], recurrent


def one_line(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def block(run, calls, least):
    """Milliseconds of each call."""
    run()
    times = []
    start = last = time.perf_counter()
    while len(times) < calls or (last - start) * 1e3 < least:
        run()
        now = time.perf_counter()
        times.append((now - last) * 1e3)
        last = now
    return times


def serve(library, answers):
    """`library.prepare(problem, work)` gives how it works, a function to time, and one that turns its
    result into arrays in the order of bench::Result."""
    prepared = {}
    problem = None
    for line in sys.stdin:
        command, *words = line.split()
        try:
            answer = "ok"
            if command == "prepare":
                work, cell, *sizes, path = words
                problem = problem or Problem(cell, *map(int, sizes), path)
                how, run, fetch = library.prepare(problem, work)
                run()
                prepared[work] = run, fetch
                answer += " " + how
            elif command == "block":
                run, _ = prepared[words[0]]
                answer += " " + " ".join("%.6g" % t for t in block(run, int(words[1]), float(words[2])))
            elif command == "result":
                run, fetch = prepared[words[0]]
                run()
                with open(words[1], "wb") as file:
                    for array in fetch(run()):
                        file.write(array.astype("float32").tobytes())
            elif command == "forget":
                prepared.clear()
                problem = None
            else:
                answer = f"error there is no command '{command}'"
        except Missing as reason:
            answer = f"none {reason}"
        except Exception as error:  # whatever a library throws is an answer
            answer = f"error {one_line(error)}"
        print(answer, file=answers, flush=True)


def main():
    side, threads = sys.argv[1], int(sys.argv[2])
    # Libraries that print must not answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        library = importlib.import_module(SIDES[side]).Library(side, threads)
    except ImportError as error:
        print("missing", one_line(error), file=answers, flush=True)
        return
    print("ok", library.version, file=answers, flush=True)
    serve(library, answers)


if __name__ == "__main__":
    # The libraries' files import this one by its name.
    sys.modules["worker"] = sys.modules["__main__"]
    main()
