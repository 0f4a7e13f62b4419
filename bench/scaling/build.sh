#!/bin/sh
# Makes one program that times layers on more and more threads, wherever it is copied to.
set -eu

if [ $# -ne 1 ] || [ "$1" = --help ]; then
  cat <<END
usage: [RNNCC=COMPILER] [LAYERS=TABLE] bench/scaling/build.sh FOLDER

Compiles the layers of bench/scaling/layers.tsv and makes FOLDER/scaling, one
static program that needs neither compilers nor libraries where it runs:

  FOLDER/scaling --threads 1,2,4,8,16

docs/performance.md says what it measures.
END
  [ "${1:-}" = --help ] && exit 0
  exit 2
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
rnncc=${RNNCC:-$root/build/release/bin/rnncc}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
layers=${LAYERS:-$root/bench/scaling/layers.tsv}

table=$folder/layers.c
{
  echo '#include "rnncc/abi.h"'
  echo 'struct layer { const char *cell; int64_t steps, batch; const rnncc_descriptor *descriptor; };'
} >"$table"
entries=
objects=
while read -r cell steps batch inputs hidden; do
  case $cell in '#'* | '') continue ;; esac
  name=layer_${cell}_${inputs}_${hidden}
  case $objects in
  *"/$name.o"*) ;;
  *)
    # One program holds several sizes of a cell, under names of their own.
    sed "s/^cell [A-Za-z_]*(/cell $name(/" "$root/bench/cells/$cell.rnn" >"$folder/$name.rnn"
    "$rnncc" "$folder/$name.rnn" --set "I=$inputs,H=$hidden" -o "$folder/$name.o"
    objects="$objects $folder/$name.o"
    echo "extern const rnncc_descriptor ${name}_cell;" >>"$table"
    ;;
  esac
  entries="$entries  {\"$cell-$inputs-$hidden\", $steps, $batch, &${name}_cell},
"
done <"$layers"
{
  echo 'extern const struct layer layers[];'
  printf 'const struct layer layers[] = {\n%s  {0, 0, 0, 0}};\n' "$entries"
} >>"$table"

# shellcheck disable=SC2086
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -static -I "$root/runtime/include" \
  "$root/bench/scaling/scaling.c" "$table" $objects "$root"/runtime/src/*.c \
  -o "$folder/scaling" -lm -lpthread
