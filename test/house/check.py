#!/usr/bin/env python3
"""Checks what no compiler checks, in the tree given as argument: the direction of
includes between rooms, CHECK lines that nobody reads, errors without a heading or a
test, verifier rules without a check or a test, ops and passes without a
description. One line per complaint."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])

# Each room, and the rooms whose headers it may include.
MAY_SEE = {
    "dialect": [],
    "runtime": [],
    "compiler/syntax": [],
    "compiler/sema": ["compiler/syntax", "dialect"],
    "compiler/lsp": ["compiler/syntax", "compiler/sema", "dialect"],
    "compiler/interpret": ["dialect"],
    "compiler/autodiff": ["dialect"],
    "compiler/schedule": ["dialect"],
    "compiler/lower": ["dialect", "compiler/schedule"],
    "compiler/emit": ["dialect", "runtime"],
    "compiler/output": [],
    "compiler/run": ["compiler/output", "runtime"],
}
LONGEST = 1200  # lines of a source file
complaints = []


def texts(folder, *suffixes):
    for path in sorted((root / folder).rglob("*")):
        if path.suffix in suffixes and path.is_file():
            name = path.relative_to(root).as_posix()
            if "/inputs/" not in name and "/fixtures/" not in name:
                yield name, path.read_text()


def room(name):
    return max((r for r in MAY_SEE if name.startswith(r + "/")), key=len, default=None)


def includes():
    for folder in ("dialect", "compiler", "runtime"):
        for name, text in texts(folder, ".h", ".cpp", ".c", ".td"):
            here = room(name)
            lines = text.splitlines()
            if len(lines) > LONGEST:
                complaints.append(f"{name}: has {len(lines)} lines: more than one idea?")
            for number, line in enumerate(lines, 1):
                found = re.match(r'#?include "([^"]+)"', line)
                if not found or here is None:
                    continue
                there = "runtime" if found[1].startswith("rnncc/") else room(found[1])
                if there and there != here and there not in MAY_SEE[here]:
                    complaints.append(f"{name}:{number}: {here} may not include {there}")


def checks():
    for name, text in texts("test", ".mlir", ".rnn", ".test"):
        runs = "".join(re.findall(r"RUN:(.*)", text))
        if re.search(r"\bCHECK[A-Z-]*:", text) and "FileCheck" not in runs:
            complaints.append(f"{name}: has CHECK lines but never runs FileCheck")
        if "expected-" in text and "verify-diagnostics" not in runs:
            complaints.append(f"{name}: expects diagnostics but does not verify them")
        if not runs:
            complaints.append(f"{name}: has no RUN line")
        read = set(re.findall(r"--check-prefix(?:es)?[= ]([A-Z0-9-]+)", runs))
        for prefix in set(re.findall(r"^\s*(?:#|//) *([A-Z][A-Z0-9]+)(?:-[A-Z0-9-]+)?:", text, re.M)):
            if prefix not in read | {"CHECK", "RUN", "DEFINE", "REDEFINE", "COM", "REQUIRES", "UNSUPPORTED"}:
                complaints.append(f"{name}: {prefix} lines are read by no FileCheck")


def errors():
    name = r"\[([a-z]+(?:-[a-z]+)+)\]"
    emitted = set()
    for _, text in texts("compiler", ".cpp"):
        emitted |= set(re.findall(name + '"', text))
    index = root / "docs/errors.md"
    listed = set(re.findall(r"^## (\S+)", index.read_text(), re.M)) if index.exists() else set()
    tested = set()
    for _, text in texts("test", ".rnn", ".test"):
        tested |= set(re.findall(name, text))
    for what, names in (("has no heading in docs/errors.md", emitted - listed),
                        ("is in docs/errors.md but nothing emits it", listed - emitted),
                        ("has no test", emitted - tested)):
        complaints.extend(f"error [{n}] {what}" for n in sorted(names))


def ops():
    verifier = "".join(text for _, text in texts("dialect", ".cpp"))
    tests = "".join(text for _, text in texts("test/dialect", ".mlir"))
    for name, text in texts("dialect", ".td"):
        for rule in sorted(set(re.findall(r"`([a-z]+-[a-z]+)`", text))):
            for what, place in (("check", verifier), ("test", tests)):
                if rule not in place:
                    complaints.append(f"{name}: rule {rule} has no {what}")
    for folder in ("dialect", "compiler"):
        for name, text in texts(folder, ".td"):
            for block in re.split(r"\n(?=def )", text):
                kind = re.match(r"def (\w+) *: *(?:Rnn_\w*Op|Pass)<", block)
                if kind and not re.search(r"summary =", block):
                    complaints.append(f"{name}: {kind[1]} has no summary")
                if kind and not re.search(r"description =", block):
                    complaints.append(f"{name}: {kind[1]} has no description")
                for example in re.findall(r"see `(test/[^`]+)`", block):
                    if not (root / example).exists():
                        complaints.append(f"{name}: {kind[1]} points to {example}, which is not there")


includes()
checks()
errors()
ops()
print("\n".join(complaints) if complaints else "the house is in order")
sys.exit(bool(complaints))
