#!/usr/bin/env python3
"""Runs lit over the tests of a build folder. The last line of the output is
'N passed, M failed' (and ', K skipped'); the exit code is 0 if none failed."""
import json
import os
import shutil
import subprocess
import sys

build = os.path.abspath(sys.argv[1])
results = os.path.join(build, "test", "results.json")
if os.path.exists(results):
    os.remove(results)
lit = shutil.which("lit-22") or "/usr/lib/llvm-22/bin/lit"
code = subprocess.call([lit, "-v", "--time-tests", "-j", str(os.cpu_count()),
                        "-o", results, os.path.join(build, "test")] + sys.argv[2:],
                       stdin=subprocess.DEVNULL)
if not os.path.exists(results):
    sys.exit(code or 1)
with open(results) as file:
    codes = [test["code"] for test in json.load(file)["tests"]]
passed = sum(c in ("PASS", "XFAIL", "FLAKYPASS") for c in codes)
skipped = sum(c in ("UNSUPPORTED", "SKIPPED", "EXCLUDED") for c in codes)
failed = len(codes) - passed - skipped
print("%d passed, %d failed" % (passed, failed) +
      (", %d skipped" % skipped if skipped else ""))
sys.exit(1 if failed or not passed else 0)
