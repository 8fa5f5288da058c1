"""`rag ask --export`: a whole record as JSON, an inert page as Markdown and HTML, and no file lost to it."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from rag import __version__
from rag.config import Config
from rag.receipts import export, make_receipt, shown
from rag.schema import Answer, Conflict, ConflictValue, Filters, Statement, TimelineEntry
from tests.fakes import PAYLOADS, cite, make_article
from tests.receipts.conftest import DRAFT, FERRY, FERRY_QUOTE, QUESTIONS, Desk, read
from tests.test_cli import rag
from tests.test_contract import ANSWER_KEYS, CITATION_KEYS

FERRY_QUESTION = QUESTIONS["ferry.txt"]
FORMS = ("answer.md", "answer.html", "answer.json")
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
"""Characters that a terminal or a page would obey."""
LEFT_OUT = {"hits", "seconds", "tokens"}
"""Keys of `rag ask --json` that a receipt does without."""
ACTIVE = ("script", "img", "iframe", "object", "svg", "form", "base", "mark", "input", "button")


class TestJson:
    def test_all_that_proves_the_answer(self, desk: Desk) -> None:
        desk.draft = DRAFT
        run = desk.ask(
            FERRY_QUESTION, "--export", desk.folder / "a.json", "--as-of", "2024-03-05", "--language", "en"
        )
        assert "41 people on board" in run.out
        assert run.err == f"rag: written to {desk.folder / 'a.json'}\n"
        row = read(desk.folder / "a.json")
        assert set(row) == ANSWER_KEYS - LEFT_OUT | set(
            "format version asked filters fingerprints prompt_hash settings checksum".split()
        )
        assert list(row)[:4] == ["format", "version", "asked", "question"]
        assert (row["format"], row["version"], row["question"]) == (1, __version__, FERRY_QUESTION)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["asked"])
        assert (row["as_of"], row["filters"]) == (
            "2024-03-05",
            {"from": None, "to": None, "outlet": None, "language": "en"},
        )
        assert row["statements"][0]["support"] == "supported"
        assert row["models"] == {"embedder": "words", "scorer": "even", "generator": "scripted"}
        assert row["prompt_hash"]
        assert row["settings"] == {
            "extractive": False,
            "budget_seconds": 8.0,
            "hits": 10,
            "evidence_sentences": 6,
            "passage_tokens": 200,
        }
        (cited,) = row["citations"]
        assert set(cited) == CITATION_KEYS - {"days"} | {"encoding", "article_characters"}
        assert cited["quote"] == FERRY_QUOTE == FERRY[cited["source_start"] : cited["source_end"]]
        assert cited["source_hash"] == hashlib.sha256(FERRY.encode()).hexdigest()
        article = FERRY[cited["source_start"] - cited["start"] :][: cited["article_characters"]]
        assert cited["content_hash"] == hashlib.sha256(article.encode()).hexdigest()

    def test_the_same_answer_gives_the_same_file(self, desk: Desk) -> None:
        one, two = (desk.keep("ferry.txt", to=name).read_text() for name in ("one.json", "two.json"))
        asked = re.compile('"(asked|checksum)": .*')
        assert asked.sub("", one) == asked.sub("", two)

    @pytest.mark.model
    def test_models_are_told_apart_by_their_weights(self, tmp_path: Path) -> None:
        (tmp_path / "ferry.txt").write_text(FERRY)
        place = ("--index", tmp_path / "index")
        rag("ingest", tmp_path / "ferry.txt", *place)
        assert rag("ask", FERRY_QUESTION, "--extractive", *place, "--export", tmp_path / "a.json").code == 0
        found = read(tmp_path / "a.json")
        assert set(found["fingerprints"]) == set(found["models"]) == {"embedder", "scorer"}
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in found["fingerprints"].values())
        assert found["prompt_hash"] is None
        assert rag("verify", tmp_path / "a.json", *place, "--json").json["differences"] == []


class TestForPeople:
    @pytest.mark.parametrize("name", ["answer.md", "answer.HTML"])
    def test_footnotes_lead_to_the_words(
        self, desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(desk.folder)
        text = desk.keep("ferry.txt", to=name).read_text(encoding="utf-8")
        for part in (
            FERRY_QUESTION,
            "“" + " ".join(FERRY_QUOTE.split()) + "”",
            "Harbour Post",
            "4 March 2024",
            "Ferry lost off Kestrel Point",
            f"pile/ferry.txt, characters {FERRY.index(FERRY_QUOTE)}–",
            "no language model",
        ):
            assert part in text, part
        assert str(desk.folder) not in text

    def test_the_page_stands_alone(self, desk: Desk) -> None:
        text = desk.keep("ferry.txt", to="a.html").read_text(encoding="utf-8")
        page = lxml_html.fromstring(text)
        assert page.xpath("//script") == page.xpath("//*[@src]") == []
        assert set(page.xpath("//@href")) == {"data:,", "#footnote-1"}
        assert page.get_element_by_id("footnote-1") is not None
        assert "default-src 'none'" in page.xpath("//meta[@http-equiv]/@content")[0]
        assert not re.search(r"https?:|url\(|@import", text)
        assert {item.get("dir") for item in page.xpath("//h1 | //blockquote | //p[@class='statement']")} == {
            "auto"
        }
        assert "@media print" in text

    def test_an_abstention_is_told_too(self, desk: Desk) -> None:
        for name in FORMS:
            run = desk.ask("Zzyzx?", "--export", desk.folder / name)
            assert run.code == 0, run.err
            assert "the one indexed article" in (desk.folder / name).read_text(encoding="utf-8")
        assert read(desk.folder / "answer.json")["status"] == "abstained"

    def test_a_page_says_which(self, kinds: Desk) -> None:
        assert "chapel.pdf, page 1, characters" in kinds.keep("chapel.pdf", to="a.md").read_text()


def hostile_answer(payload: str) -> Answer:
    """An answer in which every word is somebody else's."""
    article = make_article(
        1,
        payload,
        f"{payload} the ferry sank\n{payload}",
        outlet=payload,
        author=payload,
        url=f"http://evil.example/{payload}",
        source_path=f"/pile/{payload}",
        published=date(2024, 3, 4),
    )
    statement = Statement(" ".join(article.text.split()), "verbatim", (1,))
    return Answer(
        question=payload,
        rewritten=f"{payload} then",
        filters=Filters(outlet=payload),
        statements=(statement,),
        citations=(cite(1, article, article.text),),
        hits=(),
        conflicts=(Conflict(payload, "contradicts", (ConflictValue(payload, 1),)),),
        timeline=(TimelineEntry(date(2024, 3, 4), statement),),
        notes=(payload,),
        models={"generator": payload},
    )


@pytest.mark.parametrize(
    "payload",
    [*PAYLOADS, "# owned", "1. owned", "- owned\n---", "a\x1b[31m\x07\x9b\u202eb", "www.evil.example"],
)
class TestHostileArticles:
    """Titles, quotes and names of files are other people's text."""

    @staticmethod
    def exported(payload: str, path: Path) -> str:
        config = Config(config_dir=path.parent)
        export(make_receipt(hostile_answer(payload), config), path)
        return path.read_text(encoding="utf-8")

    def test_the_page_holds_words_only(self, payload: str, tmp_path: Path) -> None:
        text = self.exported(payload, tmp_path / "a.html")
        page = lxml_html.fromstring(text)
        assert [item for name in ACTIVE for item in page.iter(name)] == []
        assert [len(list(page.iter(name))) for name in ("h1", "style", "blockquote", "li")] == [1, 1, 1, 1]
        assert page.xpath("//@*[starts-with(name(), 'on')]") == []
        assert set(page.xpath("//@href")) == {"#footnote-1", "data:,"}
        assert page.xpath("//h1")[0].text_content() == shown(payload)
        assert not OBEYED.search(text)

    def test_the_markdown_holds_words_only(self, payload: str, tmp_path: Path) -> None:
        text = self.exported(payload, tmp_path / "a.md")
        page = lxml_html.fromstring(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))
        assert {item.tag for item in page.iter()} == set("div h1 h2 p ul li strong em blockquote".split())
        assert [item.text_content() for item in page.iter("h1", "h2")] == [
            shown(payload),
            "Footnotes",
            "How it was made",
        ]
        assert [item.text_content() for item in page.iter("em")] == [shown(payload)]
        assert not re.search(r"(?<!\\)://|www\.|(?<!\\)@", text)
        assert not OBEYED.search(text)

    def test_the_receipt_is_exact_and_no_terminal_obeys_it(self, payload: str, tmp_path: Path) -> None:
        assert not OBEYED.search(self.exported(payload, tmp_path / "a.json"))
        row = read(tmp_path / "a.json")
        assert (row["question"], row["citations"][0]["title"]) == (payload, payload)
        found = rag("verify", tmp_path / "a.json", "--index", tmp_path / "none")
        assert found.code == 1
        assert "missing" in found.out
        assert not OBEYED.search(found.out + found.err)


class TestWhereTo:
    def test_an_unknown_suffix_is_wrong_usage(self, desk: Desk) -> None:
        for name in ("answer.txt", "answer", "answer.md.exe"):
            run = desk.ask(FERRY_QUESTION, "--export", desk.folder / name)
            assert (run.code, run.out) == (2, "")
            assert ".md, .html, .json" in run.err
            assert not (desk.folder / name).exists()

    def test_one_answer_only(self, desk: Desk) -> None:
        run = rag("ask", "--questions", "q.jsonl", "--export", desk.folder / "a.md", "--index", desk.index)
        assert run.code == 2
        assert "one answer" in run.err

    @pytest.mark.parametrize("name", FORMS)
    def test_a_file_is_overwritten_only_by_force(self, desk: Desk, name: str) -> None:
        path = desk.folder / name
        path.write_text("mine")
        run = desk.ask(FERRY_QUESTION, "--export", path)
        assert "--force" in run.error
        assert run.out == ""
        assert path.read_text() == "mine"
        assert desk.ask(FERRY_QUESTION, "--export", path, "--force").code == 0
        assert FERRY_QUESTION in path.read_text()
        assert sorted(item.name for item in desk.folder.glob("*answer*")) == [name]

    def test_folders_are_made(self, desk: Desk) -> None:
        assert desk.ask(FERRY_QUESTION, "--export", desk.folder / "new" / "er" / "a.md").code == 0

    def test_a_place_that_cannot_be_written(self, desk: Desk) -> None:
        (desk.folder / "file").touch()
        run = desk.ask(FERRY_QUESTION, "--export", desk.folder / "file" / "a.md")
        assert run.code == 1
        assert "cannot be written" in run.err
        assert "41 people on board" in run.out  # the answer is not lost with the file
        (desk.folder / "folder.md").mkdir()
        assert (
            "is a folder" in desk.ask(FERRY_QUESTION, "--export", desk.folder / "folder.md", "--force").error
        )

    def test_beside_json_on_standard_output(self, desk: Desk) -> None:
        run = desk.ask(FERRY_QUESTION, "--export", desk.folder / "a.md", "--json")
        assert set(run.json) == ANSWER_KEYS
        assert (desk.folder / "a.md").exists()
