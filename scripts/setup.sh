#!/bin/sh
# Install Footnote with the given extras into .venv: scripts/setup.sh [dev[,bench]]
# Safe to run again; a step that is done costs nothing. PYTHON names the interpreter to start from.
set -eu
cd "$(dirname "$0")/.."

extras=${1:-dev}
python=${PYTHON:-python3}
log=.venv/setup.log

say() { printf '%s\n' "footnote: $*"; }
fail() {
    printf '%s\n' "footnote: $*" >&2
    exit 1
}
# quietly COMMAND...: output goes to the log; its end is shown when the command fails
quietly() {
    if ! "$@" >>"$log" 2>&1; then
        tail -n 40 "$log" >&2
        fail "failed: $*
(the whole output: $log; once it is mended run the same make command again)"
    fi
}

# 1. The environment
command -v "$python" >/dev/null 2>&1 ||
    fail "$python not found; install Python 3.11 or newer (Debian: apt-get install build-essential python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version 2>&1) is too old; Footnote needs 3.11 or newer: make run PYTHON=python3.11"
if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "$python cannot make virtual environments (Debian: apt-get install build-essential python3-venv)"
    say "making the environment .venv (5 seconds)"
    rm -rf .venv
    "$python" -m venv .venv || fail "could not make .venv; see the lines above"
fi
: >"$log"

# An older pip loses extras whose names hold an underscore; the lock names the version to use.
say "updating pip in .venv (5 seconds)"
quietly .venv/bin/python -m pip install --constraint requirements.lock pip

# 2. llama.cpp, compiled once for this user
. scripts/llama_wheel.sh
find_llama_wheels .venv/bin/python
if ! have_llama_wheel; then
    for tool in gcc g++; do
        [ -n "${CC:-}${CXX:-}" ] || command -v "$tool" >/dev/null 2>&1 ||
            fail "no $tool to compile llama.cpp with (Debian: apt-get install build-essential python3-venv)"
    done
    say "compiling llama.cpp once (about 6 minutes on 2 cores; kept in $llama_wheels)"
    mkdir -p "$llama_wheels"
    aside=$(mktemp -d "$llama_wheels/building.XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    quietly env CMAKE_ARGS="$cmake_args" .venv/bin/python -m pip wheel --no-deps --no-cache-dir \
        --no-binary llama-cpp-python --wheel-dir "$aside" "llama-cpp-python==$llama_version"
    mv "$aside"/*.whl "$llama_wheels"/
    rm -rf "$aside"
fi

# 3. Everything else
say "installing the other packages, [$extras] (1 to 3 minutes, plus the download: about 0.7 GB;" \
    "on Linux read 'Install' in README.md, else torch brings several GB of CUDA)"
quietly .venv/bin/python -m pip install --find-links "$llama_wheels" --only-binary llama-cpp-python \
    --constraint requirements.lock --editable ".[$extras]"
quietly .venv/bin/python -m pip check
say "installed"
