"""A kept conversation as a file: Markdown and HTML for people, its receipts as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from rag.receipts import SUFFIXES, Receipt, together
from rag.ui.conversations import ConversationStore, file_name

_NAME = re.compile(r"(?P<id>[0-9a-f]{32})(?P<suffix>\.[a-z]{2,4})")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for people to keep."""

    name: str
    text: str


def exported(store: ConversationStore, owner: str, name: str) -> Exported | None:
    """The conversation called for as `ID.md`, `ID.html` or `ID.json`; None where `owner` has no such one.

    Its answers come as they were kept, with the models and settings of their time; questions that ended in an
    error are left out. Raises `InputError` when the file of conversations cannot be read.
    """
    asked = _NAME.fullmatch(name)
    if asked is None or asked["suffix"] not in SUFFIXES:
        return None
    listed = store.find(owner, asked["id"])
    if listed is None:
        return None
    receipts = []
    for turn in store.turns(owner, asked["id"]):
        if turn.receipt is None:
            continue
        try:
            receipts.append(Receipt.model_validate_json(turn.receipt))
        except ValidationError:  # damaged; the page says so where the answer stood
            continue
    text = together(receipts, title=listed.title, suffix=asked["suffix"])
    return Exported(f"{file_name(listed.title)}{asked['suffix']}", text)
