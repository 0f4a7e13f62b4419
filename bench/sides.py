"""The sides of the comparison: a process each, which answers lines (peers/worker.py says which)."""
import glob
import hashlib
import os
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# In the order of the table. A peer in Python lives in the virtual environment.
NAMES = {"rnncc": "rnncc", "halide": "with Halide", "onednn": "oneDNN",
         "onnxruntime": "ONNX Runtime", "pytorch": "PyTorch", "pytorch-compile": "torch.compile",
         "jax": "JAX", "keras": "Keras"}
PEERS = [name for name in NAMES if name not in ("rnncc", "halide")]
IN_PYTHON = [name for name in PEERS if name != "onednn"]


class Missing(Exception):
    """A side is not there, or failed; the text says why."""


class NotOffered(Missing):
    """A library has nothing for this work; the text says why."""


class Pinning:
    """The processors for `threads` threads: the last ones, since the first tends to serve devices."""

    def __init__(self, threads):
        allowed = sorted(os.sched_getaffinity(0))
        if threads > len(allowed):
            raise SystemExit(f"bench/run.sh: --threads {threads}, but only {len(allowed)} processors "
                             "may be used here")
        self.processors = allowed[-threads:]

    def __call__(self):
        os.sched_setaffinity(0, self.processors)


class Side:
    """A process that sets up layers and times them."""

    def __init__(self, name, command, threads, pinning, log, environment=None):
        self.name, self.threads = name, threads
        self.log = log
        variables = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads),
                         OPENBLAS_NUM_THREADS=str(threads), **(environment or {}))
        # OpenMP would bind the first thread of every program that is linked with it.
        if name in PEERS:
            variables["OMP_PROC_BIND"] = "true"
        with open(log, "a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, text=True, env=variables,
                                            preexec_fn=pinning, start_new_session=True)
        try:
            self.version = self.answer(300)
        except Missing:
            self.end()
            raise

    def answer(self, limit):
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            why = "ended" if ready else f"gave no answer in {limit} seconds"
            self.end()
            raise Missing(f"its process {why}; see {self.log}")
        word, _, rest = line.rstrip("\n").partition(" ")
        if word != "ok":
            raise NotOffered(rest) if word == "none" else Missing(rest)
        return rest

    def ask(self, *words, limit=900):
        """What the process answers, or Missing."""
        if self.process.poll() is not None:
            raise Missing(f"its process ended; see {self.log}")
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer will say so
        return self.answer(limit)

    def waited(self):
        """Seconds that threads of the process could have run but did not."""
        total = 0
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as file:
                    total += int(file.read().split()[1])
            except (OSError, IndexError):
                pass  # the thread ended, or the kernel does not count
        return total * 1e-9

    def block(self, work, calls, least):
        """Milliseconds of each of some calls, and the share of the time that others took from them."""
        waited, start = self.waited(), time.monotonic()
        times = [float(word) for word in self.ask("block", work, calls, least).split()]
        seconds = time.monotonic() - start
        return times, (self.waited() - waited) / (seconds * self.threads)

    def end(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(5)
            except BrokenPipeError:
                self.process.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start_native(name, setup, threads, pinning, layer=None):
    """oneDNN, or the compiled cell of the layer."""
    command = [setup.program, "serve", "onednn", setup.type]
    if name != "onednn":
        command = [setup.program, "serve", "rnncc", setup.compiled(layer, name), str(threads)]
    side = Side(name, command, threads, pinning, os.path.join(setup.build, f"{name}.log"))
    if name != "onednn":
        side.version = setup.rnncc_version
    elif not side.version:
        side.end()
        raise Missing("not found when this was built; Debian's package is libdnnl-dev")
    return side


def start_python(name, setup, threads, pinning):
    """A peer in the virtual environment."""
    if not setup.python:
        raise Missing("there is no virtual environment with it; see the message above")
    # The allocator keeps what is freed: backward passes take and free as much as the weights at
    # every step, which costs page faults otherwise.
    kept = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
            "MALLOC_TOP_PAD_": str(64 << 20), "TF_CPP_MIN_LOG_LEVEL": "3",
            "TORCHINDUCTOR_CACHE_DIR": os.path.join(setup.build, "torchinductor"),
            "PYTHONUNBUFFERED": "1"}
    return Side(name, [setup.python, os.path.join(HERE, "peers", "worker.py"), name, str(threads)],
                threads, pinning, os.path.join(setup.build, f"{name}.log"), kept)


class Setup:
    """What bench/run.sh built, and where things lie."""

    def __init__(self, options):
        self.build, self.python = options.build, options.python
        self.program = os.path.join(options.build, "rnncc-bench")
        self.rnncc, self.rnncc_version = options.rnncc, ""
        self.type = options.type
        if self.rnncc:
            self.rnncc_version = self.run(self.rnncc, "--version").splitlines()[0].removeprefix("rnncc ")

    @staticmethod
    def run(*command):
        """What the command prints, or Missing."""
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise Missing(f"this failed: {' '.join(command)}")
        return done.stdout

    def compiled(self, layer, side):
        """The shared object of the layer's cell; made anew if the cell has changed since, or the
        compiler is another one."""
        source = os.path.join(HERE, "cells", f"{layer.cell}.rnn")
        ending = ".halide.so" if side == "halide" else ".so"
        compiler = f"{os.path.realpath(self.rnncc)} {os.path.getmtime(self.rnncc)}"
        mark = hashlib.sha256(compiler.encode()).hexdigest()[:8]
        name = f"{layer.cell}-{layer.I}-{layer.H}-{self.type}-{mark}{ending}"
        path = os.path.join(self.build, name)
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
            backend = ["--backend=halide"] if side == "halide" else []
            self.run(self.rnncc, source, *backend, f"--type={self.type}", "--set", f"I={layer.I},H={layer.H}",
                     "--emit=shared", "-o", path)
        return path


def say(text):
    print(text, file=sys.stderr, flush=True)
