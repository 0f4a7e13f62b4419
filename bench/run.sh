#!/bin/sh
# Builds and runs the comparison with what else computes recurrent layers.
set -eu

usage() {
  cat <<EOF
usage: [VARIABLE=VALUE] bench/run.sh [OPTIONS]

Times compiled cells side by side with oneDNN, ONNX Runtime, PyTorch (eagerly and
through torch.compile) and JAX: forward passes and training steps. Compares
all results first, measures what the processor can do at most, and writes a
table, all timings to build/bench/bench.csv and a picture to build/bench/bench.svg.
docs/performance.md says what is measured and how to read it.

  --only TEXT       layers whose name, such as 'lstm 50,32,64,64', has TEXT
  --type TYPE       f32, or bf16 for products of bf16, which oneDNN alone has
                    beside rnncc here (f32)
  --rounds N        how often each side takes its turn (7)
  --threads LIST    numbers of threads, each of them a run (1); '1,2' for both
  --peers LIST      whom to compare with, of
                    onednn,onnxruntime,pytorch,pytorch-compile,jax,keras
                    (all but keras); 'none' for rnncc alone
  --check           compare the results, time nothing
  --without-rnncc   the peers alone
  --halide          cells compiled with --backend=halide as one more side
  --help            this text

  RNNCC             the compiler to measure (build/release/bin/rnncc)
  RNNCC_PEERS       a virtual environment that has the peers in Python; without
                    it, build/bench/venv is made from PyPI, some gigabytes
  SHAPES            table of the layers to measure (bench/shapes.tsv)
  BUILD             where to build and write (build/bench)

Needs cmake, ninja, a C++ compiler and python3; oneDNN is Debian's libdnnl-dev, the
virtual environment needs python3-venv. A peer that is missing is named, and
everything else runs. The exit code is 1 if results differ or a side fails.
EOF
}

program=bench/run.sh
root=$(cd "$(dirname "$0")/.." && pwd)
rnncc=${RNNCC:-$root/build/release/bin/rnncc}
shapes=$(realpath "${SHAPES:-$root/bench/shapes.tsv}")
build=$(realpath -m "${BUILD:-$root/build/bench}")
all=onednn,onnxruntime,pytorch,pytorch-compile,jax
peers=
type=f32
. "$root/bench/peers.sh"

before=
for option in "$@"; do
  case $option in
  --help | -h)
    usage
    exit 0
    ;;
  --without-rnncc) rnncc= ;;
  --peers=*) peers=${option#*=} ;;
  esac
  [ "$before" = --peers ] && peers=$option
  case $option in --type=*) type=${option#*=} ;; esac
  [ "$before" = --type ] && type=$option
  before=$option
done
[ "$type" = f32 ] || all=onednn
peers=${peers:-$all}
if [ -n "$rnncc" ] && [ ! -x "$rnncc" ]; then
  echo "$program: there is no compiler at $rnncc; build it ('./dev build'), or set RNNCC" >&2
  exit 1
fi
[ -z "$rnncc" ] || rnncc=$(realpath "$rnncc")

# compare OPTION..: also checks options, before anything is built.
compare() {
  python3 "$root/bench/compare.py" --build="$build" --shapes="$shapes" --rnncc="$rnncc" "$@" \
    --peers="$peers"
}
compare "$@" --options-only

mkdir -p "$build"
{ cmake -G Ninja -S "$root/bench" -B "$build" && cmake --build "$build" --parallel 2; } \
  >"$build/build.log" 2>&1 || {
  cat "$build/build.log" >&2
  exit 1
}

packages=
case $peers in *onnxruntime*) packages="$packages numpy onnx onnxruntime" ;; esac
case $peers in *pytorch*) packages="$packages numpy torch" ;; esac
case $peers in *jax*) packages="$packages jax" ;; esac
case $peers in *keras*) packages="$packages tensorflow-cpu keras" ;; esac
python=
# shellcheck disable=SC2086
[ -z "$packages" ] || peers_python $packages

compare --python="$python" "$@"
