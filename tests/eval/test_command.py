"""The entry script: scores on standard output, one line for an error, a report on demand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks.adapters import command
from eval.benchmarks.adapters.bench import Bench, Claim, Reply
from rag.assistant import Assistant
from tests.eval.conftest import ALCE_ROW, RAMDOCS_ROW, ScriptedBench

Write = Callable[[str, Any], Path]
SCRIPT = Path(__file__).parents[2] / "eval" / "benchmarks" / "quality.py"


@pytest.fixture
def opened(bench: ScriptedBench, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How the command opened its bench; the bench replies from a script."""
    ways: list[dict[str, Any]] = []

    @contextmanager
    def open_bench(**how: Any) -> Iterator[Bench]:
        ways.append(how)
        yield bench

    monkeypatch.setattr(Bench, "open", open_bench)
    return ways


def test_scores_and_report(
    opened: list[dict[str, Any]],
    bench: ScriptedBench,
    write: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench.script({RAMDOCS_ROW["question"]: Reply((Claim("It is curling.", ("0",)),))})
    data = write("RAMDocs_test.jsonl", [RAMDOCS_ROW])
    report = tmp_path / "deep" / "report.json"
    arguments = [
        "ramdocs",
        str(data),
        "--limit",
        "5",
        "--extractive",
        "--budget",
        "3",
        "--report",
        str(report),
    ]
    assert command.main(arguments) == 0
    assert opened == [{"index": None, "limit": 5, "model": None, "extractive": True, "budget_seconds": 3.0}]
    printed = capsys.readouterr()
    scores = json.loads(printed.out)
    assert (scores["benchmark"], scores["questions"], scores["documents"]) == ("ramdocs", 1, 4)
    assert scores["gold_named"] == 0.5
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["scores"] == scores
    assert written["data"][0]["claims"] == [{"text": "It is curling.", "documents": ["0"]}]


def test_a_judge_by_name(
    opened: list[dict[str, Any]], bench: ScriptedBench, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.script({ALCE_ROW["question"]: Reply((Claim("old bridge", ("1",)),))})
    data = str(write("asqa_eval_gtr_top100.json", [ALCE_ROW]))
    assert command.main(["alce", data, "--documents", "1", "--judge", "operator:contains"]) == 0
    assert json.loads(capsys.readouterr().out)["citation_recall"] == 1.0
    assert command.main(["alce", data, "--judge", "operator:no_such"]) == 1
    assert "give it as module:function" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("multihop-rag", "MultiHopRAG.json"),
        ("rgb", "en_refine.json or en.json"),
        ("alce", "asqa_eval_gtr_top100.json"),
        ("ramdocs", "RAMDocs_test.jsonl"),
        ("beir", "qrels/test.tsv"),
        ("squad2", "queries.json or dev-v2.0.json"),
        ("bipia", "email_test.jsonl"),
        ("dated-news", "questions.jsonl"),
    ],
)
def test_missing_files(
    opened: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, missing: str
) -> None:
    assert command.main([name, str(tmp_path / "nowhere")]) == 1
    assert "not there; download the data first" in capsys.readouterr().err
    assert command.main([name, str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert missing in line


@pytest.mark.parametrize(
    "wrong",
    [["--limit", "0"], ["--noise", "2"], ["--budget", "0"], ["--extractive", "--model", "x"]],
    ids=["limit", "noise", "budget", "both"],
)
def test_usage(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["rgb", str(tmp_path), *wrong])


def test_the_script_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "beir", "nothing-here"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: nothing-here: not there")


def test_a_bench_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept"
    with Bench.open(index=kept) as bench:
        assert isinstance(bench._assistant, Assistant)
        assert bench._assistant.config.index_dir == kept
    with Bench.open() as bench:
        scratch = bench._assistant.config.index_dir.parent
        assert scratch.is_dir()
    assert not scratch.exists()
