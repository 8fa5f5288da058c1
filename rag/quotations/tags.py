"""How a text says who speaks: the words beside a verb of saying, read as a name, an office or a pronoun."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.quotations.people import NAME, bare_words
from rag.quotations.wording import (
    ACCORDING,
    ARABIC_ACCORDING,
    ARABIC_ROLE,
    ARABIC_STOP,
    ARABIC_VERB,
    BARE_SPEAKERS,
    INVERTED,
    NO_NAME,
    PRONOUN,
    TITLES,
    VERB,
)

_LATE = (
    r"(?:(?:on|in|at|during|after|before|as|when|while|with|to|from|by|and|but|that|because|who|whom|which|whose|where|"
    r"adding|referring|speaking|standing|pointing|last|this|yesterday|later|about|near|through|via|outside|en|dans|"
    r"lors|qui|à|au|avec|pendant|après|mardi|lundi|jeudi|в|на|во|после|который|которая|и|а|но)\b)"
)
_CHUNK_END = re.compile(rf"[,.;:!?()—–\n\ue000«»“”\"]|\s(?={_LATE})", re.IGNORECASE)
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:[A-ZÀ-ÞА-ЯЁ]|Mr|Mrs|Ms|Dr|Prof|St|Sen|Gov|Rep|Gen|Col|Lt|Capt|Sgt|Rev|Mme|M)$"
)
_DETERMINER = re.compile(
    r"(?<![\w’'-])(?:the|a|an|one|another|some|several|many|two|three|four|his|her|their|its|our|my|both|le|la|les|un|"
    r"une|des|leur|son|sa|ses)\s|(?<![\w’'-])l['’]",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"\s(?:(?:for|of|at|from|in|with|on|near|de|du|des|pour|chez|à|в|из|на|от)\s|d['’])"
)
_TRAILING = re.compile(
    r"(?:\s+(?:has|had|have|also|later|then|once|again|first|only|just|still|even|would|did|never|often|always|both|"
    r"позже|также|ранее|потом|тоже|aussi|ensuite|\w+ly|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|"
    r"in an? (?:statement|interview)|[Ll]ast \w+))+$"
)
_CLAUSE = re.compile(
    r"[;:—–!?\n\ue000“”\"«»]|(?:\s|^)(?:but|while|when|because|although|though|whereas|and then|mais|tandis que|но|а|"
    r"что|that|if)\s|,\s+(?:and|et|и)\s|\.\s",
    re.IGNORECASE,
)
_ADVERBIAL = re.compile(
    r"^\s*(?:on|in|at|to|after|before|during|since|when|while|as|for|from|with|by|under|over|until|among|despite|asked|"
    r"speaking|standing|meanwhile|however|still|yet|but|and|so|then|later|earlier|today|yesterday|if|though|although|"
    r"because|instead|once|last|pour|selon|lors|dans|en|après|avant|à|mais|et|в|на|после|позже|но|и|[a-z]\w*ing\b|[A-Z]\w+ing\b|"
    r"[A-Z]\w+ed\b|\w+ly\b)(?![\w'’-])",
    re.IGNORECASE,
)
_COMPOUND = re.compile(r"\s(?:and|et|и)\s+(?:also |then |later )?$")
_UNFINISHED = re.compile(
    r"(?:^|\s)(?:the|a|an|his|her|their|its|of|for|at|from|in|with|on|to|by|that|than|as|de|la|le)$",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"(?:\w+ing|\w+ed|and|or|but|to|for|from|of|in|on|at|by|with|as|that|which|who|is|are|was|were|has|have|had|will|"
    r"would|if|when|while|because|et|mais|qui|и|а|но|в|на)(?!\w)"
)
_OFFICE_FIRST = re.compile(r"((?:[^\W\d_][\w’'-]*\s){0,3}[a-zà-ÿ][\w’'-]*\s)(?=[A-ZÀ-Þ])")
_SAYS_NOTHING = re.compile(
    r"continue[sd]?|continues|laughed|shrugged|smiled|sighed|calls?|called|asks?|asked|quoted|praised|condemned|dismissed|"
    r"reads?|begged|posted|concluded|concludes|responded|responds|criticised|criticized|accused|accuses|hailed|described|"
    r"objected|repeated|reported|confirmed|confirms|denounced|agrees?|agreed|demanded|promised|promises|thinks|thought"
)
"""Verbs that introduce a quotation, but without one mostly tell of something done."""
_ANYBODY = re.compile(r"(?:some|any|every)(?:body|one)|nobody|another|others|both", re.IGNORECASE)
_PERSON_WORD = re.compile(r"\w{2,}(?:er|or|ist|ian|ant|man|woman|men|ee|head|ess|ive|eur|aire)")
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being|est|sont|été)(?:\s\w+ly)?\s*$")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_ONLY_NAME = re.compile(rf"\s*({NAME.pattern})\s*(?=[,.;:\n\ue000—–]|$)")
_JOINED = re.compile(rf"({NAME.pattern})\s+(?:and|et|и)\s+({NAME.pattern})$")


@dataclass(frozen=True, slots=True)
class Named:
    """Who a tag says speaks: `kind` is "name", "office" (described) or "pronoun"; start and end of the whole tag."""

    kind: str
    text: str
    start: int
    end: int


def after_verb(masked: str, verb: re.Match[str], end: int) -> Named | None:
    """Who is named right after `verb`: "said the mayor, Ana Lim"."""
    return _named_from(masked, verb.start(), verb.end(), end)


def _named_from(masked: str, start: int, begin: int, end: int) -> Named | None:
    while masked[begin : begin + 1] == " ":
        begin += 1
    chunk_end = _chunk_end(masked, begin, end)
    chunk = masked[begin:chunk_end].strip()
    if not chunk:
        return None
    pronoun = PRONOUN.match(chunk)
    if pronoun and chunk[pronoun.end() : pronoun.end() + 1] in ("", " "):
        return Named("pronoun", pronoun.group().lower(), start, begin + pronoun.end())
    kind, text = _phrase(chunk)
    if not text:
        return None
    if kind == "office" and masked[chunk_end : chunk_end + 1] == ",":
        name = _ONLY_NAME.match(masked, chunk_end + 1, end)
        if name and bare_words(name.group(1)) and not _is_place_like(chunk):
            return Named("name", " ".join(bare_words(name.group(1))), start, name.end(1))
    return Named(kind, text, start, chunk_end)


def _is_place_like(chunk: str) -> bool:
    return BARE_SPEAKERS.fullmatch(chunk.lower().rsplit(maxsplit=1)[-1]) is not None


def _chunk_end(masked: str, begin: int, end: int) -> int:
    for match in _CHUNK_END.finditer(masked, begin, end):
        dot = match.group() == "."
        if dot and _ABBREVIATION.search(masked[max(begin, match.start() - 5) : match.start()]):
            continue
        return match.start()
    return end


def _phrase(chunk: str) -> tuple[str, str]:
    """What a noun phrase names: a person or body by name, or somebody by office."""
    joined = _JOINED.fullmatch(chunk)
    if joined:
        return "office", chunk
    first = NAME.match(chunk, _office_end(chunk))
    if first and not _is_owner(chunk, first) and (words := bare_words(first.group())):
        return "name", " ".join(words)
    preposition = _PREPOSITION.search(chunk)
    head = chunk[: preposition.start()] if preposition else chunk
    names = [item for item in NAME.finditer(head) if bare_words(item.group())]
    if names and names[-1].end() == len(head.rstrip()):
        return "name", " ".join(bare_words(names[-1].group()))
    if (
        _DETERMINER.match(f"{chunk} ")
        or first
        or BARE_SPEAKERS.search(head.split()[-1].lower())
        or len(chunk.split()) < 6
    ):
        return "office", chunk
    return "office", ""


def _office_end(text: str) -> int:
    """Where the name begins after an office that opens with a capital: "Nordkai engineer Ana Lim"."""
    office = _OFFICE_FIRST.match(text)
    if office is None or _PREPOSITION.search(office.group()):
        return 0
    last = office.group(1).split()[-1].lower()
    return office.end() if last not in NO_NAME and (last in TITLES or _PERSON_WORD.fullmatch(last)) else 0


def _is_owner(text: str, name: re.Match[str]) -> bool:
    """Whether it is the possessive in "Ostrand's foreign ministry"."""
    return name.group().endswith(("'s", "’s", "s'", "s’")) and name.end() < len(text.rstrip())


def before_verb(masked: str, verb: re.Match[str], begin: int) -> Named | None:
    """Who is the subject of `verb`: "Ana Lim, the mayor, said"."""
    clause = begin
    for match in _CLAUSE.finditer(masked, begin, verb.start()):
        if match.group().strip() == "." and _ABBREVIATION.search(
            masked[max(begin, match.start() - 5) : match.start()]
        ):
            continue
        clause = match.end()
    said = masked[clause : verb.start()]
    if _PASSIVE.search(said):
        return None
    if not said.strip() or _COMPOUND.search(masked[begin : verb.start()]):
        return _sentence_subject(masked, verb, begin)
    said = _TRAILING.sub("", _BRACKETS.sub("", said).rstrip())
    enclosed = said.endswith(",")
    pieces = [piece for piece in said.strip(" ,").split(",") if piece.strip()]
    while len(pieces) > 1 and _ADVERBIAL.match(pieces[0]):
        pieces.pop(0)
    if not pieces:
        return None
    found = _enclosed(pieces) if enclosed and len(pieces) > 1 else _last(pieces[-1])
    if found is None and len(pieces) > 1 and not enclosed:
        found = _last(pieces[0])
    while masked[clause].isspace():
        clause += 1
    return Named(*found, clause, verb.end()) if found else None


def _sentence_subject(masked: str, verb: re.Match[str], begin: int) -> Named | None:
    """The subject of a second predicate: "Ana Lim thanked the crew and said"."""
    pieces = [piece for piece in masked[begin : verb.start()].split(",") if piece.strip()]
    while len(pieces) > 1 and _ADVERBIAL.match(pieces[0]):
        pieces.pop(0)
    lead = pieces[0].strip() if pieces else ""
    word = PRONOUN.match(lead)
    if word and lead[word.end() : word.end() + 1] == " ":
        return Named("pronoun", word.group().lower(), begin, verb.end())
    name = NAME.match(lead)
    if name:
        name = NAME.match(lead, _office_end(lead))
    if name and bare_words(name.group()) and not _is_owner(lead, name):
        return Named("name", " ".join(bare_words(name.group())), begin, verb.end())
    return None


def _enclosed(pieces: list[str]) -> tuple[str, str] | None:
    """The subject before something between commas: "the mayor, Ana Lim," or "Ana Lim, the mayor,"."""
    last = _ONLY_NAME.fullmatch(pieces[-1].strip())
    if last and bare_words(last.group(1)) and _DETERMINER.match(pieces[-2].lstrip()):
        return "name", " ".join(bare_words(last.group(1)))
    for piece in reversed(pieces[:-1]):
        name = _ONLY_NAME.fullmatch(piece.strip())
        if name and bare_words(name.group(1)):
            return "name", " ".join(bare_words(name.group(1)))
    head = _last(pieces[0])
    if last and bare_words(last.group(1)) and (head is None or head[0] != "name"):
        return "name", " ".join(bare_words(last.group(1)))
    return head


def _last(piece: str) -> tuple[str, str] | None:
    """The subject at the end of a clause's words: a pronoun, a name, or a noun phrase from its determiner on."""
    piece = piece.strip()
    if not piece:
        return None
    words = piece.split()
    if _ANYBODY.fullmatch(words[-1]):
        return "office", words[-1]
    if PRONOUN.fullmatch(words[-1]):
        return "pronoun", words[-1].lower()
    joined = _JOINED.search(piece)
    if joined and bare_words(joined.group(1)):
        return "office", joined.group()
    names = [item for item in NAME.finditer(piece) if bare_words(item.group())]
    if names and names[-1].end() == len(piece):
        lead = piece[: names[-1].start()]
        preposition = _PREPOSITION.search(f" {lead}")
        governed = re.search(rf"{_PREPOSITION.pattern}(?:the |la |le |l['’])?$", f" {lead}")
        if preposition is None or not governed or _ADVERBIAL.match(f"{lead}x"):
            return "name", " ".join(bare_words(names[-1].group()))
        head = _last(lead[: max(0, preposition.start() - 1)].strip())
        if head and head[0] == "name":
            return head
        start = _DETERMINER.search(piece)
        return ("office", piece[start.start() if start else 0 :]) if head else None
    first = next((item for item in names if item.start() == 0), None)
    if first and _is_owner(piece, first) and len(words) < 8:
        return "office", piece
    if first and _PREPOSITION.match(piece, first.end()):
        return "name", " ".join(bare_words(first.group()))
    starts = [item.start() for item in _DETERMINER.finditer(piece) if not _is_governed(piece, item.start())]
    if starts and len(piece[starts[-1] :].split()) < 9:
        phrase = piece[starts[-1] :]
        if _UNFINISHED.search(phrase):
            return None
        inside = [item for item in NAME.finditer(phrase) if bare_words(item.group())]
        if inside and inside[-1].end() == len(phrase) and not _PREPOSITION.search(phrase):
            return "name", " ".join(bare_words(inside[-1].group()))
        return "office", phrase
    bare = BARE_SPEAKERS.search(piece.lower())
    if bare and (bare.start() == 0 or bare.end() == len(piece)):
        return "office", piece[bare.start() :]
    if len(words) < 4 and re.match(r"[а-яёА-ЯЁ]", piece) and words[0].lower() not in NO_NAME:
        return "office", piece
    return None


def _is_governed(piece: str, start: int) -> bool:
    return (
        re.search(r"(?:^|\s)(?:for|of|at|from|in|with|on|to|by|de|pour|à)\s$", piece[:start], re.IGNORECASE)
        is not None
    )


def according(masked: str, begin: int, end: int) -> Named | None:
    """Who is named in "according to Ana Lim"."""
    for match in ACCORDING.finditer(masked, begin, end):
        found = _named_from(masked, match.start(), match.end(), end)
        if found:
            return found
    arabic = ARABIC_ACCORDING.search(masked, begin, end)
    return _arabic(masked, arabic.start(), arabic.end(), end) if arabic else None


def right_after(masked: str, begin: int, end: int) -> Named | None:
    """The tag that follows a quotation at once: verb and name in either order, or "according to"."""
    gap = re.compile(r"[\s,،—–-]*(?:(?:later|then|also|cependant|так|كما)\s+)?").match(masked, begin, end)
    place = gap.end() if gap else begin
    if match := INVERTED.match(masked, place):
        return Named("pronoun", match["one"] or match["two"], place, match.end())
    if match := VERB.match(masked, place, end):
        return after_verb(masked, match, end)
    if match := ARABIC_VERB.match(masked, place, end):
        return _arabic(masked, match.start(), match.end(), end) or _implied(match)
    if match := ACCORDING.match(masked, place, end):
        return _named_from(masked, match.start(), match.end(), end)
    stop = re.compile(r"[.;:!?\n\ue000](?:\s|$)").search(masked, place, end)
    limit = stop.start() if stop else end
    while stop and _ABBREVIATION.search(masked[max(place, stop.start() - 5) : stop.start()]):
        stop = re.compile(r"[.;:!?\n\ue000](?:\s|$)").search(masked, stop.end(), end)
        limit = stop.start() if stop else end
    for match in VERB.finditer(masked, place, limit):
        if "," not in masked[place : match.start()] and _NO_SUBJECT.match(masked, place):
            return None
        found = before_verb(masked, match, place)
        if found is not None:
            return found
    return None


def right_before(masked: str, begin: int, end: int) -> Named | None:
    """Whose words follow at `end`: the subject of the last verb of saying in the sentence so far."""
    if found := according(masked, begin, end):
        return found
    for match in reversed(list(VERB.finditer(masked, begin, end))):
        if match.group() in ("called", "calls", "read", "reads") and match.end() > end - 1:
            continue
        if found := before_verb(masked, match, begin):
            return found
    for match in reversed(list(ARABIC_VERB.finditer(masked, begin, end))):
        return _arabic(masked, match.start(), match.end(), end) or _implied(match)
    return None


def reporter(masked: str, begin: int, end: int) -> Named | None:
    """Who is reported to have said a whole sentence: "Ana Lim said it would open", "it will open, said Ana Lim"."""
    if found := according(masked, begin, end):
        return found
    for match in VERB.finditer(masked, begin, end):
        if _SAYS_NOTHING.fullmatch(match.group()):
            continue
        behind = masked[max(begin, match.start() - 2) : match.start()] == ", "
        found = after_verb(masked, match, end) if behind else None
        if found is not None and found.kind == "name":
            said = masked[match.end() : found.end].rstrip()
            if said.endswith(found.text.split()[-1]) or _PREPOSITION.search(said):
                return found
        if subject := before_verb(masked, match, begin):
            return subject
    return None


def _arabic(masked: str, start: int, begin: int, end: int) -> Named | None:
    """The name after an Arabic verb of saying, without the words of office before it."""
    stop = ARABIC_STOP.search(masked, begin, end)
    limit = stop.start() if stop else end
    words = masked[begin:limit].split()
    said = " ".join(words)
    while words and (words[0].startswith("ال") or ARABIC_ROLE.fullmatch(words[0])):
        words.pop(0)
    if len(words) > 1 and len(words) < 5:
        return Named("name", " ".join(words), start, limit)
    return Named("office", said, start, limit) if said and len(said.split()) < 9 else None


def _implied(match: re.Match[str]) -> Named:
    """An Arabic verb without a name: he or she who spoke last."""
    return Named("pronoun", "هي" if match["she"] else "هو", match.start(), match.end())
