#!/usr/bin/env python3
"""refused.py PACKS.so CALLS.so: status of a forward of whole.rnn with the weights of another object."""
import ctypes
import sys

packs, calls = map(ctypes.CDLL, sys.argv[1:])


def room(size):
    """Zeros at a multiple of 64 bytes."""
    block = ctypes.create_string_buffer(size + 64)
    return block, (ctypes.addressof(block) + 63) // 64 * 64


for library in packs, calls:
    library.whole_weights_bytes.restype = library.whole_forward_scratch_bytes.restype = ctypes.c_size_t
held, values = room(43 * 43 * 4)
params = (ctypes.c_void_p * 3)(values, values, values)
kept, weights = room(max(packs.whole_weights_bytes(), calls.whole_weights_bytes()))
assert packs.whole_pack(params, ctypes.c_void_p(weights)) == 0
more, scratch = room(calls.whole_forward_scratch_bytes(ctypes.c_int64(1), ctypes.c_int64(1)))
# steps, batch, weights, tape, scratch, team, lengths, random, arrays; the input is the first one.
call = (ctypes.c_int64 * 64)(1, 1, weights, 0, scratch, 0, 0, 0, values)
print("status", calls.whole_forward(call))
