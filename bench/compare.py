"""Compares and times compiled cells side by side with what else computes recurrent layers.
bench/run.sh builds what this needs and hands its options on; docs/performance.md says what is
measured."""
import argparse
import os
import signal
import sys
import tempfile

import bound
import plot
import report
from sides import (IN_PYTHON, NAMES, PEERS, Missing, NotOffered, Pinning, Setup, say, start_native,
                   start_python)

# What two sides may differ, relative to the largest element. Sides that multiply in bf16 round at
# different places.
TOLERANCE = {"f32": 1e-4, "bf16": 2e-2}
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
    parser.add_argument("--type", default="f32")
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
    if options.type not in TOLERANCE:
        parser.error(f"--type: there is no '{options.type}', but {' and '.join(TOLERANCE)}")
    options.peers = [name for name in options.peers.split(",") if name not in ("", "none")]
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"--peers: there is no '{name}', but {', '.join(PEERS)} or none")
    if options.type == "bf16":
        if options.halide:
            parser.error("--halide: Halide has no cells of --type bf16; leave one of the two out")
        wrong = [name for name in options.peers if name in IN_PYTHON]
        if wrong:
            parser.error(f"--type bf16: {', '.join(wrong)} would compute in f32; give --peers onednn")
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
            progress.layer(report.threads_text(threads))
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
        if distance <= TOLERANCE[self.options.type]:
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
                what = f"{layer.text()} {work}: {NAMES[side.name]}"
                try:
                    how = side.ask("prepare", work, *layer.words(), self.path("problem"))
                    side.ask("result", work, self.path("result"))
                    if base is None:
                        base = side
                        os.replace(self.path("result"), self.path("base"))
                    elif not self.judge(f"{what} from {NAMES[base.name]}",
                                        self.difference(layer.words(), phase, "result", "base")):
                        continue
                except NotOffered:
                    continue
                except Missing as reason:
                    self.good = False
                    self.note(f"{what}: {reason}")
                    continue
                ready.append((side, work, how))
        return ready

    def calm_block(self, side, work):
        """A block of calls that others disturbed little, as far as there is one."""
        best, least = side.block(work, CALLS, LEAST_MS)
        for _ in range(REPEATS):
            if least <= CALM:
                break
            block, share = side.block(work, CALLS, LEAST_MS)
            if share < least:
                best, least = block, share
        return best, least

    def time(self, layer, ready):
        """Blocks of calls by turns: what disturbs the machine meets all sides."""
        rounds = self.options.rounds
        calls, disturbed = {entry: [] for entry in ready}, dict.fromkeys(ready, 0.0)
        for round_ in range(rounds):
            for entry in list(calls):
                side, work, _ = entry
                self.progress.say(f"round {round_ + 1} of {rounds}, {NAMES[side.name]}")
                try:
                    block, share = self.calm_block(side, work)
                except Missing as reason:
                    self.good = False
                    self.note(f"{layer.text()} {work}: {NAMES[side.name]}: {reason}")
                    del calls[entry]
                    continue
                calls[entry] += block
                disturbed[entry] += share / rounds
        return [report.Timing(side.name, work, how, calls[side, work, how], disturbed[side, work, how])
                for side, work, how in calls]

    def layer(self, layer, ceilings):
        """The rows of the layer, one for each of its phases."""
        self.progress.layer(f"{layer.text()}, {report.threads_text(self.threads)}")
        own, rows = [], []
        try:
            self.native("problem", *layer.words(), self.path("problem"))
            for name in self.own:
                own.append(start_native(name, self.setup, self.threads, self.pinning, layer))
            sides = own + list(self.lasting.values())
            self.progress.say("checking")
            # Without rnncc, oneDNN takes its place; others would have to compile the short layer, too.
            for side in own or [side for side in sides if side.name == "onednn"]:
                self.check_reference(layer, side)
            for phase in layer.phases:
                ready = self.entries(layer, phase, sides)
                if not self.options.check and ready:
                    rows.append(report.Row(layer, phase, self.threads, self.time(layer, ready),
                                           bound.bound_ms(layer, phase, ceilings,
                                                          self.options.type == "bf16")))
                else:
                    self.progress.clear()
                    names = list(dict.fromkeys(NAMES[side.name] for side, _, _ in ready))
                    # rnncc is compared with a reference, other sides with one another.
                    if not any(name in self.own for name in (side.name for side, _, _ in ready)) \
                            and len(names) < 2:
                        self.good = False
                        self.note(f"{layer.text()} {phase}: there is nothing to compare")
                        continue
                    agree = ", ".join(names)
                    print(f"{layer.text():<23}{phase:<9}agree: {agree}", flush=True)
        except Missing as reason:
            self.good = False
            self.note(f"{layer.text()}: {reason}")
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


def interrupt(*_):
    raise KeyboardInterrupt


def measure(comparison, layers, weights, rows):
    """All layers with one number of threads; adds to `rows` and writes those as they come."""
    options, progress = comparison.options, comparison.progress
    shown = [name for name in NAMES if name in comparison.versions]
    progress.clear()
    print(f"\n{report.threads_text(comparison.threads)} on processors "
          f"{','.join(map(str, comparison.pinning.processors))}: "
          + ", ".join(f"{NAMES[side]} {comparison.versions[side]}" for side in shown), flush=True)
    ceilings = None
    if not options.check:
        progress.say("measuring the machine")
        ceilings = bound.Ceilings(comparison.setup.program, comparison.threads, comparison.pinning)
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
            report.write_csv(os.path.join(options.build, "bench.csv"), rows, comparison.versions)


def finish(rows, versions, notes, build):
    """What is said about all layers together."""
    if rows:
        picture = os.path.join(build, "bench.svg")
        plot.write_svg(picture, rows, report.machine(), versions)
        print("\nTimes over that of rnncc, geometric means (of so many layers):")
        print("\n".join(report.means(rows, [name for name in NAMES if name in versions])))
        print(f"\nAll timings: {os.path.join(build, 'bench.csv')}\nPicture: {picture}")
    if notes:
        print("\nNotes:\n" + "\n".join(notes))


def main():
    options = parse()
    layers = read_layers(options.shapes, options.only)
    for threads in options.threads:
        Pinning(threads)
    if options.options_only:  # before anything is built or installed
        return 0
    signal.signal(signal.SIGTERM, interrupt)
    try:
        setup = Setup(options)
    except Missing as reason:
        raise SystemExit(f"bench/run.sh: {reason}") from None
    sides, rounds = len(options.peers) + 1, 0 if options.check else options.rounds
    weights = {layer: sum(weight(layer, phase, sides, rounds) for phase in layer.phases)
               for layer in layers}
    progress = report.Progress(list(weights.values()) * len(options.threads))
    rows, versions, notes, good = [], {}, [], True
    print(f"{report.machine()}; {options.type}", flush=True)
    try:
        for threads in options.threads:
            comparison = Comparison(options, setup, threads, progress, notes)
            versions.update(comparison.versions)
            try:
                measure(comparison, layers, weights, rows)
            finally:
                good &= comparison.good
                comparison.end()
    except KeyboardInterrupt:
        progress.clear()
        say("stopped; what follows is what was measured until here")
        good = False
    finish(rows, versions, notes, options.build)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
