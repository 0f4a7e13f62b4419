#!/usr/bin/env python3
"""run.py [--seed N] BUILD SECONDS [NAME ..]: runs the fuzzers of BUILD (preset fuzz), each for
that long, as many at once as there are processors. Prints where they are every ten seconds. What
they find lies in BUILD/findings, with a message that says how to run it again; then the exit
code is 1. New inputs gather in BUILD/corpus; with a seed they are forgotten, so that a run does
what the last one did."""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int)
parser.add_argument("build", type=os.path.abspath)
parser.add_argument("seconds", type=int)
parser.add_argument("names", nargs="*",
                    default=sorted(os.listdir(os.path.join(here, "corpus"))))
given = parser.parse_args()
build, seconds, names = given.build, given.seconds, given.names

# One input may take seconds (a busy machine, sanitizers), and a gigabyte.
LIMITS = ["-timeout=25", "-rss_limit_mb=1024", "-max_len=4096"]


def fuzz(name):
    """Runs one fuzzer; gives what it found, as text."""
    program = os.path.join(build, "bin", "fuzz-" + name)
    corpus, findings = (os.path.join(build, folder, name) for folder in ("corpus", "findings"))
    if given.seed is not None:
        corpus += "-%d" % given.seed
        shutil.rmtree(corpus, ignore_errors=True)
    for folder in (corpus, findings):
        os.makedirs(folder, exist_ok=True)
    log = os.path.join(findings, "log")
    command = [program, corpus, os.path.join(here, "corpus", name), "-max_total_time=%d" % seconds,
               "-artifact_prefix=" + findings + "/", "-close_fd_mask=3", "-reload=0",
               "-print_final_stats=1"] + LIMITS
    words = os.path.join(here, name + ".dict")
    if os.path.exists(words):
        command.append("-dict=" + words)
    if given.seed is not None:
        command.append("-seed=%d" % given.seed)
    before = set(os.listdir(findings))
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=findings)
        start = said = time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - said >= 10:
                said = time.monotonic()
                print("%-12s %4d s  %s" % (name, said - start, progress(log)), flush=True)
    print("%-12s done    %s" % (name, progress(log)), flush=True)
    new = sorted(set(os.listdir(findings)) - before - {"log"})
    if process.returncode == 0 and not new:
        return None
    message = "%s: exit code %d, see %s" % (name, process.returncode, log)
    for finding in new:
        message += "\nfound %s; to run it again:\n  %s %s" % (
            finding, os.path.relpath(program), os.path.relpath(os.path.join(findings, finding)))
    with open(log, errors="replace") as text:
        return message + "\n" + text.read()[-6000:]


def progress(log):
    """The last line of libFuzzer's that says where it is."""
    with open(log, errors="replace") as text:
        lines = re.findall(r"^#(\d+)\t.*?cov: (\d+).*?corp: (\S+).*?exec/s: (\d+)", text.read(), re.M)
    return "%s inputs, coverage %s, corpus %s, %s a second" % lines[-1] if lines else "starting"


for name in names:
    if not os.path.exists(os.path.join(build, "bin", "fuzz-" + name)):
        sys.exit("run.py: there is no fuzzer '%s' in %s; build the preset fuzz" % (name, build))
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    found = [message for message in pool.map(fuzz, names) if message]
print("\n".join(found) if found else "nothing found")
sys.exit(bool(found))
