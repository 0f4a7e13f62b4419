"""Counts the instructions that a function of a program takes, and compares: PROGRAM FUNCTION
EXPECTED. Fewer is good news and wants a new number here; more is an optimisation that is lost."""
import re
import subprocess
import sys

TOLERANCE = 0.05

program, function, expected = sys.argv[1], sys.argv[2], int(sys.argv[3])
run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                      "--collect-atstart=no", f"--toggle-collect={function}", program],
                     capture_output=True, text=True, check=True)
counted = int(re.search(r"Collected : (\d+)", run.stderr).group(1))
change = counted / expected - 1
print(f"{function}: {counted} instructions, {expected} expected ({change:+.1%})")
sys.exit(abs(change) > TOLERANCE)
