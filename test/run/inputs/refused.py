#!/usr/bin/env python3
"""refused.py PACKS.so CALLS.so NAME PARAMS: status of a forward of that cell, which has so many parameters of at most
64 * 64 elements, with the weights of another object."""
import ctypes
import sys

packs, calls = map(ctypes.CDLL, sys.argv[1:3])
name, count = sys.argv[3], int(sys.argv[4])


def room(size):
    """Zeros at a multiple of 64 bytes."""
    block = ctypes.create_string_buffer(size + 64)
    return block, (ctypes.addressof(block) + 63) // 64 * 64


def size(library, what, *arguments):
    function = library[f"{name}_{what}_bytes"]
    function.restype = ctypes.c_size_t
    return function(*map(ctypes.c_int64, arguments))


held, values = room(4 * 64 * 64 * 4)
params = (ctypes.c_void_p * count)(*[values] * count)
kept, weights = room(max(size(packs, "weights"), size(calls, "weights")))
assert packs[f"{name}_pack"](params, ctypes.c_void_p(weights)) == 0
more, scratch = room(size(calls, "forward_scratch", 1, 1))
# steps, batch, weights, tape, scratch, team, lengths, random, arrays; the input is the first one.
call = (ctypes.c_int64 * 64)(1, 1, weights, 0, scratch, 0, 0, 0, values)
print("status", calls[f"{name}_forward"](call))
