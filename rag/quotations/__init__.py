"""Who said it: the quotations of an article and their speakers."""

from rag.quotations.people import same_speaker
from rag.quotations.speakers import Quotation, quotations, quoted_spans

__all__ = ["Quotation", "quotations", "quoted_spans", "same_speaker"]
