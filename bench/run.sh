#!/bin/sh
# Builds and runs the comparison with oneDNN.
set -e

usage() {
  cat <<EOF
usage: [VARIABLE=VALUE] bench/run.sh [OPTIONS]

Times compiled cells side by side with oneDNN, one thread, f32. Writes a table,
and all timings to build/bench/bench.csv. Needs cmake, a C++ compiler and oneDNN
(Debian: libdnnl-dev). docs/performance.md says what is measured.

  --only TEXT       layers whose name, such as 'lstm 50,32,64,64', has TEXT
  --rounds N        how often each side takes its turn (7)
  --check           compare the results, time nothing
  --without-rnncc   oneDNN alone
  --halide          cells compiled with --backend=halide as a third side
  --help            this text

  RNNCC             the compiler to measure (build/release/bin/rnncc)
  SHAPES            table of the layers to measure (bench/shapes.tsv)
  BUILD             where to build (build/bench)
EOF
}

root=$(cd "$(dirname "$0")/.." && pwd)
rnncc=${RNNCC:-$root/build/release/bin/rnncc}
shapes=$(realpath "${SHAPES:-$root/bench/shapes.tsv}")
build=${BUILD:-$root/build/bench}

for option in "$@"; do
  case $option in
  --help)
    usage
    exit 0
    ;;
  --without-rnncc) rnncc= ;;
  --halide) halide=ON ;;
  esac
done
if [ -n "$rnncc" ] && [ ! -x "$rnncc" ]; then
  echo "bench/run.sh: there is no compiler at $rnncc; build it, or set RNNCC" >&2
  exit 1
fi

[ -z "$rnncc" ] || rnncc=$(realpath "$rnncc")
version=${rnncc:+$("$rnncc" --version | head -n 1)}
mkdir -p "$build"
cmake -G Ninja -S "$root/bench" -B "$build" -DRNNCC="$rnncc" -DRNNCC_SHAPES="$shapes" \
  -DRNNCC_HALIDE="${halide:-OFF}" \
  >"$build/configure.log" || { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" --parallel 2

exec "$build/rnncc-bench" --shapes "$shapes" --objects "$build" \
  --csv "$build/bench.csv" ${version:+--rnncc-version "$version"} "$@"
