"""Kept conversations: as they were shown, for their owner alone, whatever becomes of the index or of the file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest

from rag.config import Config
from rag.errors import InputError
from rag.feedback import FeedbackStore
from rag.receipts import load
from rag.schema import (
    Abstention,
    Answer,
    Conflict,
    ConflictValue,
    Filters,
    Statement,
    TimelineEntry,
    Timing,
    Tokens,
)
from rag.ui.answers import Turn
from rag.ui.chat import ChatRoom
from rag.ui.conversations import (
    SCHEMA_VERSION,
    UNDO_SECONDS,
    ConversationStore,
    Listed,
    file_name,
    folded,
    title_of,
)
from rag.ui.evidence import escape_line
from rag.ui.exports import exported
from rag.ui.records import DAMAGED
from rag.ui.shelf import shelf_html
from tests.fakes import (
    FERRY_TEXT,
    PAYLOADS,
    SAMPLE_ARTICLES,
    FakeAssistant,
    cite,
    hit_of,
    make_article,
)
from tests.ui.inert import Page

ID = "c" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ConversationStore]:
    found = ConversationStore(tmp_path)
    yield found
    found.close()


def an_answer(question: str = "How long?", **known: object) -> Answer:
    bridge, ferry, persian = SAMPLE_ARTICLES[:3]
    citations = (
        cite(1, bridge, "the work would take eleven weeks"),
        cite(2, ferry, "Two boats with room for forty passengers"),
        cite(3, persian, "شورای شهر اعلام کرد"),
    )
    answer = Answer(
        question,
        "How long will the bridge be closed?",
        Filters(date(2024, 1, 2), None, date(2024, 5, 3), "Riverside Post", "en"),
        (Statement("It takes “eleven” weeks.", "supported", (1,)), Statement("دو", "verbatim", (2, 3))),
        citations,
        (hit_of(1, bridge, bridge.text[:90]), hit_of(2, persian, persian.text)),
        conflicts=(Conflict("cost", "updated", (ConflictValue("£2.4 million", 1),)),),
        timeline=(TimelineEntry(date(2024, 3, 7), Statement("Closed.", "verbatim", (1, 2))),),
        independent_sources=2,
        notes=("One note.",),
        models={"embedder": "minilm"},
        seconds=Timing(0.1, 0.2, 0.3, 0.1),
        tokens=Tokens(90, 12),
    )
    return replace(answer, **known)  # type: ignore[arg-type]


def keep(store: ConversationStore, turn: Turn, *, owner: str = "me", conversation: str = ID) -> None:
    store.begin(owner, conversation, replace(turn, answer=None, running=True))
    store.keep(owner, conversation, turn)


def done(number: int, question: str, answer: Answer | None = None) -> Turn:
    return Turn(number, question, answer=answer or an_answer(question), running=False)


def settled(room: ChatRoom, session: str, question: str) -> str:
    room.begin(session, question)
    return list(room.answer(session))[-1]


def a_room(tmp_path: Path, **known: float) -> tuple[ChatRoom, FakeAssistant]:
    fake = FakeAssistant(Config(index_dir=tmp_path, cache_dir=tmp_path, config_dir=tmp_path), **known)  # type: ignore[arg-type]
    return ChatRoom(fake, store=ConversationStore(tmp_path)), fake


def test_a_turn_comes_back_as_it_was(tmp_path: Path, store: ConversationStore) -> None:
    turn = done(1, "How long?\nin weeks")
    turn.thumb, turn.reason, turn.receipt = "down", "it is <b>old</b>", "{}"
    keep(store, turn)
    failed = Turn(2, "boom", error="It broke; ask again.", running=False)
    keep(store, failed)
    stopped = replace(done(3, "And now?"), stopped=True)
    keep(store, stopped)
    abstained = an_answer("Mars?", statements=(), citations=(), abstention=Abstention("not_supported", "No."))
    keep(store, done(4, "Mars?", abstained))
    again = ConversationStore(tmp_path).turns("me", ID)
    assert again[:3] == [turn, failed, stopped]
    assert again[3].answer == abstained
    assert [item.answer.citations[0].article.text for item in again[:1] if item.answer] == [
        SAMPLE_ARTICLES[0].text
    ]


def test_each_article_is_kept_once_and_in_the_state_of_its_answer(
    tmp_path: Path, store: ConversationStore
) -> None:
    before = make_article(2, "Ferry", FERRY_TEXT, outlet="Riverside Post")
    after = replace(before, outlet="Estuary Courier", text="Something else now.")
    quote = cite(1, before, "Two boats with room for forty passengers")
    for number in range(1, 4):
        keep(store, done(number, "q", an_answer(citations=(quote,), hits=())))
    now = cite(1, after, "Something else")
    keep(store, done(4, "q", an_answer(citations=(now,), hits=())))
    with sqlite3.connect(store.path) as reader:
        assert reader.execute("SELECT count(*) FROM articles").fetchone() == (2,)
    found = [turn.answer.citations[0] for turn in store.turns("me", ID) if turn.answer]
    assert found == [quote, quote, quote, now]


def test_one_sees_ones_own(store: ConversationStore) -> None:
    keep(store, done(1, "How long?"))
    assert [row.title for row in store.listed("me")] == ["How long?"]
    assert store.listed("you") == []
    assert store.turns("you", ID) == []
    assert store.find("you", ID) is None
    store.rename("you", ID, "mine now")
    store.delete("you", ID)
    store.begin("you", ID, Turn(1, "Overwritten?"))
    store.keep("you", ID, done(1, "Overwritten?"))
    assert [(row.id, row.title) for row in store.listed("me")] == [(ID, "How long?")]
    assert store.turns("me", ID)[0].question == "How long?"
    assert exported(store, "you", f"{ID}.md") is None


def test_the_newest_comes_first_and_words_are_found_whatever_case_and_accents(tmp_path: Path) -> None:
    clock = iter(range(1, 100))
    store = ConversationStore(tmp_path, now=lambda: float(next(clock)))
    keep(store, done(1, "Où est le café?", an_answer(statements=())), conversation="a")
    keep(store, done(1, "The Harbour", an_answer(statements=())), conversation="b")
    keep(store, done(2, "And 100% of_it?"), conversation="a")
    assert [row.id for row in store.listed("me")] == ["a", "b"]
    for words, ids in (
        ("CAFE", ["a"]),
        ("harb", ["b"]),
        ("eleven weeks", ["a"]),  # of the answer
        ("دو", ["a"]),
        ("harbour cafe", []),
        ("100% of_it", ["a"]),
        ("%", ["a"]),
        ("_arbour", []),
        ("  ", ["a", "b"]),
    ):
        assert [row.id for row in store.listed("me", words)] == ids, words
    store.rename("me", "b", "Größe  des\nHafens")
    assert [row.title for row in store.listed("me", "grosse")] == ["Größe des Hafens"]
    store.rename("me", "b", "  ")
    assert store.listed("me", "grosse")


def test_titles_are_shortened_at_a_word() -> None:
    assert title_of("  How\n long? ") == "How long?"
    long = title_of("word " * 40)
    assert long == "word " * 11 + "word…"
    assert len(title_of("x" * 200)) == 60
    assert title_of("x" * 200).endswith("…")
    assert folded("Ünïcode ТЕСТ İ") == "unicode тест i"
    assert file_name("../../etc/passwd\x00") == "etc passwd"
    assert file_name("?") == "conversation"


def test_deleting_can_be_undone_for_a_while_and_then_nothing_is_left(tmp_path: Path) -> None:
    moment = [1000.0]
    store = ConversationStore(tmp_path, now=lambda: moment[0])
    keep(store, done(1, "How long?"), conversation="a")
    keep(store, done(1, "The cost?"), conversation="b")
    store.delete("me", "a")
    assert [row.id for row in store.listed("me")] == ["b"]
    assert store.turns("me", "a") == []
    store.restore("me", "a")
    assert len(store.turns("me", "a")) == 1
    store.delete("me", "a")
    store.delete("me", "b")  # the way back is for the last one
    store.restore("me", "a")
    assert store.listed("me") == []
    moment[0] += UNDO_SECONDS + 1
    keep(store, Turn(1, "Another?", running=False), conversation="d")
    store.restore("me", "b")
    assert [row.id for row in store.listed("me")] == ["d"]
    with sqlite3.connect(store.path) as reader:
        for table, count in (("conversations", 1), ("turns", 1), ("articles", 0), ("turn_articles", 0)):
            assert reader.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table


def test_an_answer_that_ends_after_its_conversation_went_does_not_bring_it_back(
    store: ConversationStore,
) -> None:
    store.begin("me", ID, Turn(1, "How long?"))
    store.delete("me", ID)
    store.keep("me", ID, done(1, "How long?"))
    assert store.listed("me") == []
    store.keep("me", "unknown", done(1, "How long?"))
    assert store.listed("me") == []


def test_a_question_that_was_not_answered_when_the_program_ended_is_shown_as_stopped(
    tmp_path: Path, store: ConversationStore
) -> None:
    store.begin("me", ID, Turn(1, "How long?"))
    (turn,) = ConversationStore(tmp_path).turns("me", ID)
    assert (turn.running, turn.stopped, turn.answer) == (False, True, None)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE turns SET record = substr(record, 1, length(record) / 2) WHERE number = 1",
        "UPDATE turns SET record = x'00ff' WHERE number = 1",
        "UPDATE turns SET record = '[]' WHERE number = 1",
        "UPDATE turns SET record = replace(record, 'eleven weeks', 'twelve weeks') WHERE number = 1",
        "UPDATE turns SET record = replace(record, 'supported', 'guessed') WHERE number = 1",
        "PRAGMA foreign_keys = OFF; DELETE FROM articles",
        "UPDATE articles SET record = x'789c'",
        "UPDATE articles SET record = substr(record, 1, 40)",
    ],
)
def test_a_damaged_row_is_one_line_and_the_rest_is_there(tmp_path: Path, damage: str) -> None:
    room, _ = a_room(tmp_path)
    store = ConversationStore(tmp_path)
    keep(store, done(1, "How long?"))
    keep(store, Turn(2, "And then?", error="It broke.", running=False))
    with sqlite3.connect(store.path) as writer:
        writer.executescript(damage)
    room.open("me/1", ID)
    thread = room.thread("me/1")
    assert "How long?" in thread
    assert DAMAGED in thread
    assert "It broke." in thread
    assert "twelve" not in thread
    assert "eleven weeks" in settled(room, "me/1", "And now?")
    assert [turn.number for turn in store.turns("me", ID)] == [1, 2, 3]


def test_rows_of_odd_types_do_not_stop_the_list(store: ConversationStore) -> None:
    keep(store, done(1, "How long?"))
    with sqlite3.connect(store.path) as writer:
        writer.execute("UPDATE conversations SET changed = 'yesterday', title = x'e28892'")
    assert len(store.listed("me")) == 1


def test_where_the_file_cannot_be_used_the_page_says_so_and_goes_on(tmp_path: Path) -> None:
    for place, make in (
        ("folder", lambda path: path.mkdir()),
        ("text", lambda path: path.write_text("not a database " * 100)),
        ("newer", lambda path: _of_version(path, SCHEMA_VERSION + 1)),
    ):
        folder = tmp_path / place
        folder.mkdir()
        make(ConversationStore(folder).path)
        room, _ = a_room(folder)
        assert "eleven weeks" in settled(room, "me/1", "How long?")
        shelf = room.shelf_html("me/1")
        assert "conversations.sqlite3" in shelf, place
        assert ("upgrade" if place == "newer" else "move the file away") in shelf
        with pytest.raises(InputError, match=r"conversations\.sqlite3: "):
            ConversationStore(folder).listed("me")


def _of_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as writer:
        writer.execute(f"PRAGMA user_version = {version}")


def test_the_file_is_private_and_made_with_the_first_question(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path / "index")
    room.thread("me/1")
    room.shelf_html("me/1")
    room.open("me/1", ID)
    assert not (tmp_path / "index").exists()
    settled(room, "me/1", "How long?")
    path = ConversationStore(tmp_path / "index").path
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as reader:
        assert reader.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_several_servers_begin_at_once(tmp_path: Path) -> None:
    refused: list[Exception] = []

    def work(folder: Path, owner: str, gate: threading.Barrier) -> None:
        store = ConversationStore(folder)
        gate.wait(30)
        try:
            keep(store, done(1, "The bridge?"), owner=owner, conversation=owner)
        except InputError as error:
            refused.append(error)
        store.close()

    for number in range(20):
        gate = threading.Barrier(6)
        folder = tmp_path / str(number)
        threads = [threading.Thread(target=work, args=(folder, f"o{n}", gate)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert refused == []


def test_several_servers_write_at_once(tmp_path: Path) -> None:
    def work(owner: str) -> None:
        store = ConversationStore(tmp_path)
        for number in range(1, 6):
            keep(store, done(number, f"{owner} {number}"), owner=owner, conversation=owner)
        store.close()

    threads = [threading.Thread(target=work, args=(f"o{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    store = ConversationStore(tmp_path)
    for number in range(4):
        assert [turn.question for turn in store.turns(f"o{number}", f"o{number}")] == [
            f"o{number} {turn}" for turn in range(1, 6)
        ]


# The room


def test_a_thumb_goes_to_the_collection_that_answered(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path / "news")
    settled(room, "me/1", "The bridge?")
    assert room.library.begin_collection("me/1", "letters") is None
    settled(room, "me/1", "And Mars?")
    name = room.conversation("me/1").id
    room.rate("me/1", turn=1, thumb="up")
    room.rate("me/1", turn=2, thumb="down")
    assert [item.answer.question for item in FeedbackStore(tmp_path / "news").read()] == ["The bridge?"]
    assert [item.answer.question for item in FeedbackStore(tmp_path / "letters").read()] == ["And Mars?"]
    again, _ = a_room(tmp_path / "news")  # restarted; of `letters` nothing was indexed, so it is not there
    again.open("me/2", name)
    again.rate("me/2", turn=2, thumb="up")
    assert "Not kept: the collection letters is not there any more" in again.thread("me/2")
    again.rate("me/2", turn=1, thumb="down")
    assert [item.thumb for item in FeedbackStore(tmp_path / "news").read()] == ["down"]
    assert [item.thumb for item in FeedbackStore(tmp_path / "letters").read()] == ["down"]


def test_a_reloaded_page_shows_the_same_and_a_follow_up_knows_it(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    before = settled(room, "me/1", "The bridge?")
    room.rate("me/1", turn=1, thumb="up")
    name = room.conversation("me/1").id
    pane = room.evidence("me/1", turn=1, kind="citation", number=3)
    again, fake = a_room(tmp_path)  # restarted
    assert f'data-keep="{name}"' in again.shelf_html("me/2")
    again.open("me/2", name)
    assert again.thread("me/2") == room.thread("me/1")
    assert again.thread("me/2").count('aria-pressed="true"') == 1
    assert before.split("rating")[0] in again.thread("me/2")
    assert again.evidence("me/2", turn=1, kind="citation", number=3) == pane
    assert 'aria-current="true"' in again.shelf_html("me/2")
    settled(again, "me/2", "And the cost?")
    assert [turn[0] for turn in fake.questions[-1][1]] == ["The bridge?"]
    assert len(again.conversation("me/2").turns) == 2


def test_nobody_opens_what_is_not_theirs(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    settled(room, "me/1", "A secret?")
    name = room.conversation("me/1").id
    for session in ("you/1", "you/me/1", "/me/1"):
        room.open(session, name)
        room.shelf.rename(session, name, "x")
        room.restore(session, name)
        assert "A secret?" not in room.thread(session) + room.shelf_html(session)
    assert "A secret?" in room.shelf_html("me/1")
    room.open("me/1", "' OR 1=1 --")
    assert room.conversation("me/1").id == name


def test_a_new_conversation_leaves_the_old_one_in_the_list(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    settled(room, "me/1", "The bridge?")
    room.clear("me/1")
    assert "What would you like to know?" in room.thread("me/1")
    assert 'data-current=""' in room.shelf_html("me/1")
    settled(room, "me/1", "The ferry?")
    shelf = room.shelf_html("me/1")
    assert shelf.index("The ferry?") < shelf.index("The bridge?")
    room.shelf.seek("me/1", "bridge")
    assert "The bridge?" in room.shelf_html("me/1")
    assert "The ferry?" not in room.shelf_html("me/1")
    room.shelf.seek("me/1", "nowhere at all")
    assert "No conversation holds these words." in room.shelf_html("me/1")


def test_deleting_what_is_shown_and_undoing_it(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    settled(room, "me/1", "The bridge?")
    name = room.conversation("me/1").id
    room.delete("me/1", name)
    assert "The bridge?" not in room.thread("me/1")
    assert f'data-restore="{name}"' in room.shelf_html("me/1")
    room.restore("me/1", name)
    assert "The bridge?" in room.thread("me/1")
    assert "data-restore" not in room.shelf_html("me/1")
    room.delete("me/1", name)
    settled(room, "me/1", "The ferry?")
    assert "data-restore" not in room.shelf_html("me/1")
    room.restore("me/1", name)
    assert "The ferry?" in room.thread("me/1")  # another was begun: it stays


def test_deleting_a_running_answer_stops_it(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path, pause_seconds=0.02)
    room.begin("me/1", "slow")
    pages = room.answer("me/1")
    next(pages)
    next(pages)
    room.delete("me/1", room.conversation("me/1").id)
    assert "slow" not in list(pages)[-1]
    assert ConversationStore(tmp_path).listed("me") == []


def test_a_question_is_answered_once_however_often_the_page_asks(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path, pause_seconds=0.001)
    assert room.begin("me/1", "slow")
    pages = room.answer("me/1")
    next(pages)
    assert not room.begin("me/1", "slow")
    assert list(room.answer("me/1")) == []
    assert "data-running" not in list(pages)[-1]
    assert len(room.conversation("me/1").turns) == 1


def test_two_pages_of_one_conversation_see_the_same(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path, pause_seconds=0.05)
    settled(room, "me/1", "The bridge?")
    name = room.conversation("me/1").id
    room.open("me/2", name)
    assert room.conversation("me/2") is room.conversation("me/1")
    assert room.begin("me/1", "slow")
    assert not room.begin("me/2", "Meanwhile?")
    pages = room.answer("me/1")
    next(pages)
    followed = room.follow("me/2")
    assert "data-running" in next(followed)
    room.leave("me/2")  # it did not ask: nothing stops
    assert not room.conversation("me/1").stop.is_set()
    room.leave("me/1")
    list(pages)
    assert "Stopped." in list(followed)[-1]
    assert list(room.follow("me/2")) == []


def test_a_conversation_as_a_file(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    settled(room, "me/1", "The <b>bridge</b>?")
    settled(room, "me/1", "boom")
    settled(room, "me/1", "Is there water on Mars?")
    name = room.conversation("me/1").id
    room.shelf.rename("me/1", name, "Bridge & <i>boats</i>")
    store = ConversationStore(tmp_path)
    found = {suffix: exported(store, "me", name + suffix) for suffix in (".md", ".html", ".json")}
    markdown, page, data = (found[suffix] for suffix in (".md", ".html", ".json"))
    assert markdown is not None and page is not None and data is not None
    assert markdown.name == "Bridge i boats i.md"
    assert markdown.text.startswith("# Bridge &amp; &lt;i&gt;boats&lt;/i&gt;\n")
    assert markdown.text.count("\n## ") == 2  # a question each
    assert "eleven weeks and cost £2.4 million" in markdown.text
    assert page.text.count("<h1") == 1
    assert "<i>boats" not in page.text and "<b>bridge" not in page.text
    assert 'href="#footnote-1-3"' in page.text and 'id="footnote-1-3"' in page.text
    rows = json.loads(data.text)
    assert rows["title"] == "Bridge & <i>boats</i>"
    assert [row["status"] for row in rows["receipts"]] == ["answered", "abstained"]
    place = tmp_path / data.name
    place.write_text(data.text, encoding="utf-8")
    kept = load(place)
    assert (kept.title, kept.edits) == ("Bridge & <i>boats</i>", ())
    assert [receipt.question for receipt, _ in kept.answers] == [
        "The <b>bridge</b>?",
        "Is there water on Mars?",
    ]
    assert [edit for _, edits in kept.answers for edit in edits if "checksum" in edit] == []
    for odd in ("", ".md", f"{name}.exe", f"{name}", f"../{name}.md", f"{'0' * 32}.md", f"{name}.md/x"):
        assert exported(store, "me", odd) is None


@pytest.mark.parametrize("payload", PAYLOADS)
def test_titles_are_words(payload: str) -> None:
    row = Listed(ID, payload, datetime(2024, 3, 7, tzinfo=UTC))
    page = Page(shelf_html([row], current=ID, words=payload, deleted=row, trouble=payload))
    (button,) = (attrs for _, attrs in page.elements if attrs.get("data-keep"))
    assert button["title"] == escape_words(payload)
    assert page.texts["kept"] == escape_words(payload)
    assert all(link.startswith(f"./footnote/conversations/{ID}.") for link in page.all("href"))


def escape_words(payload: str) -> str:
    return unescape(escape_line(payload))


def test_hostile_questions_are_titles_of_plain_words(tmp_path: Path) -> None:
    room, _ = a_room(tmp_path)
    for payload in PAYLOADS:
        room.clear("me/1")
        Page(settled(room, "me/1", payload))
        Page(room.shelf_html("me/1"))
