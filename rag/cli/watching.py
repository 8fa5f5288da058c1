"""`rag ingest --watch`: look at the files from time to time, ingest when something about them changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.articles import Source, discover
from rag.errors import ArticleError, IndexLocked

LOOK_SECONDS = 2.0


def watch(paths: Sequence[Path | str], ingest: Callable[[], object]) -> None:
    """Call `ingest` now, and again whenever files under `paths` came, changed or went; until Ctrl+C.

    What hinders a later ingest is told once: a path that is gone, a folder without files, another process that writes
    (then it is tried again at each look). Raises what hinders the first, unless a folder is only empty as yet.
    """
    seen: tuple[Source, ...] | None = None
    told = ""
    try:
        while True:
            found: tuple[Source, ...] | None = None
            try:
                # Before the ingest, so that what changes while it reads is seen at the next look.
                found = discover(paths).sources
                if found != seen:
                    ingest()
                seen, told = found, ""
            except (ArticleError, IndexLocked) as error:
                if seen is None and found != ():
                    raise
                if str(error) != told:
                    print(f"rag: {error}", file=sys.stderr, flush=True)
                told = str(error)
                if isinstance(error, ArticleError):
                    seen = found or ()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        print("rag: no longer watching; what was ingested is kept", file=sys.stderr)
