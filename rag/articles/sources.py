"""Lines that say where and when an article appeared: a date beside names, or an outlet with its page and author."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.articles.dates import FoundDate, find_date, find_month_day
from rag.articles.kinds import Kind, Line
from rag.articles.labels import is_labelled
from rag.articles.names import (
    BY,
    EDGES,
    FULL_STOP,
    PARTS,
    SENTENCE_END,
    UPDATED,
    author_of,
    clean,
    is_initials,
    is_name,
    is_outlet,
    is_people,
    is_person,
    is_reference,
)
from rag.articles.pieces import is_staff, opens_name, read_pieces, says_nothing
from rag.articles.places import is_country

MAX_TITLE = 170
_IN_BRACKETS = re.compile(r"^(?P<title>\S.{6,}?)\s*[(\[](?P<inner>[^()\[\]]{8,80})[)\]]$")
_NAME_LAST = re.compile(r"^(?P<title>\S.{6,}?),\s+(?P<name>[^,]{3,45})$")
_CLOCK = re.compile(r"^\d{1,2}[:.h]\d{2}(?:\s*[ap]\.?m\.?)?$", re.IGNORECASE)
_UNREAD_DATE = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}/(?:19|20)\d\d(?![\d/])")
"""A date whose order nothing settles: it dates nothing, but a line with it cites."""
_QUOTED = re.compile(r"^[\"“«„][^\"”»“]{2,50}[\"”»“]$")
_HOST = re.compile(
    r"^(?:host|hosted by|presenter|presented by|moderator|interviewer|interview by|"
    r"présenté par|ведущ(?:ий|ая))\s*:?\s+(?P<name>\S.*)$",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    r"^(?P<before>[^\"“«„*_]{0,60}?)(?:[*_]{1,2}(?=[^\s*_])(?P<bold>[^*_]{8,170})[*_]{1,2}|"
    r"[\"“«„](?P<quoted>[^\"”»]{8,170}?)(?P<inside>[,.]?)[\"”»“])(?P<after>.*)$"
)
"""A title in quotation marks or set off, with what cites it before and behind."""
_SEEN = re.compile(
    r"[(\[]?\s*(?:last )?(?:accessed|retrieved|viewed|consulté|abgerufen|дата обращения|accedido)\b[^)\]]*[)\]]?",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^(?:n\.?\s?d\.?|s\.?\s?d\.?|(?:no|unknown) (?:date|source|author|byline|year)|undated|unsourced|unsigned|"
    r"source unknown|date unknown|anon(?:ymous|\.)?|без даты|sans date|o\.\s?d\.)$",
    re.IGNORECASE,
)
_NAMED_TITLE = re.compile(r"^(?:\d{1,3}\s*[.)]\s+)?(?P<name>[^:|\d][^:|]{2,39}):\s+(?P<title>\S.{7,})$")
_TITLE_NAMED = re.compile(
    r"^(?:\d{1,3}\s*[.)]\s+)?(?P<title>\S.{7,}?)\s*(?:\((?P<in>[^()]{3,40})\)|\s(?:[–—|]|//)\s+(?P<behind>[^()|–—]{3,40}))$"
)
_PARTED = re.compile(
    r"^(?P<first>[^/|,–—·]{3,45}?)(?:\s+(?P<bar>[/|])\s+|\s+[–—·-]\s+|,\s+)(?P<second>[^/|,–—·]{3,45})$"
)
_INLINE = re.compile(r"[.!?…][\"'”’»)]*\s+[(\[](?P<inner>[^()\[\]]{3,80})[)\]]\.?$")
_PAGE_BEHIND = re.compile(r"(?<=[^\W\d_])\s+((?:pp?\.|page|seite|str\.|стр\.)\s?\d{1,3})\b", re.IGNORECASE)
"""A page that follows the outlet without a comma."""
_MAX_CITATION = 130


@dataclass(frozen=True, slots=True)
class Citation:
    """What a line like "Harbour Post, p. 4, by Ana Lim" says; `sure` is false where only names stand on it."""

    outlet: str
    author: str | None = None
    month_day: tuple[int, int] | None = None
    sure: bool = True


def citation(text: str) -> Citation | None:
    """An outlet with the page, the hour, the day without its year or the author beside it; None for anything else.

    Every part must be one of these, so that a sentence is none. An outlet and a person alone are taken only from a
    line with a dash or bar, where the first says itself that it is an outlet.

    >>> citation("Harbour Post, p. 4, by Ana Lim")
    Citation(outlet='Harbour Post', author='Ana Lim', month_day=None, sure=True)
    >>> citation("Coast Wire, p. 12 (Friday, 3 May)").month_day, citation("Coast Wire, Ana Lim and others")
    ((5, 3), None)
    """
    bare = text.strip(EDGES.replace('"', "").replace("«", "").replace("(", "").replace(")", ""))
    if len(bare) > _MAX_CITATION or (
        SENTENCE_END.search(text) and not re.search(r"\(|\b[A-ZÀ-ÞА-Я]\.$", text)
    ):
        return None
    day = find_month_day(bare)
    if day is not None:
        bare = f"{bare[: day.start]} | {bare[day.end :]}"
    dashed = len(PARTS.split(bare)) > 1
    unread = _UNREAD_DATE.search(bare) is not None
    bare = _PAGE_BEHIND.sub(r", \1", bare)
    parts = [
        part.strip(" –—-")
        for part in re.split(
            r"\s*[|•·]\s*|\s/\s|\s[–—-]+\s|\t|\s*[,،;]\s+|\s*[()\[\]]\s*", _UNREAD_DATE.sub("", bare)
        )
        if clean(part)
    ]
    if not parts or len(parts) + (day is not None) + unread < 2:
        return None
    outlet, authors, sure, names = clean(parts[0]), [], day is not None or unread, 0
    placed = any(map(is_country, parts[1:]))
    if (
        not (is_name(outlet) or (placed and opens_name(outlet)))
        or is_country(outlet)
        or is_reference(outlet)
        or BY.match(parts[0])
        or not outlet[:1].isalpha()
    ):
        return None
    for part in parts[1:]:
        told = BY.match(part) or _HOST.match(part)
        if told:
            authors.append(author_of(told["name"]))
        elif is_people(part):
            authors.append(part)
            names += 1
            continue
        elif is_initials(part):
            authors.append(part)
            continue
        elif is_country(part) or is_staff(part):
            continue
        elif not (says_nothing(part) or _CLOCK.match(part) or _QUOTED.match(part)):
            if not is_name(part) or not names:
                return None
            continue  # the place after a person
        sure = sure or not _QUOTED.match(part)
    author = next((name for name in authors if name), None)
    sure = sure or (
        placed and ((dashed and author is not None) or (is_outlet(outlet) and not outlet.startswith("The ")))
    )
    if not sure and not (dashed and author and is_outlet(outlet)):
        return None
    return Citation(outlet, author, (day.month, day.day) if day else None, sure)


def entry(make: Callable[..., Line], text: str, number: int | None) -> Line | None:
    """A line as a bibliography writes it: the title in quotation marks, and beside it who, where and when.

    Every part must be a person, a name, a page, a date or the word that one is not known; so speech is none.
    """
    match = _ENTRY.match(text) if len(text) <= MAX_TITLE * 2 else None
    if match is None or not looks_titled(title := (match["bold"] or match["quoted"]).strip()):
        return None
    if match["bold"] and is_name(title):
        return None  # "**Harbour Post** | 3 May 2024": an outlet
    before, after = match["before"].strip(), match["after"].strip()
    if (before and before[-1:] not in ",.:;–—-") or not (match["inside"] or after[:1] in (*",.;:|–—-(",)):
        return None
    seen = _SEEN.search(after) is not None
    rest = f"{before} | {_SEEN.sub(' | ', after)}"
    when = find_date(rest)
    near = None if when else find_month_day(rest)
    if found := when or near:
        rest = f"{rest[: found.start]} | {rest[found.end :]}"
    parts = [
        part
        for part in map(clean, re.split(rf"\s*[|,،;()\[\]]\s*|\s[–—-]+\s|{FULL_STOP}(?=[A-ZÀ-ÞА-Я])", rest))
        if re.search(r"\w", part)
    ]
    unknown = [part for part in parts if _UNKNOWN.match(part)]
    names: list[str] = []
    for part in parts:
        if (told := BY.match(part)) and (name := author_of(told["name"])):
            names.insert(0, name)
        elif is_name(part) and not part[:1].islower():
            names.append(part)
        elif not (part in unknown or is_reference(part) or _CLOCK.match(part)) and not (
            (seen or unknown) and part[:1].islower()
        ):
            return None
    if not names or not (found or unknown):
        return None
    outlet = next((name for name in names if is_outlet(name)), None)
    people = [name for name in names if name != outlet and is_people(name)]
    if outlet is None and (found or len(names) > 1):
        outlet = next((name for name in reversed(names) if not is_people(name)), names[-1])
        people = [name for name in people if name != outlet]
    return make(
        Kind.DATE if when else Kind.CITATION,
        day=when.day if when else None,
        month_day=(near.month, near.day) if near else None,
        name=outlet,
        author=people[0] if people else None,
        title=title,
        number=number,
    )


def dated(make: Callable[..., Line], text: str, when: FoundDate, number: int | None) -> Line | None:
    """A line that states a date beside names or a title; None where it is prose that mentions a day."""
    label = "updated" if UPDATED.search(text[: when.start]) else None
    rest = f"{text[: when.start]} | {text[when.end :]}"
    changed = find_date(text[when.end :])
    if changed is not None:
        if not UPDATED.search(text[when.end : when.end + changed.start]):
            return None
        rest = f"{text[: when.start]} | {text[when.end : when.end + changed.start]} | {text[when.end + changed.end :]}"
    bracketed = _IN_BRACKETS.match(text)
    if bracketed and when.start > bracketed.start("inner") and _headline(bracketed["title"]):
        inner = find_date(bracketed["inner"])
        named = dated(make, bracketed["inner"], inner, number) if inner else None
        if named is not None and named.name and not named.title:
            return replace(named, title=bracketed["title"])
    match = re.match(r"^(?P<outlet>[^:|]{2,40}):\s+(?P<title>\S.{7,}?)[\s(\[,–—-]*\|[\s)\].]*$", rest)
    if match and is_name(match["outlet"]) and looks_titled(match["title"]) and not is_labelled(text):
        return make(Kind.DATE, day=when.day, name=clean(match["outlet"]), title=match["title"], number=number)
    match = re.match(r"^(?P<outlet>[^:|()]{2,40}?)\s*\(\s*\|\s*\)\s*:\s+(?P<title>\S.{7,})$", rest)
    if (
        match and is_name(match["outlet"]) and looks_titled(match["title"])
    ):  # "Harbour Post (3 May 2024): Dam fails"
        return make(Kind.DATE, day=when.day, name=clean(match["outlet"]), title=match["title"], number=number)
    said = read_pieces(rest)
    kept, authors = said.names, [*said.authors]
    named_on_it = [piece for piece in kept if is_name(piece) or piece in said.known]
    others = [piece for piece in kept if piece not in named_on_it]
    title: str | None = None
    at_edge = (
        not clean(text[: when.start]) or not clean(text[when.end :]) or "\t" in text or changed is not None
    )
    if (
        len(others) == 1
        and at_edge
        and looks_titled(others[0])
        and not SENTENCE_END.search(text.rstrip(")] "))
    ):
        title = others[0]
        last = _NAME_LAST.match(title)  # "Headline, Outlet, 3 May 2024"
        if not named_on_it and last and is_name(last["name"]) and is_outlet(last["name"]):
            title, named_on_it = last["title"], [last["name"]]
            signed_before = _NAME_LAST.match(title)  # "Headline, Ana Lim, Outlet, 3 May 2024"
            if signed_before and is_person(signed_before["name"]):
                title = signed_before["title"]
                authors.append(signed_before["name"])
    elif others:
        return None
    elif len(named_on_it) > 2 or (len(named_on_it) == 2 and "\t" in text):
        titles = [
            name for name in named_on_it if "\t" in text or (looks_titled(name) and not is_outlet(name))
        ]
        if len(titles) > 1:
            title = max(titles, key=len)
            named_on_it.remove(title)
    ranked = sorted(
        named_on_it, key=lambda name: (not is_outlet(name), is_people(name) and len(named_on_it) > 1)
    )
    authors += [name for name in ranked[1:] if is_people(name)]
    return make(
        Kind.DATE,
        day=when.day,
        changed=changed.day if changed else None,
        name=ranked[0] if ranked else None,
        author=authors[0] if authors else None,
        label=label,
        title=title,
        number=number,
    )


def inline_source(make: Callable[..., Line], text: str) -> Line | None:
    """Body text that ends with its source: "... on Monday. (Harbour Post, 3 May 2024)"."""
    match = _INLINE.search(text[-_MAX_CITATION:])
    if match is None:
        return None
    inner = match["inner"]
    when = find_date(inner)
    found = dated(make, inner, when, None) if when else None
    if found is not None and found.name and not found.title:
        return make(Kind.PROSE, label="source", name=found.name, author=found.author, day=found.day)
    cited = citation(inner) if when is None else None
    if cited is not None:
        return make(
            Kind.PROSE, label="source", name=cited.outlet, author=cited.author, month_day=cited.month_day
        )
    named = is_name(inner) and is_outlet(inner)
    return make(Kind.PROSE, label="source", name=clean(inner)) if named else None


def _headline(text: str) -> bool:
    """Whether what stands before "(Outlet, 3 May 2024)" can be a headline: no sentence with its full stop."""
    return looks_titled(text) and not text.rstrip().endswith((".", "…", ","))


def looks_titled(text: str) -> bool:
    """Whether a text has the form of a title: two words or more, not too long, no small letter first."""
    words = text.split()
    return (
        len(words) >= 2 and len(text) <= MAX_TITLE and not text[:1].islower() and any(map(str.isalpha, text))
    )


def named_title(text: str) -> tuple[str, str] | None:
    """The outlet and the title in "Harbour Post: Dam fails"; a single one can as well speak of the outlet."""
    match = _NAMED_TITLE.match(text) if len(text) <= MAX_TITLE and not SENTENCE_END.search(text) else None
    if (
        match is None
        or not is_name(match["name"])
        or not is_outlet(match["name"])
        or not looks_titled(match["title"])
    ):
        return None
    return clean(match["name"]), match["title"]


def title_named(text: str) -> tuple[str, str] | None:
    """The outlet and the title in "Dam fails (Harbour Post)"; a single one can as well speak of the outlet."""
    match = _TITLE_NAMED.match(text) if len(text) <= MAX_TITLE else None
    name = (match["in"] or match["behind"]).strip() if match else ""
    if match is None or not is_name(name) or not is_outlet(name) or find_date(name):
        return None
    if not looks_titled(match["title"]) or match["title"].endswith((".", "…")):
        return None
    return clean(name), match["title"].rstrip(" .")


def parted_names(text: str) -> tuple[str, str] | None:
    """The two names in "Il Sale / Rob Hale", one of them a writer's; where commas or dashes part them, the other says
    itself that it is an outlet."""
    match = _PARTED.match(text.strip())
    pair = (clean(match["first"]), clean(match["second"])) if match else ("", "")
    told = match is not None and (match["bar"] is not None or any(map(is_outlet, pair)))
    return pair if told and all(map(_names, pair)) and any(map(_writes, pair)) else None


def outlets_first(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str | None]]:
    """Outlet and author of the pairs of names of a file. Where both could be persons, the others tell which is which.

    >>> outlets_first([("Rob Hale", "Il Sale"), ("Mira Olsk", "Nova Stran")])
    [('Il Sale', 'Rob Hale'), ('Nova Stran', 'Mira Olsk')]
    """
    ahead = sum(_writes(second) - _writes(first) for first, second in pairs)
    ahead += sum(is_outlet(first) - is_outlet(second) for first, second in pairs)
    found = pairs if ahead >= 0 else [(second, first) for first, second in pairs]
    return [(outlet, writer if is_people(writer) else None) for outlet, writer in found]


def _names(text: str) -> bool:
    return is_name(text) or _writes(text)


def _writes(text: str) -> bool:
    """Whether a text names persons or staff."""
    return is_people(text) or is_staff(text)
