#!/usr/bin/env python3
"""Feeds rnncc texts that no friend writes. For each: exit code 1, a message with a place
and a name, and no output file; or, where the text is right but hard, an object. All within
seconds and a gigabyte. Prints how many there were."""
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

# What it may take; the seconds are the processor's, since the machine may be busy.
SECONDS, BYTES = 20, 1 << 30


def cell(body, head="cell C(H = 2)"):
    return "%s {\n  input x : [H]\n  state h : [H]\n%s\n  output h\n}\n" % (head, body)


def step(value):
    return cell("  h[t] = " + value)


many = 100000
texts = {
    "empty": "",
    "a comment": "# nothing\n",
    "blanks": " \t\r\n" * many,
    "nested parentheses": step("(" * many + "x" + ")" * many),
    "open parentheses": step("(" * many),
    "closed parentheses": step("x" + ")" * many),
    "nested brackets": step("[" * many + "x" + "]" * many),
    "nested calls": step("tanh(" * many + "x" + ")" * many),
    "signs": step("-" * many + "x"),
    "transposes": step("x" + "'" * many),
    "nested slices": step("x" + "[0:1" * many),
    "braces": "{" * many,
    "cells in cells": "cell C {" * many,
    "a line of a megabyte": step("x + " * (1 << 18) + "y"),
    "a name of a megabyte": step("x" * (1 << 20)),
    "a number of a megabyte": step("1" * (1 << 20)),
    "a comparison chain": step("x < " * 1000 + "x"),
    "many arguments": step("max(" + "x, " * many + "x)"),
    "many parts": step("[" + "x, " * many + "y]"),
    "many sizes": cell("  h[t] = x", "cell C(" + ", ".join("H%d" % i for i in range(many)) + ")"),
    "many unknown names": cell("".join("  a%d = b%d\n" % (i, i) for i in range(20000))),
    "bytes": bytes(range(256)) * 100,
    "an ELF file": b"\x7fELF\x02\x01\x01" + bytes(1000),
    "zeros": bytes(1 << 20),
    "invalid UTF-8": step("x").encode() + b"\xff\xfe",
    "invalid UTF-8 in a name": step("x + \u03c3").encode()[:-14] + b"\xc3",
    "UTF-16": step("x").encode("utf-16"),
    "a byte order mark alone": b"\xef\xbb\xbf",
    "half a character": b"cell C(H = 2) { input x : [H]; h[t] = \xcf",
    "size 0": cell("  h[t] = x", "cell C(H = 0)"),
    "size -1": cell("  h[t] = x", "cell C(H = -1)"),
    "size 2^31": cell("  h[t] = x", "cell C(H = 2147483648)"),
    "size 2^62": cell("  h[t] = x", "cell C(H = 4611686018427387904)"),
    "size 2^63": cell("  h[t] = x", "cell C(H = 9223372036854775808)"),
    "size 1e30": cell("  h[t] = x", "cell C(H = 1000000000000000000000000000000)"),
    "a product of sizes": cell("  param W : [H*H*H*H*H]\n  h[t] = x", "cell C(H = 65536)"),
    "a product of parameters": cell("  param W : [H, H]\n  h[t] = W @ x", "cell C(H = 2000000000)"),
    "a sum of sizes": cell("  param W : [H + 9223372036854775807]\n  h[t] = x"),
    "a division by zero": cell("  param W : [H / (H - H)]\n  h[t] = x"),
    "a delay of a million": step("h[t-1000000]"),
    "a delay of 2^64": step("h[t-18446744073709551616]"),
    "a time to come": step("h[t+1]"),
    "recursion": "fn f(a) = f(a)\n" + step("f(x)"),
    "mutual recursion": "fn f(a) = g(a)\nfn g(a) = f(a)\n" + step("f(x)"),
    "a tower of functions": "fn f0(a) = a + a\n" + "".join(
        "fn f%d(a) = f%d(f%d(a))\n" % (i, i - 1, i - 1) for i in range(1, 64)) + step("f63(x)"),
    "a long chain of functions": "fn f0(a) = a\n" + "".join(
        "fn f%d(a) = f%d(a)\n" % (i, i - 1) for i in range(1, 20000)) + step("f19999(x)"),
    "a number out of range": step("x * 1e999999999"),
    "a number of dots": step("x * 1.2.3"),
    "hexadecimal": step("x * 0x"),
    "a state twice": cell("  state h : [H]\n  h[t] = x"),
    "itself": step("h[t]"),
    "a circle": cell("  a = b\n  b = a\n  h[t] = a"),
    "a slice out of range": step("x[0:99999999999999999999]"),
    "a slice backwards": step("x[2:0]"),
    "a path as a name": "cell ../C(H = 2) {}",
    "an HTML page": "<!DOCTYPE html><html><body>not found</body></html>",
    "Python": "class LSTM:\n    def __init__(self):\n        pass\n",
    "JSON": '{"cell": {"H": 2}}',
    "C": "int main(void) { return 0; }",
}

names = range(1, 3000)
hard = {
    "doublings": cell("  a0 = x\n" + "".join("  a%d = a%d * a%d\n" % (i, i - 1, i - 1)
                                             for i in names[:64]) + "  h[t] = h[t-1] * a64"),
    "doublings of a state": cell("  a0 = h[t-1]\n" + "".join(
        "  a%d = a%d * a%d\n" % (i, i - 1, i - 1) for i in names[:64]) + "  h[t] = x * a64"),
    "doublings of sums": cell("  a0 = x\n" + "".join(
        "  a%d = sum(a%d) * a%d\n" % (i, i - 1, i - 1) for i in names[:16]) + "  h[t] = h[t-1] * a16"),
    "a chain of names": cell("  a0 = x\n" + "".join("  a%d = a%d + h[t-1]\n" % (i, i - 1)
                                                   for i in names) + "  h[t] = a2999"),
}


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def run(name, text, folder):
    """Gives what is wrong, or nothing."""
    data = text if isinstance(text, bytes) else text.encode()
    path = os.path.join(folder, "hostile.rnn")
    with open(path, "wb") as file:
        file.write(data)
    start = time.monotonic()
    process = subprocess.Popen(["rnncc", path, "-o", os.path.join(folder, "out.o")],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limits)
    try:
        out, err = process.communicate(timeout=20 * SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return "waits for something"
    if process.returncode == -signal.SIGXCPU:
        return "takes more than %d seconds" % SECONDS
    err = err.decode(errors="replace")
    if process.returncode != (name not in hard):
        return "exit code %d: %s" % (process.returncode, err[-300:])
    if name not in hard and not re.search(r"hostile\.rnn:\d+:\d+: error: .* \[[a-z-]+\]", err):
        return "no message with a place and a name: " + err[:300]
    if len(err) > 1 << 20:
        return "a message of %d bytes" % len(err)
    left = sorted(set(os.listdir(folder)) - {"hostile.rnn"})
    if name in hard and left == ["out.h", "out.o"]:
        for written in left:
            os.remove(os.path.join(folder, written))
    elif left or name in hard:
        return "left %s" % left
    print("%5.2f s  %s" % (time.monotonic() - start, name))
    return None


failed = 0
with tempfile.TemporaryDirectory() as folder:
    for name, text in {**texts, **hard}.items():
        if len(sys.argv) > 1 and sys.argv[1] not in name:
            continue
        wrong = run(name, text, folder)
        if wrong:
            print("FAILED %s: %s" % (name, wrong))
            failed += 1
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
print("%d hostile texts, %d failed, at most %d MB" % (len(texts) + len(hard), failed, most >> 20))
sys.exit(failed > 0 or most > BYTES)
