#!/usr/bin/env python3
"""compare-calls.py FILE EXPECTED TOLERANCE: compares two texts that calls.c wrote. Numbers
may differ by TOLERANCE of the largest of their array; all else must be the same. Prints
the largest difference."""
import struct
import sys


def numbers(words):
    return [struct.unpack(">d" if len(word) == 16 else ">f", bytes.fromhex(word))[0]
            for word in words]


with open(sys.argv[1]) as file, open(sys.argv[2]) as expected:
    pairs = list(zip(file.readlines(), expected.readlines(), strict=True))
tolerance, largest = float(sys.argv[3]), 0
for mine, theirs in pairs:
    if not mine.startswith(("all ", "lengths ", "steps ")):
        if mine != theirs:
            sys.exit("WRONG: '%s', expected '%s'" % (mine.strip(), theirs.strip()))
        if "OTHER" in mine or "OUT OF" in mine:
            sys.exit("WRONG: " + mine.strip())
        continue
    title, theirTitle = mine.split()[:2], theirs.split()[:2]
    values, wanted = numbers(mine.split()[2:]), numbers(theirs.split()[2:])
    scale = max(map(abs, wanted))
    error = max(abs(a - b) for a, b in zip(values, wanted, strict=True))
    if title != theirTitle or not error <= tolerance * scale:
        sys.exit("WRONG: %s differs by %.1e of %.1e" % (" ".join(title), error, scale))
    largest = max(largest, error / scale if scale else 0)
if not pairs:
    sys.exit("WRONG: nothing was written")
print("agree to %.1e" % largest)
