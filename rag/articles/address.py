"""Addresses of articles: whose they are, and whether one is the article's own."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_LINK = re.compile(r"^[<(\[]?(?P<url>https?://[^\s<>()\[\]]+)[>)\]]?$", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)*[\w-]{4,}\.[a-z]{2,7}(?:\.[a-z]{2})?", re.IGNORECASE)
_SITE = re.compile(r"^(?:[a-z0-9-]{2,}\.)+[a-z]{2,10}$")
_IN_WORDS = re.compile(r"/[\w%]+(?:-[\w%]+)+[\w.]*/?$")
"""The last part of the path says in words what the article is about."""
_MIN_SHARED_WORDS = 3


def link_of(line: str) -> str | None:
    """The address on a line that holds nothing else."""
    match = _LINK.match(line.strip())
    return match["url"] if match else None


def is_host(line: str) -> bool:
    """Whether a line is nothing but a site's name, as its readers write it: "harbour-post.example"."""
    return _SITE.match(line.strip()) is not None


def host_of(url: str) -> str | None:
    """The site of an address, as it is written in a citation.

    >>> host_of("https://www.harbour-post.example/2024/05/dam"), host_of("not an address")
    ('harbour-post.example', None)
    """
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return None
    return re.sub(r"^(?:www|m|amp)\.", "", host) or None


def site_of(line: str) -> str | None:
    """The site at whose address an article stands; None for addresses that only pass on what others published.

    >>> site_of("https://www.harbour-post.example/2024/05/dam-gives-way"), site_of("https://t.me/harbour/41")
    ('harbour-post.example', None)
    """
    url = link_of(line)
    host = host_of(url) if url else None
    if url is None or host is None or not _HOST.fullmatch(host):
        return None
    path = urlsplit(url).path
    return host if _IN_WORDS.search(path) and "http" not in path else None


def own_address(line: str, title: str) -> str | None:
    """The address on a line of its own, where its path repeats most words of the title."""
    url = link_of(line)
    if url is None:
        return None
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    words = set(re.findall(r"\w+", title.casefold()))
    shared = words & set(re.findall(r"[^\W_]+", path.casefold()))
    return url if len(shared) >= max(_MIN_SHARED_WORDS, len(words) / 2) else None
