"""The HTML report: everything is in it, nothing in it runs or reaches out, and it says what fell."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InputError
from rag.evaluation import MEASURES, Change, Run, report
from rag.evaluation.report import label, marker, write_report
from rag.evaluation.run import summed
from tests.fakes import PAYLOADS

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUOTE = "the work would take eleven weeks and cost £2.4 million"
PASSAGE = f"Harrow Quay closes. The council said {QUOTE}. Nobody objected."
SCORES: dict[str, float | None] = {measure.name: None for measure in MEASURES}
SETUP = {
    "version": "0.1.0",
    "when": "10 July 2026",
    "models": {"embedder": "minilm", "generator": "smollm2-135m"},
    "extractive": False,
    "budget_seconds": None,
    "articles": "ab" * 16,
}
ALLOWED = set(
    "a bdi blockquote body br button dd div dl dt figcaption figure h1 h2 h3 h4 head header html i b s input label li"
    " link main mark meta nav noscript ol option output p script section select small span style table tbody td tfoot"
    " th thead title tr ul svg g path defs use text tspan rect clippath polyline circle line".split()
)


def make_line(name: str = "q1", *, text: str = "It costs £2.4 million.", **fields: Any) -> dict[str, Any]:
    """A line of a run: one statement, one citation, which is gold."""
    scores = {"correct": 1.0, "citation_precision": 1.0, "citation_recall": 0.5, "sentence_success_at_1": 1.0}
    return {
        "id": name,
        "type": "factoid",
        "event": None,
        "split": None,
        "question": f"What does {name} cost?",
        "history": [],
        "gold": {
            "answer": "£2.4 million",
            "accepted": [["2.4 million"]],
            "must_not_say": ["2.7 million"],
            "evidence": [
                {"file": "a/01.txt", "quote": QUOTE, "outlet": "The Courier", "published": "2024-03-07"}
            ],
            "as_of": None,
            "note": None,
        },
        "rewritten": f"What does {name} cost?",
        "abstention": None,
        "statements": [{"text": text, "support": "supported", "citations": [1]}],
        "citations": [
            {
                "number": 1,
                "article_id": "x",
                "title": "Bridge to close",
                "outlet": "The Courier",
                "published": "2024-03-07",
                "page": None,
                "source_path": "/home/a/01.txt",
                "start": 137,
                "end": 137 + len(QUOTE),
                "source_start": None,
                "quote": QUOTE,
            }
        ],
        "cited_gold": [1],
        "conflicts": [],
        "notes": [],
        "hits": [
            {
                "rank": 1,
                "article_id": "x",
                "source_path": "/home/a/01.txt",
                "source_start": None,
                "start": 100,
                "text": PASSAGE,
            }
        ],
        "seconds": {"retrieval": 0.1, "generation": 0.4, "total": 0.5, "first_text": 0.2},
        "scores": {**SCORES, **scores},
        "first_passage": 1,
        "first_sentence": 2,
        "sentences": [
            {
                "rank": rank,
                "score": 0.9 / rank,
                "gold": rank == 2,
                "text": QUOTE if rank == 2 else f"Sentence {rank}.",
                "title": "Bridge to close",
                "outlet": None,
                "published": None,
            }
            for rank in range(1, 8)
        ],
        **fields,
    }


def unanswerable(name: str, *, abstained: bool) -> dict[str, Any]:
    line = make_line(name, type="unanswerable", cited_gold=[], first_passage=None, first_sentence=None)
    line["gold"] = {**line["gold"], "answer": None, "accepted": [], "evidence": []}
    line["scores"] = {**SCORES, "abstained": float(abstained)}
    if abstained:
        line |= {"statements": [], "citations": []}
        line["abstention"] = {"reason": "not_supported", "message": "The articles do not say."}
    return line


def broken(name: str) -> dict[str, Any]:
    whole = make_line(name)
    head = {key: whole[key] for key in ("id", "type", "event", "split", "question", "history", "gold")}
    return {
        **head,
        "error": "The model crashed.",
        "scores": {**SCORES, "correct": 0.0, "refused_wrongly": 1.0},
    }


def make_run(*lines: dict[str, Any]) -> Run:
    return Run(list(lines), {**summed(lines), "setup": SETUP})


def written(folder: Path, *lines: dict[str, Any], plots: bool = False, **options: Any) -> str:
    """The text of a report; without plots, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        if not plots:
            patch.setattr(report, "plots", lambda *_: [])
        return write_report(make_run(*lines), folder, **options).read_text(encoding="utf-8")


def words(page: str) -> str:
    """The page without its tags, blanks run together."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


class Reader(HTMLParser):
    """The tags and attributes of a page, and what stands between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile_line(payload: str) -> dict[str, Any]:
    """A line with `payload` in every text that comes from outside."""
    line = make_line(
        payload, text=payload, history=[[payload, payload]], notes=[payload], rewritten=payload + "?"
    )
    line["question"] = line["event"] = line["type"] = payload
    line["statements"][0]["support"] = payload
    line["gold"] |= {
        "answer": payload,
        "accepted": [[payload]],
        "must_not_say": [payload[1:]],
        "note": payload,
    }
    line["gold"]["evidence"] = [{"file": payload, "quote": payload, "outlet": payload, "published": None}]
    line["citations"][0] |= {"title": payload, "outlet": payload, "quote": payload, "source_path": payload}
    line["conflicts"] = [{"about": payload, "kind": payload, "values": [{"value": payload, "citation": 1}]}]
    line["sentences"][0] |= {"title": payload, "outlet": payload, "text": payload}
    return line


def test_hostile_text_is_shown_and_never_markup(tmp_path: Path) -> None:
    errors = [{**broken(f"e{n}"), "error": payload} for n, payload in enumerate(PAYLOADS)]
    page = written(tmp_path, *map(hostile_line, PAYLOADS), *errors, title=PAYLOADS[0], plots=True)
    found = Reader(page)
    assert {tag for tag, _ in found.tags} <= ALLOWED
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    shown = " ".join("".join(found.text).split())
    for payload in PAYLOADS:
        assert " ".join(payload.split()) in shown


def test_it_reaches_nothing_outside_itself(tmp_path: Path) -> None:
    page = written(tmp_path, make_line(), unanswerable("q2", abstained=False), broken("q3"), plots=True)
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert "innerHTML" not in page
    assert not re.search(r"url\((?!#)", page)
    attributes = [item for _, of in Reader(page).tags for item in of.items()]
    links = {value for name, value in attributes if name in {"href", "src", "xlink:href", "action", "srcset"}}
    assert links
    assert all(link and (link.startswith("#") or link == "data:,") for link in links)
    policy = next(of["content"] for tag, of in Reader(page).tags if tag == "meta" and "http-equiv" in of)
    assert policy is not None
    assert policy.startswith(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )


def test_ids_are_unique_and_every_reference_leads_somewhere(tmp_path: Path) -> None:
    tags = Reader(written(tmp_path, make_line(), make_line("q2"), plots=True)).tags
    ids = [of["id"] for _, of in tags if "id" in of]
    assert len(ids) == len(set(ids))
    named = {
        value for _, of in tags for name, value in of.items() if name in {"href", "xlink:href"} and value
    }
    named |= {f"#{of[name]}" for _, of in tags for name in ("aria-controls", "aria-labelledby") if name in of}
    assert named - {"data:,"} <= {f"#{name}" for name in ids}


def test_every_question_and_its_sorting_values_are_there(tmp_path: Path) -> None:
    lines = [make_line(f"q{n}", first_sentence=None if n == 3 else n) for n in range(1, 31)]
    page = written(tmp_path, *lines)
    rows = re.findall(r'<tbody data-id="(q\d+)" data-type="factoid" data-verdict="right">', page)
    assert rows == [f"q{n}" for n in range(1, 31)]
    assert page.count('aria-sort="none"') == 10
    first = page.split('<tbody data-id="q2"')[1].split("</tr>")[0]
    assert re.findall(r'data-v="([^"]*)"', first) == ["2", "1.0", "0.5", "0", "1", "2", "0.5"]
    missed = page.split('<tbody data-id="q3"')[1].split("</tr>")[0]
    assert 'data-v="21">&gt; 20<' in missed


def test_a_detail_shows_answer_and_gold_side_by_side(tmp_path: Path) -> None:
    line = make_line(
        text="It costs £2.4 million, not 2.7 million.",
        history=[["Is it closed?", "Yes."]],
        rewritten="What does the bridge cost?",
        notes=["One undated article was left out."],
        conflicts=[
            {"about": "cost", "kind": "updated", "values": [{"value": "£2.4 million", "citation": 1}]}
        ],
    )
    page = written(tmp_path, line)
    shown = words(page)
    assert '£<mark>2.4 million</mark>, not <mark class="bad">2.7 million</mark>.' in page
    assert f'<span class="quoted">{QUOTE.removesuffix("2.4 million")}<mark>2.4 million</mark></span>' in page
    assert "Harrow Quay closes. The council said <span" in page
    assert "[1] The Courier, 7 March 2024: Bridge to close (01.txt) gold ✓" in shown
    assert "The Courier, 7 March 2024 (a/01.txt) cited [1] ✓" in shown
    assert "In passage 1, sentence 2." in shown
    assert "Searched as: What does the bridge cost?" in shown
    for text in (
        "Earlier: Is it closed? – Yes.",
        "One undated article was left out.",
        "cost (updated): £2.4 million [1]",
    ):
        assert text in shown
    assert "Sentence 5." in shown
    assert "Sentence 6." not in shown


def test_evidence_that_was_not_cited_or_found_says_so(tmp_path: Path) -> None:
    line = make_line(cited_gold=[], first_passage=None, first_sentence=None)
    line["citations"][0]["source_path"] = "/home/a/other.txt"
    shown = words(written(tmp_path, line))
    assert "not gold ✗" in shown
    assert "not cited ✗" in shown
    assert "Not in the first 20 passages, not among the first 20 sentences." in shown


def test_each_of_several_points_has_its_own_rank(tmp_path: Path) -> None:
    line = make_line(type="synthesis")
    other = {"file": "b/02.txt", "quote": "Sentence 4.", "point": 1}
    line["gold"] |= {"accepted": [["2.4 million"], ["4"]], "evidence": [*line["gold"]["evidence"], other]}
    line["sentences"][3]["gold"] = True
    shown = words(written(tmp_path, line))
    assert "In passage 1, sentence 2." in shown
    assert "Not in the answer's passages, sentence 4." in shown
    assert "Point 2: 4" in shown


def test_unanswerable_questions_are_right_when_they_are_refused(tmp_path: Path) -> None:
    page = written(tmp_path, unanswerable("good", abstained=True), unanswerable("bad", abstained=False))
    assert '<tbody data-id="good" data-type="unanswerable" data-verdict="right">' in page
    assert '<tbody data-id="bad" data-type="unanswerable" data-verdict="wrong">' in page
    shown = words(page)
    assert "abstained: not supported The articles do not say." in shown
    assert "No answer in the articles; an abstention is right." in shown
    assert "Only wrong (1)" in shown


def test_planted_words_that_came_through_are_wrong_even_without_an_answer(tmp_path: Path) -> None:
    line = unanswerable("q1", abstained=True)
    line["scores"]["injected"] = 1.0
    assert 'data-verdict="wrong"' in written(tmp_path, line)


def test_a_question_that_failed_shows_its_error(tmp_path: Path) -> None:
    page = written(tmp_path, make_line(), broken("q2"))
    shown = words(page)
    assert '<tbody data-id="q2" data-type="factoid" data-verdict="error">' in page
    assert "Error: The model crashed." in shown
    assert "! error" in shown
    assert "2, of which 1 failed" in shown


def test_every_measure_that_applies_is_in_the_summary_with_its_meaning(tmp_path: Path) -> None:
    page = written(tmp_path, make_line(scores={measure.name: 0.5 for measure in MEASURES}))
    rows = re.findall(r'<tr data-measure="(\w+)">', page)
    assert sorted(rows) == sorted(measure.name for measure in MEASURES)
    shown = words(page)
    for measure in MEASURES:
        assert label(measure.name) in shown
    assert "citations that overlap gold evidence" in shown
    assert "lower is better" in shown


def test_what_fell_and_what_rose_is_marked_in_words(tmp_path: Path) -> None:
    changes = [
        Change("correct", 1.0, 0.5, 0.01, 40),
        Change("refused_wrongly", 0.4, 0.1, 0.0001, 40),
        Change("citation_recall", 0.4, 0.5, 0.3, 40),
        Change("injected", 0.0, 0.5, 0.01, 4),
    ]
    page = written(tmp_path, make_line(), broken("q2"), changes=changes)
    rows = {
        name: words(row) for name, row in re.findall(r'<tr data-measure="(\w+)">(.*?)</tr>', page, re.DOTALL)
    }
    assert "1.00 −0.50 0.010n = 40 ▼ worse" in rows["correct"]
    assert "0.40 −0.30 < 0.001n = 40 ▲ better".replace("<", "&lt;") in rows["refused_wrongly"]
    assert "0.40 +0.10 0.300n = 40" in rows["citation_recall"]
    assert "better" not in rows["citation_recall"]
    assert "▼ worse" in rows["injected"]
    assert page.count('data-change="fell"') == 2
    assert page.count('data-change="rose"') == 1
    assert "▼ 2 worse (Correct, Injected); ▲ 1 better (False refusals)." in words(page)


def test_no_difference_is_said_and_without_an_earlier_run_nothing_is(tmp_path: Path) -> None:
    same = [Change("correct", 1.0, 1.0, 1.0, 1)]
    assert "no difference beyond chance" in written(tmp_path, make_line(), changes=same)
    assert "Against the run before" not in written(tmp_path, make_line())


def test_the_plots_are_drawings_with_text_in_the_colours_of_the_page(tmp_path: Path) -> None:
    page = written(tmp_path, make_line(), unanswerable("q2", abstained=True), plots=True)
    drawings = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(drawings) == 4
    assert all("<text" in drawing and "var(--accent)" in drawing for drawing in drawings)
    assert all(
        drawing.startswith('<svg viewBox="') and 'role="img" aria-label="' in drawing for drawing in drawings
    )


@pytest.mark.parametrize("lines", [[], [broken("q1")]], ids=["no question", "only errors"])
def test_an_empty_run_has_a_report(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    page = written(tmp_path, *lines, plots=True)
    assert page.rstrip().endswith("</html>")
    assert ("No measure applies" in page) == (not lines)


def test_scores_without_measures_or_set_up_have_a_report(tmp_path: Path) -> None:
    page = write_report(Run([make_line()], {}), tmp_path).read_text(encoding="utf-8")
    assert "What does q1 cost?" in page


def test_two_reports_of_one_run_are_equal(tmp_path: Path) -> None:
    first = written(tmp_path / "a", make_line(), plots=True)
    assert written(tmp_path / "b", make_line(), plots=True) == first


def test_three_hundred_questions_stay_under_three_megabytes(tmp_path: Path) -> None:
    long = "A sentence of some length, with what, where, when and who in it, as reports have them. " * 3
    lines = [make_line(f"q{n}", text=long) for n in range(300)]
    for line in lines:
        line["citations"] *= 4
        for sentence in line["sentences"]:
            sentence["text"] = long
    assert len(written(tmp_path, *lines).encode()) < 3_000_000


def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"report\.html: the report cannot be written"):
        write_report(make_run(make_line()), tmp_path / "taken")


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("It cost 2,400,000 crowns", "2400000", ["2,400,000"]),
        ("It cost 2 400 000 crowns".replace(" ", "\u202f"), "2,400,000", ["2\u202f400\u202f000"]),
        ("“The\nDam”", '"the dam"', ["“The\nDam”"]),
        ("12.4 million, 2.45 million, 2.4 millions", "2.4 million", []),
        ("SIX and sixty", "six", ["SIX"]),
        ("في عام ١٩٦٧ فقط", "١٩٦٧", ["١٩٦٧"]),
        ("nothing", "", []),
    ],
)
def test_values_are_marked_however_they_are_set(text: str, value: str, found: list[str]) -> None:
    assert re.findall(r"<mark>(.*?)</mark>", str(marker([value], [])(text)), re.DOTALL) == found


def test_control_and_direction_characters_are_made_visible(tmp_path: Path) -> None:
    page = written(tmp_path, make_line(text="a\x07b\u202ec\ud800d"))
    assert "a\ufffdb\ufffdc\ufffdd" in page


@pytest.mark.browser
def test_sorting_filtering_and_opening_in_a_browser(tmp_path: Path) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium; install it with: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    lines = [make_line("q10"), make_line("q9"), {**make_line("q1"), "scores": {**SCORES, "correct": 0.0}}]
    path = write_report(make_run(*lines, hostile_line(PAYLOADS[1])), tmp_path)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda line: trouble.append(line.text))
        page.on("request", lambda request: request.url == path.as_uri() or trouble.append(request.url))
        page.goto(path.as_uri())

        def shown() -> list[str]:
            found = page.eval_on_selector_all(
                ".questions tbody:not([hidden])", "all => all.map(b => b.dataset.id)"
            )
            return [name for name in found if name != PAYLOADS[1]]

        page.click(".questions thead button >> nth=0")
        assert shown() == ["q1", "q9", "q10"]
        page.focus(".questions thead button >> nth=0")
        page.keyboard.press("Enter")
        assert shown() == ["q10", "q9", "q1"]
        assert page.get_attribute(".questions thead th >> nth=0", "aria-sort") == "descending"
        page.fill("#by-text", "what does q9 cost")
        assert shown() == ["q9"]
        assert page.text_content("#shown") == "1 of 4 questions"
        page.fill("#by-text", "")
        page.check("#by-wrong")
        assert shown() == ["q1"]
        page.focus("tbody[data-id=q1] .open")
        page.keyboard.press("Enter")
        assert page.get_attribute("tbody[data-id=q1] .open", "aria-expanded") == "true"
        assert page.is_visible("tbody[data-id=q1] .inside")
        assert page.url.endswith("#question=q1")
        browser.close()
    assert trouble == []
