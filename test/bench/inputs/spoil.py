"""Copies a file of 32-bit numbers and puts one in the place of the last: spoil.py FROM TO NUMBER."""
import struct
import sys

with open(sys.argv[1], "rb") as file:
    numbers = file.read()
with open(sys.argv[2], "wb") as file:
    file.write(numbers[:-4] + struct.pack("f", float(sys.argv[3])))
