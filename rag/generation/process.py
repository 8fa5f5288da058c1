"""How the child processes that run llama.cpp are started, and what their deaths mean."""

from __future__ import annotations

import os
import signal
import site
import sys
from collections.abc import Iterable
from pathlib import Path

REINSTALL = (
    'CMAKE_ARGS="-DGGML_NATIVE=OFF" pip install --force-reinstall --no-cache-dir '
    "--no-binary llama-cpp-python llama-cpp-python"
)
_WINDOWS_ILLEGAL_INSTRUCTION = 0xC000001D


def worker_command(*arguments: str) -> list[str]:
    """The command line of the worker.

    `-P` keeps the current folder off the import path: it may be a folder of articles that somebody
    else filled.
    """
    return [sys.executable, "-P", "-m", "rag.generation.worker", *arguments]


def worker_environment() -> dict[str, str]:
    """The environment of the worker: ours, and the way to this package where it is not installed."""
    environment = dict(os.environ)
    environment["PYTHONIOENCODING"] = "utf-8"
    # llama.cpp's threads meet hundreds of times a token. By default libgomp spins there for long: fastest on
    # an idle machine, but beside other busy programs the spinning keeps the awaited thread from running, 2 to 16
    # tokens/s instead of 17 to 24 (docs/decisions/0003-default-gguf-format.md).
    if "OMP_WAIT_POLICY" not in environment and _is_busy():
        environment.setdefault("GOMP_SPINCOUNT", "1000")
    root = Path(__file__).resolve().parents[2]
    installed = {Path(folder).resolve() for folder in [*site.getsitepackages(), site.getusersitepackages()]}
    # Entries of PYTHONPATH come before the standard library, so site-packages must not become one.
    if root not in installed:
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{known}" if known else str(root)
    return environment


def _is_busy() -> bool:
    """Whether other programs keep most processors busy right now."""
    try:
        return os.getloadavg()[0] > 0.75 * (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows has none
        return False


def cause_of_death(returncode: int, last_lines: Iterable[str] = ()) -> str:
    """Why a child process ended, and what to do, in one line.

    >>> cause_of_death(-9)
    'it was killed (SIGKILL), perhaps for want of memory; close other programs or choose a smaller model'
    """
    # ggml calls an instruction this processor lacks (or the virtual machine forbids): a build matter.
    if returncode in (-4, _WINDOWS_ILLEGAL_INSTRUCTION, _WINDOWS_ILLEGAL_INSTRUCTION - (1 << 32)):
        return (
            "llama-cpp-python was built for another processor (illegal instruction); "
            f"reinstall it with: {REINSTALL}"
        )
    if returncode == -9:
        return (
            "it was killed (SIGKILL), perhaps for want of memory; "
            "close other programs or choose a smaller model"
        )
    said = "; ".join(line for line in last_lines if line)
    said = f"; it said: {said[-300:]}" if said else ""
    if returncode < 0:
        try:
            how = f"signal {signal.Signals(-returncode).name}"
        except ValueError:
            how = f"signal {-returncode}"
    else:
        how = f"exit status {returncode}"
    return f"{how}{said}; ask again, or choose another model with `rag models use`"
