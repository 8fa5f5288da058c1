"""Article text -> sentences and passages, every offset true: `text[start:end]` is the piece itself.

Sentences are the unit of evidence. Passages are runs of whole sentences of one article, filled up to a
token budget and preferably ended where a paragraph ends.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from rag.schema import Passage, Sentence

CountTokens = Callable[[Sequence[str]], list[int]]

_MAX_SENTENCE_CHARACTERS = 1_500
"""A longer "sentence" (a table, a list without full stops, a whole file on one line) is cut."""
_MAX_LIST_NUMBER = 24
"""Characters that the number in front of a list item may take ("1.2.3. ")."""
_PARAGRAPH_FILL = 0.6
"""From this share of the budget on, a passage ends with its paragraph."""

_ABBREVIATIONS = frozenset(
    """mr mrs ms mx dr prof sr jr st rev fr hon gov sen rep gen lt col maj capt cmdr sgt adm brig pres
    messrs mme mlle hr no nos vol vols fig figs art arts p pp ch sec cf al approx est dept univ assn bros inc
    ltd co corp plc llc gmbh vs v jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur
    thurs fri sat sun ave blvd rd mt ft km kg lb oz viz etc eg ie ca""".split()
)
_ENDS_TOO = frozenset({"etc", "inc", "ltd", "co", "corp", "plc", "llc", "jr", "sr", "al", "no"})
"""Abbreviations that also end sentences, when what follows starts like a sentence."""
_STARTERS = frozenset(
    """the a an this that these those he she it they we i you his her its their our there here in on at for
    from by with as after before when while where although though if since but and or so yet however
    meanwhile moreover according both some many most all no not one two what who how why""".split()
)
_TERMINATOR = re.compile(  # a run of marks is tried once, from its start: a line of dots stays linear
    r"""(?<![.!?…؟۔。！？])(?P<mark>[.!?…؟۔。！？]++)(?P<close>(?:["'”’)\]]|[ \u00a0\u202f]?»)*+)"""
    r"""(?=\s|$)(?P<space>\s*)"""
)
_LAST_WORD = re.compile(r"(?:[^\W\d_]\.)+$|[^\W_][\w'’-]*\.?$")
_INITIALS = re.compile(r"^(?:[^\W\d_]\.)+$")
_FIRST_WORD = re.compile(r"[\"'“‘«(\[]*([^\W_][\w'’-]*)")
_TURN = re.compile(r"\s*(?P<who>[A-ZÀ-ÞА-Я][\w .,'’()-]{1,90}?)\s*:\s+(?=\S)")
_MIN_TURNS = 4
"""Fewer "Name: words" lines than this do not make a transcript."""
_LINE = re.compile(r"[^\r\n]+")


def sentences(article_id: str, text: str) -> list[Sentence]:
    r"""The sentences of `text` in order, without the white space around them.

    >>> [s.text for s in sentences("a", 'Mr. Poe left on 3 Jan. 2024. "Why?" she asked.\n\nNo one knew.')]
    ['Mr. Poe left on 3 Jan. 2024.', '"Why?" she asked.', 'No one knew.']
    """
    blocks = _blocks(text)
    found: list[Sentence] = []
    for block, speaker in zip(blocks, _speakers(text, blocks), strict=True):
        for start, end in _split_block(text, *block):
            found.append(Sentence(article_id, len(found), start, end, text[start:end], speaker))
    return found


def _speakers(text: str, blocks: Sequence[tuple[int, int]]) -> list[str | None]:
    """Who speaks in each block of a transcript: a turn lasts until the next one; None throughout in other texts."""
    turns = [match["who"].strip() if (match := _TURN.match(text, *block)) else None for block in blocks]
    names = [name for name in turns if name]
    if len(names) < _MIN_TURNS or len(set(names)) < 2:
        return [None] * len(blocks)
    current: str | None = None
    found: list[str | None] = []
    for name in turns:
        current = name or current
        found.append(current)
    return found


def passages(
    article_id: str, text: str, of: Sequence[Sentence], *, count_tokens: CountTokens, passage_tokens: int
) -> list[Passage]:
    """`of` (the sentences of `text`) packed into passages of at most `passage_tokens` tokens.

    One sentence that alone is longer makes a passage of its own.
    """
    if not of:
        return []
    sizes = count_tokens([sentence.text for sentence in of])
    runs: list[tuple[int, int]] = []
    first, filled = 0, 0
    for index, size in enumerate(sizes):
        new_paragraph = index > 0 and "\n" in text[of[index - 1].end : of[index].start]
        full = filled + size > passage_tokens
        if index > first and (full or (new_paragraph and filled >= _PARAGRAPH_FILL * passage_tokens)):
            runs.append((first, index))
            first, filled = index, 0
        filled += size
    runs.append((first, len(of)))
    return [
        Passage(
            id=f"{article_id}-{ordinal}",
            article_id=article_id,
            ordinal=ordinal,
            start=of[begin].start,
            end=of[stop - 1].end,
            text=text[of[begin].start : of[stop - 1].end],
        )
        for ordinal, (begin, stop) in enumerate(runs)
    ]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Lines, except that the lines of a hard-wrapped paragraph stay together."""
    blocks: list[tuple[int, int]] = []
    paragraph: list[tuple[int, int]] = []

    def close() -> None:
        if _is_wrapped(text, paragraph):
            blocks.append((paragraph[0][0], paragraph[-1][1]))
        else:
            blocks.extend(paragraph)
        paragraph.clear()

    previous_end = 0
    for match in _LINE.finditer(text):
        if paragraph and text.count("\n", previous_end, match.start()) > 1:
            close()
        if match.group().strip():
            paragraph.append(match.span())
        else:
            close()
        previous_end = match.end()
    close()
    return blocks


def _is_wrapped(text: str, lines: Sequence[tuple[int, int]]) -> bool:
    """Whether these lines were broken by a margin: about equally long, and going on in mid-sentence."""
    lengths = [end - start for start, end in lines]
    if len(lengths) < 3 or not 50 < max(lengths) <= 120 or min(lengths[:-1]) < max(lengths) - 25:
        return False
    goes_on = [
        text[start].islower() or not (text[start].isupper() or text[start].isdigit())
        for start, _ in lines[1:]
    ]
    unended = [text[end - 1] not in ".!?…؟:" for _, end in lines[:-1]]
    return any(map(operator.and_, goes_on, unended))


def _split_block(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start]
    cuts += (
        match.end()
        for match in _TERMINATOR.finditer(text, start, end)
        if match.end() < end and match.group("space") and _is_boundary(text, match, start, end)
    )
    cuts.append(end)
    spans: list[tuple[int, int]] = []
    for cut, following in pairwise(cuts):
        for span in _stripped(text, cut, following):
            spans += _cut_long(text, *span)
    return spans


def _is_boundary(text: str, match: re.Match[str], start: int, end: int) -> bool:
    following = _FIRST_WORD.match(text, match.end(), end)
    next_word = following.group(1) if following else ""
    if next_word and next_word[0].islower():
        return False
    if match.group("mark") != "." or match.group("close"):
        return True
    before = _LAST_WORD.search(text, max(start, match.start() - 30), match.start() + 1)
    word = before.group() if before else ""
    starts_sentence = next_word.lower() in _STARTERS
    # "J. Smith", "U.S. Embassy", but "in the U.S. The vote" and "at 90 km/h. The wind"
    if _INITIALS.match(word) and not (len(word) == 2 and word[0].islower()):
        return starts_sentence and len(word) > 2
    bare = word.rstrip(".").lower()
    if bare in _ABBREVIATIONS:
        return bare in _ENDS_TOO and starts_sentence and (bare != "no" or not next_word.isdigit())
    # "1. First point": the number of a list item is not a sentence
    listed = word.rstrip(".").isdigit() and match.start() - start < _MAX_LIST_NUMBER
    return not (listed and not text[start : match.start() + 1].strip(" .0123456789"))


def _cut_long(text: str, start: int, end: int) -> list[tuple[int, int]]:
    if end - start <= _MAX_SENTENCE_CHARACTERS:
        return [(start, end)]
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=_MAX_SENTENCE_CHARACTERS,
        chunk_overlap=0,
        separators=["\n", "; ", "؛ ", ": ", ", ", "، ", "\t", " "],
        keep_separator="end",
        strip_whitespace=True,
    )
    spans: list[tuple[int, int]] = []
    position = start
    # The splitter's own start index is -1 for many pieces, so each is looked for after the last.
    for piece in splitter.split_text(text[start:end]):
        begin = text.index(piece, position, end)
        position = begin + len(piece)
        # What has no separator is cut here: the splitter would take it apart by the letter, which is slow.
        for cut in range(begin, position, _MAX_SENTENCE_CHARACTERS):
            spans += _stripped(text, cut, min(cut + _MAX_SENTENCE_CHARACTERS, position))
    return spans


def _stripped(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The span without the white space around it; none where there is nothing else."""
    piece = text[start:end]
    start, end = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
    return [(start, end)] if start < end else []
