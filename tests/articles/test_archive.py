"""ZIP archives: members as files of their own; what is refused, and that the rest is read."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rag.articles.readers import decode_source, source_bytes
from rag.errors import ArticleError
from tests.articles.documents import BODY, mail, rows, zipped

GOOD = f"Dam fails\nStrait Wire, 6 May 2024\n\n{BODY}"


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def test_members_are_files_of_their_own(made: Any, tmp_path: Path) -> None:
    text = "\n  السد ينهار\n\nغرقت الشوارع قبل الفجر.\n".encode("utf-16")
    result = made(
        "pile!.zip",
        zipped({"one.txt": GOOD, "folder/two.md": text, "rows.jsonl": rows({"text": BODY, "title": "Row"})}),
    )
    assert [Path(article.source_path).relative_to(tmp_path).as_posix() for article in result.articles] == [
        "pile!.zip!one.txt",
        "pile!.zip!folder/two.md",
        "pile!.zip!rows.jsonl",
    ]
    for article in result.articles[:2]:
        assert article.encoding is not None
        source = decode_source(source_bytes(article.source_path, max_bytes=10**6), article.encoding)
        assert source[article.source_start : article.source_end] == article.text
        assert article.source_hash != result.source_hash


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/a.txt", "absolute path"),
        ("\\\\server\\a.txt", "absolute path"),
        ("C:\\a.txt", "absolute path"),
        ("../a.txt", r"leads out of the archive"),
        ("in/../../a.txt", r"leads out of the archive"),
        ("in\\..\\a.txt", r"leads out of the archive"),
        (entry("link.txt", stat.S_IFLNK | 0o777), "a symbolic link"),
        (entry("pipe.txt", stat.S_IFIFO | 0o644), "not a regular file"),
        (entry("disk.txt", stat.S_IFBLK | 0o644), "not a regular file"),
    ],
)
def test_a_refused_member_is_a_failure_and_the_rest_is_read(made: Any, name: Any, reason: str) -> None:
    result = made("a.zip", zipped([(name, "/etc/passwd"), ("good.txt", GOOD)]))
    assert [article.text for article in result.articles] == [GOOD]
    (failure,) = result.failed
    assert reason in failure.reason and "a.zip!" in failure.path


def test_a_bomb_beside_a_good_member(made: Any) -> None:
    result = made("a.zip", _with_stored("a" * 200_000))
    assert [article.text for article in result.articles] == [GOOD]
    assert "over 100 times its size" in result.failed[0].reason


def _with_stored(bomb: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("bomb.txt", bomb, zipfile.ZIP_DEFLATED)
        archive.writestr("good.txt", GOOD)
        archive.writestr("noise.bin", bytes(range(256)) * 40)
    return out.getvalue()


def test_an_archive_that_is_a_bomb(made: Any) -> None:
    with pytest.raises(ArticleError, match="decompression bomb"):
        made("a.zip", zipped({f"{number}.txt": b"a" * 1_000_000 for number in range(20)}))


def test_many_entries(made: Any) -> None:
    with pytest.raises(ArticleError, match="over 10,000 entries"):
        made("a.zip", zipped([(f"{number}.txt", "words") for number in range(10_001)]))


def test_members_together_over_the_limit(made: Any) -> None:
    noise = [" ".join(f"{number * step:x}" for number in range(2_000)) for step in (7, 11)]
    result = made("a.zip", zipped({"a.txt": noise[0], "b.txt": noise[1]}), max_bytes=len(noise[0]) + 10)
    assert len(result.articles) == 1
    assert "together are over the limit" in result.failed[0].reason


def test_archives_inside_are_passed_over_with_the_reason(made: Any) -> None:
    result = made("a.zip", zipped({"in.zip": zipped({"x.txt": GOOD}), "good.txt": GOOD, "x.png": b"png"}))
    assert len(result.articles) == 1 and not result.failed
    assert [failure.reason[:34] for failure in result.skipped] == [
        "an archive inside an archive is no",
        "not a kind of file read here (.csv",
    ]


def test_a_mail_inside_gives_its_body(made: Any) -> None:
    message = mail()
    message.add_attachment(b"A note.", maintype="text", subtype="plain", filename="note.txt")
    result = made("a.zip", zipped({"m.eml": message.as_bytes()}))
    assert [article.text for article in result.articles] == [BODY]
    assert result.skipped[0].path.endswith("a.zip!m.eml!note.txt")


def test_hidden_members_and_folders_are_no_files(made: Any) -> None:
    names = ["__MACOSX/._a.txt", ".DS_Store", "in/.hidden/a.txt", "empty/"]
    result = made("a.zip", zipped([*((name, "words") for name in names), ("good.txt", GOOD)]))
    assert len(result.articles) == 1 and not result.failed and not result.skipped


def test_a_bad_member_is_named(made: Any) -> None:
    members = {"empty.txt": b"", "binary.txt": bytes(50), "rows.csv": 'text\n"open', "good.txt": GOOD}
    result = made("a.zip", zipped(members))
    assert len(result.articles) == 1
    assert [failure.path.rpartition("!")[2] for failure in result.failed] == [
        "empty.txt",
        "binary.txt",
        "rows.csv:2",
    ]
    assert result.failed[0].reason == "the file is empty"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_last_counts(made: Any) -> None:
    result = made("a.zip", zipped([("a.txt", "First words."), ("a.txt", GOOD)]))
    assert [article.text for article in result.articles] == [GOOD]
    assert "a later member has the same name" in result.failed[0].reason


def test_a_member_under_a_password(made: Any) -> None:
    data = bytearray(zipped({"a.txt": "secret words", "good.txt": GOOD}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    result = made("a.zip", bytes(data))
    assert [article.text for article in result.articles] == [GOOD]
    assert result.failed[0].reason == "protected by a password"


def test_a_damaged_member(made: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "The first words.")
        archive.writestr("good.txt", GOOD)
    result = made("a.zip", out.getvalue().replace(b"The first words.", b"The worst words.", 1))
    assert [article.text for article in result.articles] == [GOOD]
    assert "damaged in the archive" in result.failed[0].reason


def test_lzma_is_not_unpacked(made: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", GOOD, zipfile.ZIP_LZMA)
    assert "packed in a way" in made("a.zip", out.getvalue()).failed[0].reason


@pytest.mark.parametrize(
    "data", [b"just words", b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 99, 9, 0)]
)
def test_what_is_no_archive(made: Any, data: bytes) -> None:
    with pytest.raises(ArticleError, match="damaged or not a ZIP"):
        made("a.zip", data)


@pytest.mark.parametrize("cut", range(20, 400, 60))
def test_an_archive_cut_anywhere_ends_with_a_reason(made: Any, cut: int) -> None:
    with pytest.raises(ArticleError, match=r"a\.zip: "):
        made("a.zip", zipped({"good.txt": GOOD, "b.txt": GOOD})[:cut])


def test_an_archive_of_nothing(made: Any) -> None:
    with pytest.raises(ArticleError, match="no article text found"):
        made("a.zip", zipped({}))


@pytest.mark.parametrize("name", ["a.zip!missing.txt", "gone.zip!a.txt", "gone.txt", "a.zip!../x.txt"])
def test_a_source_that_is_gone_is_named(made: Any, tmp_path: Path, name: str) -> None:
    made("a.zip", zipped({"a.txt": GOOD}))
    with pytest.raises(ArticleError, match=r"no such member|cannot be read"):
        source_bytes(str(tmp_path / name), max_bytes=10**6)
