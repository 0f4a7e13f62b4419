"""Adds x = ones of [2, 1, 3] to a file of weights."""
import json
import struct
import sys

data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header, tensors = json.loads(data[8:8 + length]), data[8 + length:]
end = len(tensors)
header["x"] = {"dtype": "F32", "shape": [2, 1, 3], "data_offsets": [end, end + 24]}
text = json.dumps(header).encode()
with open(sys.argv[2], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + tensors + struct.pack("<6f", *[1] * 6))
