"""Articles as rows of data: JSON, JSONL, CSV and TSV under the usual field names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from rag.articles.dates import parse_day
from rag.articles.readers.files import File, ReadResult, clean, make_article
from rag.errors import ArticleError
from rag.schema import Article, FileFailure

_MAX_SHOWN_ROW_ERRORS = 20
_TEXT_NAMES = ("text", "body", "content")
_DELIMITERS = (",", ";", "\t", "|")
_NO_VALUE = frozenset({"nan", "nat", "none", "null"})
"""What data frames write into an empty cell."""


class _RowError(Exception):
    """Why a row is no article."""


_Rows = Iterable[tuple[str, Any]]
"""Where each row stands (an ending for the path) and its data, or the `_RowError` that it is."""


class _Row(BaseModel):
    """One article, under the usual field names."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    external_id: str | None = Field(None, validation_alias=AliasChoices("id", "doc_id", "_id"))
    title: str | None = Field(None, validation_alias=AliasChoices("title", "headline"))
    text: str = Field(validation_alias=AliasChoices(*_TEXT_NAMES))
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
        # "\\ud83d" alone is valid JSON but no text: a cut-off emoji.
        return (clean(value).strip() or None) if isinstance(value, str) else value


def read_jsonl(file: File) -> ReadResult:
    """One JSON object a line."""
    text, encoding = file.decode()
    return _collect(file, encoding, _json_lines(text))


def read_json(file: File) -> ReadResult:
    """One JSON object, a list of them, or `{"articles": [...]}`; JSON lines too, whatever the suffix."""
    text, encoding = file.decode()
    try:
        data = json.loads(text, parse_constant=_unknown)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and "\n" in text.strip():
            return _collect(file, encoding, _json_lines(text))
        raise ArticleError(f"{file.path}: not JSON ({error.msg}, line {error.lineno})") from error
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ArticleError(f"{file.path}: not usable as JSON ({reason})") from error
    if isinstance(data, dict) and isinstance(data.get("articles"), list):
        data = data["articles"]
    if isinstance(data, dict):
        return _collect(file, encoding, [("", data)])
    if not isinstance(data, list):
        raise ArticleError(f'{file.path}: expected an object, a list of objects or {{"articles": [...]}}')
    return _collect(file, encoding, ((f"[{number}]", row) for number, row in enumerate(data)))


def read_csv(file: File) -> ReadResult:
    """A table with a header row; of comma, semicolon, tab and bar the one that splits the header."""
    text, encoding = file.decode()
    if not text.strip():
        raise ArticleError(f"{file.path}: the file is empty")
    # The limit is one for the whole process; its default refuses articles over 131,072 characters.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    return _collect(file, encoding, _table_rows(file, text))


def _json_lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        data: Any
        try:
            data = json.loads(line, parse_constant=_unknown)
        except json.JSONDecodeError as error:
            data = _RowError(f"not JSON ({error.msg})")
        except RecursionError:
            data = _RowError("nested too deep")
        except ValueError as error:  # a number of thousands of digits
            data = _RowError(str(error))
        yield f":{number}", data


def _unknown(_constant: str) -> None:
    """NaN and infinities are what data frames write for an empty field."""


def _table_rows(file: File, text: str) -> Iterator[tuple[str, Any]]:
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            unclosed = "unexpected end of data" in str(error)
            reason = "a quotation mark is opened here and never closed" if unclosed else str(error)
            if header is None:
                raise ArticleError(f"{file.path}: no usable header row ({reason})") from error
            yield f":{number}", _RowError(reason)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(file, cells)
        elif len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            yield f":{number}", _RowError(f"{len(cells)} cells, but the header names {len(header)}")
        else:
            filled = ((name, cell) for name, cell in zip(header, cells, strict=False) if name)
            yield (
                f":{number}",
                {name: None if cell.strip().lower() in _NO_VALUE else cell for name, cell in filled},
            )


def _delimiter(text: str) -> str:
    """The delimiter that finds most known names in the header (csv.Sniffer can take minutes)."""
    known = {
        name
        for field in _Row.model_fields.values()
        if isinstance(field.validation_alias, AliasChoices)
        for name in field.validation_alias.choices
    }
    line = next(filter(str.strip, io.StringIO(text)))[:10_000]
    counts = {
        mark: len(known & {_field_name(cell) for cell in next(csv.reader([line], delimiter=mark))})
        for mark in _DELIMITERS
    }
    return max(_DELIMITERS, key=lambda mark: (counts[mark], line.count(mark)))


def _field_name(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _header(file: File, cells: list[str]) -> list[str]:
    names = [_field_name(cell) for cell in cells]
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise ArticleError(f"{file.path}: the header names the column {twice[0]!r} twice; rename one")
    if not set(names) & set(_TEXT_NAMES):
        raise ArticleError(
            f"{file.path}: no column named text, body or content in the first row "
            f"({', '.join(names)[:200]}); add a header row"
        )
    return names


def _collect(file: File, encoding: str, rows: _Rows) -> ReadResult:
    articles: list[Article] = []
    failed: list[FileFailure] = []
    for where, data in rows:
        try:
            articles.append(_row_article(file, encoding, data))
        except _RowError as error:
            failed.append(FileFailure(f"{file.path}{where}", str(error)))
    if len(failed) > _MAX_SHOWN_ROW_ERRORS:
        rest = len(failed) - _MAX_SHOWN_ROW_ERRORS
        failed = [*failed[:_MAX_SHOWN_ROW_ERRORS], FileFailure(file.path, f"{rest} more rows like these")]
    return ReadResult(file.source_hash, tuple(articles), tuple(failed))


def _row_article(file: File, encoding: str, data: Any) -> Article:
    if isinstance(data, _RowError):
        raise data
    try:
        row = _Row.model_validate(data)
        published = parse_day(row.published)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "row"
        raise _RowError(f"{where}: {first['msg'].lower()}") from error
    except (ValueError, OverflowError) as error:
        raise _RowError(str(error)) from error
    if not row.text:
        raise _RowError("the text is empty")
    return make_article(
        file,
        row.text,
        encoding=encoding,
        title=row.title or row.text.splitlines()[0][:120],
        outlet=row.outlet,
        author=row.author,
        published=published,
        url=row.url,
        external_id=row.external_id,
        language=row.language,
    )
