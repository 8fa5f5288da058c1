"""What people thought of answers: a thumb, perhaps a reason, and the answer as it was shown.

One JSON line each in `feedback.jsonl` beside the index; only ever appended to, so that nothing is lost when
a write is cut.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from rag.contract import answer_json
from rag.errors import InputError
from rag.schema import Answer, History

logger = logging.getLogger(__name__)

Thumb = Literal["up", "down"]
FEEDBACK = "feedback.jsonl"
MAX_REASON_CHARACTERS = 500


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShownStatement(_Read):
    """A sentence of a rated answer."""

    text: str = Field(min_length=1)
    citations: tuple[int, ...]


class ShownCitation(_Read):
    """A quotation of a rated answer."""

    number: int
    source_path: str
    source_start: int | None
    source_end: int | None
    quote: str = Field(min_length=1)
    outlet: str | None
    published: date | None


class ShownAnswer(_Read):
    """What is read again of an answer; the line in the file holds all of `rag.contract.answer_json`."""

    question: str
    as_of: date | None
    status: Literal["answered", "abstained"]
    statements: tuple[ShownStatement, ...]
    citations: tuple[ShownCitation, ...]


class Feedback(_Read):
    """A thumb on an answer. `history` holds the turns before it, `reason` may be empty."""

    id: str = Field(min_length=1)
    time: AwareDatetime
    thumb: Thumb
    reason: str = Field("", max_length=MAX_REASON_CHARACTERS)
    history: tuple[tuple[str, str], ...] = ()
    answer: ShownAnswer


class FeedbackStore:
    """The thumbs of one index folder."""

    def __init__(self, index_dir: Path) -> None:
        self.path = index_dir / FEEDBACK
        self._lock = threading.Lock()

    def add(self, answer: Answer, *, name: str, thumb: Thumb, reason: str = "", history: History = ()) -> str:
        """Keep a thumb on the shown answer `name`; it replaces an earlier one. Gives the reason as kept.

        The reason becomes one line of at most `MAX_REASON_CHARACTERS`. Raises `InputError` when the file
        cannot be written.
        """
        reason = " ".join(reason.split())[:MAX_REASON_CHARACTERS].rstrip()
        line = {
            "id": name,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "thumb": thumb,
            "reason": reason,
            "history": [list(turn) for turn in history],
            "answer": answer_json(answer),
        }
        data = (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", errors="replace")
        try:
            with self._lock:
                self._append(data)
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror}); free the disk or correct its permissions"
            ) from error
        return reason

    def _append(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # For this user only: a line holds questions and words of articles.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # an earlier write was cut; its rest keeps a line of its own
                    data = b"\n" + data
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Feedback]:
        """The thumbs, the newest of each answer, in the order in which the answers were first rated.

        What a cut write left behind is skipped with a warning. Raises `InputError` for a file that cannot be
        read and for a line that is something else.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be read ({error.strerror}); correct its permissions or move it away"
            ) from error
        found: dict[str, Feedback] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                item = Feedback.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                if first["type"] == "json_invalid":
                    logger.warning("%s:%d: skipped, the line was cut while it was written", self.path, number)
                    continue
                where = ".".join(map(str, first["loc"])) or "line"
                raise InputError(
                    f"{self.path}:{number}: {where}: {first['msg'].lower()}; correct or delete this line"
                ) from error
            found[item.id] = item
        return list(found.values())
