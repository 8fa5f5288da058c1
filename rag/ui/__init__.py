"""The chat page: `build` gives the Gradio page, `serve` runs it on this machine's loopback address.

Importing this loads no Gradio; calling it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.ui.server import serve

if TYPE_CHECKING:
    import gradio as gr

    from rag.ui.chat import Assistant

__all__ = ["build", "serve"]


def build(assistant: Assistant, *, examples: Sequence[str] | None = None) -> gr.Blocks:
    """The chat page for `assistant`; `examples` are the questions it opens with."""
    from rag.ui import layout

    return layout.build(assistant, examples=examples)
