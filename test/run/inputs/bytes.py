"""The bytes that an LSTM's shared object asks for: weights, then tape and scratch of 100 steps of 32
rows, and how many more for 900 steps more."""
import ctypes
import sys

lstm = ctypes.CDLL(sys.argv[1])
for name in ("weights", "tape", "forward_scratch", "backward_scratch"):
    function = getattr(lstm, f"lstm_{name}_bytes")
    function.restype = ctypes.c_size_t
    function.argtypes = [ctypes.c_int64, ctypes.c_int64] if name != "weights" else []
    if name == "weights":
        print(name, function())
    else:
        print(name, function(100, 32), "and", function(1000, 32) - function(100, 32))
