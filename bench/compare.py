"""Compares and times compiled cells side by side with what else computes recurrent layers.
bench/run.sh builds what this needs and hands its options on; docs/performance.md says what is
measured."""
import argparse
import os
import sys
import tempfile

import bound
import plot
import report
from sides import (IN_PYTHON, NAMES, PEERS, Missing, NotOffered, Pinning, Setup, say, start_native,
                   start_python)

# What two sides may differ, relative to the largest element.
TOLERANCE = 1e-4
# A block in which others took more than this share of the time is repeated, this often.
CALM, REPEATS = 0.02, 3
CALLS, LEAST_MS = 3, 40
# The kinds of work whose best time counts for a phase.
WORKS = {"forward": ["inference", "forward-training"], "training": ["training-step"]}


class Layer:
    """A line of the table of layers."""

    def __init__(self, words):
        self.cell, *sizes = words[:5]
        self.T, self.N, self.I, self.H = map(int, sizes)
        phases = words[5] if len(words) > 5 else "both"
        self.phases = {"forward": ["forward"], "both": ["forward", "training"]}[phases]
        if self.cell not in bound.GATES or min(self.T, self.N, self.I, self.H) < 1:
            raise ValueError

    def text(self):
        return f"{self.cell} {self.T},{self.N},{self.I},{self.H}"

    def words(self):
        return [self.cell, self.T, self.N, self.I, self.H]

    def short(self):
        """The layer with few steps and rows, for what takes long."""
        return [self.cell, min(self.T, 4), min(self.N, 5), self.I, self.H]


def read_layers(path, only):
    layers = []
    if not os.path.exists(path):
        raise SystemExit(f"bench/run.sh: there is no table of layers at {path}")
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                layer = Layer(words)
            except (ValueError, KeyError):
                raise SystemExit(f"{path}:{number}: a line is 'CELL STEPS ROWS INPUTS HIDDEN "
                                 f"forward|both', CELL one of {', '.join(bound.GATES)}") from None
            if only in layer.text():
                layers.append(layer)
    if not layers:
        raise SystemExit(f"bench/run.sh: no layer of {path} has '{only}' in its name")
    return layers


def parse():
    parser = argparse.ArgumentParser(prog="bench/run.sh", add_help=False, allow_abbrev=False,
                                     usage="bench/run.sh [OPTIONS]; --help lists them")
    for name in ("build", "shapes", "rnncc", "python"):
        parser.add_argument("--" + name)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--peers", default="")
    for name in ("check", "without-rnncc", "halide", "options-only"):
        parser.add_argument("--" + name, action="store_true")
    options = parser.parse_args()
    try:
        options.threads = [int(n) for n in options.threads.split(",")]
    except ValueError:
        parser.error("--threads takes whole numbers, such as 1 or 1,2")
    if options.rounds < 1 or min(options.threads) < 1:
        parser.error("--rounds and --threads take whole numbers from 1")
    options.peers = [name for name in options.peers.split(",") if name not in ("", "none")]
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"--peers: there is no '{name}', but {', '.join(PEERS)} or none")
    return options


class Comparison:
    """A run with one number of threads."""

    def __init__(self, options, setup, threads, progress, notes):
        self.options, self.setup, self.threads = options, setup, threads
        self.progress, self.notes = progress, notes
        self.pinning = Pinning(threads)
        self.good = True
        self.versions = {}
        self.checked = set()
        self.folder = tempfile.TemporaryDirectory(prefix="exchange-", dir=options.build)
        self.lasting = {}
        for name in options.peers:
            progress.layer(f"{threads} thread{'s' if threads > 1 else ''}")
            progress.say(f"starting {NAMES[name]}")
            try:
                start = start_python if name in IN_PYTHON else start_native
                self.lasting[name] = start(name, setup, threads, self.pinning)
                self.versions[name] = self.lasting[name].version
            except Missing as reason:
                self.note(f"{NAMES[name]} is missing: {reason}")
        self.own = [] if options.without_rnncc else ["rnncc"] + ["halide"] * options.halide
        self.versions.update((name, setup.rnncc_version) for name in self.own)

    def note(self, text):
        """Something to know about the run, said once."""
        if text not in self.notes:
            self.progress.clear()
            self.notes.append(text)
            say(text)

    def end(self):
        for side in self.lasting.values():
            side.end()
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def native(self, *words):
        return self.setup.run(self.setup.program, *map(str, words))

    def difference(self, layer, phase, one, other):
        return float(self.native("compare", *layer, phase, self.path(one), self.path(other)))

    def judge(self, what, distance):
        """Notes a difference that is too large; False then."""
        if distance <= TOLERANCE:
            return True
        self.good = False
        self.note(f"RESULTS DIFFER: {what}: by {distance:.1g} of the largest element")
        return False

    def check_reference(self, layer, side):
        """The layer, cut short, against a reference in double: all other sides are compared with
        this one at full length."""
        key = (side.name, layer.cell, layer.I, layer.H)
        if key in self.checked:
            return
        self.checked.add(key)
        short = layer.short()
        self.native("reference", *short, self.path("reference"))
        for phase in ("forward", "training"):
            for work in WORKS[phase]:
                side.ask("prepare", work, *short, self.path("problem"))
                side.ask("result", work, self.path("short"))
                distance = self.difference(short, phase, "short", "reference")
                self.judge(f"{layer.text()} {work}: {NAMES[side.name]} from the reference", distance)
        side.ask("forget")

    def entries(self, layer, phase, sides):
        """The sides that can do the phase, ready to run, each with its kind of work, and how it does
        it. All agree with the first one."""
        ready, base = [], None
        for side in sides:
            for work in WORKS[phase]:
                # Only oneDNN's two modes are different code, so that either may be the faster one.
                if work == "forward-training" and side.name != "onednn":
                    continue
                self.progress.say(f"preparing {NAMES[side.name]}")
                try:
                    how = side.ask("prepare", work, *layer.words(), self.path("problem"))
                    side.ask("result", work, self.path("result"))
                except NotOffered:
                    continue
                except Missing as reason:
                    self.note(f"{layer.text()} {work}: {NAMES[side.name]}: {reason}")
                    continue
                if base is None:
                    base = side
                    os.replace(self.path("result"), self.path("base"))
                else:
                    distance = self.difference(layer.words(), phase, "result", "base")
                    if not self.judge(f"{layer.text()} {work}: {NAMES[side.name]} from "
                                      f"{NAMES[base.name]}", distance):
                        continue
                ready.append((side, work, how))
        return ready

    def time(self, ready):
        """Blocks of calls by turns: what disturbs the machine meets all sides."""
        calls, disturbed = [[] for _ in ready], [0.0] * len(ready)
        for round_ in range(self.options.rounds):
            for index, (side, work, _) in enumerate(ready):
                self.progress.say(f"round {round_ + 1} of {self.options.rounds}, {NAMES[side.name]}")
                best, least = side.block(work, CALLS, LEAST_MS)
                for _ in range(REPEATS):
                    if least <= CALM:
                        break
                    block, share = side.block(work, CALLS, LEAST_MS)
                    if share < least:
                        best, least = block, share
                calls[index] += best
                disturbed[index] += least / self.options.rounds
        return [report.Timing(side.name, work, how, c, d)
                for (side, work, how), c, d in zip(ready, calls, disturbed)]

    def layer(self, layer, ceilings):
        """The rows of the layer, one for each of its phases."""
        self.progress.layer(f"{layer.text()}, {self.threads} thread{'s' if self.threads > 1 else ''}")
        self.native("problem", *layer.words(), self.path("problem"))
        own = [start_native(name, self.setup, self.threads, self.pinning, layer) for name in self.own]
        sides, rows = own + list(self.lasting.values()), []
        try:
            self.progress.say("checking")
            # Without rnncc, oneDNN takes its place; others would have to compile the short layer, too.
            for side in own or [side for side in sides if side.name == "onednn"]:
                self.check_reference(layer, side)
            for phase in layer.phases:
                ready = self.entries(layer, phase, sides)
                if not self.options.check and ready:
                    rows.append(report.Row(layer, phase, self.threads, self.time(ready),
                                           bound.bound_ms(layer, phase, ceilings)))
                else:
                    self.progress.clear()
                    agree = ", ".join(dict.fromkeys(NAMES[side.name] for side, _, _ in ready))
                    print(f"{layer.text():<23}{phase:<9}agree: {agree}", flush=True)
        finally:
            for side in own:
                side.end()
            for name, side in list(self.lasting.items()):
                try:
                    side.ask("forget")
                except Missing as reason:
                    self.note(f"{NAMES[name]} is left out from here on: {reason}")
                    del self.lasting[name]
        return rows


def weight(layer, phase, sides, rounds):
    """About how long it takes, for the time that is left."""
    call = bound.flops(layer, phase) / 50e9
    return 2 + sides * (10 * call + rounds * max(0.05, 4 * call))


def main():
    options = parse()
    layers = read_layers(options.shapes, options.only)
    for threads in options.threads:
        Pinning(threads)
    if options.options_only:  # before anything is built or installed
        return 0
    setup = Setup(options)
    sides = len(options.peers) + 1
    weights = {layer: sum(weight(layer, phase, sides, 0 if options.check else options.rounds)
                          for phase in layer.phases) for layer in layers}
    progress = report.Progress(list(weights.values()) * len(options.threads))
    rows, versions, notes, good = [], {}, [], True
    csv_path, svg_path = (os.path.join(options.build, name) for name in ("bench.csv", "bench.svg"))
    title = report.machine()
    print(f"{title}; f32", flush=True)
    try:
        for threads in options.threads:
            comparison = Comparison(options, setup, threads, progress, notes)
            try:
                versions.update(comparison.versions)
                shown = [name for name in NAMES if name in comparison.versions]
                progress.clear()
                print(f"\n{threads} thread{'s' if threads > 1 else ''} on processors "
                      f"{','.join(map(str, comparison.pinning.processors))}: "
                      + ", ".join(f"{NAMES[s]} {versions[s]}" for s in shown), flush=True)
                ceilings = None
                if not options.check:
                    progress.say("measuring the machine")
                    ceilings = bound.Ceilings(setup.program, threads, comparison.pinning)
                    progress.clear()
                    print(f"{ceilings.text()}\n\n{report.header(shown)}", flush=True)
                for layer in layers:
                    new = comparison.layer(layer, ceilings)
                    progress.finished(weights[layer])
                    progress.clear()
                    rows += new
                    for row in new:
                        print(report.line(row, shown), flush=True)
                    if new:
                        report.write_csv(csv_path, rows, versions)
            finally:
                good &= comparison.good
                comparison.end()
    except KeyboardInterrupt:
        progress.clear()
        say("stopped; what follows is what was measured until here")
        good = False
    if rows:
        print("\nTimes over that of rnncc, geometric means (of so many layers):")
        print("\n".join(report.means(rows, [name for name in NAMES if name in versions])))
        plot.write_svg(svg_path, rows, title, versions)
        print(f"\nAll timings: {csv_path}\nPicture: {svg_path}")
    if notes:
        print("\nNotes:\n" + "\n".join(notes))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
