#!/bin/sh
# Peers to compare with go into .venv-bench, which borrows all else from .venv and changes nothing there.
# Called by make. Without a network the benchmarks run all the same and say what they skip.
set -eu
cd "$(dirname "$0")/.."
place=.venv-bench

site() { "$1" -c 'import site; print(site.getsitepackages()[0])'; }

rm -rf "$place"
.venv/bin/python -m venv "$place"
site .venv/bin/python >"$(site "$place/bin/python")/borrowed.pth"
echo "Installing crowd-kit and OR-tools to compare with into $place (about 250 MB, a minute; only the first time)."
if "$place/bin/python" -m pip install -q --disable-pip-version-check --no-input -c constraints/cueloop.txt -c constraints/bench.txt \
    crowd-kit ortools >"$place/install.log" 2>&1; then
    touch "$place/installed"
else
    echo "make: crowd-kit and OR-tools cannot be installed, comparisons with them are skipped. pip said: $(pwd)/$place/install.log" >&2
fi
