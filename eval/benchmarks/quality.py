"""Public benchmarks on your own copy of the data: `python eval/benchmarks/quality.py NAME DATA`; see README.md."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from any folder
    from eval.benchmarks.adapters.command import main

    sys.exit(main())
