"""Who does what, and how firmly: what a claim must take over from the cited words together with a fact.

A small model that rewords a sentence keeps its words and moves them: the subject becomes the object, a spokesman gets
the minister's title, "at least 58" becomes 58, what might happen has happened. Scores do not see that; these rules do.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from rag.attribution import values, wording
from rag.attribution.reading import TITLES, Token, held, matters
from rag.chunking import sentences

ReadText = Callable[[str], Sequence[Token]]

_ABOVE = (
    r"at least|(?<!no )(?<!not )more than|(?:no|not) fewer than|(?:no|not) less than|upwards of|in excess of|above"
    r"|(?:just |well |a little |(?<!hand )(?<!handed )(?<!taken ))over"
)
_BELOW = (
    r"less than|fewer than|(?:just |a little |well )?under|below|nearly|almost|not quite|(?:just )?short of"
)
_CAP = r"at most|up to|(?:no|not) more than|as many as|a maximum of"
_BOUND = re.compile(
    rf"\b(?:(?P<cap>{_CAP})|(?P<above>{_ABOVE})|(?P<below>{_BELOW}))\s+[$€£¥]?$", re.IGNORECASE
)
_ROUGHLY = re.compile(r"\b(?:about|around|some|roughly|approximately|close to)\s+[$€£¥]?$", re.IGNORECASE)
_NEARLY = re.compile(r"\b(?:nearly|almost|not quite|short of|under)\s+[$€£¥]?$", re.IGNORECASE)
_OPEN = re.compile(
    r"(?:if|unless|whether|either|could|might|may|perhaps|possibly|maybe|possible|alleged\w*)", re.IGNORECASE
)
"""A word that leaves open whether what follows is so."""
_LEFT_OPEN = re.compile(
    r"\b(?:if|unless|whether|either|or|could|might|may|can|perhaps|possib\w+|maybe|would|should|alleg\w+|suspect\w*"
    r"|risk\w*|threat\w*|fear\w*|expect\w*|plan\w*|consider\w*|potential\w*|likely|until|depend\w*|condition\w*"
    r"|propos\w+|ask\w*|question\w*|unclear|in case|warn\w*|think\w*|believ\w+|doubt\w*|no|not|only)\b",
    re.IGNORECASE,
)
_HELPERS = frozenset("has have had must will would can could may might should does did do".split())
_BE = frozenset("is are was were be been being am".split())
_BETWEEN = frozenset("also not now never already still only just all both first then again".split())
_SAYS = frozenset(
    """say says said tell tells told call calls called write writes wrote claim claims claimed admit admits admitted
    add adds added explain explains explained announce announces announced report reports reported argue argues
    argued""".split()
)
_DOES = frozenset(
    "owes owed wants wanted finds found holds held gave gives took takes won lost paid sold bought".split()
)
_SHE = frozenset("she her hers herself".split())
_GENDERED = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Mm]y|[Oo]ur|me|us|myself|ourselves)\b(?!\.)")
_NUMERAL = re.compile(r"\b[A-ZÀ-Þ][\w’']* I\b")
_QUOTED = re.compile(r"[\"“«‘][^\"“”«»]*[\"”»]|(?<!\w)['‘][^'’]{3,}['’](?!\w)")
_TURN = re.compile(r"\W*(?:[QA]|[A-Z]{3,}(?: [A-Z.]{2,})*):\s")
_NO_ENDS = frozenset("a an the of that if and or but to as which who whose its their".split())
_MOSTLY = 0.5
_TAKEN_BACK = re.compile(
    r"\b(?:we|this (?:newspaper|paper|magazine|site)|(?:an|the|our) (?:earlier |first |original )?(?:article|version"
    r"|report|obituary|headline)) (?:had |wrongly |mistakenly )?(?:quoted|wrote|said|reported|gave|stated|called|put"
    r"|named|described|attributed)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(?:wrongly|mistaken\w*|correct\w*|originally|first|earlier|wrote|reported|quoted|not|error)\b",
    re.IGNORECASE,
)
_BUT = re.compile(r",? (?:but|whereas|and did not)\b")
_ATTRIBUTES = re.compile(
    r"\b(?:sa(?:ys?|id)|according|claim\w*|accus\w*|alleg\w*|told|argu\w*|insist\w*|den(?:y|ie[sd])|reject\w*"
    r"|contradict\w*|disput\w*|calls?|called|wrote|writes|report\w*|estimat\w*|puts?|reckon\w*|believ\w*|think\w*"
    r"|thought|stat(?:es|ed)|announc\w*|found|finds|view|blam\w*|complain\w*|admit\w*|confirm\w*|warn\w*|suggest\w*"
    r"|expect\w*|criticis\w*|describ\w*|count(?:s|ed)?|gives?|gave|speaks?|spoke|maintain\w*|holds?|quoted"
    r"|conclud\w*|shows?|ask(?:s|ed)|wants?|promis\w*|propos\w*|demand\w*|vow\w*)\b",
    re.IGNORECASE,
)
_ONE_SIDED = re.compile(
    r"\b(?:claim(?:s|ed|ing)|alleg(?:es|ed|ing|edly)|accus(?:es|ed|ing)|contradict(?:s|ed|ing)|insist(?:s|ed|ing)"
    r"|in (?:his|her|their) (?:view|opinion|words))\b",
    re.IGNORECASE,
)
_SCOPE = 5
_ENDS_SCOPE = frozenset(
    "if unless because since when while but though although as said says after before or".split()
)
_APPOSITION = re.compile(
    r"(?P<name>[A-ZÀ-Þ][\w'’.-]+(?: [A-ZÀ-Þ][\w'’.-]+)*), (?:the|an?|its|their|his|her) (?:then |former |acting )?"
    r"(?P<role>[a-z][\w'’-]+(?: (?!who\b|which\b|and\b|but\b|said\b|says\b|told\b)[\w'’-]+){0,5})(?=,)"
)
_ROLE_REACH = 12
_PARTS = frozenset('.;:!?"“”«»') | _SAYS | {"that", "whether"}
"""What no role stands across from its name."""
_INVERTED = 8
"""A subject so near behind its verb of saying belongs to it: "... said the mayor"."""


def repeats(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether the claim needs one of the source's words more often than the source has it.

    "The supplier owed its supplier five months of bills": a word has taken the place of another.
    """
    ours = Counter(token.key for token in said if matters(token) and token.kind != "day")
    theirs = Counter(token.key for token in source)
    return any(count > max(1, theirs[key]) for key, count in ours.items() if theirs[key])


def unbounded(claim: str, told: str) -> bool:
    """Whether a bound of a figure ("at least", "up to", "nearly") was dropped, turned round or made up."""
    theirs: dict[float, set[str]] = {}
    for item in values.written_numbers(told):
        theirs.setdefault(item.value, set()).add(_bound(told[: item.start]))
    for item in values.written_numbers(claim):
        known = theirs.get(item.value)
        if known is None or item.ordinal or (item.whole and 1800 <= item.value < 2100):
            continue
        bound = _bound(claim[: item.start])
        if (
            bound in known
            or (bound == "about" and "nearly" in known)
            or (bound, known) == ("below", {"nearly"})
        ):
            continue
        if bound in ("about", "") and known <= {"about", ""}:
            continue
        return True
    return False


def _bound(before: str) -> str:
    if _NEARLY.search(before):
        return "nearly"
    if match := _BOUND.search(before):
        return next(name for name, words in match.groupdict().items() if words)
    return "about" if _ROUGHLY.search(before) else ""


def left_open(claim: str, said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether the claim asserts what the source only says may be: after "if", "might", "either"."""
    if _LEFT_OPEN.search(claim):
        return False
    asserted = {token.key for token in said if matters(token)}
    for index, token in enumerate(source):
        if token.kind != "word" or not _OPEN.fullmatch(token.word):
            continue
        scope = list(_scope(source, index))
        if scope and 2 * sum(held(key, asserted) for key in scope) > len(scope):
            return True
    return False


def _scope(tokens: Sequence[Token], index: int) -> Iterator[str]:
    last, count = tokens[index].place, 0
    for token in tokens[index + 1 :]:
        if token.place - last > 2 or count >= _SCOPE or (count and token.word in _ENDS_SCOPE):
            return
        last = token.place
        if matters(token):
            count += 1
            yield token.key


def other_doer(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether the claim's subject does what somebody else does in the source, where it stands only after the verb."""
    for index, verb in enumerate(said):
        if not _is_active(said, index):
            continue
        subject = {
            token.key
            for token in said[:index]
            if matters(token) and token.kind in ("word", "name") and token.word not in _HELPERS | TITLES
        }
        if not subject or verb.key in subject:
            return False
        for place, other in enumerate(source):
            if other.key != verb.key or other.kind != "word" or not _is_active(source, place):
                continue
            before = {
                token.key for token in source[:place] if other.place - token.place < 30 and matters(token)
            }
            after = {token.key: token.place for token in reversed(source[place + 1 :]) if matters(token)}
            inverted = other.word in _SAYS and any(
                after.get(key, math.inf) - other.place <= _INVERTED for key in subject
            )
            if subject & after.keys() and not subject & before and not inverted:
                return True
        return False
    return False


def _is_active(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word at `index` is a verb in the active voice, as far as its form and the words before it tell."""
    token = tokens[index]
    if index == 0 or token.kind != "word":
        return False
    back = index - 1
    while back > 0 and tokens[back].word in _BETWEEN:
        back -= 1
    before = tokens[back].word
    if before in _BE or before in ("to", "the", "a", "an", "been", "being", "its", "their", "by"):
        return False
    if matters(token) and before in _HELPERS and token.word not in _BE:
        return True
    return token.word in _SAYS | _DOES or (
        token.word.endswith("ed") and matters(token) and len(token.word) > 4
    )


def other_role(claim: str, articles: Sequence[str]) -> bool:
    """Whether a role stands beside a name that no article has near that name, but near another one."""
    for match in _APPOSITION.finditer(claim):
        name, role = match.group("name"), match.group("role")
        head = _head(role)
        last = name.split()[-1]
        if not head or values.is_calendar_word(last):
            continue
        role_words = re.compile(rf"\b{re.escape(head)}\b", re.IGNORECASE)
        known = [text for text in articles if role_words.search(text)]
        if known and not any(_beside(text, last, role_words) for text in known):
            return True
    return False


def _head(role: str) -> str:
    """The word that names a role: before "of" or "at", the last one."""
    words = re.split(r"\b(?:of|at|in|for|on|with|from|to)\b", role)[0].split()
    return words[-1].lower() if words else ""


def _beside(text: str, name: str, role: re.Pattern[str]) -> bool:
    words = re.findall(r"[\w'’-]+|[.!?;:\"“”«»]", text)
    places = [index for index, word in enumerate(words) if re.sub(r"['’]s?$", "", word) == name]
    return any(
        role.fullmatch(words[index])
        and not _PARTS & {word.lower() for word in words[min(place, index) : max(place, index)]}
        for place in places
        for index in range(max(0, place - _ROLE_REACH), min(len(words), place + _ROLE_REACH + 1))
    )


def opposed(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether the claim has a word where the source only has its opposite."""
    ours, theirs = {token.word for token in said}, {token.word for token in source}
    for one, other in wording.OPPOSITES:
        for here, there in ((one, other), (other, one)):
            if ours & here and not ours & there and theirs & there and not theirs & here:
                return True
    return False


def other_gender(claim: str, told: str) -> bool:
    """Whether "she" or "her" of the claim stands for "he" or "his" in the cited sentences, or the other way round."""
    ours, theirs = _genders(claim), _genders(told)
    return any(ours[one] > theirs[one] and ours[other] < theirs[other] for one, other in ("fm", "mf"))


def _genders(text: str) -> Counter[str]:
    return Counter("f" if match.group().lower() in _SHE else "m" for match in _GENDERED.finditer(text))


def speaks_as_one_quoted(claim: str) -> bool:
    """Whether the claim says "I" or "our" outside quotation marks: in an answer nobody speaks."""
    return _FIRST_PERSON.search(_NUMERAL.sub(" ", _QUOTED.sub(" ", claim))) is not None


def is_cut_off(claim: str) -> bool:
    """Whether the claim breaks off, or begins with the mark of a speaker's turn."""
    words = re.findall(r"[\w'’-]+", claim)
    return bool(_TURN.match(claim)) or (bool(words) and words[-1].lower() in _NO_ENDS)


def only_asked(said: Sequence[Token], told: str, read_text: ReadText) -> bool:
    """Whether what the claim asserts is only asked in the cited sentences."""
    asked = [item.text for item in sentences("", told) if item.text.rstrip("\"'”’»)]").endswith("?")]
    if not asked:
        return False
    stated = told
    for text in asked:
        stated = stated.replace(text, " ")
    known = {token.key for token in read_text(stated)}
    wanted = {token.key for token in said if matters(token)}
    return bool(wanted) and sum(held(key, known) for key in wanted) < _MOSTLY * len(wanted)


def taken_back(claim: str, told: str) -> bool:
    """Whether the claim asserts what the cited words correct: "we wrote that"."""
    return _TAKEN_BACK.search(_QUOTED.sub(" ", told)) is not None and not _CORRECTS.search(claim)


def half_told(said: Sequence[Token], told: str, read_text: ReadText) -> bool:
    """Whether the claim has what stands before a "but" in its sentence and nothing of what stands after it."""
    ours = {token.key for token in said if matters(token)}
    for item in sentences("", told):
        for match in _BUT.finditer(item.text):
            first, second = (
                {token.key for token in read_text(part) if matters(token)}
                for part in (item.text[: match.start()], item.text[match.end() :])
            )
            second -= first
            if second and len(ours & first) > _MOSTLY * len(ours) and not ours & second:
                return True
    return False


def one_sided(claim: str, said: Sequence[Token], told: str, read_text: ReadText) -> bool:
    """Whether the claim says as a fact what the cited words give as one side's: "claims that", "contradicting"."""
    if _ATTRIBUTES.search(claim):
        return False
    ours = {token.key for token in said if matters(token)}
    return any(
        len(ours & {token.key for token in read_text(item.text)}) > _MOSTLY * len(ours)
        for item in sentences("", told)
        if _ONE_SIDED.search(item.text)
    )
