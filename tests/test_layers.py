"""The house holds: imports point down the layers, and importing the package loads no model library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rag

PACKAGE = Path(rag.__file__).parent
LAYERS = {
    0: {"schema", "errors"},
    1: {"config", "protocols", "contract"},
    2: {
        "articles",
        "chunking",
        "quotations",
        "index",
        "encoders",
        "generation",
        "models",
        "prompts",
        "feedback",
    },
    3: {"ingest", "retrieval", "attribution", "receipts"},
    4: {"assistant"},
    5: {"ui", "evaluation", "doctor"},
    6: {"cli"},
}
LAYER_OF = {room: layer for layer, rooms in LAYERS.items() for room in rooms}
HEAVY = (
    "torch",
    "faiss",
    "llama_cpp",
    "gradio",
    "onnxruntime",
    "sentence_transformers",
    "langchain_text_splitters",
)


def _imports(path: Path) -> set[str]:
    """Rooms of the package that a file imports at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "rag":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("rag.")}
    return found


def _files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_point_down(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert room in LAYER_OF, f"{room} has no layer; add it to docs and to this test"
    # The retriever and the gate share the index's analysis; chunking and prompts serve the layer above.
    for used in _imports(path) & set(LAYER_OF):
        assert used == room or LAYER_OF[used] < LAYER_OF[room], f"{room} must not import {used}"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_room_says_what_lives_there(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "statement", ["import rag", "from rag.cli.commands import app", "import rag.assistant"]
)
def test_importing_loads_no_model_library(statement: str) -> None:
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
