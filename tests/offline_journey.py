"""Run by `test_offline.py` in a network namespace that holds only loopback: the whole way, counting connects.

    python offline_journey.py SCRATCH_FOLDER CACHE_FOLDER

Prints one JSON line: what came out, and every address that any Python process tried to reach.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "eval" / "articles" / "sample"
QUESTION = "How many coins of the Ostmere hoard did the burglars take?"
reached: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: every connect and every look-up of a name, from whatever library."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        reached.append(str(arguments[1][0]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0]:
        reached.append(str(arguments[0]))


def loopback_up() -> None:
    """Switch `lo` on: in a new namespace it is off."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0x1 | 0x40, b"")
        fcntl.ioctl(control, 0x8914, request)


def main() -> None:
    scratch, cache = Path(sys.argv[1]), Path(sys.argv[2])
    with contextlib.suppress(OSError):  # outside a namespace it is on already
        loopback_up()
    sys.addaudithook(note)
    # The positive control: an attempt to leave is seen by the hook, and does not get out.
    with contextlib.suppress(OSError), socket.create_connection(("192.0.2.1", 9), timeout=1):
        raise SystemExit("this machine is not cut off")
    control, reached[:] = list(reached), []
    result = {"control": control, **journey(scratch, cache)}
    sys.stdout.write(json.dumps({**result, "reached": sorted(set(reached))}) + "\n")


def journey(scratch: Path, cache: Path) -> dict[str, Any]:
    """Ingest, search, ask with the model, then a chat turn through the served page."""
    from rag.assistant import Assistant
    from rag.config import Config

    config = Config(index_dir=scratch / "index", cache_dir=cache, config_dir=scratch)
    with Assistant.open(config) as assistant:
        report = assistant.ingest([SAMPLE])
        hits = assistant.search(QUESTION).hits
        answer = assistant.ask(QUESTION, budget_seconds=60)
        page = chat(assistant) if shutil.which("chromium") else None
    notes = list(answer.notes)
    return {"added": report.added, "hits": len(hits), "text": answer.text, "notes": notes, "page": page}


def chat(assistant: Any) -> dict[str, Any]:
    """One turn in Chromium; which requests the page made, and what it showed."""
    from playwright.sync_api import sync_playwright

    from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, served

    requests: list[str] = []
    with served(assistant) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.wait_for_selector("#library li")
        page.fill("#question textarea", QUESTION)
        page.press("#question textarea", "Enter")
        page.wait_for_selector("[data-last]:not([data-running])", timeout=120_000)
        shown = page.inner_text("[data-last]")
        browser.close()
    foreign = [url for url in requests if not url.startswith((address.rstrip("/"), "data:", "blob:"))]
    return {"requests": len(requests), "foreign": foreign, "shown": shown}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.path.insert(0, str(ROOT))
    main()
