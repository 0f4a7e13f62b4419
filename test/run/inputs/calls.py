#!/usr/bin/env python3
"""calls.py LEVEL TOLERANCE FILE.rnn [OPTION OF rnncc ..]

Compiles a cell for the CPU level x86-64 of this machine and for another machine's LEVEL,
calls both in all ways (calls.c) and compares what they write: numbers may differ by
TOLERANCE of the largest of their array, all else must be the same. Works in the current
folder."""
import pathlib
import re
import struct
import subprocess
import sys

here = pathlib.Path(__file__).parent
runtime = here.parents[2] / "runtime"
level, tolerance, text, *options = sys.argv[1:]
tolerance = float(tolerance)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def compiled(cpu):
    run("rnncc", text, *options, "--cpu=" + cpu, "-o", cpu + ".o")
    cell = re.search(r"rnncc_descriptor (\w+);", pathlib.Path(cpu + ".h").read_text())[1]
    return ["clang", "-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            "-I", runtime / "include", "-DCELL=" + cell, here / "calls.c", cpu + ".o"]


def with_libc(cpu, *flags):
    run(*compiled(cpu), *flags, "-D_GNU_SOURCE", here / "calls-main.c",
        *sorted(runtime.glob("src/*.c")), "-pthread", "-o", cpu)
    return "./" + cpu


def aarch64():
    return run("qemu-aarch64", with_libc("aarch64", "--target=aarch64-linux-gnu",
                                         "-fuse-ld=lld", "-static"))


def wasm32():
    run(*compiled("wasm32"), "--target=wasm32", "-ffreestanding", "-mbulk-memory", "-nostdlib",
        "-Wl,--no-entry,--export=start,--import-undefined", here / "calls-wasm.c",
        "-o", "calls.wasm")
    return run("node", here / "calls.mjs", "calls.wasm")


def numbers(words):
    return [struct.unpack(">d" if len(word) == 16 else ">f", bytes.fromhex(word))[0]
            for word in words]


def fail(message):
    sys.exit("calls.py: %s, %s: %s" % (level, " ".join([text] + options), message))


expected = run(with_libc("x86-64")).splitlines()
got = {"aarch64": aarch64, "wasm32": wasm32}[level]().splitlines()
if len(got) != len(expected) or not got:
    fail("%d lines, expected %d" % (len(got), len(expected)))
largest = 0
for mine, theirs in zip(got, expected):
    if not mine.startswith(("all ", "lengths ", "steps ")):
        if mine != theirs or "OTHER" in mine or "OUT OF" in mine:
            fail("'%s', expected '%s'" % (mine, theirs))
        continue
    title, values = mine.split()[:2], numbers(mine.split()[2:])
    wanted = numbers(theirs.split()[2:])
    if title != theirs.split()[:2] or len(values) != len(wanted):
        fail("%s, expected %s" % (title, theirs.split()[:2]))
    scale = max(map(abs, wanted))
    error = max(abs(a - b) for a, b in zip(values, wanted))
    if not error <= tolerance * scale:
        fail("%s differs by %.1e of %.1e" % (" ".join(title), error, scale))
    largest = max(largest, error / scale if scale else 0)
print("%s: agree to %.1e" % (text, largest))
