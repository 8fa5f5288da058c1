"""The words that tell what a question asks and what a figure is: patterns and synonyms, English.

Only `claims`, `conflicts` and `bearing` use them; what they mean together is decided there.
"""

from __future__ import annotations

import re

from rag.index.words import STOP_WORDS

TIMES = frozenset({"day", "year", "clock"})
WHOLE_QUESTION: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("clock", re.compile(r"\b(?:what (?:time|hour)|which hour)\b", re.I)),
    (
        "date",
        re.compile(
            r"^\W*when\b|\b(?:when (?:did|will|would|was|were|is|are|does|do|has|had|can|should)|"
            r"(?:what|which) (?:date|day|year)"
            r"|since when)\b",
            re.I,
        ),
    ),
    ("span", re.compile(r"\bhow (?:long|far (?!along))\b", re.I)),
    ("share", re.compile(r"\b(?:percentage|share|proportion|what part|per ?cent|what fraction)\b", re.I)),
    (
        "money",
        re.compile(
            r"\b(?:how much (?:money|did \S+ cost|revenue)|costs?|price|bill|worth|expensive|revenue|"
            r"debts?|turnover"
            r"|fine|budget|sum|paid|savings?|pay|fee|value[ds]?)\b",
            re.I,
        ),
    ),
    ("count", re.compile(r"\bhow many\b|\bnumber of\b", re.I)),
    (
        "none",
        re.compile(
            r"^\W*what (?:caused|happened|prompted|led)\b|^\W*(?:which|what) (?:country|city|town|"
            r"company|firm|party|team|court|region|mission|items|group|man|woman)\b|\babout what\b|"
            r"\babout\W*$",
            re.I,
        ),
    ),
    ("none", re.compile(r"(?:^|[,;:—–-]|\band)\W*(?:why|who|whom|whose|how come|where)\b", re.I)),
    (
        "any",
        re.compile(
            r"\b(?:how (?:big|large|much|far|high|heav\w+|deep|wide|fast|accurate|strong|steep|old|"
            r"often|great|severe)"
            r"|figures?|count|toll|estimates?|totals?|turnout|size|rate|margin|area|amount|extent|"
            r"tally|losses|damage"
            r"|length|readiness|accuracy|numbers?)\b",
            re.I,
        ),
    ),
    ("open", re.compile(r"\b(?:what|which|how)\b", re.I)),
)
ASKS_SIDES = re.compile(
    r"\b(?:versus|vs|against|differ\w*|disagree\w*|dispute\w*|conflicting|according to|"
    r"claim\w*|each side|both sides|two sides"
    r"|accounts? of|sources?|estimates|figures|compared (?:with|to)|by source|whose|versions?|"
    r"per the|(?:'s|s['’]) (?:view|figure|"
    r"count|number|account|tally|estimate)\w*|what did .{3,60} say|really|depending on|officially|official)\b",
    re.I,
)
HOW_MANY = re.compile(r"\b(?:how many|(?<!the )number of|count of)\s+((?:[\w’'-]+\s*){1,5})", re.I)
MONEY_DIMENSION = "money:"

SYNONYMS = (
    "dead death die killed kill fatality victim toll life perished casualty lost-life",
    "injured injury wounded wound hurt hospitalised treated",
    "cost price bill expense worth value costing priced",
    "evacuated evacuee evacuation fled flee displaced evacuate",
    "rally demonstration march protest demonstrator protester marcher turnout crowd marched attended attendance",
    "strike walkout stoppage striker",
    "ship vessel boat trawler",
    "match game fixture",
    "car vehicle automobile",
    "job post position redundancy",
    "loss losses lose lost damage",
    "share percentage proportion fraction",
    "arrest arrested detained detention held custody",
    "plant factory works mill",
    "burned burnt fire wildfire blaze destroyed charred scorched",
    "crop harvest",
    "child minor kid pupil infant baby schoolchild",
    "sheep animal livestock",
    "school classroom",
    "train railway rail",
    "customer client household subscriber account user",
    "worker employee staff labourer",
    "tonne ton",
    "expand grow growth rise increase climb",
    "warning warned warn alert alerted",
    "power electricity",
)
PERSON = frozenset(
    """person man woman child passenger resident demonstrator protester marcher worker member soldier striker
    employee inhabitant civilian farmer pupil student patient victim voter visitor evacuee refugee migrant prisoner
    miner crew staff sailor survivor guest spectator citizen family-member participant supporter teacher officer
    villager volunteer recipient minor recruit hostage tourist customer user fan infant baby girl boy adult human
    dead injured wounded official reservist fighter rebel police policeman displaced settler exile returnee""".split()
)
FATES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "dead",
        re.compile(
            r"\b(?:dead|deaths?|died|dies|die|killed|kills?|killing|fatal\w*|toll|lives|perished|"
            r"bod(?:y|ies)|casualt\w+)\b",
            re.I,
        ),
    ),
    ("injured", re.compile(r"\b(?:injur\w+|wound\w+|hurt)\b", re.I)),
    ("arrested", re.compile(r"\b(?:arrest\w*|detain\w*|detention)\b", re.I)),
    ("missing", re.compile(r"\bmissing\b", re.I)),
    ("evacuated", re.compile(r"\b(?:evacu\w+|fled|displaced)\b", re.I)),
    ("ill", re.compile(r"\b(?:infect\w+|ill|sick\w*|fell ill|cases?)\b", re.I)),
)
REPORTS = re.compile(
    r"\b(?:sa(?:id|ys|y)|claim(?:s|ed)?|puts?|putting|count(?:s|ed)?|estimat\w+|reckon(?:s|"
    r"ed)?|sp(?:eaks?|oke|oken) of|"
    r"believ\w+|expect(?:s|ed)?|insist(?:s|ed)?|holds?|calculat\w+|f(?:inds?|ound)|conclud\w+|show(?:s|ed|n)?|"
    r"regist\w+|record(?:s|ed)?|according to|measur\w+|fear(?:s|ed)?|thinks?|thought|"
    r"disput\w+|doubt\w*|suggest\w*|"
    r"confirm\w*|announc\w+|acknowledg\w+|advertis\w+|assum\w+|list(?:s|ed)?|figure is|"
    r"own (?:figure|count|log|tally)|"
    r"data|survey\w*|study|audit\w*|log|records|receipts|wanted|asked for|forecast\w*|"
    r"report(?:s|ed)?|den(?:y|ies|ied)|"
    r"stat(?:es|ed)|told|gave|gives|listed|charges?|accus\w+|considered)\b",
    re.IGNORECASE,
)
SPEAKER = re.compile(
    r"((?:[\w’'&.-]+\s+){1,7})(?:sa(?:id|ys)|claim(?:s|ed)?|puts?|count(?:s|ed)|estimat(?:es|"
    r"ed)|reckons?|sp(?:eaks|oke) of"
    r"|believes?|expects?|insists?|holds?|calculat(?:es|ed)|f(?:inds?|ound)|conclud(?:es|ed)|"
    r"register(?:s|ed)|record(?:s|ed)"
    r"|measured|fears?|thinks?|disputes?|confirmed|announced|told)\b|according to ((?:[\w’'&.-]+\s*){1,6})"
    r"|\b(?:said|says|estimates|calculat\w+),? ((?:[\w’'&.-]+\s*){1,5})",
    re.IGNORECASE,
)
PRIOR = re.compile(
    r"(?:\b(?:not(?: the)?|instead of(?: the)?|rather than(?: the)?|compared with|compared to|"
    r"against(?: the)?|than(?: the)?"
    r"|as opposed to|(?:earlier|previous|first|initial|original)\w* (?:\w+ )?(?:of|at)|up on|"
    r"down on|exceed(?:s|ed|ing)?"
    r"|(?:last|previous) (?:year|month|week)[’']s)\s+)(?:the\s+)?$",
    re.IGNORECASE,
)
PRIOR_AFTER = re.compile(
    r"^\W{0,2}\s?(?:[\w’'-]+\s){0,3}?(?:as (?:first|initially|originally|previously)|(?:a|"
    r"one) (?:year|month|week|day) "
    r"(?:earlier|before|ago)|(?:the )?(?:year|month|week) before|last (?:year|month|week)|in (?:the )?previous|"
    r"(?:claimed|announced|stated|mentioned) by|announced|(?:first|previously|originally|"
    r"initially) (?:reported|announced|planned|estimated))",
    re.IGNORECASE,
)
PART = re.compile(
    r"\b(?:of which|of whom|of them|of these|including|among them|a further|further|another|"
    r"an extra|additional|only the first"
    r"|an additional|including some|including about|by (?:a further|another)|the (?:first|"
    r"last|other|next|remaining))\s+"
    r"(?:\w+\s)?$",
    re.IGNORECASE,
)
FROM_TO = re.compile(r"\bfrom\s+$", re.IGNORECASE)
TO = re.compile(
    r"^[^.;]{0,40}?\bto\s+[^\s.;]*\s?[^\s.;]*\d|^[^.;]{0,40}?\bto (?:a|an|one|two|three|four|"
    r"five|six|seven|eight|nine|ten|\w+teen)\b",
    re.IGNORECASE,
)
TOTAL = re.compile(
    r"(?:\d|%|cent|half|third|quarter|two|three|four|five|six|seven|eight|nine|ten|teen|dozen|"
    r"one|all|none|some|most|many|each)"
    r"(?: [\w-]+)? of (?:the|its|their|his|her|our|these|those)(?: [^\d;,.]{1,30}?['’]s?)?\s(?:\w+\s)?$",
    re.IGNORECASE,
)
MEANT = re.compile(
    r"\b(?:built for|room for|capacity (?:of|is|was|for)|designed for|threshold\b.{0,40}|"
    r"limit (?:of|is|was)|target (?:of|is|was)|"
    r"aimed for|licensed (?:to carry|for))\s+$",
    re.IGNORECASE,
)
ATTRIBUTED = re.compile(
    r"[^\d;.]{0,30}?\b(?:claimed|announced|stated|mentioned|given|reported|published) by\b", re.IGNORECASE
)
REVISED = re.compile(
    r"\W{0,2}\s?(?:[\w’'-]+\s){0,3}?(?:as (?:was )?)?(?:first|initially|originally|previously|earlier)\b",
    re.IGNORECASE,
)
REVISED_BEFORE = re.compile(
    r"\b(?:earlier|previous|first|initial|original) (?:estimate|figure|count|toll|number|"
    r"report|tally) (?:of|at)\s+$",
    re.IGNORECASE,
)
HAD_SAID = re.compile(
    r"\bhad (?:spoken of|claimed|announced|said|put it at|estimated|reported|conceded|"
    r"admitted)\s+(?:\w+\s){0,2}$",
    re.IGNORECASE,
)
SINCE = re.compile(r"\bsince\s+$", re.IGNORECASE)
DIFFERENCE = re.compile(
    r"^\s+(?:[\w’'-]+\s){0,2}?(?:(?<!or )more|fewer|less|higher|lower|longer|shorter|above|below|short of|ahead"
    r"|of them|of whom|of these|of which|later|earlier)\b",
    re.IGNORECASE,
)


VERBS = STOP_WORDS | frozenset(
    """took take taken takes part died die dies went go goes ran run left leave lost lose came come stood stand fell
    fall got get joined join made make saw see gave give held hold broke break hit put rely live lived came went still
    actually really already per in on at of by for so far""".split()
)
PERSON_ENDING = re.compile(r"\w{3,}(?:er|or|ist|ian|ee|eer|man|ant)$")
NOT_PERSONS = frozenset(
    """number paper order power water tower river border letter member-state computer order trailer tanker freighter
    trawler cruiser boiler container sensor reactor tractor motor doctor-visit error factor sector corridor door floor
    quarter plant grant restaurant tree fee coffee committee degree""".split()
)


INSIDE = re.compile(r"(?<=[\w,;’'] )[A-ZÀ-Þ][\w]+(?:[’'-][A-Za-zÀ-ÿ]\w+)*")


DISPUTES = re.compile(
    r"\b(?:disput\w+|reject\w+|den(?:y|ies|ied)|contradict\w*|contest\w*|exaggerat\w+|"
    r"own (?:figures?|counts?|logs?|tall(?:y|ies)"
    r"|tests?|forecast|data|budget)|in practice|in fact|actual(?:ly)?|real(?:ly)?|true|"
    r"by contrast|however|only|just|far (?:higher|"
    r"lower|more|fewer)|a (?:higher|lower) (?:number|figure)|higher|lower|doubts?|replied|"
    r"well short|instead|no more than|at most|"
    r"than (?:the )?(?:government|ministry|official|company)\w*|(?:than|"
    r"not the \S+) announced|than claimed|fewer than announced)\b",
    re.IGNORECASE,
)
UPDATES = re.compile(
    r"\b(?:rose|risen|rises|climb(?:s|ed)?|rais(?:ed|es|ing)|revis\w+|correct(?:ed|s|ion)|now|"
    r"up from|down from|lower(?:ed|s)|"
    r"previous(?:ly)?|swollen|grown|extended|trimmed|cut (?:its|their|the)|bringing|"
    r"first (?:reported|estimated|announced|thought)|"
    r"earlier (?:estimate|figure|count|toll|report)|initial(?:ly)?|so far|latest|second look|"
    r"recalculated|updated?|increased|"
    r"no longer|has reached|stands at|stood at|by then|final(?:ly)?|in all|in the end)\b",
    re.IGNORECASE,
)
INTENDED = re.compile(
    r"\b(?:plan(?:s|ned)?|expect(?:s|ed)?|promis\w+|asked for|demand\w*|sought|seeks?|wants?|"
    r"wanted|target|will|would|propos\w+|"
    r"offer\w*|pledg\w+|hop(?:es|ed)|intend\w*|forecast|budget\w*|could|should|might|aim\w*|threat\w*)\b",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b(?:1[89]|20|21)\d\d\b")
MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)

_OPPOSITE_WORDS = """
more/less fewer
most/least fewest
above over exceeding exceeds exceeded/below under beneath
earlier/later
early/late
north northern/south southern
east eastern/west western
upper/lower
morning/evening afternoon
day daily/night nightly
yes/no
up upward upwards/down downward downwards
rise rises rose risen rising/fall falls fell fallen falling drop drops dropped decline declined
increase increases increased increasing raise raises raised/decrease decreases decreased reduce reduces reduced cut cuts
grow grows grew grown growing/shrink shrinks shrank shrunk shrinking
higher highest high/lower lowest low
larger largest large bigger biggest big/smaller smallest small
longer longest long/shorter shortest short
older oldest old/younger youngest young new newer newest
faster fastest fast/slower slowest slow
better best good/worse worst bad
stronger strongest strong/weaker weakest weak
winner winners/loser losers
accept accepts accepted accepting/reject rejects rejected rejecting refuse refuses refused decline declined
approve approves approved adopt adopts adopted/reject rejects rejected veto vetoed
allow allows allowed permit permits permitted/forbid forbids forbidden ban bans banned prohibit prohibits prohibited
support supports supported favour favours favoured/oppose opposes opposed
agree agrees agreed/disagree disagrees disagreed refuse refuses refused
confirm confirms confirmed/deny denies denied
open opens opened opening reopen reopened/close closes closed closing shut shuts
start starts started begin begins began begun/end ends ended stop stops stopped finish finished
import imports imported/export exports exported
succeed succeeds succeeded success successful/fail fails failed failure unsuccessful
survive survives survived survivors alive/die dies died dead killed
guilty convicted/innocent acquitted cleared
alone/together
inside/outside
public/private
male men man boys boy/female women woman girls girl
father/mother
son sons/daughter daughters
husband/wife
profit profits/loss losses
surplus/deficit
majority/minority
victory/defeat
ally allies/enemy enemies
employers management/workers union unions
with/without
all every/none
always/never
possible/impossible
likely/unlikely
legal lawful/illegal unlawful
valid/invalid
able/unable
known/unknown
safe/unsafe dangerous
lift lifts lifted/impose imposes imposed
extend extends extended/shorten shortens shortened
hire hires hired/dismiss dismisses dismissed fire fired sack sacked
praise praises praised welcome welcomes welcomed/criticise criticises criticised condemn condemns condemned
maximum/minimum
income revenue/expenditure spending
"""
OPPOSITES = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (line.split("/") for line in _OPPOSITE_WORDS.strip().splitlines())
)
"""Pairs of groups of words of which one denies the other; none that tells one fact from two sides (sold, bought)."""
