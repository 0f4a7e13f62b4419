# with-search.sh FOLDER SEARCH FILE: FOLDER/cell.rnn is the cell with the schedule that a
# search chooses for it.
set -e
mkdir -p "$1"
rnncc "$3" --set I=13,H=35 --cpu=avx2 --autoschedule="$2" --print-schedule -o "$1/schedule"
grep -q 'schedule .* on avx2' "$1/schedule"
cat "$3" "$1/schedule" > "$1/cell.rnn"
