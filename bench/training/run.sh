#!/bin/sh
# Times the tutorial's program (bench/training/models.rnn) beside Keras 3 on TensorFlow and JAX,
# and its twin in PyTorch 2: one thread, seconds an epoch of 200 batches of 32 sequences of 50.
#
#   bench/training/run.sh BUILD [--rounds N] [--cpu CPU]
#
# BUILD is a build of rnncc. The peers are those in RNNCC_PEERS, a virtual environment, or are
# installed from PyPI into build/bench/venv, some gigabytes. Rounds go through all programs in
# turn; what is compared are medians.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:?usage: bench/training/run.sh BUILD [--rounds N] [--cpu CPU]}" && pwd)
shift
rounds=2
cpu=$(($(nproc) - 1))
while [ $# -gt 0 ]; do
  case $1 in
  --rounds) rounds=$2 ;;
  --cpu) cpu=$2 ;;
  *)
    echo "bench/training/run.sh: no such option: $1" >&2
    exit 2
    ;;
  esac
  shift 2
done

work=$build/bench-training
mkdir -p "$work"
program=bench/training/run.sh
. "$root/bench/peers.sh"
peers_python keras tensorflow-cpu jax torch numpy
[ -n "$python" ] || exit 1
"$build/bin/rnncc" "$here/models.rnn" --cpu=native -o "$work/models.o"
c++ -std=c++17 -O2 -I "$work" -I "$root/runtime/include" "$here/rnncc.cpp" "$work/models.o" \
  "$build/lib/librnncc_train.a" "$build/lib/librnncc_rt.a" -lpthread -o "$work/rnncc-training"

export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3
alone="taskset -c $cpu"
peers="$alone $python $here/peers.py"
rm -f "$work/times"
for round in $(seq "$rounds"); do
  for cell in rnn lstm gru; do
    echo "round $round of $rounds: $cell" >&2
    echo "$cell rnncc $($alone "$work/rnncc-training" $cell 5)" >>"$work/times"
    echo "$cell keras-tensorflow $(KERAS_BACKEND=tensorflow $peers keras $cell 2 2>/dev/null)" >>"$work/times"
    echo "$cell keras-jax $(KERAS_BACKEND=jax $peers keras $cell 2 2>/dev/null)" >>"$work/times"
    echo "$cell pytorch $($peers torch $cell 2 2>/dev/null)" >>"$work/times"
  done
done
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: /processor: /'
echo "peers: $("$python" "$here/peers.py" versions)"
python3 "$here/table.py" "$work/times"
