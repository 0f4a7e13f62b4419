# Where the peers from PyPI live; read by run.sh and training/run.sh, which set `root` and, for
# messages, `program`.

# peers_python PACKAGE..: sets `python` to one that has these packages, as far as they can be had, in
# RNNCC_PEERS or else in build/bench/venv, which is made and filled as needed. Says what it could not
# install, and goes on. `python` is empty if there is none at all.
peers_python() {
  python=
  if [ -n "${RNNCC_PEERS:-}" ]; then
    if [ ! -x "$RNNCC_PEERS/bin/python" ]; then
      echo "$program: RNNCC_PEERS is to be a virtual environment, but there is no $RNNCC_PEERS/bin/python" >&2
      exit 1
    fi
    python=$RNNCC_PEERS/bin/python
    return
  fi
  venv=$root/build/bench/venv
  log=$root/build/bench/venv.log
  mkdir -p "$root/build/bench"
  if [ ! -x "$venv/bin/pip" ] && ! python3 -m venv "$venv" >"$log" 2>&1; then
    rm -rf "$venv"
    echo "$program: the peers in Python are left out: 'python3 -m venv' failed (Debian: python3-venv); see $log" >&2
    return
  fi
  for package in "$@"; do
    "$venv/bin/pip" show -q "$package" >/dev/null 2>&1 && continue
    echo "$program: installing $package into build/bench/venv" >&2
    "$venv/bin/pip" install -q "$package" >"$log" 2>&1 ||
      echo "$program: pip could not install $package: is there a network? See $log" >&2
  done
  python=$venv/bin/python
}
