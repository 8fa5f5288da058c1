"""The settings panel: how one's questions are answered, which model words the answers, and what works here.

Time and "only the sources' words" hold for one browser until the program ends. The language model is everybody's
and is kept, as by `rag models use`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag.config import Config
from rag.errors import GenerationFailed, InputError, RagError
from rag.models import ModelSpec, Registry
from rag.protocols import Generator, Message
from rag.ui.conversations import owner_of
from rag.ui.evidence import escape, escape_line
from rag.ui.line import Line

logger = logging.getLogger(__name__)

SPEEDS = "speeds.json"
MAX_OWNERS = 200
BUDGETS = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0)
MEASURED_TOKENS = 48
MEASURING_SECONDS = 60.0
BUSY = "The model is at work, on an answer or a measurement; try again in a moment."
UNEXPECTED = "That failed; the terminal this was started from has the details."
_SAY = "Write a paragraph about a harbour in the morning: the boats, the light, the people at work."


class Finding(Protocol):
    """What was tried of this installation, and how it went (`rag doctor`)."""

    @property
    def subject(self) -> str: ...

    @property
    def ok(self) -> bool: ...

    @property
    def detail(self) -> str: ...


class Assistant(Protocol):
    """What the panel needs of the assistant."""

    @property
    def config(self) -> Config: ...

    @property
    def models(self) -> Mapping[str, str]: ...

    def use_model(self, name: str) -> None: ...


Examine = Callable[[], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the questions of one browser are answered; a `budget_seconds` of None is that of the program."""

    budget_seconds: float | None = None
    extractive: bool = False


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A language model to choose. Unknown figures are None, never guessed."""

    spec: ModelSpec
    bytes: int | None
    tokens_per_second: float | None


class SettingsDesk:
    """The settings of every browser, and the panel that shows and changes them.

    What loads a model runs alone: it takes the first place in `line`, or says that an answer is being written.
    """

    def __init__(self, assistant: Assistant, line: Line, *, examine: Examine | None = None) -> None:
        self._assistant = assistant
        self._line = line
        self._examine = examine
        self._settings: OrderedDict[str, Settings] = OrderedDict()

    def of(self, session: str) -> Settings:
        """The settings of the browser that shows this page."""
        return self._settings.get(owner_of(session), Settings())

    def set(self, session: str, name: str, value: str) -> str:
        """Change one setting of this browser: the panel then."""
        try:
            changed = with_setting(self.of(session), name, value)
        except InputError as error:
            return self.html(session, trouble=str(error))
        owner = owner_of(session)
        self._settings[owner] = changed
        self._settings.move_to_end(owner)
        while len(self._settings) > MAX_OWNERS:
            self._settings.popitem(last=False)
        return self.html(session)

    def use_model(self, session: str, name: str) -> str:
        """Have another language model word the answers, for everybody and from now on: the panel then."""
        with self._line.alone(f"{session}#model") as free:
            if not free:
                return self.html(session, trouble=BUSY)
            try:
                Registry.load(self._assistant.config).get(name, "generator")
                self._assistant.use_model(name)
                Registry.load(self._assistant.config).use(name)
            except RagError as error:
                return self.html(session, trouble=str(error))
        return self.html(session, said=f"{name} words the answers from now on.")

    def measure(self, session: str, name: str) -> Iterator[str]:
        """Measure how fast a language model writes here, and keep the figure: the panel before and after."""
        with self._line.alone(f"{session}#speed") as free:
            if not free:
                yield self.html(session, trouble=BUSY)
                return
            yield self.html(session, said=f"Measuring {name}…")
            config = self._assistant.config
            try:
                spec = Registry.load(config).get(name, "generator")
                keep_speed(spec, config, measured_speed(spec, config))
            except (RagError, OSError) as error:
                yield self.html(session, trouble=str(error))
                return
            except Exception:
                logger.exception("a speed could not be measured")
                yield self.html(session, trouble=UNEXPECTED)
                return
        yield self.html(session)

    def check(self, session: str) -> Iterator[str]:
        """Find out what works here: the panel after each finding."""
        if self._examine is None:
            yield self.html(session, trouble="Run `rag doctor` in a terminal; it was not given to this page.")
            return
        with self._line.alone(f"{session}#check") as free:
            if not free:
                yield self.html(session, trouble=BUSY)
                return
            found: list[Finding] = []
            yield self.html(session, findings=found, is_checking=True)
            try:
                for finding in self._examine():
                    found.append(finding)
                    yield self.html(session, findings=found, is_checking=True)
            except Exception:
                logger.exception("the check of this installation failed")
                yield self.html(session, findings=found, trouble=UNEXPECTED)
                return
        yield self.html(session, findings=found)

    def html(
        self,
        session: str,
        *,
        said: str = "",
        trouble: str | None = None,
        findings: Sequence[Finding] | None = None,
        is_checking: bool = False,
    ) -> str:
        """The panel."""
        config = self._assistant.config
        try:
            rows = model_rows(config)
        except RagError as error:
            rows, trouble = [], trouble or str(error)
        return settings_html(
            self.of(session),
            rows,
            budget_seconds=config.budget_seconds,
            current=self._assistant.models.get("generator", ""),
            said=said,
            trouble=trouble,
            findings=findings,
            is_checking=is_checking,
        )


def with_setting(settings: Settings, name: str, value: str) -> Settings:
    """`settings` with one changed. Raises `InputError` for an unknown name or a value that is none.

    >>> with_setting(Settings(), "budget_seconds", "15")
    Settings(budget_seconds=15.0, extractive=False)
    """
    if name == "budget_seconds":
        if value == "":
            return replace(settings, budget_seconds=None)
        if value not in {f"{seconds:g}" for seconds in BUDGETS}:
            raise InputError("choose one of the times that are listed")
        return replace(settings, budget_seconds=float(value))
    if name == "extractive" and value in {"yes", "no"}:
        return replace(settings, extractive=value == "yes")
    raise InputError("this is no setting of the page; reload it")


def model_rows(config: Config) -> list[ModelRow]:
    """The language models this installation knows, those that are there, with what is known of each.

    Raises `ConfigError` when the registry cannot be read.
    """
    speeds = _speeds(config)
    return [
        ModelRow(spec, _size(spec), speeds.get(_speed_key(spec, config)))
        for spec in Registry.load(config).specs()
        if spec.kind == "generator" and (spec.path is not None or spec.url is not None)
    ]


def measured_speed(spec: ModelSpec, config: Config, *, make: Callable[[], Generator] | None = None) -> float:
    """Tokens a second of a short run; loading the model and reading the prompt do not count.

    Raises `ModelError` when the model cannot be loaded or says next to nothing.
    """
    from rag.assistant import make_generator

    generator = make() if make is not None else make_generator(spec, config)
    try:
        moments = [
            time.perf_counter()
            for _ in generator.stream(
                [Message("user", _SAY)], max_tokens=MEASURED_TOKENS, timeout_seconds=MEASURING_SECONDS
            )
        ]
    finally:
        generator.close()
    if len(moments) < 8 or moments[-1] <= moments[0]:
        raise GenerationFailed(f"{spec.name} said too little to measure its speed; see `rag doctor`")
    return (len(moments) - 1) / (moments[-1] - moments[0])


def keep_speed(spec: ModelSpec, config: Config, tokens_per_second: float) -> None:
    """Keep a measured speed in `speeds.json` of the cache. Raises `OSError` when it cannot be written."""
    speeds = {**_speeds(config), _speed_key(spec, config): round(tokens_per_second, 2)}
    path = config.cache_dir / SPEEDS
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{SPEEDS}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(speeds, indent=1) + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _speeds(config: Config) -> dict[str, float]:
    """The speeds kept; of a file that is damaged none, as they can be measured again."""
    try:
        found = json.loads((config.cache_dir / SPEEDS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: float(value) for key, value in found.items() if isinstance(value, int | float)}


def _speed_key(spec: ModelSpec, config: Config) -> str:
    """Other weights or another number of threads have another speed."""
    weights = "".join(sorted(spec.sha256.values()))[:16] or spec.url or ""
    return f"{spec.name} {weights} {config.worker_threads} threads"


def _size(spec: ModelSpec) -> int | None:
    """The bytes of the model's files."""
    if spec.path is None:
        return None
    folder = spec.path.parent if spec.path.is_file() else spec.path
    try:
        return sum((folder / name).stat().st_size for name in spec.sha256) or None
    except OSError:
        return None


def settings_html(
    settings: Settings,
    rows: Sequence[ModelRow],
    *,
    budget_seconds: float,
    current: str,
    said: str = "",
    trouble: str | None = None,
    findings: Sequence[Finding] | None = None,
    is_checking: bool = False,
) -> str:
    """The panel as inert HTML."""
    models = "".join(_model_html(row, is_current=row.spec.name == current) for row in rows)
    alert = f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p>' if trouble else ""
    status = f'<p class="said" role="status" dir="auto">{escape_line(said)}</p>' if said else ""
    checked = "" if not settings.extractive else " checked"
    return (
        '<div class="panel" role="dialog" aria-labelledby="settings-name">'
        '<header><h2 id="settings-name">Settings</h2>'
        '<button type="button" class="close" data-settings="close">Close</button></header>'
        f"{alert}{status}"
        '<section><h3>Your questions</h3><p class="hint">For this browser, until Footnote is ended.</p>'
        f'<label class="field"><span>Time for an answer</span>{_budget_html(settings, budget_seconds)}</label>'
        '<label class="field"><span>Only the sources’ own words<small>no language model is asked; at once'
        f'</small></span><input type="checkbox" data-setting="extractive"{checked}></label></section>'
        '<section><h3>Language model</h3><p class="hint">For everyone who uses this Footnote, and kept. '
        "It words the answers; what it says is checked whichever it is. "
        "Add one with <code>rag models add</code>.</p>"
        f'<ul class="models">{models}</ul></section>'
        f"<section><h3>This installation</h3>{_findings_html(findings, is_checking=is_checking)}</section></div>"
    )


def _budget_html(settings: Settings, budget_seconds: float) -> str:
    options = [("", f"As started ({_seconds(budget_seconds)})", settings.budget_seconds is None)]
    options += [(f"{each:g}", _seconds(each), settings.budget_seconds == each) for each in BUDGETS]
    items = "".join(
        f'<option value="{value}"{" selected" if is_chosen else ""}>{words}</option>'
        for value, words, is_chosen in options
    )
    return f'<select data-setting="budget_seconds">{items}</select>'


def _seconds(seconds: float) -> str:
    return "no limit" if seconds == float("inf") else f"{seconds:g} s"


def _model_html(row: ModelRow, *, is_current: bool) -> str:
    spec, name = row.spec, escape(row.spec.name)
    facts = [
        size_words(row.bytes) if row.bytes is not None else "",
        escape_line(spec.licence) if spec.licence else "licence unknown",
        f"{row.tokens_per_second:.0f} tokens/s here" if row.tokens_per_second is not None else "",
    ]
    note = f'<span class="note" dir="auto">{escape_line(spec.note)}</span>' if spec.note else ""
    again = "Measure again" if row.tokens_per_second is not None else "Measure its speed"
    return (
        f'<li><label><input type="radio" name="model" data-model="{name}"{" checked" if is_current else ""}>'
        f'<span><span class="name">{escape_line(spec.name)}</span>{note}'
        f'<span class="facts">{" · ".join(fact for fact in facts if fact)}</span></span></label>'
        f'<button type="button" data-measure="{name}">{again}</button></li>'
    )


def size_words(count: int) -> str:
    """Bytes for people.

    >>> size_words(91_700_000), size_words(2_500_000_000)
    ('92 MB', '2.5 GB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1_000_000_000 else f"{max(count / 1e6, 1):.0f} MB"


def _findings_html(findings: Sequence[Finding] | None, *, is_checking: bool) -> str:
    if findings is None:
        return (
            '<p class="hint">Packages, models, the model worker and the index are tried for real; '
            'it takes some seconds.</p><button type="button" data-check>Check it</button>'
        )
    items = "".join(
        f'<li class="{"fine" if item.ok else "bad"}"><span class="mark">{"Works" if item.ok else "Problem"}'
        f'</span><span dir="auto"><b>{escape_line(item.subject)}</b> {escape_line(item.detail)}</span></li>'
        for item in findings
    )
    if is_checking:
        end = '<p class="hint" role="status">Trying…</p>'
    else:
        bad = sum(not item.ok for item in findings)
        words = "Everything works." if not bad else f"{bad} of {len(findings)} need something done."
        end = (
            f'<p class="said" role="status">{words}</p><button type="button" data-check>Check again</button>'
        )
    return f'<ul class="findings">{items}</ul>{end}'
