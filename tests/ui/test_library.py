"""The library side without a browser: the list, collections, corrections by hand and their undoing, uploads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.schema import Answer, Article, FileFailure, Filters, IngestReport, Progress
from rag.ui.chat import ChatRoom
from rag.ui.evidence import CARD_CHARACTERS, around_html, cards_html
from rag.ui.librarian import Librarian
from rag.ui.library import MAX_LISTED, Narrowing, grouped, library_html, narrowed
from rag.ui.uploads import MAX_SHOWN, Upload, keep_upload, unread_note
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.fakes import SAMPLE_ARTICLES, FakeAssistant, cite, hit_of, make_article
from tests.ui.inert import Page

DIGEST = """Harbour board votes for a new crane
The Estuary Courier
12 March 2024

The harbour board voted seven to two for a new crane on Wednesday. It will cost 1.2 million pounds.

The crane arrives in the autumn.

A school opens its garden
Riverside Post
14 March 2024

Pupils of the Mill Road school opened a garden on the roof. It has forty beds and a pond.
"""
CRANE, GARDEN = "Harbour board votes for a new crane", "A school opens its garden"


def rows_of(*articles: Article) -> list:  # type: ignore[type-arg]
    return FakeAssistant(articles=articles).articles()


# The list


def test_words_and_filters_narrow_the_list() -> None:
    first = make_article(1, "Señor Søren visits", "x", outlet="L'Été", published=date(2024, 1, 2))
    second = make_article(2, "A visit", "x", outlet="Post", published=date(2024, 5, 1), language="fa")
    third = make_article(3, "VISITORS", "x", outlet=None)
    rows = rows_of(first, second, third)

    def left(words: str = "", **filters: object) -> list[str]:
        found = narrowed(rows, Narrowing(words, Filters(**filters)))  # type: ignore[arg-type]
        return [row.article.id for row in found]

    assert left() == ["a1", "a2", "a3"]
    assert left("visit") == ["a1", "a2", "a3"]
    assert left("ete SENOR soren") == ["a1"]
    assert left("visit nowhere") == []
    assert left(date_from=date(2024, 1, 2)) == ["a1", "a2"]  # without a date: left out
    assert left(date_from=date(2024, 1, 3), date_to=date(2024, 5, 1)) == ["a2"]
    assert left(outlet="Post") == ["a2"]
    assert left("visit", language="en") == ["a1", "a3"]


@pytest.mark.parametrize(
    ("title", "sought"),
    [
        ("Putin’s grip", "Putin's grip"),
        ("Putin's grip", "putin’s GRIP"),
        ("The “quiet” mill", '"quiet"'),
        ("L’été à Łódź", "l'ete lodz"),
        ("Oslo–Bergen by rail", "oslo-bergen"),
        ("Oslo-Bergen by rail", "Oslo—Bergen"),
    ],
)
def test_quotes_dashes_and_accents_are_alike_to_the_search(title: str, sought: str) -> None:
    rows = rows_of(make_article(1, title, "x"), make_article(2, "Other", "x"))
    assert [row.article.title for row in narrowed(rows, Narrowing(sought))] == [title]


def test_near_duplicates_stand_under_the_one_they_are_copies_of() -> None:
    first = make_article(1, "The dam", "x", outlet="Post", published=date(2024, 1, 2))
    copies = [
        make_article(2, "Dam news", "x", duplicate_of="a1"),
        make_article(3, "The  dam", "x", duplicate_of="a1"),
        make_article(4, "Elsewhere", "x", duplicate_of="a99"),
    ]
    rows = rows_of(copies[0], first, *copies[1:])
    groups = grouped(rows)
    assert [(group.shown.article.id, len(group.copies)) for group in groups] == [("a1", 2), ("a4", 0)]
    html = library_html(rows)
    assert "4 articles" in html
    assert "2 near-duplicates" in html
    assert "copy of “<bdi>The dam</bdi>”" in html
    assert 'copy of <bdi class="outlet">Post</bdi>, <time' in html
    assert "copy of another article" in html
    # Where the search leaves a copy alone, it is shown itself.
    alone = library_html(rows, Narrowing("news"))
    assert "1 of 4 articles" in alone
    assert Page(alone).all("data-article") == ["a2"]


def test_the_list_says_what_is_missing() -> None:
    rows = rows_of(*SAMPLE_ARTICLES)
    html = library_html(rows, Narrowing("nothing holds this"), trouble="no day")
    assert "0 of 6 articles" in html
    assert "No article fits" in html
    assert 'role="alert"' in html
    assert "No articles yet" in library_html([])
    assert library_html(rows, gone=SAMPLE_ARTICLES[0].source_path.__eq__).count("file gone") == 1


def test_a_long_library_is_cut_and_searched_whole() -> None:
    rows = rows_of(*(make_article(n, f"Title {n}", "x") for n in range(MAX_LISTED + 7)))
    html = library_html(rows)
    assert html.count("<li") == MAX_LISTED
    assert f"{MAX_LISTED + 7:,} articles" in html
    assert "and 7 more; search" in html
    last = library_html(rows, Narrowing(f"title {MAX_LISTED + 6}"))
    assert Page(last).all("data-article") == [f"a{MAX_LISTED + 6}"]


# Cards and the places around


def test_a_card_holds_the_beginning_of_a_long_quote() -> None:
    article = make_article(1, "Long", "many words " * 100, outlet="Post", published=date(2024, 3, 7))
    words = Page(cards_html([cite(1, article, article.text)])).texts["card-quote"]
    assert words.endswith("many words …")
    assert len(words) <= CARD_CHARACTERS + 2
    card = cards_html([cite(2, article, "many words")])
    assert "Post" in card
    assert "7 March 2024" in card
    unbroken = make_article(2, "文", "字" * 1000)
    assert len(Page(cards_html([cite(1, unbroken, unbroken.text)])).texts["card-quote"]) > CARD_CHARACTERS


def test_the_places_around_are_the_footnotes_and_what_was_found_besides() -> None:
    bridge, ferry = SAMPLE_ARTICLES[:2]
    answer = Answer(
        "q",
        "q",
        Filters(),
        (),
        (cite(1, bridge, "eleven weeks"),),
        (hit_of(1, bridge, bridge.text[:400]), hit_of(2, ferry, ferry.text[:80])),
    )
    page = Page(around_html(answer, turn=3, kind="citation", number=1))
    assert page.all("data-citation") == ["1"]
    assert page.all("data-passage") == ["2"]  # the first holds the quotation
    assert page.all("data-turn") == ["3"]
    assert page.all("aria-current") == ["true"]
    assert "1 footnote, 1 passage also found" in around_html(answer, turn=3, kind="passage", number=2)
    nothing = replace(answer, citations=(), hits=())
    assert around_html(nothing, turn=1, kind="citation", number=1) == ""


# By hand, over a real index


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    (tmp_path / "pile").mkdir()
    (tmp_path / "pile" / "digest.txt").write_text(DIGEST, encoding="utf-8")
    config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path)
    made = Assistant(
        config, embedder=WordEmbedder, generator=lambda: ScriptedGenerator(""), scorer=EvenScorer
    )
    made.ingest([tmp_path / "pile"])
    yield made
    made.close()


@pytest.fixture
def librarian(assistant: Assistant) -> Librarian[Assistant]:
    return Librarian(assistant)


def titles(assistant: Assistant) -> list[str]:
    rows = sorted(assistant.articles(), key=lambda row: row.article.source_start or 0)
    return [row.article.title for row in rows]


def id_of(assistant: Assistant, title: str) -> str:
    return next(row.article.id for row in assistant.articles() if row.article.title == title)


def test_an_article_says_how_it_stands(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    name = id_of(assistant, CRANE)
    html = librarian.article("a", name)
    assert "The crane arrives in the autumn." in Page(html).texts["evidence-text"]
    assert "In the index with 1 passage; its file is as it was read." in html
    file = tmp_path / "pile" / "digest.txt"
    file.write_text(DIGEST + "\nMore.\n", encoding="utf-8")
    assert "its file has changed since" in librarian.article("a", name)
    file.unlink()
    assert "its file is gone, the index keeps its words" in librarian.article("a", name)
    assert librarian.listing("a").count("file gone") == len(titles(assistant))
    for other in ("<img src=x>", ""):
        assert "not in the index any more" in librarian.article("a", other)


def test_correcting_and_taking_it_back(assistant: Assistant, librarian: Librarian[Assistant]) -> None:
    name = id_of(assistant, CRANE)
    given = {"outlet": "Harbour Post", "published": "2024-03-13", "title": CRANE, "__class__": "x"}
    html = librarian.correct("a", name, given)
    assert f"Corrected: outlet, date of “{CRANE}”." in html
    assert "Harbour Post" in html
    assert "13 March 2024" in html
    assert 'data-do="undo"' in html
    assert f"Not corrected any more: outlet, date of “{CRANE}”." in librarian.undo("a")
    row = next(row for row in assistant.articles() if row.article.title == CRANE)
    assert (row.article.outlet, row.article.published) == ("The Estuary Courier", date(2024, 3, 12))
    assert "nothing to take back" in librarian.undo("a")
    assert "nothing to take back" in librarian.undo("b")
    assert "Nothing was changed." in librarian.correct("a", row.article.id, {"title": CRANE})
    # What cannot be is said above the article, which stays as it is.
    wrong = librarian.correct("a", row.article.id, {"published": "31 February"})
    assert 'role="alert"' in wrong
    assert "is not a date" in wrong
    assert "The crane arrives" in wrong
    assert "a title cannot be empty" in librarian.correct("a", row.article.id, {"title": " "})
    assert "not in the index any more" in librarian.correct("a", "nobody", {"outlet": "x"})


def test_splitting_and_joining_at_a_line(assistant: Assistant, librarian: Librarian[Assistant]) -> None:
    before = titles(assistant)
    assert before == [CRANE, GARDEN]
    page = Page(librarian.lines("a", id_of(assistant, CRANE)))
    assert page.all("data-line") == ["2", "3", "5", "7"]  # the first begins it already, blank ones cannot
    html = librarian.split("a", id_of(assistant, CRANE), 7)
    assert "Split at line 7: “" in html
    assert len(titles(assistant)) == 3
    assert Page(html).texts["evidence-text"].startswith("The crane arrives in the autumn.")
    assert f"is part of “{CRANE}”" in librarian.undo("a")
    assert titles(assistant) == before
    assert "Join with the article before: <bdi>Harbour board" in librarian.lines(
        "a", id_of(assistant, GARDEN)
    )
    joined = librarian.join("a", id_of(assistant, GARDEN))
    assert "forty beds" in Page(joined).texts["evidence-text"]
    assert titles(assistant) == [CRANE]
    assert f"Split again: “{GARDEN}” is an article of its own." in librarian.undo("a")
    assert titles(assistant) == before
    for line in (1, 10, 999):
        html = librarian.split("a", id_of(assistant, CRANE), line)
        assert 'role="alert"' in html
        assert titles(assistant) == before


def test_a_file_that_changed_is_not_split(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    (tmp_path / "pile" / "digest.txt").write_text("Other words.\n" + DIGEST, encoding="utf-8")
    html = librarian.lines("a", id_of(assistant, CRANE))
    assert "the file has changed since it was read; add it again" in html
    assert "The crane arrives" in html


def test_what_is_removed_can_be_brought_back(assistant: Assistant, librarian: Librarian[Assistant]) -> None:
    librarian.correct("a", id_of(assistant, CRANE), {"outlet": "Harbour Post"})
    for title in (GARDEN, CRANE):
        html = librarian.remove("a", id_of(assistant, title))
        assert f"Removed “{title}” from the index. Its file stays where it is." in html
    assert titles(assistant) == []
    assert 'data-do="undo"' in librarian.listing("a")
    assert 'data-do="undo"' not in librarian.listing("b")
    html = librarian.undo("a")
    assert titles(assistant) == [CRANE]  # the one that was removed before it stays removed
    assert "Harbour Post" in html  # and what was corrected stays corrected
    assert f"“{CRANE}” is back." in html
    assert 'data-do="undo"' not in librarian.listing("a")


def test_what_was_removed_is_listed_on_every_page_and_comes_back(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    assert "removed" not in librarian.listing("a")
    names = [id_of(assistant, title) for title in (CRANE, GARDEN)]
    for name in names:
        librarian.remove("a", name)
    later = librarian.listing("b")  # as after a reload
    assert "<summary>2 removed</summary>" in later
    assert "No articles yet" in later
    page = Page(later)
    assert [value for value in page.all("data-id") if value in names] == page.all("data-id")
    assert len(page.all("data-id")) == 2
    html = librarian.restore("b", names[1])
    assert f"“{GARDEN}” is back." in html
    assert "forty beds" in html
    assert titles(assistant) == [GARDEN]
    assert "<summary>1 removed</summary>" in librarian.listing("b")
    assert "was brought back already" in librarian.restore("b", names[1])
    # What the page does not list it cannot have read.
    (tmp_path / "secret.txt").write_text("A secret\n\nNobody is to read it.", encoding="utf-8")
    assert "was brought back already" in librarian.restore("b", str(tmp_path / "secret.txt"))
    librarian.restore("b", names[0])
    assert "removed" not in librarian.listing("b")
    assert 'data-do="undo"' in librarian.listing("a")
    assert "is back." in librarian.undo("a"), "it is back already"


def test_a_removed_file_comes_back_as_a_whole(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    place = str(tmp_path / "pile" / "digest.txt")
    assistant.remove([place])
    html = librarian.listing("a")
    assert Page(html).all("data-id") == [place]
    assert "the whole file" in html
    assert "digest.txt is back: 2 articles." in librarian.restore("a", place)
    assert titles(assistant) == [CRANE, GARDEN]


def test_what_is_removed_stays_so_when_its_file_is_read_anew(
    assistant: Assistant, librarian: Librarian[Assistant]
) -> None:
    librarian.remove("a", id_of(assistant, GARDEN))
    librarian.correct("a", id_of(assistant, CRANE), {"outlet": "Harbour Post"})
    assert titles(assistant) == [CRANE]
    librarian.undo("a")
    assert titles(assistant) == [CRANE]
    librarian.split("a", id_of(assistant, CRANE), 7)
    assert len(titles(assistant)) == 2
    assert GARDEN not in titles(assistant)


def test_what_is_removed_stays_so_when_its_file_is_added_again(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    place = tmp_path / "one.txt"
    place.write_text("Good news\n\nThe fair opens on Monday.", encoding="utf-8")
    list(librarian.ingest("a", [place]))
    librarian.remove("a", id_of(assistant, "Good news"))
    said = list(librarian.ingest("a", [place]))[-1]
    assert "1 article that was removed; “Bring back” is below the list of articles" in said
    assert "rag remove" not in said
    assert "Good news" not in titles(assistant)
    librarian.undo("a")
    assert "1 article that was removed" not in list(librarian.ingest("a", [place]))[-1]
    assert "Good news" in titles(assistant)


def test_a_removed_article_whose_file_is_gone_cannot_come_back(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    librarian.remove("a", id_of(assistant, GARDEN))
    (tmp_path / "pile" / "digest.txt").unlink()
    for _ in range(2):  # what failed may be tried again
        html = librarian.undo("a")
        assert 'role="alert"' in html
        assert "digest.txt: no such file" in html
    assert titles(assistant) == [CRANE]
    (tmp_path / "pile" / "digest.txt").write_text(DIGEST, encoding="utf-8")
    librarian.undo("a")
    assert titles(assistant) == [CRANE, GARDEN]


def test_another_writer_is_said(assistant: Assistant, librarian: Librarian[Assistant]) -> None:
    with assistant._writer():
        html = librarian.correct("a", id_of(assistant, CRANE), {"outlet": "x"})
    assert "is writing to this index; try again later" in html
    assert "The crane arrives" in html


# Collections


def test_collections_are_the_index_folders_beside(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    source = tmp_path / "spill.txt"
    source.write_text("Spillway news\n\nThe spillway holds.", encoding="utf-8")
    assistant.over(tmp_path / "dams").ingest([source])
    assert Page(librarian.collections("o/1")).all("data-collection") == ["dams", "index"]
    room = ChatRoom(assistant)
    librarian = room.library
    librarian.narrow("o/1", {"words": "crane"})
    assert librarian.switch("o/1", "dams") is None
    assert [row.article.title for row in librarian.rows("o/1")] == ["The spillway holds."]
    assert "1 article<" in librarian.listing("o/1")
    assert len(librarian.rows("p/2")) == 2  # other browsers read on in theirs
    assert librarian.assistant("o/3").config.index_dir.name == "dams"  # this one, after a reload
    assert room.begin("o/1", "What holds?")
    assert "The spillway holds." in list(room.answer("o/1"))[-1]
    for name in ("..", "/etc", "pile", "nowhere", ""):
        assert "not there any more" in (librarian.switch("o/1", name) or "")
    assert librarian.switch("o/1", "index") is None
    assert librarian.assistant("o/1") is assistant


def test_a_collection_is_begun_with_its_first_file(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    assert "needs a name" in (librarian.begin_collection("a", "  ") or "")
    assert "is a folder named pile already" in (librarian.begin_collection("a", "pile") or "")
    assert librarian.begin_collection("a", "../Valley news") is None
    assert librarian.rows("a") == []
    folder = tmp_path / "Valley news"
    assert not folder.exists()
    fresh = tmp_path / "fresh.txt"
    fresh.write_text("Fresh news\n\nThe fair opens on Monday.", encoding="utf-8")
    assert "ready, 1 article" in list(librarian.ingest("a", [fresh]))[-1]
    assert (folder / "uploads" / "fresh.txt").is_file()
    assert len(assistant.articles()) == 2
    assert Page(librarian.collections("b")).all("data-collection") == ["Valley news", "index"]


# Files that are added


def states(upload: Upload) -> list[str]:
    return Page(upload.html()).all("data-state")


def test_each_file_of_an_upload_has_its_state() -> None:
    paths = [Path(f"/u/{name}.txt") for name in "abc"]
    upload = Upload(paths)
    assert states(upload) == ["waiting"] * 3
    upload.step(Progress("reading", 0, 3, str(paths[0])))
    upload.step(Progress("reading", 1, 3, str(paths[1])))
    assert states(upload) == ["split", "reading", "waiting"]
    upload.step(Progress("embedding", 0, 9))
    assert states(upload) == ["embedding", "embedding", "waiting"]
    upload.step(Progress("reading", 2, 3, str(paths[2])))
    assert states(upload) == ["embedded", "embedded", "reading"]
    upload.step(Progress("publishing", 0, 1))
    assert upload.unread == ["a.txt", "b.txt", "c.txt"]  # until it is published
    failed = (FileFailure("/u/b.txt", "the file is empty"), FileFailure("/u/c.txt!x", "row 3 is ragged"))
    report = IngestReport(4, 0, 0, 0, failed, (), 4, 4, 0.1)
    upload.finish(report, {"/u/a.txt": 1, "/u/b.txt": 0, "/u/c.txt": 3})
    html = upload.html()
    assert sorted(states(upload)) == ["failed", "ready", "ready"]
    assert "the file is empty" in html
    assert "x: row 3 is ragged" in html
    assert "ready, 3 articles" in html
    assert "4 added, 1 not read." in html
    assert upload.unread == []


def test_a_large_upload_is_listed_in_part() -> None:
    upload = Upload([Path(f"/u/{number}.txt") for number in range(MAX_SHOWN + 5)])
    assert "and 5 more" in upload.html()
    assert len(states(upload)) == MAX_SHOWN
    assert unread_note(upload.unread).endswith("and 102 more files.")


def test_an_upload_says_why_a_file_was_left_out(
    assistant: Assistant, librarian: Librarian[Assistant], tmp_path: Path
) -> None:
    good, empty, picture = tmp_path / "good.txt", tmp_path / "empty.txt", tmp_path / "picture.png"
    good.write_text("Good news\n\nThe fair opens on Monday.", encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    picture.write_bytes(b"\x89PNG\x00\x01" * 50)
    seen = list(librarian.ingest("a", [good, empty, picture]))
    assert "<progress" in seen[0]
    assert "ready, 1 article" in seen[-1]
    assert "the file is empty" in seen[-1]
    assert "binary" in seen[-1]
    assert "Good news" in librarian.listing("a")
    again = list(librarian.ingest("a", [good]))[-1]
    assert "1 already there" in again
    missing = list(librarian.ingest("a", [tmp_path / "missing.txt"]))[-1]
    assert 'role="alert"' in missing


class SlowAssistant(FakeAssistant):
    """Reads on until it is told to go on."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport:
        self.begun.set()
        assert self.go_on.wait(20)
        return super().ingest(paths, on_progress=on_progress)


def test_an_answer_says_what_was_not_read_yet(tmp_path: Path) -> None:
    fake = SlowAssistant(Config(index_dir=tmp_path / "index"))
    room = ChatRoom(fake)
    (tmp_path / "late <b>.txt").write_text("Late news.", encoding="utf-8")

    def asked() -> str:
        room.begin("a", "The bridge?")
        return list(room.answer("a"))[-1]

    steps = room.library.ingest("b", [tmp_path / "late <b>.txt"])
    assert "waiting" in next(steps)
    reading = threading.Thread(target=lambda: next(steps))
    reading.start()
    assert fake.begun.wait(20)
    html = asked()
    assert "eleven weeks" in html  # asking does not wait
    assert "Not read yet when this was asked: late _b_.txt." in html
    room.begin("a", "boom")
    assert "Not read yet when this was asked" in list(room.answer("a"))[-1].rpartition("boom")[2]
    fake.go_on.set()
    reading.join(20)
    steps.close()  # the page that added the file is gone; it is read to its end all the same
    deadline = time.monotonic() + 20
    while room.library.unread("a") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "Not read yet" not in asked().rpartition("The bridge?")[2]


def test_the_same_upload_is_kept_once(tmp_path: Path) -> None:
    source = tmp_path / "news.txt"
    source.write_text("one", encoding="utf-8")
    first = keep_upload(source, tmp_path / "uploads")
    assert keep_upload(source, tmp_path / "uploads") == first
