"""A document read in a process of its own, with little memory and time: what it holds cannot hurt us.

Parent side: `extract`. Child side: `main`, which takes the document on standard input and answers in JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import rag
from rag.articles.readers.files import File
from rag.errors import ArticleError

MEMORY_BYTES = 1_000_000_000
TIMEOUT_SECONDS = 60.0
_EXTRACTORS = {
    "pdf": ("rag.articles.readers.pdf", "extract_pdf"),
    "docx": ("rag.articles.readers.word", "extract_docx"),
    "html": ("rag.articles.readers.pages", "extract_html"),
}
_TOO_MUCH_MEMORY = "reading it needs over 1 GB of memory"


class Refused(Exception):
    """Why a document is not read; its text becomes the reason of the `ArticleError`."""


def extract(file: File, kind: str, data: bytes | None = None) -> dict[str, Any]:
    """What the extractor of `kind` finds in the file, or in `data` where that is given.

    Raises `ArticleError` when the document is refused, or needs more memory or time than it may have.
    """
    # Not with -m: this module would exist twice then, and its exception be two.
    command = [sys.executable, "-c", f"from {__name__} import main; main()", kind]
    path = os.pathsep.join(
        filter(None, (str(Path(rag.__file__).parent.parent), os.environ.get("PYTHONPATH")))
    )
    try:
        done = subprocess.run(  # the kind is one of ours, and no shell is involved
            command,
            input=file.data if data is None else data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        )
    except subprocess.TimeoutExpired as error:
        raise ArticleError(f"{file.path}: reading it takes over {TIMEOUT_SECONDS:.0f} s; given up") from error
    except OSError as error:
        raise ArticleError(f"{file.path}: no process to read it in ({error.strerror})") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:  # killed, or out of memory while saying so
        raise ArticleError(f"{file.path}: {_TOO_MUCH_MEMORY}, or it breaks the reader") from error
    if "refused" in answer:
        raise ArticleError(f"{file.path}: {answer['refused']}")
    return dict(answer)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent has to do
        return
    for name, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, int(TIMEOUT_SECONDS) + 5),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(name)
        wanted = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(name, (wanted, most))


def _answer(kind: str, data: bytes) -> Mapping[str, Any]:
    module, name = _EXTRACTORS[kind]
    try:
        found: Mapping[str, Any] = getattr(import_module(module), name)(data)
        return found
    except Refused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": _TOO_MUCH_MEMORY}
    except Exception as error:  # noqa: BLE001 - a damaged document may raise anything in its library
        detail = " ".join(str(error).split())[:120]
        return {"refused": f"damaged or not a {kind.upper()} document ({type(error).__name__}: {detail})"}


def main() -> None:
    """Read a document from standard input and answer on standard output."""
    _limit()
    try:
        answer = json.dumps(_answer(sys.argv[1], sys.stdin.buffer.read()))
    except MemoryError:
        answer = json.dumps({"refused": _TOO_MUCH_MEMORY})
    sys.stdout.write(answer)
