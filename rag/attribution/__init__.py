"""Evidence and drafts -> statements one can check: every sentence rests on an exact quote, or is not shown."""

from rag.attribution.abstention import abstain
from rag.attribution.draft import check_draft, choose, split_draft
from rag.attribution.extract import Ground, extract, grounds
from rag.attribution.gate import problems
from rag.attribution.statements import Checked, assemble

__all__ = [
    "Checked",
    "Ground",
    "abstain",
    "assemble",
    "check_draft",
    "choose",
    "extract",
    "grounds",
    "problems",
    "split_draft",
]
