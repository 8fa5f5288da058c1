#!/bin/sh
# Try a built wheel as a user would: scripts/check_wheel.sh dist/footnote_rag-VERSION-py3-none-any.whl
# Looks into it, installs it into an empty environment, reads the sample articles, asks one question.
set -eu
cd "$(dirname "$0")/.."
root=$PWD

python=${PYTHON:-python3}
[ $# -eq 1 ] && [ -f "$1" ] || {
    echo "usage: scripts/check_wheel.sh WHEEL (make wheel builds it)" >&2
    exit 2
}
wheel=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "check_wheel: what is in $(basename "$wheel")"
"$python" - "$wheel" <<'PY'
import sys
import zipfile
from pathlib import Path

names = set(zipfile.ZipFile(sys.argv[1]).namelist())
tops = {name.split("/")[0] for name in names}
info = {top for top in tops if top.startswith("footnote_rag-") and top.endswith(".dist-info")}
problems = []
if tops != {"rag"} | info or len(info) != 1:
    problems.append(f"top-level names are {sorted(tops)}, not rag and its dist-info alone")
wanted = {f"rag/_prompts/{path.relative_to('prompts').as_posix()}" for path in Path("prompts").rglob("*.md")}
if not wanted:
    problems.append("prompts/ holds no prompt")
wanted |= {
    path.as_posix()
    for path in Path("rag").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
}
problems += [f"missing: {name}" for name in sorted(wanted - names)]
if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
    problems.append("missing: the licence")
if problems:
    sys.exit("check_wheel: " + "\ncheck_wheel: ".join(problems))
print(f"check_wheel: {len(names)} files, as it should be")
PY

echo "check_wheel: installing it into an empty environment (1 to 3 minutes)"
. scripts/llama_wheel.sh
find_llama_wheels "$python"
have_llama_wheel || {
    echo "check_wheel: no compiled llama.cpp in $llama_wheels; run make setup first" >&2
    exit 1
}
"$python" -m venv "$work/venv"
bin=$work/venv/bin
"$bin/python" -m pip install --quiet --quiet --constraint requirements.lock pip
"$bin/python" -m pip install --quiet --quiet --constraint requirements.lock --find-links "$llama_wheels" \
    --only-binary llama-cpp-python "$wheel"

# From here on nothing may come from the checkout or from this user's settings.
mkdir "$work/empty" "$work/home"
cd "$work/empty"
export FOOTNOTE_HOME="$work/home"
unset PYTHONPATH || true

echo "check_wheel: rag --version"
"$bin/rag" --version
"$bin/rag" models prepare
"$bin/rag" ingest "$root/eval/articles/sample" --index "$work/index"
"$bin/rag" ask "How much will rebuilding the spillway at Dunmarrow Dam cost?" --index "$work/index" --json \
    >"$work/answer.json"
"$bin/python" - "$work/answer.json" <<'PY'
import json
import sys

answer = json.load(open(sys.argv[1], encoding="utf-8"))
if answer["status"] != "answered" or not answer["citations"]:
    sys.exit(f"check_wheel: no cited answer: {answer['status']}, {answer['abstention']}")
print(f"check_wheel: {answer['text']}")
PY
echo "check_wheel: the wheel works"
