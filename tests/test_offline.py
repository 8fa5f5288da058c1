"""Offline is proved, not promised: with nothing but loopback the whole way works, and nothing tries to leave."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

JOURNEY = Path(__file__).parent / "offline_journey.py"


def _can_cut_off() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-rn", "true"], check=False).returncode == 0


def _is_loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.mark.model
@pytest.mark.skipif(not _can_cut_off(), reason="needs Linux with `unshare -rn` allowed")
def test_the_whole_way_works_cut_off_from_any_network(tmp_path: Path, model_cache: Path) -> None:
    from rag.assistant import Assistant
    from rag.config import Config

    # What the first use prepares is there before the network goes: preparing needs none either.
    with Assistant.open(
        Config(index_dir=tmp_path / "w", cache_dir=model_cache, config_dir=tmp_path)
    ) as assistant:
        (tmp_path / "a.txt").write_text("A short note.", encoding="utf-8")
        assistant.ingest([tmp_path / "a.txt"])
    command = ["unshare", "-rn", sys.executable, str(JOURNEY), str(tmp_path / "journey"), str(model_cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found["control"]) == {"192.0.2.1"}, "the count of connects does not count"
    assert found["added"] >= 12 and found["hits"] == 10
    assert "[1]" in found["text"]
    assert not any("did not help" in note for note in found["notes"])
    assert [host for host in found["reached"] if not _is_loopback(host)] == []
    if found["page"] is not None:
        assert found["page"]["requests"] > 0 and found["page"]["foreign"] == []
        assert "coins" in found["page"]["shown"]
