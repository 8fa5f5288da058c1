"""The filters of a conversation: setting one, the form to set them with, and how those set are shown.

Only form is looked at here: whether an outlet is known and the days make sense, the assistant says when asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal, get_args

from rag.articles.dates import parse_day
from rag.errors import InputError
from rag.schema import NO_FILTERS, ArticleRow, Filters, language_name
from rag.ui.evidence import escape, escape_line, time_html

FilterName = Literal["as_of", "date_from", "date_to", "outlet", "language"]
FILTER_WORDS: dict[FilterName, str] = {
    "as_of": "As of",
    "date_from": "From",
    "date_to": "Until",
    "outlet": "Outlet",
    "language": "Language",
}
_MEANINGS: dict[FilterName, str] = {
    "as_of": "Nothing published after this day is known, and what is latest then counts most",
    "date_from": "Articles published on this day or later",
    "date_to": "Articles published on this day or earlier; newer ones of them do not count more",
}
_DATES: tuple[FilterName, ...] = ("as_of", "date_from", "date_to")
MAX_VALUE_CHARACTERS = 300


def with_filter(filters: Filters, name: str, value: str | None) -> Filters:
    """`filters` with one of them set; an empty value takes it away, and that of "all" takes all.

    A `value` of None is one that the browser could not read. Raises `InputError` for an unknown name or
    a value that cannot be one.
    """
    if name == "all":
        return NO_FILTERS
    if name not in get_args(FilterName):
        raise InputError(f"{name[:40]!r} is not a filter; there are {', '.join(get_args(FilterName))}")
    if value is None:
        raise InputError("this day is not in the calendar, or not yet whole; write it as 2023-09-20")
    value = value.strip()
    if len(value) > MAX_VALUE_CHARACTERS:
        raise InputError(f"a filter has at most {MAX_VALUE_CHARACTERS} characters; shorten it")
    chosen: str | date | None = value or None
    if chosen is not None and name in _DATES:
        chosen = parse_day(value)
        if chosen is None:
            raise InputError(f"{value!r} is not a date; write it as 2023-09-20")
    return replace(filters, **{name: chosen})  # type: ignore[arg-type]


def filter_form_html(rows: Sequence[ArticleRow], filters: Filters) -> str:
    """The fields, with the outlets and languages of `rows` to choose from and `filters` filled in."""
    fields = [
        _day_html("as_of", filters.as_of, "As of", "as if asked on this day"),
        *article_fields_html(rows, filters),
    ]
    return (
        '<details class="filters"><summary title="Which articles answers may use">Question filters</summary>'
        f'<div class="filter-panel" role="group" aria-label="Question filters">{"".join(fields)}'
        '<p class="hint">They hold for the questions asked while they are set.'
        '<button type="button" data-unset="all">Remove all</button></p></div></details>'
    )


def article_fields_html(
    rows: Sequence[ArticleRow], filters: Filters, *, attribute: str = "data-filter"
) -> list[str]:
    """The fields that tell articles apart; the page knows each by its `attribute`."""
    outlets = sorted({row.article.outlet for row in rows if row.article.outlet}, key=str.casefold)
    languages = sorted({row.article.language for row in rows if row.article.language}, key=language_name)
    named = [(code, language_name(code)) for code in languages]
    fields = [
        _day_html("date_from", filters.date_from, "Published from"),
        _day_html("date_to", filters.date_to, "Published until"),
        _choice_html("outlet", [(name, name) for name in outlets], filters.outlet, "Any outlet"),
        _choice_html("language", named, filters.language, "Any language"),
    ]
    return [field.replace("data-filter=", f"{attribute}=", 1) for field in fields]


def chips_html(filters: Filters, *, trouble: str | None = None) -> str:
    """The filters that are set, each with a button that takes it away, and what was wrong with the last one."""
    items = "".join(
        f'<li class="chip" data-set="{name}">{words}<button type="button" data-unset="{name}" '
        f'aria-label="Remove: {plain}"><span aria-hidden="true">×</span></button></li>'
        for name, words, plain in _set(filters)
    )
    alert = f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p>' if trouble else ""
    return (f'<ul class="chips" aria-label="Filters set">{items}</ul>' if items else "") + alert


def asked_with_html(filters: Filters) -> str:
    """The filters that a question was asked with; nothing where there were none."""
    items = "".join(f'<li class="chip">{words}</li>' for _, words, _ in _set(filters))
    return f'<ul class="chips asked-with" aria-label="Asked with">{items}</ul>' if items else ""


def _set(filters: Filters) -> list[tuple[FilterName, str, str]]:
    """Name, words as HTML and plain words (already escaped) of each filter that is set."""
    found: list[tuple[FilterName, str, str]] = []
    for name, label in FILTER_WORDS.items():
        value = getattr(filters, name)
        if value is None:
            continue
        plain = escape_line(language_name(value) if name == "language" else str(value))
        shown = time_html(value) if isinstance(value, date) else f"<bdi>{plain}</bdi>"
        words = f'<span class="chip-words"><span class="chip-label">{label}</span> {shown}</span>'
        found.append((name, words, f"{label} {plain}"))
    return found


def _day_html(name: FilterName, day: date | None, label: str, hint: str = "") -> str:
    more = f' <span class="hint">{hint}</span>' if hint else ""
    value, meaning = "" if day is None else day.isoformat(), _MEANINGS[name]
    return (
        f'<label title="{meaning}"><span>{label}{more}</span><input type="date" data-filter="{name}" '
        f'value="{value}" aria-description="{meaning}"></label>'
    )


def _choice_html(
    name: FilterName, choices: Sequence[tuple[str, str]], chosen: str | None, nothing: str
) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape_line(words)}</option>'
        for value, words in choices
    )
    return (
        f'<label><span>{FILTER_WORDS[name]}</span><select data-filter="{name}"><option value="">{nothing}</option>'
        f"{options}</select></label>"
    )
