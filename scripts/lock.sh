#!/bin/sh
# Write requirements.lock: every package of a clean install with all extras, at its exact version.
# Versions stay as they are unless UPGRADE names the packages that may move (or is "all").
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

. scripts/llama_wheel.sh
find_llama_wheels "$python"
mkdir -p "$llama_wheels"

grep -v '^#' requirements.lock >"$work/keep.txt"
for name in ${UPGRADE:-}; do
    if [ "$name" = all ]; then
        : >"$work/keep.txt"
    else
        name=$(printf '%s' "$name" | tr 'A-Z_.' 'a-z--')
        sed "/^$name==/d" "$work/keep.txt" >"$work/kept.txt"
        mv "$work/kept.txt" "$work/keep.txt"
    fi
done

echo "footnote: installing into an empty environment to see what comes (2 to 4 minutes)"
"$python" -m venv "$work/venv"
pip="$work/venv/bin/python -m pip"
$pip install --quiet --quiet --upgrade --constraint "$work/keep.txt" pip
CMAKE_ARGS="$cmake_args" $pip install --quiet --quiet --find-links "$llama_wheels" \
    --constraint "$work/keep.txt" --editable ".[dev,bench]"
$pip check >&2

# No local versions (2.13.0+cpu) and no CUDA packages, so that the list fits every index.
# Names as the index normalises them, so that a diff shows only what changed.
$pip freeze --all --exclude-editable >"$work/frozen.txt"
if grep '@' "$work/frozen.txt" >&2; then
    echo "footnote: the packages above came from a file, not by version; requirements.lock stays as it was" >&2
    exit 1
fi
{
    echo '# Written by "make lock"; used as constraints: pip install -c requirements.lock -e ".[dev]"'
    echo '# Why constraints without hashes: docs/decisions/0001-install.md'
    awk -F '==' '{ name = tolower($1); gsub(/[_.]+/, "-", name); sub(/\+.*/, "", $2); print name "==" $2 }' \
        "$work/frozen.txt" |
        grep -v -E '^(nvidia-|cuda-|triton==)' |
        LC_ALL=C sort
} >"$work/requirements.lock"
cp "$work/requirements.lock" requirements.lock
echo "footnote: requirements.lock holds $(grep -c '==' requirements.lock) packages"
