"""Answers and evidence as HTML: nothing in them is alive, and the mark holds exactly the quote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rag.config import Config
from rag.errors import InputError
from rag.feedback import FEEDBACK, FeedbackStore
from rag.schema import (
    Abstention,
    Answer,
    Citation,
    FileFailure,
    Filters,
    IngestReport,
    NamedDay,
    Progress,
    Statement,
    TimelineEntry,
)
from rag.ui.answers import (
    Turn,
    answer_html,
    keys_html,
    masthead_html,
    thread_html,
    turn_html,
)
from rag.ui.chat import MAX_QUESTION_CHARACTERS, MAX_WAITING, UNEXPECTED, ChatRoom, until_stopped
from rag.ui.editing import SourceLine, lines_html, notice_html, tools_html, trouble_html
from rag.ui.evidence import (
    CONTEXT_CHARACTERS,
    around_html,
    article_html,
    cards_html,
    escape,
    escape_line,
    evidence_html,
)
from rag.ui.filters import MAX_VALUE_CHARACTERS, chips_html, filter_form_html, with_filter
from rag.ui.library import Narrowing, collections_html, library_html, search_html
from rag.ui.uploads import Upload, keep_upload, safe_name
from tests.fakes import SAMPLE_ARTICLES, FakeAssistant, cite, hit_of, make_article
from tests.ui.inert import Page
from tests.ui.payloads import payloads

PAYLOADS = payloads()


def answer_of(text: str, citations: tuple[Citation, ...], **known: object) -> Answer:
    statements = (Statement(text, "verbatim", tuple(citation.number for citation in citations)),)
    answer = Answer("q", "q", Filters(), statements, citations, ())
    return replace(answer, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_words_wherever_they_stand(payload: str) -> None:
    article = make_article(1, payload, f"before {payload} after", outlet=payload, author=payload)
    article = replace(
        article, source_path=f"/articles/{payload}", page_starts=(0,), published=date(2024, 1, 2)
    )
    quote = cite(1, article, payload)
    answer = answer_of(
        payload, (quote,), rewritten=payload, notes=(payload,), hits=(hit_of(1, article, payload),)
    )
    turns = [
        Turn(1, payload, answer, running=False),
        Turn(2, payload, replace(answer, abstention=Abstention("not_supported", payload)), running=False),
        Turn(3, payload, error=payload),
    ]
    page = Page(thread_html(turns))
    assert payload in page.texts["question"]
    assert payload in page.texts["words"]
    opened = Page(evidence_html(article, quote.start, quote.end, label="Footnote 1", shown=payload))
    assert opened.marked == payload
    assert opened.texts["evidence-text"] == article.text
    Page(thread_html((), examples=[payload], articles=1))
    rows = FakeAssistant(articles=[article, replace(article, id=payload, duplicate_of=article.id)]).articles()
    listed = Page(library_html(rows))
    assert listed.all("data-article") == [article.id, payload]
    filters = Filters(outlet=payload, language=payload)
    form = Page(filter_form_html(rows, filters))
    assert next(attrs["value"] for _, attrs in form.elements if "selected" in attrs) == payload
    chips = Page(chips_html(filters, trouble=payload))
    assert chips.all("data-unset") == ["outlet", "language"]
    Page(turn_html(Turn(1, payload, answer, filters=filters, running=False)))
    assert Page(article_html(article, shown=payload)).texts["evidence-text"] == article.text
    Page(masthead_html(1, [payload]))
    upload = Upload([Path(f"/uploads/{payload.replace('/', '_')}")])
    upload.step(Progress("reading", 0, 1, payload))
    Page(upload.html())
    failure = FileFailure(f"/uploads/{payload.replace('/', '_')}", payload)
    upload.finish(IngestReport(1, 0, 0, 0, (failure, FileFailure(payload, payload)), (), 1, 1, 0.1), {})
    Page(upload.html())
    upload.fail(payload)
    Page(upload.html())
    Page(search_html(rows, Narrowing(payload, filters)))
    Page(collections_html([payload, "b"], payload, trouble=payload))
    tools = tools_html(article, state=payload, splits=True, notice=notice_html(payload, undo=True))
    assert Page(article_html(article, tools=tools)).all("data-correct") == [article.id]
    Page(lines_html(article, [SourceLine(1, payload)], before=article, notice=trouble_html(payload)))
    cards = Page(cards_html([quote]))
    assert cards.texts["card-quote"] == "" or payload in cards.texts["card-quote"]
    Page(around_html(answer, turn=1, kind="citation", number=1))


def test_statements_carry_their_markers_and_whose_words_they_are() -> None:
    bridge = SAMPLE_ARTICLES[0]
    citations = (cite(1, bridge, "eleven weeks"), cite(2, bridge, "1931"))
    answer = replace(
        answer_of("It takes eleven weeks.", citations),
        statements=(
            Statement("It takes eleven weeks.", "verbatim", (1,)),
            Statement("It dates from 1931.", "supported", (2, 1)),
        ),
    )
    page = Page(answer_html(answer))
    assert page.texts["words"] == "It takes eleven weeks.It dates from 1931."
    assert page.all("data-citation") == ["1", "2", "1", "1", "2"]  # statements, then the list of sources
    assert page.texts["support"] == "verbatimchecked"
    assert page.texts["title"].count(bridge.title) == 3  # the list of sources, and a card for each citation
    assert page.all("data-card") == ["1", "2"]
    assert page.texts["card-quote"] == "eleven weeks1931"


def test_a_weekday_in_a_quote_is_told_in_the_list_of_sources() -> None:
    day = NamedDay("on Wednesday", date(2024, 7, 3), date(2024, 7, 3))
    citation = replace(cite(1, SAMPLE_ARTICLES[0], "eleven weeks"), days=(day,))
    page = Page(answer_html(answer_of("It takes eleven weeks.", (citation,))))
    assert "“on Wednesday”: 3 July 2024" in page.texts["days"]


def test_a_marker_without_its_citation_is_not_shown() -> None:
    answer = replace(answer_of("Words.", ()), statements=(Statement("Words.", "supported", (7,)),))
    assert Page(answer_html(answer)).all("data-citation") == []


def test_an_unknown_date_is_said() -> None:
    article = make_article(1, "Title", "Some words.")
    assert "date unknown" in answer_html(answer_of("Some words.", (cite(1, article, "Some words."),)))


def test_an_abstention_is_a_notice_with_the_nearest_passages() -> None:
    answer = FakeAssistant().ask("Mars?")
    page = Page(answer_html(answer))
    assert "The articles do not say." in page.texts["message"]
    assert page.all("data-reason") == ["not_supported"]
    assert page.all("data-passage") == ["1", "2", "3", "4"]
    assert "7 March 2024" in answer_html(answer)


def test_a_false_premise_shows_the_sentence_that_contradicts_it() -> None:
    quote = cite(1, SAMPLE_ARTICLES[0], "It last closed for more than a weekend in 1987")
    answer = answer_of("", (quote,), statements=(), abstention=Abstention("false_premise", "It did not."))
    page = Page(answer_html(answer))
    assert page.all("data-citation")[0] == "1"
    assert quote.quote in page.texts["words"]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("one two three", "two"),
        ("quote first", "quote"),
        ("ends with the quote", "quote"),
        ("whole", "whole"),
        ("a\n\nparagraph\n\nbreak inside", "paragraph\n\nbreak"),
        ("windows\r\nlines\r\n\r\nhere", "lines\r\n\r\nhere"),
        ("no-break\u00a0space and e\u0301 accent", "space and e\u0301"),
        ("emoji 👩‍🚀 before the words", "before the words"),
        ("tags <b>bold</b> & more", "<b>bold</b> &"),
        (SAMPLE_ARTICLES[2].text, "تعمیر پل یازده هفته"),
        ("עברית עם English באמצע", "עם English"),
        (
            "hard wrapped text that runs over\nseveral lines of about the same\nwidth until here\nend",
            "width until",
        ),
    ],
)
def test_the_mark_holds_exactly_the_quote(text: str, quote: str) -> None:
    article = make_article(1, "Title", text)
    start = text.index(quote)
    page = Page(evidence_html(article, start, start + len(quote), label="Footnote 1"))
    assert page.marked == quote
    assert page.texts["evidence-text"] == text
    assert [tag for tag, _ in page.elements].count("mark") == 1


def test_the_whole_text_is_kept_character_for_character() -> None:
    article = SAMPLE_ARTICLES[0]
    html = evidence_html(article, 10, 20, label="x")
    body = html[html.index('<div class="evidence-text"') :]
    parser = HTMLParser()
    words: list[str] = []
    parser.handle_data = words.append  # type: ignore[method-assign]
    parser.feed(body)
    parser.close()
    assert "".join(words) == article.text


def test_a_very_long_article_is_shown_around_the_quote() -> None:
    text = "before. " * 20_000 + "THE QUOTE" + " after." * 20_000
    article = make_article(1, "Long", text)
    start = text.index("THE QUOTE")
    html = evidence_html(article, start, start + 9, label="Footnote 1")
    assert Page(html).marked == "THE QUOTE"
    assert len(html) < 3 * CONTEXT_CHARACTERS
    assert "more characters before this" in html
    assert "more characters after this" in html


def test_a_very_long_article_is_opened_at_its_beginning() -> None:
    article = replace(make_article(1, "Long", "words. " * 30_000), author="A. Writer", language="fr")
    html = article_html(article)
    assert len(html) < 2 * CONTEXT_CHARACTERS
    assert "<mark>" not in html
    assert "before this" not in html
    assert "more characters after this" in html
    assert "By <bdi>A. Writer</bdi> · French" in html


def test_the_page_of_a_quote_is_named() -> None:
    article = replace(make_article(1, "Pages", "one two three"), page_starts=(0, 4, 8))
    assert "page 2" in evidence_html(article, 4, 7, label="Footnote 1")


def test_direction_marks_in_names_are_shown() -> None:
    assert escape_line("invoice\u202etxt.exe") == "invoice\ufffdtxt.exe"
    assert escape_line("zero\x00byte\u2066") == "zero\ufffdbyte\ufffd"


def test_states_of_a_turn() -> None:
    assert "Reading…" in turn_html(Turn(1, "q"))
    assert "You are second in line" in turn_html(Turn(1, "q", ahead=2))
    assert "Stopped." in turn_html(Turn(1, "q", stopped=True, running=False))
    assert 'role="alert"' in turn_html(Turn(1, "q", error="no", running=False))


def test_what_the_timeline_tells_is_not_told_twice() -> None:
    answer = FakeAssistant().ask("The bridge?")
    first, *rest = answer.statements
    dated = replace(answer, timeline=(TimelineEntry(date(2024, 3, 7), first),))
    html = turn_html(Turn(1, "q", dated, running=False))
    assert html.count('class="statement ') == len(answer.statements)
    assert html.index(escape(rest[0].text.split()[0])) < html.index('class="timeline"')


def test_a_whole_answer_can_be_rated_and_nothing_else() -> None:
    answer, abstention = FakeAssistant().ask("The bridge?"), FakeAssistant().ask("Mars?")
    for shown in (answer, abstention):
        html = turn_html(Turn(1, "q", shown, running=False))
        thumbs = [attrs for tag, attrs in Page(html).elements if "data-thumb" in attrs]
        assert [(item["data-thumb"], item["aria-pressed"]) for item in thumbs] == [
            ("up", "false"),
            ("down", "false"),
        ]
        assert all(item["aria-label"] for item in thumbs)
        assert "data-why" not in html
    for turn in (
        Turn(1, "q"),
        Turn(1, "q", answer),
        Turn(1, "q", answer, running=False, stopped=True),
        Turn(1, "q", answer, running=False, error="no"),
        Turn(1, "q", running=False, error="no"),
    ):
        assert "data-thumb" not in turn_html(turn)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_reason_is_words(payload: str) -> None:
    turn = Turn(1, "q", FakeAssistant().ask("The bridge?"), running=False, thumb="down", reason=payload)
    turn.rating_trouble = payload
    page = Page(turn_html(turn))
    (field,) = [attrs for tag, attrs in page.elements if tag == "input"]
    assert field["value"] == unescape(escape_line(payload))


def test_an_empty_library_says_how_to_fill_it() -> None:
    assert "shelves are empty" in thread_html(())


def test_a_refusal_lists_the_nearest_articles_once() -> None:
    article = SAMPLE_ARTICLES[0]
    nothing = Abstention(
        "not_supported", "I found nothing.", f"The nearest passages are in “{article.title}”."
    )
    hits = (hit_of(1, article, article.text[:80]),)
    page = Page(answer_html(Answer("q", "q", Filters(), (), (), hits, abstention=nothing)))
    assert page.texts["message"] == "I found nothing."
    assert page.texts["title"] == article.title


def test_what_is_said_of_the_terminal_is_not_said_on_the_page() -> None:
    notes = (
        "Greek was not read. A model can be added with `rag models add`.",
        "See `rag doctor`.",
        "It rained.",
    )
    html = answer_html(Answer("q", "q", Filters(), (), (), (), notes=notes))
    assert '<p dir="auto">Greek was not read.</p><p dir="auto">It rained.</p>' in html
    assert "rag " not in html


def test_the_list_of_keys_is_a_closed_dialog() -> None:
    page = Page(keys_html())
    assert ("dialog", {"class": "keys", "aria-labelledby": "keys-name"}) in page.elements


# Filters


def test_filters_are_set_and_taken_away() -> None:
    filters = with_filter(Filters(), "as_of", " 2024-03-07 ")
    filters = with_filter(filters, "outlet", "The Courier")
    assert filters == Filters(as_of=date(2024, 3, 7), outlet="The Courier")
    assert with_filter(filters, "as_of", "") == Filters(outlet="The Courier")
    assert with_filter(filters, "all", "") == Filters()
    html = chips_html(filters)
    assert html.index("As of") < html.index("Outlet")
    assert 'aria-label="Remove: Outlet The Courier"' in html
    assert chips_html(Filters()) == ""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("as_of", "2024-02-31", "'2024-02-31' is not a date; write it as"),
        ("date_to", None, "not in the calendar"),
        ("outlet", "x" * (MAX_VALUE_CHARACTERS + 1), "shorten it"),
        ("__class__", "x", "is not a filter"),
    ],
)
def test_what_cannot_be_a_filter_is_said(name: str, value: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_filter(Filters(), name, value)
    room = ChatRoom(FakeAssistant())
    room.set_filter("a", "outlet", "The Courier")
    html = room.set_filter("a", name, value)
    assert 'role="alert"' in html
    assert html.count('class="chip"') == 1


def test_the_form_offers_what_the_library_has() -> None:
    rows = FakeAssistant().articles()
    page = Page(filter_form_html(rows, Filters(outlet="Riverside Post", date_from=date(2024, 1, 2))))
    options = [attrs["value"] for tag, attrs in page.elements if tag == "option"]
    assert options.count("") == 2
    assert {"The Estuary Courier", "Riverside Post", "<b>Notes</b>", "en", "fa"} <= set(options)
    assert [attrs["value"] for _, attrs in page.elements if "selected" in attrs] == ["Riverside Post"]
    assert "2024-01-02" in page.all("value")


def test_a_question_is_asked_with_the_filters_of_its_moment() -> None:
    fake = FakeAssistant()
    room = ChatRoom(fake)
    room.set_filter("a", "outlet", "Riverside Post")
    room.begin("a", "The bridge?")
    room.set_filter("a", "outlet", "")
    room.set_filter("b", "language", "fa")
    html = list(room.answer("a"))[-1]
    asked = room.conversation("a").turns[0].answer
    assert asked is not None
    assert asked.filters == Filters(outlet="Riverside Post")
    assert html.count("asked-with") == 1
    assert html.index("asked-with") < html.index("eleven weeks")
    assert settled(room, "a", "And now?").count("asked-with") == 1
    room.set_filter("a", "as_of", "2024-03-07")
    room.clear("a")
    assert "7 March 2024" in settled(room, "a", "And then?")


# Conversations


def settled(room: ChatRoom, session: str, question: str) -> str:
    room.begin(session, question)
    return list(room.answer(session))[-1]


def test_a_follow_up_gets_the_history_without_markers() -> None:
    fake = FakeAssistant()
    room = ChatRoom(fake)
    settled(room, "a", "The bridge?")
    settled(room, "a", "And the cost?")
    question, history = fake.questions[-1]
    assert question == "And the cost?"
    assert [turn[0] for turn in history] == ["The bridge?"]
    assert "[1]" not in history[0][1]


def test_conversations_do_not_meet() -> None:
    fake = FakeAssistant()
    room = ChatRoom(fake)
    settled(room, "a", "The bridge?")
    assert "The bridge?" not in room.thread("b")
    assert "evidence-empty" in room.evidence("b", turn=1, kind="citation", number=1)
    settled(room, "b", "Something else?")
    assert fake.questions[-1][1] == ()


def test_an_error_is_one_line_and_the_room_lives_on(caplog: pytest.LogCaptureFixture) -> None:
    room = ChatRoom(FakeAssistant())
    assert "stopped working; ask again" in settled(room, "a", "boom")
    assert UNEXPECTED in settled(room, "a", "bug")
    assert "a question failed" in caplog.text
    assert "eleven weeks" in settled(room, "a", "The bridge?")


def test_stop_keeps_the_last_snapshot_and_closes_the_iterator() -> None:
    fake = FakeAssistant(pause_seconds=0.02)
    room = ChatRoom(fake)
    room.begin("a", "slow")
    pages = room.answer("a")
    next(pages)
    assert "eleven weeks" in next(pages)
    room.stop("a")
    last = list(pages)[-1]
    assert "eleven weeks" in last
    assert "Stopped." in last
    assert "data-running" not in last
    deadline = time.monotonic() + 5
    while fake.closed == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert fake.closed == 1


def test_stop_frees_the_page_while_the_model_thinks() -> None:
    def thinking() -> Iterator[int]:
        yield 1
        time.sleep(1.5)
        yield 2

    stop = threading.Event()
    items = until_stopped(thinking(), stop)
    assert next(items) == 1
    threading.Timer(0.1, stop.set).start()
    begun = time.monotonic()
    assert list(items) == []
    assert time.monotonic() - begun < 1


def test_clear_during_an_answer_leaves_nothing_behind() -> None:
    room = ChatRoom(FakeAssistant())
    room.begin("a", "slow")
    pages = room.answer("a")
    next(pages)
    room.clear("a")
    rest = list(pages)
    assert all("data-running" not in page for page in rest[-1:])
    assert "slow" not in room.thread("a")
    assert "What would you like to know?" in room.thread("a")


def test_empty_long_and_too_many_questions() -> None:
    room = ChatRoom(FakeAssistant())
    room.begin("a", "  ")
    assert list(room.answer("a")) == []
    assert "shorten it" in settled(room, "a", "x" * (MAX_QUESTION_CHARACTERS + 1))
    for number in range(MAX_WAITING):
        room.begin(f"w{number}", "q")
    room.begin("late", "q")
    assert "questions are waiting already" in room.thread("late")
    for number in range(MAX_WAITING):
        room.leave(f"w{number}")
    assert "eleven weeks" in settled(room, "later", "The bridge?")


def test_a_thumb_is_kept_at_once_and_stays(tmp_path: Path) -> None:
    room = ChatRoom(FakeAssistant(Config(index_dir=tmp_path)))
    store = FeedbackStore(tmp_path)
    settled(room, "a", "The bridge?")
    settled(room, "a", "And Mars?")
    room.rate("a", turn=2, thumb="down")
    room.rate("a", turn=2, thumb="down", reason=' it is\n in the "notes" ')
    room.rate("a", turn=2, thumb="down")  # pressed again: the reason stays
    (kept,) = store.read()
    assert (kept.thumb, kept.reason, kept.answer.status) == ("down", 'it is in the "notes"', "abstained")
    assert [turn[0] for turn in kept.history] == ["The bridge?"]
    assert 'value="it is in the &quot;notes&quot;"' in settled(room, "a", "The cost?")
    room.rate("a", turn=2, thumb="up")
    (kept,) = store.read()
    assert (kept.thumb, kept.reason) == ("up", "")
    assert room.thread("a").count('aria-pressed="true"') == 1
    assert room.thread("a").count("Noted.") == 1
    room.clear("a")
    settled(room, "a", "The bridge?")
    room.rate("a", turn=1, thumb="up")
    assert len(store.read()) == 2


def test_one_rates_answers_of_ones_own_conversation(tmp_path: Path) -> None:
    room = ChatRoom(FakeAssistant(Config(index_dir=tmp_path)))
    settled(room, "a", "The bridge?")
    settled(room, "a", "boom")
    room.rate("b", turn=1, thumb="up")
    for turn in (-1, 0, 2, 3):
        room.rate("a", turn=turn, thumb="up")
    room.begin("a", "Running?")
    room.rate("a", turn=3, thumb="up")
    assert FeedbackStore(tmp_path).read() == []
    assert 'aria-pressed="true"' not in room.thread("a") + room.thread("b")


def test_a_thumb_that_cannot_be_kept_is_a_quiet_line(tmp_path: Path) -> None:
    (tmp_path / FEEDBACK).mkdir()
    room = ChatRoom(FakeAssistant(Config(index_dir=tmp_path)))
    settled(room, "a", "The bridge?")
    room.rate("a", turn=1, thumb="up")
    assert "Not kept: " in room.thread("a")
    assert 'aria-pressed="true"' not in room.thread("a")
    assert "eleven weeks" in settled(room, "a", "And the cost?")
    (tmp_path / FEEDBACK).rmdir()
    room.rate("a", turn=1, thumb="up")
    assert "Not kept" not in room.thread("a")


def test_evidence_of_older_answers_stays() -> None:
    room = ChatRoom(FakeAssistant())
    settled(room, "a", "The bridge?")
    settled(room, "a", "What does the Persian paper say?")
    assert Page(room.evidence("a", turn=1, kind="citation", number=3)).marked.startswith("The council puts")
    assert Page(room.evidence("a", turn=2, kind="citation", number=1)).marked.startswith("شورای")
    assert Page(room.evidence("a", turn=1, kind="passage", number=1)).marked.startswith("The old swing")
    for turn, number in ((0, 1), (-1, 1), (9, 1), (1, 99), (1, 0)):
        assert "evidence-empty" in room.evidence("a", turn=turn, kind="citation", number=number)


def test_what_is_asked_again_knows_what_it_knew_the_first_time(tmp_path: Path) -> None:
    fake = FakeAssistant(Config(index_dir=tmp_path))
    room = ChatRoom(fake)
    settled(room, "a", "The bridge?")
    settled(room, "a", "And Mars?")
    for again in (2, 3):  # what was asked again may be asked again
        assert room.begin("a", "And Mars?", again=again)
        list(room.answer("a"))
    assert [[turn[0] for turn in history] for _, history in fake.questions] == [[]] + 3 * [["The bridge?"]]
    room.rate("a", turn=4, thumb="up")
    assert [turn[0] for turn in FeedbackStore(tmp_path).read()[0].history] == ["The bridge?"]
    settled(room, "a", "And the cost?")
    assert [turn[0] for turn in fake.questions[-1][1]] == ["The bridge?"] + 3 * ["And Mars?"]


def test_a_question_while_one_is_answered_is_not_taken() -> None:
    room = ChatRoom(FakeAssistant())
    assert room.begin("a", "The bridge?")
    assert not room.begin("a", "And now?")
    assert not room.begin("b", "  ")


# Uploads


def test_uploads_are_copied_under_harmless_names(tmp_path: Path) -> None:
    source = tmp_path / "in" / "news.txt"
    source.parent.mkdir()
    source.write_text("one", encoding="utf-8")
    folder = tmp_path / "uploads"
    first = keep_upload(source, folder)
    assert keep_upload(source, folder) == first
    source.write_text("two", encoding="utf-8")
    second = keep_upload(source, folder)
    assert [first.name, second.name] == ["news.txt", "news (2).txt"]
    assert first.read_text(encoding="utf-8") == "one"


def test_a_link_in_the_uploads_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("one", encoding="utf-8")
    source = tmp_path / "news.txt"
    source.write_text("one", encoding="utf-8")
    folder = tmp_path / "uploads"
    folder.mkdir()
    (folder / "news.txt").symlink_to(outside)
    assert keep_upload(source, folder).name == "news (2).txt"
    assert outside.read_text(encoding="utf-8") == "one"


@pytest.mark.parametrize(
    "name",
    [
        "../../x.txt",
        "..",
        "",
        "/",
        "a\x00b.txt",
        "x" * 300 + ".txt",
        "خبر.txt",
        "C:\\x\\y.md",
        "new\nline.txt",
        ".bashrc",
    ],
)
def test_safe_names(name: str, tmp_path: Path) -> None:
    stem, suffix = safe_name(name)
    target = tmp_path / f"{stem} (99){suffix}"
    target.write_text("", encoding="utf-8")
    assert target.resolve().parent == tmp_path.resolve()
    assert not stem.startswith(".")
