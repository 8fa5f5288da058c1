"""Names in the head of an article: what can name an outlet, what a person, and who wrote for whom.

Nothing here knows an outlet or a person. A name is told by its form (short, capitalised), by the words that say what
it is (Herald, agency; correspondent) and by what stands before or after it (by, Text:, reports, in, for).
"""

from __future__ import annotations

import re

from rag.articles.dates import find_date
from rag.articles.places import is_country

EDGES = ' \t\u00a0\u200e\u200f,،;:|–—-·•■◆▪●►▶»«()[]{}*_#/\\"“”«»'
PARTS = re.compile(r"\s*(?:[|•·]|\s[–—-]+\s|\t|\s/\s)\s*")
"""What parts the names on one line: bars, dots, dashes with room around them, tabs."""
SENTENCE_END = re.compile(r"""[.!…۔。]["'”’»)\]]*\s*(?:\([^()]{2,30}\)\s*)?$""")
FULL_STOP = r"(?<![A-ZÀ-ÞА-Я])(?<!\bProf)(?<!\bDr)(?<!\bMrs)(?<!\bMr)(?<!\bMs)(?<!\bSt)(?<!\bRev)\.\s+"
"""A full stop that parts names: none after initials and forms of address."""
UPDATED = re.compile(r"\b(?:updated|last modified|modified|mis à jour|обновлено)\b|آخر تحديث", re.IGNORECASE)
_TIME = re.compile(
    r"\b\d{1,2}[:.h]\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?\b|h\b)?(?:\s*(?:gmt|utc|msk|[ew]es?t|c?es?t|"
    r"[ecmp][ds]?t|bst|ist|jst|aes?t|eat|trt)\b)?(?:\s*[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)\b\.?|lundi|mardi|"
    r"mercredi|jeudi|vendredi|samedi|dimanche|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|"
    r"pazartesi|salı|çarşamba|perşembe|cuma|cumartesi|pazar|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b|"
    r"(?:الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت|الأحد|الاحد)",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"^\s*(?:first )?(?:published|posted|publié le|опубликовано|نشر في)\s*(?:on|at|:)?\s*", re.IGNORECASE
)
_EDITION = re.compile(
    r"\s*\((?:online|print|web|website|web ?site|digital|en ligne|онлайн)(?: edition)?\)", re.IGNORECASE
)
"""Says in which form an outlet printed; no part of its name."""

_WORKS = (
    r"(?:posted|written|reported|story|text|words|analysis|opinion|commentary|column|comment|essay|review|interview|report|"
    r"reporting)"
)
BYLINE = re.compile(
    rf"^\s*[*_]*(?:(?:{_WORKS}\s+)?by|von|par|yazan|автор|بقلم|كتبت|كتب)\s*:?\s+(?P<name>\S.{{1,90}})$",
    re.IGNORECASE,
)
"""A line that opens like a byline; whether it is one, `author_of` says."""
BY = re.compile(
    rf"^\s*[*_]*(?:(?:{_WORKS}\s+)?by|von|par|بقلم|كتبت|كتب)\s*:?\s+(?P<name>\S.*)$", re.IGNORECASE
)
_CREDIT = re.compile(
    r"^(?:(?:text|words|story|report|reporting|interview|texte|текст|إعداد|نص)\s*[:：]|"
    r"(?:(?:un )?reportage|récit|enquête|propos recueillis|(?:entretien|interview) (?:réalisée?|menée?|conduite?)) "
    r"(?:de|par)|interviewed by|as told to|(?:das )?(?:gespräch|interview) führten?|aufgezeichnet von|"
    r"(?:интервью|беседу) (?:взял[аи]?|вел[аи]?|вёл|провел[аи]?|провёл)|"
    r"(?:беседовал|записал|расспрашивал|спрашивал)[аи]?|"
    r"(?:материал )?подготовил[аи]?|(?:حاور(?:ه|ها|هم|ته|تها|تهم)|"
    r"أجر(?:ى|ت) (?:الحوار|المقابلة|اللقاء)|حوار|تقرير|تحقيق)"
    r"\s*:|(?:röportaj|söyleşi|haber|hazırlayan|derleyen)\s*:|(?:զրուցեց|պատրաստեց|հարցազրույցը վարեց)[՝:]?)"
    r"\s*(?P<name>\S.*)$",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(
    r"^(?:(?:(?:prof|dr)\.|professor|الدكتورة?|البروفسور|العميد|اللواء|العقيد|العماد|السفير|المهندس|أ\. ?د\.|د\.)\s+)+",
    re.IGNORECASE,
)
"""Titles of scholars, and in Arabic also of officers, before the name of who signs."""
_REPORTS = re.compile(
    r"^(?P<name>[^,:;]{4,60}?),?\s+(?:reports|reporting)(?:\s+(?:from|in)\s+[\w .'’-]{2,40})?$", re.IGNORECASE
)
_ROLE = re.compile(r"^(?P<name>[^,،|:]{4,60})[,،]\s+(?P<role>[^|:]{4,60})$")
_IN_PLACE = re.compile(r"^(?P<name>[^,|:]{4,50}?)\s+(?:in|at|à|en)\s+(?=[A-ZÀ-ÞА-Я])[^|:]{2,50}$")
_MAX_PLACE_WORDS = 4
_AND = re.compile(r"\s+(?:and|&|et|und|y|ve|и)\s+")
_FOR = re.compile(
    r"[\s,]\s*(?:special(?:ly)?\s+)?(?:for|to)\s+(?:the\s+)?(?:(?:newsletter|magazine|weekly|daily|newspaper|paper|"
    r"journal|blog|web ?site|news agency|agency)\s+)?(?P<name>[A-ZÀ-ÞА-Я].{1,45})$"
)
_IN_BRACKETS = re.compile(r"\s*\((?P<name>[^()]{2,45})\)?\s*$")
_PASSED_ON = re.compile(
    r"[\s,]+(?:and\s+)?(?:first\s+)?(?:re-?|cross-?)?(?:posted|published)\b.*$", re.IGNORECASE
)
_AFTER_NAME = re.compile(
    r",?\s+(?:in|for|at|from)\s+(?=[A-ZÀ-ÞА-Я])|,?\s+(?:special(?:ly)?\s+)?(?:for|to)\s+the\s+|,?\s+special(?:ly)?\s+(?:for|to)\s+"
)

_LOWER_JOINS = frozenset(
    "of the and for de la le du des d'la in on & al el y und der die das von den van et del di da do dos della delle "
    "dei degli sur dem zum zur".split()
)
_PARTICLES = frozenset(
    "de da di del della dos du van von der den la le el al bin ibn ben af av ter y".split()
)
_NO_FORENAME = frozenset(
    "the a le la les il lo gli el los las al der die das from by with in at on to for and or as of".split()
)
_NO_PERSON = frozenset(
    "what who why how when where which we you they it its is are was not no new this that these his her our your all "
    "more most".split()
)
_DANGLING = frozenset(
    "on in at by to of for from with and the a an or as date published updated posted time".split()
)
TRADES = frozenset(
    "reporter reporters correspondent correspondents staff agencies editor editors desk bureau writer writers "
    "columnist columnists contributor contributors journalist journalists".split()
)
"""Words for people who write for a living: they say what a name is, and name nobody themselves."""
_AGENCIES = frozenset("agency agencies agence agences wire wires services".split())
_NOBODY = (
    TRADES
    | _AGENCIES
    | frozenset(
        "reports report our own special the a from by and with news team newsroom combined various sources".split()
    )
)
_KIND_WORD = re.compile(
    r"(?:\b(?:news\w*|press|post|times|herald|tribune|gazette|courier|journal|observer|wire|today|clarion|"
    r"daily|weekly|monthly|quarterly|fortnightly|enquirer|mercury|review|agency|agence|radio|tv|net$|television|channel|network|media|magazine|monitor|mail|"
    r"chronicle|echo|star|sun|voices?|guardian|mirror|tidings|messenger|beacon|advertiser|telegraph|standard|"
    r"bulletin|report|ledger|examiner|dispatch|inquirer|sentinel|argus|globe|express|independent|register|online|"
    r"broadcasting|service|\w*zeitung|\w*blatt|kurier|courrier|journal|presse|corriere|diario|gaceta|"
    r"gazete\w*|haber\w*|posta\w*)\b|"
    r"\bвест(?:ник|и)\b|газета|новости|время|известия|правда|агентств|листок|курьер|ведомости|телеграф|\bонлайн\b|"
    r"\bтелеканал\b|\bрадио\b|\bжурнал\b|\bобозрение\b|"
    r"صحيفة|وكالة|جريدة|قناة|نت\b|مجلة|موقع|أخبار|الأخبار|راديو|إذاعة|تلفزيون|بوابة)",
    re.IGNORECASE,
)
_THE_NAME = re.compile(r"^The\s+[A-ZÀ-Þ]", re.IGNORECASE)
_WORD_OF_NAME = re.compile(r"[^\W\d_][\w.'’-]*")
_ACRONYM = re.compile(
    r"^(?P<a>[A-ZÀ-ÞА-Я]{2,7})\s*[/|–—-]\s*(?P<name>.+)$|^(?P<n>.+?)\s*\((?P<b>[A-ZÀ-ÞА-Я]{2,7})\)$"
)
_REFERENCE = re.compile(
    r"^(?:(?:page|pages|section|room|hall|part)\s+[A-Z]|(?:page|pages|pp?\.?|section|room|hall|vol\.?|volume|no\.?|nr\.?|"
    r"issue|edition|part|seite|стр\.?|pág\.?|sayfa|ص|[sс]\.)\s*[A-Z]?\d[\d\w–-]*)$",
    re.IGNORECASE,
)
_ISSUED = re.compile(
    r"^(?:[\w-]+\s+){0,2}(?:transcript|minutes|record|communiqué|press release|readout)\s*"
    r"(?:[,:–—-]|\bby\b|\bfrom\b)\s*(?P<name>\S.+)$",
    re.IGNORECASE,
)
_CLOSING_CREDIT = re.compile(
    r"^[(\[]?\s*(?:reporting|writing|written|words|story|text)\s+by\s+"
    r"(?P<name>[^;:.()\[\]]{4,60}|(?:[A-Z]\. ?)+[^;:.()\[\]]{2,50})"
    r"(?:[;.)\]]|$)",
    re.IGNORECASE,
)
_INITIALS = re.compile(
    r"(?!(?:U\. ?[SKN]|E\. ?U|D\. ?C|[AP]\. ?M)\.$)(?:[A-ZÀ-ÞА-Я]\.\s?(?:[a-zа-я]\.\s?)?){2,4}"
)
_INITIALS_APART = re.compile(r"\S\s{4,20}(?P<name>(?:[A-ZÀ-ÞА-Я]\.\s?){2,4})$")
_BEHIND_DASH = re.compile(r"^(?:[—–-]|--)\s*(?P<name>[^—–]{3,60})$")
_NICKNAME = re.compile(r"[^\W\d_A-Z][\w-]{2,20}")
_OWNER = re.compile(r"^(?P<name>[^()]{2,60}?)\s*\((?P<who>[^()]{2,45})\)$")
_OFFICE = re.compile(r"\b(?:office|secretariat|department|registry)\b", re.IGNORECASE)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:©|\(c\))?\s*(?:\d{4}(?:[-–]\d{4})?)?,?\s*(?:by\s+)?(?P<name>[^.|,;\n]{2,45})",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """A name without times, weekdays, labels and the punctuation around it."""
    text = _WEEKDAY.sub(" ", _TIME.sub(" ", text))
    text = _PUBLISHED.sub("", UPDATED.sub("", _EDITION.sub("", text)).strip(EDGES))
    text = re.sub(
        r",\s*(?:le|el|on|am|du|vom)$", "", text, flags=re.IGNORECASE
    )  # "Le Courrier, le | 3 mai 2024"
    text = re.sub(r"\s+(?:г|год[а-я]*)\.?$", "", text.strip(EDGES))
    return " ".join(
        re.sub(
            r"^(?:on|at|am|em)\b\s*|^(?:le|el)$|\bг\.\s*$", "", text.strip(EDGES), flags=re.IGNORECASE
        ).split()
    ).strip(EDGES)


def is_name(text: str) -> bool:
    """Whether a text can be the name of an outlet: short, no sentence, its words capitalised or without case."""
    words = text.split()
    if not words or len(text) > 45 or len(words) > 6 or SENTENCE_END.search(text) or text[-1] in "?؟:,;":
        return False
    if words[-1].lower() in _DANGLING or is_reference(text):
        return False
    letters = [word for word in words if word[:1].isalpha()]
    if not letters:
        return False
    small = [word for word in letters if word[:1].islower() and word.lower() not in _LOWER_JOINS]
    # Russian, French and Turkish capitalise only the first word of an outlet's name.
    said = letters[0][0].isupper() and _KIND_WORD.search(text) is not None
    return not small or (len(words) == 1 and len(text) >= 3) or said


def is_outlet(name: str) -> bool:
    """Whether a name says itself that it is an outlet's: Herald, News, agency, or "The" before it."""
    return _KIND_WORD.search(name) is not None or _THE_NAME.match(name) is not None


_DESKS = (TRADES - {"bureau", "agencies"}) | frozenset(
    "investigations investigation sports sport business politics newsroom team special senior chief".split()
)


def house(name: str) -> str:
    """The outlet without its desk, its country or the writer's trade: "Harbour Post Investigations", "TPA – Norland".

    >>> house("Harbour Post Investigations"), house("Sund Press Sports Writer"), house("TPA – Norland")
    ('Harbour Post', 'Sund Press', 'TPA')
    >>> house("Sund Sport")
    'Sund Sport'
    """
    placed = _PLACED.match(name)
    if placed and not is_outlet(placed["place"]) and (placed["name"].isupper() or is_outlet(placed["name"])):
        name = placed["name"]
    words = name.split()
    while words and words[-1].lower() in _DESKS:
        words.pop()
    rest = " ".join(words)
    return rest if len(words) >= 2 and is_outlet(rest) else name


_PLACED = re.compile(
    r"^(?P<name>[A-ZÀ-ÞА-Я][^–—|]{1,30}?)\s+[–—-]\s+(?P<place>[A-ZÀ-ÞА-Я][^\W\d_]{2,}(?: [A-ZÀ-ÞА-Я][^\W\d_]+){0,2})$"
)


def is_reference(text: str) -> bool:
    """Whether a text says where something stands, as "Page 3" or "Room 4" do: no name."""
    return _REFERENCE.match(text) is not None


def is_person(name: str) -> bool:
    """Whether a text has the form of a person's full name. Small capitals count only where `signed` says more."""
    words = name.split()
    if not 2 <= len(words) <= 4 or is_outlet(name) or name.isupper() or words[0].lower() in _NO_FORENAME:
        return False
    if is_country(name):
        return False
    if any(word.lower() in TRADES | _NO_PERSON for word in words) or words[-1].lower() in _PARTICLES:
        return False
    return all(
        _WORD_OF_NAME.fullmatch(word) and (word[0].isupper() or not word.isascii() or word in _PARTICLES)
        for word in words
    )


def is_people(text: str) -> bool:
    """Whether a text names persons and nothing else: one, or several with commas or an "and" between."""
    names = [name for name in re.split(r"\s*[,،]\s+|\s+(?:and|&|et|und|y|ve|и|و)\s+| و(?=\w)", text) if name]
    return bool(names) and all(is_person(name) for name in names)


def is_nobody(text: str) -> bool:
    """Whether a byline names no one: "Staff, Agencies", "our wire services"."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return not _AGENCIES.isdisjoint(words) and all(word in _NOBODY for word in words)


def full_name(text: str) -> str:
    """The name in full where a line gives it beside its initials; else the text as it is.

    >>> full_name("TPA / Tolm Press Agency"), full_name("Tolm Press Agency (TPA)"), full_name("TPA / Sport")
    ('Tolm Press Agency', 'Tolm Press Agency', 'TPA / Sport')
    """
    match = _ACRONYM.match(text)
    if match is None:
        return text
    name, initials = (match["name"] or match["n"]).strip(EDGES), match["a"] or match["b"]
    words = [word for word in re.split(r"[\s-]+", name) if word[:1].isalpha()]
    spoken = ["".join(word[0] for word in words), "".join(word[0] for word in words if word[0].isupper())]
    return name if initials.casefold() in [item.casefold() for item in spoken] else text


def author_of(text: str) -> str | None:
    """The author in what follows "By": names, without outlet, role, date and place; None for prose and for staff.

    >>> author_of("Ana Lim, Tolm News Agency"), author_of("Ana Lim for the weekly Quay"), author_of("Staff, Agencies")
    ('Ana Lim', 'Ana Lim', None)
    """
    if (placed := _each_in_place(text)) is not None:
        return placed
    when = find_date(text)
    head = PARTS.split(text[: when.start] if when else text)[0]
    head = _AFTER_NAME.split(_PASSED_ON.sub("", head))[0]
    head = _IN_BRACKETS.sub("", head)
    first, *after = re.split(r"[,،]\s+", head.strip(EDGES))
    if after and is_people(first) and not is_people(head.strip(EDGES)):
        head = first
    head = re.split(r",\s+(?=[\w ]*\b(?:correspondent|reporter|editor|staff|special)\b)", head)[0]
    name = head.strip(EDGES + ".") if not re.search(r"\b[A-Z]\.$", head) else head.strip(EDGES)
    words = name.split()
    if (
        not words
        or len(words) > 9
        or is_nobody(name)
        or (SENTENCE_END.search(head.rstrip()) and len(words) > 5)
    ):
        return None
    small = [word.strip(",") for word in words if word[:1].islower()]
    return None if any(word.lower() not in _LOWER_JOINS | _PARTICLES | TRADES for word in small) else name


def _each_in_place(text: str) -> str | None:
    """The names in "Ana Lim in Sund and Rob Hale in Vell"."""
    pieces = _AND.split(text.strip(EDGES))
    found = [
        match["name"] for piece in pieces if (match := _IN_PLACE.match(piece)) and is_people(match["name"])
    ]
    return " and ".join(found) if 1 < len(found) == len(pieces) else None


def outlet_of_byline(text: str, author: str | None) -> str | None:
    """The outlet that follows the author in a byline: "Ana Lim, Tolm News Agency", "Ana Lim for the weekly Quay"."""
    when = find_date(text)
    parts = PARTS.split(text[: when.start] if when else text)
    head = _PASSED_ON.sub("", parts[0]).strip(EDGES)
    found = [clean(part) for part in PARTS.split(text)[1:] if find_date(part) is None]
    if match := _FOR.search(head):
        found.insert(0, clean(match["name"]))
    else:
        bracketed = _IN_BRACKETS.search(head)
        after = [clean(piece) for piece in re.split(r"[,،]\s+", head)[1:]]
        after += [clean(bracketed["name"])] if bracketed else []
        found[:0] = [piece for piece in after if is_outlet(piece) or re.fullmatch(r"[A-Z]{2,6}", piece)]
    return next((name for name in found if name and name != author and is_name(name)), None)


def signed(text: str) -> str | None:
    """Who signs a line that says so without "by": "Text: Ana Lim", "ANA LIM reports", "Ana Lim, Chief Reporter",
    "Dr. Ana Lim"."""
    bare = text.strip(EDGES)
    if (match := _ADDRESSED.match(bare)) and is_people(bare[match.end() :]):
        return bare[match.end() :]
    if match := _CREDIT.match(bare):
        name = author_of(match["name"])
    elif (match := _REPORTS.match(bare)) or (
        (match := _ROLE.match(bare)) and any(word.lower() in TRADES for word in match["role"].split())
    ):
        name = match["name"]
    else:
        return None
    return name if name and is_people(name.title() if name.isupper() else name) else None


def posted(text: str) -> str | None:
    """The person on a line "Ana Lim in Ostrava". A headline can look so: for lines beside a headline only."""
    match = _IN_PLACE.match(text.strip(EDGES))
    if match is None or not is_people(match["name"]):
        return None
    place = text.strip(EDGES)[match.end("name") :].split()[1:]
    return match["name"] if len(place) <= _MAX_PLACE_WORDS else None


def nickname(text: str) -> str | None:
    """The one word in small letters by which a writer goes, where a label says that it is an author.

    >>> nickname("crumbs"), nickname("staff"), nickname("the desk"), nickname("a@b.example")
    ('crumbs', None, None, None)
    """
    told = _NICKNAME.fullmatch(text) is not None and text not in _NOBODY
    return text if told and text not in ("unknown", "none", "anonymous", "admin") else None


def owned(name: str) -> tuple[str, str | None]:
    """A channel's name without what stands in brackets behind it, and the person who is named there.

    >>> owned("Rail Notes (Ana Lim)"), owned("Rail Notes (unofficial)"), owned("Rail Notes")
    (('Rail Notes', 'Ana Lim'), ('Rail Notes', None), ('Rail Notes', None))
    """
    match = _OWNER.match(name)
    if match is None:
        return clean(name), None
    return clean(match["name"]), match["who"].strip() if is_people(match["who"]) else None


def issuer(text: str) -> str | None:
    """Who issued a document, where a line says it: "Unrevised transcript, Hansard Service"."""
    match = _ISSUED.match(text.strip(EDGES))
    name = clean(match["name"]) if match else ""
    programme = (
        ":" in match[0] if match else False
    )  # "Transcript: The Evening Question" names what was on the air
    said = _KIND_WORD.search(name) if programme else is_outlet(name)
    return name if is_name(name) and (said or _OFFICE.search(name)) else None


def credited(text: str) -> str | None:
    """Who wrote, in the credits that close a report: "(Reporting by Ana Lim; editing by Rob Hale)"."""
    match = _CLOSING_CREDIT.match(text)
    name = author_of(match["name"]) if match else None
    return name if name and is_people(name) else None


def is_initials(text: str) -> bool:
    """Whether a text is a writer's initials: "J. B.", "A.L."."""
    return _INITIALS.fullmatch(text.strip()) is not None


def signed_off(text: str) -> str | None:
    """Who signs the last words of a text: a name behind a dash, or initials far behind the words or alone.

    >>> signed_off("— Ana Lim"), signed_off("The gate is shut.        A. L."), signed_off("- all of it")
    ('Ana Lim', 'A. L.', None)
    """
    if is_initials(text):
        return text.strip()
    match = _INITIALS_APART.search(text) or _BEHIND_DASH.match(text)
    name = match["name"].strip() if match else ""
    return name if name and (_INITIALS.fullmatch(name) or is_people(name)) else None


def copyright_holder(text: str) -> str | None:
    """Who is named after a copyright sign."""
    match = _COPYRIGHT.search(text)
    name = (
        clean(re.sub(r"\s*(?:all rights reserved.*|(?:19|20)\d\d)$", "", match["name"], flags=re.IGNORECASE))
        if match
        else ""
    )
    return name if name and is_name(name) else None
