# Sourced by the other scripts, from the repository root: where the compiled llama.cpp lies.
# Gives llama_version, cmake_args and, after find_llama_wheels PYTHON, llama_wheels (a folder).
#
# pip's own cache ignores CMAKE_ARGS, so it may hold a wheel built for another processor. Hence a
# folder of ours, named after everything that decides what is in the wheel.
# shellcheck shell=sh

# shellcheck disable=SC2034  # used by those that source this
llama_version=$(sed -n 's/^llama-cpp-python==//p' requirements.lock)
if [ -z "$llama_version" ]; then
    echo "requirements.lock names no llama-cpp-python; restore the file" >&2
    exit 1
fi

# A portable build; what the caller sets in CMAKE_ARGS comes later and so wins.
cmake_args="-DGGML_NATIVE=OFF${CMAKE_ARGS:+ $CMAKE_ARGS}"

# find_llama_wheels PYTHON
find_llama_wheels() {
    _tag=$("$1" -c 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform(), sep="-")')
    _key=$(printf '%s\n' "$cmake_args" "${CC:-}" "${CXX:-}" "${CFLAGS:-}" "${CXXFLAGS:-}" "${LDFLAGS:-}" |
        cksum | cut -d ' ' -f 1)
    llama_wheels="${XDG_CACHE_HOME:-$HOME/.cache}/footnote/wheels/$_tag-$_key"
}

# have_llama_wheel: is the wanted version there?
have_llama_wheel() {
    for _wheel in "$llama_wheels/llama_cpp_python-$llama_version-"*.whl; do
        [ -f "$_wheel" ] && return 0
    done
    return 1
}
