"""The jobs that a child can be given, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults import access, child, disk, flips

JOBS: dict[str, Callable[..., Any]] = {
    "ingest": child.ingest,
    "keep": child.keep,
    "after_kill": child.after_kill,
    "remove": child.remove,
    "after_removal": child.after_removal,
    "flip": flips.flip,
    "fill": disk.fill,
    "limit": disk.limit,
    "write_editions": access.write_editions,
    "read_editions": access.read_editions,
    "hold_writer": access.hold_writer,
    "read_only": access.read_only,
}
