"""ZIP archives: each member is read as a file of its own, named `…/archive.zip!folder/member.txt`."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection

from rag.articles.readers.files import File, ReadResult, check_size
from rag.errors import ArticleError
from rag.schema import Article, FileFailure

MAX_ENTRIES = 10_000
MAX_RATIO = 100
_ENTRY_SIGNATURE = b"PK\x01\x02"
_READ_HERE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""LZMA may ask for gigabytes before the first byte is unpacked."""

ReadMember = Callable[[File], ReadResult]


def read_zip(file: File, read_member: ReadMember, suffixes: Collection[str]) -> ReadResult:
    """The articles of all members. A member that is refused is a failure of its own.

    Members of kinds that are not read here, and archives inside the archive, are passed over with the reason.
    Raises `ArticleError` for an archive that is damaged or unpacks to too much.
    """
    if file.depth:
        raise ArticleError(f"{file.path}: an archive inside another file is not opened; unpack it first")
    articles: list[Article] = []
    failed: list[FileFailure] = []
    skipped: list[FileFailure] = []
    unpacked = 0
    with open_zip(file) as archive:
        last = {entry.filename: entry for entry in archive.infolist()}
        for entry in archive.infolist():
            name = entry.filename
            if entry.is_dir() or _is_hidden(name):
                continue
            path = file.member(name, b"").path
            suffix = file.member(name, b"").suffix
            reason = _refusal(entry)
            if last[name] is not entry:
                reason = "a later member has the same name"
            if reason is None and suffix == ".zip":
                skipped.append(
                    FileFailure(path, "an archive inside an archive is not opened; unpack it first")
                )
                continue
            if reason is None and suffix not in suffixes:
                kinds = " ".join(sorted(suffixes))
                skipped.append(FileFailure(path, f"not a kind of file read here ({kinds})"))
                continue
            if reason is None and unpacked + entry.file_size > file.max_bytes:
                reason = f"the members together are over the limit of {file.max_bytes / 1e6:.0f} MB unpacked"
            if reason is None:
                unpacked += entry.file_size
                try:
                    result = read_member(file.member(name, unpack(archive, entry, path)))
                except ArticleError as error:
                    reason = str(error).removeprefix(f"{path}: ")
                else:
                    articles.extend(result.articles)
                    failed.extend(result.failed)
                    skipped.extend(result.skipped)
            if reason is not None:
                failed.append(FileFailure(path, reason))
    return ReadResult(file.source_hash, tuple(articles), tuple(failed), tuple(skipped))


def open_zip(file: File) -> zipfile.ZipFile:
    """The archive, once its size and number of entries are known to be fair."""
    many = f"{file.path}: holds over {MAX_ENTRIES:,} entries; unpack it and name the folder"
    # Before the list of entries is read, which costs some hundred bytes of memory for each.
    if file.data.count(_ENTRY_SIGNATURE) > MAX_ENTRIES:
        raise ArticleError(many)
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ArticleError(f"{file.path}: damaged or not a ZIP archive ({error})") from error
    if sum(entry.file_size for entry in archive.infolist()) > MAX_RATIO * len(file.data):
        raise ArticleError(
            f"{file.path}: unpacks to over {MAX_RATIO} times its size (a decompression bomb?); refused"
        )
    return archive


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> bytes:
    """The bytes of a member. Raises `ArticleError` when it is damaged."""
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise ArticleError(f"{path}: damaged in the archive ({error})") from error


def member_bytes(file: File, name: str) -> bytes:
    """The bytes of the member `name`, under the same limits. Raises `ArticleError` when it is not there."""
    with open_zip(file) as archive:
        path = file.member(name, b"").path
        entry = archive.NameToInfo.get(name)
        if entry is None:
            raise ArticleError(f"{path}: no such member in the archive")
        if reason := _refusal(entry):
            raise ArticleError(f"{path}: {reason}")
        check_size(path, entry.file_size, file.max_bytes)
        return unpack(archive, entry, path)


def _is_hidden(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return any(part.startswith(".") and part != ".." for part in parts) or parts[0] == "__MACOSX"


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    """Why a member is not read, or None."""
    names = (entry.filename, entry.orig_filename)  # the second may hide what follows a NUL
    mode = entry.external_attr >> 16
    if any(name.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", name) for name in names):
        return "its name is an absolute path"
    if any(".." in re.split(r"[/\\]", name) for name in names):
        return "its name leads out of the archive (..)"
    if "\0" in entry.orig_filename:
        return "its name holds a NUL character"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
    if entry.flag_bits & 1:
        return "protected by a password"
    if entry.compress_type not in _READ_HERE:
        return "packed in a way that is not read here; pack it again with plain deflate"
    if entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        return f"unpacks to over {MAX_RATIO} times its size (a decompression bomb?)"
    return None
