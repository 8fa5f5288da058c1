"""Starts the chat page: `python app.py`. Settings come from rag.toml and RAG_* (see rag.config)."""

from __future__ import annotations

import os
import sys

from rag.config import Config
from rag.doctor import examine
from rag.errors import RagError
from rag.ui import serve


def main() -> int:
    """Serve until interrupted; an error is one line on standard error."""
    try:
        config = Config.load()
        serve(
            config,
            password=os.environ.get("RAG_UI_PASSWORD"),
            examine=lambda: examine(config, offline=True),
            on_ready=lambda url: print(f"Footnote is at {url} (Ctrl+C ends it)"),  # noqa: T201
        )
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
