"""Which files are read: folders, globs, links, and what is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.articles import discover
from rag.errors import ArticleError


def names(*paths: Path | str) -> list[str]:
    return [Path(source.path).name for source in discover(paths).sources]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.md", "deep/er/c.HTML", "d.jsonl", ".hidden.txt", ".git/e.txt", "photo.jpg"):
        path = tmp_path / "pile" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
    return tmp_path / "pile"


def test_a_folder_gives_its_known_kinds_and_says_what_it_passed_over(folder: Path) -> None:
    found = discover([folder])
    assert sorted(Path(source.path).name for source in found.sources) == [
        "a.md",
        "b.txt",
        "c.HTML",
        "d.jsonl",
    ]
    assert [Path(failure.path).name for failure in found.skipped] == ["photo.jpg"]
    assert ".txt" in found.skipped[0].reason
    assert found.folders == (str(folder),)


def test_sources_tell_whether_a_file_changed(folder: Path) -> None:
    (source,) = discover([folder / "b.txt"]).sources
    state = (folder / "b.txt").stat()
    assert (source.size_bytes, source.modified_ns) == (state.st_size, state.st_mtime_ns)


@pytest.mark.parametrize("name", [".hidden.txt", "photo.jpg"])
def test_a_named_file_is_always_taken(folder: Path, name: str) -> None:
    assert names(folder / name) == [name]


def test_each_file_once(folder: Path) -> None:
    assert names(folder / "b.txt", folder, folder / "*.txt").count("b.txt") == 1


def test_relative_paths_become_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [source.path for source in discover(["b.txt"]).sources] == [str(folder / "b.txt")]


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*.txt", ["b.txt"]), ("**/*.[Hh]*", ["c.HTML"]), ("[ab].*", ["a.md", "b.txt"])]
)
def test_globs(folder: Path, pattern: str, expected: list[str]) -> None:
    assert names(str(folder / pattern)) == expected


def test_a_file_whose_name_looks_like_a_glob(folder: Path) -> None:
    (folder / "[draft] a*.txt").write_text("words")
    assert names(folder / "[draft] a*.txt") == ["[draft] a*.txt"]


def test_loops_of_links_end(folder: Path) -> None:
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    found = discover([folder])
    assert len(found.sources) == 4
    assert {Path(failure.path).name for failure in found.skipped} == {"photo.jpg", "self.txt"}


def test_a_link_to_a_file_is_read(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "b.txt")
    assert "link.txt" in names(folder)


def test_a_pipe_is_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert "not a regular file" in [failure.reason for failure in discover([folder]).skipped]
    with pytest.raises(ArticleError, match=r"pipe\.txt: not a regular file"):
        discover([folder / "pipe.txt"])


def test_a_name_that_is_not_unicode_is_passed_over(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("words")
    found = discover([folder])
    assert len(found.sources) == 4
    (failure,) = [failure for failure in found.skipped if "UTF-8" in failure.reason]
    assert failure.path.encode().endswith("caf\ufffd.txt".encode())


@pytest.mark.parametrize(
    "path", ["missing.txt", "missing/*.txt", "x" * 300, "nul\0byte", "~no-such-user-here/x", ""]
)
def test_a_path_that_does_not_exist_is_named(folder: Path, path: str) -> None:
    given = path if path.startswith("~") else f"{folder}/none/{path}"
    with pytest.raises(ArticleError) as caught:
        discover([given])
    assert str(caught.value).startswith(given)


def test_an_empty_folder(tmp_path: Path) -> None:
    found = discover([tmp_path])
    assert (found.sources, found.skipped, found.folders) == ((), (), (str(tmp_path),))


def test_no_path() -> None:
    with pytest.raises(ArticleError, match="no path given"):
        discover([])


def test_an_index_among_the_articles_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("An article.")
    index = tmp_path / "index"
    (index / "generations").mkdir(parents=True)
    for name in ("library.sqlite3", "writer.json", "generations/manifest.json"):
        (index / name).write_text("{}")
    assert [Path(source.path).name for source in discover([tmp_path]).sources] == ["one.txt"]
