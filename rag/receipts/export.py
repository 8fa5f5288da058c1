"""A receipt as a file: JSON for `rag verify`, Markdown and HTML for people.

Articles are other people's text. Both templates escape every value by themselves, so that nothing in a title, a
quote or a path becomes markup; the HTML page needs no network and holds no script.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.contract import shown_path
from rag.errors import InputError
from rag.receipts.receipt import FORMAT, CitedQuote, Receipt, checksum, json_text
from rag.schema import CONFLICT_WORDS, Support, long_date

if TYPE_CHECKING:
    from jinja2 import Template

SUFFIXES = (".md", ".html", ".json")
_SUPPORT: dict[Support, str] = {
    "verbatim": "the source's own words",
    "supported": "worded by the model, checked",
}
_SPOOFING = re.compile("[\x00-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
_UNSEEN = re.compile("[\u202a-\u202c\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"[\\`*_{}\[\]#|~!$^@]|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_LINE_MARKUP = re.compile(r"^(?:(?=[-+=:%])|(?P<number>\d+)(?=[.)](?:\s|$)))")


def check_target(path: Path, *, force: bool = False) -> None:
    """Raises `InputError` when `path` is no place for a receipt: its suffix, or a file that is there already."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a receipt ends in {', '.join(SUFFIXES)}; choose one of these")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    if path.exists() and not force:
        raise InputError(f"{path}: is there already; choose another name, or overwrite it with --force")


def export(receipt: Receipt, path: Path, *, force: bool = False) -> None:
    """Write `receipt` to `path` in the form its suffix names; its folder is made. It is there whole or not at all.

    Raises `InputError` as `check_target` does, or when it cannot be written.
    """
    check_target(path, force=force)
    suffix = path.suffix.lower()
    text = receipt.to_json() if suffix == ".json" else _rendered([receipt], suffix)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_text(text, encoding="utf-8", newline="\n")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from error


def shown(text: str) -> str:
    """Text on one line, without what a terminal or a page would obey: characters of control and of direction.

    >>> shown("a\\n b\\x1b[31m\\u202etxt.exe")
    'a b�[31m�txt.exe'
    """
    return _SPOOFING.sub("\ufffd", _UNSEEN.sub("", " ".join(text.split())))


def place_of(item: CitedQuote) -> str:
    """Where the quote stands, for people: the file, and the characters or the page."""
    where = shown_path(item.source_path)
    if item.source_start is not None:
        return f"{where}, characters {item.source_start}–{item.source_end}"
    if item.page is not None:
        return f"{where}, page {item.page}, characters {item.start}–{item.end} of the text"
    return f"{where}, characters {item.start}–{item.end} of the text"


def _markdown(text: str) -> str:
    """Text that Markdown shows as it is; the places where a URL would become a link are escaped too.

    >>> _markdown("1. [x](http://a.example) <b> & *c*")
    '1\\\\. \\\\[x\\\\](http\\\\://a.example) &lt;b&gt; &amp; \\\\*c\\\\*'
    """
    escaped = _MARKUP.sub(r"\\\g<0>", shown(text))
    escaped = re.sub("[&<>]", lambda found: _ENTITIES[found[0]], escaped)
    return _LINE_MARKUP.sub(lambda found: (found["number"] or "") + "\\", escaped)


def together(receipts: Sequence[Receipt], *, title: str, suffix: str) -> str:
    """Several receipts as one text in the form that `suffix` names, as of a conversation called `title`.

    The JSON, which `rag verify` reads, holds each receipt whole under "receipts", and a checksum over all of them.
    """
    if suffix == ".json":
        rows = [json.loads(receipt.to_json()) for receipt in receipts]
        data = {"format": FORMAT, "title": title, "receipts": rows}
        return json_text({**data, "checksum": checksum(data)})
    return _rendered(receipts, suffix, title=title)


def _rendered(receipts: Sequence[Receipt], suffix: str, *, title: str | None = None) -> str:
    """One receipt as a page of its own, or several under a title."""
    parts = [
        {
            "receipt": receipt,
            "quotes": {item.number: item for item in receipt.citations},
            "made": _made(receipt),
            "prefix": "" if title is None else f"{number}-",
        }
        for number, receipt in enumerate(receipts, start=1)
    ]
    text = _template(suffix).render(
        title=title,
        parts=parts,
        support=_SUPPORT,
        conflict_words=CONFLICT_WORDS,
        day=long_date,
        place=place_of,
    )
    # Lines that held only tags of the template.
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


@cache
def _template(suffix: str) -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    is_html = suffix == ".html"
    show = shown if is_html else _markdown

    def finalize(value: Any) -> Any:
        return show(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=is_html,  # Markdown is escaped by `finalize`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    name = f"receipt{suffix}"
    return environment.from_string((Path(__file__).parent / "templates" / name).read_text("utf-8"))


def _made(receipt: Receipt) -> list[tuple[str, str]]:
    """How the answer came to be, as pairs of a word and a value."""
    rows = [("Asked", f"{receipt.asked:%Y-%m-%d %H:%M} UTC")] if receipt.asked is not None else []
    filters = receipt.filters
    days = [
        f"{word} {long_date(day)}"
        for word, day in (("from", filters.date_from), ("to", filters.date_to), ("as of", receipt.as_of))
        if day is not None
    ]
    limits = [*days, *(value for value in (filters.outlet, filters.language) if value)]
    if limits:
        rows.append(("Only articles", ", ".join(limits)))
    for role, name in receipt.models.items():
        digest = receipt.fingerprints.get(role)
        rows.append((f"Model, {role}", f"{name}, files {digest[:16]}" if digest else name))
    if receipt.prompt_hash is not None:
        rows.append(("Prompt", receipt.prompt_hash))
    if (settings := receipt.settings) is not None:
        budget = settings.budget_seconds
        limit = "no time limit" if budget is None else f"at most {budget:g} s"
        parts = [
            "no language model" if settings.extractive else limit,
            f"{settings.hits} passages",
            f"{settings.evidence_sentences} evidence sentences",
            f"passages of {settings.passage_tokens} tokens",
        ]
        rows.append(("Settings", ", ".join(parts)))
    if receipt.version is not None:
        rows.append(("Footnote", receipt.version))
    return rows
