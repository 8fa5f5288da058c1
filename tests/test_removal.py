"""What a person removed stays away, whatever is read again, is told, and comes back when that is asked for."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rag import ingest as ingestion
from rag.articles import read
from rag.assistant import Assistant
from rag.config import Config
from rag.errors import ArticleError, InputError
from rag.index import check, generations, records
from rag.index.tables import LIBRARY_FILE
from rag.schema import Article, IngestReport, Removed
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder

DIGEST = (
    "Dam fails\nHarbour Post\n3 May 2024\n\n" + "The dam gave way on Friday night. " * 6 + "\n\n"
    "Help us to go on\nCoast Wire\n4 May 2024\n\n" + "Please give what you can. " * 6 + "\n\n"
    "Mill burns\nCoast Wire\n5 May 2024\n\n" + "A mill burnt down in Vell. " * 6 + "\n"
)
DAM, DONATE, MILL = "Dam fails", "Help us to go on", "Mill burns"


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    place = tmp_path / "pile"
    place.mkdir()
    (place / "digest.txt").write_text(DIGEST, encoding="utf-8")
    (place / "budget.txt").write_text("Budget\n\nParliament rejected the budget.", encoding="utf-8")
    return place


@pytest.fixture
def assistant(tmp_path: Path, pile: Path) -> Iterator[Assistant]:
    config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path)
    with Assistant(
        config, embedder=WordEmbedder, generator=lambda: ScriptedGenerator(""), scorer=EvenScorer
    ) as made:
        made.ingest([pile])
        yield made


def _titles(assistant: Assistant) -> list[str]:
    return sorted(row.article.title for row in assistant.articles())


def _remove(assistant: Assistant, title: str) -> str:
    (name,) = (row.article.id for row in assistant.articles() if row.article.title == title)
    assert assistant.remove([name]) == 1
    return name


def _left_out(report: IngestReport) -> dict[str, str]:
    return {Path(item.path).name: item.reason for item in report.left_out}


def _change(path: Path, text: str) -> None:
    """Other words in front, so that every article lies elsewhere in its file."""
    path.write_text(f"{text}\n\n{path.read_text(encoding='utf-8')}", encoding="utf-8")


def test_an_article_stays_away_when_its_file_changes_and_that_is_told(
    assistant: Assistant, pile: Path
) -> None:
    _remove(assistant, DONATE)
    for text in ("\n", "\n\n", "\n\n\n"):
        _change(pile / "digest.txt", text)
        report = assistant.ingest([pile])
        assert _titles(assistant) == ["Budget", DAM, MILL]
        assert (report.added, report.updated, report.unchanged, report.removed) == (0, 0, 3, 0)
        assert list(_left_out(report)) == ["digest.txt"]
        assert "1 article that was removed" in _left_out(report)["digest.txt"]
        assert f"`rag remove --undo {pile / 'digest.txt'}`" in _left_out(report)["digest.txt"]
    assert check(assistant.config.index_dir).problems == ()


def test_it_stays_away_from_files_that_are_new_moved_or_named(assistant: Assistant, pile: Path) -> None:
    _remove(assistant, DONATE)
    assert list(_left_out(assistant.ingest([pile / "digest.txt"]))) == ["digest.txt"]
    shutil.copy(pile / "digest.txt", pile / "copy.txt")
    assert set(_left_out(assistant.ingest([pile]))) == {"copy.txt", "digest.txt"}
    (pile / "copy.txt").unlink()
    (pile / "digest.txt").rename(pile / "moved.txt")
    assert list(_left_out(assistant.ingest([pile]))) == ["moved.txt"]
    # Gone for a while, then there again.
    (pile / "moved.txt").rename(pile.parent / "aside.txt")
    assistant.ingest([pile])
    (pile.parent / "aside.txt").rename(pile / "back.txt")
    assert list(_left_out(assistant.ingest([pile]))) == ["back.txt"]
    assert _titles(assistant) == ["Budget", DAM, MILL]


def test_it_is_not_said_of_a_file_that_holds_it_no_more(assistant: Assistant, pile: Path) -> None:
    _remove(assistant, DONATE)
    (pile / "digest.txt").write_text(DIGEST[: DIGEST.index(DONATE)], encoding="utf-8")
    assert assistant.ingest([pile]).left_out == ()


def test_a_file_of_which_all_was_removed_stays_empty(assistant: Assistant, pile: Path) -> None:
    _remove(assistant, "Budget")
    (pile / "budget.txt").touch()
    report = assistant.ingest([pile])
    assert (report.added, report.unchanged, report.articles) == (0, 3, 3)
    assert list(_left_out(report)) == ["budget.txt"]
    (pile / "budget.txt").write_text("Budget\n\nIt was carried in the end.", encoding="utf-8")
    report = assistant.ingest([pile])
    assert (report.added, report.left_out) == (1, ()), "these are other words"


def test_it_stays_away_when_others_of_its_file_are_corrected_or_split(
    assistant: Assistant, pile: Path
) -> None:
    _remove(assistant, DONATE)
    (name,) = (row.article.id for row in assistant.articles() if row.article.title == DAM)
    assistant.correct(name, {"outlet": "Night Courier"})
    line = DIGEST[: DIGEST.index(MILL)].count("\n") + 1
    assistant.split(pile / "digest.txt", begin=[line])
    assert _titles(assistant) == ["Budget", DAM, MILL]


def test_undo_brings_back_an_article_by_its_id_and_that_one_alone(assistant: Assistant, pile: Path) -> None:
    name, before = _remove(assistant, DONATE), _titles(assistant)
    _remove(assistant, MILL)
    assert assistant.restore([name]).added == 1
    assert _titles(assistant) == sorted([*before, DONATE])[:3]
    assert MILL not in _titles(assistant)
    _change(pile / "digest.txt", "\n")
    assistant.ingest([pile])
    assert DONATE in _titles(assistant) and MILL not in _titles(assistant)
    with pytest.raises(InputError, match="goes by this name"):
        assistant.restore([name])


def test_undo_brings_back_all_that_was_removed_of_a_file_or_folder(assistant: Assistant, pile: Path) -> None:
    everything = _titles(assistant)
    for target in (pile / "digest.txt", pile):
        _remove(assistant, DONATE)
        _remove(assistant, MILL)
        report = assistant.restore([str(target)])
        assert (report.added, report.left_out) == (2, ())
        assert _titles(assistant) == everything
    for target in ("nonsense", str(pile)):
        with pytest.raises(InputError, match="goes by this name"):
            assistant.restore([target])


def test_undo_reads_every_file_that_holds_it(assistant: Assistant, pile: Path) -> None:
    shutil.copy(pile / "budget.txt", pile / "copy.txt")
    assistant.ingest([pile])
    name = _remove(assistant, "Budget")
    assert assistant.restore([str(pile / "copy.txt")]).left_out == ()
    (pile / "copy.txt").unlink()
    assert assistant.ingest([pile]).removed == 0, "the other file holds it too"
    assert assistant.article(name) is not None


def test_what_was_removed_is_listed_until_it_is_brought_back(assistant: Assistant, pile: Path) -> None:
    assert assistant.removed() == []
    shutil.copy(pile / "budget.txt", pile / "copy.txt")
    assistant.ingest([pile])
    donate, budget = _remove(assistant, DONATE), _remove(assistant, "Budget")
    assert assistant.removed() == [
        Removed(str(pile / "budget.txt"), budget, "Budget"),  # once, though two files hold it
        Removed(str(pile / "digest.txt"), donate, DONATE),
    ]
    assert assistant.restore([budget]).added == 1
    assistant.remove([str(pile / "budget.txt")])
    assert [(item.name, item.title) for item in assistant.removed()] == [
        (str(pile / "budget.txt"), ""),
        (donate, DONATE),
    ]
    for item in assistant.removed():
        assistant.restore([item.name])
    assert assistant.removed() == []
    assert _titles(assistant) == sorted(["Budget", DAM, DONATE, MILL])
    # What its file holds no more cannot be brought back, and is not offered.
    _remove(assistant, DONATE)
    (pile / "digest.txt").write_text(DIGEST[: DIGEST.index(DONATE)], encoding="utf-8")
    assistant.ingest([pile])
    assert assistant.removed() == []


def test_undo_takes_the_bare_name_of_the_only_file_that_is_called_so(
    assistant: Assistant, pile: Path
) -> None:
    _remove(assistant, DONATE)
    assert assistant.restore(["digest.txt"]).added == 1
    other = pile / "older" / "digest.txt"
    other.parent.mkdir()
    other.write_text("Quay mended\n\nThe quay was mended.", encoding="utf-8")
    assistant.ingest([pile])
    _remove(assistant, DONATE)
    assistant.remove([str(other)])
    with pytest.raises(InputError, match="goes by this name") as found:
        assistant.restore(["digest.txt"])
    for place in (pile / "digest.txt", other):
        assert f"`rag remove --undo {place}`" in str(found.value)
    assert assistant.restore([str(other)]).added == 1
    assert assistant.restore(["digest.txt"]).added == 1


def test_undo_can_be_tried_again_when_the_file_is_there_again(assistant: Assistant, pile: Path) -> None:
    name = _remove(assistant, "Budget")
    (pile / "budget.txt").rename(pile.parent / "aside.txt")
    for _ in range(2):
        with pytest.raises(ArticleError, match="no such file"):
            assistant.restore([name])
    (pile.parent / "aside.txt").rename(pile / "budget.txt")
    assert assistant.restore([name]).added == 1


def test_an_article_stays_away_when_its_file_goes_and_is_named_again(
    assistant: Assistant, pile: Path
) -> None:
    name = _remove(assistant, DONATE)
    assistant.remove([str(pile / "digest.txt")])
    with pytest.raises(InputError, match="goes by this name"):
        assistant.restore([name])
    report = assistant.ingest([pile / "digest.txt"])
    assert (report.added, list(_left_out(report))) == (2, ["digest.txt"])
    assert assistant.restore([name]).added == 1


def test_a_record_with_the_same_text_under_another_head_stays(assistant: Assistant, pile: Path) -> None:
    rows = [{"id": str(n), "title": f"Row {n}", "text": "The same words of both."} for n in (1, 2)]
    place = pile / "rows.jsonl"
    place.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assistant.ingest([pile])
    first = _remove(assistant, "Row 1")
    (second,) = (row.article.id for row in assistant.articles() if row.article.title == "Row 2")
    assistant.correct(second, {"outlet": "Harbour Post"})  # its id is another one then
    place.touch()
    place.write_text(place.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assistant.ingest([pile])
    assert "Row 2" in _titles(assistant)
    _remove(assistant, "Row 2")
    assistant.restore([first])
    assert "Row 2" not in _titles(assistant)


def test_a_removed_file_stays_away_until_it_is_named(assistant: Assistant, pile: Path) -> None:
    place = pile / "digest.txt"
    assert assistant.remove([str(place)]) == 3
    _change(place, "\n")
    report = assistant.ingest([pile])
    assert _titles(assistant) == ["Budget"]
    assert list(_left_out(report)) == ["digest.txt"]
    assert f"`rag remove --undo {place}`" in _left_out(report)["digest.txt"]
    assert assistant.ingest([f"{pile}/*.txt"]).added == 0, "a pattern names no file"
    assert assistant.ingest([place], bring_back=False).added == 0, "as --watch does"
    report = assistant.ingest([place])
    assert (report.added, report.left_out) == (3, ())
    _change(place, "\n")
    assert assistant.ingest([pile]).left_out == ()
    assistant.remove([str(place)])
    assert assistant.restore([str(place)]).added == 3


def test_a_removed_folder_comes_back_under_the_name_it_was_removed_by(
    assistant: Assistant, pile: Path
) -> None:
    everything = _titles(assistant)
    assistant.remove([str(pile)])
    assert set(_left_out(assistant.ingest([pile.parent]))) >= {"budget.txt", "digest.txt"}
    assert _titles(assistant) == []
    (pile / "new.txt").write_text("News\n\nThe fair opens on Monday.", encoding="utf-8")
    assert assistant.ingest([pile.parent]).added == 1, "nobody removed this one"
    assert assistant.ingest([pile]).added == 4
    assert _titles(assistant) == sorted([*everything, "News"])


def test_what_vanished_from_its_folder_was_not_removed_by_hand(assistant: Assistant, pile: Path) -> None:
    (pile / "budget.txt").rename(pile.parent / "aside.txt")
    assert assistant.ingest([pile]).removed == 1
    (pile.parent / "aside.txt").rename(pile / "budget.txt")
    report = assistant.ingest([pile])
    assert (report.added, report.left_out) == (1, ())


def test_removing_files_does_not_remove_their_words_elsewhere(assistant: Assistant, pile: Path) -> None:
    shutil.copy(pile / "budget.txt", pile / "copy.txt")
    assistant.ingest([pile])
    assistant.remove([str(pile / "copy.txt")])
    _change(pile / "budget.txt", "\n")
    assistant.ingest([pile])
    assert "Budget" in _titles(assistant)


def test_a_removal_that_fails_removes_nothing_and_keeps_nothing_away(
    assistant: Assistant, pile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = _titles(assistant)
    (name,) = (row.article.id for row in assistant.articles() if row.article.title == DONATE)

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("disk full")

    for target in (name, str(pile / "digest.txt")):
        with monkeypatch.context() as patch:
            patch.setattr(records, "drop_orphans", full)
            with pytest.raises(Exception, match="disk full"):
                assistant.remove([target])
        _change(pile / "digest.txt", "\n")
        report = assistant.ingest([pile])
        assert (_titles(assistant), report.left_out) == (everything, ())


@pytest.mark.parametrize("cut", [lambda text: text.rsplit(" ", 1)[0], str.upper])
def test_it_stays_away_when_a_newer_version_reads_its_file_otherwise(
    assistant: Assistant, pile: Path, monkeypatch: pytest.MonkeyPatch, cut: Callable[[str], str]
) -> None:
    _remove(assistant, DONATE)
    real = read

    def otherwise(path: str, **options: object) -> object:
        result = real(path, **options)  # type: ignore[arg-type]
        return replace(result, articles=tuple(_read_as(article, cut) for article in result.articles))

    monkeypatch.setattr(ingestion, "read", otherwise)
    monkeypatch.setattr(ingestion, "READER_VERSION", ingestion.READER_VERSION + 1)
    report = assistant.ingest([pile])
    assert _titles(assistant) == ["Budget", DAM, MILL]
    assert list(_left_out(report)) == ["digest.txt"]
    assert assistant.restore([str(pile / "digest.txt")]).added == 1


def test_a_newer_version_that_joins_it_with_another_article_keeps_both(
    assistant: Assistant, pile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _remove(assistant, DONATE)
    real = read

    def joined(path: str, **options: object) -> object:
        result = real(path, **options)  # type: ignore[arg-type]
        if len(result.articles) < 3:
            return result
        dam, _, mill = result.articles
        whole = _read_as(replace(dam, source_end=mill.source_end), lambda _: DIGEST.strip())
        return replace(result, articles=(whole,))

    monkeypatch.setattr(ingestion, "read", joined)
    monkeypatch.setattr(ingestion, "READER_VERSION", ingestion.READER_VERSION + 1)
    assistant.ingest([pile])
    assert _titles(assistant) == ["Budget", DAM]


def _read_as(article: Article, cut: Callable[[str], str]) -> Article:
    text = cut(article.text)
    name = hashlib.sha256(text.encode()).hexdigest()
    return replace(article, id=name[:16], text=text, content_hash=name)


def _turn_back(index: Path, script: str) -> None:
    """Make the library and its generation those of an older version."""
    with closing(sqlite3.connect(index / "library.sqlite3")) as connection:
        connection.executescript(script)
    held = generations.manifest(index, generations.current(index))
    before = generations.folder(index, held.generation)
    number, aside = generations.new_folder(index)
    for name in held.files:
        shutil.copyfile((index if name == LIBRARY_FILE else before) / name, aside / name)
    files = generations.entries(aside)
    old = held.model_copy(update={"generation": number, "files": files})
    generations.publish(index, number, aside, old)


def test_an_index_of_before_removals_were_remembered_opens_and_learns_them(
    assistant: Assistant, pile: Path
) -> None:
    index = assistant.config.index_dir
    _turn_back(
        index,
        """DROP TABLE removed_articles; DROP TABLE removed_files; DROP TABLE left_out;
        PRAGMA user_version = 4""",
    )
    assert assistant.removed() == []
    assert len(assistant.articles()) == 4, "readers need nothing of what was added since"
    assert assistant.search("Who rejected the budget?").hits
    assert check(index).problems == ()
    _remove(assistant, DONATE)
    _change(pile / "digest.txt", "\n")
    assert list(_left_out(assistant.ingest([pile]))) == ["digest.txt"]
    assert _titles(assistant) == ["Budget", DAM, MILL]
    assert check(index).problems == ()


def test_an_index_of_before_titles_of_the_removed_were_kept_opens_and_learns_them(
    assistant: Assistant, pile: Path
) -> None:
    donate = _remove(assistant, DONATE)
    index = assistant.config.index_dir
    _turn_back(index, "ALTER TABLE removed_articles DROP COLUMN title; PRAGMA user_version = 5")
    place = str(pile / "digest.txt")
    assert assistant.removed() == [Removed(place, donate)]
    mill = _remove(assistant, MILL)
    assert assistant.removed() == [Removed(place, donate), Removed(place, mill, MILL)]
    assert assistant.restore([donate]).added == 1
    assert check(index).problems == ()
