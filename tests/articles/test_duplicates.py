"""Copies are told from updates, rival reports and shared furniture; groups depend on nothing but the articles."""

from __future__ import annotations

import random
import time
from datetime import date

import pytest

from rag.articles import duplicates
from rag.articles.duplicates import Signature, Signed, are_copies, copies, resemblance, signature

STORY = """The port authority of Vell closed the eastern lock on Tuesday after divers found a crack in its \
lower gate, leaving 17 barges waiting on the river. Nobody was hurt, the authority said.

The crack is 3.4 metres long and runs along a weld that was renewed only last autumn, according to Oda \
Brekk, who heads the authority's works department. "We do not yet know why it failed," she told reporters \
on the quay.

Skippers said they had been given no warning. Tomas Rell, whose barge carries 900 tonnes of grain for the \
mill at Hassel, expects to lose at least a week. The mill has stocks for ten days and would then have to \
stop, its manager said.

The western lock, which dates from 1911 and is used by pleasure boats in summer, is too short for most of \
the barges. The authority is looking into whether the shorter ones can be let through at night.

Repairs will take between two and five weeks, depending on whether a spare gate that lies in the yard at \
Nordhavn can be made to fit. The ministry of transport has promised to bear the cost, which it put at 2.6 \
million crowns.

It is the third time in six years that the lock has been closed. A report by the audit office said in \
spring that the authority had put off the renewal of its gates again and again to pay for a new cruise \
terminal."""

RIVAL = """Shipping on the lower river has come to a standstill because one of the two locks at Vell is \
out of use.

A damaged gate forced engineers to shut the larger chamber early this week, and 17 vessels have been \
moored upstream ever since. The operator has not explained what went wrong.

"I have grain on board and nowhere to go," said Tomas Rell, a skipper with thirty years on the water. \
Like others he complained that the first he heard of the closure was a red light.

Officials hope to hang a replacement gate within a month. Whether the one in store fits is being measured \
now. The state is going to pay, a spokeswoman for the transport minister said, and spoke of 2.6 million \
crowns.

For years auditors have warned that the gates at Vell were past their time."""

OTHER = """Voters in the hill district of Sarn rejected plans for a ski lift on Sunday by a narrow margin. \
Turnout was the highest in a generation, the district clerk said.

Supporters had argued that the lift would bring work in winter. Opponents, among them most of the farmers \
on the slope, feared for their springs. The mayor said that she would respect the outcome and not bring \
the plan back."""

FOOTER = """Vell Courier is an independent newspaper. Your support keeps us going: donate from five crowns \
a month and read us without advertisements. Follow us on all channels, and write to our editors with your \
comments. All rights reserved; no part of this article may be reproduced without the written permission \
of the publisher."""

ARABIC = """أعلنت سلطة الميناء يوم الثلاثاء إغلاق القفل الشرقي بعد أن عثر الغواصون على شق في \
البوابة السفلى. وقالت السلطة إن أحدا لم يصب بأذى وإن سبع عشرة بارجة تنتظر في النهر. ويبلغ \
طول الشق ثلاثة أمتار ويمتد على طول لحام جدد في الخريف الماضي فقط. وقال أصحاب البوارج إنهم \
لم يتلقوا أي تحذير مسبق. ومن المتوقع أن تستغرق أعمال الإصلاح ما بين أسبوعين وخمسة أسابيع، \
ووعدت وزارة النقل بتحمل التكاليف كاملة."""

CHINESE = """港务局周二宣布关闭东船闸，此前潜水员在下闸门上发现了一条裂缝，十七艘驳船因此滞留在河上。港务局表示没\
有人员受伤。工程部门负责人说，裂缝沿着去年秋天才更换的焊缝延伸，目前还不清楚原因。船主们抱怨事先没有\
得到任何通知。修复工作预计需要两到五周，费用由交通部承担。"""


def _edited(text: str, share: float, seed: int = 3) -> str:
    """`text` with this share of its words replaced, never a figure."""
    draw = random.Random(seed)
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if word.isalpha()]
    for place in draw.sample(places, round(share * len(words))):
        words[place] = "elsewhere"
    return " ".join(words)


def _copied(first: str, second: str) -> bool:
    return are_copies(signature(first), signature(second))


def _article(name: str, text: str, day: date | None = None) -> Signed:
    return Signed(name, day, signature(text))


HEADED = f"Lock at Vell closed\nVell Courier\n4 March 2024\n\n{STORY}"
SYNDICATED = (
    "Barges stranded as gate cracks\nBy our correspondent\nCoast Wire | 5 March 2024, 10:45\n\n"
    f"VELL, 5 March (Coast Wire) — {STORY}"
)
UPDATED_PARAGRAPHS = STORY.split("\n\n")
UPDATE = "\n\n".join(
    [
        UPDATED_PARAGRAPHS[0].replace("17 barges", "43 barges"),
        "Work on the gate began on Saturday. A crane from Nordhavn lifted it out of the chamber before noon, and two "
        "welders went to work on the spot while skippers watched from the quay.",
        UPDATED_PARAGRAPHS[2].replace("900 tonnes", "850 tonnes"),
        "The first short barges went through the western lock on Friday night, towed by hand as in old times.",
        UPDATED_PARAGRAPHS[4].replace("2.6 million", "3.9 million"),
        UPDATED_PARAGRAPHS[5],
    ]
)


def test_a_syndicated_copy_with_other_head_and_edits_is_a_copy() -> None:
    assert _copied(HEADED, SYNDICATED)
    assert _copied(HEADED, _edited(SYNDICATED, 0.1))


@pytest.mark.parametrize("text", [ARABIC, CHINESE], ids=["arabic", "chinese"])
def test_copies_are_found_in_other_scripts(text: str) -> None:
    assert _copied(text, f"{text[:-1]} 另外。" if text is CHINESE else f"عنوان آخر\n\n{text}")
    assert not _copied(text, STORY)


def test_other_words_for_the_same_event_are_no_copy() -> None:
    assert resemblance(signature(STORY), signature(RIVAL)) < 0.1


def test_an_update_is_no_copy() -> None:
    assert not _copied(STORY, UPDATE)


def test_the_same_words_with_another_figure_are_no_copy() -> None:
    assert not _copied(STORY, STORY.replace("17 barges", "43 barges"))
    assert _copied(STORY, STORY.replace("2.6 million crowns", "2.6 million crowns (240,000 euros)"))
    assert _copied(STORY, STORY.replace(" leaving 17 barges waiting on the river", " leaving barges waiting"))


def test_a_shared_footer_makes_no_copy() -> None:
    assert not _copied(f"{STORY}\n\n{FOOTER}", f"{OTHER}\n\n{FOOTER}")
    assert not _copied(f"{RIVAL}\n\n{FOOTER}", f"{OTHER}\n\n{FOOTER}")


def test_a_cut_is_a_copy_while_it_keeps_three_fifths() -> None:
    """A brief that is the first third is not: the long article says much more, and must not stand behind it."""
    paragraphs = STORY.split("\n\n")
    assert _copied(STORY, "\n\n".join(paragraphs[:5]))
    assert not _copied(STORY, "\n\n".join(paragraphs[:2]))


def test_short_texts_must_be_nearly_equal() -> None:
    assert _copied("The match was called off because of rain.", "The match was called off because of rain!")
    assert not _copied("This is the article called one.", "This is the article called two.")
    assert not _copied(
        "The match was called off because of rain.", "The match was called off because of snow."
    )


@pytest.mark.parametrize("text", ["", " \n", "***", "—"])
def test_a_text_without_words_is_no_copy_of_anything(text: str) -> None:
    assert not _copied(text, text)
    assert copies([_article("a", text), _article("b", text)]) == {}


def test_odd_texts_can_be_signed() -> None:
    for text in ("\ud800 lone. \ud800", "x" * 100_000, "a\u0301 " * 5000, "1,000 2.5 ٣٤ ²"):
        assert Signature.from_bytes(signature(text).to_bytes()).words > 0


def test_a_signature_is_the_same_on_every_machine_and_after_storing() -> None:
    found = signature(STORY)
    again = Signature.from_bytes(found.to_bytes())
    assert (again.minima.tolist(), again.figures, again.words) == (
        found.minima.tolist(),
        found.figures,
        found.words,
    )
    assert found.minima[:4].tolist() == [45647, 43540, 24856, 43347], (
        "stored signatures must stay comparable: see the docstring"
    )


@pytest.mark.parametrize("words", [0, 1, 2, 7, 8, 15, 700])
def test_a_long_text_is_signed_in_blocks_like_a_short_one(
    words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(words)
    text = " ".join(f"word{generator.randrange(500)}" for _ in range(words))
    whole = signature(text)
    monkeypatch.setattr(duplicates, "_BLOCK_WORDS", 7)
    assert whole.words == words
    assert signature(text).to_bytes() == whole.to_bytes()


def test_the_earliest_then_the_longest_then_the_first_id_stands_for_the_others() -> None:
    longer = (
        f"{STORY}\n\nThe lock was built in peacetime and is inspected once a year by the authority's divers."
    )
    early, late = date(2024, 3, 4), date(2024, 3, 6)
    assert copies([_article("a", longer, late), _article("b", STORY, early)]) == {"a": "b"}
    assert copies([_article("a", STORY, early), _article("b", longer, early)]) == {"a": "b"}
    assert copies([_article("b", STORY, early), _article("a", STORY, early)]) == {"b": "a"}
    assert copies([_article("a", longer), _article("b", STORY, late)]) == {"a": "b"}, "undated ones come last"
    assert copies([_article("a", STORY)]) == {} == copies([])


def test_groups_do_not_depend_on_the_order_of_articles() -> None:
    day = date(2024, 3, 4)
    articles = [
        _article("lock", HEADED, day),
        _article("wire", SYNDICATED, date(2024, 3, 5)),
        _article("edited", _edited(SYNDICATED, 0.1), date(2024, 3, 6)),
        _article("update", UPDATE, date(2024, 3, 9)),
        _article("rival", RIVAL, day),
        _article("vote", OTHER, day),
        _article("vote-again", f"Sarn says no\n\n{OTHER}", date(2024, 3, 5)),
    ]
    wanted = {"wire": "lock", "edited": "lock", "vote-again": "vote"}
    for seed in range(50):
        random.Random(seed).shuffle(articles)
        assert copies(articles) == wanted


def test_a_story_does_not_drift_into_another_along_a_chain() -> None:
    """Each resembles the one before, the last no longer the first: none stands for what it does not resemble."""
    paragraphs = [OTHER, *STORY.split("\n\n"), *RIVAL.split("\n\n")]
    chain = [
        _article(str(start), "\n\n".join(paragraphs[start : start + 8]), date(2024, 3, 1 + start))
        for start in range(4)
    ]
    found = copies(chain)
    by_id = {item.id: item for item in chain}
    assert found and len(found) < 3
    assert all(are_copies(by_id[name].signature, by_id[other].signature) for name, other in found.items())
    assert not set(found) & set(found.values())


def test_templates_and_large_clusters_cost_little() -> None:
    draw = random.Random(7)
    base = STORY.split(" ")
    articles = []
    for number in range(1500):
        if number % 2:  # a template: the same words, other figures each day
            text = f"{OTHER} Shares closed at {number} points, {number + 7000} were sold. {OTHER[:200]}."
        else:  # one wire story in hundreds of papers
            words = list(base)
            words[draw.randrange(len(words))] = "elsewhere"
            text = " ".join(words).replace(" 17 ", " ")
        articles.append(_article(f"{number:05}", text, date(2024, 3, 1)))
    started = time.perf_counter()
    found = copies(articles)
    assert time.perf_counter() - started < 10
    assert len([name for name in found if int(name) % 2 == 0]) == 749
    assert not [name for name in found if int(name) % 2]
