"""Prompt templates: `prompts/*.md`, loaded, validated and rendered.

A template has a `# system` and a `# user` part in Jinja; every variable must be given. What is put in is
data: it is never itself rendered, and models tokenise it apart from their control tokens.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.protocols import Message

NO_ANSWER = "Not in the sources."
"""The agreed sentence of a model that finds no answer."""

_PLACES = (Path(__file__).parent / "_prompts", Path(__file__).parent.parent / "prompts")
_PART = re.compile(r"^# (system|user)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """A loaded template; `hash` identifies its text in reports."""

    name: str
    hash: str
    parts: tuple[tuple[str, str], ...]

    def render(self, **values: Any) -> list[Message]:
        """The messages with `values` filled in. Raises `ConfigError` when a variable is missing."""
        from jinja2 import StrictUndefined, TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        try:
            return [
                Message(
                    "system" if role == "system" else "user",
                    environment.from_string(text).render(values).strip(),
                )
                for role, text in self.parts
            ]
        except TemplateError as error:
            raise ConfigError(f"prompts/{self.name}.md: cannot be rendered ({error})") from error


@cache
def load(name: str) -> Template:
    """The template `prompts/NAME.md`. Raises `ConfigError` when it is missing or has no user part."""
    path = next((place / f"{name}.md" for place in _PLACES if (place / f"{name}.md").is_file()), None)
    if path is None:
        raise ConfigError(f"prompts/{name}.md: no such prompt; reinstall footnote-rag")
    text = path.read_text(encoding="utf-8")
    pieces = _PART.split(text)
    parts = tuple(zip(pieces[1::2], (piece.strip() for piece in pieces[2::2]), strict=True))
    if not any(role == "user" for role, _ in parts):
        raise ConfigError(f"{path}: a prompt needs a line '# user' with the template below it")
    return Template(name, hashlib.sha256(text.encode()).hexdigest()[:16], parts)
