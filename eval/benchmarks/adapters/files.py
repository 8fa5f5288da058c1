"""Benchmark files as they are downloaded: found, read and validated, with the line named that is wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rag.errors import InputError

_T = TypeVar("_T")


class Record(BaseModel):
    """Base of what the files hold: fields that no measure needs are let through, numbers may be ids."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


def find(data: Path, *names: str) -> Path:
    """`data` itself when it is a file, else the first of `names` in the folder.

    Raises `InputError` when there is none.
    """
    if data.is_file():
        return data
    for name in names:
        if (data / name).is_file():
            return data / name
    expected = " or ".join(names)
    raise InputError(f"{data}: no {expected} here; download the data first, see eval/benchmarks/README.md")


def read_lines(path: Path, kind: type[_T]) -> Iterator[_T]:
    """One `kind` from each line of a JSONL file (`.gz` too).

    Raises `InputError` naming the line and the field that is wrong, or saying that there is no line.
    """
    adapter = TypeAdapter(kind)
    none_yet = True
    for number, line in numbered(path):
        none_yet = False
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path}:{number}: {_first(error)}") from error
    if none_yet:
        raise InputError(f"{path}: holds no lines; download it again")


def read_json(path: Path, kind: type[_T]) -> _T:
    """The one `kind` that a JSON file holds. Raises `InputError` naming the place that is wrong."""
    text = "\n".join(line for _, line in numbered(path, blank=True))
    try:
        return TypeAdapter(kind).validate_python(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg.lower()})") from error
    except ValidationError as error:
        raise InputError(f"{path}: {_first(error)}") from error


def numbered(path: Path, *, blank: bool = False) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers from 1, blank ones only on demand.

    Raises `InputError` when it cannot be read.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        # JSON strings may hold U+2028: only a newline ends a line.
        with opened(path, "rt", encoding="utf-8-sig", newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                if blank or line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); download it again") from error


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "line"
    return f"{where}: {first['msg'].lower()}"
