"""The terminal: exit codes, JSON shapes, one line for every error, and nothing loaded that is not needed."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from rag.cli import main
from tests.test_contract import ANSWER_KEYS, CITATION_KEYS, HIT_KEYS

ARTICLES = {
    "dam.txt": """Spillway at Dunmarrow Dam fails, four dead
Strait Wire
12 November 2024

Four people died when the spillway of the Dunmarrow Dam failed on Tuesday night, officials said.

The dam was built in 1931. Sirens in the lower town did not sound, residents said.
""",
    "toll.md": """# Dunmarrow toll rises to eleven
*Halvern Courier, 14 November 2024*

Eleven people are now known to have died in the Dunmarrow flood, Governor Ana Lim said on Thursday.\r
""",
    "ferry.jsonl": json.dumps(
        {
            "id": "kl-1",
            "title": "Court clears sale of Kirrin Line",
            "text": "A court cleared the sale of the ferry company Kirrin Line to Harbour Trust for 41 million crowns.",
            "source": "Meredian Herald",
        }
    ),
}
DEATHS = "How many people died when the spillway failed?"
COMMANDS = (
    *((name,) for name in "ingest articles remove search ask verify check ui doctor eval".split()),
    *(("models", name) for name in "list add use remove prepare".split()),
)
HEAVY = ("torch", "faiss", "llama_cpp", "gradio")
model = pytest.mark.model


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one line of a run that failed as it should."""
        assert self.code == 1, (self.out, self.err)
        (line,) = self.err.splitlines()
        assert line.startswith("rag: ")
        return line


def rag(*arguments: object, stdin: bytes = b"") -> Run:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["rag", *map(str, arguments)]
    streams = mock.patch.multiple(sys, argv=argv, stdin=io.TextIOWrapper(io.BytesIO(stdin)))
    code: Any = 0
    with streams, mock.patch.dict(os.environ), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return Run(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True, scope="module")
def _own_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with mock.patch.dict(os.environ, {"RAG_CONFIG_DIR": str(tmp_path_factory.mktemp("config"))}):
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (path / name).write_bytes(text.encode())
    return path


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three articles that no test changes."""
    index = tmp_path_factory.mktemp("built") / "index"
    run = rag("ingest", folder, "--index", index, "--json")
    assert run.code == 0, run.err
    return index


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    """A copy of the index, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "index"))


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_every_command_shows_an_example(self, command: tuple[str, ...]) -> None:
        run = rag(*command, "--help")
        assert run.code == 0
        assert f"Example: rag {' '.join(command)}" in run.out

    def test_the_root_lists_the_commands(self) -> None:
        run = rag("--help")
        assert run.code == 0
        assert all(f" {command[0]} " in run.out for command in COMMANDS)

    def test_version(self) -> None:
        assert rag("--version").out.startswith("rag ")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("nonsense",),
            ("search", "Why?", "-k", "0"),
            ("search", "Why?", "-k", "many"),
            ("search", "Why?", "--from", "soon"),
            ("search", "Why?", "--to", "2024-02-31"),
            ("ask", "Why?", "--as-of", "9/10/2023"),
            ("ask", "Why?", "--budget", "-1"),
            ("ask",),
            ("search",),
            ("ingest",),
            ("remove",),
            ("models", "use"),
            ("search", "Why?", "--colour"),
        ],
        ids=" ".join,
    )
    def test_a_usage_error_exits_with_two(self, arguments: tuple[str, ...], tmp_path: Path) -> None:
        placed = ("--index", tmp_path) if len(arguments) < 3 and arguments[0] in ("ask", "search") else ()
        run = rag(*arguments, *placed)
        assert run.code == 2
        assert not run.out
        assert "Traceback" not in run.err


class TestWithoutAnIndex:
    def test_articles_is_empty(self, tmp_path: Path) -> None:
        assert rag("articles", "--index", tmp_path, "--json").json == []
        assert "rag ingest" in rag("articles", "--index", tmp_path).out

    @pytest.mark.parametrize("command", [("search", "Why?"), ("ask", "Why?", "--extractive"), ("check",)])
    def test_the_error_says_what_to_do(self, tmp_path: Path, command: tuple[str, ...]) -> None:
        assert "rag ingest" in rag(*command, "--index", tmp_path / "none").error
        assert not (tmp_path / "none").exists()

    @pytest.mark.parametrize("command", ["search", "ask"])
    def test_a_questions_file_that_cannot_be_used(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "empty.jsonl").write_text("\n")
        for name, reason in (("none.jsonl", "cannot be read"), ("empty.jsonl", "holds no questions")):
            error = rag(command, "--questions", tmp_path / name, "--index", tmp_path).error
            assert name in error
            assert reason in error

    def test_an_unknown_model(self, tmp_path: Path) -> None:
        error = rag("ask", "Why?", "--model", "smolm2-135m", "--index", tmp_path).error
        assert "did you mean 'smollm2-135m'" in error

    def test_models(self) -> None:
        assert {row["name"] for row in rag("models", "list", "--json").json if row["in_use"]} == {
            "minilm",
            "smollm2-135m",
            "footnote-scorer",
        }
        assert "* minilm" in rag("models", "list").out
        assert "nothing-like-it" in rag("models", "use", "nothing-like-it").error


@model
class TestIngest:
    def test_report_and_second_run(self, folder: Path, tmp_path: Path) -> None:
        index = tmp_path / "index"
        first = rag("ingest", folder, "--index", index, "--json").json
        assert set(first) == set(
            "added updated unchanged removed failed skipped left_out articles passages seconds".split()
        )
        assert (first["added"], first["articles"], first["failed"], first["skipped"]) == (3, 3, [], [])
        again = rag("ingest", folder, "--index", index, "--json").json
        assert (again["added"], again["unchanged"], again["articles"]) == (0, 3, 3)

    def test_standard_input(self, tmp_path: Path) -> None:
        run = rag("ingest", "-", "--index", tmp_path / "index", "--json", stdin=ARTICLES["dam.txt"].encode())
        assert run.json["added"] == 1
        assert (
            "standard input is empty" in rag("ingest", "-", "--index", tmp_path / "index", stdin=b" ").error
        )

    def test_one_bad_file_does_not_stop_the_others(self, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").touch()
        (tmp_path / "dam.txt").write_text(ARTICLES["dam.txt"])
        run = rag("ingest", tmp_path, "--index", tmp_path / "index", "--json")
        assert run.code == 0
        assert run.json["added"] == 1
        assert [Path(item["path"]).name for item in run.json["failed"]] == ["empty.txt"]
        assert "empty.txt: the file is empty" in run.err

    def test_nothing_but_bad_files(self, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").touch()
        run = rag("ingest", tmp_path / "empty.txt", "--index", tmp_path / "index")
        assert run.code == 1
        assert "no article could be read" in run.err

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("missing.txt", "no such file or folder"),
            ("*.none", "no such file"),
            ("nothing", "holds no files"),
        ],
    )
    def test_paths_that_lead_nowhere(self, tmp_path: Path, path: str, reason: str) -> None:
        (tmp_path / "nothing").mkdir()
        error = rag("ingest", tmp_path / path, "--index", tmp_path / "index").error
        assert reason in error
        assert str(tmp_path) in error

    @pytest.mark.parametrize("stdin", [False, True])
    def test_an_index_folder_that_cannot_be_written(self, folder: Path, tmp_path: Path, stdin: bool) -> None:
        (tmp_path / "file").touch()
        source = "-" if stdin else folder
        error = rag("ingest", source, "--index", tmp_path / "file" / "index", stdin=b"An article.").error
        assert "cannot be written" in error
        assert "--index" in error

    def test_an_index_of_another_embedder(self, folder: Path, index: Path) -> None:
        with closing(sqlite3.connect(index / "library.sqlite3")) as library, library:
            library.execute(
                "UPDATE meta SET value = 'other' WHERE key IN ('embedder', 'embedder_fingerprint')"
            )
        (index / "writer.json").write_text("{}")  # as if that writer had ended before it published
        error = rag("ingest", folder, "--index", index).error
        assert "built with the embedder 'other'" in error
        assert "--index" in error


@model
class TestArticlesAndRemove:
    def test_list(self, built: Path, folder: Path) -> None:
        rows = rag("articles", "--index", built, "--json").json
        assert [row["published"] for row in rows] == ["2024-11-14", "2024-11-12", None]
        assert [row["outlet"] for row in rows] == ["Halvern Courier", "Strait Wire", "Meredian Herald"]
        assert set(rows[0]) == set(
            """id external_id title outlet author published updated language url source_path source_start source_end
            duplicate_of passages""".split()
        )
        toll, dam, ferry = rows
        assert (ferry["external_id"], ferry["source_start"]) == ("kl-1", None)
        assert dam["source_end"] == len(ARTICLES["dam.txt"].rstrip())
        assert toll["source_path"] == str(folder / "toll.md")
        assert "Kirrin Line" in rag("articles", "--index", built).out

    def test_remove_by_id_and_by_path(self, index: Path, folder: Path) -> None:
        (row,) = [row for row in rag("articles", "--index", index, "--json").json if row["external_id"]]
        assert rag("remove", row["id"], "--index", index, "--json").json == {"removed": 1}
        removed = rag("remove", folder / "toll.md", "--index", index)
        assert removed.out == "1 article removed\n"
        assert f"rag remove --undo {folder / 'toll.md'}" in removed.err
        assert len(rag("articles", "--index", index, "--json").json) == 1
        assert all((folder / name).exists() for name in ARTICLES)

    def test_what_was_removed_stays_away_until_it_is_asked_for(self, folder: Path, tmp_path: Path) -> None:
        pile, index = Path(shutil.copytree(folder, tmp_path / "pile")), tmp_path / "index"
        rag("ingest", pile, "--index", index)
        rows = rag("articles", "--index", index, "--json").json
        (name,) = [row["id"] for row in rows if row["source_path"] == str(pile / "dam.txt")]
        rag("remove", name, pile / "toll.md", "--index", index)
        (pile / "dam.txt").write_text("\n\n" + ARTICLES["dam.txt"], encoding="utf-8")
        run = rag("ingest", pile, "--index", index)
        assert run.code == 0
        told = [line for line in run.err.splitlines() if line.startswith("rag: left out: ")]
        assert [line.split(": ")[2] for line in told] == [str(pile / "dam.txt"), str(pile / "toll.md")]
        report = rag("ingest", pile.parent, "--index", index, "--json").json
        assert report["articles"] == 1
        assert [item["path"] for item in report["left_out"]] == [str(pile / "dam.txt"), str(pile / "toll.md")]
        assert rag("remove", "--undo", name, "--index", index).out == "1 article brought back\n"
        assert rag("remove", "--undo", pile, "--index", index, "--json").json == {"restored": 1}
        assert len(rag("articles", "--index", index, "--json").json) == 3
        assert "goes by this name" in rag("remove", "--undo", pile, "--index", index).error
        rag("remove", pile / "toll.md", "--index", index)
        wrong = rag("remove", "--undo", "nothing.md", "--index", index)
        assert f"`rag remove --undo {pile / 'toll.md'}`" in wrong.error
        assert rag("remove", "--undo", "toll.md", "--index", index).out == "1 article brought back\n"

    def test_remove_what_is_not_there(self, index: Path) -> None:
        assert "no such article or file" in rag("remove", "nothing", "--index", index).error


@model
class TestSearch:
    def test_hits_lead_to_the_files(self, built: Path) -> None:
        found = rag("search", DEATHS, "--index", built, "--json").json
        assert set(found) == {"question", "seconds", "hits", "notes"}
        assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
        for hit in found["hits"]:
            assert set(hit) == HIT_KEYS
            if hit["source_start"] is not None:
                source = Path(hit["source_path"]).read_bytes().decode()
                assert source[hit["source_start"] : hit["source_end"]] == hit["text"]

    @pytest.mark.parametrize(
        ("options", "titles"),
        [
            (("--as-of", "2024-11-12"), {"Spillway at Dunmarrow Dam fails, four dead"}),
            (("--from", "13 November 2024"), {"Dunmarrow toll rises to eleven"}),
            (("--outlet", "meredian herald"), {"Court clears sale of Kirrin Line"}),
            (("--to", "2020-01-01"), set()),
        ],
    )
    def test_filters(self, built: Path, options: tuple[str, ...], titles: set[str]) -> None:
        found = rag("search", DEATHS, *options, "--index", built, "--json").json
        assert {hit["title"] for hit in found["hits"]} == titles
        if options[0] != "--outlet":
            assert any("1 article without a date" in note for note in found["notes"])

    def test_k(self, built: Path) -> None:
        assert len(rag("search", DEATHS, "-k", "1", "--index", built, "--json").json["hits"]) == 1
        assert rag("search", DEATHS, "-k", "1000", "--index", built, "--json").code == 0

    def test_for_people(self, built: Path) -> None:
        run = rag("search", DEATHS, "--index", built)
        assert "Strait Wire, 12 November 2024" in run.out
        assert "\x1b[" not in run.out

    @pytest.mark.parametrize("question", ["", "  ", "?!"])
    @pytest.mark.parametrize("command", [("search",), ("ask", "--extractive")])
    def test_an_empty_question(self, built: Path, command: tuple[str, ...], question: str) -> None:
        assert "the question is empty" in rag(*command, question, "--index", built).error

    def test_a_question_of_quotes_and_operators(self, built: Path) -> None:
        assert rag("search", 'dam" OR NEAR(* AND -title:x ^(', "--index", built, "--json").json["hits"]

    def test_senseless_filters(self, built: Path) -> None:
        error = rag("search", DEATHS, "--from", "2024-12-01", "--to", "2024-11-01", "--index", built).error
        assert "exclude everything" in error
        error = rag("search", DEATHS, "--outlet", "Straight Wire", "--index", built).error
        assert "did you mean Strait Wire" in error

    def test_many_questions_go_on_after_a_bad_line(self, built: Path, tmp_path: Path) -> None:
        path = tmp_path / "questions.jsonl"
        lines = [
            '{"id": "a", "question": "Who\u2028died?", "expected": 4}',
            "",
            '{"id": "b", "question": ',
            '{"id": "c", "question": " "}',
            '{"id": 4, "question": "Who bought the ferries?", "outlet": "Meredian Herald"}',
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        run = rag("search", "--questions", path, "--index", built)
        assert run.code == 0
        first, bad, empty, last = run.lines
        assert set(first) == {"id", "question", "seconds", "hits", "notes"}
        assert bad["id"] == "line 3"
        assert set(bad) == set(empty) == {"id", "error"}
        assert (empty["id"], last["id"]) == ("c", "4")
        assert {hit["outlet"] for hit in last["hits"]} == {"Meredian Herald"}


@model
class TestAsk:
    def check_receipt(self, answer: dict[str, Any]) -> None:
        assert set(answer) == ANSWER_KEYS
        assert set(answer["seconds"]) == {"retrieval", "generation", "total", "first_text"}
        assert answer["status"] == "answered"
        numbers = [citation["number"] for citation in answer["citations"]]
        for citation in answer["citations"]:
            assert set(citation) == CITATION_KEYS
            if citation["source_start"] is not None:
                source = Path(citation["source_path"]).read_bytes().decode()
                assert source[citation["source_start"] : citation["source_end"]] == citation["quote"]
        for statement in answer["statements"]:
            assert set(statement) == {"text", "support", "citations"}
            assert statement["citations"]
            assert set(statement["citations"]) <= set(numbers)
        for hit in answer["hits"]:
            assert set(hit) == HIT_KEYS

    def test_the_sources_own_words(self, built: Path) -> None:
        question = "How many people died when the spillway failed?"
        answer = rag(
            "ask", question, "--extractive", "--as-of", "2024-11-12", "--index", built, "--json"
        ).json
        self.check_receipt(answer)
        assert "Four people died" in answer["statements"][0]["text"]
        assert answer["statements"][0]["support"] == "verbatim"
        assert answer["text"].count("[1]") >= 1
        assert answer["as_of"] == "2024-11-12"
        assert answer["independent_sources"] == 1

    def test_without_time_there_is_still_an_answer(self, built: Path) -> None:
        answer = rag("ask", DEATHS, "--budget", "0.1", "--index", built, "--json").json
        self.check_receipt(answer)
        assert answer["notes"]

    def test_with_the_language_model(self, built: Path) -> None:
        answer = rag("ask", DEATHS, "--budget", "60", "--index", built, "--json").json
        self.check_receipt(answer)
        assert answer["models"] == {
            "embedder": "minilm",
            "scorer": "footnote-scorer",
            "generator": "smollm2-135m",
        }

    def test_for_people(self, built: Path) -> None:
        out = rag("ask", DEATHS, "--extractive", "--index", built).out
        assert "[1]" in out
        assert "the source's own words" in out

    def test_a_question_the_articles_do_not_answer(self, built: Path) -> None:
        question = "Which team won the chess championship in Lisbon?"
        run = rag("ask", question, "--extractive", "--index", built, "--json")
        assert run.code == 0
        assert set(run.json) == ANSWER_KEYS
        assert run.json["status"] == "abstained"
        assert run.json["citations"] == []
        assert set(run.json["abstention"]) == {"reason", "message"}

    def test_many_questions_with_history(self, built: Path, tmp_path: Path) -> None:
        path = tmp_path / "questions.jsonl"
        history = [["When was the Dunmarrow Dam built?", "In 1931."]]
        lines = [
            json.dumps({"id": "f", "question": "And how many died when it failed?", "history": history}),
            "{",
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        answered, bad = rag("ask", "--questions", path, "--extractive", "--index", built).lines
        assert set(answered) == ANSWER_KEYS | {"id"}
        assert "Dunmarrow Dam" in answered["rewritten"]
        assert bad["id"] == "line 2"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@model
class TestCheck:
    def test_a_sound_index(self, built: Path) -> None:
        assert rag("check", "--index", built, "--json").json == {"articles": 3, "passages": 3, "problems": []}
        assert rag("check", "--index", built).out == "sound: 3 articles, 3 passages\n"

    @pytest.mark.parametrize("pattern", ["library.sqlite3", "vectors*", "manifest.json"])
    def test_damage_is_found_and_told(self, index: Path, pattern: str) -> None:
        (generation,) = (index / "generations").iterdir()
        (path,) = generation.glob(pattern)
        flip(path)
        for command in (("search", DEATHS), ("ask", DEATHS, "--extractive"), ("articles",)):
            error = rag(*command, "--index", index).error
            assert path.name in error
            assert "rag check --repair" in error
        found = rag("check", "--index", index)
        assert found.code == 1
        assert path.name in found.err
        assert "rag check --repair" in found.err

    @pytest.mark.parametrize("pattern", ["library.sqlite3", "vectors*", "manifest.json"])
    def test_repair_makes_a_sound_generation(self, index: Path, pattern: str) -> None:
        flip(next((index / "generations").glob(f"*/{pattern}")))
        rag("check", "--repair", "--index", index)
        assert len(rag("search", DEATHS, "--index", index, "--json").json["hits"]) == 3

    def test_a_repaired_index_is_sound(self, index: Path) -> None:
        flip(next((index / "generations").glob("*/library.sqlite3")))
        healed = rag("check", "--repair", "--index", index)
        assert (healed.code, healed.out) == (0, "sound: 3 articles, 3 passages\n"), healed.err

    def test_an_unreadable_pointer(self, index: Path) -> None:
        (index / "CURRENT").write_bytes(b"\xff\xfe")
        assert len(rag("search", DEATHS, "--index", index, "--json").json["hits"]) == 3

    def test_searching_an_index_of_another_embedder(self, index: Path) -> None:
        (path,) = (index / "generations").glob("*/manifest.json")
        import xxhash

        body = json.loads(path.read_text())["manifest"] | {
            "embedder": "other",
            "embedder_fingerprint": "other",
        }
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        path.write_text(json.dumps({"manifest": body, "xxh3_128": xxhash.xxh3_128_hexdigest(canonical)}))
        assert "other" in rag("search", DEATHS, "--index", index).error


@model
class TestDoctorAndEval:
    def test_doctor(self, built: Path) -> None:
        findings = rag("doctor", "--offline", "--index", built, "--json").json
        assert all(set(item) == {"subject", "ok", "detail"} for item in findings)
        assert [item for item in findings if not item["ok"]] == []
        assert {"embedder", "language model", "index"} <= {item["subject"] for item in findings}

    def test_doctor_names_a_damaged_index(self, index: Path) -> None:
        flip(next((index / "generations").glob("*/library.sqlite3")))
        run = rag("doctor", "--index", index)
        assert run.code == 1
        assert "PROBLEM  index: " in run.out
        assert "1 problem found" in run.err

    def test_eval(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "questions.jsonl"
        quote = "Eleven people are now known to have died in the Dunmarrow flood"
        known = {
            "id": "1",
            "question": "How many people have died in the Dunmarrow flood?",
            "answer": "eleven",
        }
        known |= {"accepted": ["eleven"], "evidence": [{"file": "toll.md", "quote": quote}]}
        unknown = {"id": "2", "question": "Who won the chess championship in Lisbon?", "answer": None}
        path.write_text("\n".join(map(json.dumps, (known, unknown))))
        report, kept = tmp_path / "report", tmp_path / "baseline.json"
        options = ("--articles", folder, "--extractive", "--json")
        scores = rag("eval", path, *options, "--report", report, "--save-baseline", kept).json
        assert (scores["questions"], scores["failed"], scores["changes"]) == (2, 0, [])
        assert scores["measures"]["quotes_exact"]["mean"] == 1.0
        assert scores["measures"]["passage_success_at_10"]["mean"] == 1.0
        del scores["changes"]
        assert json.loads((report / "scores.json").read_text()) == scores
        assert "Dunmarrow" in (report / "report.html").read_text()
        again = rag("eval", path, *options, "--compare", kept, "--strict").json
        assert {item["measure"] for item in again["changes"]} >= {"correct", "abstained", "quotes_exact"}
        assert not any(item["fell"] or item["rose"] for item in again["changes"])

    def test_eval_strict_tells_what_fell(self, built: Path, tmp_path: Path) -> None:
        path, before = tmp_path / "questions.jsonl", tmp_path / "before.json"
        asked = [
            {"id": str(n), "question": f"Who won the chess championship of {1900 + n}?"} for n in range(9)
        ]
        path.write_text("\n".join(json.dumps({**one, "answer": "x", "accepted": ["x"]}) for one in asked))
        before.write_text(json.dumps({"scores": {str(n): {"correct": 1.0} for n in range(9)}}))
        options = ("--index", built, "--extractive", "--compare", before)
        assert "fell" in rag("eval", path, *options).out
        assert "fell against" in rag("eval", path, *options, "--strict").error
        assert "--strict needs --compare" in rag("eval", path, "--strict").err

    def test_eval_of_a_bad_file(self, tmp_path: Path) -> None:
        (tmp_path / "q.jsonl").write_text('{"id": "1"}')
        assert "q.jsonl:1: question: " in rag("eval", tmp_path / "q.jsonl").error

    def test_eval_of_thumbs(self, index: Path, tmp_path: Path) -> None:
        from rag.assistant import Assistant
        from rag.config import Config
        from rag.feedback import FeedbackStore

        command = ("eval", "--from-feedback", "--index", index, "--extractive")
        assert "press a thumb" in rag(*command).error
        assert "or --from-feedback" in rag("eval").err
        with Assistant.open(Config.load(index_dir=index)) as assistant:
            answer = assistant.ask(DEATHS, extractive=True)
        store = FeedbackStore(index)
        for name, thumb in (("good", "up"), ("poor", "down")):
            store.add(answer, name=name, thumb=thumb)  # type: ignore[arg-type]
        report = tmp_path / "report"
        scores = rag(*command, "--json", "--report", report).json
        assert (scores["questions"], scores["failed"]) == (2, 0)
        assert scores["measures"]["citation_recall"]["mean"] == 1.0
        assert scores["measures"]["said_wrong"]["mean"] == 1.0
        assert "correct" not in scores["measures"]
        assert rag(*command, "--json", "--compare", report).json["changes"]
        rag("remove", answer.citations[0].article.id, "--index", index)
        assert "none of the rated answers" in rag(*command).err


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages are loaded once `code` has run in an interpreter of its own."""
    code += f"\nimport sys; print('\\nLOADED', *(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def command(*arguments: object) -> str:
    return f"""
import sys
sys.argv = {["rag", *map(str, arguments)]!r}
from rag.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


class TestImports:
    @pytest.mark.parametrize(
        "code", ["import rag", command("--help"), command("search", "--help"), command("models", "list")]
    )
    def test_nothing_heavy(self, code: str) -> None:
        assert loaded_by(code) == set()

    @model
    @pytest.mark.parametrize("arguments", [("search", DEATHS), ("ask", DEATHS)], ids=["search", "ask"])
    def test_no_torch_to_answer(self, built: Path, arguments: tuple[str, ...]) -> None:
        assert loaded_by(command(*arguments, "--index", built, "--json")) <= {"faiss"}
