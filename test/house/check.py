#!/usr/bin/env python3
"""Checks what no compiler checks, in the tree given as argument: the direction of
includes and links between rooms, CHECK lines that nobody reads, errors without a
heading, an example or a test, verifier rules without a check or a test, ops and
passes without a description or an example that is run, public declarations without a
comment or a test. One line per complaint."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])

# Each room, and the rooms whose headers it may include.
MAY_SEE = {
    "dialect": [],
    "runtime": [],
    "runtime/train": ["runtime"],
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
    "compiler/tune": ["dialect", "compiler/schedule", "runtime"],
    "halide": [],
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
    for folder in ("dialect", "compiler", "halide", "runtime"):
        for name, text in texts(folder, ".h", ".cpp", ".c", ".td"):
            here = room(name)
            lines = text.splitlines()
            if len(lines) > LONGEST:
                complaints.append(f"{name}: has {len(lines)} lines: more than one idea?")
            if here is None and name.count("/") > 1:
                complaints.append(f"{name}: is in no room that test/house/check.py knows")
            for number, line in enumerate(lines, 1):
                found = re.match(r'#?include "([^"]+)"', line)
                if not found or here is None:
                    continue
                there = "runtime" if found[1].startswith("rnncc/") else room(found[1])
                if there and there != here and there not in MAY_SEE[here]:
                    complaints.append(f"{name}:{number}: {here} may not include {there}")
        for name, text in texts(folder, ".txt"):
            here = room(name)
            for call in re.findall(r"rnncc_room\(([^)]*)\)", text) if here else []:
                for link in re.findall(r"\brnncc_(\w+)", call.partition(" ROOMS ")[2]):
                    there = room(f"compiler/{link}/") or room(f"{link}/")
                    if there not in MAY_SEE[here]:
                        complaints.append(f"{name}: {here} may not link {there or link}")


CHECK = (r"^\s*(?:#|//) *([A-Z][A-Z0-9_]*)"
         r"(?:-NEXT|-SAME|-NOT|-DAG|-LABEL|-EMPTY|-COUNT-\d+)?(?:\{[A-Z,]+\})?:")
NOT_CHECKS = {"RUN", "DEFINE", "REDEFINE", "COM", "REQUIRES", "UNSUPPORTED", "XFAIL"}


def run_lines(text):
    return re.sub(r"\\\n", " ", "".join(
        line + "\n" for line in re.findall(r"(?:RUN|DEFINE):(.*)", text)))


def checks():
    for name, text in texts("test", ".mlir", ".rnn", ".test"):
        runs = run_lines(text)
        if not runs:
            complaints.append(f"{name}: has no RUN line")
        if "expected-" in text and "verify-diagnostics" not in runs:
            complaints.append(f"{name}: expects diagnostics but does not verify them")
        read = set()
        for call in re.findall(r"FileCheck\b([^|&;\n]*)", runs):
            given = re.findall(r"--?check-prefix(?:es)?[= ]([\w,-]+)", call)
            read |= set(",".join(given or ["CHECK"]).split(","))
        has = set(re.findall(CHECK, text, re.M)) - NOT_CHECKS
        for prefix in sorted(has - read):
            complaints.append(f"{name}: {prefix} lines are read by no FileCheck")
        for prefix in sorted(read - has):
            complaints.append(f"{name}: FileCheck reads {prefix} lines, but there are none")


def errors():
    name = r"\[([a-z]+(?:-[a-z]+)+)\]"
    emitted = set()
    for _, text in texts("compiler", ".cpp", ".h"):
        emitted |= set(re.findall(name + '"', text))
    index = root / "docs/errors.md"
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)",
                               index.read_text() if index.exists() else "", re.M | re.S))
    expectations = []
    for _, text in texts("test", ".rnn", ".test"):
        expectations += [line for line in text.splitlines()
                         if "expected-" in line or re.match(CHECK, line)]
    expected = "\n".join(expectations)
    tested = set(re.findall(name, expected))
    listed = set(sections)
    for what, names in (("has no heading in docs/errors.md", emitted - listed),
                        ("is in docs/errors.md but nothing emits it", listed - emitted),
                        ("has no test", emitted - tested)):
        complaints.extend(f"error [{n}] {what}" for n in sorted(names))
    for error, section in sections.items():
        quotes = re.findall(r"^> (.*)$", section, re.M)
        if "```" not in section or not any(f"[{error}]" in quote for quote in quotes):
            complaints.append(f"docs/errors.md: {error} has no text that is wrong, or no message")
        for quote in quotes:
            if quote not in expected:
                complaints.append(f"docs/errors.md: no test expects '{quote}'")


def has(block, field):
    return re.search(field + r' *= *(?:"[^"]|\[\{\s*(?!\}\])\S)', block)


def example_of_pass(name, kind, flag, block):
    found = re.search(r"Example: see `(test/[^`]+)`", block)
    if not found:
        complaints.append(f"{name}: {kind} has no example")
    elif not (root / found[1]).exists():
        complaints.append(f"{name}: {kind} points to {found[1]}, which is not there")
    elif not re.search(rf"\b{flag}(?![\w-])", run_lines((root / found[1]).read_text())):
        complaints.append(f"{name}: {kind} points to {found[1]}, which does not run -{flag}")


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
                found = re.match(r"def (\w+) *: *(Rnn_\w*Op|Pass)<\"([\w-]+)\"", block)
                if not found:
                    continue
                kind, base, word = found.groups()
                for field in ("summary", "description"):
                    if not has(block, field):
                        complaints.append(f"{name}: {kind} has no {field}")
                if base == "Pass":
                    example_of_pass(name, kind, word, block)
                # test/dialect/examples.test runs these.
                elif not re.search(rf"```mlir\n[^`]*\brnn\.{word}\b", block):
                    complaints.append(f"{name}: {kind} has no example")


def headers():
    tests = "".join(path.read_text() for path in sorted((root / "test").rglob("*"))
                    if path.suffix in (".c", ".cpp", ".test"))
    for name, text in texts("runtime/include", ".h"):
        lines = text.splitlines()
        for number, line in enumerate(lines):
            declared = re.match(r"RNNCC_API|enum|typedef (?!struct (\w+) \1;)", line)
            if declared and not lines[number - 1].rstrip().endswith("*/"):
                complaints.append(f"{name}:{number + 1}: a declaration without a comment")
            function = re.match(r"RNNCC_API.*?(\w+)\(", " ".join(lines[number:number + 2]))
            if function and line.startswith("RNNCC_API") and function[1] not in tests:
                complaints.append(f"{name}:{number + 1}: {function[1]} has no test")


includes()
checks()
errors()
ops()
headers()
print("\n".join(complaints) if complaints else "the house is in order")
sys.exit(bool(complaints))
