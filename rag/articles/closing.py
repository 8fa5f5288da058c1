"""What completes the heads of a file's articles: what is said below the body, an article's own address, other articles.

A page names itself in its disclaimer ("do not necessarily reflect those of The Tidewatch"), in its appeal to follow it,
and in the address of the article, which repeats the words of the title. A name after "By" that another article of the
file states as its outlet is an outlet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.articles.address import host_of, is_host, own_address
from rag.articles.metadata import Head
from rag.articles.names import is_name, is_outlet

_MARGIN_CHARACTERS = 1_500
_MARGIN_LINES = 12
_MAX_HOST = 80
"""So much of the beginning and of the end of an article is read for what is said of the whole."""
_DISCLAIMER = re.compile(
    r"\b(?:views?|opinions?)\b.{0,120}?\bexpressed\b.{0,120}?\b(?:do|does|may) not (?:necessarily )?"
    r"(?:reflect|represent)\s+"
    r"(?:(?:those|the (?:official |editorial )?(?:views?|opinions?|positions?|stance|policy|line)(?: or \w+)?) of\s+"
    r"(?P<of>[^.;,]{2,45}?)(?:\s+(?:or|and) (?:its|any|their)\b.*)?[.;,]?$|"
    r"(?P<whose>[^.;,]{2,45}?)['’]s? (?:own |official )?(?:editorial|views?|opinions?|positions?|stance|policy)\b)",
    re.IGNORECASE,
)
_FOLLOW = re.compile(
    r"^(?:read (?:all|more|other)(?: \w+)? (?:by|from)|follow|subscribe to|join)\s+(?P<name>\S.{2,44}?)\s+on\s+"
    r"(?:google news|twitter|x|facebook|telegram|whatsapp|instagram|youtube|linkedin)\b",
    re.IGNORECASE,
)
_BAR = re.compile(r"^(?P<title>\S.{7,}?)\s+\|\s+(?P<subject>[^|]{3,45})$")
_MEDIUM = re.compile(r"[\s-]+(?:net|tv|news|online|channel|network)$", re.IGNORECASE)


def completed(heads: Sequence[Head], articles: Sequence[str]) -> list[Head]:
    """The heads of the articles of a file with what stands outside them.

    >>> text = "Gulls are back\\n\\nBy Ana Lim\\n\\nThey are.\\n\\nhttps://quay.example/2024/gulls-are-back-again"
    >>> (head,) = completed([Head("Gulls are back", author="Ana Lim")], [text])
    >>> head.url, head.outlet
    ('https://quay.example/2024/gulls-are-back-again', 'quay.example')
    """
    found = [_completed(head, text) for head, text in zip(heads, articles, strict=True)]
    sites = [
        host if is_host(host := text.rstrip()[-_MAX_HOST:].split("\n")[-1].strip()) else None
        for text in articles
    ]
    if sum(site is not None for site in sites) > 1:  # several articles end with the name of a site
        found = [
            replace(head, outlet=head.outlet or (site and site.removeprefix("www.")))
            for head, site in zip(found, sites, strict=True)
        ]
    outlets = {_bare(head.outlet) for head in found if head.outlet}
    return [
        replace(head, outlet=head.author, author=None)
        if head.author and not head.outlet and _bare(head.author) in outlets
        else head
        for head in found
    ]


def _completed(head: Head, text: str) -> Head:
    opening, closing = _margin(text[:_MARGIN_CHARACTERS]), _margin(text[-_MARGIN_CHARACTERS:], last=True)
    title, outlet = _spaced(head.title) or "", _spaced(head.outlet)
    bar = _BAR.match(title)
    if bar and _is_subject(bar["subject"], title=bar["title"], text=text[len(head.title) :]):
        title = bar["title"]
    url = next((url for line in [*opening, *closing] if (url := own_address(line, title))), None)
    outlet = outlet or next((name for line in reversed(closing) if (name := _self_named(line))), None)
    if outlet is None and url is not None:
        outlet = host_of(url)
    return replace(head, title=title, outlet=outlet, author=_spaced(head.author), url=url)


def _margin(text: str, *, last: bool = False) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-_MARGIN_LINES:] if last else lines[:_MARGIN_LINES]


def _spaced(name: str | None) -> str | None:
    """The name with plain spaces only: pages join words with hard ones, and a name must be the same everywhere."""
    return " ".join(name.split()) if name else None


def _is_subject(name: str, *, title: str, text: str) -> bool:
    """Whether what follows a title after a bar is what the article is about, as some pages' titles end."""
    return is_name(name) and name in " ".join(text.split()) and len(title.split()) > len(name.split())


def _self_named(line: str) -> str | None:
    """The outlet that a line below the body names as its own."""
    if match := _DISCLAIMER.search(line):
        name = match["of"] or match["whose"]
        name = re.sub(r"^the (?=[a-z])", "", name)
        return name if is_name(name) and name[0].isupper() else None
    match = _FOLLOW.match(line)
    return match["name"] if match and is_name(match["name"]) and is_outlet(match["name"]) else None


def _bare(name: str | None) -> str:
    """A name as two articles write it alike: without hyphens, capitals and the medium at its end."""
    return _MEDIUM.sub("", (name or "").strip()).replace("-", " ").casefold()
