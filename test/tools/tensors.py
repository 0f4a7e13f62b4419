#!/usr/bin/env python3
"""Makes and shows safetensors files.

tensors.py make FILE NAME=SHAPE:VALUES ..   x=1,2,3:0.5,.. (one value: everywhere)
tensors.py lie FILE HEADER                  HEADER as it stands, 16 bytes of data
tensors.py show FILE                        one line per tensor, in order
tensors.py compare FILE EXPECTED TOLERANCE  every tensor of EXPECTED, relative to its
                                            largest element
"""
import json
import struct
import sys


def make(path, *tensors):
    header, data = {}, b""
    for text in tensors:
        name, rest = text.split("=")
        kind = "F32"
        if "/" in name:
            name, kind = name.split("/")
        shape, values = rest.split(":")
        shape = [int(s) for s in shape.split(",") if s]
        values = [(int if kind.startswith("I") else float)(v) for v in values.split(",")]
        count = 1
        for size in shape:
            count *= size
        if len(values) == 1:
            values *= count
        code = {"F32": "f", "F64": "d", "I32": "i", "I64": "q"}[kind]
        start = len(data)
        data += struct.pack("<%d%s" % (count, code), *values)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def lie(path, header):
    length = len(header)
    if header.startswith("length="):
        length, header = header[7:].split(";", 1)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", int(length)) + header.encode() + b"\0" * 16)


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        code, size = {"F32": ("f", 4), "F64": ("d", 8)}[entry["dtype"]]
        values = struct.unpack("<%d%s" % ((end - begin) // size, code), data[begin:end])
        tensors[name] = (entry["shape"], values)
    return tensors


def show(path):
    for name, (shape, values) in load(path).items():
        print(name, shape, " ".join("%g" % v for v in values))


def compare(path, expected, tolerance):
    got, wrong = load(path), 0
    for name, (shape, values) in load(expected).items():
        mine = got[name][1] if name in got and got[name][0] == shape else None
        scale = max(map(abs, values))
        error = max(abs(a - b) for a, b in zip(mine, values)) / scale if mine else float("nan")
        bad = not error <= float(tolerance)
        wrong += bad
        print("%s %s %.1e" % ("WRONG" if bad else "agrees", name, error))
    sys.exit(wrong != 0)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
