"""Uploaded files: keeping a copy under a harmless name, and where each of them stands while they are read."""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from rag.schema import IngestReport, Progress
from rag.ui.evidence import escape_line, without_commands
from rag.ui.sources import Library

FileState = Literal["waiting", "reading", "split", "embedding", "embedded", "ready", "failed"]
STATE_WORDS: dict[FileState, str] = {
    "waiting": "waiting",
    "reading": "reading",
    "split": "split",
    "embedding": "indexing",
    "embedded": "indexed",
    "ready": "ready",
    "failed": "not read",
}
_ADVANCE: dict[str, dict[FileState, FileState]] = {
    "reading": {"embedding": "embedded", "reading": "split"},
    "embedding": {"reading": "embedding", "split": "embedding"},
    "publishing": {"reading": "embedded", "split": "embedded", "embedding": "embedded"},
}
"""What a step of each stage says of the files before it."""
MAX_SHOWN = 100
MAX_REASONS = 5
MAX_NAMED = 3


class Upload:
    """Where the files of one upload stand; what was said of none of them stands at the end."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """`paths` are the copies that are read."""
        self._names = {str(path): path.name for path in paths}
        self._states: dict[str, FileState] = dict.fromkeys(self._names, "waiting")
        self._reasons: dict[str, list[str]] = {path: [] for path in self._names}
        self._articles: Mapping[str, int] = {}
        self._stage = Progress("reading", 0, len(self._names))
        self._said = ""

    def step(self, progress: Progress) -> None:
        """Go on to where the ingest stands."""
        advance = _ADVANCE[progress.stage]
        self._states = {path: advance.get(state, state) for path, state in self._states.items()}
        if progress.stage == "reading" and progress.item in self._states:
            self._states[progress.item] = "reading"
        self._stage = progress

    def finish(self, report: IngestReport, articles: Mapping[str, int]) -> None:
        """All is done: `articles` counts those of each path, and a file without any has failed."""
        others = []
        kept_away = [
            replace(
                item, reason=f"{without_commands(item.reason)}; “Bring back” is below the list of articles"
            )
            for item in report.left_out
        ]
        for failure in (*report.failed, *report.skipped, *kept_away):
            path = next((path for path in self._names if failure.path.startswith(path)), None)
            if path is None:
                others.append(f"{Path(failure.path).name}: {failure.reason}")
            else:
                inside = failure.path.removeprefix(path).lstrip("!:, ")
                self._reasons[path].append(f"{inside}: {failure.reason}" if inside else failure.reason)
        self._articles = articles
        self._states = {path: "ready" if articles.get(path) else "failed" for path in self._names}
        counts = (
            ("added", report.added),
            ("updated", report.updated),
            ("already there", report.unchanged),
            ("removed", report.removed),
            ("not read", sum(state == "failed" for state in self._states.values())),
        )
        words = ", ".join(f"{count:,} {word}" for word, count in counts if count)
        self._said = f"{words or 'Nothing new'}. " + " ".join(others)

    def fail(self, reason: str) -> None:
        """Nothing more comes, for this `reason`."""
        self._states = {
            path: "ready" if state == "ready" else "failed" for path, state in self._states.items()
        }
        self._said = reason

    @property
    def unread(self) -> list[str]:
        """Names of the files that cannot be searched yet."""
        return [name for path, name in self._names.items() if self._states[path] not in {"ready", "failed"}]

    def html(self) -> str:
        """Each file with its state, the reasons for what was left out, and how far the whole is."""
        order = sorted(self._names, key=lambda path: self._states[path] == "ready")  # what needs eyes first
        shown = "".join(self._file_html(path) for path in order[:MAX_SHOWN])
        rest = len(order) - MAX_SHOWN
        more = f"<li>and {rest:,} more</li>" if rest > 0 else ""
        if self._said:
            failed = not any(state == "ready" for state in self._states.values())
            kind, role = ("error", "alert") if failed else ("ready", "status")
            head = f'<p class="{kind}" role="{role}" dir="auto">{escape_line(self._said)}</p>'
        else:
            head = _bar_html(self._stage)
        return f'<div class="ingest">{head}<ul class="files">{shown}{more}</ul></div>'

    def _file_html(self, path: str) -> str:
        state, reasons, count = self._states[path], self._reasons[path], self._articles.get(path, 0)
        words = STATE_WORDS[state]
        if state == "ready":
            words += f", {count:,} article{'' if count == 1 else 's'}"
        why = "".join(
            f'<span class="reason" dir="auto">{escape_line(reason)}</span>'
            for reason in reasons[:MAX_REASONS]
        )
        if len(reasons) > MAX_REASONS:
            why += f'<span class="reason">and {len(reasons) - MAX_REASONS:,} more reasons</span>'
        name = escape_line(self._names[path])
        return (
            f'<li data-state="{state}"><bdi class="path" title="{name}">{name}</bdi> '
            f'<span class="state">{words}</span>{why}</li>'
        )


def reading(
    library: Library, paths: Sequence[Path], upload: Upload, *, on_end: Callable[[], None]
) -> Iterator[IngestReport | None]:
    """Read the files in a thread of its own and tell `upload` how far it is; the report comes last.

    `on_end` is called when all is read or has failed, also when nobody waits for it any more.
    """
    steps: SimpleQueue[Progress | IngestReport | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            done: IngestReport | BaseException = library.ingest(paths, on_progress=steps.put)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that reads
            done = error
        on_end()
        steps.put(done)

    threading.Thread(target=work, name="ingest", daemon=True).start()
    while True:
        step = steps.get()
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, IngestReport):
            yield step
            return
        upload.step(step)
        if steps.empty():  # the page need not see every one of thousands of steps
            yield None


def unread_note(names: Sequence[str]) -> str:
    """What an answer says of files that are still being added; nothing where there are none.

    >>> unread_note(["a.txt"]), unread_note([])
    ('Not read yet when this was asked: a.txt.', '')
    """
    if not names:
        return ""
    rest = len(names) - MAX_NAMED
    more = f" and {rest:,} more file{'' if rest == 1 else 's'}" if rest > 0 else ""
    return f"Not read yet when this was asked: {', '.join(names[:MAX_NAMED])}{more}."


def _bar_html(progress: Progress) -> str:
    words = {"reading": "Reading", "embedding": "Indexing", "publishing": "Finishing"}[progress.stage]
    total = max(progress.total, 1)
    count = f"{progress.done:,} of {progress.total:,}" if progress.total > 1 else ""
    return (
        f'<p role="status"><span>{words}</span><span>{count}</span></p>'
        f'<progress max="{total}" value="{min(progress.done, total)}" aria-label="{words}"></progress>'
    )


def keep_upload(file: Path, folder: Path) -> Path:
    """Copy an uploaded file into `folder` under a harmless name that is not taken; gives the copy.

    The same bytes under the same name are kept once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = file.read_bytes()
    stem, suffix = safe_name(file.name)
    number = 1
    while True:
        target = folder / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
        try:
            # Exclusive creation: two pages may upload the same name at the same moment.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
                return target
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        return target


def safe_name(name: str) -> tuple[str, str]:
    """A file name without folders, control characters or leading dots, as (stem, suffix).

    >>> safe_name("../../etc/pass wd.txt")
    ('pass wd', '.txt')
    >>> safe_name("..htaccess")
    ('htaccess', '')
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = re.sub(r"[^\w .()\[\]&,;'+=@~-]", "_", name).strip(". ")
    path = Path(name or "article")
    suffix = path.suffix[:16]
    stem = path.name[: len(path.name) - len(path.suffix)]
    # A name may have 255 bytes; leave room for the suffix and a number.
    return stem.encode()[:180].decode(errors="ignore") or "article", suffix
