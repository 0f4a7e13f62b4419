"""What the comparison writes: a line for each layer and phase, means, a file of all timings."""
import csv
import math
import os
import statistics
import sys
import time

import bound
from sides import NAMES


def machine():
    """The processor, how many of it, and the best CPU level of rnncc that it has."""
    model, flags = "unknown CPU", set()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            elif name.strip() in ("flags", "Features"):
                flags = set(value.split())
    levels = {"avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
              "avx2": {"avx2", "fma"}, "x86-64": {"sse2"}, "aarch64": {"asimd"}}
    level = next((name for name, needs in levels.items() if needs <= flags), "unknown")
    return f"{model}, {os.cpu_count()} cores, level {level}"


def threads_text(threads):
    return f"{threads} thread" + ("s" if threads > 1 else "")


class Timing:
    """Milliseconds of single calls of one side."""

    def __init__(self, side, work, how, calls, disturbed):
        self.side, self.work, self.how, self.disturbed = side, work, how, disturbed
        self.calls = len(calls)
        self.minimum, self.median = min(calls), statistics.median(calls)
        self.low, _, self.high = statistics.quantiles(calls, n=4, method="inclusive")

    def spread(self):
        """Half the distance between the quartiles, as a share of the median."""
        return (self.high - self.low) / 2 / self.median


class Row:
    """A layer and phase with the best timing of each side; `bound` in milliseconds."""

    def __init__(self, layer, phase, threads, timings, least):
        self.layer, self.phase, self.threads, self.bound = layer, phase, threads, least
        self.timings = timings
        self.best_of = {}
        for timing in timings:
            best = self.best_of.get(timing.side)
            if not best or timing.median < best.median:
                self.best_of[timing.side] = timing

    def peer(self):
        """The fastest of the others."""
        others = [t for side, t in self.best_of.items() if side not in ("rnncc", "halide")]
        return min(others, key=lambda timing: timing.median, default=None)

    def ratio(self):
        """How many times as long as rnncc the fastest peer takes; None without one of them."""
        if "rnncc" not in self.best_of or not self.peer():
            return None
        return self.peer().median / self.best_of["rnncc"].median

    def of_bound(self, side="rnncc"):
        """The share of its time that the bound is."""
        return self.bound / self.best_of[side].median if side in self.best_of else None


def width(side):
    return max(len(NAMES[side]) + 2, 9)


def header(sides):
    columns = "".join(f"{NAMES[side]:>{width(side)}}" for side in sides)
    return (f"{'cell T,N,I,H':<23}{'phase':<9}{'bound':>9}{columns}"
            f"{'best/rnncc':>12}{'of bound':>10}{'spread':>8}")


def line(row, sides):
    """The row of the table; times in milliseconds."""
    def number(value, columns, form):
        return f"{'-' if value is None else form(value):>{columns}}"

    medians = "".join(number(row.best_of.get(side), width(side), lambda t: f"{t.median:.4g}")
                      for side in sides)
    shown = [t for t in (row.best_of.get("rnncc"), row.peer()) if t]
    spread = max((t.spread() for t in shown), default=None)
    text = (f"{row.layer.text():<23}{row.phase:<9}{row.bound:>9.4g}{medians}"
            + number(row.ratio(), 12, "{:.2f}".format) + number(row.of_bound(), 10, "{:.0%}".format)
            + number(spread, 8, "{:.0%}".format))
    disturbed = max((t.disturbed for t in shown), default=0)
    return text + (f"  disturbed: {disturbed:.0%}" if disturbed > 0.02 else "")


def mean(values):
    """The geometric mean, or None of nothing."""
    values = [value for value in values if value]
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def means(rows, sides):
    """Geometric means for each number of threads and phase: of the fastest peer, of each, and of the
    share of the bound."""
    lines = []
    for threads, phase in dict.fromkeys((row.threads, row.phase) for row in rows):
        some = [row for row in rows if (row.threads, row.phase) == (threads, phase)]
        parts = []
        best = mean(row.ratio() for row in some)
        if best:
            parts.append(f"fastest peer / rnncc {best:.2f}")
        for side in sides:
            against = [row.best_of[side].median / row.best_of["rnncc"].median for row in some
                       if side in row.best_of and "rnncc" in row.best_of]
            if side != "rnncc" and against:
                parts.append(f"{NAMES[side]} {mean(against):.2f} ({len(against)})")
        share = mean(row.of_bound() for row in some)
        if share:
            parts.append(f"rnncc at {share:.0%} of the bound")
        if parts:
            lines.append(f"{threads_text(threads)}, {phase}, {len(some)} layers: "
                         + ", ".join(parts))
    return lines


FIELDS = ["cell", "steps", "batch", "inputs", "hidden", "phase", "threads", "side", "version", "work",
          "implementation", "median_ms", "quartile1_ms", "quartile3_ms", "minimum_ms", "calls",
          "disturbed", "bound_ms", "gflops", "machine"]


def write_csv(path, rows, versions):
    """All timings; written anew after each layer, so that a run that ends early leaves them."""
    on = machine()
    with open(path + ".part", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(FIELDS)
        for row in rows:
            layer = row.layer
            for t in row.timings:
                table.writerow(
                    [layer.cell, layer.T, layer.N, layer.I, layer.H, row.phase, row.threads, t.side,
                     versions.get(t.side, ""), t.work, t.how]
                    + ["%.6g" % v for v in (t.median, t.low, t.high, t.minimum)]
                    + [t.calls, "%.3f" % t.disturbed, "%.6g" % row.bound,
                       "%.1f" % (bound.flops(layer, row.phase) / t.median * 1e-6), on])
    os.replace(path + ".part", path)


class Progress:
    """One line on a terminal that says where the run is and how long it will take; none elsewhere."""

    def __init__(self, weights):
        self.shown = sys.stderr.isatty()
        self.left, self.done = sum(weights), 0.0
        self.start = time.monotonic()
        self.place = ""

    def layer(self, text):
        self.place = text

    def finished(self, weight):
        self.done += weight
        self.left -= weight

    def say(self, what):
        if not self.shown:
            return
        rest = ""
        if self.done:
            seconds = (time.monotonic() - self.start) / self.done * self.left
            many = f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
            rest = f", about {many} left"
        print(f"\r\033[K{self.place}: {what}{rest}", end="", file=sys.stderr,
              flush=True)

    def clear(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
