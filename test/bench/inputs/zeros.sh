#!/bin/sh
# Stands for the Python of a virtual environment whose library answers lstm 3,2,5,7 with zeros: 70
# of them forward, and 492 for a training step, of which the first is not a number.
echo ok 1.0
while read -r command work file; do
  case $command in
  result)
    case $work in
    inference) head -c 280 /dev/zero >"$file" ;;
    *) { head -c 4 /dev/zero | tr '\0' '\377'; head -c 1964 /dev/zero; } >"$file" ;;
    esac
    ;;
  esac
  echo ok
done
