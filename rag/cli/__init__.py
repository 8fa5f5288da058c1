"""The terminal: commands, their options, and what they print. Nothing below this layer prints."""

from __future__ import annotations

import logging
import os
import sys


def main() -> None:
    """The `rag` command. Exits 0 on success, 2 on a usage error, 1 on a `RagError`."""
    from rag.errors import RagError

    # Whatever a library would like to fetch or report: nothing leaves the machine unless asked to.
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    logging.basicConfig(level=logging.ERROR, format="rag: %(message)s", stream=sys.stderr)
    from rag.cli.commands import app

    try:
        app()
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
