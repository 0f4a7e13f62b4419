"""Of a plan: its parts add up to the whole, and the candidates come in order."""
import re
import sys

numbers = [(len(found[1]), float(found[2]), found[3])
           for found in (re.match(r"( +)([0-9.]+)  (.*)", line)
                         for line in open(sys.argv[1])) if found]
choice = numbers[0][1]
parts = [number for indent, number, what in numbers if what.startswith("forward")]
rest = [number for indent, number, what in numbers[1:] if not what.startswith("forward")]
assert abs(sum(parts) - choice) < 0.01 * choice, (parts, choice)
assert len(rest) > 10 and rest == sorted(rest), rest
# 20 steps of 16 rows: 2 * 20 * 16 * 2048 * (64 + 512) operations at 118 GFLOP/s take 6.4 ms.
assert 6.4 <= choice < 10, choice
