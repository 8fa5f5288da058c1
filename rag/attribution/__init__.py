"""Evidence and drafts -> statements one can check: every sentence rests on an exact quote, or is not shown."""

from rag.attribution.abstention import abstain
from rag.attribution.choice import weighed
from rag.attribution.conflicts import Disagreement, find_conflicts, rows, sides
from rag.attribution.draft import DECLINED, check_draft, choose, split_draft
from rag.attribution.extract import Ground, extract, grounds
from rag.attribution.gate import Backing, problems
from rag.attribution.quoting import Quoted, quoted
from rag.attribution.statements import Checked, assemble
from rag.attribution.summary import key_sentences
from rag.attribution.timeline import Dated, asks_development, entries, timeline

__all__ = [
    "DECLINED",
    "Backing",
    "Checked",
    "Dated",
    "Disagreement",
    "Ground",
    "Quoted",
    "abstain",
    "asks_development",
    "assemble",
    "check_draft",
    "choose",
    "entries",
    "extract",
    "find_conflicts",
    "grounds",
    "key_sentences",
    "problems",
    "quoted",
    "rows",
    "sides",
    "split_draft",
    "timeline",
    "weighed",
]
