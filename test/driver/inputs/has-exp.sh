#!/bin/sh
# What rnncc-reduce asks: 1 if the file still shows what is looked for, here an exp
# in a file that verifies.
rnncc-opt "$1" >/dev/null 2>&1 && grep -q 'math.exp' "$1" && exit 1
exit 0
