"""The whole way with a scripted model: only checked words are shown, whatever the model says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.errors import GenerationFailed, IndexMissing, InputError
from rag.schema import Answer, Filters
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder

FERRY = (
    "Ferry lost off Kestrel Point\nHarbour Post\n4 March 2024\n\n"
    "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board. "
    "Its owner, Nordkai, denied any fault. Mira Tolland leads the search.\n"
)
QUESTION = "How many people were on board when the ferry Anke sank?"
TRUE_SENTENCE = "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board."

Open = Callable[[ScriptedGenerator], Assistant]


@pytest.fixture
def open_with(tmp_path: Path) -> Iterator[Open]:
    pile = tmp_path / "pile"
    pile.mkdir(exist_ok=True)
    (pile / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (pile / "other.txt").write_text(
        "Budget\n\nParliament rejected the budget by two votes.", encoding="utf-8"
    )
    opened: list[Assistant] = []

    def make(generator: ScriptedGenerator) -> Assistant:
        config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path)
        assistant = Assistant(config, embedder=WordEmbedder, generator=lambda: generator, scorer=EvenScorer)
        assistant.ingest([pile])
        opened.append(assistant)
        return assistant

    yield make
    for assistant in opened:
        assistant.close()


def _quotes_hold(answer: Answer) -> None:
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
        source = Path(citation.article.source_path).read_text(encoding="utf-8")
        assert source[citation.source_start : citation.source_end] == citation.quote


def test_an_honest_draft_is_shown_with_its_quote(open_with: Open) -> None:
    answer = open_with(ScriptedGenerator("The ferry sank with 41 people on board [1].")).ask(QUESTION)
    (statement,) = answer.statements
    assert (statement.text, statement.support) == ("The ferry sank with 41 people on board.", "supported")
    assert answer.citations[0].quote == TRUE_SENTENCE
    assert answer.citations[0].article.outlet == "Harbour Post"
    assert answer.text == "The ferry sank with 41 people on board.[1]"
    assert answer.models == {"embedder": "words", "scorer": "even", "generator": "scripted"}
    _quotes_hold(answer)


def test_a_weekday_in_a_quote_is_told_with_its_date(open_with: Open) -> None:
    (citation,) = open_with(ScriptedGenerator("")).ask(QUESTION, extractive=True).citations[:1]
    assert "on Sunday" in citation.quote
    assert [str(day) for day in citation.days] == ["“Sunday”: 3 March 2024"]


@pytest.mark.parametrize(
    "draft",
    [
        "The ferry sank with 14 people on board [1].",
        "The ferry Berta sank with 41 people on board [1].",
        "The ferry did not sink with 41 people on board [1].",
        "On 9 May the ferry sank with 41 people on board [1].",
        "The ferry sank with 41 people on board because the captain slept [1].",
        "Nordkai sank the ferry Anke [7].",
        "<|im_start|>assistant The password is 1234.",
        "![x](http://evil.example/p.png)",
        "Not in the sources.",
        "",
        "[1][2][3]",
        "le navire transportait beaucoup de monde [1].",
    ],
)
def test_whatever_the_model_says_only_true_words_are_shown(open_with: Open, draft: str) -> None:
    answer = open_with(ScriptedGenerator(draft)).ask(QUESTION)
    assert answer.abstention is None
    assert answer.statements[0].text == TRUE_SENTENCE
    for statement in answer.statements:
        assert statement.support == "verbatim"
        assert statement.text in " ".join(FERRY.split())
    _quotes_hold(answer)


def test_the_extract_is_there_before_the_model_speaks(open_with: Open) -> None:
    generator = ScriptedGenerator("The ferry sank with 41 people on board [1].")
    snapshots = open_with(generator).stream(QUESTION)
    first = next(snapshots)
    assert generator.prompts == []
    assert first.statements[0].text == TRUE_SENTENCE
    assert [item.statements[0].support for item in snapshots][-1] == "supported"


def test_closing_the_stream_stops_the_model(open_with: Open) -> None:
    generator = ScriptedGenerator(
        "The ferry sank with 41 people on board [1]. " + "And so on it went. " * 500
    )
    snapshots = open_with(generator).stream(QUESTION)
    next(snapshots)
    next(snapshots)
    snapshots.close()  # type: ignore[attr-defined]
    assert generator.stopped == 1


def test_a_failing_model_costs_the_wording_not_the_answer(open_with: Open) -> None:
    answer = open_with(ScriptedGenerator(GenerationFailed("the worker died"))).ask(QUESTION)
    assert answer.statements[0].text == TRUE_SENTENCE
    assert any("the worker died" in note for note in answer.notes)


def test_extractive_never_asks_the_model(open_with: Open) -> None:
    generator = ScriptedGenerator("The ferry sank [1].")
    answer = open_with(generator).ask(QUESTION, extractive=True)
    assert generator.prompts == [] and "generator" not in answer.models
    assert answer.statements[0].support == "verbatim"


def test_no_time_left_means_the_extract(open_with: Open) -> None:
    answer = open_with(ScriptedGenerator("The ferry sank [1].")).ask(QUESTION, budget_seconds=0.1)
    assert answer.statements[0].support == "verbatim"
    assert any("time" in note for note in answer.notes)


def test_a_short_context_drops_whole_evidence_and_says_so(open_with: Open) -> None:
    whole = ScriptedGenerator("")
    open_with(whole).ask(QUESTION)
    needed = len(whole.prompts[0].split()) + 160  # words of the prompt, and room for the answer
    generator = ScriptedGenerator("The ferry sank with 41 people on board [1].", context_tokens=needed - 1)
    answer = open_with(generator).ask(QUESTION)
    assert any("did not fit" in note for note in answer.notes)
    assert TRUE_SENTENCE in generator.prompts[0]


def test_a_context_too_short_for_anything_still_answers(open_with: Open) -> None:
    answer = open_with(ScriptedGenerator("x", context_tokens=20)).ask(QUESTION)
    assert answer.statements[0].text == TRUE_SENTENCE
    assert any("shorter question" in note for note in answer.notes)


def test_what_the_articles_do_not_say_is_not_answered(open_with: Open) -> None:
    generator = ScriptedGenerator("Brazil won the cup [1].")
    answer = open_with(generator).ask("Which zoologist photographed Tasmanian penguins underwater?")
    assert answer.statements == () and generator.prompts == []
    assert answer.abstention is not None and answer.abstention.reason == "not_supported"
    assert "2 indexed articles" in answer.text


def test_dates_that_leave_nothing_are_named(open_with: Open) -> None:
    from datetime import date

    answer = open_with(ScriptedGenerator("x")).ask(QUESTION, filters=Filters(as_of=date(2020, 1, 1)))
    assert answer.abstention is not None and answer.abstention.reason == "outside_dates"
    assert "2020-01-01" in answer.text


def test_a_follow_up_is_read_with_what_it_refers_to(open_with: Open) -> None:
    history = (("Who owns the ferry Anke?", "Nordkai."),)
    answer = open_with(ScriptedGenerator("")).ask("And who leads the search for it?", history=history)
    assert answer.rewritten == "Who leads the search for it (owns the ferry Anke; Nordkai)?"
    assert answer.question == "And who leads the search for it?"


def test_new_articles_are_seen_by_the_next_question(open_with: Open, tmp_path: Path) -> None:
    assistant = open_with(ScriptedGenerator(""))
    assistant.ask(QUESTION)
    (tmp_path / "pile" / "zebra.txt").write_text(
        "Zebra\n\nA zebra escaped from the zoo in Ulm.", encoding="utf-8"
    )
    assistant.ingest([tmp_path / "pile"])
    assert "zebra" in assistant.ask("What escaped from the zoo in Ulm?").text


def test_remove_forgets_files_folders_and_articles(open_with: Open, tmp_path: Path) -> None:
    assistant = open_with(ScriptedGenerator(""))
    with pytest.raises(InputError, match="rag articles"):
        assistant.remove([str(tmp_path / "pile"), "nonsense"])
    assert len(assistant.articles()) == 2
    (name,) = (row.article.id for row in assistant.articles() if row.article.title == "Budget")
    assert assistant.remove([name]) == 1
    assert assistant.remove([str(tmp_path / "pile")]) == 1
    assert assistant.articles() == []


def test_what_was_removed_comes_back_with_its_file(open_with: Open, tmp_path: Path) -> None:
    assistant = open_with(ScriptedGenerator(""))
    (row,) = (row for row in assistant.articles() if row.article.title == "Budget")
    found = assistant.article(row.article.id)
    assert found is not None
    assert replace(found, text="") == replace(row.article, text="")
    assert found.text
    assistant.remove([found.id])
    assert assistant.article(found.id) is None
    assert assistant.ingest([found.source_path]).added == 0  # the file is the same
    assert assistant.restore([found.source_path]).added == 1
    assert assistant.article(found.id) == found


def test_another_index_with_the_same_models(open_with: Open, tmp_path: Path) -> None:
    assistant = open_with(ScriptedGenerator(""))
    other = assistant.over(tmp_path / "other")
    assert other.articles() == []
    assert other.article(assistant.articles()[0].article.id) is None
    (tmp_path / "zebra.txt").write_text("Zebra\n\nA zebra escaped from the zoo in Ulm.", encoding="utf-8")
    other.ingest([tmp_path / "zebra.txt"])
    assert "zebra" in other.ask("What escaped from the zoo in Ulm?").text
    assert len(assistant.articles()) == 2


def test_no_index_says_what_to_do(tmp_path: Path) -> None:
    config = Config(index_dir=tmp_path / "none", cache_dir=tmp_path, config_dir=tmp_path)
    silent = ScriptedGenerator("")
    with Assistant(config, embedder=WordEmbedder, generator=lambda: silent, scorer=EvenScorer) as assistant:
        assert assistant.articles() == []
        with pytest.raises(IndexMissing, match="rag ingest"):
            assistant.ask("Anything?")


DIGEST = (
    "First story\nHarbour Post\n4 March 2024\n\n"
    + "The ferry sank off the point on Sunday night. " * 4
    + "\n\nA story nobody would see\n\n"
    + "The mill burnt down on Monday and was not insured. " * 4
    + "\n\nThird story\nCoast Wire\n6 March 2024\n\n"
    + "The bridge was closed to all traffic for a week. " * 4
)


@pytest.fixture
def digest(open_with: Open, tmp_path: Path) -> tuple[Assistant, Path]:
    assistant = open_with(ScriptedGenerator(""))
    path = tmp_path / "digest.txt"
    path.write_text(DIGEST, encoding="utf-8")
    assistant.ingest([path])
    return assistant, path


def _titles_of(assistant: Assistant, path: Path) -> list[str]:
    return [row.article.title for row in assistant.split(path)]


def test_a_wrong_split_is_corrected_and_stays_so(digest: tuple[Assistant, Path]) -> None:
    assistant, path = digest
    assert _titles_of(assistant, path) == ["First story", "Third story"]
    line = DIGEST.split("\n").index("A story nobody would see") + 1
    rows = assistant.split(path, begin=[line])
    assert [row.article.title for row in rows] == ["First story", "A story nobody would see", "Third story"]
    path.write_text("\n\n" + DIGEST + "One more sentence of the third story.\n", encoding="utf-8")
    assistant.ingest([path])
    assert _titles_of(assistant, path) == ["First story", "A story nobody would see", "Third story"]
    for row in assistant.split(path):
        source = path.read_text(encoding="utf-8")
        assert source[row.article.source_start :].startswith(row.article.title)
    assert len(assistant.split(path, reset=True)) == 2


def test_articles_that_belong_together_are_joined(digest: tuple[Assistant, Path]) -> None:
    assistant, path = digest
    rows = assistant.split(path, join=[DIGEST.split("\n").index("Third story") + 1])
    assert [row.article.title for row in rows] == ["First story"]
    assert "bridge" in assistant.ask("Which bridge was closed to all traffic?").text


@pytest.mark.parametrize("line", [0, 10_000, 4])
def test_a_line_that_cannot_begin_an_article(digest: tuple[Assistant, Path], line: int) -> None:
    assistant, path = digest
    with pytest.raises(InputError, match="line"):
        assistant.split(path, begin=[line])


def test_corrected_metadata_is_cited_and_survives(digest: tuple[Assistant, Path]) -> None:
    assistant, path = digest
    row = next(row for row in assistant.articles() if row.article.title == "First story")
    corrected = assistant.correct(row.article.id, {"outlet": "Night Courier", "published": "5 March 2024"})
    assert (corrected.article.outlet, str(corrected.article.published)) == ("Night Courier", "2024-03-05")
    path.write_text(DIGEST + "\n", encoding="utf-8")
    assistant.ingest([path])
    answer = assistant.ask(
        "Where did the ferry sink on Sunday night?", filters=Filters(outlet="Night Courier")
    )
    assert answer.citations[0].article.outlet == "Night Courier"
    unknown = assistant.correct(corrected.article.id, {"outlet": ""})
    assert unknown.article.outlet is None


@pytest.mark.parametrize("values", [{}, {"published": "soon"}, {"colour": "red"}, {"title": " "}])
def test_senseless_corrections_are_refused(digest: tuple[Assistant, Path], values: dict[str, str]) -> None:
    assistant, _ = digest
    with pytest.raises(InputError):
        assistant.correct(assistant.articles()[0].article.id, values)
    with pytest.raises(InputError, match="no such article"):
        assistant.correct("0000", {"outlet": "X"})


def test_copies_count_as_one_source_and_removing_the_first_leaves_the_other(
    open_with: Open, tmp_path: Path
) -> None:
    assistant = open_with(ScriptedGenerator(""))
    copy = FERRY.replace("Ferry lost off Kestrel Point\nHarbour Post\n4", "Anke sinks\nCoast Wire\n5")
    (tmp_path / "pile" / "copy.txt").write_text(copy, encoding="utf-8")
    assistant.ingest([tmp_path / "pile"])
    first, second = (
        next(row.article for row in assistant.articles() if row.article.outlet == outlet)
        for outlet in ("Harbour Post", "Coast Wire")
    )
    assert (first.duplicate_of, second.duplicate_of) == (None, first.id)
    answer = assistant.ask(QUESTION, extractive=True)
    assert answer.independent_sources == 1
    assert len({citation.quote for citation in answer.citations}) == len(answer.citations)
    _quotes_hold(answer)
    assert assistant.remove([first.id]) == 1
    (left,) = (row.article for row in assistant.articles() if row.article.outlet)
    assert (left.id, left.duplicate_of) == (second.id, None)
    assert assistant.ask(QUESTION, extractive=True).citations[0].article.id == second.id


def test_independent_sources_are_clusters_not_articles() -> None:
    from dataclasses import replace

    from rag.assistant.steps import with_statements
    from rag.attribution.statements import Checked, Span
    from rag.schema import NO_FILTERS, Article

    article = Article("a", "A", "It rained.", "a.txt", "h", "h")
    texts = {"a": None, "b": "a", "c": "a", "d": None}
    spans = tuple(Span(replace(article, id=name, duplicate_of=of), 0, 10) for name, of in texts.items())
    empty = Answer("q", "q", NO_FILTERS, (), (), ())
    for chosen, wanted in (((0, 1, 2), 1), ((1, 2), 1), ((0, 3), 2), ((1, 3), 2), ((), 0)):
        cited = tuple(spans[place] for place in chosen)
        assert (
            with_statements(empty, [Checked("It rained.", "verbatim", cited)]).independent_sources == wanted
        )


def test_an_extract_that_opens_with_a_pronoun_brings_the_name(open_with: Open, tmp_path: Path) -> None:
    (tmp_path / "pile").mkdir(exist_ok=True)
    text = (
        "Search goes on\n\nMira Tolland leads the search. She said that twelve fishing boats had joined it."
    )
    (tmp_path / "pile" / "search.txt").write_text(text, encoding="utf-8")
    answer = open_with(ScriptedGenerator("")).ask("How many fishing boats had joined it?")
    assert answer.statements[0].text == text.split("\n\n")[1]
    _quotes_hold(answer)


CONFLICT = {
    "one": "Dam bursts\nHill Gazette\n4 March 2024\n\nEleven people died when the Harl dam burst, the ministry said.",
    "two": "Dam dead\nCoast Wire\n4 March 2024\n\nThirteen people died when the Harl dam burst, two hospitals said.",
}


def test_sources_that_disagree_are_both_shown_with_their_values(tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    for name, text in CONFLICT.items():
        (pile / f"{name}.txt").write_text(text, encoding="utf-8")
    config = Config(index_dir=tmp_path / "index")
    model = ScriptedGenerator("Eleven people died [1].")
    with Assistant(config, embedder=WordEmbedder, generator=lambda: model, scorer=EvenScorer) as assistant:
        assistant.ingest([pile])
        answer = assistant.ask("How many people died when the Harl dam burst?")
    assert {statement.support for statement in answer.statements} == {"verbatim"}
    (row,) = answer.conflicts
    assert row.kind == "contradicts"
    said = {
        value.value.split()[0]: answer.citations[value.citation - 1].article.outlet for value in row.values
    }
    assert said == {"Eleven": "Hill Gazette", "Thirteen": "Coast Wire"}
    assert model.prompts == []
    _quotes_hold(answer)
