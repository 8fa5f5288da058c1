"""One file in, its articles out: plain text, Markdown, HTML and JSONL."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from rag.articles.metadata import language_of, parse_day, read_head
from rag.errors import ArticleError
from rag.schema import Article, FileFailure

_MAX_SHOWN_ROW_ERRORS = 20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The articles of a file and the rows of it that could not be read."""

    source_hash: str
    articles: tuple[Article, ...]
    failed: tuple[FileFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    source_hash: str
    text: str
    encoding: str


def read(path: str, *, max_bytes: int) -> ReadResult:
    """The articles of the file at `path` (absolute).

    Raises `ArticleError` when the file is too large, empty, binary or holds no article.
    """
    place = Path(path)
    try:
        size = place.stat().st_size
        if size > max_bytes:
            raise ArticleError(
                f"{path}: {size / 1e6:.0f} MB, over the limit of {max_bytes / 1e6:.0f} MB (max_file_megabytes)"
            )
        data = place.read_bytes()
    except OSError as error:
        raise ArticleError(f"{path}: cannot be read ({error.strerror}); check the permissions") from error
    if not data.strip():
        raise ArticleError(f"{path}: the file is empty")
    text, encoding = _decode(data, path)
    if not text.strip():
        raise ArticleError(f"{path}: the file is empty")
    file = _File(path, hashlib.sha256(data).hexdigest(), text, encoding)
    result = _READERS.get(place.suffix.lower(), _read_text)(file)
    if not result.articles and not result.failed:
        raise ArticleError(f"{path}: no article text found in it")
    return result


def _decode(data: bytes, path: str) -> tuple[str, str]:
    """The text with every newline as it is, and the encoding that gives it back."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise ArticleError(
                    f"{path}: not valid {encoding} ({error.reason}); save it as UTF-8"
                ) from error
    if b"\0" in data[:8192]:
        raise ArticleError(f"{path}: looks like a binary file, not text")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        matches = from_bytes(data)
        best = matches.best()
        if best is None:
            raise ArticleError(f"{path}: no text encoding fits; save it as UTF-8") from None
        # Short texts fit many Latin encodings alike; cp1252 is by far the most common of them.
        western = any(
            "cp1252" in match.could_be_from_charset
            and match.chaos <= best.chaos + 0.05
            and match.coherence >= best.coherence - 0.02
            for match in matches
        )
        encoding = "cp1252" if western else best.encoding
        return data.decode(encoding), encoding


def _article(file: _File, text: str, **known: Any) -> Article:
    """An article with its derived fields. The id rests on everything that a citation would show."""
    content_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    identity = [known.get(name) for name in ("external_id", "title", "outlet", "author", "url")]
    identity += [str(known.get("published")), content_hash]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    return Article(
        id=digest[:16],
        text=text,
        source_path=file.path,
        source_hash=file.source_hash,
        content_hash=content_hash,
        encoding=file.encoding,
        language=known.pop("language", None) or language_of(text),
        **known,
    )


def _read_text(file: _File) -> ReadResult:
    start = len(file.text) - len(file.text.lstrip())
    end = len(file.text.rstrip())
    text = file.text[start:end]
    head = read_head(text)
    article = _article(
        file,
        text,
        title=head.title,
        outlet=head.outlet,
        author=head.author,
        published=head.published,
        updated=head.updated,
        source_start=start,
        source_end=end,
    )
    return ReadResult(file.source_hash, (article,))


def _read_html(file: _File) -> ReadResult:
    from trafilatura import bare_extraction

    document: Any = bare_extraction(
        file.text,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        # The extensive search takes any year for a date, as that of a copyright line.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    text = (document.text or "").strip() if document is not None else ""
    if document is None or not text:
        raise ArticleError(f"{file.path}: no article text found in the page")
    url = document.url or None
    article = _article(
        file,
        text,
        title=(document.title or text.splitlines()[0])[:300],
        outlet=document.sitename or (urlsplit(url).hostname if url else None),
        author=document.author or None,
        published=parse_day(document.date),
        url=url,
    )
    return ReadResult(file.source_hash, (article,))


class _Row(BaseModel):
    """A line of a JSONL file, under the usual field names."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    external_id: str | None = Field(None, validation_alias=AliasChoices("id", "doc_id", "_id"))
    title: str | None = Field(None, validation_alias=AliasChoices("title", "headline"))
    text: str = Field(validation_alias=AliasChoices("text", "body", "content"))
    published: str | None = Field(
        None, validation_alias=AliasChoices("published", "published_at", "publish_date", "date")
    )
    outlet: str | None = Field(None, validation_alias=AliasChoices("outlet", "source", "publisher"))
    author: str | None = Field(None, validation_alias=AliasChoices("author", "authors", "byline"))
    url: str | None = Field(None, validation_alias=AliasChoices("url", "link"))
    language: str | None = Field(None, validation_alias=AliasChoices("language", "lang"))

    @field_validator("author", "outlet", mode="before")
    @classmethod
    def _join(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("title")
        if isinstance(value, list):
            return ", ".join(str(item) for item in value) or None
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _strip(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        # "\\ud83d" alone is valid JSON but no text: cut-off emoji.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip() or None


def _unknown(_constant: str) -> None:
    """NaN and infinities are what data frames write for an empty field."""


def _read_jsonl(file: _File) -> ReadResult:
    articles: list[Article] = []
    failed: list[FileFailure] = []
    for number, line in enumerate(file.text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate(json.loads(line, parse_constant=_unknown))
            if not row.text:
                raise ArticleError("the text is empty")
            published = parse_day(row.published)
        except json.JSONDecodeError as error:
            failed.append(FileFailure(f"{file.path}:{number}", f"not JSON ({error.msg})"))
            continue
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "row"
            failed.append(FileFailure(f"{file.path}:{number}", f"{where}: {first['msg'].lower()}"))
            continue
        except RecursionError:
            failed.append(FileFailure(f"{file.path}:{number}", "nested too deep"))
            continue
        except (ArticleError, ValueError) as error:
            failed.append(FileFailure(f"{file.path}:{number}", str(error)))
            continue
        articles.append(
            _article(
                file,
                row.text,
                title=row.title or row.text.splitlines()[0][:120],
                outlet=row.outlet,
                author=row.author,
                published=published,
                url=row.url,
                external_id=row.external_id,
                language=row.language,
            )
        )
    if len(failed) > _MAX_SHOWN_ROW_ERRORS:
        rest = len(failed) - _MAX_SHOWN_ROW_ERRORS
        failed = [*failed[:_MAX_SHOWN_ROW_ERRORS], FileFailure(file.path, f"{rest} more rows like these")]
    return ReadResult(file.source_hash, tuple(articles), tuple(failed))


_READERS: dict[str, Callable[[_File], ReadResult]] = {
    ".txt": _read_text,
    ".text": _read_text,
    ".md": _read_text,
    ".markdown": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}
SUFFIXES = frozenset(_READERS)
"""Suffixes of the files that are read when a folder is named."""
