"""Uploaded files: what may be uploaded, and keeping a copy under a harmless name."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from rag.articles import SUFFIXES

UPLOAD_SUFFIXES = tuple(sorted(SUFFIXES))


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
