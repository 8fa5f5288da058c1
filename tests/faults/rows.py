"""One line of the table that the tool prints."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Row:
    """What was tried, how often, what went wrong, and what else is worth telling."""

    what: str
    tried: int = 0
    problems: list[str] = field(default_factory=list)
    note: str = ""
