"""Mails (.eml): subject, sender and date; the body as an article, readable attachments as further ones."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from pathlib import PurePosixPath
from typing import Any, TypeVar

from lxml.etree import LxmlError

from rag.articles.readers.archive import ReadMember
from rag.articles.readers.files import File, ReadResult, clean
from rag.articles.readers.pages import page_of, plain_text
from rag.articles.readers.text import Stated, text_articles
from rag.errors import ArticleError
from rag.schema import Article, FileFailure

T = TypeVar("T")
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)
"""What the standard library raises on headers and parts that break the rules."""
_MAX_HTML_CHARACTERS = 5_000_000
_MAX_DEPTH = 30
_REPLY = re.compile(r"^(?:\s*(?:re|fwd?|aw|wg|tr|rv|sv)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_VIA = re.compile(r"^(?P<author>.+?)\s+(?:via|from|at)\s+(?P<outlet>.+)$", re.IGNORECASE)
_ROLES = frozenset(
    """news newsletter newsletters newsroom info noreply no-reply donotreply do-not-reply editor editors
    editorial alerts alert digest press media updates update hello contact office mail daily weekly desk
    subscriptions notifications bulletin bulletins briefing""".split()
)


def read_mail(file: File, read_member: ReadMember, suffixes: Collection[str]) -> ReadResult:
    """The body as an article, then the articles of its attachments."""
    message = _parse(file)
    body = _body(message)
    articles: list[Article] = []
    if body:
        articles += text_articles(file, body, stated=_stated(message))
    failed: list[FileFailure] = []
    skipped: list[FileFailure] = []
    for name, data in _attachments(message):
        member = file.member(name, data)
        if file.depth:
            reason = "attached to a mail inside another file; take the mail out first"
            skipped.append(FileFailure(member.path, reason))
        elif member.suffix not in suffixes:
            kinds = " ".join(sorted(suffixes))
            skipped.append(FileFailure(member.path, f"not a kind of file read here ({kinds})"))
        else:
            try:
                result = read_member(member)
            except ArticleError as error:
                failed.append(FileFailure(member.path, str(error).removeprefix(f"{member.path}: ")))
                continue
            articles += result.articles
            failed += result.failed
            skipped += result.skipped
    return ReadResult(file.source_hash, tuple(articles), tuple(failed), tuple(skipped))


def attachment_bytes(file: File, name: str) -> bytes:
    """The bytes of the attachment that `read_mail` calls `name`. Raises `ArticleError` when there is none."""
    for found, data in _attachments(_parse(file)):
        if found == name:
            return data
    raise ArticleError(f"{file.member(name, b'').path}: no such attachment in the mail")


def _parse(file: File) -> Any:
    try:
        message = email.message_from_bytes(file.data, policy=email.policy.default)
    except _DAMAGED as error:
        raise ArticleError(f"{file.path}: damaged or not a mail ({type(error).__name__})") from error
    if not message.keys():
        raise ArticleError(f"{file.path}: not a mail (it has no headers)")
    return message


def _parts(message: Any, depth: int = 0) -> Iterator[Any]:
    """The leaves of a mail; a mail inside it is one of them."""
    if message.is_multipart() and message.get_content_maintype() == "multipart" and depth < _MAX_DEPTH:
        for part in message.iter_parts():
            yield from _parts(part, depth + 1)
    else:
        yield message


def _body(message: Any) -> str:
    """The plain text of the mail; where it has none, the words of its HTML."""
    plain: list[str] = []
    html: list[str] = []
    for part in _parts(message):
        if _file_name(part) is None and not _quietly(part.is_attachment):
            kind = part.get_content_type()
            if kind == "text/plain":
                plain.append(_text(part))
            elif kind == "text/html":
                html.append(_text(part))
    body = "\n\n".join(filter(str.strip, map(clean, plain))).strip()
    return body or "\n\n".join(filter(None, map(_words, html))).strip()


def _words(html: str) -> str:
    html = html[:_MAX_HTML_CHARACTERS]
    if not html.strip():
        return ""
    try:
        return page_of(html)["text"] or plain_text(html)
    except (LxmlError, ValueError):
        return ""


def _text(part: Any) -> str:
    data = _payload(part)
    charset = _quietly(part.get_content_charset) or "utf-8"
    try:
        return data.decode(charset)
    except (LookupError, ValueError):
        try:
            return File("", "", data, len(data)).decode()[0]
        except ArticleError:
            return data.decode("utf-8", "replace")


def _payload(part: Any) -> bytes:
    if part.get_content_type() == "message/rfc822":
        return bytes(_quietly(lambda: part.get_payload(0).as_bytes()) or b"")
    return bytes(_quietly(lambda: part.get_payload(decode=True)) or b"")


def _file_name(part: Any) -> str | None:
    if part.get_content_type() == "message/rfc822":
        subject = _quietly(lambda: str(part.get_payload(0)["subject"] or ""))
        return _quietly(part.get_filename) or f"{_line(subject)[:80] or 'message'}.eml"
    name = _quietly(part.get_filename)
    return _line(name) or None


def _attachments(message: Any) -> Iterator[tuple[str, bytes]]:
    """Names, each once, and bytes of what is attached."""
    counts: dict[str, int] = {}
    for part in _parts(message):
        name = _file_name(part)
        if name is None:
            continue
        counts[name] = counts.get(name, 0) + 1
        if counts[name] > 1:
            path = PurePosixPath(name)
            name = f"{path.stem} ({counts[name]}){path.suffix}"
        yield name, _payload(part)


def _stated(message: Any) -> Stated:
    outlet, author = _sender(message)
    return Stated(
        title=_REPLY.sub("", _line(_quietly(lambda: str(message["subject"] or ""))))[:300] or None,
        outlet=outlet,
        author=author,
        published=_day(message),
    )


def _day(message: Any) -> date | None:
    """The day of the `Date` header where the sender was."""
    when = _quietly(lambda: message["date"].datetime)
    return when.date() if when is not None else None


def _sender(message: Any) -> tuple[str | None, str | None]:
    """Outlet and author: a newsroom's address names an outlet, any other one a person."""
    address: Any = _quietly(lambda: message["from"].addresses[0])
    name = _line(_quietly(lambda: str(address.display_name or ""))).strip("\"' ")
    if address is None or not name or "@" in name:
        return None, None
    if match := _VIA.match(name):
        return match["outlet"], match["author"]
    domain = re.sub(r"[^a-z0-9]", "", str(address.domain or "").rpartition(".")[0].lower())
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    role = re.split(r"[+.\d]", str(address.username or "").lower())[0] in _ROLES
    from_list = message["list-id"] is not None or message["list-unsubscribe"] is not None
    if role or from_list or (len(letters) > 3 and letters in domain):
        return name, None
    return None, name


def _line(text: str | None) -> str:
    return " ".join(clean(text or "").split())


def _quietly(value: Callable[[], T]) -> T | None:
    """A header or part, or None where it breaks the rules: the rest of the mail still counts."""
    try:
        return value()
    except _DAMAGED:
        return None
