"""`rag verify`: what was changed on purpose is found, named, and told apart from what was not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.receipts import load, together
from tests.articles.documents import pdf, zipped
from tests.receipts.conftest import ARTICLES, DRAFT, FERRY, FERRY_QUOTE, QUESTIONS, Desk, edit, read
from tests.test_cli import command, loaded_by, rag

ABSENT = "none"


def only(found: dict[str, Any]) -> dict[str, Any]:
    (citation,) = found["citations"]
    return dict(citation)


def told(citation: dict[str, Any]) -> str:
    return " | ".join(citation["details"])


class TestNothingChanged:
    def test_every_kind_of_source(self, kinds: Desk) -> None:
        for name in ARTICLES:
            path = kinds.keep(name)
            assert name in read(path)["citations"][0]["source_path"]
            found = kinds.verify(path)
            proof = only(found)
            assert (proof["status"], proof["file"], proof["article"]) == ("proven", "unchanged", "indexed"), (
                name
            )
            assert (proof["details"], found["edits"], found["notes"]) == ([], [], []), name
            alone = rag("verify", path, "--index", kinds.folder / ABSENT, "--json").json
            assert (alone["holds"], only(alone)["article"]) == (True, "unknown"), name
            assert "only the files were looked at" in alone["notes"][0]

    def test_for_people(self, desk: Desk) -> None:
        run = rag("verify", desk.keep("ferry.txt"), "--index", desk.index)
        assert run.code == 0
        assert "[1] proven   Harbour Post, 4 March 2024  Ferry lost off Kestrel Point" in run.out
        assert "the quote is proven" in run.out

    def test_what_the_model_worded(self, desk: Desk) -> None:
        desk.draft = DRAFT
        assert desk.verify(desk.keep("ferry.txt"))["holds"]

    def test_what_json_printed(self, desk: Desk) -> None:
        path = desk.folder / "printed.json"
        path.write_text(desk.ask(QUESTIONS["ferry.txt"], "--json").out, encoding="utf-8")
        assert desk.verify(path)["holds"]
        (desk.pile / "ferry.txt").write_text(FERRY.replace("41 people", "14 people"))
        assert only(desk.verify(path))["status"] == "changed"

    def test_an_old_encoding_is_found_again_without_the_index(self, kinds: Desk) -> None:
        path = edit(kinds.keep("west.txt"), lambda row: row["citations"][0].pop("encoding"), sealed=False)
        assert rag("verify", path, "--index", kinds.folder / ABSENT, "--json").json["holds"]

    def test_an_abstention_has_nothing_to_prove(self, desk: Desk) -> None:
        path = desk.folder / "a.json"
        desk.ask("Zzyzx?", "--export", path)
        assert rag("verify", path, "--index", desk.index).out.endswith("no quotes to prove\n")

    def test_no_model_is_loaded(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        assert loaded_by(command("verify", path, "--index", desk.index)) <= {"faiss"}
        assert loaded_by(command("verify", path, "--index", desk.folder / ABSENT)) == set()


class TestTheFileChanged:
    def changed(self, desk: Desk, text: str) -> dict[str, Any]:
        """The proof after the file was given another `text`."""
        path = desk.keep("ferry.txt")
        (desk.pile / "ferry.txt").write_text(text, encoding="utf-8")
        proof = only(desk.verify(path))
        assert proof == only(rag("verify", path, "--index", desk.folder / ABSENT, "--json").json) | {
            "article": "indexed"
        }
        assert proof["file"] == "changed"
        return proof

    def test_a_letter_of_the_quote(self, desk: Desk) -> None:
        proof = self.changed(desk, FERRY.replace("41 people", "47 people"))
        assert (proof["status"], proof["start"]) == ("changed", None)
        assert "at its place now: The ferry Anke sank off Kestrel Point on Sunday with 47" in told(proof)

    def test_a_letter_beside_the_quote(self, desk: Desk) -> None:
        proof = self.changed(desk, FERRY.replace("any fault", "any vault"))
        assert proof["status"] == "proven"
        assert proof["details"] == ["the file has changed since"]

    def test_something_after_the_article(self, desk: Desk) -> None:
        proof = self.changed(desk, FERRY + "\nAn advertisement.\n")
        assert (proof["status"], proof["details"]) == (
            "proven",
            ["the file has changed since, but not in this article"],
        )

    def test_the_paragraph_moved(self, desk: Desk) -> None:
        text = FERRY.replace(FERRY_QUOTE, "It was cold.") + f"\n{FERRY_QUOTE}\n\nThe end.\n"
        proof = self.changed(desk, text)
        assert proof["status"] == "moved"
        assert text[proof["start"] : proof["end"]] == FERRY_QUOTE
        was = FERRY.index(FERRY_QUOTE)
        assert f"was at {was}-{was + len(FERRY_QUOTE)}" in told(proof)

    def test_of_two_places_the_nearer_is_told(self, desk: Desk) -> None:
        text = f"{FERRY_QUOTE}\n{'x' * 900}\n{FERRY_QUOTE}\n"
        assert self.changed(desk, text)["start"] == 0

    def test_the_lines_were_broken_anew(self, desk: Desk) -> None:
        proof = self.changed(desk, FERRY.replace("on Sunday with", "on Sunday\r\nwith"))
        assert proof["status"] == "moved"
        assert "line breaks" in told(proof)

    def test_saved_in_another_encoding(self, kinds: Desk) -> None:
        path = kinds.keep("west.txt")
        (kinds.pile / "west.txt").write_text(ARTICLES["west.txt"].decode("cp1252"), encoding="utf-8")
        proof = only(kinds.verify(path))
        assert (proof["status"], proof["file"]) == ("proven", "changed")

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("quarry.html", ARTICLES["quarry.html"].replace(b"140", b"149")),
            ("rows.jsonl", ARTICLES["rows.jsonl"].replace(b"300", b"309")),
            (
                "bundle.zip",
                zipped({"orchards.txt": b"Old trees\n\nThe Halden orchard grows no quince trees at all.\n"}),
            ),
            ("chapel.pdf", pdf("Chapel ceiling restored\nLena Arvo saw the painted chapel ceiling at Orsk.")),
        ],
    )
    def test_other_kinds(self, kinds: Desk, name: str, data: bytes) -> None:
        path = kinds.keep(name)
        (kinds.pile / name).write_bytes(data)
        proof = only(kinds.verify(path))
        assert (proof["status"], proof["file"], proof["article"]) == ("changed", "changed", "indexed")

    def test_a_page_whose_words_moved(self, kinds: Desk) -> None:
        path = kinds.keep("quarry.html")
        text = ARTICLES["quarry.html"].replace(b"Surveyors were", b"Forty surveyors of the county were")
        (kinds.pile / "quarry.html").write_bytes(text)
        assert only(kinds.verify(path))["status"] == "moved"


class TestTheFileIsGone:
    def test_deleted(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        (desk.pile / "ferry.txt").unlink()
        proof = only(desk.verify(path))
        assert (proof["status"], proof["file"], proof["article"]) == ("missing", "missing", "indexed")
        assert "the file is gone" in proof["details"]
        assert "the index still holds the text" in told(proof)
        assert "index" not in told(only(rag("verify", path, "--index", desk.folder / ABSENT, "--json").json))

    def test_renamed_and_read_again(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        (desk.pile / "ferry.txt").rename(desk.pile / "lost.txt")
        desk.ingest()
        proof = only(desk.verify(path))
        assert (proof["status"], proof["path"]) == ("moved", str(desk.pile / "lost.txt"))
        assert FERRY[proof["start"] : proof["end"]] == FERRY_QUOTE

    def test_a_member_taken_out_of_its_archive(self, kinds: Desk) -> None:
        path = kinds.keep("bundle.zip")
        (kinds.pile / "bundle.zip").write_bytes(zipped({"other.txt": "Another article stands here now."}))
        proof = only(kinds.verify(path))
        assert (proof["status"], proof["file"]) == ("missing", "missing")
        assert "no such member" in told(proof)

    def test_a_folder_in_its_place(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        (desk.pile / "ferry.txt").unlink()
        (desk.pile / "ferry.txt").mkdir()
        assert only(desk.verify(path))["status"] == "missing"


class TestTheIndexChanged:
    def test_a_later_text(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        text = FERRY.replace("4 March", "5 March").replace("any fault", "all blame")
        (desk.pile / "ferry.txt").write_text(text)
        desk.ingest()
        proof = only(desk.verify(path))
        assert (proof["status"], proof["article"]) == ("proven", "superseded")
        assert "a later text of this article, dated 5 March 2024" in told(proof)

    def test_corrected_by_hand(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        name = read(path)["citations"][0]["article_id"]
        assert rag("correct", name, "--outlet", "Harbour Mail", "--index", desk.index).code == 0
        proof = only(desk.verify(path))
        assert (proof["status"], proof["article"]) == ("proven", "corrected")
        assert proof["details"] == ["outlet was Harbour Post, is Harbour Mail in the index"]

    def test_removed(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        rag("remove", desk.pile / "ferry.txt", "--index", desk.index)
        proof = only(desk.verify(path))
        assert (proof["status"], proof["article"]) == ("proven", "gone")

    def test_damaged(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        for library in desk.index.glob("generations/*/library.sqlite3"):
            library.write_bytes(b"nothing")
        found = desk.verify(path)
        assert (found["holds"], only(found)["article"]) == (True, "unknown")
        assert "rag check --repair" in found["notes"][0]


def cited(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda row: row["citations"][0].update(values)


def shifted(row: dict[str, Any]) -> None:
    for offset in ("start", "end", "source_start", "source_end"):
        row["citations"][0][offset] += 1


class TestTheReceiptWasEdited:
    def test_any_edit_is_noticed(self, desk: Desk) -> None:
        desk.draft = DRAFT
        path = edit(desk.keep("ferry.txt"), lambda row: row["statements"][0].update(text="No one was lost."))
        found = desk.verify(path)
        assert (found["holds"], only(found)["status"]) == (False, "proven")
        assert "it was edited after it was written: its checksum does not fit" in found["edits"]
        run = rag("verify", path, "--index", desk.index)
        assert "The receipt: it was edited" in run.out
        assert run.error.endswith("the receipt was edited; what changed stands above")

    def test_reformatting_is_no_edit(self, desk: Desk) -> None:
        path = desk.keep("ferry.txt")
        path.write_text(json.dumps(read(path), sort_keys=True, indent=8), encoding="utf-8-sig")
        assert desk.verify(path)["holds"]

    def test_a_removed_checksum(self, desk: Desk) -> None:
        path = edit(desk.keep("ferry.txt"), lambda row: row.pop("checksum"))
        assert "checksum" in desk.verify(path)["edits"][0]

    @pytest.mark.parametrize(
        ("change", "status", "words"),
        [
            (cited(quote=FERRY_QUOTE.replace("41", "14")), "changed", "the receipt's quote was edited"),
            (shifted, "moved", "the receipt's offsets or quote were edited"),
            (cited(source_hash="0" * 64), "proven", "the file has changed since, but not in this article"),
            (cited(content_hash="0" * 64), "proven", "hash of the article does not fit"),
        ],
        ids=["quote", "offsets", "source_hash", "content_hash"],
    )
    def test_a_citation(
        self, desk: Desk, change: Callable[[dict[str, Any]], object], status: str, words: str
    ) -> None:
        for sealed in (True, False):
            found = desk.verify(edit(desk.keep("ferry.txt"), change, sealed=sealed))
            assert only(found)["status"] == status
            assert words in told(only(found))
            assert only(found)["article"] == "indexed"
            assert bool(found["edits"]) or not sealed or found["holds"]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda row: row["statements"][0].update(text="All were saved."), "stands in no quote"),
            (lambda row: row["statements"][0].update(citations=[7]), "[7] is cited, but there is no"),
            (lambda row: row["statements"][0].update(citations=[]), "sentence 1 cites nothing"),
            (lambda row: row.update(text="All were saved.[1]"), "its text is not that of its sentences"),
            (lambda row: row.update(status="abstained"), "its status does not fit"),
            (lambda row: row["citations"].append(row["citations"][0]), "the same number"),
            (cited(end=10**30), "not as long as its quote"),
            (cited(source_end=None), "only one of its offsets"),
            (cited(source_start=0), "do not fit those in the article"),
        ],
        ids=range(9),
    )
    def test_what_does_not_fit_together(
        self, desk: Desk, change: Callable[[dict[str, Any]], object], words: str
    ) -> None:
        found = desk.verify(edit(desk.keep("ferry.txt"), change, sealed=False))
        assert not found["holds"]
        assert any(words in line for line in found["edits"])

    @pytest.mark.parametrize(
        "path",
        ["a\x00b", "x" * 5000, "/dev/zero", "/", "", "../" * 300, "no\ud800such", "a.zip!b!c", "//x/y"],
    )
    def test_a_path_that_leads_nowhere(self, desk: Desk, path: str) -> None:
        edited = edit(desk.keep("ferry.txt"), cited(source_path=path), sealed=False)
        run = rag("verify", edited, "--index", desk.index)
        assert run.code == 1
        assert "Traceback" not in run.err
        assert run.err.startswith("rag: ")

    @pytest.mark.parametrize("encoding", ["hex", "no-such", "undefined", "utf-16"])
    def test_a_senseless_encoding(self, desk: Desk, encoding: str) -> None:
        found = desk.verify(edit(desk.keep("ferry.txt"), cited(encoding=encoding), sealed=False))
        assert only(found)["status"] == "changed"


class TestConversation:
    @pytest.fixture
    def path(self, kinds: Desk) -> Path:
        receipts = [load(kinds.keep(name)).answers[0][0] for name in ("ferry.txt", "quarry.html")]
        path = kinds.folder / "conversation.json"
        path.write_text(together(receipts, title="Ferry\nand quarry", suffix=".json"), encoding="utf-8")
        return path

    def test_every_answer_is_proven(self, kinds: Desk, path: Path) -> None:
        found = kinds.verify(path)
        assert (found["title"], found["holds"], found["edits"]) == ("Ferry\nand quarry", True, [])
        assert [answer["question"] for answer in found["answers"]] == [
            QUESTIONS["ferry.txt"],
            QUESTIONS["quarry.html"],
        ]
        assert [only(answer)["status"] for answer in found["answers"]] == ["proven", "proven"]
        run = rag("verify", path, "--index", kinds.index)
        assert f"> {QUESTIONS['quarry.html']}\n[1] proven" in run.out
        assert run.out.endswith("all 2 quotes of 2 answers are proven\n")

    def test_a_change_is_told_where_it_is(self, kinds: Desk, path: Path) -> None:
        (kinds.pile / "ferry.txt").write_text(FERRY.replace("41 people", "14 people"))
        first, second = kinds.verify(path)["answers"]
        assert (only(first)["status"], only(second)["status"]) == ("changed", "proven")
        assert "1 of 2 quotes not proven" in rag("verify", path, "--index", kinds.index).error

    @pytest.mark.parametrize(
        "change", [lambda data: data["receipts"].pop(), lambda data: data.update(title="x")], ids=range(2)
    )
    def test_an_answer_left_out_is_an_edit(
        self, kinds: Desk, path: Path, change: Callable[[dict[str, Any]], object]
    ) -> None:
        found = kinds.verify(edit(path, change))
        assert found["edits"] == ["it was edited after it was written: its checksum does not fit"]
        assert [answer["edits"] for answer in found["answers"]] == [[] for _ in found["answers"]]
        error = rag("verify", path, "--index", kinds.index).error
        assert "the conversation was edited; what changed stands above" in error

    def test_what_an_earlier_version_exported(self, kinds: Desk, path: Path) -> None:
        assert kinds.verify(edit(path, lambda data: None, sealed=False))["holds"]

    def test_without_answers(self, tmp_path: Path) -> None:
        path = tmp_path / "none.json"
        path.write_text(together([], title="Nothing", suffix=".json"), encoding="utf-8")
        assert rag("verify", path).out == "no quotes to prove\n"

    def test_a_wrong_field_is_named(self, kinds: Desk, path: Path) -> None:
        edit(path, lambda data: data["receipts"][1].pop("text"))
        assert "receipts.1.text: " in rag("verify", path, "--index", kinds.index).error


class TestNoReceipt:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "is not JSON"),
            (b"\xff\xfe", "is not JSON"),
            (b"[" * 100_000, "is not JSON"),
            (b'{"start": ' + b"9" * 6000 + b"}", "is not JSON"),
            (b"[]", "is not a receipt"),
            (b"{}", "question: "),
            (
                b'{"format": 2}',
                "written by a newer version of Footnote (format 2, this one reads up to 1); upgrade",
            ),
            (b'{"format": "new"}', "format: "),
            (b'{"receipts": 1}', "receipts: is not a list"),
            (b'{"receipts": [1]}', "is not a receipt"),
            (b'{"format": 2, "receipts": []}', "upgrade to verify it"),
        ],
        ids=range(11),
    )
    def test_is_told_in_a_line(self, tmp_path: Path, data: bytes, words: str) -> None:
        (tmp_path / "a.json").write_bytes(data)
        for options in ((), ("--json",)):
            error = rag("verify", tmp_path / "a.json", *options).error
            assert words in error
            assert "a.json: " in error

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        assert "--export answer.json" in rag("verify", tmp_path / "none.json").error
        assert "cannot be read" in rag("verify", tmp_path).error

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            (cited(quote=""), "citations.0.quote: "),
            (cited(start=-1), "citations.0.start: "),
            (cited(published="soon"), "citations.0.published: "),
            (lambda row: row["statements"][0].update(support="sure"), "statements.0.support: "),
            (lambda row: row.pop("citations"), "citations: "),
        ],
        ids=range(5),
    )
    def test_a_wrong_field_is_named(
        self, desk: Desk, change: Callable[[dict[str, Any]], object], where: str
    ) -> None:
        assert where in rag("verify", edit(desk.keep("ferry.txt"), change), "--index", desk.index).error


def test_what_an_answer_would_be_made_with_today(desk: Desk) -> None:
    def older(row: dict[str, Any]) -> None:
        row.update(version="0.0.1", prompt_hash="0" * 16)
        row["models"] = {"embedder": "minilm", "scorer": "footnote-scorer", "generator": "gone-7b"}
        row["fingerprints"] = {"embedder": "0" * 64}

    found = desk.verify(edit(desk.keep("ferry.txt"), older, sealed=False))
    assert found["holds"]
    version, prompt, weights, unknown, chosen = found["differences"]
    assert version.startswith("Footnote was 0.0.1, is ")
    assert prompt.startswith("the prompt was 0000000000000000, is ")
    assert weights == "the embedder 'minilm' has other weights"
    assert unknown == "the generator 'gone-7b' is not known here"
    assert chosen == "the generator was 'gone-7b', is 'smollm2-135m'"
    assert "Different today: the generator" in rag("verify", desk.folder / "answer.json").out
