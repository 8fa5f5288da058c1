"""What all tests share: where prepared models are kept between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Config


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """A cache folder that outlives the test run (`FOOTNOTE_HOME` moves it): preparing models takes a while."""
    return Config().cache_dir
